//! What failed is told until it is done.

use crate::sandbox::{KERNEL, SECOND, Sandbox};

#[test]
fn status_tells_a_failed_build_on_stderr_until_it_is_built() {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "");
    sandbox.write("src/foo-1/FAIL", "");
    assert_eq!(sandbox.dkms(&format!("build foo/1 -k {KERNEL}")).code, 10);
    let status = sandbox.ok("status");
    assert_eq!(status.out, "foo/1: added\n");
    assert!(status.err.contains("the last build of foo/1 for 6.1.0-1 failed"), "{status:#?}");
    assert!(status.err.contains("it was told to fail") && status.err.contains("`dkms why foo/1"), "{status:#?}");
    let json: serde_json::Value = serde_json::from_str(&sandbox.ok("status --json").out).unwrap();
    assert_eq!((&json["failed"][0]["operation"], &json["failed"][0]["code"]), (&"build".into(), &10.into()));
    assert_eq!(sandbox.ok(&format!("status -k {SECOND}")).err, "");
    assert_eq!(sandbox.ok("status bar").err, "");

    std::fs::remove_file(sandbox.path("src/foo-1/FAIL")).unwrap();
    sandbox.ok(&format!("build foo/1 -k {KERNEL}"));
    assert_eq!(sandbox.ok("status").err, "");
}

#[test]
fn a_module_that_is_removed_takes_its_failures_along() {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "");
    sandbox.write("src/foo-1/FAIL", "");
    assert_eq!(sandbox.dkms(&format!("build foo/1 -k {KERNEL}")).code, 10);
    sandbox.ok("remove foo/1 --all");
    sandbox.ok("add foo/1");
    assert_eq!(sandbox.ok("status").err, "");
}

/// A build that fails; every run of make is counted.
fn failing() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.without_rooms();
    sandbox.tool(
        "make",
        "#!/bin/sh\necho made >> \"$SANDBOX/made\"\n[ ! -e FAIL ] || exit 2\n. elf.sh\n{ elf; cat foo.c; } >foo.ko\n",
    );
    sandbox.source("foo", "1", "");
    sandbox.write("src/foo-1/FAIL", "");
    sandbox.ok("add foo/1");
    sandbox
}

fn made(sandbox: &Sandbox) -> usize {
    std::fs::read_to_string(sandbox.path("made")).map_or(0, |text| text.lines().count())
}

#[test]
fn a_known_failure_is_not_built_again_by_events_until_something_changes_or_a_person_asks() {
    let sandbox = failing();
    let event = || sandbox.event(&[], &format!("kernel postinst {KERNEL} /boot/x"), None, &[]);
    assert!(event().err.contains("failed"));
    assert_eq!(made(&sandbox), 1);
    let ran = event();
    assert_eq!((ran.code, made(&sandbox)), (0, 1), "{ran:#?}");
    let told = format!("foo/1 failed for kernel {KERNEL} (ARCH), and nothing that it is built from has changed since");
    assert_eq!(ran.err.matches(&told).count(), 1, "{ran:#?}");
    assert!(ran.err.contains("`dkms reconcile` tries it"), "{ran:#?}");
    assert_eq!(sandbox.dkms(&format!("check -k {KERNEL}")).code, 2, "it failed all the same");
    assert_eq!(sandbox.dkms(&format!("reconcile -k {KERNEL}")).code, 11);
    assert_eq!(made(&sandbox), 2, "a person asks");
    std::fs::remove_file(sandbox.path("src/foo-1/FAIL")).expect("it is mended");
    event();
    assert_eq!(made(&sandbox), 3, "its source has changed");
    assert!(sandbox.status()[0].contains("installed"));
    assert_eq!(sandbox.files("dkms/.records/tried"), [""; 0]);
}

#[test]
fn a_known_failure_for_the_want_of_a_program_is_built_again_when_the_program_has_come() {
    let sandbox = failing();
    sandbox.tool(
        "make",
        "#!/bin/sh\necho made >> \"$SANDBOX/made\"\nparser-generator || { echo 'make[1]: *** [Makefile:3: foo.o] Error 127'; exit 2; }\n\
         . elf.sh\n{ elf; cat foo.c; } >foo.ko\n",
    );
    sandbox.without_rooms();
    let event = || sandbox.event(&[], &format!("kernel postinst {KERNEL} /boot/x"), None, &[]);
    let first = event();
    assert!(first.err.contains("the program `parser-generator` is not installed"), "{first:#?}");
    event();
    assert_eq!(made(&sandbox), 1, "it is not here still");
    sandbox.tool("unrelated", "#!/bin/sh\n");
    event();
    assert_eq!(made(&sandbox), 1, "another one came");
    sandbox.tool("parser-generator", "#!/bin/sh\n");
    event();
    assert_eq!(made(&sandbox), 2);
    assert!(sandbox.status()[0].contains("installed"));
}

#[test]
fn a_start_of_the_system_does_not_build_a_known_failure_again_and_still_says_that_it_is_one() {
    let sandbox = failing();
    sandbox.dkms(&format!("reconcile -k {KERNEL}"));
    let before = made(&sandbox);
    sandbox.event(&[], &format!("kernel postinst {KERNEL} /boot/x"), None, &[]);
    let ran = sandbox.event(&[], &format!("kernel postinst {SECOND} /boot/x"), None, &[]);
    assert_eq!(made(&sandbox), before + 1, "another kernel is tried: {ran:#?}");
    sandbox.event(&[], "start", None, &[]);
    assert_eq!(made(&sandbox), before + 1);
}

#[test]
fn what_fails_for_want_of_room_or_by_interruption_is_tried_again() {
    let sandbox = failing();
    sandbox.tool("make", "#!/bin/sh\necho made >> \"$SANDBOX/made\"\n. elf.sh\n{ elf; cat foo.c; } >foo.ko\n");
    sandbox.write("depmod-fails", "");
    let event = || sandbox.event(&[], &format!("kernel postinst {KERNEL} /boot/x"), None, &[]);
    event();
    std::fs::remove_file(sandbox.path("depmod-fails")).expect("it is mended");
    event();
    assert!(sandbox.status()[0].contains("installed"));
}
