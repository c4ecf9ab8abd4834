//! dkms-rs: kernel modules from source, for every kernel, at the right moment.
//!
//! The flow is one way, and a layer imports only what stands below it in this list (`tests/flow.rs` holds us to it):
//!
//! 1. [`cli`] reads the command line, [`event`] what a package manager says: both end in a request. `cli` also holds the
//!    pipeline that every command goes through: gather, decide, do, tell.
//! 2. [`request`]: what is wanted, whoever asked.
//! 3. [`plan`]: request and snapshot of the disk → steps with their reasons, omissions with theirs. Pure.
//!    [`status`]: the snapshot as the lines that programs parse.
//! 4. [`action`]: runs a plan.
//! 5. [`package`]: RPM and Debian packages from an archive or folder, archives in and out. [`diagnose`]: what a build
//!    log means.
//! 6. Readers: [`snapshot`] (all of the disk that a plan needs), [`conf`] (dkms.conf, framework.conf), [`kernel`]
//!    (headers, configuration, module files).
//! 7. [`tree`]: /var/lib/dkms; alone writes there, under its lock.
//! 8. [`sys`]: processes, files, environment, below one root.
//!
//! Open to all: [`ids`], [`version`], [`step`] (the words between plan and action), [`error`], [`exit`], [`report`].

pub mod action;
pub mod cli;
pub mod conf;
pub mod diagnose;
pub mod error;
pub mod event;
pub mod exit;
pub mod ids;
pub mod kernel;
pub mod package;
pub mod plan;
pub mod report;
pub mod request;
pub mod snapshot;
pub mod status;
pub mod step;
pub mod sys;
pub mod tree;
pub mod version;
