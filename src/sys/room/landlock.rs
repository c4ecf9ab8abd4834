//! What may be opened, by Landlock (landlock(7)): a second wall at level full, the only one at level user.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, open};

use super::description::{Level, Network, Room, SCRATCH};

/// System calls, with one number on all machines.
const CREATE_RULESET: libc::c_long = 444;
const ADD_RULE: libc::c_long = 445;
const RESTRICT_SELF: libc::c_long = 446;

/// Rights on files (include/uapi/linux/landlock.h), by the version of the interface that brought them.
const EXECUTE: u64 = 1;
const WRITE_FILE: u64 = 1 << 1;
const READ_FILE: u64 = 1 << 2;
const READ_DIR: u64 = 1 << 3;
const REFER: u64 = 1 << 13;
const TRUNCATE: u64 = 1 << 14;
const IOCTL_DEV: u64 = 1 << 15;
const FIRST: u64 = (1 << 13) - 1;
const LOOK: u64 = EXECUTE | READ_FILE | READ_DIR;
/// What a rule on a file, as opposed to a folder, may name.
const OF_FILES: u64 = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV;
/// TCP: bind and connect.
const NETWORK: u64 = 3;
/// Abstract sockets and signals of processes outside.
const SCOPED: u64 = 3;

#[repr(C)]
struct Ruleset {
    files: u64,
    network: u64,
    scoped: u64,
}

#[repr(C, packed)]
struct BeneathRule {
    allowed: u64,
    parent: i32,
}

/// Folders of the system that every build may look at.
const SYSTEM: [&str; 11] =
    ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix/store", "/proc", "/sys"];
const DEVICES: [&str; 6] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"];

/// Restricts this process and its children. A kernel without Landlock is no error: at level full the view stands, and
/// level user then has what file modes give.
pub(super) fn restrict(room: &Room) -> io::Result<()> {
    // SAFETY: asks for the version; no memory is involved.
    let version = unsafe { libc::syscall(CREATE_RULESET, std::ptr::null::<Ruleset>(), 0_usize, 1_u32) };
    if version < 1 {
        return Ok(());
    }
    let handled = FIRST
        | if version >= 2 { REFER } else { 0 }
        | if version >= 3 { TRUNCATE } else { 0 }
        | if version >= 5 { IOCTL_DEV } else { 0 };
    let ruleset = Ruleset {
        files: handled,
        network: if version >= 4 && room.network == Network::None { NETWORK } else { 0 },
        scoped: if version >= 6 { SCOPED } else { 0 },
    };
    // SAFETY: the structure lives through the call; kernels read as much of it as they know and check that the rest is 0.
    let fd = unsafe { libc::syscall(CREATE_RULESET, &ruleset, size_of::<Ruleset>(), 0_u32) };
    let fd = i32::try_from(fd).ok().filter(|fd| *fd >= 0).ok_or_else(io::Error::last_os_error)?;
    // SAFETY: the call gave a new descriptor, which is nobody else's.
    let rules = unsafe { OwnedFd::from_raw_fd(fd) };
    allow(&rules, room, handled)?;
    // SAFETY: a plain call.
    match unsafe { libc::syscall(RESTRICT_SELF, rules.as_raw_fd(), 0_u32) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

fn allow(rules: &OwnedFd, room: &Room, handled: u64) -> io::Result<()> {
    let look = LOOK & handled;
    for folder in SYSTEM.iter().map(Path::new).chain(room.readable.iter().map(PathBuf::as_path)) {
        add(rules, folder, look)?;
    }
    match room.level {
        // What must not be seen is not there.
        Level::Full => add(rules, Path::new("/"), look)?,
        Level::User | Level::None => {
            for entry in settings(&room.hidden) {
                add(rules, &entry, look)?;
            }
        }
    }
    let device = (READ_FILE | WRITE_FILE | IOCTL_DEV | TRUNCATE) & handled;
    for name in DEVICES {
        add(rules, Path::new(name), device)?;
    }
    let writable = [&room.writable, &room.lent, &room.layered].into_iter().flatten();
    for folder in SCRATCH.iter().map(Path::new).chain(writable.map(PathBuf::as_path)) {
        add(rules, folder, handled)?;
    }
    Ok(())
}

/// Entries of /etc but for those that are hidden, or hold something that is.
fn settings(hidden: &[PathBuf]) -> Vec<PathBuf> {
    let Ok(entries) = fs_err::read_dir("/etc") else { return Vec::new() };
    let entries = entries.flatten().map(|entry| entry.path());
    entries.filter(|entry| !hidden.iter().any(|hidden| hidden.starts_with(entry))).collect()
}

/// Allows this below a path. One that is not there, or that this user cannot reach, needs no rule.
fn add(rules: &OwnedFd, path: &Path, allowed: u64) -> io::Result<()> {
    let Ok(parent) = open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()) else { return Ok(()) };
    let allowed = if path.is_dir() { allowed } else { allowed & OF_FILES };
    let rule = BeneathRule { allowed, parent: parent.as_raw_fd() };
    // SAFETY: the structure lives through the call, which only reads it; 1 names its kind.
    match unsafe { libc::syscall(ADD_RULE, rules.as_raw_fd(), 1_u32, &rule, 0_u32) } {
        0 => Ok(()),
        _ => Err(io::Error::new(
            io::Error::last_os_error().kind(),
            format!("no Landlock rule for {}: {}", path.display(), io::Error::last_os_error()),
        )),
    }
}
