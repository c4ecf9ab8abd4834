//! Folders of packages as repositories: the metadata that apt, dnf and zypper read, written without their tools.
//!
//! Every folder that holds `.deb` files becomes a flat repository of apt (sources.list(5): `deb URL ./`), every folder that
//! holds `.rpm` files one of dnf and zypper (`repodata/`). The packages themselves are not touched.
//!
//! [`publish`] goes through the folders. [`apt`] writes Packages and Release out of what [`control`] reads of each .deb; [`yum`]
//! writes repodata/ out of what [`yum_package`] reads of each .rpm. [`setup`] makes the package that tells a host of the
//! repository. What both share: [`settings`], [`files`], [`error`], and who is meant, a [`reader`].

mod apt;
pub(crate) mod brief;
mod control;
mod error;
mod files;
mod reader;
mod settings;
mod setup;
pub(crate) mod xml;
mod yum;
mod yum_package;

use std::cell::Cell;
use std::io;
use std::path::{Path, PathBuf};

use crate::package::repository::files::{Progress, remove};
use crate::sys::fs::write_atomically;

pub(crate) use crate::package::repository::error::RepositoryError;
pub(crate) use crate::package::repository::reader::Reader;
pub(crate) use crate::package::repository::settings::Settings;
pub(crate) use crate::package::repository::setup::Setup;

/// Folders below each other that are looked through: no repository lies deeper, and a link cannot lead in circles.
const DEPTH: usize = 8;
/// A file with the public key, beside the metadata, for those who set the repository up on a host.
pub(crate) const KEY_FILE: &str = "repository-key.asc";

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
    setup::write((folder, below), reader, (setup, key), settings.origin, all_signed).map(Some)
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

/// The key of an earlier run, which does not sign any more, goes.
fn offer_key(folder: &Path, settings: &Settings<'_>) -> Result<(), RepositoryError> {
    let file = folder.join(KEY_FILE);
    match settings.key {
        Some(key) => write_atomically(&file, 0o644, key.certificate()?.as_bytes())?,
        None => remove(&file)?,
    }
    Ok(())
}
