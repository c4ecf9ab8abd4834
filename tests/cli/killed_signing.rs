//! Runs that sign, killed or with a disk that fails at a system call: no signed module gives way to an unsigned one where the
//! kernel insists on signatures, and elsewhere the next run signs it.
//!
//! A few places of each are tried; every Nth with DKMS_PLACES=N in the environment (1: all of them).

use std::fs;

use super::killed::{NEVER, disturbed_in};
use super::signing::{is_signed, machine};
use crate::sandbox::{KERNEL, SECOND, Sandbox};

/// What each run is disturbed by, and whether it is so from then on.
const DISTURBANCES: [(&str, bool); 6] = [
    ("signal=KILL", false),
    ("error=ENOSPC", false),
    ("error=ENOSPC", true),
    ("error=EIO", false),
    ("error=EIO", true),
    ("error=EROFS", true),
];

/// Words before those of a run that is to find the sandbox's settings.
const SETTINGS: [&str; 6] =
    ["unshare", "--mount", "sh", "-c", "mount --bind \"$SANDBOX/etc\" /etc && exec \"$@\"", "settings"];

/// foo/1 is installed, signed, for both kernels; foo/2 is there.
fn upgrading(insists: bool) -> (Sandbox, String) {
    let (s, settings) = machine();
    let settings = settings + "try_sign_modules=true\n";
    if insists {
        for kernel in [KERNEL, SECOND] {
            let config = format!("lib/modules/{kernel}/build/include/config/auto.conf");
            let now = fs::read_to_string(s.path(&config)).expect("its configuration");
            s.write(&config, &(now + "CONFIG_MODULE_SIG_FORCE=y\n"));
        }
    }
    let installed = s.with_settings(&settings, &format!("install foo/1 -k {KERNEL} -k {SECOND}"));
    assert_eq!(installed.code, 0, "{installed:#?}");
    assert!(is_signed(&s, KERNEL) && is_signed(&s, SECOND));
    s.source("foo", "2", "");
    (s, settings)
}

/// foo/1 is installed, signed, and its source is another one since.
fn changed(insists: bool) -> (Sandbox, String) {
    let (s, settings) = upgrading(insists);
    fs::remove_dir_all(s.path("src/foo-2")).expect("it was there");
    s.write("src/foo-1/foo.c", "foo 1\nchanged\n");
    (s, settings)
}

fn has_module(s: &Sandbox, kernel: &str) -> bool {
    let module = fs::read(s.path(&format!("lib/modules/{kernel}/updates/dkms/foo.ko"))).unwrap_or_default();
    // It begins and ends as the build and the program that signs have them.
    module.starts_with(b"\x7fELF") && module.ends_with(b"\n")
}

fn tell(prepare: fn(bool) -> (Sandbox, String), line: &str, insists: bool) {
    crate::sandbox::tools::needs!("strace", "unshare");
    let step = std::env::var("DKMS_PLACES").ok().and_then(|words| words.parse().ok()).unwrap_or(43);
    let mut faults = Vec::new();
    for (number, (disturbance, from_then_on)) in DISTURBANCES.into_iter().enumerate() {
        let (by_itself, code) = disturbed_in(&prepare(insists).0, &SETTINGS, line, disturbance, NEVER);
        assert_eq!(code, 0, "{line}");
        for place in (1 + number * 7 % step..2000).step_by(step) {
            let (s, settings) = prepare(insists);
            let when = if from_then_on { format!("{place}+") } else { place.to_string() };
            let (times, ended) = disturbed_in(&s, &SETTINGS, line, disturbance, &when);
            if times <= by_itself {
                break;
            }
            let mut fault = |what: &str| faults.push(format!("{line}: {disturbance} at {when} ({ended}): {what}"));
            for kernel in [KERNEL, SECOND] {
                if !has_module(&s, kernel) {
                    fault(&format!("{kernel} lost its module"));
                } else if insists && !is_signed(&s, kernel) {
                    fault(&format!("{kernel}: an unsigned one replaced the signed one"));
                }
            }
            let again = s.with_settings(&settings, line);
            let settled = s.with_settings(&settings, "reconcile");
            if again.code != 0 || settled.code != 0 || !is_signed(&s, KERNEL) || !is_signed(&s, SECOND) {
                fault(&format!("not signed by the next runs: {again:#?} {settled:#?}"));
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn an_upgrade_for_kernels_that_insist_on_signatures() {
    tell(upgrading, &format!("install foo/2 -k {KERNEL}"), true);
}

#[test]
fn an_upgrade_for_kernels_that_take_unsigned_modules_too() {
    tell(upgrading, &format!("install foo/2 -k {KERNEL}"), false);
}

#[test]
fn a_changed_source_for_kernels_that_insist_on_signatures() {
    tell(changed, "reconcile", true);
}

#[test]
fn a_changed_source_for_kernels_that_take_unsigned_modules_too() {
    tell(changed, "reconcile", false);
}
