//! Facts about processes from /proc: start times and parents.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A process that cannot be mistaken for a later one with the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProcessId {
    pub(crate) pid: u32,
    /// Start time in clock ticks since boot (proc_pid_stat(5), field 22); 0 when /proc is not there.
    pub(crate) started: u64,
}

impl ProcessId {
    pub(crate) fn own() -> Self {
        let pid = std::process::id();
        Self { pid, started: read_stat(pid).map_or(0, |stat| stat.started) }
    }

    /// The process with this number, if there is one.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        read_stat(pid).map(|stat| Self { pid, started: stat.started })
    }

    /// Whether it runs still. Without /proc that cannot be known, and it counts as running.
    pub(crate) fn is_alive(self) -> bool {
        Self::own().started == 0 || Self::of(self.pid) == Some(self)
    }

    /// Whether it is this process, its parent, or further up.
    pub(crate) fn is_ancestor(self) -> bool {
        let own = Self::own();
        if self == own {
            return true;
        }
        if own.started == 0 {
            // Without /proc (a bare chroot) only the parent's number is known.
            return self.started == 0
                && rustix::process::getppid().is_some_and(|p| p.as_raw_nonzero().get() as u32 == self.pid);
        }
        ancestors(own.pid).any(|process| process == self)
    }
}

/// Parent, grandparent and so on, up to the first process of this namespace.
pub(crate) fn ancestors(pid: u32) -> impl Iterator<Item = ProcessId> {
    let parent = |pid: u32| read_stat(pid).map(|stat| stat.parent).filter(|parent| *parent != 0);
    std::iter::successors(parent(pid), move |pid| parent(*pid))
        .map_while(|pid| read_stat(pid).map(|stat| ProcessId { pid, started: stat.started }))
        // A chain cannot be longer than there are processes; numbers re-used while we walk must not make a ring.
        .take(4096)
}

/// The outermost ancestor of this process that is a program of one of these names.
pub(crate) fn outermost(names: &[&str]) -> Option<ProcessId> {
    let name_of = |pid: u32| fs_err::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    ancestors(std::process::id()).filter(|process| names.contains(&name_of(process.pid).trim())).last()
}

/// The process of the package manager whose transaction this process is part of. Daemons that outlive a transaction do not
/// count; the dpkg or rpm below them does, where there is one.
pub(crate) fn transaction() -> Option<ProcessId> {
    outermost(&[
        "apt",
        "apt-get",
        "aptitude",
        "dpkg",
        "rpm",
        "dnf",
        "dnf5",
        "yum",
        "microdnf",
        "zypper",
        "rpm-ostree",
        "pacman",
    ])
}

/// Whether a package manager, or a machine that builds by itself, started this process: its terminal is not ours to draw on.
pub(crate) fn is_managed() -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_of_dpkg = || std::env::vars_os().any(|(name, _)| name.to_string_lossy().starts_with("DPKG_"));
    // What only shows or restarts what others install.
    let daemons = &["packagekitd", "unattended-upgr", "pamac", "pamac-daemon", "yay", "paru", "kernel-install"];
    is_set("CI") || is_of_dpkg() || transaction().is_some() || outermost(daemons).is_some()
}

struct Stat {
    parent: u32,
    started: u64,
}

fn read_stat(pid: u32) -> Option<Stat> {
    parse_stat(&String::from_utf8_lossy(&fs_err::read(format!("/proc/{pid}/stat")).ok()?))
}

/// The second field is the program's name in parentheses, which may hold blanks and parentheses itself: the others are
/// counted from the last closing one.
fn parse_stat(text: &str) -> Option<Stat> {
    let mut fields = text.rsplit_once(") ")?.1.split_ascii_whitespace();
    let parent = fields.nth(1)?.parse().ok()?;
    let started = fields.nth(17)?.parse().ok()?;
    Some(Stat { parent, started })
}

/// A program above this one.
pub(crate) struct Above {
    pub(crate) words: Vec<String>,
    /// The folder that it works in; relative words begin there.
    pub(crate) folder: Option<PathBuf>,
}

/// The programs above this one, the nearest first.
pub(crate) fn above() -> impl Iterator<Item = Above> {
    ancestors(std::process::id()).map(|process| {
        let text = fs_err::read(format!("/proc/{}/cmdline", process.pid)).unwrap_or_default();
        let words = text.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        Above { words, folder: fs_err::read_link(format!("/proc/{}/cwd", process.pid)).ok() }
    })
}

/// As Ctrl-C does, for whoever waits too long.
pub(crate) fn ask_ourselves_to_stop() {
    // It cannot fail: the process is our own.
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_name_with_parentheses_does_not_shift_the_fields() {
        let line = "42 (a) b) 7 (x) S 17 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654 1 1 1\n";
        let stat = parse_stat(line).unwrap();
        assert_eq!((stat.parent, stat.started), (17, 987_654));
        assert!(parse_stat("42 (a").is_none() && parse_stat("").is_none() && parse_stat("1 (x) S 2").is_none());
    }

    #[test]
    fn the_parent_is_an_ancestor_and_a_child_is_not() {
        let own = ProcessId::own();
        assert!(own.started > 0 && own.is_ancestor() && own.is_alive());
        assert!(!ProcessId { started: own.started + 1, ..own }.is_alive(), "a re-used number");
        let parent = ancestors(own.pid).next().unwrap();
        assert!(parent.is_ancestor());
        assert!(!ProcessId { started: parent.started + 1, ..parent }.is_ancestor(), "a re-used number");
        let mut child = std::process::Command::new("sleep").arg("5").spawn().unwrap();
        let other = ProcessId { pid: child.id(), started: read_stat(child.id()).unwrap().started };
        assert!(!other.is_ancestor());
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
