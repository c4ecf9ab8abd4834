//! Archives in and out, for modules that arrive in one as well as for packages.
//!
//! Reading, as if every archive were an attack: [`unpack`](unpack) is where it begins. It tells zip from tar ([`zip`],
//! [`members`], below a [`compression`]) and hands every entry to [`staging`], the only file here that writes what an archive
//! says; [`links`] decides whether a link stays inside. How much is taken stands in [`limits`], what is refused in [`error`].
//! [`filter`] knows what does not belong to a source: version control, what a build left.
//!
//! Writing: [`tarball`] is what `mktarball` makes, [`tar_entry`] one entry of any tar, [`stream`] compresses, counts and
//! hashes, [`output`] is the file that appears under its name once it is complete.

pub(crate) mod compression;
mod cpio;
pub(crate) mod error;
pub(crate) mod filter;
pub(crate) mod limits;
pub(crate) mod links;
pub(crate) mod member;
mod members;
pub(crate) mod output;
pub(crate) mod parcel;
mod rpm;
pub(crate) mod staging;
pub(crate) mod stream;
pub(crate) mod tar_entry;
pub(crate) mod tarball;
pub(crate) mod unpack;
mod zip;
