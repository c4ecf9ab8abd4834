//! zip archives (PKWARE APPNOTE 6.3), as far as sources come in them: stored or deflated, one file, no encryption.

use std::ffi::OsStr;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::archive::error::{ArchiveError, Refusal};
use crate::archive::limits::Limits;
use crate::archive::member::{Content, Member, Taker};
use crate::archive::staging::Staging;

/// The end record is at most this far from the end: its 22 bytes and a comment.
const END_SEARCH: u64 = 22 + 65_535;

/// Whether the file begins as zip archives do.
pub(crate) fn is_zip(archive: &Path) -> bool {
    let mut magic = [0; 4];
    let read = fs_err::File::open(archive).and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && [*b"PK\x03\x04", *b"PK\x05\x06"].contains(&magic)
}

/// Hands every entry to the staging folder; `tell` hears how many of their bytes are read so far.
pub(crate) fn read(archive: &Path, staging: &mut Staging, tell: &dyn Fn(u64)) -> Result<(), ArchiveError> {
    let mut file = fs_err::File::open(archive).map_err(ArchiveError::Read)?;
    let (entries, offset) = end_record(&mut file)?;
    let mut directory = BufReader::new(fs_err::File::open(archive).map_err(ArchiveError::Read)?);
    directory.seek(SeekFrom::Start(offset)).map_err(ArchiveError::Read)?;
    let mut last = None;
    let mut sizes = Sizes { file: file.metadata().map_err(ArchiveError::Read)?.len(), packed: 0, unpacked: 0 };
    for _ in 0..entries {
        let record = Record::read(&mut directory).map_err(|error| fault(&last, error))?;
        let name = record.name.to_string_lossy().into_owned();
        last = Some(name.clone());
        sizes.add(&record, &staging.limits())?;
        record.refuse().map_or(Ok(()), |reason| Err(ArchiveError::Refused { entry: name.clone(), reason }))?;
        let mut data = record.data(&mut file).map_err(|error| fault(&last, error))?;
        let content = record.content(&mut data).map_err(|error| fault(&last, error))?;
        let member = Member { name: record.name.clone(), mode: record.mode & 0o7777, time: record.time, content };
        staging.put(&member, &mut data)?;
        data.verify(record.crc).map_err(|error| fault(&last, error))?;
        tell(sizes.packed);
    }
    tell(sizes.file);
    Ok(())
}

/// Bytes of the archive, and of its entries so far.
struct Sizes {
    file: u64,
    packed: u64,
    unpacked: u64,
}

impl Sizes {
    /// Entries that share their bytes, or that swell without measure, are how small files become huge.
    fn add(&mut self, record: &Record, limits: &Limits) -> Result<(), ArchiveError> {
        let entry = record.name.to_string_lossy().into_owned();
        self.packed += u64::from(record.packed);
        self.unpacked += u64::from(record.size);
        if self.packed > self.file {
            return Err(ArchiveError::Refused { entry, reason: Refusal::Overlap });
        }
        if self.unpacked > limits.harmless && self.unpacked / limits.ratio > self.file {
            return Err(ArchiveError::Swollen { entry: Some(entry), limit: limits.ratio });
        }
        Ok(())
    }
}

/// Number of entries and place of the central directory.
fn end_record(file: &mut fs_err::File) -> Result<(u16, u64), ArchiveError> {
    let length = file.metadata().map_err(ArchiveError::Read)?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(END_SEARCH))).map_err(ArchiveError::Read)?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail).map_err(ArchiveError::Read)?;
    let at = tail.windows(22).rposition(|window| window.starts_with(b"PK\x05\x06"));
    let record = &tail[at.ok_or(ArchiveError::Cut { entry: None })?..];
    let (entries, offset) = (u16_at(record, 10), u32_at(record, 16));
    if entries == u16::MAX || offset == u32::MAX {
        return Err(ArchiveError::Refused { entry: "the directory".to_owned(), reason: Refusal::Format("zip64") });
    }
    Ok((entries, u64::from(offset)))
}

/// An entry of the central directory.
struct Record {
    name: PathBuf,
    flags: u16,
    method: u16,
    time: u64,
    crc: u32,
    packed: u32,
    size: u32,
    mode: u32,
    offset: u32,
}

const TYPE: u32 = 0o170_000;
const FOLDER: u32 = 0o040_000;
const LINK: u32 = 0o120_000;
const FILE: u32 = 0o100_000;

