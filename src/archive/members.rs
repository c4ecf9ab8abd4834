//! The entries of a tar stream, one by one, with long names and pax records read under a limit.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use tar::EntryType;

use crate::archive::compression::Progress;
use crate::archive::error::{ArchiveError, Excess, Refusal, fault};
use crate::archive::limits::Limits;
use crate::archive::member::{Content, Member, Taker};

/// Bytes of a long name or of pax records for one entry. Linux takes paths of 4096 bytes.
const MAX_RECORDS: u64 = 256 << 10;

/// Names from the records that stand before an entry.
#[derive(Default)]
struct Ahead {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
}

/// What comes out of the compression.
pub(crate) struct Packed<'a> {
    pub(crate) stream: Box<dyn Read>,
    /// How much of the file they took so far.
    pub(crate) read: Progress,
    pub(crate) tell: &'a dyn Fn(u64),
}

/// Reads the stream to its end and hands every entry over.
pub(crate) fn read(packed: Packed<'_>, staging: &mut dyn Taker) -> Result<(), ArchiveError> {
    let limits = staging.limits();
    let mut archive = tar::Archive::new(Watched { packed, limits, zeros: 0, total: 0 });
    let mut last = None;
    let damaged = |last: &Option<String>, error: io::Error| fault(last.clone(), &error);
    let entries = archive.entries().map_err(|error| damaged(&last, error))?.raw(true);
    let mut ahead = Ahead::default();
    for entry in entries {
        let mut entry = entry.map_err(|error| damaged(&last, error))?;
        let header = entry.header().clone();
        if let Some(kind) = records(header.entry_type()) {
            let bytes = bounded(&mut entry).map_err(|error| damaged(&last, error))?;
            ahead.take(kind, &bytes, entry.size()).map_err(|reason| refused(&last, reason))?;
            continue;
        }
        let member = member(&header, std::mem::take(&mut ahead), entry.size())?;
        let name = member.name.to_string_lossy().into_owned();
        staging.put(&member, &mut entry)?;
        last = Some(name);
    }
    let mut watched = archive.into_inner();
    watched.end(last)
}

enum Records {
    LongName,
    LongLink,
    Pax,
    Ignored,
}

fn records(kind: EntryType) -> Option<Records> {
    match kind {
        EntryType::GNULongName => Some(Records::LongName),
        EntryType::GNULongLink => Some(Records::LongLink),
        EntryType::XHeader => Some(Records::Pax),
        EntryType::XGlobalHeader => Some(Records::Ignored),
        _ => None,
    }
}

fn bounded(entry: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    entry.take(MAX_RECORDS).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Ahead {
    fn take(&mut self, kind: Records, bytes: &[u8], size: u64) -> Result<(), Refusal> {
        if size > MAX_RECORDS {
            return Err(Refusal::Format("a name or header record of more than 256 KiB"));
        }
        let text = || bytes.split(|byte| *byte == 0).next().unwrap_or_default().to_vec();
        match kind {
            Records::LongName => self.name = Some(text()),
            Records::LongLink => self.link = Some(text()),
            Records::Pax => self.pax(bytes)?,
            Records::Ignored => {}
        }
        Ok(())
    }

    /// pax(1), "pax Extended Header": `LENGTH KEY=VALUE\n`.
    fn pax(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        for record in tar::PaxExtensions::new(bytes) {
            let record = record.map_err(|_| Refusal::Format("a malformed pax header"))?;
            match record.key_bytes() {
                b"path" => self.name = Some(record.value_bytes().to_vec()),
                b"linkpath" => self.link = Some(record.value_bytes().to_vec()),
                b"size" => return Err(Refusal::Format("its size stands in a pax header, as for files over 8 GiB")),
                key if key.starts_with(b"GNU.sparse") => return Err(Refusal::Format("a sparse file")),
                _ => {}
            }
        }
        Ok(())
    }
}

fn member(header: &tar::Header, ahead: Ahead, size: u64) -> Result<Member, ArchiveError> {
    let path = |bytes: &[u8]| PathBuf::from(OsStr::from_bytes(bytes));
    let name = ahead.name.map_or_else(|| path(&header.path_bytes()), |name| path(&name));
    let link = || {
        let short = || header.link_name_bytes().map_or_else(PathBuf::new, |link| path(&link));
        ahead.link.as_ref().map_or_else(short, |link| path(link))
    };
    let entry = name.to_string_lossy().into_owned();
    let refuse = |reason| Err(ArchiveError::Refused { entry: entry.clone(), reason });
    let content = match header.entry_type() {
        // Before ustar, a folder was a file whose name ends in a slash.
        EntryType::Regular if entry.ends_with('/') => Content::Folder,
        EntryType::Regular | EntryType::Continuous => Content::File(size),
        EntryType::Directory => Content::Folder,
        EntryType::Symlink => Content::Link(link()),
        EntryType::Link => Content::HardLink(link()),
        EntryType::Char | EntryType::Block => return refuse(Refusal::Special("device")),
        EntryType::Fifo => return refuse(Refusal::Special("named pipe")),
        EntryType::GNUSparse => return refuse(Refusal::Format("a sparse file")),
        _ => return refuse(Refusal::Special("tar entry of an unknown type")),
    };
    let number = |value: io::Result<u64>| value.map_err(|error| fault(Some(entry.clone()), &error));
    Ok(Member { mode: header.mode().unwrap_or(0o644), time: number(header.mtime())?, content, name })
}

fn refused(last: &Option<String>, reason: Refusal) -> ArchiveError {
    let entry = last.as_ref().map_or_else(|| "the first one".to_owned(), |last| format!("the one after {last}"));
    ArchiveError::Refused { entry, reason }
}

/// A stream that ends when it becomes too large, and knows whether its end was the end mark of tar: two blocks of zeros.
struct Watched<'a> {
    packed: Packed<'a>,
    limits: Limits,
    /// Zero bytes since the last other byte.
    zeros: u64,
    total: u64,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.packed.stream.read(buffer)?;
        let bytes = &buffer[..read];
        self.zeros = match bytes.iter().rposition(|byte| *byte != 0) {
            Some(at) => (read - at - 1) as u64,
            None => self.zeros + read as u64,
        };
        self.total += read as u64;
        if self.total > self.limits.harmless && self.total / self.limits.ratio > self.packed.read.get() {
            return Err(io::Error::other(Excess::Ratio(self.limits.ratio)));
        }
        if self.total > self.limits.stream() {
            return Err(io::Error::other(Excess::Size(self.limits.size)));
        }
        (self.packed.tell)(self.packed.read.get());
        Ok(read)
    }
}

impl Watched<'_> {
    /// After the last entry: wants the end mark, then reads on so that the compression's own checksum is verified.
    fn end(&mut self, last: Option<String>) -> Result<(), ArchiveError> {
        if last.is_none() && self.total == 0 {
            return Err(ArchiveError::Unknown);
        }
        if self.zeros < 512 {
            return Err(ArchiveError::Cut { entry: last });
        }
        io::copy(self, &mut io::sink()).map_err(|error| fault(last, &error))?;
        Ok(())
    }
}
