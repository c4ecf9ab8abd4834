//! Source archives, unpacked as if every one of them were an attack.
//!
//! Compression is told by the first bytes, not by the name. Nothing lands outside the given folder, nothing is a device,
//! nothing keeps a set-uid bit, links stay inside, and size and number of the entries are bounded.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::archive::error::ArchiveError;
use crate::archive::filter::{self, Verdict};
use crate::archive::limits::{Limits, Unpacked};
use crate::archive::{compression, members, staging, zip};

/// Unpacks a zip archive, or a tar archive, plain or compressed with gzip, bzip2, xz or zstd, into an existing folder.
///
/// Owners in the archive are ignored; modes lose set-uid, set-gid and sticky bits and write permission for others; times
/// of files are kept; hard links become copies. When it fails, what was written so far is left in `into`: give it a
/// folder of your own and throw that away.
pub(crate) fn unpack(archive: &Path, into: &Path, limits: &Limits) -> Result<Unpacked, ArchiveError> {
    unpack_telling(archive, into, limits, &|_| {})
}

/// As [`unpack`]; `tell` hears how many bytes of the file are read so far.
pub(crate) fn unpack_telling(
    archive: &Path,
    into: &Path,
    limits: &Limits,
    tell: &dyn Fn(u64),
) -> Result<Unpacked, ArchiveError> {
    let mut staging = staging::Staging::new(into, *limits, staging::Reach::Inside);
    if zip::is_zip(archive) {
        zip::read(archive, &mut staging, tell)?;
    } else {
        let (stream, packed) = compression::open(archive)?;
        members::read(members::Packed { stream, read: packed, tell }, &mut staging)?;
    }
    staging.finish()
}

/// The folder of an unpacked archive that is a module's source: the one that holds a dkms.conf, the least deep of
/// several, and of those the first by name.
pub(crate) fn source_folder(unpacked: &Path) -> Option<PathBuf> {
    let mut level = vec![unpacked.to_path_buf()];
    while !level.is_empty() {
        level.sort();
        if let Some(found) = level.iter().find(|folder| folder.join("dkms.conf").is_file()) {
            return Some(found.clone());
        }
        level = level.iter().flat_map(|folder| folders(folder)).collect();
    }
    None
}

/// The folders in a folder, those of version control systems left out.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs_err::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter(|entry| filter::judge(&entry.file_name().to_string_lossy(), true, &BTreeSet::new()) == Verdict::Keep)
        .map(|entry| entry.path())
        .collect()
}

#[cfg(test)]
mod tests;
