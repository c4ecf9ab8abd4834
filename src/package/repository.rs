//! Folders of packages as repositories: the metadata that apt, dnf and zypper read, written without their tools.
//!
//! Every folder that holds `.deb` files becomes a flat repository of apt (sources.list(5): `deb URL ./`), every folder that
//! holds `.rpm` files one of dnf and zypper (`repodata/`). The packages themselves are not touched.

mod apt;
mod control;
mod setup;
mod xml;
mod yum;
mod yum_package;

use std::cell::Cell;
use std::io;
use std::path::{Path, PathBuf};

use crate::package::description::info::InfoError;
use crate::package::format::rpm::RpmError;
use crate::package::io::openpgp::{SigningError, SigningKey};
use crate::sys::fs::write_atomically;

pub(crate) use setup::Setup;

/// Folders below each other that are looked through: no repository lies deeper, and a link cannot lead in circles.
const DEPTH: usize = 8;
/// A file with the public key, beside the metadata, for those who set the repository up on a host.
pub(crate) const KEY_FILE: &str = "repository-key.asc";

/// What the metadata say besides the packages.
#[derive(Debug)]
pub(crate) struct Settings<'a> {
    /// Whose packages these are, `Origin:` and `Label:` of apt's Release.
    pub(crate) origin: &'a str,
    /// The time of the metadata in seconds since 1970.
    pub(crate) date: u64,
    pub(crate) key: Option<&'a SigningKey>,
    /// The package that sets the repository up on a host; only what is signed gets one.
    pub(crate) setup: Option<&'a Setup>,
}

/// Why a folder did not become a repository.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RepositoryError {
    /// Reading packages or writing metadata.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A file is not the package that its name promises.
    #[error("{} is not a package: {reason}", .file.display())]
    NoPackage {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Two files are the same package.
    #[error("{} and {} are both {package}", .first.display(), .second.display())]
    Twice {
        /// The file that came first.
        first: PathBuf,
        /// The other one.
        second: PathBuf,
        /// Name, version and architecture.
        package: String,
    },
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// A signature cannot be written.
    #[error("the metadata of {} cannot be signed", .folder.display())]
    Signature {
        /// The repository.
        folder: PathBuf,
        #[source]
        source: pgp::errors::Error,
    },
    /// The package that sets the repository up cannot be described.
    #[error("the package that sets the repository up cannot be made")]
    Setup(#[from] InfoError),
    #[error("the package that sets the repository up cannot be written")]
    SetupRpm(#[from] RpmError),
    /// It is there, and says something else.
    #[error("{} exists and holds something else", .0.display())]
    Changed(PathBuf),
    /// There is no package at all.
    #[error("{} holds no .deb and no .rpm file", .0.display())]
    Empty(PathBuf),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reader {
    /// apt
    Apt,
    /// dnf and zypper
    Dnf,
}

/// A folder that is a repository now.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Published {
    pub(crate) folder: PathBuf,
    pub(crate) reader: Reader,
    /// How many packages it has.
    pub(crate) packages: usize,
    /// The package that sets it up on a host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) setup: Option<PathBuf>,
}

/// Tells how many bytes of packages are read, and how many there are.
struct Progress<'a> {
    done: Cell<u64>,
    total: u64,
    tell: &'a dyn Fn(u64, u64),
}

impl Progress<'_> {
    fn read(&self, file: &Path) -> io::Result<()> {
        self.done.set(self.done.get() + fs_err::metadata(file)?.len());
        (self.tell)(self.done.get(), self.total);
        Ok(())
    }
}

/// Writes the metadata of every repository below the folder, in the order of their paths; `tell` hears how many bytes of
/// packages are read so far, and how many there are.
pub(crate) fn publish(
    top: &Path,
    settings: &Settings<'_>,
    tell: &dyn Fn(u64, u64),
) -> Result<Vec<Published>, RepositoryError> {
    let mut published = Vec::new();
    let folders = folders(top)?;
    let mut progress = Progress { done: Cell::new(0), total: 0, tell };
    for file in folders.iter().flat_map(|(_, packages)| packages) {
        progress.total += fs_err::metadata(file)?.len();
    }
    for (folder, packages) in folders {
        for (reader, suffix) in [(Reader::Apt, ".deb"), (Reader::Dnf, ".rpm")] {
            let mut files: Vec<PathBuf> = packages.iter().filter(|file| has_suffix(file, suffix)).cloned().collect();
            if files.is_empty() {
                continue;
            }
            let setup = set_up(top, &folder, reader, &files, settings)?;
            if let Some(file) = setup.as_ref().filter(|file| !files.contains(file)) {
                progress.total += fs_err::metadata(file)?.len();
                files.push(file.clone());
                files.sort();
            }
            match reader {
                Reader::Apt => apt::publish(&folder, &files, settings, &progress)?,
                Reader::Dnf => yum::publish(&folder, &files, settings, &progress)?,
            }
            offer_key(&folder, settings)?;
            published.push(Published { folder: folder.clone(), reader, packages: files.len(), setup });
        }
    }
    if published.is_empty() { Err(RepositoryError::Empty(top.to_path_buf())) } else { Ok(published) }
}