impl Record {
    fn read(directory: &mut impl Read) -> io::Result<Self> {
        let mut head = [0; 46];
        directory.read_exact(&mut head)?;
        if !head.starts_with(b"PK\x01\x02") {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the zip directory is damaged"));
        }
        let mut name = vec![0; usize::from(u16_at(&head, 28))];
        directory.read_exact(&mut name)?;
        let mut extra = vec![0; usize::from(u16_at(&head, 30))];
        directory.read_exact(&mut extra)?;
        io::copy(&mut directory.take(u64::from(u16_at(&head, 32))), &mut io::sink())?;
        // The upper half of the attributes is a Unix mode only if a Unix system (3) or macOS (19) made the entry.
        let unix = [3, 19].contains(&head[5]);
        let mode = if unix { u32_at(&head, 38) >> 16 } else { 0o644 };
        Ok(Self {
            flags: u16_at(&head, 8),
            method: u16_at(&head, 10),
            time: universal(&extra).unwrap_or_else(|| seconds(u16_at(&head, 14), u16_at(&head, 12))),
            crc: u32_at(&head, 16),
            packed: u32_at(&head, 20),
            size: u32_at(&head, 24),
            offset: u32_at(&head, 42),
            name: PathBuf::from(OsStr::from_bytes(&name)),
            mode,
        })
    }

    fn refuse(&self) -> Option<Refusal> {
        match (self.method, self.mode & TYPE) {
            _ if self.flags & 1 != 0 => Some(Refusal::Format("encrypted")),
            _ if self.size == u32::MAX || self.packed == u32::MAX => Some(Refusal::Format("zip64")),
            (0 | 8, 0 | FOLDER | LINK | FILE) => None,
            (0 | 8, _) => Some(Refusal::Special("device, pipe or socket")),
            _ => Some(Refusal::Format("a zip compression other than deflate")),
        }
    }

    /// The entry's bytes, which begin after its local header.
    fn data<'f>(&self, file: &'f mut fs_err::File) -> io::Result<Data<'f>> {
        file.seek(SeekFrom::Start(u64::from(self.offset)))?;
        let mut head = [0; 30];
        file.read_exact(&mut head)?;
        if !head.starts_with(b"PK\x03\x04") {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "an entry is not where the zip directory says"));
        }
        let skip = i64::from(u16_at(&head, 26)) + i64::from(u16_at(&head, 28));
        file.seek(SeekFrom::Current(skip))?;
        let packed = BufReader::new(file.take(u64::from(self.packed)));
        let inner: Box<dyn Read + 'f> = match self.method {
            0 => Box::new(packed),
            _ => Box::new(flate2::bufread::DeflateDecoder::new(packed)),
        };
        Ok(Data { inner, crc: flate2::Crc::new() })
    }

    fn content(&self, data: &mut Data) -> io::Result<Content> {
        let folder = self.name.as_os_str().as_bytes().ends_with(b"/");
        Ok(match self.mode & TYPE {
            LINK => {
                let mut target = Vec::new();
                data.take(4096).read_to_end(&mut target)?;
                Content::Link(PathBuf::from(OsStr::from_bytes(&target)))
            }
            FOLDER => Content::Folder,
            _ if folder => Content::Folder,
            _ => Content::File(u64::from(self.size)),
        })
    }
}

/// An entry's bytes with their checksum.
struct Data<'f> {
    inner: Box<dyn Read + 'f>,
    crc: flate2::Crc,
}

impl Read for Data<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.crc.update(&buffer[..read]);
        Ok(read)
    }
}

impl Data<'_> {
    fn verify(self, expected: u32) -> io::Result<()> {
        if self.crc.sum() == expected {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "its checksum is wrong"))
    }
}

fn fault(entry: &Option<String>, error: io::Error) -> ArchiveError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => ArchiveError::Cut { entry: entry.clone() },
        _ => ArchiveError::Damaged { entry: entry.clone(), reason: error.to_string() },
    }
}

/// The time in seconds since 1970 that Unix programs and git note besides, in an extra field (`UT`: a byte whose first bit says
/// that it is there, and the time): the one beside it is that of the clock on the wall of whoever made the archive.
fn universal(extra: &[u8]) -> Option<u64> {
    let mut rest = extra;
    while rest.len() >= 4 {
        let end = 4 + usize::from(u16_at(rest, 2));
        let field = rest.get(4..end)?;
        if rest.starts_with(b"UT") && field.len() >= 5 && field[0] & 1 == 1 {
            return Some(u64::from(u32_at(field, 1)));
        }
        rest = &rest[end..];
    }
    None
}

/// MS-DOS date and time as seconds since 1970, taken for UTC: zip knows no time zone.
fn seconds(date: u16, time: u16) -> u64 {
    let year = 1980 + i64::from(date >> 9);
    let (month, day) = (i64::from(date >> 5 & 15).clamp(1, 12), i64::from(date & 31).max(1));
    // Days of the civil calendar, years counted from March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    let clock = i64::from(time >> 11) * 3600 + i64::from(time >> 5 & 63) * 60 + i64::from(time & 31) * 2;
    u64::try_from(days * 86_400 + clock).unwrap_or_default()
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |two| u16::from_le_bytes([two[0], two[1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

#[cfg(test)]
mod tests;
