//! Copies of whole folders: modes, times and symlinks as they are, and nothing written outside the target.

use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use fs_err as fs;
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};

use super::fs::{at, is_real_folder, remove_tree};

/// Copies what `from` holds into `to`, which is made if it is not there.
///
/// Folders that both have are merged; everything else in the way is replaced, and a symlink in the way is replaced, never
/// followed. Symlinks are copied as symlinks with the same text. The copies belong to this process' user and lose
/// set-user-ID and set-group-ID. Anything but files, folders and symlinks is an error.
pub(crate) fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    let meta = fs::metadata(from)?;
    if !meta.is_dir() {
        return Err(at(from, "copy", io::ErrorKind::NotADirectory.into()));
    }
    make_folder(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            copy_entry(&entry.path(), &target)?;
        }
    }
    // A folder without write permission must be filled before it gets its mode.
    fs::set_permissions(to, std::fs::Permissions::from_mode(meta.permissions().mode() & 0o777))?;
    set_times(to, &meta)
}

/// Copies one file or symlink to a place that it replaces, under the rules of [`copy_tree`].
pub(crate) fn copy_entry(from: &Path, to: &Path) -> io::Result<()> {
    let meta = fs::symlink_metadata(from)?;
    remove_tree(to)?;
    if meta.is_symlink() {
        fs_err::os::unix::fs::symlink(fs::read_link(from)?, to)?;
    } else if meta.is_file() {
        copy_file(from, to, meta.permissions().mode() & 0o777)?;
    } else {
        let reason = "it is neither a file nor a folder nor a symlink";
        return Err(at(from, "copy", io::Error::new(io::ErrorKind::Unsupported, reason)));
    }
    set_times(to, &meta)
}

fn copy_file(from: &Path, to: &Path, mode: u32) -> io::Result<()> {
    let mut source = fs::File::open(from)?;
    let mut options = std::fs::OpenOptions::new();
    let mut copy = options.write(true).create_new(true).mode(mode).open(to).map_err(|error| at(to, "create", error))?;
    io::copy(source.file_mut(), &mut copy).map_err(|error| at(to, "write", error))?;
    // The umask may have taken bits away.
    copy.set_permissions(std::fs::Permissions::from_mode(mode)).map_err(|error| at(to, "set the mode of", error))
}

fn make_folder(folder: &Path) -> io::Result<()> {
    if is_real_folder(folder) {
        return Ok(());
    }
    remove_tree(folder)?;
    std::fs::DirBuilder::new().mode(0o755).create(folder).map_err(|error| at(folder, "create", error))
}

fn set_times(path: &Path, meta: &std::fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let times = Timestamps {
        last_access: Timespec { tv_sec: meta.atime(), tv_nsec: meta.atime_nsec() },
        last_modification: Timespec { tv_sec: meta.mtime(), tv_nsec: meta.mtime_nsec() },
    };
    utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).map_err(|error| at(path, "set the times of", error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::sample::tree;
    use std::os::unix::fs::symlink;

    #[test]
    fn modes_times_and_links_survive_and_special_bits_do_not() {
        let from = tree(&[("sub/tool", "x"), ("ro/in", "y")]);
        let tool = from.path().join("sub/tool");
        fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o4751)).unwrap();
        fs::set_permissions(from.path().join("ro"), std::fs::Permissions::from_mode(0o555)).unwrap();
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        fs::File::open(&tool).unwrap().file().set_modified(time).unwrap();
        symlink("../nowhere", from.path().join("link")).unwrap();

        let to = tempfile::tempdir().unwrap();
        let copy = to.path().join("copy");
        copy_tree(from.path(), &copy).unwrap();
        let meta = fs::metadata(copy.join("sub/tool")).unwrap();
        assert_eq!((meta.permissions().mode() & 0o7777, meta.modified().unwrap()), (0o751, time));
        assert_eq!(fs::metadata(copy.join("ro")).unwrap().permissions().mode() & 0o777, 0o555);
        assert_eq!(fs::read_to_string(copy.join("ro/in")).unwrap(), "y");
        assert_eq!(fs::read_link(copy.join("link")).unwrap(), Path::new("../nowhere"));
    }

    #[test]
    fn folders_are_merged_and_a_link_in_the_way_is_replaced_not_followed() {
        let (from, outside) =
            (tree(&[("patches/a", "new"), ("f", "new")]), tree(&[("a", "outside"), ("f", "outside")]));
        let to = tree(&[("keep", "kept")]);
        symlink(outside.path(), to.path().join("patches")).unwrap();
        symlink(outside.path().join("f"), to.path().join("f")).unwrap();
        copy_tree(from.path(), to.path()).unwrap();
        assert_eq!(fs::read_to_string(outside.path().join("a")).unwrap(), "outside");
        assert_eq!(fs::read_to_string(outside.path().join("f")).unwrap(), "outside");
        assert_eq!(fs::read_to_string(to.path().join("patches/a")).unwrap(), "new");
        assert_eq!(fs::read_to_string(to.path().join("f")).unwrap(), "new");
        assert_eq!(fs::read_to_string(to.path().join("keep")).unwrap(), "kept");
    }

    #[test]
    fn a_socket_in_a_source_is_an_error_that_names_it() {
        let from = tree(&[]);
        let _socket = std::os::unix::net::UnixListener::bind(from.path().join("sock")).unwrap();
        let to = tempfile::tempdir().unwrap();
        let error = copy_tree(from.path(), to.path()).unwrap_err();
        assert!(error.to_string().contains("sock"), "{error}");
    }
}
