//! Writes an RPM, format 4, without holding its payload in memory.
//!
//! The `rpm` crate builds the header, but would keep the compressed payload in memory. So the payload is written to a
//! scratch file first (cpio, compressed), the crate builds the header over empty files, and sizes and digests are put in
//! afterwards.

mod cpio;
mod header;
mod written;

pub(crate) use crate::package::format::rpm::written::RpmError;

use std::io::{self, Seek, Write};

use crate::archive::stream::Compressor;
use crate::package::Writing;
use crate::package::description::contents::{Placed, contents};
use crate::package::description::info::PackageInfo;
use crate::package::format::rpm::written::Written;
use crate::package::input::payload::{EntryKind, Payload};
use crate::package::io::digest::{Hashing, sha256};

/// Writes the package to `out`; `scratch` takes the payload meanwhile and should be an unlinked file.
pub(crate) fn write(
    info: &PackageInfo,
    payload: &Payload,
    writing: Writing<'_>,
    mut scratch: std::fs::File,
    out: &mut impl Write,
) -> Result<(), RpmError> {
    let contents = contents(info, payload);
    let size = |entry: &Placed| if let EntryKind::File(file) = entry.kind { file.size } else { 0 };
    if contents.iter().map(size).sum::<u64>() > u64::from(u32::MAX) {
        return Err(RpmError::TooLarge);
    }
    let written = write_payload(info, &contents, writing, &mut scratch)?;
    let mut head = Vec::new();
    header::build(info, &contents, writing, &written)?.write(&mut head)?;
    out.write_all(&head)?;
    scratch.rewind()?;
    io::copy(&mut scratch, out)?;
    Ok(())
}

fn write_payload(
    info: &PackageInfo,
    contents: &[Placed],
    writing: Writing<'_>,
    scratch: &mut std::fs::File,
) -> Result<Written, RpmError> {
    let compressor = Compressor::new(writing.compression, sha256(io::BufWriter::new(scratch)))?;
    let mut plain: Hashing<_, _> = sha256(compressor);
    let (mut digests, mut sizes, mut done) = (Vec::new(), Vec::new(), 0);
    for (number, entry) in (1..).zip(contents) {
        let (digest, size) = cpio::entry(&mut plain, entry, number, info.date)?;
        done += u64::from(size.unwrap_or_default());
        (writing.progress)(done);
        digests.push(digest);
        sizes.push(size);
    }
    cpio::trailer(&mut plain)?;
    let (compressor, plain, unpacked) = plain.finish();
    let (mut file, compressed, length) = compressor.finish()?.finish();
    file.flush()?;
    Ok(Written { digests, sizes, compressed, unpacked, plain, length })
}
