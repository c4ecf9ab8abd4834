//! Why an archive or one of its entries is refused, and what a person can do.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::exit::Kind;
use crate::report::escape::word;
use crate::sys::shell_words::quoted;

/// Why an entry is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// The name starts with `/`.
    #[error("its name is absolute")]
    Absolute,
    /// The name holds `..`.
    #[error("its name holds `..`")]
    Parent,
    /// The name is empty, holds control characters, or is no text.
    #[error("its name is empty, holds a control character, or is no UTF-8")]
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
    /// A file of holes, which are read as zeros.
    #[cfg(feature = "packages")]
    #[error("it has {size} bytes, of which {stored} are on the disk")]
    Sparse { size: u64, stored: u64 },
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
    Refused { entry: String, reason: Refusal },
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
        limit: u64,
    },
    /// It becomes larger than any source does.
    #[error("it becomes more than {limit} times larger than its file{}, as no source does", near(.entry))]
    Swollen {
        /// The entry, or the last one before.
        entry: Option<String>,
        limit: u64,
    },
    /// The unpacked file cannot be written.
    #[error("cannot unpack to {}", .path.display())]
    Write {
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
            Self::Unknown => Error::new(Kind::NotAnArchive, message).hint(format!(
                "`file {}` tells what it is: a download that went wrong is often a page of text",
                quoted(&archive.to_string_lossy())
            )),
            Self::Cut { .. } => Error::new(Kind::NotAnArchive, message).hint("fetch the archive again"),
            _ => Error::new(Kind::NotAnArchive, message),
        }
    }
}

/// Sorts the errors of tar and of the decompressors: an early end, no archive at all, or damage.
pub(crate) fn fault(entry: Option<String>, error: &io::Error) -> ArchiveError {
    if let Some(excess) = error.get_ref().and_then(|inner| inner.downcast_ref::<Excess>()) {
        let near = || entry.clone().unwrap_or_else(|| "the first one".to_owned());
        return match *excess {
            Excess::Ratio(limit) => ArchiveError::Swollen { entry, limit },
            Excess::Size(limit) => ArchiveError::TooLarge { entry: near(), limit },
        };
    }
    let reason = error.to_string();
    let early = ["unexpected EOF", "failed to read entire block", "premature eof", "incomplete frame", "corrupt gzip"];
    if error.kind() == io::ErrorKind::UnexpectedEof || early.iter().any(|sign| reason.contains(sign)) {
        return if entry.is_none() && reason.contains("entire block") {
            ArchiveError::Unknown
        } else {
            ArchiveError::Cut { entry }
        };
    }
    if entry.is_none() && (reason.contains("checksum mismatch") || reason.contains("numeric field")) {
        return ArchiveError::Unknown;
    }
    ArchiveError::Damaged { entry, reason }
}

/// What comes out of the compression is more than is allowed. The check stands here, below the entries, for what lies between
/// and after them is read, too.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Excess {
    #[error("more than {0} times larger than the file")]
    Ratio(u64),
    #[error("more than {0} bytes")]
    Size(u64),
}
