//! A folder that is a git checkout: the files that git tracks, and the version that a tag gives to what is checked out.
//!
//! git itself is never run: a repository's configuration can name programs, and a source is nobody's friend. What is read
//! is described in gitformat-index(5), gitrepository-layout(5) and gitformat-pack(5).

mod index;
mod objects;
pub(crate) mod tags;

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::exit::Kind;

pub(crate) use crate::package::input::checkout::index::IndexError;

/// Bytes of the small files in a repository: HEAD, a ref, the place of the real folder.
const SMALL: u64 = 8 << 10;
/// Bytes of an index or of packed refs; a kernel's index has 10 MB.
const LARGE: u64 = 256 << 20;
const DEEP: usize = 16;

/// A work tree with the folders of its repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checkout {
    /// The top folder of the work tree.
    top: PathBuf,
    /// What belongs to this work tree alone: index, HEAD.
    own: PathBuf,
    /// What all work trees of the repository share: tags, objects.
    shared: PathBuf,
}

/// Paths below a folder that git tracks, in the spelling of a payload's entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tracked {
    files: BTreeSet<String>,
    folders: BTreeSet<String>,
    /// When the commit that is checked out was made, in seconds since 1970, where that can be read.
    pub(crate) committed: Option<u64>,
}

/// Why a checkout cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckoutError {
    /// A file of the repository.
    #[error("cannot read {}", .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// The list of tracked files.
    #[error("cannot tell which files git tracks: {}: {}", .0.display(), .1)]
    Index(PathBuf, IndexError),
    /// A version from a tag, of something else.
    #[error("{} is not a git checkout, so no tag gives a version", .0.display())]
    NoCheckout(PathBuf),
    /// No commit, or a store of refs that is not read here.
    #[error("cannot tell which commit is checked out in {}", .0.display())]
    NoCommit(PathBuf),
    /// No tag that reads as a version.
    #[error("no tag with a version points to the commit that is checked out in {}{}", .top.display(), named(.unread))]
    NoTag {
        top: PathBuf,
        /// Tags whose objects are not there, or are damaged.
        unread: Vec<String>,
    },
}

fn named(tags: &[String]) -> String {
    if tags.is_empty() {
        String::new()
    } else {
        format!(" (not found in it: what the tags {} stand for)", tags.join(", "))
    }
}

impl From<CheckoutError> for Error {
    fn from(error: CheckoutError) -> Self {
        let message = error.to_string();
        match error {
            CheckoutError::Read(_, cause) => Self::io(message, cause),
            CheckoutError::Index(..) => Self::new(Kind::NotAnArchive, message)
                .hint("--untracked takes all files; `git update-index --no-split-index` writes a plain index"),
            CheckoutError::NoCheckout(_) => Self::new(Kind::BadOption, message).hint("say it with --version VERSION"),
            CheckoutError::NoTag { unread, .. } if !unread.is_empty() => {
                Self::new(Kind::NameMissing, message).hint("`git fetch --tags` brings them, or give --version")
            }
            CheckoutError::NoCommit(_) | CheckoutError::NoTag { .. } => {
                Self::new(Kind::NameMissing, message).hint("check a tag out, or say the version with --version VERSION")
            }
        }
    }
}

/// The files below a folder that git tracks; None where git knows nothing of the folder.
pub(crate) fn tracked(folder: &Path) -> Result<Option<Tracked>, CheckoutError> {
    let Some(checkout) = Checkout::around(folder)? else { return Ok(None) };
    let mut tracked = Tracked::default();
    let below = folder.strip_prefix(&checkout.top).unwrap_or(Path::new("")).to_string_lossy().into_owned();
    let prefix = if below.is_empty() { below } else { format!("{below}/") };
    checkout.collect((&prefix, ""), &mut Visited { depth: DEEP, known: BTreeSet::new() }, &mut tracked)?;
    if tracked.files.is_empty() {
        return Ok(None);
    }
    Ok(Some(Tracked { committed: tags::committed(&checkout)?, ..tracked }))
}

/// Repositories on the way through submodules.
struct Visited {
    /// How much deeper it may go.
    depth: usize,
    /// Those that were read.
    known: BTreeSet<PathBuf>,
}

impl Tracked {
    /// Whether an entry is tracked, or holds something that is.
    pub(crate) fn holds(&self, path: &str) -> bool {
        self.files.contains(path) || self.folders.contains(path)
    }

    fn add(&mut self, path: String) {
        let mut above = path.as_str();
        while let Some((folder, _)) = above.rsplit_once('/') {
            if !self.folders.insert(folder.to_owned()) {
                break;
            }
            above = folder;
        }
        self.files.insert(path);
    }
}

