//! Archives as mktarball writes them, streamed: the same content gives the same bytes, wherever and whenever it is packed.
//!
//! Names begin with `./`, as the shell original expects them; owners are root, modes 0644 or 0755, times those of the files.

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use fs_err as fs;
use tar::EntryType;

use crate::archive::stream;
use crate::archive::stream::Compressor;
use crate::archive::tar_entry;
use crate::archive::tar_entry::Entry;
use crate::sys::fs::at;

/// The outer layer of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    Plain,
    /// gzip(1)
    Gzip,
    /// bzip2(1)
    Bzip2,
    /// xz(1)
    Xz,
    /// zstd(1)
    Zstd,
}

impl Compression {
    /// What the suffix of a file name asks for; a name without a known one stays plain.
    pub(crate) fn of_name(file: &Path) -> Self {
        match file.extension().and_then(|suffix| suffix.to_str()) {
            Some("gz" | "tgz") => Self::Gzip,
            Some("bz2" | "tbz" | "tbz2") => Self::Bzip2,
            Some("xz" | "txz") => Self::Xz,
            Some("zst" | "tzst") => Self::Zstd,
            _ => Self::Plain,
        }
    }
}

/// Something that goes into an archive under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A folder without anything in it; the archive names it before what other pieces put there.
    Folder,
    /// This folder with all it holds.
    Tree(PathBuf),
    File(PathBuf),
    /// A file with this text.
    Text(String),
}

/// When the entries were changed, in seconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    /// For folders and for files that are made for the archive.
    pub(crate) own: u64,
    /// No file is younger than this (`SOURCE_DATE_EPOCH`).
    pub(crate) latest: Option<u64>,
}

/// Bytes of all files in these pieces.
pub(crate) fn size(pieces: &[(PathBuf, Piece)]) -> io::Result<u64> {
    let mut total = 0;
    for (_, piece) in pieces {
        total += match piece {
            Piece::Folder | Piece::Text(_) => 0,
            Piece::Tree(from) => tree_size(from)?,
            Piece::File(from) => fs::metadata(from)?.len(),
        };
    }
    Ok(total)
}

fn tree_size(folder: &Path) -> io::Result<u64> {
    let mut total = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let meta = fs::symlink_metadata(entry.path())?;
        total += match meta.is_dir() {
            true => tree_size(&entry.path())?,
            false if meta.is_file() => meta.len(),
            false => 0,
        };
    }
    Ok(total)
}

/// Writes an archive of these pieces, in this order; `tell` hears how many bytes of files are in it so far.
///
/// # Errors
///
/// What cannot be read or written; devices, pipes and sockets, which have no place in an archive of sources.
pub(crate) fn write(
    file: &mut std::fs::File,
    compression: Compression,
    pieces: &[(PathBuf, Piece)],
    times: Times,
    tell: &dyn Fn(u64),
) -> io::Result<()> {
    let mut packer = Packer { tar: tar::Builder::new(Sink::new(file, compression)?), times, done: 0, tell };
    packer.folder(Path::new(""))?;
    for (name, piece) in pieces {
        match piece {
            Piece::Folder => packer.folder(name)?,
            Piece::Tree(from) => packer.tree(name, from)?,
            Piece::File(from) => packer.file(name, from)?,
            Piece::Text(text) => packer.text(name, text)?,
        }
    }
    packer.tar.into_inner()?.finish()
}

struct Packer<'f> {
    tar: tar::Builder<Sink<'f>>,
    times: Times,
    /// Bytes of files so far.
    done: u64,
    tell: &'f dyn Fn(u64),
}

