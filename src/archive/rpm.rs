//! The files that the header of an RPM package lists. The payload of version 6 names them by their numbers there, and tells
//! nothing else of them (rpm.org, "RPM V6 Package format").

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A file of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) name: PathBuf,
    pub(super) mode: u32,
    pub(super) time: u32,
    /// Bytes that the payload has of it.
    pub(super) size: u64,
    pub(super) inode: u32,
    /// Names that the file has in this package.
    pub(super) links: u32,
}

/// Tags (rpm.org, "RPM tags").
const SIZES: u32 = 1028;
const LONG_SIZES: u32 = 5008;
const MODES: u32 = 1030;
const TIMES: u32 = 1034;
const INODES: u32 = 1096;
const FOLDER_OF: u32 = 1116;
const NAMES: u32 = 1117;
const FOLDERS: u32 = 1118;

/// An entry of a header's index: tag, type, place and count.
const ENTRY: usize = 16;

/// All files that this header lists; none where something of the list is missing or cannot be. `header` is what follows its
/// first 16 bytes, of which the index has so many entries.
pub(super) fn files(header: &[u8], entries: usize) -> Vec<Listed> {
    let Some((index, store)) = entries.checked_mul(ENTRY).and_then(|end| header.split_at_checked(end)) else {
        return Vec::new();
    };
    listed(&Header { index, store }).unwrap_or_default()
}

fn listed(header: &Header<'_>) -> Option<Vec<Listed>> {
    let (names, folders) = (header.texts(NAMES)?, header.texts(FOLDERS)?);
    let (folder_of, modes) = (header.numbers(FOLDER_OF)?, header.numbers(MODES)?);
    let sizes = header.numbers(LONG_SIZES).or_else(|| header.numbers(SIZES))?;
    let (times, inodes) = (header.numbers(TIMES)?, header.numbers(INODES)?);
    let mut of_inode: BTreeMap<u64, (u32, usize)> = BTreeMap::new();
    for (at, inode) in inodes.iter().enumerate() {
        let (links, last) = of_inode.entry(*inode).or_default();
        (*links, *last) = (*links + 1, at);
    }
    let file = |(at, name): (usize, &&OsStr)| {
        let folder = folders.get(usize::try_from(*folder_of.get(at)?).ok()?)?;
        let inode = *inodes.get(at)?;
        let (links, last) = *of_inode.get(&inode)?;
        Some(Listed {
            name: Path::new(folder).join(name).strip_prefix("/").ok()?.to_path_buf(),
            mode: u32::try_from(*modes.get(at)?).ok()?,
            time: u32::try_from(*times.get(at)?).ok()?,
            // Of files with several names the last has the bytes.
            size: if at == last { *sizes.get(at)? } else { 0 },
            inode: u32::try_from(inode).ok()?,
            links,
        })
    };
    names.iter().enumerate().map(file).collect()
}

struct Header<'a> {
    index: &'a [u8],
    store: &'a [u8],
}

impl<'a> Header<'a> {
    /// Type, bytes from its place on, and count of a tag.
    fn find(&self, tag: u32) -> Option<(u64, &'a [u8], usize)> {
        let entry = self.index.chunks_exact(ENTRY).find(|entry| number(&entry[..4]) == u64::from(tag))?;
        let place = usize::try_from(number(&entry[8..12])).ok()?;
        Some((number(&entry[4..8]), self.store.get(place..)?, usize::try_from(number(&entry[12..])).ok()?))
    }

    fn numbers(&self, tag: u32) -> Option<Vec<u64>> {
        let (kind, bytes, count) = self.find(tag)?;
        let width = match kind {
            3 => 2,
            4 => 4,
            5 => 8,
            _ => return None,
        };
        let bytes = bytes.get(..count.checked_mul(width)?)?;
        Some(bytes.chunks_exact(width).map(number).collect())
    }

    fn texts(&self, tag: u32) -> Option<Vec<&'a OsStr>> {
        let (kind, bytes, count) = self.find(tag)?;
        let texts: Vec<&OsStr> = bytes.split(|byte| *byte == 0).take(count).map(OsStr::from_bytes).collect();
        (kind == 8 && texts.len() == count).then_some(texts)
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A header's index and store with these tags: type, count and bytes.
    fn header(tags: &[(u32, u32, u32, Vec<u8>)]) -> Vec<u8> {
        let (mut index, mut store) = (Vec::new(), Vec::new());
        for (tag, kind, count, bytes) in tags {
            let place = u32::try_from(store.len()).unwrap();
            [*tag, *kind, place, *count].iter().for_each(|number| index.extend(number.to_be_bytes()));
            store.extend(bytes);
        }
        [index, store].concat()
    }

    /// Two names of one file of two bytes, and a link, in a folder.
    pub(crate) fn sample() -> Vec<Listed> {
        let numbers = |of: &[u32]| of.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<u8>>();
        let tags = [
            (NAMES, 8, 3, b"a\0b\0l\0".to_vec()),
            (FOLDERS, 8, 1, b"/usr/src/\0".to_vec()),
            (FOLDER_OF, 4, 3, numbers(&[0, 0, 0])),
            (MODES, 3, 3, [0o100_644_u16, 0o100_644, 0o120_777].iter().flat_map(|mode| mode.to_be_bytes()).collect()),
            (LONG_SIZES, 5, 3, [2_u64, 2, 1].iter().flat_map(|size| size.to_be_bytes()).collect()),
            (TIMES, 4, 3, numbers(&[1, 1, 1])),
            (INODES, 4, 3, numbers(&[7, 7, 8])),
        ];
        files(&header(&tags), tags.len())
    }

    #[test]
    fn files_are_listed_with_the_bytes_that_the_payload_has_of_them() {
        let sizes: Vec<(String, u64, u32)> =
            sample().iter().map(|file| (file.name.display().to_string(), file.size, file.links)).collect();
        assert_eq!(sizes, [("usr/src/a".into(), 0, 2), ("usr/src/b".into(), 2, 2), ("usr/src/l".into(), 1, 1)]);
    }

    #[test]
    fn a_list_that_cannot_be_is_none() {
        let names = (NAMES, 8, 3, b"a\0".to_vec());
        for (header, entries) in [
            (Vec::new(), 0),
            (Vec::new(), 1),
            (vec![0; 16], usize::MAX),
            (header(&[names]), 1),
            (header(&[(MODES, 3, u32::MAX, vec![0; 2])]), 1),
            (header(&[(NAMES, 8, 1, Vec::new()), (FOLDERS, 9, 1, vec![0])]), 2),
        ] {
            assert_eq!(files(&header, entries), []);
        }
    }
}
