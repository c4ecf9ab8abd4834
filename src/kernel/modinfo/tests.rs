use super::*;
use std::io::Write;

/// A relocatable ELF64 file with one section of this name, besides the table of names.
pub(crate) fn elf(section: &str, data: &[u8]) -> Vec<u8> {
    elf_of(&[(section, data)])
}

/// The same with several.
pub(crate) fn elf_of(sections: &[(&str, &[u8])]) -> Vec<u8> {
    const PROGBITS: u32 = 1;
    const STRTAB: u32 = 3;
    let (mut names, mut content, mut headers) = (vec![0], Vec::new(), vec![0; 64]);
    let mut add = |name: &str, kind: u32, data: Option<&[u8]>| {
        let at = (names.len() as u32).to_le_bytes();
        names.extend([name.as_bytes(), b"\0"].concat());
        let data = data.unwrap_or(&names);
        headers.extend([at, kind.to_le_bytes()].concat());
        headers.extend([0; 16]);
        headers.extend((64 + content.len() as u64).to_le_bytes());
        headers.extend((data.len() as u64).to_le_bytes());
        headers.extend([0; 24]);
        content.extend(data);
    };
    sections.iter().for_each(|(name, data)| add(name, PROGBITS, Some(data)));
    add(".shstrtab", STRTAB, None);
    content.resize(content.len().next_multiple_of(8), 0);
    let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x01\0\x3e\0\x01\0\0\0".to_vec();
    file.extend([0; 16]);
    file.extend((64 + content.len() as u64).to_le_bytes());
    let count = sections.len() as u8;
    file.extend([0, 0, 0, 0, 64, 0, 0, 0, 0, 0, 64, 0, count + 2, 0, count + 1, 0]);
    [file, content, headers].concat()
}

const FIELDS: &[u8] =
    b"version=1.2\0\0\0license=GPL\0alias=a\0alias=b\0srcversion=ABC\0depends=x,y\0vermagic=6.1.0-50-amd64 SMP mod_unload \0odd\0";

fn check(info: &ModInfo) {
    assert_eq!((info.version(), info.srcversion()), (Some("1.2"), Some("ABC")));
    assert_eq!(info.release(), Some("6.1.0-50-amd64"));
    assert_eq!(info.all("alias").collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(info.get("odd"), None);
}

#[test]
fn fields_are_read_plain_and_compressed_whatever_the_name() {
    let module = elf(".modinfo", FIELDS);
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&module).unwrap();
    let mut xz = xz2::write::XzEncoder::new(Vec::new(), 0);
    xz.write_all(&module).unwrap();
    let zst = zstd::encode_all(module.as_slice(), 1).unwrap();
    for content in [module, gz.finish().unwrap(), xz.finish().unwrap(), zst] {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        check(&ModInfo::read(file.path()).unwrap());
    }
}

#[test]
fn a_signature_is_measured_and_a_lying_one_is_none() {
    let mut module = elf(".modinfo", FIELDS);
    let unsigned = module.len();
    assert_eq!(ModInfo::parse(&module).unwrap().signature, None);
    module.extend([7; 300]);
    module.extend([0, 0, 2, 0, 0, 0, 0, 0]);
    module.extend(300_u32.to_be_bytes());
    module.extend(SIGNATURE_MARK);
    let info = ModInfo::parse(&module).unwrap();
    assert_eq!(info.signature, Some(Signature { id_type: 2, length: 300, unsigned }));
    check(&info);
    let at = module.len() - SIGNATURE_MARK.len() - 4;
    module[at..at + 4].copy_from_slice(&u32::MAX.to_be_bytes());
    assert_eq!(ModInfo::parse(&module).unwrap().signature, None);
    assert_eq!(signature(SIGNATURE_MARK), None);
}

#[test]
fn hostile_files_are_errors_and_never_a_panic() {
    let module = elf(".modinfo", FIELDS);
    for length in 0..module.len() {
        drop(ModInfo::parse(&module[..length]));
    }
    for at in 0..module.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut bent = module.clone();
            bent[at] = value;
            drop(ModInfo::parse(&bent));
        }
    }
    assert!(ModInfo::parse(b"").is_err());
    assert_eq!(ModInfo::parse(&elf(".text", b"")), Err("it has no .modinfo section".to_owned()));
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    for (file, expected) in [("/nowhere/a.ko", "/nowhere/a.ko"), ("/dev/zero", "/dev/zero"), ("/", "module /")] {
        let error = ModInfo::read(Path::new(file)).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("f.ko");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    assert!(ModInfo::read(&fifo).is_err());
    let file = tempfile::NamedTempFile::new().unwrap();
    for rubbish in [&b"\x1f\x8brubbish"[..], b"\xfd7zXZ\0rubbish", b"\x28\xb5\x2f\xfdrubbish", b"rubbish", b""] {
        std::fs::write(file.path(), rubbish).unwrap();
        assert!(ModInfo::read(file.path()).is_err());
    }
}

#[test]
fn a_small_file_that_grows_without_end_is_refused() {
    assert_eq!(read_bounded(&[0; 8][..], 8).unwrap().len(), 8);
    assert_eq!(read_bounded(io::repeat(0), 1 << 20).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
}
