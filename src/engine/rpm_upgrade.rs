//! `--rpm_safe_upgrade`: the removal of what the same rpm transaction has just added cancels itself.
//!
//! An RPM upgrade runs the new package's %post before the old one's %preun. When both carry the same module and version,
//! the old %preun would remove what the new %post put there. `add` therefore leaves a note that names the rpm process by
//! pid and start time; `remove` under the same process takes the note and ends well.

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::ids::ModuleId;
use crate::report::Reporter;
use crate::request::{Request, Wish};
use crate::step::Switch;
use crate::sys::fs::write_atomically;
use crate::sys::process::{self, ProcessId};
use crate::tree::{Layout, TreeLock};

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

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    id: ModuleId,
    pid: u32,
    started: u64,
}

/// Leaves the note for an `add`, or finds it for a `remove`. True: the removal is cancelled.
pub(crate) fn cancels(request: &Request, lock: &TreeLock, reporter: &dyn Reporter) -> Result<bool> {
    if !request.policy.has(Switch::RpmSafeUpgrade) {
        return Ok(false);
    }
    let layout = lock.writer().layout().clone();
    let noted = |error| Error::io("cannot keep the note of --rpm_safe_upgrade", error);
    sweep(&layout).map_err(noted)?;
    match (&request.wish, transaction()) {
        (Wish::Add { id, .. }, Some(process)) => leave(&layout, id, process).map_err(noted).map(|()| false),
        (Wish::Remove { id, .. }, Some(process)) if take(&layout, id, process).map_err(noted)? => {
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

fn folder(layout: &Layout) -> PathBuf {
    layout.records().join("rpm")
}

fn file(layout: &Layout, id: &ModuleId) -> PathBuf {
    folder(layout).join(format!("{}@{}.json", id.name, id.version))
}

fn leave(layout: &Layout, id: &ModuleId, process: ProcessId) -> io::Result<()> {
    fs_err::create_dir_all(folder(layout))?;
    let note = Note { id: id.clone(), pid: process.pid, started: process.started };
    write_atomically(&file(layout, id), 0o600, &serde_json::to_vec(&note)?)
}

fn read(file: &std::path::Path) -> Option<Note> {
    fs_err::read(file).ok().and_then(|text| serde_json::from_slice(&text).ok())
}

fn take(layout: &Layout, id: &ModuleId, process: ProcessId) -> io::Result<bool> {
    let file = file(layout, id);
    let Some(note) = read(&file) else { return Ok(false) };
    let mine = (note.pid, note.started) == (process.pid, process.started);
    if mine {
        fs_err::remove_file(&file)?;
    }
    Ok(mine)
}

/// Notes of processes that are no more are of no use.
fn sweep(layout: &Layout) -> io::Result<()> {
    let Ok(entries) = fs_err::read_dir(folder(layout)) else { return Ok(()) };
    for entry in entries.flatten() {
        let alive = read(&entry.path())
            .is_some_and(|note| ProcessId::of(note.pid).is_some_and(|process| process.started == note.started));
        if !alive {
            fs_err::remove_file(entry.path())?;
        }
    }
    Ok(())
}
