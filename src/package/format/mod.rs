//! How a description and a payload are written down. None of this decides anything about a package.
//!
//! [`deb`] and [`rpm`] write packages, byte for byte the same for the same input. [`recipe`] writes what the distributions' own
//! tools make packages from: a [`spec`] with its sources, or a Debian source package ([`dsc`]); [`source_archive`] is the tar
//! that both have beside them.

pub(crate) mod deb;
pub(crate) mod dsc;
mod marks;
pub(crate) mod pac;
pub(crate) mod recipe;
pub(crate) mod recipes;
pub(crate) mod rpm;
pub(crate) mod source_archive;
pub(crate) mod spec;
