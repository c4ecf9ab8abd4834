//! Users that nobody has, one for each room that is open: limits count by user, and so does who may touch what.
//!
//! Several dkms can share a process table and nothing else: a container and its host, a chroot, a unit with mounts of its
//! own. So no single name decides. A lock below /run keeps those apart that share it, or else an abstract socket those that
//! share a network; where the search begins differs by boot, root and mounts; and a user of whom a process is seen is passed
//! over, whoever started it.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::sync::Once;

use rustix::process::{Uid, getpriority_user};

use super::left;

/// systemd leaves these to dynamic users (systemd.io, "Users, Groups, UIDs and GIDs").
const FIRST: u32 = 61184;
const LAST: u32 = 65519;

/// A lock for each user that a room has, named by its number.
const LOCKS: &str = "/run/dkms/rooms";

/// A user that no other room has as long as this lives.
#[derive(Debug)]
pub(crate) struct User {
    id: u32,
    _claim: Claim,
}

/// What keeps others from a user; it goes with us, however we end.
#[derive(Debug)]
enum Claim {
    Lock {
        _file: File,
    },
    Socket {
        _name: UnixListener,
    },
    /// Nothing can be claimed here.
    Nothing,
}

impl User {
    /// The first that is free and of whom no process is seen. Where none is, one by our process number.
    pub(crate) fn claim() -> Self {
        let locks = folder_of_locks();
        static ONCE: Once = Once::new();
        if let Some(locks) = &locks {
            ONCE.call_once(|| end_what_the_killed_left(locks));
        }
        let count = LAST - FIRST + 1;
        let offset = (place() % u64::from(count)) as u32;
        let ids = (0..count).map(|step| FIRST + (offset + step) % count);
        let claim = |id| Some(Self { id, _claim: claim(id, locks.as_deref())? }).filter(|_| is_vacant(id));
        ids.filter(|id| is_vacant(*id))
            .find_map(claim)
            .unwrap_or_else(|| Self { id: FIRST + std::process::id() % count, _claim: Claim::Nothing })
    }

    pub(crate) fn id(&self) -> u32 {
        self.id
    }
}

fn claim(id: u32, locks: Option<&Path>) -> Option<Claim> {
    if let Some(locks) = locks {
        return Some(Claim::Lock { _file: locked(&locks.join(id.to_string())).ok()? });
    }
    let name = SocketAddr::from_abstract_name(format!("dkms-room-{id}")).ok()?;
    Some(Claim::Socket { _name: UnixListener::bind_addr(&name).ok()? })
}

fn locked(path: &Path) -> io::Result<File> {
    let file = File::options().write(true).create(true).truncate(false).custom_flags(libc::O_NOFOLLOW).open(path)?;
    file.try_lock().map_err(io::Error::from)?;
    Ok(file)
}

/// The folder of the locks, if it is root's own. None: /run cannot be written.
fn folder_of_locks() -> Option<PathBuf> {
    let folder = PathBuf::from(LOCKS);
    std::fs::DirBuilder::new().recursive(true).mode(0o755).create(&folder).ok()?;
    let meta = std::fs::symlink_metadata(&folder).ok()?;
    let is_ours = meta.is_dir() && meta.uid() == rustix::process::geteuid().as_raw() && meta.mode() & 0o022 == 0;
    (is_ours && rustix::fs::access(&folder, rustix::fs::Access::WRITE_OK).is_ok()).then_some(folder)
}

/// Whether no process of this user is to be seen; needs no /proc.
fn is_vacant(id: u32) -> bool {
    getpriority_user(Uid::from_raw(id)) == Err(rustix::io::Errno::SRCH)
}

/// Differs between roots, mounts and boots.
fn place() -> u64 {
    let mut hasher = DefaultHasher::new();
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok().hash(&mut hasher);
    std::fs::read_link("/proc/self/ns/mnt").ok().hash(&mut hasher);
    std::fs::metadata("/").map(|root| (root.dev(), root.ino())).ok().hash(&mut hasher);
    hasher.finish()
}

/// Rooms without a process namespace of their own, whose dkms was killed: nobody holds the lock of their user any more.
fn end_what_the_killed_left(locks: &Path) {
    let entries = std::fs::read_dir(locks).into_iter().flatten().flatten();
    let users = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    for user in users.filter(|user| (FIRST..=LAST).contains(user) && !is_vacant(*user)) {
        if let Ok(_held) = locked(&locks.join(user.to_string())) {
            left::end_in_this_place(user);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::CommandExt;

    #[test]
    fn rooms_that_are_open_at_once_have_users_of_their_own() {
        let (one, two) = (User::claim(), User::claim());
        assert_ne!(one.id(), two.id());
        assert!((FIRST..=LAST).contains(&one.id()) && (FIRST..=LAST).contains(&two.id()));
    }

    #[test]
    fn a_user_of_whom_a_process_is_seen_is_passed_over_whoever_started_it() {
        if rustix::process::geteuid().as_raw() != 0 {
            return;
        }
        let free = User::claim().id();
        let mut other = std::process::Command::new("sleep").arg("60").uid(free).gid(free).spawn().unwrap();
        let next = User::claim().id();
        other.kill().unwrap();
        other.wait().unwrap();
        assert_ne!(free, next);
    }
}
