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

/// A tar archive with one entry, whose name the tar crate would not write.
fn tar_of(name: &str, kind: tar::EntryType, target: &str, content: &[u8]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
    header.set_entry_type(kind);
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    tar.append(&header, content).unwrap();
    tar.into_inner().unwrap()
}

/// A zip archive with one stored entry (APPNOTE 4.3.7, 4.3.12, 4.3.16).
fn zip_of(name: &str, unix_mode: u32, content: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(content);
    let (length, size) = (u16::try_from(name.len()).unwrap(), u32::try_from(content.len()).unwrap());
    let numbers = [crc.sum(), size, size].map(u32::to_le_bytes).concat();
    let common =
        [[20u16, 0, 0, 0, 0x21].map(u16::to_le_bytes).concat(), numbers, length.to_le_bytes().to_vec()].concat();
    let local = [b"PK\x03\x04".as_slice(), &common, &[0; 2], name.as_bytes(), content].concat();
    let mode = (unix_mode << 16).to_le_bytes();
    let central = [b"PK\x01\x02\x14\x03".as_slice(), &common, &[0; 8], &mode, &[0; 4], name.as_bytes()].concat();
    let sizes = [u32::try_from(central.len()).unwrap(), u32::try_from(local.len()).unwrap()].map(u32::to_le_bytes);
    [local, central, b"PK\x05\x06\0\0\0\0\x01\0\x01\0".to_vec(), sizes.concat(), vec![0; 2]].concat()
}

#[test]
fn a_hostile_archive_of_every_kind_is_refused_by_its_entry() {
    use tar::EntryType;
    let workshop = Workshop::new();
    let tars = [
        (tar_of("a/../../x", EntryType::Regular, "", b"x"), "`a/../../x` is refused: its name holds `..`"),
        (tar_of("/etc/x", EntryType::Regular, "", b"x"), "`/etc/x` is refused: its name is absolute"),
        (tar_of("link", EntryType::Symlink, "/etc/passwd", b""), "`link` is refused: it is a link to `/etc/passwd`"),
        (tar_of("hard", EntryType::Link, "../x", b""), "`hard` is refused: its name holds `..`"),
        (tar_of("node", EntryType::Block, "", b""), "`node` is refused: it is a device"),
        // What the archive would have a terminal do is shown.
        (tar_of("\u{1b}[2J/../x", EntryType::Regular, "", b""), r"`\x1b[2J/../x` is refused"),
        (tar_of("a\n\u{202e}/../x", EntryType::Regular, "", b""), r"`a\n\u{202e}/../x` is refused"),
    ];
    for (tar, said) in &tars {
        let gzip = || {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut encoder, tar).unwrap();
            encoder.finish().unwrap()
        };
        let xz = || {
            let mut encoder = xz2::write::XzEncoder::new(Vec::new(), 0);
            std::io::Write::write_all(&mut encoder, tar).unwrap();
            encoder.finish().unwrap()
        };
        let bzip2 = || {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            std::io::Write::write_all(&mut encoder, tar).unwrap();
            encoder.finish().unwrap()
        };
        for bytes in [tar.clone(), gzip(), xz(), bzip2(), zstd::encode_all(tar.as_slice(), 1).unwrap()] {
            std::fs::write(workshop.path("evil"), bytes).unwrap();
            refused(&workshop, &["evil"], 3, &[said]);
        }
    }
    for (zip, said) in [
        (zip_of("a/../../x", 0o100_644, b"x"), "`a/../../x` is refused: its name holds `..`"),
        (zip_of("/etc/x", 0o100_644, b"x"), "`/etc/x` is refused: its name is absolute"),
        (zip_of("link", 0o120_777, b"/etc/passwd"), "`link` is refused: it is a link to `/etc/passwd`"),
        (zip_of("node", 0o060_644, b""), "`node` is refused: it is a device"),
        (zip_of(&"d/".repeat(70), 0o040_755, b""), "is refused: it lies more than 64 folders deep"),
    ] {
        std::fs::write(workshop.path("evil"), zip).unwrap();
        refused(&workshop, &["evil"], 3, &[said]);
    }
    // 70 MB in a few bytes.
    let bomb = tar_of("zeros", EntryType::Regular, "", &vec![0; 70 << 20]);
    std::fs::write(workshop.path("evil"), zstd::encode_all(bomb.as_slice(), 1).unwrap()).unwrap();
    refused(&workshop, &["evil"], 3, &["`zeros`", "200 times larger", "unpack it"]);
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
