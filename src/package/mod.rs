//! Packages of module sources: archives and folders in, RPM and Debian packages out. Knows nothing of the DKMS tree.

pub mod archive;
pub mod carrier;
pub mod date;
pub mod deb;
pub mod declared;
pub mod filter;
pub mod identity;
pub mod info;
pub mod license;
pub mod machine;
pub mod make;
pub mod names;
pub mod openpgp;
pub mod output;
pub mod payload;
pub mod placeholder;
pub mod relations;
pub mod repository;
pub mod rpm;
pub mod scripts;
pub mod source;
pub mod stream;
pub mod survey;
pub mod tarball;
pub mod version;

/// The two kinds of packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// deb(5)
    Deb,
    /// RPM, format 4
    Rpm,
}
