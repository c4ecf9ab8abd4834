//! Streams that count and hash, the entries of archives, OpenPGP signatures, and the file that a package becomes.

pub(crate) mod openpgp;
pub(crate) mod output;
pub(crate) mod stream;
pub(crate) mod tar_entry;
