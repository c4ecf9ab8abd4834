//! `--binaries`: packages of modules that lie built in a tree.

use std::path::PathBuf;

use super::formats::{scripts_of_deb, scripts_of_rpm};
use super::{Workshop, needs, said};

const KERNEL: &str = "6.1.0-50-amd64";
const OTHER: &str = "5.14.0-70.el9.x86_64";

/// A relocatable ELF64 file for x86-64 with these sections: what a module is to those who only read it.
fn fake_module(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let names: String = sections.iter().map(|(name, _)| format!("{name}\0")).collect();
    let names = format!("\0{names}.shstrtab\0");
    let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x01\0\x3e\0\x01\0\0\0".to_vec();
    file.resize(64, 0);
    let (mut headers, mut name_at) = (vec![0; 64], 1);
    let table = sections.iter().map(|(name, data)| (*name, *data, 1_u32));
    for (name, data, kind) in table.chain([(".shstrtab", names.as_bytes(), 3)]) {
        headers.extend(u32::try_from(name_at).unwrap().to_le_bytes());
        headers.extend(kind.to_le_bytes());
        headers.extend([0; 16]);
        headers.extend((file.len() as u64).to_le_bytes());
        headers.extend((data.len() as u64).to_le_bytes());
        headers.extend([0; 24]);
        file.extend(data);
        name_at += name.len() + 1;
    }
    file.resize(file.len().next_multiple_of(8), 0);
    let at = file.len() as u64;
    file[40..48].copy_from_slice(&at.to_le_bytes());
    file[52..54].copy_from_slice(&64_u16.to_le_bytes());
    file[58..60].copy_from_slice(&64_u16.to_le_bytes());
    file[60..62].copy_from_slice(&u16::try_from(sections.len() + 2).unwrap().to_le_bytes());
    file[62..64].copy_from_slice(&u16::try_from(sections.len() + 1).unwrap().to_le_bytes());
    file.extend(headers);
    file
}

fn version(crc: u64, symbol: &str) -> Vec<u8> {
    let mut entry = crc.to_le_bytes().to_vec();
    entry.extend(symbol.as_bytes());
    entry.resize(64, 0);
    entry
}

/// A module that says that it is for this kernel, with the end that signed ones have.
fn signed_module(kernel: &str) -> Vec<u8> {
    let info = format!(
        "license=GPL\0description=Blinks a light\0author=A Writer <writer@example.org>\0vermagic={kernel} SMP \0"
    );
    let versions = [
        version(0x0a1b_2c3d, "module_layout"),
        version(0x27e1_a049, "printk"),
        version(1, "of_another"),
        version(2, "blink_fast"),
    ];
    let mut file = fake_module(&[(".modinfo", info.as_bytes()), ("__versions", &versions.concat())]);
    file.extend(b"signature\0\0\x02\0\0\0\0\0\0\0\0\x09~Module signature appended~\n");
    file
}