/// Writes the package that sets this repository up, if there is to be one.
fn set_up(
    top: &Path,
    folder: &Path,
    reader: Reader,
    files: &[PathBuf],
    settings: &Settings<'_>,
) -> Result<Option<PathBuf>, RepositoryError> {
    let (Some(setup), Some(key)) = (settings.setup, settings.key) else { return Ok(None) };
    let mut all_signed = reader == Reader::Dnf;
    for file in files.iter().filter(|_| reader == Reader::Dnf) {
        all_signed &= yum_package::is_signed_by(file, key)?;
    }
    let below = folder.strip_prefix(top).unwrap_or(folder);
    setup::write((folder, below), reader, (setup, key), settings, all_signed).map(Some)
}

/// Folders with the packages that lie directly in them, both sorted. Links to folders are not followed.
fn folders(top: &Path) -> io::Result<Vec<(PathBuf, Vec<PathBuf>)>> {
    let mut found = Vec::new();
    let mut open = vec![(top.to_path_buf(), 0)];
    while let Some((folder, depth)) = open.pop() {
        let mut packages = Vec::new();
        for entry in fs_err::read_dir(&folder)? {
            let entry = entry?;
            let name = entry.file_name();
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if entry.file_type()?.is_dir() {
                if name != yum::FOLDER && name != apt::BY_HASH && depth < DEPTH {
                    open.push((entry.path(), depth + 1));
                }
            } else if entry.path().is_file() && [".deb", ".rpm"].iter().any(|suffix| has_suffix(&entry.path(), suffix))
            {
                packages.push(entry.path());
            }
        }
        packages.sort();
        if !packages.is_empty() {
            found.push((folder, packages));
        }
    }
    found.sort();
    Ok(found)
}

fn has_suffix(file: &Path, suffix: &str) -> bool {
    file.file_name().is_some_and(|name| name.as_encoded_bytes().ends_with(suffix.as_bytes()))
}

/// The name of a package file as metadata name it; they are lines and XML, so control characters are refused.
fn name(file: &Path) -> Result<&str, RepositoryError> {
    file.file_name().and_then(|name| name.to_str()).filter(|name| !name.chars().any(char::is_control)).ok_or_else(
        || RepositoryError::NoPackage { file: file.into(), reason: "its name cannot stand in metadata".to_owned() },
    )
}

/// The key of an earlier run, which does not sign any more, goes.
fn offer_key(folder: &Path, settings: &Settings<'_>) -> Result<(), RepositoryError> {
    let file = folder.join(KEY_FILE);
    match settings.key {
        Some(key) => write_atomically(&file, 0o644, key.certificate()?.as_bytes())?,
        None => remove(&file)?,
    }
    Ok(())
}

/// What clients may still ask for: one that has the index of the last run, and not yet what it names, must find that.
struct Indices<'a> {
    /// The index of the last run.
    before: &'a str,
    /// Names in the new index.
    now: &'a [String],
}

impl Indices<'_> {
    /// Whether a file of this name stays. When nothing changed, so does what stayed the last time.
    fn keep(&self, name: &str) -> bool {
        let is_same = self.now.iter().all(|name| self.before.contains(name.as_str()));
        is_same || self.before.contains(name) || self.now.iter().any(|new| new == name)
    }
}

/// The text of an index that may not be there yet.
fn earlier(file: &Path) -> io::Result<String> {
    match fs_err::read(file) {
        Ok(text) => Ok(String::from_utf8_lossy(&text).into_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error),
    }
}

/// Names of the plain files in a folder, which may not be there yet.
fn plain_files(folder: &Path) -> io::Result<Vec<String>> {
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

fn remove(file: &Path) -> io::Result<()> {
    match fs_err::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
