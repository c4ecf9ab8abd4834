//! The way of every request and event: gather, decide, do, tell; and what callers are told of it.

mod advice;
pub(crate) mod app;
pub(crate) mod archive;
pub(crate) mod document;
pub(crate) mod enrol;
pub(crate) mod essential;
pub(crate) mod event;
pub(crate) mod failures;
pub(crate) mod gather;
pub(crate) mod guard;
pub(crate) mod initramfs;
mod leavers;
#[cfg(feature = "packages")]
pub(crate) mod matrix;
pub(crate) mod mok;
pub(crate) mod ourselves;
pub(crate) mod pending;
pub(crate) mod pipeline;
pub(crate) mod policy;
pub(crate) mod preflight;
pub(crate) mod provenance;
mod reboot;
pub(crate) mod recording;
pub(crate) mod replacing;
pub(crate) mod rpm_upgrade;
pub(crate) mod serving;
pub(crate) mod story;
pub(crate) mod summary;
pub(crate) mod sysext;
mod telling;
pub(crate) mod unlisted;
pub(crate) mod unsigned;
pub(crate) mod untrusted;
pub(crate) mod verdict;
pub(crate) mod work;
