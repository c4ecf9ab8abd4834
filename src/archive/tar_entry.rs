//! Entries of the tar archives that we write, as dpkg-deb writes its own: GNU format, names that start with `./`, nothing of
//! the machine that wrote them.

use std::io::{self, Read, Write};

/// What an entry is, besides its name and bytes.
pub(crate) struct Entry<'a> {
    /// File, folder or symbolic link.
    pub(crate) kind: tar::EntryType,
    /// With `./` before it.
    pub(crate) name: &'a [u8],
    /// Of a symbolic link; else empty.
    pub(crate) target: &'a [u8],
    pub(crate) mode: u32,
    pub(crate) size: u64,
    /// Seconds since 1970.
    pub(crate) date: u64,
}

/// Appends one entry. The tar crate's own way would drop the `./`.
pub(crate) fn append(tar: &mut tar::Builder<impl Write>, entry: &Entry, data: impl Read) -> io::Result<()> {
    let mut header = header(entry.kind, entry.mode, entry.size, entry.date);
    if !put(&mut header.as_old_mut().name, entry.name) {
        long(tar, tar::EntryType::GNULongName, entry.name)?;
    }
    if !put(&mut header.as_old_mut().linkname, entry.target) {
        long(tar, tar::EntryType::GNULongLink, entry.target)?;
    }
    header.set_cksum();
    tar.append(&header, data)
}

fn header(kind: tar::EntryType, mode: u32, size: u64, date: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(date);
    header.set_uid(0);
    header.set_gid(0);
    if let Some(gnu) = header.as_gnu_mut() {
        gnu.uname[..4].copy_from_slice(b"root");
        gnu.gname[..4].copy_from_slice(b"root");
    }
    header
}

/// Puts a text into a field of the header, cut where it is too long; says whether it fitted.
fn put(field: &mut [u8; 100], text: &[u8]) -> bool {
    let length = text.len().min(field.len());
    field.fill(0);
    field[..length].copy_from_slice(&text[..length]);
    text.len() <= field.len()
}

/// GNU's entry before an entry that holds a long name (tar(5), "GNU tar Archives").
fn long(tar: &mut tar::Builder<impl Write>, kind: tar::EntryType, text: &[u8]) -> io::Result<()> {
    let bytes = [text, b"\0"].concat();
    let mut header = header(kind, 0o644, bytes.len() as u64, 0);
    put(&mut header.as_old_mut().name, b"././@LongLink");
    header.set_cksum();
    tar.append(&header, bytes.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_length_come_back() {
        for length in [1, 98, 100, 101, 300] {
            let (name, target) = (format!("./{}", "n".repeat(length)), "t".repeat(length));
            let mut tar = tar::Builder::new(Vec::new());
            let kind = tar::EntryType::Symlink;
            let (name, target) = (name.as_bytes(), target.as_bytes());
            let entry = Entry { kind, name, target, mode: 0o777, size: 0, date: 1 };
            append(&mut tar, &entry, io::empty()).unwrap();
            let bytes = tar.into_inner().unwrap();
            let mut archive = tar::Archive::new(bytes.as_slice());
            let found = archive.entries().unwrap().next().unwrap().unwrap();
            assert_eq!(&*found.path_bytes(), name);
            assert_eq!(&*found.link_name_bytes().unwrap(), target);
        }
    }
}
