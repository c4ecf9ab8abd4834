//! Copies of whole folders: modes, times and symlinks as they are, and nothing written outside the target.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use fs_err as fs;
use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, Timespec, Timestamps, fstat, openat, readlinkat, statat, utimensat,
};
use rustix::io::Errno;

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
        return Err(odd(from));
    }
    set_times(to, &meta)
}

/// Copies a folder that is not ours alone: the copies are readable for all and writable for us only (0755, 0644; whoever may
/// be executed by anybody stays executable), and whatever the folder's owner swaps meanwhile, nothing outside it is read:
/// every name is opened below its opened folder, and no link is followed. Otherwise as [`copy_tree`].
pub(crate) fn take_tree(from: &Path, to: &Path) -> io::Result<()> {
    let folder = openat(CWD, from, FOLDER.difference(OFlags::NOFOLLOW), Mode::empty());
    take_folder(&folder.map_err(|error| at(from, "open", error.into()))?, from, to)
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// A pipe in a file's place must not keep us waiting.
const FILE: OFlags = OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

fn take_folder(folder: &OwnedFd, from: &Path, to: &Path) -> io::Result<()> {
    let failed = |error: Errno| at(from, "read", error.into());
    make_folder(to)?;
    for entry in Dir::read_from(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name != "." && name != ".." {
            take_entry(folder, name, &from.join(name), &to.join(name))?;
        }
    }
    let meta = fstat(folder).map_err(failed)?;
    fs::set_permissions(to, std::fs::Permissions::from_mode(0o755))?;
    set_times_of(to, &meta)
}

fn take_entry(folder: &OwnedFd, name: &OsStr, from: &Path, to: &Path) -> io::Result<()> {
    let failed = |error: Errno| at(from, "copy", error.into());
    let meta = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).map_err(failed)?;
    match FileType::from_raw_mode(meta.st_mode) {
        FileType::Directory => {
            return take_folder(&openat(folder, name, FOLDER, Mode::empty()).map_err(failed)?, from, to);
        }
        FileType::Symlink => {
            remove_tree(to)?;
            let text = readlinkat(folder, name, Vec::new()).map_err(failed)?;
            fs_err::os::unix::fs::symlink(OsStr::from_bytes(text.to_bytes()), to)?;
        }
        FileType::RegularFile => {
            let file = std::fs::File::from(openat(folder, name, FILE, Mode::empty()).map_err(failed)?);
            let opened = file.metadata().map_err(|error| at(from, "copy", error))?;
            if !opened.is_file() {
                return Err(odd(from));
            }
            remove_tree(to)?;
            let mode = if opened.permissions().mode() & 0o111 == 0 { 0o644 } else { 0o755 };
            write_copy(file, from, to, mode)?;
        }
        _ => return Err(odd(from)),
    }
    set_times_of(to, &meta)
}

fn odd(from: &Path) -> io::Error {
    let reason = "it is neither a file nor a folder nor a symlink";
    at(from, "copy", io::Error::new(io::ErrorKind::Unsupported, reason))
}

fn set_times_of(path: &Path, meta: &Stat) -> io::Result<()> {
    let times = Timestamps {
        last_access: Timespec { tv_sec: meta.st_atime, tv_nsec: meta.st_atime_nsec as _ },
        last_modification: Timespec { tv_sec: meta.st_mtime, tv_nsec: meta.st_mtime_nsec as _ },
    };
    utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).map_err(|error| at(path, "set the times of", error.into()))
}

fn copy_file(from: &Path, to: &Path, mode: u32) -> io::Result<()> {
    let source = std::fs::File::open(from).map_err(|error| at(from, "open", error))?;
    write_copy(source, from, to, mode)
}

fn write_copy(mut source: std::fs::File, from: &Path, to: &Path, mode: u32) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let mut copy = options.write(true).create_new(true).mode(mode).open(to).map_err(|error| at(to, "create", error))?;
    let what = || format!("copy {} to", from.display());
    io::copy(&mut source, &mut copy).map_err(|error| at(to, &what(), error))?;
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

    #[test]
    fn what_is_taken_is_readable_for_all_and_writable_for_us_only() {
        let from = tree(&[("sub/tool", "x"), ("open", "y"), ("shut", "z")]);
        for (name, mode) in [("sub/tool", 0o6770), ("open", 0o666), ("shut", 0o600), ("sub", 0o777)] {
            fs::set_permissions(from.path().join(name), std::fs::Permissions::from_mode(mode)).unwrap();
        }
        symlink("open", from.path().join("link")).unwrap();
        let to = tempfile::tempdir().unwrap();
        let copy = to.path().join("copy");
        take_tree(from.path(), &copy).unwrap();
        for (name, mode) in [("", 0o755), ("sub", 0o755), ("sub/tool", 0o755), ("open", 0o644), ("shut", 0o644)] {
            assert_eq!(fs::metadata(copy.join(name)).unwrap().permissions().mode() & 0o7777, mode, "{name}");
        }
        assert_eq!(fs::read_link(copy.join("link")).unwrap(), Path::new("open"));
    }

    #[test]
    fn files_that_their_owner_swaps_for_links_meanwhile_are_never_followed() {
        let (from, outside) = (tree(&[("d/secret", "inside"), ("secret", "inside")]), tree(&[("secret", "outside")]));
        let stop = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let (real, link) = (from.path().join("real"), from.path().join("swap"));
                symlink(outside.path(), &link).unwrap();
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    for (one, other) in [("d", "real"), ("swap", "d"), ("d", "swap"), ("real", "d")] {
                        drop(fs::rename(from.path().join(one), from.path().join(other)));
                    }
                }
                drop(real);
            });
            for _ in 0..300 {
                let to = tempfile::tempdir().unwrap();
                // A swap at the wrong moment may well be an error.
                drop(take_tree(from.path(), &to.path().join("copy")));
                for folder in ["d", "real", "swap"] {
                    let copied = to.path().join("copy").join(folder);
                    if !copied.is_symlink() {
                        assert_ne!(fs::read_to_string(copied.join("secret")).unwrap_or_default(), "outside");
                    }
                }
            }
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
        });
    }
}
