//! Packages of module sources: archives and folders in, RPM and Debian packages out. Knows nothing of the DKMS tree.

pub(crate) mod built;
pub(crate) mod description;
pub(crate) mod format;
pub(crate) mod input;
pub(crate) mod io;
pub(crate) mod kbuild;
pub(crate) mod make;
pub(crate) mod module;
pub(crate) mod repository;
pub(crate) mod summary;
pub(crate) mod words;

/// How a package is written.
#[derive(Clone, Copy)]
pub(crate) struct Writing<'a> {
    pub(crate) compression: io::stream::Compression,
    /// What signs its header, and through the digests in there the rest (RPM only).
    pub(crate) key: Option<&'a io::openpgp::SigningKey>,
    /// Hears of the bytes of files that are written so far.
    pub(crate) progress: &'a dyn Fn(u64),
}

/// The two kinds of packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// deb(5)
    Deb,
    /// RPM, format 4
    Rpm,
}
