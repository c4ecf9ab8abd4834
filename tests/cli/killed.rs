//! Runs that are killed at a system call that changes something, and runs for which such a call fails: no kernel loses a module
//! that it had, and the next run ends as an undisturbed one would have.
//!
//! A few places of each are tried; every Nth with DKMS_PLACES=N in the environment (1: all of them).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::sandbox::{KERNEL, SECOND, Sandbox, text_of};

/// Calls that change a file system. Output counts as well, and does no harm.
const CHANGING: &str = "rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,symlink,symlinkat,link,linkat,write,\
                        pwrite64,ftruncate,fchmod,chmod,utimensat,fsync,fdatasync,syncfs,copy_file_range,sendfile";

struct Story {
    name: &'static str,
    prepare: fn(&Sandbox),
    /// What is disturbed, and then done again undisturbed.
    line: &'static str,
    /// Modules, below lib/modules, that are there at every moment, whatever is in them.
    always: &'static [&'static str],
}

const FOO: &str = "6.1.0-1/updates/dkms/foo.ko";
const OTHER: &str = "6.1.0-2/updates/dkms/foo.ko";

fn added(s: &Sandbox) {
    s.source("foo", "1", "");
    s.ok("add foo/1");
}

fn built(s: &Sandbox) {
    added(s);
    s.ok(&format!("build foo/1 -k {KERNEL}"));
}

fn installed(s: &Sandbox) {
    added(s);
    s.ok(&format!("install foo/1 -k {KERNEL} -k {SECOND}"));
}

fn upgrading(s: &Sandbox) {
    installed(s);
    s.source("foo", "2", "");
    s.ok(&format!("build foo/2 -k {KERNEL}"));
}

/// depmod fails as long as the new version is there.
fn failing(s: &Sandbox) {
    upgrading(s);
    s.tool("depmod", "#!/bin/sh\n! grep -q 'foo 2' \"$SANDBOX/lib/modules/6.1.0-1/updates/dkms/foo.ko\"\n");
}

/// depmod fails whatever is there.
fn unlisted(s: &Sandbox) {
    installed(s);
    s.write("depmod-fails", "");
}

fn over_an_original(s: &Sandbox) {
    s.write(&format!("lib/modules/{FOO}"), "foo of the kernel\n");
    built(s);
}

fn failing_over_an_original(s: &Sandbox) {
    over_an_original(s);
    s.tool("depmod", "#!/bin/sh\n! grep -q 'foo 1' \"$SANDBOX/lib/modules/6.1.0-1/updates/dkms/foo.ko\"\n");
}

fn installed_over_an_original(s: &Sandbox) {
    over_an_original(s);
    s.ok(&format!("install foo/1 -k {KERNEL} --force"));
}

fn archived(s: &Sandbox) {
    built(s);
    s.ok("mktarball foo/1 --archive ./foo.tar.gz");
    s.ok("remove foo/1 --all");
    fs::remove_dir_all(s.path("src/foo-1")).expect("its source");
}

fn without_source(s: &Sandbox) {
    installed(s);
    fs::remove_dir_all(s.path("src/foo-1")).expect("its source");
}

