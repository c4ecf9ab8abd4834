//! Mounts as a room needs them: by mount(2) where one has to be made, by open_tree(2) and mount_setattr(2) where a part of the
//! machine is shown.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::Path;

use rustix::fs::CWD;
use rustix::mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree};

use super::calls::{c_path, check};

/// A file system in memory of at most so many bytes.
pub(in crate::sys) fn memory(at: impl AsRef<Path>, size: u64, mode: &str) -> io::Result<()> {
    let options = format!("size={size},mode={mode}");
    let at = at.as_ref();
    let place = at.to_str().ok_or_else(|| io::Error::other(format!("{} is no text", at.display())))?;
    mount(Some("tmpfs"), place, Some("tmpfs"), libc::MS_NOSUID | libc::MS_NODEV, Some(&options))
}

pub(super) fn bind(source: &Path, place: &Path) -> io::Result<()> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let tree = open_tree(CWD, source, flags)?;
    if source.starts_with("/dev") {
        read_only(tree.as_fd(), true)?;
    } else {
        read_only(tree.as_fd(), false)?;
    }
    Ok(move_mount(&tree, "", CWD, place, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?)
}

/// include/uapi/linux/mount.h
pub(super) const MOUNT_ATTR_RDONLY: u64 = 1;
pub(super) const MOUNT_ATTR_NOSUID: u64 = 2;
pub(super) const MOUNT_ATTR_NODEV: u64 = 4;
const MOUNT_ATTR_IDMAP: u64 = 0x0010_0000;

pub(in crate::sys) fn read_only(tree: BorrowedFd<'_>, is_device: bool) -> io::Result<()> {
    let device = if is_device { 0 } else { MOUNT_ATTR_NODEV };
    attributes(tree, libc::AT_RECURSIVE, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | device)
}

/// Sets attributes of a mount; with AT_RECURSIVE of those below as well.
pub(super) fn attributes(tree: BorrowedFd<'_>, depth: libc::c_int, set: u64) -> io::Result<()> {
    change(tree, depth, &Attributes { set, clear: 0, propagation: 0, user_namespace: 0 })
}

/// Users and groups of a mount that nobody sees yet are those of this namespace.
pub(super) fn mapped(tree: BorrowedFd<'_>, namespace: BorrowedFd<'_>) -> io::Result<()> {
    let user_namespace = u64::try_from(namespace.as_raw_fd()).map_err(io::Error::other)?;
    change(tree, 0, &Attributes { set: MOUNT_ATTR_IDMAP, clear: 0, propagation: 0, user_namespace })
}

/// `struct mount_attr`
#[repr(C)]
struct Attributes {
    set: u64,
    clear: u64,
    propagation: u64,
    user_namespace: u64,
}

fn change(tree: BorrowedFd<'_>, depth: libc::c_int, attributes: &Attributes) -> io::Result<()> {
    let flags = libc::AT_EMPTY_PATH | depth;
    // SAFETY: the structure lives through the call, which only reads it.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            tree.as_raw_fd(),
            c"".as_ptr(),
            flags,
            attributes,
            size_of::<Attributes>(),
        )
    };
    check(answer as libc::c_int)
}

pub(super) fn mount(
    source: Option<&str>,
    at: &str,
    kind: Option<&str>,
    flags: libc::c_ulong,
    data: Option<&str>,
) -> io::Result<()> {
    let text = |text: Option<&str>| text.map(|text| c_path(Path::new(text))).transpose();
    let (source, kind, data) = (text(source)?, text(kind)?, text(data)?);
    let at_text = c_path(Path::new(at))?;
    let pointer = |text: &Option<CString>| text.as_ref().map_or(std::ptr::null(), |text| text.as_ptr());
    // SAFETY: every text lives through the call, which only reads them.
    let answer =
        unsafe { libc::mount(pointer(&source), at_text.as_ptr(), pointer(&kind), flags, pointer(&data).cast()) };
    check(answer).map_err(|error| io::Error::new(error.kind(), format!("mount at {at}: {error}")))
}
