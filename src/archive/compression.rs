//! The outer layer of an archive: which compression, by its first bytes.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::rc::Rc;

use crate::archive::error::ArchiveError;

/// Decompressors may take this much memory in bytes: `xz -9` needs 65 MiB, `zstd --long` 128 MiB.
const MEMORY_LIMIT: u64 = 160 << 20;

/// How many bytes of a file were read so far.
pub(crate) type Progress = Rc<Cell<u64>>;

/// Opens the file and gives what is inside the compression, and how much of the file that took.
pub(crate) fn open(archive: &Path) -> Result<(Box<dyn Read>, Progress), ArchiveError> {
    let file = fs_err::File::open(archive).map_err(ArchiveError::Read)?;
    if !file.metadata().map_err(ArchiveError::Read)?.is_file() {
        return Err(ArchiveError::Unknown);
    }
    let read = Progress::default();
    let mut file = BufReader::with_capacity(128 << 10, Counted { file, read: Rc::clone(&read) });
    file.fill_buf().map_err(ArchiveError::Read)?;
    Ok((decoded(file).map_err(ArchiveError::Read)?, read))
}

/// The same of so many bytes of a file, from where it stands.
pub(crate) fn within(file: fs_err::File, length: u64) -> io::Result<(Box<dyn Read>, Progress)> {
    let read = Progress::default();
    let counted = Counted { file: file.take(length), read: Rc::clone(&read) };
    Ok((decoded(BufReader::with_capacity(128 << 10, counted))?, read))
}

struct Counted<R> {
    file: R,
    read: Progress,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.read.set(self.read.get() + read as u64);
        Ok(read)
    }
}

/// What is inside the compression of a stream.
pub(crate) fn decoded(mut stream: impl BufRead + 'static) -> io::Result<Box<dyn Read>> {
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