impl Packer<'_> {
    fn folder(&mut self, name: &Path) -> io::Result<()> {
        let mut name = dotted(name);
        if name.last() != Some(&b'/') {
            name.push(b'/');
        }
        let (kind, date) = (EntryType::Directory, self.date(self.times.own));
        let entry = Entry { kind, name: &name, target: b"", mode: 0o755, size: 0, date };
        tar_entry::append(&mut self.tar, &entry, io::empty())
    }

    fn text(&mut self, name: &Path, text: &str) -> io::Result<()> {
        let (kind, date) = (EntryType::Regular, self.date(self.times.own));
        let entry = Entry { kind, name: &dotted(name), target: b"", mode: 0o644, size: text.len() as u64, date };
        tar_entry::append(&mut self.tar, &entry, text.as_bytes())
    }

    fn tree(&mut self, name: &Path, from: &Path) -> io::Result<()> {
        self.folder(name)?;
        let mut names =
            fs::read_dir(from)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<OsString>>>()?;
        names.sort();
        for entry in names {
            let (name, from) = (name.join(&entry), from.join(&entry));
            let kind = fs::symlink_metadata(&from)?.file_type();
            if kind.is_dir() {
                self.tree(&name, &from)?;
            } else if kind.is_symlink() {
                self.link(&name, &from)?;
            } else if kind.is_file() {
                self.file(&name, &from)?;
            } else {
                let reason = "it is neither a file nor a folder nor a symlink";
                return Err(at(&from, "pack", io::Error::new(io::ErrorKind::Unsupported, reason)));
            }
        }
        Ok(())
    }

    fn file(&mut self, name: &Path, from: &Path) -> io::Result<()> {
        let file = fs::File::open(from)?;
        let meta = file.metadata()?;
        let mode = if meta.permissions().mode() & 0o111 == 0 { 0o644 } else { 0o755 };
        let time = meta.modified()?.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let (kind, size, date) = (EntryType::Regular, meta.len(), self.date(time));
        let entry = Entry { kind, name: &dotted(name), target: b"", mode, size, date };
        tar_entry::append(&mut self.tar, &entry, Exactly { file, left: size })?;
        self.done += meta.len();
        (self.tell)(self.done);
        Ok(())
    }

    fn link(&mut self, name: &Path, from: &Path) -> io::Result<()> {
        let target = fs::read_link(from)?;
        let (kind, target, date) = (EntryType::Symlink, target.as_os_str().as_bytes(), self.date(self.times.own));
        let entry = Entry { kind, name: &dotted(name), target, mode: 0o777, size: 0, date };
        tar_entry::append(&mut self.tar, &entry, io::empty())
    }

    fn date(&self, time: u64) -> u64 {
        self.times.latest.map_or(time, |latest| time.min(latest))
    }
}

/// The name with `./` before it.
fn dotted(name: &Path) -> Vec<u8> {
    [b"./", name.as_os_str().as_bytes()].concat()
}

/// A file that gives as many bytes as its header says, or an error: one that shrinks or grows meanwhile would damage the
/// archive.
struct Exactly {
    file: fs::File,
    left: u64,
}

impl io::Read for Exactly {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let want = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.file.read(&mut buffer[..want])?;
        self.left -= read as u64;
        if read == 0 && want > 0 {
            let reason = io::Error::new(io::ErrorKind::UnexpectedEof, "it became shorter meanwhile");
            return Err(at(self.file.path(), "pack", reason));
        }
        Ok(read)
    }
}

type File<'f> = io::BufWriter<&'f mut std::fs::File>;

