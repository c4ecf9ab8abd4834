//! What cannot be packaged leaves no file, and the message says why.

use super::{DEB, Workshop};

/// Runs mkdeb and wants this exit code and these words; nothing new may appear in the folder.
#[track_caller]
fn refused(workshop: &Workshop, words: &[&str], code: i32, said: &[&str]) {
    let before = std::fs::read_dir(workshop.path("")).unwrap().count();
    let output = workshop.dkms(&[&["mkdeb"], words].concat());
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{text}");
    for word in said {
        assert!(text.contains(word), "{word} in {text}");
    }
    assert_eq!(std::fs::read_dir(workshop.path("")).unwrap().count(), before, "{words:?}");
}

#[test]
fn an_archive_that_is_cut_or_hostile_names_its_entry() {
    let workshop = Workshop::new();
    let whole = std::fs::read(workshop.path("demo-v1.2.tar.gz")).unwrap();
    std::fs::write(workshop.path("cut.tgz"), &whole[..whole.len() / 2]).unwrap();
    refused(&workshop, &["cut.tgz"], 3, &["cut short", "demo-v1.2"]);
    std::fs::write(workshop.path("text.tar"), "no archive").unwrap();
    refused(&workshop, &["text.tar"], 3, &["not an archive"]);
    let mut tar = tar::Builder::new(std::fs::File::create(workshop.path("evil.tar")).unwrap());
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..9].copy_from_slice(b"a/../../x");
    header.set_size(0);
    header.set_mode(0o644);
    header.set_cksum();
    tar.append(&header, std::io::empty()).unwrap();
    tar.finish().unwrap();
    refused(&workshop, &["evil.tar"], 3, &["a/../../x", ".."]);
    refused(&workshop, &["demo-v1.2.tar.gz", "--max-size", "100"], 3, &["100 bytes", "demo-v1.2/"]);
}

#[test]
fn what_is_not_known_or_not_allowed_is_said() {
    let workshop = Workshop::new();
    refused(&workshop, &["nothing.tar"], 2, &["no nothing.tar"]);
    refused(&workshop, &["demo-v1.2.tar.gz", "--version", "1:2"], 8, &["':'"]);
    refused(&workshop, &["demo-v1.2.tar.gz", "--name", "a b"], 8, &["' '"]);
    refused(&workshop, &["demo-v1.2.tar.gz", "--maintainer", "me"], 2, &["`me`", "Name <"]);
    refused(&workshop, &["demo-v1.2.tar.gz", "--output", "/nonexistent/x.deb"], 9, &["/nonexistent", "--output"]);
    std::fs::rename(workshop.path("demo-v1.2"), workshop.path("demo")).unwrap();
    refused(&workshop, &["demo"], 1, &["#MODULE_VERSION#", "--version"]);
}

#[test]
fn a_folder_without_a_dkms_conf_or_anything_to_make_one_from_is_refused() {
    let workshop = Workshop::new();
    std::fs::create_dir(workshop.path("empty")).unwrap();
    refused(&workshop, &["empty"], 9, &["empty", "dkms.conf"]);
}

#[test]
fn nothing_from_the_input_is_run() {
    let workshop = Workshop::new();
    let trap = workshop.path("trap");
    let conf = format!("PACKAGE_NAME=demo\nPACKAGE_VERSION=$(touch {})\n", trap.display());
    std::fs::write(workshop.path("demo-v1.2/dkms.conf"), conf).unwrap();
    let made = workshop.dkms(&["mkdeb", "demo-v1.2", "--version", "3"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    assert!(workshop.path("demo-dkms_3-1_all.deb").is_file() && !trap.exists());
}

#[test]
fn a_package_that_is_there_stays_unless_forced() {
    let workshop = Workshop::new();
    std::fs::write(workshop.path(DEB), "old").unwrap();
    refused(&workshop, &["demo-v1.2.tar.gz"], 9, &["exists already", "--force"]);
    assert_eq!(std::fs::read(workshop.path(DEB)).unwrap(), b"old");
    workshop.package("mkdeb", &["--force"], DEB);
    assert_ne!(std::fs::read(workshop.path(DEB)).unwrap(), b"old");
}