/// A tree with blink/1.0 built for two kernels, and no source any more.
fn workshop() -> Workshop {
    let workshop = Workshop::new();
    let write = |path: PathBuf, bytes: &[u8]| {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    for kernel in [KERNEL, OTHER] {
        let folder = workshop.path("tree/blink/1.0").join(kernel).join("x86_64/module");
        write(folder.join("blink.ko"), &signed_module(kernel));
        write(folder.join("Module.symvers"), b"0x00000002\tblink_fast\tblink\tEXPORT_SYMBOL\t\n");
    }
    std::fs::create_dir_all(workshop.path("tree/blink/1.0/source")).unwrap();
    std::fs::write(workshop.path("tree/blink/1.0/source/dkms.conf"), "PACKAGE_NAME=blink\nPACKAGE_VERSION=1.0\n")
        .unwrap();
    workshop
}

/// Runs `VERB blink/1.0 --binaries` and gives its exit code and all it said.
fn run(workshop: &Workshop, verb: &str, words: &[&str]) -> (i32, String) {
    let tree = workshop.path("tree").display().to_string();
    let output = if words.contains(&"--output") { &[][..] } else { &["--output", "out"] };
    let words = [&[verb, "--binaries", "--dkmstree", &tree], output, words].concat();
    let output = workshop.dkms_in(&workshop.path(""), &words, &[("SOURCE_DATE_EPOCH", "1700000000")]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap(), text)
}

#[track_caller]
fn made(workshop: &Workshop, verb: &str, words: &[&str], file: &str) -> PathBuf {
    let (code, text) = run(workshop, verb, &[&["blink/1.0"], words].concat());
    assert_eq!(code, 0, "{text}");
    let file = workshop.path("out").join(file);
    assert!(file.is_file(), "{text}");
    file
}

const DEB: &str = "blink-modules-6.1.0-50-amd64_1.0-1_amd64.deb";
const RPM: &str = "kmod-blink-5.14.0-70.el9.x86_64-1.0-1.x86_64.rpm";

#[test]
fn a_debian_package_of_modules_belongs_to_one_kernel() {
    needs!("dpkg-deb");
    let workshop = workshop();
    let kernel = format!("{KERNEL}/x86_64");
    let file = made(&workshop, "mkdeb", &["-k", &kernel], DEB);
    let fields = said("dpkg-deb", &["-f"], &file);
    for line in [
        "Architecture: amd64",
        "Depends: linux-image-6.1.0-50-amd64, kmod",
        "Conflicts: blink-dkms",
        "Provides: blink-modules (= 1.0-1)",
        "Description: Blinks a light (for 6.1.0-50-amd64)",
        "Maintainer: A Writer <writer@example.org>",
    ] {
        assert!(fields.lines().any(|found| found == line), "{line} in {fields}");
    }
    let listed = said("dpkg-deb", &["-c"], &file);
    assert!(listed.contains("root/root") && listed.contains(" ./lib/modules/6.1.0-50-amd64/updates/blink/blink.ko\n"));
    assert!(listed.contains(" ./lib/modules/6.1.0-50-amd64/updates/blink/dkms-prebuilt\n"), "{listed}");
    let beside = made(&workshop, "mkdeb", &["-k", &kernel, "--beside-source", "--force"], DEB);
    assert!(!said("dpkg-deb", &["-f"], &beside).contains("Conflicts:"), "both may be there");
    let script = said("dpkg-deb", &["-I"], &file);
    assert!(!script.contains("dkms-prebuilt"), "what scripts do with modules is not for that file");
    assert!(script.contains("postinst") && script.contains("postrm") && !script.contains("prerm"), "{script}");
    let newer = made(&workshop, "mkdeb", &["-k", &kernel, "--for", "debian13"], &DEB.replace("-1_", "-1~deb13_"));
    let listed = said("dpkg-deb", &["-c"], &newer);
    assert!(listed.contains(" ./usr/lib/modules/6.1.0-50-amd64/updates/blink/blink.ko\n"), "{listed}");
    let fields = said("dpkg-deb", &["-f"], &newer);
    assert!(fields.contains("Depends: linux-image-6.1.0-50-amd64, kmod\n"));
}

#[test]
fn lintian_finds_nothing_wrong_with_a_package_of_modules() {
    needs!("lintian");
    let workshop = workshop();
    let file = made(&workshop, "mkdeb", &["-k", &format!("{KERNEL}/x86_64")], DEB);
    let told = said("lintian", &["--allow-root", "--fail-on", "none"], &file);
    let faults: Vec<&str> = told.lines().filter(|line| line.starts_with("E: ") || line.starts_with("W: ")).collect();
    assert!(faults.is_empty(), "{faults:?}");
}

#[test]
fn an_rpm_of_modules_needs_its_kernel_or_for_rhel_the_symbols_of_a_stream() {
    needs!("rpm");
    let workshop = workshop();
    let target = format!("{OTHER}/x86_64");
    let file = made(&workshop, "mkrpm", &["-k", &target], RPM);
    let needs = said("rpm", &["-qp", "--requires"], &file);
    assert!(needs.contains("kernel-uname-r = 5.14.0-70.el9.x86_64\n") && !needs.contains("kernel("), "{needs}");
    let offers = said("rpm", &["-qp", "--provides"], &file);
    for line in ["kmod-blink = 1.0-1", "blink-kmod = 1.0-1", "ksym(blink_fast) = 0x00000002"] {
        assert!(offers.lines().any(|found| found == line), "{line} in {offers}");
    }
    let conflicts = said("rpm", &["-qp", "--conflicts"], &file);
    assert_eq!(conflicts.lines().collect::<Vec<_>>(), ["blink-dkms", "dkms-blink"]);

    let symvers = workshop.path("modules").join(OTHER).join("build/Module.symvers");
    std::fs::create_dir_all(symvers.parent().unwrap()).unwrap();
    std::fs::write(symvers, "0x27e1a049\tprintk\tvmlinux\tEXPORT_SYMBOL\t\n").unwrap();
    let modules = workshop.path("modules").display().to_string();
    let words = ["-k", &target, "--for", "el9", "--installtree", &modules];
    let file = made(&workshop, "mkrpm", &words, "kmod-blink-1.0-1.el9.x86_64.rpm");
    let offers = said("rpm", &["-qp", "--provides"], &file);
    assert_eq!(offers.lines().filter(|line| line.starts_with("kmod-blink = ")).count(), 1, "{offers}");
    let needs = said("rpm", &["-qp", "--requires"], &file);
    let symbols: Vec<&str> = needs.lines().filter(|line| line.contains("k") && line.contains(") =")).collect();
    let expected =
        ["kernel(module_layout) = 0x0a1b2c3d", "kernel(printk) = 0x27e1a049", "ksym(of_another) = 0x00000001"];
    assert_eq!(symbols, expected, "its own symbol is not asked for");
    assert!(!needs.contains("kernel-uname-r"), "{needs}");
    let files = said("rpm", &["-qpl"], &file);
    let expected = ["", "/extra", "/extra/blink", "/extra/blink/blink.ko", "/extra/blink/dkms-prebuilt"]
        .map(|end| format!("/lib/modules/{OTHER}{end}"));
    assert_eq!(files.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn modules_are_carried_as_they_are_and_the_same_gives_the_same() {
    needs!("rpm", "sha256sum");
    let workshop = workshop();
    let words = ["-k", &format!("{OTHER}/x86_64")];
    let file = made(&workshop, "mkrpm", &words, RPM);
    let once = std::fs::read(&file).unwrap();
    let digests = said("rpm", &["-qp", "--qf", "[%{FILEDIGESTS} ]"], &file);
    let module = workshop.path("tree/blink/1.0").join(OTHER).join("x86_64/module/blink.ko");
    let own = said("sha256sum", &[], &module);
    assert!(digests.contains(own.split(' ').next().unwrap()), "{digests}");
    std::fs::File::options()
        .append(true)
        .open(&module)
        .unwrap()
        .set_modified(std::time::SystemTime::UNIX_EPOCH)
        .unwrap();
    assert!(once == std::fs::read(made(&workshop, "mkrpm", &[&words[..], &["--force"]].concat(), RPM)).unwrap());
}

#[test]
fn every_kernel_gets_a_package_and_programs_can_read_which() {
    let workshop = workshop();
    let (code, text) = run(&workshop, "mkpkg", &["blink/1.0", "--for", "debian12,el9", "--json"]);
    assert_eq!(code, 0, "{text}");
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let packages = document["packages"].as_array().unwrap();
    let found: Vec<_> = packages
        .iter()
        .map(|one| format!("{} {}", one["distribution"].as_str().unwrap(), one["kernel"].as_str().unwrap()))
        .collect();
    let expected =
        [format!("debian12 {OTHER}"), format!("debian12 {KERNEL}"), format!("el9 {OTHER}"), format!("el9 {KERNEL}")];
    assert_eq!(found, expected);
    assert_eq!(packages[1]["files"][0], format!("/lib/modules/{KERNEL}/updates/blink/blink.ko"));
    assert_eq!((packages[1]["arch"].as_str(), packages[1]["architecture"].as_str()), (Some("x86_64"), Some("amd64")));
}

#[test]
fn what_is_not_built_or_not_for_the_kernel_is_refused_and_leaves_no_file() {
    let workshop = workshop();
    let odd = workshop.path("tree/blink/1.0/6.6.6/x86_64/module");
    std::fs::create_dir_all(&odd).unwrap();
    std::fs::write(odd.join("blink.ko"), signed_module("6.6.7")).unwrap();
    std::fs::create_dir_all(workshop.path("tree/blink/1.0/6.6.5/x86_64/module")).unwrap();
    let bad = workshop.path("tree/blink/1.0/6.6.4/x86_64/module");
    std::fs::create_dir_all(&bad).unwrap();
    std::fs::write(bad.join("a'b.ko"), signed_module("6.6.4")).unwrap();
    let one = format!("{KERNEL}/x86_64");
    for (verb, words, code, said) in [
        ("mkdeb", &["blink/1.0", "--output", "x.deb"][..], 2, "packages for 5 kernels"),
        ("mkdeb", &["blink/1.0", "-k", "6.9/x86_64"], 6, "blink/1.0 is not built for 6.9"),
        ("mkdeb", &["blink/1.0", "-k", "6.6.5/x86_64"], 6, "dkms build blink/1.0 -k 6.6.5"),
        ("mkdeb", &["blink/1.0", "-k", "6.6.6/x86_64"], 6, "it is built for 6.6.7"),
        ("mkdeb", &["blink/1.0", "-k", "6.6.4/x86_64"], 6, "'\\''"),
        ("mkrpm", &["nobody/1.0"], 3, "nobody/1.0 is not in the tree"),
        ("mkdeb", &["demo-v1.2.tar.gz"], 2, "NAME/VERSION"),
        ("mkspec", &["blink/1.0"], 2, "mkspec does not take --binaries"),
        ("mkdeb", &["blink/1.0", "--source-only"], 8, "exclude each other"),
        ("mkdeb", &["blink/1.0", "-k", &one, "-a", "x86_64", "-a", "i686"], 1, "2 -a options"),
        ("mkdeb", &["blink/1.0", "-k", &one, "--sign-key", "x"], 2, "repository"),
    ] {
        let (found, text) = run(&workshop, verb, words);
        assert_eq!(found, code, "{words:?}: {text}");
        assert!(text.contains(said), "{said} in {text}");
        assert!(!workshop.path("out").exists(), "{words:?}");
    }
}

#[test]
fn the_scripts_of_packages_of_modules_are_plain_shell() {
    needs!("shellcheck", "dpkg-deb", "rpm");
    let workshop = workshop();
    let deb = made(&workshop, "mkdeb", &["-k", &format!("{KERNEL}/x86_64")], DEB);
    assert_eq!(scripts_of_deb(&workshop, &deb), ["postinst", "postrm"]);
    let rpm = made(&workshop, "mkrpm", &["-k", &format!("{OTHER}/x86_64")], RPM);
    assert_eq!(scripts_of_rpm(&workshop, &rpm), ["POSTUN", "POSTTRANS"]);
}

#[test]
fn what_follows_the_newest_kernel_needs_its_modules_and_a_statement_tells_how_they_came() {
    needs!("dpkg-deb", "rpm", "sha256sum");
    let workshop = workshop();
    let deb = made(&workshop, "mkdeb", &["-k", &format!("{KERNEL}/x86_64"), "--follow", "--provenance"], DEB);
    let follower = workshop.path("out/blink-modules-amd64_1.0+6.1.0.50-1_amd64.deb");
    let fields = said("dpkg-deb", &["-f"], &follower);
    assert!(fields.contains("Depends: blink-modules-6.1.0-50-amd64 (= 1.0-1)\n"), "{fields}");
    let text = std::fs::read_to_string(workshop.path(&format!("out/{DEB}.intoto.json"))).unwrap();
    let statement: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(statement["predicateType"], "https://slsa.dev/provenance/v1");
    let sum = said("sha256sum", &[], &deb);
    assert_eq!(statement["subject"][0]["digest"]["sha256"].as_str(), sum.split(' ').next());
    let build = &statement["predicate"]["buildDefinition"];
    assert_eq!(build["externalParameters"]["kernel"], KERNEL);
    assert_eq!(build["resolvedDependencies"][0]["name"], "/lib/modules/6.1.0-50-amd64/updates/blink/blink.ko");
    let other = format!("{OTHER}/x86_64");
    made(&workshop, "mkrpm", &["-k", &other, "--follow"], RPM);
    let follower = workshop.path("out/kmod-blink-1.0^5.14.0_70.el9.x86_64-1.x86_64.rpm");
    let needed = said("rpm", &["-qpR", "--nosignature"], &follower);
    assert!(needed.contains("kmod-blink-5.14.0-70.el9.x86_64 = 1.0-1\n"), "{needed}");
    assert_eq!(run(&workshop, "mkpkg", &["blink/1.0", "-k", &other, "--follow", "--for", "el9"]).0, 2);
}
