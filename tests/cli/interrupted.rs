//! A run that is asked to stop, or killed, while it builds: nothing of the build goes on, and nothing is left of it.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::sandbox::{KERNEL, Sandbox};

/// Tells its number and begins a compilation that takes as long as a file WAIT is there, out of reach of whoever only ends
/// the make.
const MAKE: &str = r#"#!/bin/sh
sh -c 'echo $$ >"$SANDBOX/compiler"; while [ -e "$SANDBOX/WAIT" ]; do sleep 0.05; done; echo late >"$SANDBOX/dkms/a/1/build/late"' &
wait
. elf.sh
for source in *.c; do { elf; cat "$source"; } >"${source%.c}.ko"; done
"#;

fn becomes(what: &str, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(20), "it never became so: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn send(signal: &str, process: u32) {
    assert!(Command::new("kill").args([signal, &process.to_string()]).status().expect("kill").success());
}

/// A machine on which a build of a/1 is in the middle of its make.
fn building() -> (Sandbox, Child) {
    let s = Sandbox::new();
    s.without_rooms();
    s.tool("make", MAKE);
    s.source("a", "1", "");
    s.ok("add a/1");
    s.write("WAIT", "");
    let dkms = s.start(&format!("install a/1 -k {KERNEL}"));
    becomes("the compiler runs", || compiler(&s).is_some());
    (s, dkms)
}

fn compiler(s: &Sandbox) -> Option<u32> {
    fs::read_to_string(s.path("compiler")).ok()?.trim().parse().ok()
}

fn runs(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

#[test]
fn a_build_that_is_asked_to_stop_ends_with_all_it_started_and_leaves_nothing() {
    for signal in ["-INT", "-TERM", "-HUP", "-QUIT"] {
        let (s, mut dkms) = building();
        let compiler = compiler(&s).expect("its number");
        send(signal, dkms.id());
        let ended = dkms.wait().expect("its end");
        let said = fs::read_to_string(s.path("said")).expect("what it said");
        assert_eq!(ended.code(), Some(130), "{signal}: {said}");
        assert!(said.contains(&format!("interrupted by SIG{}", &signal[1..])), "{said}");
        assert!(said.contains("its build folder removed"), "{said}");
        assert!(!runs(compiler), "{signal}");
        assert!(!s.path("dkms/a/1/build").exists());
        s.ok("fsck");
        assert_eq!(s.dkms("check").code, 1, "to be done, and no failure");
        fs::remove_file(s.path("WAIT")).expect("it was there");
        s.ok(&format!("install a/1 -k {KERNEL}"));
    }
}

#[test]
fn nothing_of_a_killed_runs_build_is_at_work_when_the_lock_is_free() {
    let (s, mut dkms) = building();
    let compiler = compiler(&s).expect("its number");
    send("-KILL", dkms.id());
    assert_eq!(dkms.wait().expect("its end").signal(), Some(9));
    s.tool("make", "#!/bin/sh\n. elf.sh\nfor source in *.c; do { elf; cat \"$source\"; } >\"${source%.c}.ko\"; done\n");
    s.ok(&format!("install a/1 -k {KERNEL}"));
    assert!(!runs(compiler), "it was waited for");
    assert!(!s.path("dkms/a/1/build").exists());
    s.ok("fsck");
}

#[test]
fn a_second_signal_does_not_wait() {
    let (s, mut dkms) = building();
    s.tool("make", "#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 1; done\n");
    send("-INT", dkms.id());
    std::thread::sleep(Duration::from_millis(5));
    drop(Command::new("kill").args(["-INT", &dkms.id().to_string()]).status());
    let begin = Instant::now();
    dkms.wait().expect("its end");
    assert!(begin.elapsed() < Duration::from_secs(3));
    let compiler = compiler(&s).expect("its number");
    becomes("the compiler is gone", || !runs(compiler));
}
