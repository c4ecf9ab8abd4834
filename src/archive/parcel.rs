//! What packages would put on the disk, without a package manager: deb(5), the RPM formats (rpm.org, "RPM V4 Package format", V6),
//! and pacman's compressed tar.

use std::collections::BTreeSet;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::archive::compression::{self, Progress};
use crate::archive::cpio;
use crate::archive::error::{ArchiveError, Refusal, fault};
use crate::archive::limits::Limits;
use crate::archive::member::{Member, Taker};
use crate::archive::members::{self, Packed};
use crate::archive::rpm::{self, Listed};

const DEB: &[u8] = b"!<arch>\n";
/// An entry of ar(5): name (16), time, owner, group, mode, size (10) and an end mark.
const AR_HEAD: usize = 60;
const RPM: &[u8] = &[0xed, 0xab, 0xee, 0xdb];
const RPM_LEAD: u64 = 96;
const RPM_HEADER: &[u8] = &[0x8e, 0xad, 0xe8, 0x01];
/// What stands before a header's index.
const RPM_HEAD: u64 = 16;
/// Bytes of a header that are believed: that of a kernel's headers has 3 MiB.
const RPM_HEADER_MOST: u64 = 256 << 20;

/// Reads a package of any of the three kinds and hands over every file that it would install.
pub(crate) fn read(package: &Path, taker: &mut dyn Taker) -> Result<(), ArchiveError> {
    // A pipe would be waited for.
    if !fs_err::metadata(package).map_err(ArchiveError::Read)?.is_file() {
        return Err(ArchiveError::Unknown);
    }
    let mut file = fs_err::File::open(package).map_err(ArchiveError::Read)?;
    let mut magic = [0; 8];
    let broken = |error: io::Error| fault(None, &error);
    file.read_exact(&mut magic).map_err(|_| ArchiveError::Unknown)?;
    if magic == DEB {
        return tar(of_deb(file)?, taker);
    }
    if magic.starts_with(RPM) {
        let (at, listed) = payload_of_rpm(&mut file)?;
        let length = file.metadata().map_err(ArchiveError::Read)?.len().saturating_sub(at);
        let (mut stream, _) = compression::within(file, length).map_err(broken)?;
        return cpio::read(&mut stream, &listed, taker);
    }
    tar(compression::open(package)?, taker)
}

/// The names of all that it would install.
pub(crate) fn names(package: &Path) -> Result<BTreeSet<String>, ArchiveError> {
    struct Names(BTreeSet<String>);
    impl Taker for Names {
        fn limits(&self) -> Limits {
            Limits::default()
        }

        fn put(&mut self, member: &Member, _: &mut dyn Read) -> Result<(), ArchiveError> {
            self.0.insert(member.name.to_string_lossy().trim_start_matches("./").to_owned());
            Ok(())
        }
    }
    let mut names = Names(BTreeSet::new());
    read(package, &mut names)?;
    Ok(names.0)
}

fn tar((stream, read): (Box<dyn Read>, Progress), taker: &mut dyn Taker) -> Result<(), ArchiveError> {
    members::read(Packed { stream, read, tell: &|_| {} }, taker)
}

/// The member `data.tar…`.
fn of_deb(mut file: fs_err::File) -> Result<(Box<dyn Read>, Progress), ArchiveError> {
    let cut = |error: io::Error| fault(Some("data.tar".to_owned()), &error);
    loop {
        let mut head = [0; AR_HEAD];
        file.read_exact(&mut head).map_err(cut)?;
        let text = |range: std::ops::Range<usize>| String::from_utf8_lossy(&head[range]).trim().to_owned();
        let size: u64 = text(48..58).parse().map_err(|_| ArchiveError::Unknown)?;
        if text(0..16).starts_with("data.tar") {
            return compression::within(file, size).map_err(cut);
        }
        let next = i64::try_from(size + size % 2).map_err(|_| ArchiveError::Unknown)?;
        file.seek(SeekFrom::Current(next)).map_err(cut)?;
    }
}

/// Moves to the payload, behind the lead, the signatures and the header; gives its place, and the files that the header lists.
fn payload_of_rpm(file: &mut fs_err::File) -> Result<(u64, Vec<Listed>), ArchiveError> {
    let (signatures, _) = header_of_rpm(file, RPM_LEAD)?;
    let at = signatures.next_multiple_of(8);
    let (end, entries) = header_of_rpm(file, at)?;
    let mut header = Vec::new();
    file.take(end - at - RPM_HEAD).read_to_end(&mut header).map_err(ArchiveError::Read)?;
    file.seek(SeekFrom::Start(end)).map_err(ArchiveError::Read)?;
    Ok((end, rpm::files(&header, usize::try_from(entries).unwrap_or_default())))
}

/// The end of the header that begins at this place, and how many entries its index has, before which the file stands then.
fn header_of_rpm(file: &mut fs_err::File, at: u64) -> Result<(u64, u64), ArchiveError> {
    let broken = |error: io::Error| fault(Some("the header".to_owned()), &error);
    file.seek(SeekFrom::Start(at)).map_err(broken)?;
    let mut head = [0; 16];
    file.read_exact(&mut head).map_err(broken)?;
    let number =
        |range: std::ops::Range<usize>| head[range].iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let entries = number(8..12);
    let length = entries * 16 + number(12..16);
    if !head.starts_with(RPM_HEADER) || length > RPM_HEADER_MOST {
        let reason = Refusal::Format("its header is none of an RPM package");
        return Err(ArchiveError::Refused { entry: "the header".to_owned(), reason });
    }
    Ok((at + RPM_HEAD + length, entries))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_is_no_package_and_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.deb");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
        for package in [pipe.as_path(), folder.path(), Path::new("/dev/null")] {
            assert!(matches!(names(package), Err(ArchiveError::Unknown)), "{}", package.display());
        }
    }
}
