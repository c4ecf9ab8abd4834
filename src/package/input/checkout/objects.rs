//! Objects of a repository, loose or in packs (gitformat-pack(5)): only commits and tags, which are small texts.

use std::io::{BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Bytes of an object that is read.
const LIMIT: u64 = 1 << 20;
/// Objects that one is made from, one after the other. git makes chains of 50 itself, and reads those of 4095.
const CHAIN: usize = 4096;
/// Bytes at the beginning of a packed object that say what it is: a byte of its kind, a size, and what it is made from.
const HEAD: usize = 64;

/// An object as it is when nothing packs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) kind: Kind,
    pub(super) bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Commit,
    Tag,
    /// Trees and files, which nobody asks for here.
    Other,
}

/// The `objects` folder of a repository.
pub(super) struct Objects {
    folder: PathBuf,
}

impl Objects {
    pub(super) fn of(repository: &Path) -> Self {
        Self { folder: repository.join("objects") }
    }

    /// An object by its name in hexadecimal; None where it is not there, or damaged, or too large for a commit.
    pub(super) fn get(&self, id: &str) -> Option<Object> {
        self.loose(id).or_else(|| self.packed(&binary(id)?, CHAIN))
    }

    /// `KIND SIZE`, a zero, the bytes; all of it packed by zlib.
    fn loose(&self, id: &str) -> Option<Object> {
        let file = self.folder.join(id.get(..2)?).join(id.get(2..)?);
        let file = Some(file).filter(|file| file.is_file())?;
        let whole = inflated(fs_err::File::open(file).ok()?)?;
        let end = whole.iter().position(|byte| *byte == 0)?;
        let head = String::from_utf8_lossy(&whole[..end]);
        let kind = match head.split(' ').next()? {
            "commit" => Kind::Commit,
            "tag" => Kind::Tag,
            _ => Kind::Other,
        };
        Some(Object { kind, bytes: whole[end + 1..].to_vec() })
    }

    fn packed(&self, id: &[u8], chain: usize) -> Option<Object> {
        let mut indices: Vec<PathBuf> =
            fs_err::read_dir(self.folder.join("pack")).ok()?.flatten().map(|entry| entry.path()).collect();
        indices.retain(|path| path.extension().is_some_and(|end| end == "idx") && path.is_file());
        indices.sort();
        indices.iter().find_map(|index| {
            let offset = offset(&fs_err::File::open(index).ok()?, id)?;
            let pack = Some(index.with_extension("pack")).filter(|pack| pack.is_file())?;
            self.at(&fs_err::File::open(pack).ok()?, offset, id.len(), chain)
        })
    }

    /// The object that begins there in a pack.
    fn at(&self, pack: &fs_err::File, offset: u64, id_length: usize, chain: usize) -> Option<Object> {
        let chain = chain.checked_sub(1)?;
        let mut head = [0; HEAD];
        let read = pack.file().read_at(&mut head, offset).ok()?;
        let head = &head[..read];
        let size_end = head.iter().position(|byte| byte & 0x80 == 0)? + 1;
        let begin = |at: usize| offset.checked_add(at as u64);
        let base = match head[0] >> 4 & 7 {
            1 => return Some(Object { kind: Kind::Commit, bytes: content(pack, begin(size_end)?)? }),
            4 => return Some(Object { kind: Kind::Tag, bytes: content(pack, begin(size_end)?)? }),
            6 => {
                let (back, length) = distance(&head[size_end..])?;
                let base = self.at(pack, offset.checked_sub(back)?, id_length, chain)?;
                (base, size_end + length)
            }
            7 => {
                let id = head.get(size_end..size_end + id_length)?;
                (self.packed(id, chain)?, size_end + id_length)
            }
            _ => return None,
        };
        let (Object { kind, bytes }, length) = base;
        Some(Object { kind, bytes: changed(&bytes, &content(pack, begin(length)?)?)? })
    }
}

/// The bytes that hexadecimal digits stand for.
fn binary(id: &str) -> Option<Vec<u8>> {
    (0..id.len()).step_by(2).map(|at| u8::from_str_radix(id.get(at..at + 2)?, 16).ok()).collect()
}

fn content(pack: &fs_err::File, offset: u64) -> Option<Vec<u8>> {
    let mut file = pack.file();
    file.seek(SeekFrom::Start(offset)).ok()?;
    inflated(BufReader::new(file))
}

