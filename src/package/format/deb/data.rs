//! data.tar: the source below /usr/src and the documents below /usr/share/doc.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};

use crate::archive::stream::Compressor;
use crate::archive::tar_entry as entry;
use crate::archive::tar_entry::Entry;
use crate::package::Writing;
use crate::package::description::contents::contents;
use crate::package::description::extra::Role;
use crate::package::description::info::PackageInfo;
use crate::package::format::deb::documents;
use crate::package::input::payload::{EntryKind, File, Payload};
use crate::package::io::digest::md5;

/// What control.tar has to know of the files.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// Lines of the md5sums file.
    pub(crate) md5sums: String,
    /// Installed-Size in KiB, counted as dpkg-gencontrol(1) does: files rounded up, one for everything else.
    pub(crate) installed_size: u64,
    /// Lines of the conffiles file.
    pub(crate) conffiles: String,
}

/// Streams data.tar, compressed, into the scratch file.
pub(crate) fn write(
    info: &PackageInfo,
    payload: &Payload,
    writing: Writing<'_>,
    scratch: &mut std::fs::File,
) -> io::Result<Listing> {
    let compressor = Compressor::new(writing.compression, io::BufWriter::new(scratch))?;
    let mut data = Data {
        tar: tar::Builder::new(compressor),
        date: info.date,
        folders: BTreeSet::new(),
        listing: Listing::default(),
    };
    for (path, file) in documents::all(info)? {
        data.file(&format!("usr/share/{path}"), &file)?;
    }
    let mut done = 0;
    for entry in contents(info, payload) {
        let path = entry.path();
        let below = path.trim_start_matches('/');
        match entry.kind {
            EntryKind::Folder => data.folder(below)?,
            EntryKind::File(file) => data.file(below, file)?,
            EntryKind::Link(target) => data.link(below, target)?,
        }
        if let EntryKind::File(file) = entry.kind {
            done += file.size;
            (writing.progress)(done);
        }
        if entry.role == Role::Config {
            data.listing.conffiles += &format!("{path}\n");
        }
    }
    data.tar.into_inner()?.finish()?.flush()?;
    Ok(data.listing)
}

struct Data<W: Write> {
    tar: tar::Builder<W>,
    date: u64,
    folders: BTreeSet<String>,
    listing: Listing,
}

impl<W: Write> Data<W> {
    /// The folder and those above it, each once.
    fn folder(&mut self, path: &str) -> io::Result<()> {
        if self.folders.contains(path) {
            return Ok(());
        }
        match path.rsplit_once('/') {
            Some((above, _)) => self.folder(above)?,
            None if !path.is_empty() => self.folder("")?,
            None => {}
        }
        self.folders.insert(path.to_owned());
        self.listing.installed_size += 1;
        let name = if path.is_empty() { "./".to_owned() } else { format!("./{path}/") };
        let (kind, date) = (tar::EntryType::Directory, self.date);
        let entry = Entry { kind, name: name.as_bytes(), target: b"", mode: 0o755, size: 0, date };
        entry::append(&mut self.tar, &entry, io::empty())
    }

    fn file(&mut self, path: &str, file: &File) -> io::Result<()> {
        self.parents(path)?;
        let (kind, name, date) = (tar::EntryType::Regular, format!("./{path}"), self.date);
        let entry = Entry { kind, name: name.as_bytes(), target: b"", mode: file.mode(), size: file.size, date };
        let mut source = md5(file.open()?.take(file.size));
        entry::append(&mut self.tar, &entry, &mut source)?;
        let (_, digest, count) = source.finish();
        if count != file.size {
            return Err(io::Error::other(format!("{path} became shorter while it was packaged")));
        }
        self.listing.md5sums += &format!("{digest}  {path}\n");
        self.listing.installed_size += file.size.div_ceil(1024);
        Ok(())
    }

    fn link(&mut self, path: &str, target: &str) -> io::Result<()> {
        self.parents(path)?;
        self.listing.installed_size += 1;
        let (kind, name, date) = (tar::EntryType::Symlink, format!("./{path}"), self.date);
        let (name, target) = (name.as_bytes(), target.as_bytes());
        entry::append(&mut self.tar, &Entry { kind, name, target, mode: 0o777, size: 0, date }, io::empty())
    }

    fn parents(&mut self, path: &str) -> io::Result<()> {
        path.rsplit_once('/').map_or(Ok(()), |(above, _)| self.folder(above))
    }
}
