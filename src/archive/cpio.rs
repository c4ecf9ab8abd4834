//! The entries of a cpio stream, "new ASCII" format (cpio(5)), as RPM payloads have it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::archive::error::{ArchiveError, Refusal, fault};
use crate::archive::limits::Limits;
use crate::archive::member::{Content, Member, Taker};

const MAGIC: &[u8] = b"070701";
const HEAD: usize = 110;
const TRAILER: &str = "TRAILER!!!";

/// Kinds of files in a mode (inode(7)).
const KIND: u32 = 0o170_000;
const FOLDER: u32 = 0o040_000;
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_000;

/// What stands before an entry's bytes.
struct Head {
    inode: u32,
    mode: u32,
    links: u32,
    time: u32,
    size: u32,
    name: u32,
}

/// Reads the stream to its last entry and hands every one over. Of files with several names the last has the bytes.
pub(crate) fn read(stream: &mut dyn Read, taker: &mut dyn Taker) -> Result<(), ArchiveError> {
    let mut waiting: BTreeMap<u32, Vec<Member>> = BTreeMap::new();
    let mut last = None;
    loop {
        let damaged = |error: io::Error| fault(last.clone(), &error);
        let head = head(stream, &last)?;
        let name = text(stream, head.name, HEAD).map_err(damaged)?;
        let entry = name.to_string_lossy().into_owned();
        if entry == TRAILER {
            return Ok(());
        }
        last = Some(entry);
        let Some(member) = member(&head, name, stream)? else { continue };
        if matches!(member.content, Content::File(0)) && head.links > 1 {
            waiting.entry(head.inode).or_default().push(member);
            continue;
        }
        take(stream, taker, &member)?;
        for other in waiting.remove(&head.inode).unwrap_or_default() {
            taker.put(&Member { content: Content::HardLink(member.name.clone()), ..other }, &mut io::empty())?;
        }
    }
}

fn take(stream: &mut dyn Read, taker: &mut dyn Taker, member: &Member) -> Result<(), ArchiveError> {
    let Content::File(size) = member.content else { return taker.put(member, &mut io::empty()) };
    let broken = |error: io::Error| fault(Some(member.name.to_string_lossy().into_owned()), &error);
    let mut data = (&mut *stream).take(size);
    taker.put(member, &mut data)?;
    // Whoever does not want a file does not read it.
    io::copy(&mut data, &mut io::sink()).map_err(broken)?;
    skip(stream, padding(usize::try_from(size % 4).unwrap_or_default())).map_err(broken)
}

fn member(head: &Head, name: PathBuf, stream: &mut dyn Read) -> Result<Option<Member>, ArchiveError> {
    let entry = name.to_string_lossy().into_owned();
    let content = match head.mode & KIND {
        FOLDER => Content::Folder,
        FILE => Content::File(head.size.into()),
        LINK => Content::Link(text(stream, head.size, 0).map_err(|error| fault(Some(entry), &error))?),
        // Devices and their like are nothing that is built from.
        _ => {
            skip(stream, head.size as usize + padding(head.size as usize % 4))
                .map_err(|error| fault(Some(entry), &error))?;
            return Ok(None);
        }
    };
    Ok(Some(Member { name, mode: head.mode & 0o7777, time: head.time.into(), content }))
}

fn head(stream: &mut dyn Read, last: &Option<String>) -> Result<Head, ArchiveError> {
    let mut bytes = [0; HEAD];
    stream.read_exact(&mut bytes).map_err(|error| fault(last.clone(), &error))?;
    let number = |at: usize| {
        let digits = bytes.get(6 + 8 * at..14 + 8 * at).and_then(|digits| std::str::from_utf8(digits).ok());
        digits.and_then(|digits| u32::from_str_radix(digits, 16).ok())
    };
    let found = || {
        let (inode, mode, links) = (number(0)?, number(1)?, number(4)?);
        Some(Head { inode, mode, links, time: number(5)?, size: number(6)?, name: number(11)? })
    };
    found().filter(|_| bytes.starts_with(MAGIC)).ok_or_else(|| ArchiveError::Refused {
        entry: last.clone().unwrap_or_else(|| "the first one".to_owned()),
        reason: Refusal::Format("what follows is no entry of cpio's new format"),
    })
}

/// A name or target of so many bytes, with what fills it up to a multiple of four behind `before` bytes.
fn text(stream: &mut dyn Read, length: u32, before: usize) -> io::Result<PathBuf> {
    let length = length as usize;
    if length > Limits::default().path + 1 {
        return Err(io::Error::other("a name of more than 1024 bytes"));
    }
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes)?;
    skip(stream, padding((before + length) % 4))?;
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    Ok(PathBuf::from(OsStr::from_bytes(&bytes[..end])))
}

fn padding(rest: usize) -> usize {
    (4 - rest) % 4
}

fn skip(stream: &mut dyn Read, bytes: usize) -> io::Result<()> {
    let skipped = io::copy(&mut stream.take(bytes as u64), &mut io::sink())?;
    if skipped == bytes as u64 { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}
