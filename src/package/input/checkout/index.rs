//! git's index (gitformat-index(5)), versions 2 to 4, of SHA-1 and SHA-256 repositories: the paths in it.

use sha2::Digest;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// From the top of the work tree on.
    pub(crate) path: String,
    /// Whether another repository is checked out there.
    pub(crate) submodule: bool,
}

/// Why an index cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IndexError {
    /// Not one, or of a later version.
    #[error("it is not an index of version 2, 3 or 4")]
    Version,
    /// Cut, changed, or never one.
    #[error("it is damaged")]
    Damaged,
    /// Parts that other files complete.
    #[error("it is {0}, and only whole ones are read")]
    Partial(&'static str),
}

/// The paths of an index.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Entry>, IndexError> {
    let mut head = Cursor(bytes);
    if head.take(4)? != b"DIRC" {
        return Err(IndexError::Version);
    }
    let (version, count) = (head.number()?, head.number()?);
    if !(2..=4).contains(&version) {
        return Err(IndexError::Version);
    }
    let hash = hash_size(bytes)?;
    let body = bytes.get(12..bytes.len().saturating_sub(hash)).ok_or(IndexError::Damaged)?;
    let mut cursor = Cursor(body);
    let mut entries = Vec::new();
    let mut last = Vec::new();
    for _ in 0..count {
        let (mode, path) = entry(&mut cursor, version, hash, &last)?;
        if mode & TYPE == FOLDER {
            return Err(IndexError::Partial("a sparse index"));
        }
        // Other names are refused by the walk that meets them.
        if let Ok(path) = String::from_utf8(path.clone()) {
            entries.push(Entry { path, submodule: mode & TYPE == SUBMODULE });
        }
        last = path;
    }
    extensions(cursor)?;
    Ok(entries)
}

const TYPE: u32 = 0o170_000;
const FOLDER: u32 = 0o040_000;
const SUBMODULE: u32 = 0o160_000;
/// Of an entry's flags, from version 3 on: two more bytes follow.
const EXTENDED: u8 = 0x40;

/// Bytes of the checksum at the end, which tells which hash the repository uses. It may be left out (zeros).
fn hash_size(bytes: &[u8]) -> Result<usize, IndexError> {
    let split = |size: usize| bytes.len().checked_sub(size).map(|at| bytes.split_at(at));
    let (body, sum) = split(20).ok_or(IndexError::Damaged)?;
    if sha1::Sha1::digest(body)[..] == *sum || sum.iter().all(|byte| *byte == 0) {
        return Ok(20);
    }
    let (body, sum) = split(32).ok_or(IndexError::Damaged)?;
    if sha2::Sha256::digest(body)[..] == *sum { Ok(32) } else { Err(IndexError::Damaged) }
}

/// Mode and path of the next entry; `last` is the path before it, of which version 4 repeats the beginning.
fn entry(cursor: &mut Cursor, version: u32, hash: usize, last: &[u8]) -> Result<(u32, Vec<u8>), IndexError> {
    let whole = cursor.0.len();
    // Two times of 8 bytes, device and inode of 4.
    cursor.take(24)?;
    let mode = cursor.number()?;
    // User, group, size of 4 bytes.
    cursor.take(12 + hash)?;
    let flags = cursor.take(2)?[0];
    if version >= 3 && flags & EXTENDED != 0 {
        cursor.take(2)?;
    }
    if version == 4 {
        let kept = last.len().checked_sub(cursor.varint()?).ok_or(IndexError::Damaged)?;
        return Ok((mode, [&last[..kept], cursor.text()?].concat()));
    }
    let path = cursor.text()?.to_vec();
    // One zero has ended the path; so many more that the entry's length is a multiple of eight.
    let length = whole - cursor.0.len();
    cursor.take(length.next_multiple_of(8) - length)?;
    Ok((mode, path))
}

/// Looks through the extensions for those without which the entries are not all.
fn extensions(mut cursor: Cursor) -> Result<(), IndexError> {
    while !cursor.0.is_empty() {
        match cursor.take(4)? {
            b"link" => return Err(IndexError::Partial("a split index")),
            b"sdir" => return Err(IndexError::Partial("a sparse index")),
            _ => {}
        }
        let length = cursor.number()?;
        cursor.take(usize::try_from(length).map_err(|_| IndexError::Damaged)?)?;
    }
    Ok(())
}

