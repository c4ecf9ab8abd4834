//! cpio, "new ASCII" format (cpio(5)), as RPM payloads have it: names start with `./`.

use std::io::{self, Read, Write};

use crate::package::description::contents::Placed;
use crate::package::input::payload::{EntryKind, File};
use crate::package::io::digest::sha256;

const FOLDER: u32 = 0o040_000;
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_000;

/// Writes one entry; gives the SHA-256 and the size of a regular file.
pub(crate) fn entry(out: &mut impl Write, entry: &Placed, number: u32, date: u64) -> io::Result<(String, Option<u32>)> {
    let name = format!(".{}", entry.path());
    let head = |mode, size| header(&name, number, mode, size, date);
    match entry.kind {
        EntryKind::Folder => out.write_all(&head(FOLDER | 0o755, 0))?,
        EntryKind::Link(target) => {
            out.write_all(&head(LINK | 0o777, narrow(target.len() as u64)?))?;
            out.write_all(target.as_bytes())?;
            pad(out, target.len() as u64)?;
        }
        EntryKind::File(file) => {
            let size = narrow(file.size)?;
            out.write_all(&head(FILE | file.mode(), size))?;
            let digest = content(out, &name, file)?;
            pad(out, file.size)?;
            return Ok((digest, Some(size)));
        }
    }
    Ok((String::new(), None))
}

/// The entry that ends an archive.
pub(crate) fn trailer(out: &mut impl Write) -> io::Result<()> {
    out.write_all(&header("TRAILER!!!", 0, 0, 0, 0))
}

fn header(name: &str, number: u32, mode: u32, size: u32, date: u64) -> Vec<u8> {
    let time = u32::try_from(date).unwrap_or(u32::MAX);
    let name_size = name.len() + 1;
    // inode, mode, uid, gid, links, time, size, device (2), special device (2), size of the name, checksum
    let fields = [number, mode, 0, 0, 1, time, size, 0, 0, 0, 0, u32::try_from(name_size).unwrap_or(u32::MAX), 0];
    let mut bytes = b"070701".to_vec();
    fields.iter().for_each(|field| bytes.extend(format!("{field:08x}").bytes()));
    bytes.extend(name.bytes());
    bytes.push(0);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn content(out: &mut impl Write, name: &str, file: &File) -> io::Result<String> {
    let mut source = sha256(file.open()?.take(file.size));
    let copied = io::copy(&mut source, out)?;
    if copied != file.size {
        return Err(io::Error::other(format!("{name} became shorter while it was packaged")));
    }
    let (_, digest, _) = source.finish();
    Ok(digest)
}

fn pad(out: &mut impl Write, size: u64) -> io::Result<()> {
    let missing = size.next_multiple_of(4) - size;
    out.write_all(&[0; 3][..usize::try_from(missing).unwrap_or_default()])
}

fn narrow(size: u64) -> io::Result<u32> {
    u32::try_from(size).map_err(|_| io::Error::other("a file of more than 4 GiB"))
}
