//! The compressions that archives and packages are written with. Nothing here holds a whole file.

use std::io::{self, Write};

/// How a payload is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    Gzip,
    /// Debian's default; read by every rpm, too, but not written into RPMs here.
    Xz,
    /// RPM from RHEL 8.2 and SLES 15 on, dpkg from Debian 12 and Ubuntu 21.10 on.
    Zstd,
}

/// Levels: the usual ones of gzip and xz; zstd 3 is as small for sources as the highest, and fifty times faster.
pub(crate) const GZIP_LEVEL: u32 = 9;
/// See [`GZIP_LEVEL`].
pub(crate) const XZ_LEVEL: u32 = 6;
/// See [`GZIP_LEVEL`].
pub(crate) const ZSTD_LEVEL: i32 = 3;

/// Bytes that xz looks back. The level's own 8 MiB would cost 94 MB of memory for each thread, and make sources 5 % smaller.
const XZ_DICTIONARY: u32 = 3 << 19;
/// Bytes that xz compresses on their own. They alone, not the number of threads, decide what comes out.
const XZ_BLOCK: u64 = 6 << 20;
/// Each thread needs 28 MB of memory.
const XZ_THREADS: u32 = 2;

/// A compressor over a writer.
pub(crate) enum Compressor<W: Write> {
    /// gzip, without name and time.
    Gzip(flate2::write::GzEncoder<W>),
    /// xz with CRC32, as dpkg-deb writes it.
    Xz(xz2::write::XzEncoder<W>),
    /// zstd
    Zstd(zstd::stream::write::Encoder<'static, W>),
}

impl<W: Write> Compressor<W> {
    /// Begins to compress into this writer.
    pub(crate) fn new(compression: Compression, writer: W) -> io::Result<Self> {
        Ok(match compression {
            Compression::Gzip => {
                let plain = flate2::GzBuilder::new().mtime(0).operating_system(3);
                Self::Gzip(plain.write(writer, flate2::Compression::new(GZIP_LEVEL)))
            }
            Compression::Xz => Self::Xz(xz2::write::XzEncoder::new_stream(writer, xz(XZ_THREADS, XZ_BLOCK)?)),
            Compression::Zstd => Self::Zstd(zstd::stream::write::Encoder::new(writer, ZSTD_LEVEL)?),
        })
    }

    /// Writes what is left and gives the writer back.
    pub(crate) fn finish(self) -> io::Result<W> {
        match self {
            Self::Gzip(encoder) => encoder.finish(),
            Self::Xz(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

/// An xz stream of blocks of so many bytes, each compressed by one of so many threads.
fn xz(threads: u32, block: u64) -> io::Result<xz2::stream::Stream> {
    let mut options = xz2::stream::LzmaOptions::new_preset(XZ_LEVEL)?;
    options.dict_size(XZ_DICTIONARY);
    let mut filters = xz2::stream::Filters::new();
    filters.lzma2(&options);
    let mut builder = xz2::stream::MtStreamBuilder::new();
    builder.threads(threads).block_size(block).filters(filters).check(xz2::stream::Check::Crc32);
    Ok(builder.encoder()?)
}

impl<W: Write> Write for Compressor<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Gzip(encoder) => encoder.write(bytes),
            Self::Xz(encoder) => encoder.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Gzip(encoder) => encoder.flush(),
            Self::Xz(encoder) => encoder.flush(),
            Self::Zstd(encoder) => encoder.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn what_is_compressed_comes_back() {
        for (compression, magic) in
            [(Compression::Gzip, [0x1f, 0x8b]), (Compression::Xz, [0xfd, b'7']), (Compression::Zstd, [0x28, 0xb5])]
        {
            let mut compressor = Compressor::new(compression, Vec::new()).unwrap();
            compressor.write_all(&[b'a'; 100_000]).unwrap();
            let bytes = compressor.finish().unwrap();
            assert!(bytes.starts_with(&magic) && bytes.len() < 2000, "{compression:?}");
        }
    }

    #[test]
    fn the_number_of_threads_does_not_change_what_comes_out() {
        // Several blocks of something that is neither all the same nor noise.
        let text: Vec<u8> = (0u64..).map(|i| (i * i / 7 % 251) as u8).take(300_000).collect();
        let packed = |threads: u32, piece: usize| {
            let mut encoder = xz2::write::XzEncoder::new_stream(Vec::new(), xz(threads, 64 << 10).unwrap());
            text.chunks(piece).for_each(|chunk| encoder.write_all(chunk).unwrap());
            encoder.finish().unwrap()
        };
        let one = packed(1, 10_000);
        assert!(packed(XZ_THREADS, 10_000) == one && packed(5, 77_777) == one);
        let mut back = Vec::new();
        xz2::read::XzDecoder::new(one.as_slice()).read_to_end(&mut back).unwrap();
        assert!(back == text);
    }
}
