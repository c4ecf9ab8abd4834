//! Packages of module sources: archives and folders in, RPM and Debian packages out. Knows nothing of the DKMS tree.

pub mod archive;
pub mod authored;
pub mod built;
pub mod carrier;
pub mod carries;
pub mod certificate;
pub mod changelog;
pub mod checkout;
pub mod contents;
pub mod date;
pub mod deb;
pub mod declared;
pub mod dsc;
pub mod filter;
pub mod identity;
pub mod info;
pub mod kbuild;
pub mod license;
pub mod lint;
pub mod machine;
pub mod make;
pub mod mkconf;
pub mod names;
pub mod openpgp;
pub mod output;
pub mod payload;
pub mod placeholder;
pub mod profile;
pub mod recipe;
pub mod relations;
pub mod repository;
pub mod rpm;
pub mod scripts;
pub mod source;
pub mod source_archive;
pub mod spec;
pub mod stream;
pub mod summary;
pub mod survey;
mod tar_entry;
pub mod tarball;
pub mod template;
pub mod version;
pub mod wishes;

/// How a package is written.
#[derive(Clone, Copy)]
pub struct Writing<'a> {
    /// What compresses it.
    pub compression: stream::Compression,
    /// What signs its header, and through the digests in there the rest (RPM only).
    pub key: Option<&'a openpgp::SigningKey>,
    /// Hears of the bytes of files that are written so far.
    pub progress: &'a dyn Fn(u64),
}

/// The two kinds of packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// deb(5)
    Deb,
    /// RPM, format 4
    Rpm,
}
