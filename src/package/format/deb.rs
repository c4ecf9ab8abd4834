//! Writes a Debian package (deb(5)): control.tar and data.tar streamed, in an ar archive.

mod control;
mod data;
mod documents;

pub(crate) use crate::package::format::deb::control::{RELATIONS, description, field};
pub(crate) use crate::package::format::deb::documents::{changelog, copyright, overrides};

use std::io::{self, Seek, Write};

use crate::archive::stream::{Compression, Compressor};
use crate::package::Writing;
use crate::package::description::info::PackageInfo;
use crate::package::input::payload::Payload;

/// Why no package came out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DebError {
    /// Reading the source or writing the package.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Writes the package to `out`; `scratch` takes data.tar meanwhile and should be an unlinked file.
pub(crate) fn write(
    info: &PackageInfo,
    payload: &Payload,
    writing: Writing<'_>,
    mut scratch: std::fs::File,
    out: &mut impl Write,
) -> Result<(), DebError> {
    let listing = data::write(info, payload, writing, &mut scratch)?;
    let compression = writing.compression;
    let control = compressed(compression, &control::archive(info, &listing)?)?;
    let suffix = match compression {
        Compression::Gzip => "gz",
        Compression::Xz => "xz",
        Compression::Zstd => "zst",
    };
    let length = scratch.seek(io::SeekFrom::End(0))?;
    scratch.rewind()?;
    let mut archive = ar::Builder::new(out);
    archive.append(&header("debian-binary", 4, info.date), b"2.0\n".as_slice())?;
    let name = format!("control.tar.{suffix}");
    archive.append(&header(&name, control.len() as u64, info.date), control.as_slice())?;
    archive.append(&header(&format!("data.tar.{suffix}"), length, info.date), scratch)?;
    Ok(())
}

fn header(name: &str, length: u64, date: u64) -> ar::Header {
    let mut header = ar::Header::new(name.as_bytes().to_vec(), length);
    header.set_mode(0o100_644);
    header.set_mtime(date);
    header
}

fn compressed(compression: Compression, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut compressor = Compressor::new(compression, Vec::new())?;
    compressor.write_all(bytes)?;
    compressor.finish()
}
