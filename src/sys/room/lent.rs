//! A folder of somebody else that a room may write: its owner appears as the room's user there, and what is made there
//! belongs to its owner (a mount with names of its own, mount_setattr(2)).

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use fs_err as fs;
use rustix::fs::{Mode, OFlags};

use super::calls::check;
use super::description::Room;

/// Users and groups as a lent folder has them.
pub(super) struct Names(OwnedFd);

impl Names {
    /// None: all may write the folder, or names of its own cannot be had for it.
    ///
    /// Must be called in a process that has no threads and no process namespace for its children yet.
    pub(super) fn of(room: &Room, folder: &Path) -> Option<Self> {
        let folder = room.root.join(folder.strip_prefix("/").unwrap_or(folder));
        let meta = fs::metadata(folder).ok()?;
        let all_may_write = meta.mode() & 0o002 != 0;
        if all_may_write || meta.uid() == room.user {
            return None;
        }
        with_child(|child| namespace(child, (meta.uid(), meta.gid()), room.user)).ok()
    }

    pub(super) fn namespace(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Gives the number of a child in a user namespace of its own to `act`.
fn with_child<T>(act: impl FnOnce(i32) -> io::Result<T>) -> io::Result<T> {
    let (mut ours, ready) = io::pipe()?;
    let (wait, done) = io::pipe()?;
    // SAFETY: this process has one thread, so its child may do as it likes; it makes plain calls only.
    let child = unsafe { libc::fork() };
    check(child)?;
    if child == 0 {
        drop((ours, done));
        // SAFETY: plain calls, and the end of this child.
        unsafe {
            let entered = libc::unshare(libc::CLONE_NEWUSER) == 0 && (&ready).write_all(b"r").is_ok();
            drop(ready);
            // Until the other end is closed.
            libc::_exit(if entered && (&wait).read(&mut [0]).is_ok() { 0 } else { 1 })
        }
    }
    drop((ready, wait));
    let answer = ours.read_exact(&mut [0]).and_then(|()| act(child));
    drop(done);
    // SAFETY: a plain call; how the child ends is no matter.
    check(unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) })?;
    answer
}

/// The namespace of this process, in which `user` outside is `owner`.
fn namespace(process: i32, (owner, group): (u32, u32), user: u32) -> io::Result<Names> {
    fs::write(format!("/proc/{process}/uid_map"), format!("{owner} {user} 1"))?;
    fs::write(format!("/proc/{process}/gid_map"), format!("{group} {user} 1"))?;
    let path = format!("/proc/{process}/ns/user");
    let opened = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    Ok(Names(opened))
}