fn inflated(packed: impl Read) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    flate2::read::ZlibDecoder::new(packed).take(LIMIT + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= LIMIT).then_some(bytes)
}

/// Where in its pack an index of version 2 says that an object is.
fn offset(index: &fs_err::File, id: &[u8]) -> Option<u64> {
    let word = |at: u64| {
        let mut bytes = [0; 4];
        index.file().read_exact_at(&mut bytes, at).ok().map(|()| u32::from_be_bytes(bytes))
    };
    if word(0)? != 0xff74_4f63 || word(4)? != 2 {
        return None;
    }
    let names_begin = 8 + 256 * 4;
    let length = id.len() as u64;
    let fan = |byte: u8| word(8 + u64::from(byte) * 4).map(u64::from);
    let (mut low, mut high) = (id[0].checked_sub(1).map_or(Some(0), fan)?, fan(id[0])?);
    let all = fan(u8::MAX)?;
    let mut name = vec![0; id.len()];
    while low < high {
        let middle = low + (high - low) / 2;
        index.file().read_exact_at(&mut name, names_begin + middle * length).ok()?;
        match name.as_slice().cmp(id) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
            std::cmp::Ordering::Equal => {
                // After the names a checksum of each, then the offsets; those of more than 31 bits stand in a list behind.
                let offsets = names_begin + all * (length + 4);
                let short = word(offsets + middle * 4)?;
                if short & 0x8000_0000 == 0 {
                    return Some(u64::from(short));
                }
                let long = offsets + all * 4 + u64::from(short & 0x7fff_ffff) * 8;
                return Some(u64::from(word(long)?) << 32 | u64::from(word(long + 4)?));
            }
        }
    }
    None
}

/// How far before an object that is made from another one lies, and how many bytes say so.
fn distance(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut back = u64::from(bytes.first()? & 0x7f);
    let mut at = 0;
    while bytes[at] & 0x80 != 0 {
        at += 1;
        back = back.checked_add(1)?.checked_mul(128)? + u64::from(bytes.get(at)? & 0x7f);
    }
    Some((back, at + 1))
}

/// What changes make of an object: pieces of it, and new bytes.
fn changed(base: &[u8], changes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = changes;
    let mut next = || {
        let (first, after) = rest.split_first()?;
        rest = after;
        Some(*first)
    };
    // The sizes of both.
    for _ in 0..2 {
        while next()? & 0x80 != 0 {}
    }
    let mut made = Vec::new();
    while let Some(order) = next() {
        if order & 0x80 == 0 {
            if order == 0 {
                return None;
            }
            for _ in 0..order {
                made.push(next()?);
            }
            continue;
        }
        // A bit for each byte of a place (four) and a length (three) that is not zero.
        let mut number = |bits: u8, count: u8| {
            let mut value = 0usize;
            for at in 0..count {
                if bits >> at & 1 == 1 {
                    value |= usize::from(next()?) << (8 * at);
                }
            }
            Some(value)
        };
        let (from, length) = (number(order & 0xf, 4)?, number(order >> 4 & 7, 3)?);
        let length = if length == 0 { 0x10000 } else { length };
        made.extend_from_slice(base.get(from..from.checked_add(length)?)?);
        if made.len() as u64 > LIMIT {
            return None;
        }
    }
    Some(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_pieces_of_what_was_and_new_bytes() {
        let base = b"tree 1\nparent 2\n";
        // Sizes 16 and 9; six bytes from the beginning, then three new ones.
        assert_eq!(changed(base, &[16, 9, 0x90, 6, 3, b'a', b'b', b'c']).unwrap(), b"tree 1abc");
        // From the seventh byte on.
        assert_eq!(changed(base, &[16, 9, 0x91, 7, 9]).unwrap(), b"parent 2\n");
        for damaged in [&[16][..], &[16, 9, 0], &[16, 9, 5, b'a'], &[16, 9, 0x91, 12, 9], &[16, 9, 0x91]] {
            assert_eq!(changed(base, damaged), None, "{damaged:?}");
        }
    }

    #[test]
    fn distances_are_read_as_git_writes_them() {
        assert_eq!(distance(&[5]), Some((5, 1)));
        assert_eq!(distance(&[0x80, 0]), Some((128, 2)));
        assert_eq!(distance(&[0x81, 0x7f, 9]), Some((2 * 128 + 127, 2)));
        assert_eq!((distance(&[]), distance(&[0x80]), distance(&[0xff; 20])), (None, None, None));
    }
}