const STORIES: &[Story] = &[
    Story { name: "add a folder", prepare: |s| s.source_in("in", "foo", "1", ""), line: "add ./in", always: &[] },
    Story { name: "build", prepare: added, line: "build foo/1 -k 6.1.0-1", always: &[] },
    Story { name: "build again", prepare: installed, line: "build foo/1 -k 6.1.0-1 --force", always: &[FOO, OTHER] },
    Story { name: "install", prepare: built, line: "install foo/1 -k 6.1.0-1", always: &[] },
    Story { name: "all at once", prepare: |s| s.source("foo", "1", ""), line: "install foo/1 -k 6.1.0-1", always: &[] },
    Story {
        name: "install again",
        prepare: installed,
        line: "install foo/1 -k 6.1.0-1 --force",
        always: &[FOO, OTHER],
    },
    Story { name: "upgrade", prepare: upgrading, line: "install foo/2 -k 6.1.0-1", always: &[FOO, OTHER] },
    Story { name: "take back", prepare: failing, line: "install foo/2 -k 6.1.0-1", always: &[FOO, OTHER] },
    Story {
        name: "over an original",
        prepare: over_an_original,
        line: "install foo/1 -k 6.1.0-1 --force",
        always: &[FOO],
    },
    Story {
        name: "take back to an original",
        prepare: failing_over_an_original,
        line: "install foo/1 -k 6.1.0-1 --force",
        always: &[FOO],
    },
    Story {
        name: "uninstall from an original",
        prepare: installed_over_an_original,
        line: "uninstall foo/1 -k 6.1.0-1",
        always: &[FOO],
    },
    Story { name: "uninstall", prepare: installed, line: "uninstall foo/1 -k 6.1.0-1", always: &[OTHER] },
    Story { name: "unbuild", prepare: installed, line: "unbuild foo/1 -k 6.1.0-1", always: &[OTHER] },
    Story { name: "remove", prepare: installed, line: "remove foo/1 --all", always: &[] },
    Story { name: "remove without source", prepare: without_source, line: "remove foo/1 --all", always: &[] },
    Story { name: "a kernel goes", prepare: installed, line: "kernel_prerm -k 6.1.0-1", always: &[OTHER] },
    Story { name: "autoinstall", prepare: added, line: "autoinstall -k 6.1.0-1", always: &[] },
    Story { name: "reconcile", prepare: upgrading, line: "reconcile", always: &[FOO, OTHER] },
    Story {
        name: "install again, depmod fails",
        prepare: unlisted,
        line: "install foo/1 -k 6.1.0-1 --force",
        always: &[FOO, OTHER],
    },
    Story { name: "pack", prepare: built, line: "mktarball foo/1 --archive ./foo.tar.gz", always: &[] },
    Story { name: "load", prepare: archived, line: "ldtarball ./foo.tar.gz", always: &[] },
];

/// A place that no run comes to: the last that strace can count to.
pub(super) const NEVER: &str = "65535";

/// How often something was disturbed, and what the run ended with. The shell that watches over a build is killed by each run
/// itself: only what comes on top of [`NEVER`] counts.
fn disturbed(s: &Sandbox, line: &str, disturbance: &str, place: &str) -> (usize, i32) {
    disturbed_in(s, &[], line, disturbance, place)
}

/// The same where these words begin the command line.
pub(super) fn disturbed_in(s: &Sandbox, wrapper: &[&str], line: &str, disturbance: &str, place: &str) -> (usize, i32) {
    let log = s.path("strace");
    let words = wrapper.iter().chain(&["strace", "-f", "-qq", "-o"]).map(|word| (*word).to_owned());
    let words = words.chain([
        log.display().to_string(),
        "-e".to_owned(),
        format!("trace={CHANGING}"),
        "-e".to_owned(),
        format!("inject={CHANGING}:{disturbance}:when={place}"),
    ]);
    let line: Vec<&str> = line.split_whitespace().collect();
    let ran = s.through(&words.collect::<Vec<_>>(), &line);
    let told = fs::read(&log).expect("what strace saw");
    let told = String::from_utf8_lossy(&told).into_owned();
    (told.matches("INJECTED").count() + told.matches("killed by SIGKILL").count(), ran.code)
}

