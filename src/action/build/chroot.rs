//! Whether this process lives in a chroot, where a signing key would be made for the wrong machine.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::sys::System;

/// Device and inode of a folder.
type Place = (u64, u64);

/// Says why this counts as a chroot; None when it does not.
pub fn reason(system: &System) -> Option<&'static str> {
    if system.root() != Path::new("/") {
        return Some("the modules are built for another root");
    }
    let fakechroot = system.variable("FAKECHROOT").is_some_and(|value| value == "true");
    let mounts = |process: &str| fs_err::read(format!("/proc/{process}/mountinfo")).ok();
    let place = |folder: &str| fs_err::metadata(folder).ok().map(|meta| (meta.dev(), meta.ino()));
    // Others may not follow /proc/1/root.
    let init = if system.is_superuser() { place("/proc/1/root/.") } else { None };
    decide(fakechroot, [mounts("1"), mounts("self")], [init, place("/")])
}

/// What cannot be read says nothing.
fn decide(fakechroot: bool, mounts: [Option<Vec<u8>>; 2], roots: [Option<Place>; 2]) -> Option<&'static str> {
    if fakechroot {
        return Some("this is a fakechroot");
    }
    if let [Some(init), Some(own)] = mounts
        && init != own
    {
        return Some("process 1 has other mounts than this one: a chroot");
    }
    if let [Some(init), Some(own)] = roots
        && init != own
    {
        return Some("process 1 has another root than this one: a chroot");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sign_of_a_chroot_counts_and_what_is_unknown_does_not() {
        let mounts = |init: &str, own: &str| [Some(init.into()), Some(own.into())];
        let (same, other) = ([Some((1, 2)), Some((1, 2))], [Some((1, 2)), Some((1, 3))]);
        let cases = [
            (false, mounts("a", "a"), same, false),
            (true, mounts("a", "a"), same, true),
            (false, mounts("a", "b"), same, true),
            (false, mounts("a", "a"), other, true),
            (false, [None, Some("b".into())], [None, Some((1, 2))], false),
            (false, [None, None], other, true),
        ];
        for (fakechroot, mounts, roots, expected) in cases {
            assert_eq!(
                decide(fakechroot, mounts.clone(), roots).is_some(),
                expected,
                "{fakechroot} {mounts:?} {roots:?}"
            );
        }
    }

    #[test]
    fn another_root_counts_as_one() {
        assert!(reason(&System::host().with_root("/nonexistent")).is_some());
    }
}
