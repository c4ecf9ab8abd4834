//! An entry of an archive, whichever kind of archive it is.

use std::path::PathBuf;

pub(crate) enum Content {
    Folder,
    /// A file of this many bytes.
    File(u64),
    /// A symbolic link to this target.
    Link(PathBuf),
    /// Another name of an earlier file.
    HardLink(PathBuf),
}

pub(crate) struct Member {
    /// The name as in the archive.
    pub(crate) name: PathBuf,
    /// Permission bits as in the archive.
    pub(crate) mode: u32,
    /// Seconds since 1970.
    pub(crate) time: u64,
    pub(crate) content: Content,
}