/// What is left to read.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], IndexError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(IndexError::Damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, IndexError> {
        let bytes = self.take(4)?.first_chunk().copied();
        bytes.map(u32::from_be_bytes).ok_or(IndexError::Damaged)
    }

    /// Up to the next zero, which is taken as well.
    fn text(&mut self) -> Result<&'a [u8], IndexError> {
        let length = self.0.iter().position(|byte| *byte == 0).ok_or(IndexError::Damaged)?;
        let text = self.take(length)?;
        self.take(1)?;
        Ok(text)
    }

    /// "offset encoding" of gitformat-pack(5): seven bits a byte, the highest first, one added for each further byte.
    fn varint(&mut self) -> Result<usize, IndexError> {
        let mut value = 0usize;
        for position in 0.. {
            let byte = self.take(1)?[0];
            if position > 0 {
                value += 1;
            }
            value = value.checked_mul(128).ok_or(IndexError::Damaged)? + usize::from(byte & 127);
            if byte & 128 == 0 {
                break;
            }
        }
        Ok(value)
    }
}

/// An index of version 2 with these modes and paths (tests).
#[cfg(test)]
pub(crate) fn sealed_with(rows: &[(u32, &str)]) -> Vec<u8> {
    tests::sealed(tests::body(2, 20, rows, b""), 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row<'a> = (u32, &'a str);

    pub(crate) fn body(version: u32, hash: usize, rows: &[Row], rest: &[u8]) -> Vec<u8> {
        let mut bytes =
            [b"DIRC".as_slice(), &version.to_be_bytes(), &u32::try_from(rows.len()).unwrap().to_be_bytes()].concat();
        let mut last = "";
        for (mode, path) in rows {
            let start = bytes.len();
            bytes.extend([0; 24]);
            bytes.extend(mode.to_be_bytes());
            bytes.resize(bytes.len() + 12 + hash, 7);
            bytes.extend(if version == 3 { [EXTENDED, 0, 0, 0].as_slice() } else { &[0, 0] });
            if version == 4 {
                let same = last.bytes().zip(path.bytes()).take_while(|(a, b)| a == b).count();
                bytes.push(u8::try_from(last.len() - same).unwrap());
                bytes.extend(path[same..].bytes());
                bytes.push(0);
            } else {
                bytes.extend(path.bytes());
                bytes.push(0);
                let length = bytes.len() - start;
                bytes.resize(start + length.next_multiple_of(8), 0);
            }
            last = path;
        }
        [bytes, rest.to_vec()].concat()
    }

    pub(crate) fn sealed(body: Vec<u8>, hash: usize) -> Vec<u8> {
        let sum = if hash == 20 { sha1::Sha1::digest(&body).to_vec() } else { sha2::Sha256::digest(&body).to_vec() };
        [body, sum].concat()
    }

    #[test]
    fn every_version_gives_its_paths() {
        let rows = [(0o100_644, "Makefile"), (0o160_000, "lib"), (0o100_755, "src/a.c"), (0o120_000, "src/abc")];
        for (version, hash) in [(2, 20), (3, 20), (4, 20), (2, 32), (4, 32)] {
            let extension = [b"TREE".as_slice(), &3u32.to_be_bytes(), b"abc"].concat();
            let found = read(&sealed(body(version, hash, &rows, &extension), hash)).unwrap();
            let paths: Vec<_> = found.iter().map(|entry| (entry.path.as_str(), entry.submodule)).collect();
            let expected = [("Makefile", false), ("lib", true), ("src/a.c", false), ("src/abc", false)];
            assert_eq!(paths, expected, "version {version}, {hash} bytes");
        }
        let without_sum = [body(2, 20, &rows, b""), vec![0; 20]].concat();
        assert_eq!(read(&without_sum).unwrap().len(), 4);
    }

    #[test]
    fn what_is_no_whole_index_is_refused() {
        let row: &[Row] = &[(0o100_644, "a")];
        let link = [b"link".as_slice(), &0u32.to_be_bytes()].concat();
        let long = [b"TREE".as_slice(), &u32::MAX.to_be_bytes()].concat();
        let mut counted = body(2, 20, row, b"");
        counted[8..12].copy_from_slice(&u32::MAX.to_be_bytes());
        let mut stripped = body(4, 20, row, b"");
        let at = stripped.len() - 3;
        stripped[at] = 9;
        let endless = [&stripped[..at], &[0xff; 12]].concat();
        for (bytes, expected) in [
            (b"PACK".to_vec(), IndexError::Version),
            (sealed(body(5, 20, row, b""), 20), IndexError::Version),
            (body(2, 20, row, b""), IndexError::Damaged),
            (sealed(counted, 20), IndexError::Damaged),
            (sealed(stripped, 20), IndexError::Damaged),
            (sealed(endless, 20), IndexError::Damaged),
            (sealed(body(2, 20, row, &long), 20), IndexError::Damaged),
            (sealed(body(2, 20, row, &link), 20), IndexError::Partial("a split index")),
            (sealed(body(2, 20, &[(0o040_000, "src/")], b""), 20), IndexError::Partial("a sparse index")),
        ] {
            assert_eq!(read(&bytes), Err(expected), "{bytes:?}");
        }
        let whole = sealed(body(3, 20, row, b""), 20);
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).is_err(), "{length}");
        }
    }
}
