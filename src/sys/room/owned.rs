//! What belongs to a room's user. It is given before the room is entered; what is taken back afterwards is not believed:
//! whatever lies there may be a link, a FIFO, a device, somebody else's file by a second name, or larger than the disk.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use fs_err as fs;
use rustix::fs::{AtFlags, CWD, Gid, Mode, OFlags, ResolveFlags, Uid};

use crate::sys::fs::{at, remove_tree};

/// Bytes of a file that is taken back. No module is near that large.
const MOST: u64 = 512 << 20;

/// Gives everything below (and including) a folder that only root could write so far to this user.
pub(crate) fn give(folder: &Path, user: u32) -> io::Result<()> {
    each(folder, &mut |path, meta| {
        own(path, user)?;
        let mode = meta.mode() & 0o7777;
        let needed = if meta.is_dir() { mode | 0o700 } else { mode | 0o600 };
        if !meta.is_symlink() && needed != mode {
            fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(needed))?;
        }
        Ok(())
    })
}

/// Takes everything below a folder from this user, whose processes are gone, and lets root have it. Set-user-id bits go
/// with it (chown(2)); what is not the user's, a second name of somebody else's file, stays as it is.
pub(crate) fn take_away(folder: &Path, user: u32) -> io::Result<()> {
    each(folder, &mut |path, meta| if meta.uid() == user { own(path, 0) } else { Ok(()) })
}

/// Deletes what this user, whose processes are gone, left in these folders for temporary files.
pub(crate) fn sweep(folders: &[PathBuf], user: u32) -> io::Result<()> {
    for folder in folders {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.metadata().is_ok_and(|meta| meta.uid() == user) {
                remove_tree(&entry.path())?;
            }
        }
    }
    Ok(())
}

fn own(path: &Path, user: u32) -> io::Result<()> {
    let (owner, group) = (Some(Uid::from_raw(user)), Some(Gid::from_raw(user)));
    rustix::fs::chownat(CWD, path, owner, group, AtFlags::SYMLINK_NOFOLLOW)
        .map_err(|error| at(path, "change the owner of", error.into()))
}

fn each(path: &Path, act: &mut dyn FnMut(&Path, &std::fs::Metadata) -> io::Result<()>) -> io::Result<()> {
    let meta = fs::symlink_metadata(path)?;
    act(path, &meta)?;
    if meta.is_dir() {
        for entry in fs::read_dir(path)? {
            each(&entry?.path(), act)?;
        }
    }
    Ok(())
}

/// Why a file is not taken back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("it is a link that leaves the build folder, to {}", .0.display())]
    LeadsOut(PathBuf),
    #[error("it is no regular file")]
    Kind,
    #[error("it belongs to user {0}, not to the build")]
    Owner(u32),
    #[error("it is {0} bytes large, and no module is")]
    Size(u64),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A file that was taken back, opened and looked at; what its name leads to by now does not matter any more.
#[derive(Debug)]
pub(crate) struct Taken {
    file: File,
    pub(crate) modified: SystemTime,
}

impl Taken {
    /// Opens a file below a folder without following a link out of it. `user`: whose it must be.
    pub(crate) fn open(folder: &Path, file: &Path, user: Option<u32>) -> Result<Self, Refused> {
        // Where links lead is a hint: it is opened without any.
        let (top, real) = (fs::canonicalize(folder)?, fs::canonicalize(file)?);
        let inside = real.strip_prefix(&top).map_err(|_| Refused::LeadsOut(real.clone()))?;
        let file = beneath(&top, inside).map_err(|error| at(&real, "open", error))?;
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(Refused::Kind);
        }
        // A second name of a file of the user itself tells nothing new: whoever could write the one could write the other.
        if user.is_some_and(|user| meta.uid() != user) {
            return Err(Refused::Owner(meta.uid()));
        }
        if meta.len() > MOST {
            return Err(Refused::Size(meta.len()));
        }
        Ok(Self { file, modified: meta.modified()? })
    }

    /// Writes what it holds into a new file of ours.
    pub(crate) fn copy_to(&self, place: &Path) -> io::Result<()> {
        let mut copy = fs::File::create(place)?;
        let mut bounded = io::Read::take(&self.file, MOST);
        io::copy(&mut bounded, &mut copy).map(drop).map_err(|error| at(place, "write", error))
    }
}

/// openat2(2) where the kernel has it, else folder by folder.
fn beneath(top: &Path, inside: &Path) -> io::Result<File> {
    let folder = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut at = rustix::fs::open(top, folder, Mode::empty())?;
    let resolve =
        ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_XDEV;
    match rustix::fs::openat2(&at, inside, flags, Mode::empty(), resolve) {
        Ok(file) => return Ok(File::from(file)),
        // What filters of containers answer to calls that they do not know.
        Err(rustix::io::Errno::NOSYS | rustix::io::Errno::PERM) => {}
        Err(error) => return Err(error.into()),
    }
    for name in inside.parent().into_iter().flat_map(Path::components) {
        at = rustix::fs::openat(&at, name.as_os_str(), folder, Mode::empty())?;
    }
    let name = inside.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::IsADirectory))?;
    Ok(File::from(rustix::fs::openat(&at, name, flags, Mode::empty())?))
}
