//! An entry of an archive, whichever kind of archive it is.

use std::io::Read;
use std::path::PathBuf;

use crate::archive::error::ArchiveError;
use crate::archive::limits::Limits;

/// What takes the entries of an archive, one after the other.
pub(crate) trait Taker {
    /// How much the archive may hold.
    fn limits(&self) -> Limits;

    /// Takes one entry, whose bytes come from `data`.
    fn put(&mut self, member: &Member, data: &mut dyn Read) -> Result<(), ArchiveError>;
}

#[derive(Debug, Clone)]
pub(crate) enum Content {
    Folder,
    /// A file of this many bytes.
    File(u64),
    /// A symbolic link to this target.
    Link(PathBuf),
    /// Another name of an earlier file.
    HardLink(PathBuf),
}

#[derive(Debug, Clone)]
pub(crate) struct Member {
    /// The name as in the archive.
    pub(crate) name: PathBuf,
    /// Permission bits as in the archive.
    pub(crate) mode: u32,
    /// Seconds since 1970.
    pub(crate) time: u64,
    pub(crate) content: Content,
}
