//! Whether this process works on a root that is not running, or that runs on another machine later: a signing key would be
//! made for the wrong machine, and the running kernel is not that of the root.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::System;

/// Device and inode of a folder.
type Place = (u64, u64);

/// Files that podman, docker and systemd (nspawn, lxc) put into containers, which are images of many machines.
const OF_CONTAINERS: [&str; 3] = ["/run/.containerenv", "/.dockerenv", "/run/systemd/container"];

/// Says why this is a root that does not run, or not here; None when it does, as far as can be seen.
///
/// As systemd-detect-virt(1) `--chroot` has it, it is a chroot when process 1 has another root: another device or inode. Mounts
/// of one's own say nothing: rpm gives its scriptlets some, and so does systemd its services. What others than root may
/// not see says nothing; but a running system always has /proc, so a root without it is one that somebody changed into.
pub(crate) fn certain(system: &System) -> Option<&'static str> {
    if !system.is_live() {
        return Some("the modules are built for another root");
    }
    let fakechroot = system.variable("FAKECHROOT").is_some_and(|value| value == "true");
    let is_there = |file: &str| Path::new(file).exists();
    let place = |folder: &str| fs_err::metadata(folder).ok().map(|meta| (meta.dev(), meta.ino()));
    // Others may not follow /proc/1/root.
    let init = if system.is_superuser() { place("/proc/1/root/.") } else { None };
    match [init, place("/")] {
        _ if fakechroot => Some("this is a fakechroot"),
        _ if OF_CONTAINERS.iter().any(|file| is_there(file)) => Some("this is a container"),
        _ if !is_there("/proc/self") => Some("there is no /proc, so this is taken for a chroot"),
        roots => of_roots(roots),
    }
}

fn of_roots(roots: [Option<Place>; 2]) -> Option<&'static str> {
    match roots {
        [Some(init), Some(own)] if init != own => Some("process 1 has another root than this one: a chroot"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_root_than_that_of_process_1_counts_and_what_is_unknown_does_not() {
        let places = |init, own| [init, own].map(|number: Option<u64>| number.map(|number| (1, number)));
        for (init, own, expected) in
            [(Some(2), Some(2), false), (Some(2), Some(3), true), (None, Some(2), false), (None, None, false)]
        {
            assert_eq!(of_roots(places(init, own)).is_some(), expected, "{init:?} {own:?}");
        }
    }

    #[test]
    fn another_root_and_a_fakechroot_count() {
        assert!(certain(&System::host().with_root("/nonexistent")).is_some());
        let fake = std::collections::BTreeMap::from([("FAKECHROOT".into(), "true".into())]);
        assert_eq!(certain(&System::host().with_environment(fake)), Some("this is a fakechroot"));
    }
}