impl Checkout {
    /// The nearest work tree at or above a folder (an absolute path). A repository of somebody else, who might have put it
    /// above other people's folders, does not count.
    fn around(folder: &Path) -> Result<Option<Self>, CheckoutError> {
        let owner = |path: &Path| fs_err::symlink_metadata(path).map(|meta| meta.uid());
        let Ok(own) = owner(folder) else { return Ok(None) };
        let trusted = [own, rustix::process::geteuid().as_raw(), 0];
        let with_git = folder.ancestors().find(|above| owner(&above.join(".git")).is_ok());
        match with_git.map(|top| (top, owner(&top.join(".git")))) {
            Some((top, Ok(uid))) if trusted.contains(&uid) => Self::at(top),
            _ => Ok(None),
        }
    }

    /// The work tree with this top folder, whose `.git` is the repository or names it.
    fn at(top: &Path) -> Result<Option<Self>, CheckoutError> {
        let entry = top.join(".git");
        let own = if entry.is_dir() {
            entry
        } else {
            let Some(text) = small(&entry)? else { return Ok(None) };
            let Some(place) = text.strip_prefix("gitdir: ") else { return Ok(None) };
            top.join(place)
        };
        let shared = small(&own.join("commondir"))?.map_or_else(|| own.clone(), |place| own.join(place));
        Ok(Some(Self { top: top.to_path_buf(), own, shared }))
    }

    /// Adds what is tracked below a prefix, under names that begin with another; submodules with theirs. Each repository is
    /// read once: an index can name its own work tree, over and over, as a submodule.
    fn collect(
        &self,
        (prefix, name): (&str, &str),
        visited: &mut Visited,
        tracked: &mut Tracked,
    ) -> Result<(), CheckoutError> {
        let file = self.own.join("index");
        let own = fs_err::canonicalize(&self.own).map_err(|error| CheckoutError::Read(self.own.clone(), error));
        if !file.is_file() || visited.depth == 0 || !visited.known.insert(own?) {
            return Ok(());
        }
        let Some(bytes) = read(&file, LARGE)? else { return Ok(()) };
        let entries = index::read(&bytes).map_err(|error| CheckoutError::Index(file, error))?;
        for entry in entries {
            let inside = entry.path.strip_prefix(prefix);
            let folder = || prefix.strip_prefix(&entry.path).and_then(|rest| rest.strip_prefix('/'));
            match (entry.submodule, inside) {
                (false, Some(path)) => tracked.add(format!("{name}{path}")),
                (false, None) => {}
                (true, inside) => {
                    // The folder asked for holds the submodule, or lies in it.
                    let (prefix, name) = match (inside, folder()) {
                        (Some(path), _) => (String::new(), format!("{name}{path}/")),
                        (None, Some(rest)) => (rest.to_owned(), name.to_owned()),
                        (None, None) => continue,
                    };
                    let top = self.top.join(&entry.path);
                    if let Some(module) = Self::at(&top)? {
                        visited.depth -= 1;
                        module.collect((&prefix, &name), visited, tracked)?;
                        visited.depth += 1;
                    }
                }
            }
        }
        Ok(())
    }
}

/// The text of a small file without the line's end; None if it is not there.
fn small(file: &Path) -> Result<Option<String>, CheckoutError> {
    let text = read(file, SMALL)?.map(|bytes| String::from_utf8_lossy(&bytes).trim_end().to_owned());
    Ok(text)
}

/// The bytes of a regular file of at most this size; None if it is not there.
fn read(file: &Path, limit: u64) -> Result<Option<Vec<u8>>, CheckoutError> {
    let failed = |error| CheckoutError::Read(file.to_path_buf(), error);
    // A pipe would wait for ever.
    if !file.is_file() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    fs_err::File::open(file).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidData, format!("more than {limit} bytes"))));
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_that_names_its_own_work_tree_as_a_submodule_is_read_once() {
        let folder = tempfile::tempdir().unwrap();
        fs_err::create_dir(folder.path().join(".git")).unwrap();
        std::os::unix::fs::symlink(".", folder.path().join("self")).unwrap();
        let selves = [".", "self", "self/self", "./.", "self/."].map(|path| (0o160_000, path));
        let rows = [selves.as_slice(), &[(0o100_644, "a.c")]].concat();
        fs_err::write(folder.path().join(".git/index"), index::sealed_with(&rows)).unwrap();
        let found = tracked(folder.path()).unwrap().unwrap();
        assert_eq!(found.files, BTreeSet::from(["a.c".to_owned()]));
    }
}