/// States, modules with what is in them, and sources.
fn state(s: &Sandbox) -> BTreeMap<String, String> {
    let read = |file: &str| fs::read(s.path(file)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let mut state: BTreeMap<String, String> = s.status().into_iter().map(|line| (line, String::new())).collect();
    for top in ["lib/modules", "src"] {
        for file in s.files(top) {
            let name = format!("{top}/{file}");
            let text = read(&name).unwrap_or_default();
            state.insert(name, text);
        }
    }
    let counts = |file: &String| !file.starts_with('.') && !file.ends_with("make.log");
    for file in s.files("dkms").into_iter().filter(counts) {
        state.insert(format!("dkms/{file}"), String::new());
    }
    state
}

/// What a kernel can load is one of the modules that somebody made, whole.
fn holds_a_module(file: &Path) -> bool {
    fs::read_to_string(file).is_ok_and(|text| ["foo 1\n", "foo 2\n", "foo of the kernel\n"].contains(&text_of(&text)))
}

fn step() -> usize {
    let nth = std::env::var("DKMS_PLACES").ok().and_then(|words| words.parse().ok());
    nth.unwrap_or(19)
}

fn tell_everywhere(story: &Story, disturbance: &str, from_then_on: bool) {
    let undisturbed = Sandbox::new();
    (story.prepare)(&undisturbed);
    let (by_itself, code) = disturbed(&undisturbed, story.line, disturbance, NEVER);
    let expected = state(&undisturbed);
    let step = step();
    let mut faults = Vec::new();
    for place in (1 + story.name.len() % step..).step_by(step) {
        let s = Sandbox::new();
        (story.prepare)(&s);
        let when = if from_then_on { format!("{place}+") } else { place.to_string() };
        let what = format!("{}: {disturbance} at {when}", story.name);
        let (times, ended) = disturbed(&s, story.line, disturbance, &when);
        if times <= by_itself {
            break;
        }
        for module in story.always {
            if !holds_a_module(&s.path("lib/modules").join(module)) {
                faults.push(format!("{what} ({ended}): {module} is lost"));
            }
        }
        let again = s.dkms(story.line);
        // It may have been done all the same, and be no more to be done: as when nobody is disturbed and asks twice.
        if again.code != code && !(code == 0 && [3, 8].contains(&again.code)) {
            faults.push(format!("{what} ({ended}): then {} instead of {code}: {}", again.code, again.err));
        }
        let now = state(&s);
        if now != expected {
            let only = |one: &BTreeMap<String, String>, other: &BTreeMap<String, String>| {
                one.iter()
                    .filter(|(key, text)| other.get(*key) != Some(text))
                    .map(|(key, _)| key.clone())
                    .collect::<Vec<_>>()
            };
            faults.push(format!(
                "{what} ({ended}): lacks {:?}, has {:?}",
                only(&expected, &now),
                only(&now, &expected)
            ));
        }
        let fsck = s.dkms("fsck");
        if fsck.code != 0 && !["remove without source", "install again, depmod fails"].contains(&story.name) {
            faults.push(format!("{what} ({ended}): fsck says {}", fsck.out));
        }
        assert!(place < 2000, "{what}: it never ends");
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), story.name, faults.join("\n"));
}

macro_rules! stories {
    ($($name:ident = $index:expr;)*) => { $(
        mod $name {
            #[test]
            fn killed() {
                crate::sandbox::tools::needs!("strace");
                super::tell_everywhere(&super::STORIES[$index], "signal=KILL", false);
            }

            #[test]
            fn without_space_once_and_from_then_on() {
                crate::sandbox::tools::needs!("strace");
                super::tell_everywhere(&super::STORIES[$index], "error=ENOSPC", false);
                super::tell_everywhere(&super::STORIES[$index], "error=ENOSPC", true);
            }

            #[test]
            fn with_a_broken_disk_once_and_from_then_on() {
                crate::sandbox::tools::needs!("strace");
                super::tell_everywhere(&super::STORIES[$index], "error=EIO", false);
                super::tell_everywhere(&super::STORIES[$index], "error=EIO", true);
            }

            #[test]
            fn with_a_disk_that_becomes_read_only() {
                crate::sandbox::tools::needs!("strace");
                super::tell_everywhere(&super::STORIES[$index], "error=EROFS", true);
            }
        }
    )* };
}

stories! {
    adding_a_folder = 0;
    building = 1;
    building_again = 2;
    installing = 3;
    all_at_once = 4;
    installing_again = 5;
    upgrading_a_version = 6;
    taking_an_upgrade_back = 7;
    installing_over_an_original = 8;
    taking_back_to_an_original = 9;
    uninstalling_from_an_original = 10;
    uninstalling = 11;
    unbuilding = 12;
    removing = 13;
    removing_without_a_source = 14;
    a_kernel_that_goes = 15;
    autoinstall = 16;
    reconcile = 17;
    installing_again_while_depmod_fails = 18;
    packing = 19;
    loading = 20;
}
