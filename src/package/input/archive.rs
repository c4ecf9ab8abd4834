//! Source archives, unpacked as if every one of them were an attack.
//!
//! Compression is told by the first bytes, not by the name. Nothing lands outside the given folder, nothing is a device,
//! nothing keeps a set-uid bit, links stay inside, and size and number of the entries are bounded.

pub(crate) mod compression;
pub(crate) mod links;
mod members;
mod staging;
mod zip;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::exit::Kind;
use crate::package::input::filter;
use crate::package::input::filter::Verdict;
use crate::report::escape::word;

/// How much an archive may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes of all files together, unpacked.
    pub(crate) size: u64,
    /// Entries of any kind, the folders that only names mention among them.
    pub(crate) entries: u64,
    /// Bytes of all names together, which are held in memory.
    pub(crate) names: u64,
    /// How many times larger than its file it may become, once it is larger than `harmless`.
    pub(crate) ratio: u64,
    /// Bytes that it may become however small its file.
    pub(crate) harmless: u64,
    pub(crate) depth: usize,
    pub(crate) path: usize,
}

impl Limits {
    /// Bytes of one name in a folder (NAME_MAX of Linux).
    pub(crate) const NAME: usize = 255;

    /// The default, but for the size.
    pub(crate) fn of_size(size: u64) -> Self {
        Self { size, ..Self::default() }
    }

    /// Bytes of the tar archive itself: each entry has a head, padding, and perhaps a record of its long name.
    fn stream(&self) -> u64 {
        self.size.saturating_add(self.entries.saturating_mul(4096)).max(self.harmless)
    }
}