/// The compressor. What it is told does not depend on the machine: no time, no name, one thread.
enum Sink<'f> {
    Plain(File<'f>),
    Bzip2(bzip2::write::BzEncoder<File<'f>>),
    Usual(Compressor<File<'f>>),
}

impl<'f> Sink<'f> {
    fn new(file: &'f mut std::fs::File, compression: Compression) -> io::Result<Self> {
        let file = io::BufWriter::with_capacity(128 << 10, file);
        let usual = |compression, file| Compressor::new(compression, file).map(Self::Usual);
        match compression {
            Compression::Plain => Ok(Self::Plain(file)),
            Compression::Bzip2 => Ok(Self::Bzip2(bzip2::write::BzEncoder::new(file, bzip2::Compression::best()))),
            Compression::Gzip => usual(stream::Compression::Gzip, file),
            Compression::Xz => usual(stream::Compression::Xz, file),
            Compression::Zstd => usual(stream::Compression::Zstd, file),
        }
    }

    fn finish(self) -> io::Result<()> {
        let mut file = match self {
            Self::Plain(file) => file,
            Self::Bzip2(encoder) => encoder.finish()?,
            Self::Usual(encoder) => encoder.finish()?,
        };
        file.flush()
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Plain(file) => file,
            Self::Bzip2(encoder) => encoder,
            Self::Usual(encoder) => encoder,
        }
    }
}

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::limits::Limits;
    use crate::archive::unpack;

    const TIMES: Times = Times { own: 1_600_000_000, latest: None };

    fn source() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let deep = "a-folder-with-a-long-name".repeat(3);
        fs::create_dir_all(folder.path().join(&deep)).unwrap();
        fs::write(folder.path().join("Makefile"), "all:\n").unwrap();
        fs::write(folder.path().join(&deep).join("b".repeat(90)), "deep").unwrap();
        fs::write(folder.path().join("run.sh"), "#!/bin/sh\n").unwrap();
        fs::set_permissions(folder.path().join("run.sh"), std::fs::Permissions::from_mode(0o700)).unwrap();
        fs_err::os::unix::fs::symlink(format!("{deep}/{}", "b".repeat(90)), folder.path().join("link")).unwrap();
        folder
    }

    fn pack(source: &Path, compression: Compression, times: Times) -> (tempfile::TempDir, PathBuf) {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("archive");
        let pieces = [
            ("source".into(), Piece::Tree(source.to_path_buf())),
            ("empty".into(), Piece::Folder),
            ("empty/NAME".into(), Piece::Text("foo\n".into())),
        ];
        write(&mut std::fs::File::create(&file).unwrap(), compression, &pieces, times, &|_| {}).unwrap();
        (place, file)
    }

    #[test]
    fn what_is_packed_comes_out_again_with_every_compression() {
        let source = source();
        for compression in
            [Compression::Plain, Compression::Gzip, Compression::Bzip2, Compression::Xz, Compression::Zstd]
        {
            let (_place, file) = pack(source.path(), compression, TIMES);
            let out = tempfile::tempdir().unwrap();
            unpack::unpack(&file, out.path(), &Limits::default()).unwrap();
            let read = |name: &str| fs::read_to_string(out.path().join(name)).unwrap();
            assert_eq!((read("source/link"), read("empty/NAME")), ("deep".into(), "foo\n".into()), "{compression:?}");
            let mode = fs::metadata(out.path().join("source/run.sh")).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o755, "{compression:?}");
            let before = crate::sys::fingerprint::of_folder(source.path()).unwrap();
            assert_eq!(crate::sys::fingerprint::of_folder(&out.path().join("source")).unwrap(), before);
        }
    }

    #[test]
    fn copies_of_a_source_give_the_same_bytes() {
        let one = source();
        let other = tempfile::tempdir().unwrap();
        crate::sys::copy::copy_tree(one.path(), other.path()).unwrap();
        let bytes = |source: &Path| {
            let (_place, file) = pack(source, Compression::Gzip, TIMES);
            fs::read(file).unwrap()
        };
        let first = bytes(one.path());
        assert_eq!(bytes(other.path()), first);
        fs::write(other.path().join("Makefile"), "other:\n").unwrap();
        assert_ne!(bytes(other.path()), first);
    }

    #[test]
    fn names_begin_at_the_point_and_nothing_is_younger_than_it_may_be() {
        let source = source();
        let (_place, file) = pack(source.path(), Compression::Plain, Times { latest: Some(1_500_000_000), ..TIMES });
        let mut archive = tar::Archive::new(std::fs::File::open(file).unwrap());
        for entry in archive.entries().unwrap() {
            let entry = entry.unwrap();
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            assert!(name.starts_with("./"), "{name}");
            assert!(entry.header().mtime().unwrap() <= 1_500_000_000, "{name}");
            assert_eq!(entry.header().uid().unwrap(), 0, "{name}");
        }
    }

    #[test]
    fn a_suffix_names_the_compression() {
        for (name, expected) in [
            ("a.dkms.tar.gz", Compression::Gzip),
            ("a.tgz", Compression::Gzip),
            ("a.tar.bz2", Compression::Bzip2),
            ("a.tar.xz", Compression::Xz),
            ("a.tar.zst", Compression::Zstd),
            ("a.tar", Compression::Plain),
            ("a", Compression::Plain),
        ] {
            assert_eq!(Compression::of_name(Path::new(name)), expected, "{name}");
        }
    }

    #[test]
    fn a_socket_in_a_source_is_an_error_that_names_it() {
        let source = tempfile::tempdir().unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(source.path().join("sock")).unwrap();
        let mut file = tempfile::tempfile().unwrap();
        let pieces = [("source".into(), Piece::Tree(source.path().to_path_buf()))];
        let error = write(&mut file, Compression::Plain, &pieces, TIMES, &|_| {}).unwrap_err();
        assert!(error.to_string().contains("sock"), "{error}");
    }
}
