//! The room: a place that foreign code runs in, described by data and entered by a process of its own.
//!
//! A build is somebody else's code. In a room it runs under a user of its own, without network, sees the world read-only
//! and may write one folder and scratch space that goes with it; `uname -r` tells the kernel that is built for. The
//! program that enters is dkms itself under the name [`PROGRAM`]: a fresh process, so that nothing of ours (memory,
//! threads, descriptors) is inside, and that may outlive no build: it is the parent of all that runs in the room.
//!
//! - [`description`]: what a room is, as data
//! - [`enter`]: the process outside (waits, answers uname) and the first one inside (reaps, ends with its program)
//! - [`view`]: what is visible at level full: a root of bind mounts
//! - [`layer`]: what may be written there and is as before afterwards
//! - [`lent`]: what may be written there though it is somebody else's
//! - [`landlock`]: what may be opened, as a second wall, and the only one at level user
//! - [`left`]: who is left of a room that has no process namespace, and their end
//! - [`watch`]: what it takes of memory and disk
//! - [`confine`]: user, limits, privileges
//! - [`seccomp`]: system calls that no build needs, and the one that is answered by us
//! - [`uname`]: the answers
//! - [`level`]: what this machine allows, tried and not guessed
//! - [`user`]: users that nobody has, one for each room that is open
//! - [`owned`]: what belongs to a room's user: given, taken back, never believed

mod calls;
mod confine;
mod description;
pub(crate) mod enter;
mod landlock;
mod layer;
mod left;
mod lent;
pub(crate) mod level;
pub(super) mod mounts;
pub(crate) mod owned;
mod seccomp;
mod uname;
pub(crate) mod user;
mod view;
mod watch;

pub(crate) use view::apart;

pub(crate) use description::{
    ENDED, Level, Limits, MEMORY_RAN_OUT, NOT_ENTERED, Network, PROGRAM, Room, SCRATCH, Terminal, Uts,
};
