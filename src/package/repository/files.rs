//! The files of a repository's folder, whoever reads it.

use std::cell::Cell;
use std::io;
use std::path::Path;

use crate::package::repository::error::RepositoryError;

/// Tells how many bytes of packages are read, and how many there are.
pub(super) struct Progress<'a> {
    pub(super) done: Cell<u64>,
    pub(super) total: u64,
    pub(super) tell: &'a dyn Fn(u64, u64),
}

impl Progress<'_> {
    pub(super) fn read(&self, file: &Path) -> io::Result<()> {
        self.done.set(self.done.get() + fs_err::metadata(file)?.len());
        (self.tell)(self.done.get(), self.total);
        Ok(())
    }
}

/// The name of a package file as metadata name it; they are lines and XML, so control characters are refused.
pub(super) fn name(file: &Path) -> Result<&str, RepositoryError> {
    file.file_name().and_then(|name| name.to_str()).filter(|name| !name.chars().any(char::is_control)).ok_or_else(
        || RepositoryError::NoPackage { file: file.into(), reason: "its name cannot stand in metadata".to_owned() },
    )
}

/// What clients may still ask for: one that has the index of the last run, and not yet what it names, must find that.
pub(super) struct Indices<'a> {
    /// The index of the last run.
    pub(super) before: &'a str,
    /// Names in the new index.
    pub(super) now: &'a [String],
}

impl Indices<'_> {
    /// Whether a file of this name stays. When nothing changed, so does what stayed the last time.
    pub(super) fn keep(&self, name: &str) -> bool {
        let is_same = self.now.iter().all(|name| self.before.contains(name.as_str()));
        is_same || self.before.contains(name) || self.now.iter().any(|new| new == name)
    }
}

/// The text of an index that may not be there yet.
pub(super) fn earlier(file: &Path) -> io::Result<String> {
    match fs_err::read(file) {
        Ok(text) => Ok(String::from_utf8_lossy(&text).into_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error),
    }
}

/// Names of the plain files in a folder, which may not be there yet.
pub(super) fn plain_files(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    let entries = match fs_err::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(names),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            names.extend(entry.file_name().into_string());
        }
    }
    names.sort();
    Ok(names)
}

pub(super) fn remove(file: &Path) -> io::Result<()> {
    match fs_err::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
