//! Writes an RPM, format 4, without holding its payload in memory.
//!
//! The `rpm` crate builds the header, but would keep the compressed payload in memory. So the payload is written to a
//! scratch file first (cpio, compressed), the crate builds the header over empty files, and sizes and digests are put in
//! afterwards.

mod cpio;
mod header;

use std::io::{self, Seek, Write};

use super::info::PackageInfo;
use super::payload::Payload;
use super::stream::{Compression, Compressor, Hashing, sha256};

/// Why no package came out.
#[derive(Debug, thiserror::Error)]
pub enum RpmError {
    /// Reading the source or writing the package.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The header.
    #[error("the RPM header cannot be made")]
    Header(#[from] rpm::Error),
    /// RPMs with more than 4 GiB need an extension of the format.
    #[error("the files are more than 4 GiB together, which an RPM of format 4 cannot hold")]
    TooLarge,
    /// The compression is not one for RPMs here.
    #[error("RPMs are compressed with zstd or gzip here, not with xz")]
    Compression,
}

/// Sizes and digests that are known once the payload is written.
pub(super) struct Written {
    /// SHA-256 of each entry's content in order; empty for folders and links.
    digests: Vec<String>,
    /// Size of each regular file in order; None for others.
    sizes: Vec<Option<u32>>,
    /// SHA-256 of the compressed payload.
    compressed: String,
    /// SHA-256 of the payload before compression.
    plain: String,
    /// Bytes of the compressed payload.
    length: u64,
}

/// Writes the package to `out`; `scratch` takes the payload meanwhile and should be an unlinked file.
pub fn write(
    info: &PackageInfo,
    payload: &Payload,
    compression: Compression,
    mut scratch: std::fs::File,
    out: &mut impl Write,
) -> Result<(), RpmError> {
    if payload.bytes > u64::from(u32::MAX) {
        return Err(RpmError::TooLarge);
    }
    let written = write_payload(info, payload, compression, &mut scratch)?;
    let mut head = Vec::new();
    header::build(info, payload, compression, &written)?.write(&mut head)?;
    out.write_all(&head)?;
    scratch.rewind()?;
    io::copy(&mut scratch, out)?;
    Ok(())
}

fn write_payload(
    info: &PackageInfo,
    payload: &Payload,
    compression: Compression,
    scratch: &mut std::fs::File,
) -> Result<Written, RpmError> {
    let compressor = Compressor::new(compression, sha256(io::BufWriter::new(scratch)))?;
    let mut plain: Hashing<_, _> = sha256(compressor);
    let (mut digests, mut sizes) = (Vec::new(), Vec::new());
    for (number, entry) in (1..).zip(&payload.entries) {
        let (digest, size) = cpio::entry(&mut plain, &info.place, entry, number, info.date)?;
        digests.push(digest);
        sizes.push(size);
    }
    cpio::trailer(&mut plain)?;
    let (compressor, plain, _) = plain.finish();
    let (mut file, compressed, length) = compressor.finish()?.finish();
    file.flush()?;
    Ok(Written { digests, sizes, compressed, plain, length })
}
