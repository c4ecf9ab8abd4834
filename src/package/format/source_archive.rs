//! Archives of sources as the tools of distributions take them: one folder, owned by root, everything of one time.

use std::io::{self, Read, Write};

use crate::archive::stream::{Compression, Compressor};
use crate::archive::tar_entry;
use crate::archive::tar_entry::Entry as Head;
use crate::package::input::payload::{Entry, EntryKind};

/// Writes the entries below the folder of this name; the same entries give the same bytes.
pub(crate) fn write(
    (folder, entries): (String, &[Entry]),
    date: u64,
    compression: Compression,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut tar = tar::Builder::new(Compressor::new(compression, io::BufWriter::new(out))?);
    for entry in entries {
        let path = if entry.path.is_empty() { folder.clone() } else { format!("{folder}/{}", entry.path) };
        let head = |kind, mode, size| Head { kind, name: path.as_bytes(), target: b"", mode, size, date };
        match &entry.kind {
            EntryKind::Folder => {
                let name = format!("{path}/");
                let head = Head { name: name.as_bytes(), ..head(tar::EntryType::Directory, 0o755, 0) };
                tar_entry::append(&mut tar, &head, io::empty())?;
            }
            EntryKind::Link(target) => {
                let head = Head { target: target.as_bytes(), ..head(tar::EntryType::Symlink, 0o777, 0) };
                tar_entry::append(&mut tar, &head, io::empty())?;
            }
            EntryKind::File(file) => {
                let head = head(tar::EntryType::Regular, file.mode(), file.size);
                let mut content = file.open()?.take(file.size);
                tar_entry::append(&mut tar, &head, &mut content)?;
                if content.limit() > 0 {
                    return Err(io::Error::other(format!("{path} became shorter while it was packaged")));
                }
            }
        }
    }
    tar.into_inner()?.finish()?.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::input::payload::File;

    #[test]
    fn everything_lies_in_one_folder() {
        let entry = |path: &str, kind| Entry { path: path.to_owned(), kind };
        let script = File { executable: true, ..File::of(b"#!/bin/sh\n".to_vec()) };
        let entries = [
            entry("", EntryKind::Folder),
            entry("a b", EntryKind::File(File::of(b"text".to_vec()))),
            entry("link", EntryKind::Link("a b".into())),
            entry("run", EntryKind::File(script)),
        ];
        let mut bytes = Vec::new();
        write(("foo-1".to_owned(), &entries), 7, Compression::Gzip, &mut bytes).unwrap();
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let described = |entry: io::Result<tar::Entry<_>>| {
            let entry = entry.unwrap();
            let head = entry.header();
            (entry.path().unwrap().display().to_string(), head.mode().unwrap(), head.mtime().unwrap())
        };
        let found: Vec<_> = archive.entries().unwrap().map(described).collect();
        let expected = [("foo-1/", 0o755), ("foo-1/a b", 0o644), ("foo-1/link", 0o777), ("foo-1/run", 0o755)];
        assert_eq!(found, expected.map(|(path, mode)| (path.to_owned(), mode, 7)));
    }
}
