//! What is known of a payload once it is written, and why nothing came of it.

use std::io;

use crate::package::io::openpgp::SigningError;

/// Why no package came out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RpmError {
    /// Reading the source or writing the package.
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("the RPM header cannot be made")]
    Header(#[from] rpm::Error),
    /// RPMs with more than 4 GiB need an extension of the format.
    #[error("the files are more than 4 GiB together, which an RPM of format 4 cannot hold")]
    TooLarge,
    /// The compression is not one for RPMs here.
    #[error("RPMs are compressed with zstd or gzip here, not with xz")]
    Compression,
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// The signature cannot be written down.
    #[error("the signature cannot be put into the RPM")]
    Signature(#[from] pgp::errors::Error),
}

/// Sizes and digests that are known once the payload is written.
pub(crate) struct Written {
    /// SHA-256 of each entry's content in order; empty for folders and links.
    pub(super) digests: Vec<String>,
    /// Size of each regular file in order; None for others.
    pub(super) sizes: Vec<Option<u32>>,
    /// SHA-256 of the compressed payload.
    pub(super) compressed: String,
    /// Bytes of the payload before compression.
    pub(super) unpacked: u64,
    /// SHA-256 of the payload before compression.
    pub(super) plain: String,
    /// Bytes of the compressed payload.
    pub(super) length: u64,
}
