//! A layer in memory over a folder that a build writes though it is not its own: it sees its changes, and nobody else does.

use std::io;
use std::path::Path;

use fs_err as fs;
use rustix::mount::{UnmountFlags, unmount};

use super::calls::told;
use super::description::Room;
use super::mounts::{memory, mount};
use super::owned;

/// Lays one over what is visible at `place`; `aside` is an unused name in the same root.
///
/// Permissions are those of what lies below (overlay(5)), which is root's: so everything is given to the room's user in the
/// layer, which with `metacopy` takes attributes and no content.
pub(super) fn lay(place: &Path, aside: &Path, room: &Room) -> io::Result<()> {
    fs::create_dir_all(aside)?;
    memory(aside, room.limits.scratch, "0700")?;
    let (upper, work) = (aside.join("upper"), aside.join("work"));
    fs::create_dir(&upper)?;
    fs::create_dir(&work)?;
    // What is below has any name, and commas and colons have a meaning here.
    std::env::set_current_dir(place)?;
    let options = format!("lowerdir=.,upperdir={},workdir={},metacopy=on", upper.display(), work.display());
    let flags = libc::MS_NOSUID | libc::MS_NODEV;
    let laid = mount(Some("overlay"), ".", Some("overlay"), flags, Some(&options));
    std::env::set_current_dir("/")?;
    laid.map_err(|error| told("no layer can be laid over the kernel's headers", error))?;
    owned::give(place, room.user)?;
    // Only through the layer.
    Ok(unmount(aside, UnmountFlags::DETACH)?)
}
