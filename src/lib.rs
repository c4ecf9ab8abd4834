//! dkms-rs: kernel modules from source, for every kernel, at the right moment.
//!
//! The flow is one way, and a layer imports only what stands below it in this list (`tests/flow.rs` holds us to it):
//!
//! 1. [`cli`]: words only. What was typed becomes a request.
//! 2. [`engine`]: the way of every request, a person's or an event's: gather, decide, do, tell. [`event`]: what a package
//!    manager says, parsed and nothing more.
//! 3. [`request`]: what is wanted, whoever asked.
//! 4. [`plan`]: request and snapshot of the disk → steps with their reasons, omissions with theirs. Pure.
//!    [`status`]: the snapshot as the lines that programs parse.
//! 5. [`action`]: runs a plan.
//! 6. [`package`]: packages for RPM, Debian and Arch, and recipes for others, from an archive or folder. [`diagnose`]: what a
//!    build log means.
//!    [`archive`]: archives in and out, under limits.
//! 7. Readers: [`snapshot`] (all of the disk that a plan needs), [`trust`] (keys, and whether a kernel would load a module),
//!    [`conf`] (dkms.conf, framework.conf), [`kernel`] (headers, configuration, module files).
//! 8. [`tree`]: /var/lib/dkms; alone writes there, under its lock.
//! 9. [`sys`]: processes, files, environment, below one root.
//!
//! Open to all: [`ids`], [`version`], [`step`] (the words between plan and action), [`error`], [`exit`], [`report`].
//!
//! # Words
//!
//! The same words are used everywhere, in code, messages and manuals:
//!
//! | word | means |
//! | --- | --- |
//! | event | what a package manager told us, in its own terms; a hint, nothing more |
//! | request | which modules, for which kernels, and what is wished of them, with the policy. Nothing is left open |
//! | target | one kernel release with its architecture, in one root |
//! | snapshot | what is on disk now. Taken once, read by the plan, never by an action |
//! | plan | steps and omissions. A step: module, version, target, what, why, after which steps. An omission: what is not done, why |
//! | outcome | done, failed (kind, first error, log), or skipped because an earlier step failed |
//! | verdict | what a request ends with: its exit code and what is told, made of the plan and its outcomes |
//! | record | what we keep beside the original's tree, under names that begin with a dot. Losing all of them costs time, never a working module |
//! | intent | a record of a change that has begun; what a run that died left is completed or undone by it, and by nothing else |
//! | room | where a build runs: another user, other walls, the target's `uname`; of level full, user or none |
//! | bench | the programs of one root and everything else of another, as one root in which builds run (`--toolchain`) |
//! | preflight | modules are built for a kernel before its package is unpacked; nothing but these builds, and how those that failed did, is kept |
//! | matrix, cell | modules × kernels, and one of both; a store keeps finished cells by what decides about their bytes |
//! | adopted | built by another DKMS, taken over as it is |
//! | essential | a module that framework.conf wants for every kernel |
//!
//! How one request goes through all this is told in CONTRIBUTING.md, "The way of one event".
//!
//! The crate is closed: [`main`] is all that others may call.

mod action;
mod archive;
mod cli;
mod conf;
mod diagnose;
mod engine;
mod error;
mod event;
mod exit;
#[cfg(fuzzing)]
pub mod fuzz;
mod ids;
mod kernel;
#[cfg(feature = "packages")]
mod package;
mod plan;
mod report;
mod request;
mod snapshot;
mod status;
mod step;
mod sys;
mod tree;
mod trust;
mod version;

use std::ffi::OsString;
use std::panic::catch_unwind;

/// Runs the program with these words (the first is its own name) and gives the exit code.
#[must_use]
pub fn main(words: Vec<OsString>) -> u8 {
    // A panic's own code, 101, has a meaning for callers.
    catch_unwind(|| cli::main(words)).unwrap_or_else(|_| exit::Kind::Internal.code())
}
