//! Attacks and accidents, made in memory.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use tar::{EntryType, Header};

use super::*;
use crate::exit::Kind;

/// One entry: type, name, link target, content, mode.
type Entry<'a> = (EntryType, &'a str, &'a str, &'a [u8], u32);

const FILE: EntryType = EntryType::Regular;
const FOLDER: EntryType = EntryType::Directory;
const LINK: EntryType = EntryType::Symlink;
const HARD: EntryType = EntryType::Link;

fn tar_of(entries: &[Entry]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (kind, name, target, content, mode) in entries {
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
        header.set_entry_type(*kind);
        header.set_mode(*mode);
        header.set_mtime(1_700_000_000);
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

struct Try {
    folder: tempfile::TempDir,
    result: Result<Unpacked, ArchiveError>,
}

impl Try {
    fn bytes(bytes: &[u8], limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("archive");
        fs_err::write(&archive, bytes).unwrap();
        fs_err::create_dir(folder.path().join("into")).unwrap();
        let result = unpack(&archive, &folder.path().join("into"), &limits);
        Self { folder, result }
    }

    fn entries(entries: &[Entry]) -> Self {
        Self::bytes(&tar_of(entries), Limits::default())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("into").join(name)
    }

    fn mode(&self, name: &str) -> u32 {
        fs_err::metadata(self.path(name)).unwrap().permissions().mode() & 0o7777
    }

    fn text(&self, name: &str) -> String {
        fs_err::read_to_string(self.path(name)).unwrap()
    }

    fn error(&self) -> String {
        self.result.as_ref().expect_err("refused").to_string()
    }
}

#[test]
fn ordinary_entries_arrive_with_harmless_modes() {
    let tried = Try::entries(&[
        (FOLDER, "top/", "", b"", 0o777),
        (FILE, "./top/run.sh", "", b"#!/bin/sh\n", 0o6777),
        (FILE, "top/secret", "", b"x", 0o000),
        (FILE, "top/deep/er/file.c", "", b"int x;", 0o666),
        (LINK, "top/link", "deep/er/file.c", b"", 0o777),
        (HARD, "top/hard", "top/run.sh", b"", 0o755),
    ]);
    let done = tried.result.as_ref().unwrap();
    assert_eq!((done.entries, done.bytes, done.newest), (6, 27, 1_700_000_000));
    assert_eq!((tried.mode("top"), tried.mode("top/run.sh"), tried.mode("top/secret")), (0o755, 0o755, 0o600));
    assert_eq!(tried.mode("top/deep/er/file.c"), 0o644);
    assert_eq!(tried.text("top/link"), "int x;");
    assert_eq!(tried.text("top/hard"), "#!/bin/sh\n");
    let modified = fs_err::metadata(tried.path("top/run.sh")).unwrap().modified().unwrap();
    assert_eq!(modified.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs(), 1_700_000_000);
}

#[test]
fn entries_that_would_leave_the_folder_are_refused_by_name() {
    let cases: [(&[Entry], &str); 12] = [
        (&[(FILE, "/etc/passwd", "", b"x", 0o644)], "`/etc/passwd` is refused: its name is absolute"),
        (&[(FILE, "a/../../x", "", b"x", 0o644)], "`a/../../x` is refused: its name holds `..`"),
        (&[(FOLDER, "..", "", b"", 0o755)], "its name holds `..`"),
        (&[(FILE, "a\nb", "", b"x", 0o644)], "control character"),
        (&[(LINK, "l", "/etc", b"", 0o777)], "`l` is refused: it is a link to `/etc`"),
        (&[(LINK, "l", "../x", b"", 0o777)], "`l` is refused: it is a link to `../x`"),
        (
            &[(LINK, "a/l", "..", b"", 0o777), (LINK, "m", "a/l/../x", b"", 0o777)],
            "`m` is refused: it is a link to `a/l/../x`",
        ),
        (
            &[(LINK, "l", "/tmp", b"", 0o777), (FILE, "l/x", "", b"x", 0o644)],
            "`l/x` is refused: its name goes through the link `l`",
        ),
        (&[(HARD, "h", "/etc/passwd", b"", 0o644)], "`h` is refused: its name is absolute"),
        (&[(HARD, "h", "nothing", b"", 0o644)], "`h` is refused: it is a hard link to `nothing`"),
        (&[(EntryType::Char, "dev", "", b"", 0o666)], "`dev` is refused: it is a device"),
        (&[(EntryType::Fifo, "fifo", "", b"", 0o666)], "`fifo` is refused: it is a named pipe"),
    ];
    for (entries, expected) in cases {
        let tried = Try::entries(entries);
        assert!(tried.error().contains(expected), "{entries:?}: {}", tried.error());
        assert!(!tried.folder.path().join("x").exists());
    }
}

#[test]
fn a_name_cannot_be_two_things_but_a_file_may_come_twice() {
    let clash = [(FILE, "a", "", b"x".as_slice(), 0o644), (FILE, "a/b", "", b"x", 0o644)];
    assert!(Try::entries(&clash).error().contains("`a/b` is refused: an earlier entry"));
    let clash = [(FOLDER, "a/", "", b"".as_slice(), 0o755), (LINK, "a", "b", b"", 0o777)];
    assert!(Try::entries(&clash).error().contains("earlier entry"));
    let twice = [
        (LINK, "a", "/etc/passwd", b"".as_slice(), 0o777),
        (FILE, "a", "", b"old", 0o644),
        (FILE, "a", "", b"new", 0o644),
    ];
    assert_eq!(Try::entries(&twice).text("a"), "new");
}

#[test]
fn a_hard_link_to_a_link_becomes_the_same_link() {
    let entries = [
        (FILE, "file", "", b"x".as_slice(), 0o644),
        (LINK, "link", "file", b"", 0o777),
        (HARD, "again", "link", b"", 0o777),
    ];
    let tried = Try::entries(&entries);
    assert_eq!(fs_err::read_link(tried.path("again")).unwrap(), Path::new("file"));
}

#[test]
fn limits_name_the_entry_that_is_too_much() {
    let entries =
        [(FILE, "a", "", [7; 600].as_slice(), 0o644), (HARD, "b", "a", b"", 0o644), (FILE, "c", "", b"x", 0o644)];
    let limits = |size, entries| Limits { size, entries, ..Limits::default() };
    assert!(Try::bytes(&tar_of(&entries), limits(1201, 3)).result.is_ok());
    let error = Try::bytes(&tar_of(&entries), limits(1199, 3)).error();
    assert!(error.contains("1199 bytes") && error.contains("`b`"), "{error}");
    let error = Try::bytes(&tar_of(&entries), limits(5000, 2)).error();
    assert!(error.contains("2 entries; `c`"), "{error}");
}

#[test]
fn long_names_come_from_gnu_and_pax_records() {
    let long = format!("top/{}/file", "d".repeat(150));
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = Header::new_gnu();
    header.set_size(1);
    header.set_mode(0o644);
    builder.append_data(&mut header, &long, b"x".as_slice()).unwrap();
    builder.append_pax_extensions([("path", b"from-pax".as_slice())]).unwrap();
    header.set_path("short").unwrap();
    header.set_cksum();
    builder.append(&header, b"y".as_slice()).unwrap();
    let tried = Try::bytes(&builder.into_inner().unwrap(), Limits::default());
    assert_eq!(tried.text(&long), "x");
    assert_eq!(tried.text("from-pax"), "y");
    assert!(!tried.path("short").exists());
}

#[test]
fn names_that_would_fill_memory_or_disk_are_refused() {
    let limits = Limits { entries: 20, names: 400, depth: 3, path: 300, ..Limits::default() };
    let long = |length| "n".repeat(length);
    type Long = (EntryType, String, String);
    let cases: [(&[Long], &str); 7] = [
        (&[(FILE, "a/b/c/d/e".into(), String::new())], "`a/b/c/d/e` is refused: it lies more than 3 folders deep"),
        (&[(FOLDER, "./a/b/c/d/".into(), String::new())], "more than 3 folders deep"),
        (&[(FILE, long(256), String::new())], "is refused: its name has more than 255 bytes"),
        (&[(FILE, format!("{}/{}", long(150), long(150)), String::new())], "its name has more than 300 bytes"),
        (&[(LINK, "l".into(), long(301))], "`l` is refused: the target of the link has more than 300 bytes"),
        (
            &[(FILE, long(250), String::new()), (FILE, format!("x{}", long(200)), String::new())],
            "is refused: with it, all names together have more than 400 bytes",
        ),
        (
            &[(LINK, "l".into(), long(290)), (LINK, "m".into(), long(290))],
            "`m` is refused: with it, all names together",
        ),
    ];
    for (entries, expected) in cases {
        let mut builder = tar::Builder::new(Vec::new());
        for (kind, name, target) in entries {
            builder.append_pax_extensions([("path", name.as_bytes()), ("linkpath", target.as_bytes())]).unwrap();
            let mut header = Header::new_gnu();
            header.set_entry_type(*kind);
            header.set_size(0);
            header.set_mode(0o755);
            header.set_cksum();
            builder.append(&header, std::io::empty()).unwrap();
        }
        let error = Try::bytes(&builder.into_inner().unwrap(), limits).error();
        assert!(error.contains(expected), "{error}");
    }
    let names: Vec<String> = (0..12).map(|number| format!("{number}/a/b")).collect();
    let entries: Vec<Entry> = names.iter().map(|name| (FILE, name.as_str(), "", b"".as_slice(), 0o644)).collect();
    let error = Try::bytes(&tar_of(&entries), limits).error();
    assert!(error.contains("more than 20 entries; `"), "{error}");
}

#[test]
fn what_swells_without_measure_is_refused_wherever_it_stands() {
    let zeros = vec![0; 250_000];
    let limits = Limits { harmless: 100_000, ratio: 50, ..Limits::default() };
    let small = || vec![(FILE, "first", "", b"1".as_slice(), 0o644)];
    let file = tar_of(&[small(), vec![(FILE, "zeros", "", &zeros, 0o644)]].concat());
    let record = tar_of(&[small(), vec![(EntryType::XGlobalHeader, "g", "", &zeros, 0o644)], small()].concat());
    let after_the_end = [tar_of(&small()), zeros.clone()].concat();
    for (what, archive, entry) in
        [("file", file, "zeros"), ("record", record, "first"), ("end", after_the_end, "first")]
    {
        for (compression, bytes) in compressed(&archive) {
            let tried = Try::bytes(&bytes, limits);
            if compression == "tar" {
                assert!(tried.result.is_ok(), "{what}");
                continue;
            }
            let error = tried.error();
            let expected = format!("it becomes more than 50 times larger than its file at the entry `{entry}`");
            assert!(error.contains(&expected), "{what} in {compression}: {error}");
        }
    }
    // Not swollen, but more than is allowed between the entries.
    let limits = Limits { size: 1000, entries: 1, harmless: 100_000, ..Limits::default() };
    let error = Try::bytes(&[tar_of(&small()), zeros].concat(), limits).error();
    assert!(error.contains("more than 1000 bytes"), "{error}");
}

#[test]
fn a_huge_name_record_is_refused_before_it_fills_the_memory() {
    let name = vec![b'a'; 1 << 20];
    let entries = [(EntryType::GNULongName, "././@LongLink", "", name.as_slice(), 0o644), (FILE, "x", "", b"", 0o644)];
    assert!(Try::entries(&entries).error().contains("256 KiB"));
}

fn compressed(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    let mut xz = xz2::write::XzEncoder::new(Vec::new(), 1);
    xz.write_all(bytes).unwrap();
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip2.write_all(bytes).unwrap();
    vec![
        ("tar", bytes.to_vec()),
        ("gzip", gzip.finish().unwrap()),
        ("xz", xz.finish().unwrap()),
        ("bzip2", bzip2.finish().unwrap()),
        ("zstd", zstd::encode_all(bytes, 1).unwrap()),
    ]
}

/// 80 KiB that no compression makes small.
fn noise() -> Vec<u8> {
    let mut state = 1u32;
    let step = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..80_000).map(step).collect()
}

#[test]
fn compression_is_told_by_the_first_bytes() {
    for (name, bytes) in compressed(&tar_of(&[(FILE, "a", "", b"hello", 0o644)])) {
        assert_eq!(Try::bytes(&bytes, Limits::default()).text("a"), "hello", "{name}");
    }
}

#[test]
fn an_archive_that_is_cut_anywhere_is_never_taken() {
    let noise = noise();
    let whole = tar_of(&[(FILE, "first", "", b"1", 0o644), (FILE, "second", "", &noise, 0o644)]);
    for (name, bytes) in compressed(&whole) {
        for keep in [bytes.len() / 3, bytes.len() / 2, bytes.len() - 1100, bytes.len() - 5] {
            let tried = Try::bytes(&bytes[..keep], Limits::default());
            // The last block of zeros of a plain tar is padding: nothing is lost with it.
            if name == "tar" && keep == bytes.len() - 5 {
                continue;
            }
            let error = tried.error();
            assert!(error.contains("cut short"), "{name} at {keep} of {}: {error}", bytes.len());
        }
    }
    let error = Try::bytes(&whole[..1024], Limits::default()).error();
    assert!(error.contains("cut short at the entry `first`"), "{error}");
}

#[test]
fn a_flipped_bit_in_a_compressed_archive_is_damage() {
    let noise = noise();
    for (name, mut bytes) in compressed(&tar_of(&[(FILE, "a", "", &noise, 0o644)])) {
        if name == "tar" || name == "zstd" {
            continue; // no checksum in the one; none by default from this encoder in the other
        }
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
        assert!(Try::bytes(&bytes, Limits::default()).result.is_err(), "{name}");
    }
}

#[test]
fn other_files_are_no_archives() {
    for bytes in [b"".as_slice(), b"PACKAGE_NAME=x\n", &[b'a'; 4000], b"MZ", &[0x1f, 0x8b, 0, 0]] {
        let error = Try::bytes(bytes, Limits::default()).error();
        assert!(error.contains("not an archive") || error.contains("cut short"), "{bytes:?}: {error}");
    }
    let error = unpack(Path::new("/nonexistent/x.tar"), Path::new("/tmp"), &Limits::default()).unwrap_err();
    assert_eq!(error.at(Path::new("/nonexistent/x.tar")).kind(), Kind::ArchiveMissing);
}

#[test]
fn the_source_is_the_least_deep_folder_with_a_dkms_conf() {
    let tried = Try::entries(&[
        (FILE, "top/z/dkms.conf", "", b"x", 0o644),
        (FILE, "top/b/dkms.conf", "", b"x", 0o644),
        (FILE, "top/a/deep/dkms.conf", "", b"x", 0o644),
        (FILE, ".git/dkms.conf", "", b"x", 0o644),
    ]);
    assert_eq!(source_folder(&tried.path("")), Some(tried.path("top/b")));
    assert_eq!(source_folder(&tried.path("top/a/deep")), Some(tried.path("top/a/deep")));
    assert_eq!(source_folder(Path::new("/nonexistent")), None);
}
