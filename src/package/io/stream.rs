//! Streams that count and hash what passes, and the compressions of both formats. Nothing here holds a whole file.

use std::io::{self, Read, Write};

use md5::Md5;
use sha2::{Digest, Sha256};

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

/// A reader or writer with the digest and the count of what passed.
pub(crate) struct Hashing<T, D> {
    inner: T,
    digest: D,
    count: u64,
}

/// With SHA-256, as RPM wants it.
pub(crate) fn sha256<T>(inner: T) -> Hashing<T, Sha256> {
    Hashing { inner, digest: Sha256::new(), count: 0 }
}

/// With MD5, as Debian's md5sums wants it.
pub(crate) fn md5<T>(inner: T) -> Hashing<T, Md5> {
    Hashing { inner, digest: Md5::new(), count: 0 }
}

impl<T, D: Digest> Hashing<T, D> {
    /// The stream, the digest in hexadecimal, the bytes that passed.
    pub(crate) fn finish(self) -> (T, String, u64) {
        let digest = self.digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        (self.inner, digest, self.count)
    }
}

impl<T: Read, D: Digest> Read for Hashing<T, D> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.digest.update(&buffer[..read]);
        self.count += read as u64;
        Ok(read)
    }
}

impl<T: Write, D: Digest> Write for Hashing<T, D> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.digest.update(&bytes[..written]);
        self.count += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Size and digests of a file, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Digests {
    pub(crate) size: u64,
    /// MD5
    pub(crate) md5: String,
    /// SHA-1
    pub(crate) sha1: String,
    /// SHA-256
    pub(crate) sha256: String,
}

impl Digests {
    pub(crate) fn of(source: impl Read) -> io::Result<Self> {
        let sha1 = Hashing { inner: sha256(source), digest: sha1::Sha1::new(), count: 0 };
        let mut all = md5(sha1);
        io::copy(&mut all, &mut io::sink())?;
        let (sha1, md5, size) = all.finish();
        let (sha256, sha1, _) = sha1.finish();
        Ok(Self { size, md5, sha1, sha256: sha256.finish().1 })
    }
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn digests_are_hexadecimal() {
        let mut stream = md5(b"abc".as_slice());
        io::copy(&mut stream, &mut io::sink()).unwrap();
        let (_, digest, count) = stream.finish();
        assert_eq!((digest.as_str(), count), ("900150983cd24fb0d6963f7d28e17f72", 3));
        let all = Digests::of(b"abc".as_slice()).unwrap();
        assert_eq!((all.size, all.md5.as_str()), (3, "900150983cd24fb0d6963f7d28e17f72"));
        assert_eq!(all.sha1, "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(all.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
