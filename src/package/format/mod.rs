//! How packages are written: deb, RPM, spec files and Debian source packages, and the archives that both take.

pub(crate) mod deb;
pub(crate) mod dsc;
pub(crate) mod recipe;
pub(crate) mod rpm;
pub(crate) mod source_archive;
pub(crate) mod spec;
pub(crate) mod tarball;
