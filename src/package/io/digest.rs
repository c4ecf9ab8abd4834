//! Streams that count and hash what passes. Nothing here holds a whole file.

use std::io::{self, Read, Write};

use md5::Md5;
use sha2::{Digest, Sha256, Sha512};

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

/// SHA-512 in hexadecimal, as Alpine wants it.
pub(crate) fn sha512(source: impl Read) -> io::Result<String> {
    let mut stream = Hashing { inner: source, digest: Sha512::new(), count: 0 };
    io::copy(&mut stream, &mut io::sink())?;
    Ok(stream.finish().1)
}

#[cfg(test)]
mod tests {
    use super::*;

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
