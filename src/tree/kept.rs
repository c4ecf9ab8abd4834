//! The folder of finished builds: an entry for each, whose name is its key.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use fs_err as fs;

use super::Layout;

/// A key is a file name of ours: hexadecimal digits.
pub(super) fn is_key(word: &str) -> bool {
    word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Everything that is kept, with the time since when it is here.
pub(super) fn entries(layout: &Layout) -> io::Result<Vec<(SystemTime, PathBuf)>> {
    entries_in(&layout.finished())
}

pub(super) fn entries_in(folder: &Path) -> io::Result<Vec<(SystemTime, PathBuf)>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        if is_key(&entry.file_name().to_string_lossy()) {
            found.push((entry.metadata()?.modified()?, entry.path()));
        }
    }
    Ok(found)
}
