//! `--rpm_safe_upgrade`: the removal of what the same rpm transaction has just added cancels itself.
//!
//! An RPM upgrade runs the new package's %post before the old one's %preun. When both carry the same module and version,
//! the old %preun would remove what the new %post put there. `add` therefore leaves a note that names the rpm process by
//! pid and start time; `remove` under the same process takes the note and ends well.

use crate::error::{Error, Result};
use crate::report::Reporter;
use crate::request::{Request, Wish};
use crate::step::Switch;
use crate::sys::process::{self, ProcessId};
use crate::tree::TreeLock;

/// Programs that run scriptlets, by the name that /proc/PID/comm gives (cut to 15 bytes there).
const PACKAGE_MANAGERS: &[&str] = &[
    "rpm",
    "rpm.real",
    "rpmi",
    "dnf",
    "dnf5",
    "dnf5daemon-serv",
    "dnf-automatic",
    "yum",
    "zypper",
    "packagekitd",
    "rpm-ostree",
    "microdnf",
    "tdnf",
    "urpmi",
];

/// Leaves the note for an `add`, or finds it for a `remove`. True: the removal is cancelled.
pub(crate) fn cancels(request: &Request, lock: &TreeLock, reporter: &dyn Reporter) -> Result<bool> {
    if !request.policy.has(Switch::RpmSafeUpgrade) {
        return Ok(false);
    }
    let writer = lock.writer();
    let noted = |error| Error::io("cannot keep the note of --rpm_safe_upgrade", error);
    match (&request.wish, transaction()) {
        (Wish::Add { id, .. }, Some(process)) => writer.note_added(id, process).map_err(noted).map(|()| false),
        (Wish::Remove { id, .. }, Some(process)) if writer.take_added(id, process).map_err(noted)? => {
            reporter.note(format!("{id} was added in this very transaction; it is not removed"));
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// The process that runs this transaction: the nearest ancestor that is a package manager, else the parent of the
/// scriptlet's shell.
fn transaction() -> Option<ProcessId> {
    let ancestors: Vec<ProcessId> = process::ancestors(std::process::id()).collect();
    let manager = ancestors.iter().find(|process| {
        fs_err::read_to_string(format!("/proc/{}/comm", process.pid))
            .is_ok_and(|name| PACKAGE_MANAGERS.contains(&name.trim()))
    });
    manager.or(ancestors.get(1)).copied()
}
