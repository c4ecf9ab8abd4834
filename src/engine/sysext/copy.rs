//! What an overlay took up, as files.

use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use fs_err as fs;
use fs_err::os::unix::fs::symlink;

/// Copies files, folders and links. What an overlay notes as deleted (a device with the number 0) cannot be deleted by an
/// extension, and is passed over: the lists of modules name what takes its place.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, place) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &place)?;
        } else if kind.is_symlink() {
            symlink(fs::read_link(entry.path())?, place)?;
        } else if !(kind.is_char_device() && entry.metadata()?.rdev() == 0) {
            fs::copy(entry.path(), place)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::sample::tree;

    #[test]
    fn files_folders_and_links_are_taken_and_what_is_deleted_is_not() {
        let from = tree(&[("a/b.ko", "module"), ("modules.dep", "list")]);
        symlink("b.ko", from.path().join("a/c.ko")).unwrap();
        let to = tempfile::tempdir().unwrap();
        // Only root makes devices; without one the rest is seen all the same.
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        let gone = from.path().join("gone.ko");
        let has_device =
            rustix::fs::mknodat(rustix::fs::CWD, &gone, rustix::fs::FileType::CharacterDevice, mode, 0).is_ok();
        copy(from.path(), &to.path().join("x")).unwrap();
        let at = |name: &str| to.path().join("x").join(name);
        assert_eq!(fs::read_to_string(at("a/c.ko")).unwrap(), "module");
        assert_eq!(fs::read_link(at("a/c.ko")).unwrap(), Path::new("b.ko"));
        assert_eq!(fs::read_to_string(at("modules.dep")).unwrap(), "list");
        assert!(!has_device || fs::symlink_metadata(at("gone.ko")).is_err());
    }
}
