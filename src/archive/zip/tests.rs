use std::io::Write;

use super::*;
use crate::archive::limits::Unpacked;
use crate::archive::unpack::unpack;

/// One entry: name, Unix mode with type, content, deflated or stored.
type Entry<'a> = (&'a str, u32, &'a [u8], bool);

fn zip_of(entries: &[Entry]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, mode, content, deflated) in entries {
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(content).unwrap();
        let packed = if *deflated { encoder.finish().unwrap() } else { content.to_vec() };
        let method: u16 = if *deflated { 8 } else { 0 };
        let mut common = [20u16, 0, method, 0x6000, 0x5821].map(u16::to_le_bytes).concat();
        for number in [crc.sum(), packed.len() as u32, content.len() as u32] {
            common.extend(number.to_le_bytes());
        }
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        directory.extend([b"PK\x01\x02\x14\x03".as_slice(), &common, &[0; 6]].concat());
        directory.extend((mode << 16).to_le_bytes());
        directory.extend((bytes.len() as u32).to_le_bytes());
        directory.extend(name.bytes());
        bytes.extend([b"PK\x03\x04".as_slice(), &common, name.as_bytes(), &packed].concat());
    }
    let (count, place) = ((entries.len() as u16).to_le_bytes(), (bytes.len() as u32).to_le_bytes());
    let end =
        [b"PK\x05\x06\0\0\0\0".as_slice(), &count, &count, &(directory.len() as u32).to_le_bytes(), &place, &[0, 0]];
    [bytes, directory, end.concat()].concat()
}

fn tried(bytes: &[u8]) -> (tempfile::TempDir, Result<Unpacked, ArchiveError>) {
    tried_within(bytes, &Limits::default())
}

fn tried_within(bytes: &[u8], limits: &Limits) -> (tempfile::TempDir, Result<Unpacked, ArchiveError>) {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("archive");
    fs_err::write(&archive, bytes).unwrap();
    fs_err::create_dir(folder.path().join("into")).unwrap();
    let result = unpack(&archive, &folder.path().join("into"), limits);
    (folder, result)
}

#[test]
fn files_folders_and_links_arrive() {
    let long = [b'x'; 5000];
    let (folder, done) = tried(&zip_of(&[
        ("top/", 0o040_755, b"", false),
        ("top/a.c", 0o100_644, &long, true),
        ("top/run", 0o104_755, b"#!/bin/sh\n", false),
        ("top/link", 0o120_777, b"a.c", false),
    ]));
    assert_eq!(done.unwrap().newest, 1_704_110_400, "2024-01-01 12:00:00");
    let into = folder.path().join("into/top");
    assert_eq!(fs_err::read(into.join("link")).unwrap(), long);
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs_err::metadata(into.join("run")).unwrap().permissions());
    assert_eq!(mode & 0o7777, 0o755);
}

#[test]
fn attacks_and_damage_are_refused() {
    let cases: [(&str, u32, &[u8], &str); 4] = [
        ("../x", 0o100_644, b"x", "holds `..`"),
        ("/x", 0o100_644, b"x", "absolute"),
        ("l", 0o120_777, b"/etc", "`l` is refused: it is a link to `/etc`"),
        ("d", 0o020_644, b"", "device"),
    ];
    for (name, mode, content, said) in cases {
        let error = tried(&zip_of(&[(name, mode, content, false)])).1.unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    let whole = zip_of(&[("a.c", 0o100_644, b"hello hello hello", false)]);
    let error = tried(&whole[..whole.len() - 30]).1.unwrap_err().to_string();
    assert!(error.contains("cut short"), "{error}");
    let mut damaged = whole;
    damaged[40] ^= 1;
    let error = tried(&damaged).1.unwrap_err().to_string();
    assert!(error.contains("`a.c`") && error.contains("checksum"), "{error}");
}

#[test]
fn entries_that_share_their_bytes_or_swell_or_are_too_many_are_refused() {
    let zeros = [0; 50_000];
    let one = zip_of(&[("a", 0o100_644, &zeros, false)]);
    // The same directory record again, and once more: three files of one.
    let at = one.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    let end = one.len() - 22;
    let mut shared = [&one[..end], &one[at..end], &one[at..end], &one[end..]].concat();
    let last = shared.len() - 22;
    shared[last + 10] = 3;
    let error = tried(&shared).1.unwrap_err().to_string();
    assert!(error.contains("`a` is refused: its bytes are those of other entries"), "{error}");

    let swollen = zip_of(&[("small", 0o100_644, b"x", false), ("zeros", 0o100_644, &zeros, true)]);
    let limits = Limits { harmless: 10_000, ratio: 20, ..Limits::default() };
    let error = tried_within(&swollen, &limits).1.unwrap_err().to_string();
    assert!(error.contains("20 times larger than its file at the entry `zeros`"), "{error}");

    for (limits, said) in [
        (Limits { entries: 1, ..Limits::default() }, "more than 1 entries; `zeros`"),
        (Limits::of_size(10_000), "more than 10000 bytes unpacked, as the entry `zeros`"),
    ] {
        let error = tried_within(&swollen, &limits).1.unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    let deep = zip_of(&[(&"d/".repeat(80), 0o040_755, b"", false)]);
    let error = tried(&deep).1.unwrap_err().to_string();
    assert!(error.contains("more than 64 folders deep"), "{error}");
}

#[test]
fn the_time_that_does_not_depend_on_a_zone_goes_first() {
    let time = 1_700_000_000u32.to_le_bytes();
    let field = |mark: &[u8], flags: u8, time: &[u8]| [mark, &[1 + time.len() as u8, 0], &[flags], time].concat();
    assert_eq!(universal(&field(b"UT", 1, &time)), Some(1_700_000_000));
    assert_eq!(universal(&[field(b"ux", 1, &[0; 7]), field(b"UT", 3, &time)].concat()), Some(1_700_000_000));
    for other in [&field(b"UT", 2, &time)[..], &field(b"UT", 1, &[1]), b"UT\x09\0\x01", b"UT", b""] {
        assert_eq!(universal(other), None, "{other:?}");
    }
}
