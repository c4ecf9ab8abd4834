//! The package file: checked before the work, visible by one rename after it, gone when anything fails.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::exit::Kind;
use crate::sys;
use crate::sys::fs::folder_of;

#[derive(Debug, Clone, PartialEq, Eq)]
// mktarball names its file always.
#[cfg_attr(not(feature = "packages"), allow(dead_code))]
pub(crate) enum Place {
    /// Into this folder, under its usual name.
    Folder(PathBuf),
    File(PathBuf),
}

/// What to do with a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Existing {
    #[default]
    Keep,
    /// Replace it (`--force`).
    Replace,
}

/// A place for a package file, found writable.
#[derive(Debug)]
pub(crate) struct Output {
    file: PathBuf,
    existing: Existing,
    // Goes before the folders around it.
    staged: tempfile::NamedTempFile,
    made: Made,
}

/// Folders that were made for a file, the deepest last. They go with it when it does not come.
#[derive(Debug, Default)]
struct Made(Vec<PathBuf>);

impl Made {
    /// Makes a folder with those above it.
    fn with(folder: &Path) -> io::Result<Self> {
        let above = folder.ancestors().filter(|above| !above.as_os_str().is_empty());
        let mut missing: Vec<PathBuf> = above.take_while(|above| !above.exists()).map(Path::to_path_buf).collect();
        missing.reverse();
        fs_err::create_dir_all(folder)?;
        Ok(Self(missing))
    }

    fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        // One that holds something else by now stays.
        self.0.iter().rev().take_while(|folder| fs_err::remove_dir(folder).is_ok()).for_each(drop);
    }
}

impl Output {
    /// Opens a temporary file beside the final place.
    pub(crate) fn open(place: &Place, file_name: &str, existing: Existing) -> Result<Self, Error> {
        let (file, made) = match place {
            Place::File(file) => (file.clone(), Made::default()),
            Place::Folder(folder) => {
                let made = Made::with(folder).map_err(|error| unwritable(folder, error))?;
                (folder.join(file_name), made)
            }
        };
        if existing == Existing::Keep && file.symlink_metadata().is_ok() {
            return Err(exists(&file));
        }
        let folder = folder_of(&file);
        let staged = tempfile::Builder::new()
            .prefix(".tmp_dkms_")
            .permissions(std::fs::Permissions::from_mode(0o600))
            .tempfile_in(folder)
            .map_err(|error| unwritable(folder, error))?;
        Ok(Self { file, existing, staged, made })
    }

    /// A nameless file on the same file system, for what does not fit into memory.
    #[cfg(feature = "packages")]
    pub(crate) fn scratch(&self) -> Result<std::fs::File, Error> {
        let folder = folder_of(&self.file);
        tempfile::tempfile_in(folder).map_err(|error| unwritable(folder, error))
    }

    /// The final place.
    #[cfg(feature = "packages")]
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    pub(crate) fn writer(&mut self) -> &mut std::fs::File {
        self.staged.as_file_mut()
    }

    /// Makes the file durable and visible; gives its path and size in bytes.
    pub(crate) fn finish(self) -> Result<(PathBuf, u64), Error> {
        let failed = |error: io::Error| Error::io(format!("cannot write {}", self.file.display()), error);
        let handle = self.staged.as_file();
        handle.set_permissions(std::fs::Permissions::from_mode(0o644)).map_err(failed)?;
        handle.sync_all().map_err(failed)?;
        let size = handle.metadata().map_err(failed)?.len();
        let persisted = match self.existing {
            Existing::Replace => self.staged.persist(&self.file),
            Existing::Keep => self.staged.persist_noclobber(&self.file),
        };
        match persisted {
            Ok(_) => {
                self.made.keep();
                sys::fs::sync_folder(folder_of(&self.file))
                    .map_err(|error| Error::io("the package is not durable", error))?;
                Ok((self.file, size))
            }
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(exists(&self.file)),
            Err(error) => Err(unwritable(&self.file, error.error)),
        }
    }
}

fn exists(file: &Path) -> Error {
    Error::new(Kind::OutputExists, format!("{} exists already", file.display()))
        .hint("replace it with --force, or choose another place with --output")
}

/// The target cannot be written, for another reason than a full disk.
fn unwritable(place: &Path, error: io::Error) -> Error {
    let message = format!("cannot write to {}", place.display());
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::io(message, error),
        _ => Error::new(Kind::NoWritePermission, message).caused_by(error).hint("choose another place with --output"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_package_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::Folder(folder.path().to_path_buf());
        let mut output = Output::open(&place, "a.deb", Existing::Keep).unwrap();
        output.writer().write_all(b"abc").unwrap();
        drop(output);
        assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 0);
        let mut output = Output::open(&place, "a.deb", Existing::Keep).unwrap();
        output.writer().write_all(b"abc").unwrap();
        assert_eq!(output.finish().unwrap(), (folder.path().join("a.deb"), 3));
        assert_eq!(fs_err::metadata(folder.path().join("a.deb")).unwrap().permissions().mode() & 0o777, 0o644);
    }

    #[test]
    fn folders_that_were_made_for_a_file_go_with_one_that_does_not_come() {
        let top = tempfile::tempdir().unwrap();
        let open = |name: &str| Output::open(&Place::Folder(top.path().join("a/b")), name, Existing::Keep).unwrap();
        drop(open("a.deb"));
        assert_eq!(fs_err::read_dir(top.path()).unwrap().count(), 0);
        let (failing, coming) = (open("a.deb"), open("b.deb"));
        coming.finish().unwrap();
        drop(failing);
        assert!(top.path().join("a/b/b.deb").is_file());
    }

    #[test]
    fn an_existing_file_is_replaced_only_when_asked() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.deb");
        fs_err::write(&file, "old").unwrap();
        let place = Place::File(file.clone());
        assert_eq!(Output::open(&place, "", Existing::Keep).unwrap_err().kind().code(), 9);
        Output::open(&place, "", Existing::Replace).unwrap().finish().unwrap();
        assert_eq!(fs_err::read(&file).unwrap(), b"");
        let nowhere = Place::File(folder.path().join("no/such/a.deb"));
        assert_eq!(Output::open(&nowhere, "", Existing::Keep).unwrap_err().kind().code(), 9);
    }
}