impl Default for Limits {
    /// 4 GiB; half a million entries, which is five kernel source trees. Sources become 3 to 12 times larger, a kernel's
    /// folders lie 10 deep.
    fn default() -> Self {
        Self { size: 4 << 30, entries: 500_000, names: 64 << 20, ratio: 200, harmless: 64 << 20, depth: 64, path: 1024 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Unpacked {
    pub(crate) entries: u64,
    /// Bytes of all files together.
    pub(crate) bytes: u64,
    /// The newest time of any entry, in seconds since 1970.
    pub(crate) newest: u64,
}

/// Why an entry is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// The name starts with `/`.
    #[error("its name is absolute")]
    Absolute,
    /// The name holds `..`.
    #[error("its name holds `..`")]
    Parent,
    /// The name is empty or holds control characters.
    #[error("its name holds a control character or nothing at all")]
    Name,
    /// A link leads out of the folder.
    #[error("it is a link to `{}`, which lies outside the archive", word(.0))]
    Leaves(String),
    /// A hard link to something that did not come before it.
    #[error("it is a hard link to `{}`, which is not a file that came before it", word(.0))]
    HardLink(String),
    /// Neither file, folder nor link.
    #[error("it is a {0}")]
    Special(&'static str),
    /// The name goes through a link that the archive made.
    #[error("its name goes through the link `{}`", word(.0))]
    ThroughLink(String),
    /// The name is too long to be unpacked below another folder.
    #[error("its name has more than {0} bytes")]
    LongName(usize),
    /// Bytes of a zip archive that belong to several entries.
    #[error("its bytes are those of other entries as well")]
    Overlap,
    /// All names together would fill the memory.
    #[error("with it, all names together have more than {0} bytes")]
    Names(u64),
    /// The target of a link is longer than Linux takes.
    #[error("the target of the link has more than {0} bytes")]
    LongTarget(usize),
    /// Folders in folders without end.
    #[error("it lies more than {0} folders deep")]
    Deep(usize),
    /// The name stands for two different things.
    #[error("an earlier entry uses that name for something else")]
    Clash,
    /// A tar feature that no source archive needs.
    #[error("it is stored in a way that is not supported: {0}")]
    Format(&'static str),
}

/// Why an archive cannot be unpacked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArchiveError {
    /// The file cannot be opened or read.
    #[error("cannot read the archive")]
    Read(#[source] io::Error),
    /// The file is something else.
    #[error("not an archive: neither tar nor zip inside, nor a known compression (gzip, bzip2, xz, zstd) around it")]
    Unknown,
    /// The file ends too early.
    #[error("the archive is cut short{}", near(.entry))]
    Cut {
        /// The entry in which it ends, or the last one before.
        entry: Option<String>,
    },
    /// Checksums or structure are wrong.
    #[error("the archive is damaged{}: {reason}", near(.entry))]
    Damaged {
        /// The entry, or the last one before.
        entry: Option<String>,
        /// What the decompressor or the tar reader says.
        reason: String,
    },
    /// An entry is not one that a source archive may hold.
    #[error("the entry `{}` is refused: {reason}", word(.entry))]
    Refused {
        /// Its name.
        entry: String,
        /// Why.
        reason: Refusal,
    },
    #[error("it holds more than {limit} bytes unpacked, as the entry `{}` shows", word(.entry))]
    TooLarge {
        /// The entry that is too much.
        entry: String,
        /// The limit in bytes.
        limit: u64,
    },
    #[error("it holds more than {limit} entries; `{}` is one too many", word(.entry))]
    TooMany {
        /// The entry that is too much.
        entry: String,
        /// The limit.
        limit: u64,
    },
    /// It becomes larger than any source does.
    #[error("it becomes more than {limit} times larger than its file{}, as no source does", near(.entry))]
    Swollen {
        /// The entry, or the last one before.
        entry: Option<String>,
        /// The limit.
        limit: u64,
    },
    /// The unpacked file cannot be written.
    #[error("cannot unpack to {}", .path.display())]
    Write {
        /// Where.
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

fn near(entry: &Option<String>) -> String {
    entry.as_ref().map_or(String::new(), |entry| format!(" at the entry `{}`", word(entry)))
}

impl ArchiveError {
    /// The error at the edge, with the archive's name and what to do.
    pub(crate) fn at(self, archive: &Path) -> Error {
        let message = format!("cannot use {}: {self}", archive.display());
        match self {
            Self::Read(source) if source.kind() == io::ErrorKind::NotFound => {
                Error::new(Kind::ArchiveMissing, format!("there is no archive {}", archive.display()))
            }
            Self::Read(source) => Error::new(Kind::NotAnArchive, message).caused_by(source),
            Self::Write { source, .. } => Error::io(message, source),
            Self::TooLarge { .. } => Error::new(Kind::NotAnArchive, message)
                .hint("if the archive is to be trusted, allow more with --max-size BYTES"),
            Self::Swollen { .. } => Error::new(Kind::NotAnArchive, message)
                .hint("if the archive is to be trusted, unpack it and name the folder"),
            Self::Cut { .. } => Error::new(Kind::NotAnArchive, message).hint("fetch the archive again"),
            _ => Error::new(Kind::NotAnArchive, message),
        }
    }
}

/// Unpacks a zip archive, or a tar archive, plain or compressed with gzip, bzip2, xz or zstd, into an existing folder.
///
/// Owners in the archive are ignored; modes lose set-uid, set-gid and sticky bits and write permission for others; times
/// of files are kept; hard links become copies. When it fails, what was written so far is left in `into`: give it a
/// folder of your own and throw that away.
pub(crate) fn unpack(archive: &Path, into: &Path, limits: &Limits) -> Result<Unpacked, ArchiveError> {
    unpack_telling(archive, into, limits, &|_| {})
}

/// As [`unpack`]; `tell` hears how many bytes of the file are read so far.
pub(crate) fn unpack_telling(
    archive: &Path,
    into: &Path,
    limits: &Limits,
    tell: &dyn Fn(u64),
) -> Result<Unpacked, ArchiveError> {
    let mut staging = staging::Staging::new(into, *limits);
    if zip::is_zip(archive) {
        zip::read(archive, &mut staging, tell)?;
    } else {
        let (stream, packed) = compression::open(archive)?;
        members::read(members::Packed { stream, read: packed, tell }, &mut staging)?;
    }
    staging.finish()
}

/// The folder of an unpacked archive that is a module's source: the one that holds a dkms.conf, the least deep of
/// several, and of those the first by name.
pub(crate) fn source_folder(unpacked: &Path) -> Option<PathBuf> {
    let mut level = vec![unpacked.to_path_buf()];
    while !level.is_empty() {
        level.sort();
        if let Some(found) = level.iter().find(|folder| folder.join("dkms.conf").is_file()) {
            return Some(found.clone());
        }
        level = level.iter().flat_map(|folder| folders(folder)).collect();
    }
    None
}

/// The folders in a folder, those of version control systems left out.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs_err::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter(|entry| filter::judge(&entry.file_name().to_string_lossy(), true, &BTreeSet::new()) == Verdict::Keep)
        .map(|entry| entry.path())
        .collect()
}

#[cfg(test)]
mod tests;
