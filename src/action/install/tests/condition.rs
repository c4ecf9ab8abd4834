//! What is wrong with the files under a kernel, told apart by what they hold.

use super::*;
use crate::action::install::file_faults;
use crate::tree::difference::FileFault;

/// With a signature at its end (include/linux/module_signature.h), of four bytes.
fn signed(module: &[u8]) -> Vec<u8> {
    let head = [0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 4];
    [module, b"sign", &head, b"~Module signature appended~\n"].concat()
}

fn gzipped(content: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, content).unwrap();
    packed.finish().unwrap()
}

/// `a.ko` is installed with another one, then this happens to it.
fn faults(name: &str, content: Option<&[u8]>) -> Vec<String> {
    let site = Site::new();
    let id = site.built("a", "1", "", &[("a", "1"), ("b", "1")]);
    site.install(&id).unwrap();
    let kernel = site.folder.join("lib/modules").join(KERNEL);
    let place = |name: &str| {
        let found =
            contents(&kernel).into_keys().find(|file| file.ends_with("/a.ko")).unwrap_or_else(|| "extra/a.ko".into());
        kernel.join(found).with_file_name(name)
    };
    let place = place(name);
    fs_err::remove_file(place.with_file_name("a.ko")).unwrap();
    if let Some(content) = content {
        fs_err::write(&place, content).unwrap();
    }
    let entry = site.tree.module(&id).unwrap().unwrap();
    let noted = site.tree.installed(&id.name, &target());
    let layout = site.tree.layout();
    let told = |fault: &FileFault| match fault {
        FileFault::BuiltMissing { name } => format!("{name} is not built"),
        FileFault::Missing { .. } => "missing".to_owned(),
        FileFault::Damaged { why, .. } => why.split(": ").next().unwrap_or_default().to_owned(),
        FileFault::OtherBuild { .. } => "other build".to_owned(),
        FileFault::Foreign { says, .. } => says.clone(),
    };
    file_faults(&site.system, layout, &entry, &entry.builds[0], None, noted.as_ref()).iter().map(told).collect()
}

#[test]
fn a_damaged_file_is_told_from_the_same_module_and_from_somebodys_own() {
    let own = ko("1", "a-1-a");
    let rebuilt = [&own[..], b"other bytes"].concat();
    for (what, name, content, expected) in [
        ("as it was", "a.ko", Some(own.clone()), &[][..]),
        ("gone", "a.ko", None, &["missing"]),
        ("empty", "a.ko", Some(Vec::new()), &["it is not a kernel module"]),
        ("cut short", "a.ko", Some(own[..own.len() / 2].to_vec()), &["it is not a kernel module"]),
        ("no gzip", "a.ko.gz", Some(b"\x1f\x8bnonsense".to_vec()), &["it cannot be read"]),
        ("signed later", "a.ko", Some(signed(&own)), &[]),
        ("compressed later", "a.ko.gz", Some(gzipped(&own)), &[]),
        ("both", "a.ko.gz", Some(gzipped(&signed(&own))), &[]),
        ("built again from the same source", "a.ko", Some(rebuilt), &["other build"]),
        ("another version", "a.ko", Some(ko("2", "a-1-a")), &["one of version 2"]),
        ("the same version of another source", "a.ko", Some(ko("1", "mine")), &["one of version 1"]),
        ("nothing that tells it", "a.ko", Some(ko("", "mine")), &["one of another source (mine)"]),
    ] {
        assert_eq!(faults(name, content.as_deref()), expected, "{what}");
    }
}
