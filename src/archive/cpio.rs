//! The entries of a cpio stream, "new ASCII" format (cpio(5)), as RPM payloads have it; or,
//! from version 6 on, with the numbers of files that are listed elsewhere.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::archive::error::{ArchiveError, Refusal, fault};
use crate::archive::limits::Limits;
use crate::archive::member::{Content, Member, Taker};
use crate::archive::rpm::Listed;

const MAGIC: &[u8] = b"070701";
/// An entry that is no more than a number: this, eight digits, and two bytes to the next multiple of four.
const STRIPPED: &[u8] = b"07070X";
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
    size: u64,
}

/// Reads the stream to its last entry and hands every one over. Of files with several names the last has the bytes.
pub(super) fn read(stream: &mut dyn Read, listed: &[Listed], taker: &mut dyn Taker) -> Result<(), ArchiveError> {
    let mut waiting: BTreeMap<u32, Vec<Member>> = BTreeMap::new();
    let mut last = None;
    loop {
        let (head, name) = head(stream, listed, &last)?;
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
    skip(stream, padding(size)).map_err(broken)
}

fn member(head: &Head, name: PathBuf, stream: &mut dyn Read) -> Result<Option<Member>, ArchiveError> {
    let entry = name.to_string_lossy().into_owned();
    let content = match head.mode & KIND {
        FOLDER => Content::Folder,
        FILE => Content::File(head.size),
        LINK => Content::Link(text(stream, head.size, 0).map_err(|error| fault(Some(entry), &error))?),
        // Devices and their like are nothing that is built from.
        _ => {
            skip(stream, head.size.saturating_add(padding(head.size))).map_err(|error| fault(Some(entry), &error))?;
            return Ok(None);
        }
    };
    Ok(Some(Member { name, mode: head.mode & 0o7777, time: head.time.into(), content }))
}

fn head(stream: &mut dyn Read, listed: &[Listed], last: &Option<String>) -> Result<(Head, PathBuf), ArchiveError> {
    let damaged = |error: io::Error| fault(last.clone(), &error);
    let refused = || ArchiveError::Refused {
        entry: last.clone().unwrap_or_else(|| "the first one".to_owned()),
        reason: Refusal::Format("what follows is no entry of cpio's new format"),
    };
    let mut bytes = [0; HEAD];
    let (magic, rest) = bytes.split_at_mut(MAGIC.len());
    stream.read_exact(magic).map_err(damaged)?;
    if magic == STRIPPED {
        let rest = &mut rest[..10];
        stream.read_exact(rest).map_err(damaged)?;
        let number = digits(&rest[..8]).and_then(|number| usize::try_from(number).ok());
        let Listed { name, mode, time, size, inode, links } =
            number.and_then(|number| listed.get(number)).ok_or_else(refused)?;
        return Ok((Head { inode: *inode, mode: *mode, links: *links, time: *time, size: *size }, name.clone()));
    }
    if magic != MAGIC {
        return Err(refused());
    }
    stream.read_exact(rest).map_err(damaged)?;
    let number = |at: usize| digits(rest.get(8 * at..8 * at + 8)?);
    let found = || {
        let (inode, mode, links, size) = (number(0)?, number(1)?, number(4)?, number(6)?.into());
        Some((Head { inode, mode, links, time: number(5)?, size }, number(11)?))
    };
    let (head, length) = found().ok_or_else(refused)?;
    let name = text(stream, length.into(), HEAD).map_err(damaged)?;
    Ok((head, name))
}

fn digits(bytes: &[u8]) -> Option<u32> {
    u32::from_str_radix(std::str::from_utf8(bytes).ok()?, 16).ok()
}

/// A name or target of so many bytes, with what fills it up to a multiple of four behind `before` bytes.
fn text(stream: &mut dyn Read, length: u64, before: usize) -> io::Result<PathBuf> {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > Limits::default().path + 1 {
        return Err(io::Error::other("a name of more than 1024 bytes"));
    }
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes)?;
    skip(stream, padding((before + length) as u64))?;
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    Ok(PathBuf::from(OsStr::from_bytes(&bytes[..end])))
}

/// Bytes up to the next multiple of four.
fn padding(bytes: u64) -> u64 {
    (4 - bytes % 4) % 4
}

fn skip(stream: &mut dyn Read, bytes: u64) -> io::Result<()> {
    let skipped = io::copy(&mut stream.take(bytes), &mut io::sink())?;
    if skipped == bytes { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::rpm::tests::sample;

    struct Taken(Vec<String>);

    impl Taker for Taken {
        fn limits(&self) -> Limits {
            Limits::default()
        }

        fn put(&mut self, member: &Member, data: &mut dyn Read) -> Result<(), ArchiveError> {
            let mut text = String::new();
            data.read_to_string(&mut text).map_err(ArchiveError::Read)?;
            self.0.push(format!("{} {:?} {text}", member.name.display(), member.content));
            Ok(())
        }
    }

    #[test]
    fn files_that_are_told_by_their_number_have_what_the_list_says_of_them() {
        let end = format!("07070100000000{}{}00000000TRAILER!!!\0\0\0\0", "0".repeat(80), "0000000b");
        let stream = |entries: &str| format!("{entries}{end}");
        let whole = stream("07070X00000000\x00\x0007070X00000001\0\0hi\x00\x0007070X00000002\0\0a\0\0\0");
        let mut taken = Taken(Vec::new());
        read(&mut whole.as_bytes(), &sample(), &mut taken).unwrap();
        assert_eq!(taken.0, ["usr/src/b File(2) hi", "usr/src/a HardLink(\"usr/src/b\") ", "usr/src/l Link(\"a\") "]);
        for broken in ["07070X00000003\0\0", "07070X0000zz00\0\0", "07070Y00000000\0\0", "07070X000"] {
            read(&mut stream(broken).as_bytes(), &sample(), &mut Taken(Vec::new())).unwrap_err();
        }
        read(&mut whole.as_bytes(), &[], &mut Taken(Vec::new())).unwrap_err();
    }
}
