//! What package managers tell us, in their own terms, parsed and nothing more. The sources are the forms in which our
//! hooks call `/usr/lib/dkms/event`.

mod bearing;
pub(crate) mod call;
pub(crate) mod dpkg;
pub(crate) mod kernel_hooks;
pub(crate) mod pacman;
pub(crate) mod paths;
pub(crate) mod planned;
mod rest;
pub(crate) mod rpm;

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::ids::{KernelRelease, ModuleId, ModuleName, ModuleVersion};

pub(crate) use bearing::{Bearing, bearing};
pub(crate) use call::{Call, Keep};
pub(crate) use rest::{Rest, rest};

/// What happened, or is about to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// A kernel, or the headers of one, arrived.
    KernelArrived {
        kernel: KernelRelease,
    },
    KernelLeaves {
        kernel: KernelRelease,
    },
    /// A package brought a module, or brought it back.
    ModuleArrived {
        id: ModuleId,
        /// Which package manager said so.
        manager: PackageManager,
        /// The folder in which the package may have put the module as an archive.
        archives: Option<PathBuf>,
    },
    /// A package that holds a module is about to be removed.
    ModuleLeaves {
        id: ModuleId,
        /// Which package manager said so.
        manager: PackageManager,
    },
    /// A package that holds a module is about to be replaced by another version of itself.
    ModuleIsReplaced {
        /// The module of the package that leaves.
        id: ModuleId,
        /// Which package manager said so.
        manager: PackageManager,
    },
    /// Modules, kernels or headers may have come, changed or gone: the disk tells which.
    DiskChanged {
        /// What was said, for people.
        why: String,
    },
    /// Sources in these folders below /usr/src may leave with the transaction, or be replaced by it.
    SourcesMayLeave {
        folders: BTreeSet<String>,
    },
    /// Sources in these folders below /usr/src leave in the transaction that removes our own package.
    SourcesLeaveWithOurs {
        folders: BTreeSet<String>,
    },
    /// Our own package is about to be removed: what has gone with the same transaction is taken away, nothing is built.
    OursLeaves {
        manager: PackageManager,
    },
    /// The machine starts: whatever this root needs, also what its image left open.
    Start,
    /// Somebody asks as old scripts do: whatever is missing on this kernel (None: the running one).
    Autoinstall {
        kernel: Option<KernelRelease>,
    },
    /// An event that asks nothing of us.
    Nothing {
        why: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PackageManager {
    /// dpkg, by a maintainer script that calls the event interface.
    Dpkg,
    /// dpkg, by a maintainer script that calls common.postinst, as all of Debian's do.
    DpkgCommon,
    Rpm,
}

/// Why the words after `dkms event` cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EventError {
    /// No such source, or no such phase of it.
    #[error("`{0}` is not an event that dkms knows")]
    Unknown(String),
    #[error("the event `{event}` needs {what}")]
    Missing {
        event: String,
        /// What should follow.
        what: &'static str,
    },
    /// A word cannot be a name.
    #[error(transparent)]
    Name(#[from] crate::ids::IdError),
}

/// Understands what arrived: a source, then what that source's manager gave its script.
pub(crate) fn parse(call: &Call) -> Result<Event, EventError> {
    let (source, rest) =
        call.words.split_first().ok_or(EventError::Missing { event: "event".into(), what: "its source" })?;
    match source.as_str() {
        "kernel" => kernel_hooks::run_parts(rest, call.variable("DEB_MAINT_PARAMS")),
        "kernel-install" => kernel_hooks::kernel_install(rest, call.variable("KERNEL_INSTALL_BYPASS")),
        "start" => Ok(Event::Start),
        "autoinstaller" => kernel_hooks::autoinstaller(rest),
        "dpkg" => dpkg::maintainer_script(rest),
        "dpkg-self" => dpkg::own_maintainer_script(rest),
        "common-postinst" => dpkg::common_postinst(rest),
        "rpm" => rpm::scriptlet(rest),
        "rpm-self" => rpm::own_scriptlet(rest),
        "rpm-trigger" => rpm::file_trigger(rest, &call.touched()),
        "pacman" => pacman::hook(rest, &call.touched()),
        other => Err(EventError::Unknown(other.to_owned())),
    }
}

/// The word at a place, or what is missing there.
fn word<'w>(words: &'w [String], at: usize, event: &str, what: &'static str) -> Result<&'w str, EventError> {
    words
        .get(at)
        .map(String::as_str)
        .filter(|word| !word.is_empty())
        .ok_or_else(|| EventError::Missing { event: event.to_owned(), what })
}

fn module(words: &[String], at: usize, event: &str) -> Result<ModuleId, EventError> {
    let name = ModuleName::new(word(words, at, event, "the module's name")?)?;
    let version = ModuleVersion::new(word(words, at + 1, event, "the module's version")?)?;
    Ok(ModuleId::new(name, version))
}

fn nothing(why: impl Into<String>) -> Event {
    Event::Nothing { why: why.into() }
}

#[cfg(test)]
mod tests;
