//! The outer layer of an archive: which compression, by its first bytes.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use super::ArchiveError;

/// Decompressors may take this much memory in bytes: `xz -9` needs 65 MiB, `zstd --long` 128 MiB.
const MEMORY_LIMIT: u64 = 160 << 20;

/// Opens the file and gives what is inside the compression.
pub(super) fn open(archive: &Path) -> Result<Box<dyn Read>, ArchiveError> {
    let file = fs_err::File::open(archive).map_err(ArchiveError::Read)?;
    if !file.metadata().map_err(ArchiveError::Read)?.is_file() {
        return Err(ArchiveError::Unknown);
    }
    let mut file = BufReader::with_capacity(128 << 10, file);
    file.fill_buf().map_err(ArchiveError::Read)?;
    decoded(file).map_err(ArchiveError::Read)
}

/// What is inside the compression of a stream.
pub(in crate::package) fn decoded(mut stream: impl BufRead + 'static) -> io::Result<Box<dyn Read>> {
    let start = stream.fill_buf()?;
    decoder(start.first_chunk().copied().unwrap_or_default(), stream)
}

/// Magic numbers: RFC 1952, bzip2 "BZh", .xz file format 1.0.4 §2.1.1, RFC 8878 §3.1.1.
fn decoder(magic: [u8; 6], file: impl BufRead + 'static) -> io::Result<Box<dyn Read>> {
    Ok(match magic {
        [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(file)),
        [b'B', b'Z', b'h', ..] => Box::new(bzip2::bufread::MultiBzDecoder::new(file)),
        [0xfd, b'7', b'z', b'X', b'Z', 0] => {
            let stream = xz2::stream::Stream::new_stream_decoder(MEMORY_LIMIT, xz2::stream::CONCATENATED)?;
            Box::new(xz2::bufread::XzDecoder::new_stream(file, stream))
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Box::new(zstd::stream::read::Decoder::with_buffer(file)?),
        _ => Box::new(file),
    })
}
