//! The way of every request and event: gather, decide, do, tell; and what callers are told of it.

pub(crate) mod archive;
pub(crate) mod document;
pub(crate) mod essential;
pub(crate) mod event;
pub(crate) mod failures;
pub(crate) mod initramfs;
pub(crate) mod pending;
pub(crate) mod pipeline;
pub(crate) mod policy;
pub(crate) mod provenance;
pub(crate) mod recording;
pub(crate) mod rpm_upgrade;
pub(crate) mod summary;
pub(crate) mod verdict;
