//! Installed means that the file lies there: what became of it is seen by every look at the disk.

use std::fs;

use crate::sandbox::{KERNEL, SECOND, Sandbox};

/// foo/1 is installed on the first kernel; every run of make is counted.
fn installed() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.without_rooms();
    sandbox.tool("make", "#!/bin/sh\necho made >> \"$SANDBOX/made\"\n. elf.sh\n{ elf; cat foo.c; } >foo.ko\n");
    sandbox.source("foo", "1", "");
    sandbox.ok(&format!("install foo/1 -k {KERNEL}"));
    sandbox
}

fn module(sandbox: &Sandbox) -> std::path::PathBuf {
    sandbox.path(&format!("lib/modules/{KERNEL}/updates/dkms/foo.ko"))
}

fn made(sandbox: &Sandbox) -> usize {
    fs::read_to_string(sandbox.path("made")).expect("a count").lines().count()
}

#[test]
fn a_file_that_went_or_became_another_is_put_back_from_the_build() {
    for lose in [
        |sandbox: &Sandbox| fs::remove_file(module(sandbox)),
        |sandbox: &Sandbox| fs::remove_dir_all(sandbox.path(&format!("lib/modules/{KERNEL}/updates"))),
        |sandbox: &Sandbox| fs::write(module(sandbox), "somebody's"),
        |sandbox: &Sandbox| fs::write(module(sandbox), ""),
    ] {
        for back in ["autoinstall", "reconcile", "install foo/1"] {
            let sandbox = installed();
            let before = fs::read(module(&sandbox)).expect("a module");
            lose(&sandbox).expect("it goes");
            let planned = sandbox.ok(&format!("reconcile --dry-run -k {KERNEL}"));
            assert!(planned.out.contains("install   foo/1"), "{planned:#?}");
            sandbox.ok(&format!("{back} -k {KERNEL}"));
            assert_eq!(fs::read(module(&sandbox)).expect("a module"), before, "{back}");
            assert_eq!(made(&sandbox), 1, "{back}: it is not built again");
            let planned = sandbox.ok(&format!("reconcile --dry-run -k {KERNEL}"));
            assert!(!planned.out.contains("install   foo/1"), "once is enough: {planned:#?}");
        }
    }
}

#[test]
fn a_file_that_was_only_copied_is_the_same_one() {
    let sandbox = installed();
    let content = fs::read(module(&sandbox)).expect("a module");
    fs::remove_file(module(&sandbox)).expect("it goes");
    fs::write(module(&sandbox), content).expect("a copy");
    let planned = sandbox.ok(&format!("reconcile --dry-run -k {KERNEL}"));
    assert!(!planned.out.contains("install   foo/1"), "{planned:#?}");
}

#[test]
fn on_a_kernel_that_is_gone_nothing_is_installed_already() {
    let sandbox = installed();
    fs::remove_dir_all(sandbox.path(&format!("lib/modules/{KERNEL}"))).expect("it goes");
    let ran = sandbox.dkms(&format!("install foo/1 -k {KERNEL}"));
    assert_eq!(ran.code, 21, "{ran:#?}");
}

#[test]
fn without_its_source_a_module_goes_by_what_is_recorded() {
    for (line, left) in [
        (format!("uninstall foo/1 -k {KERNEL}"), "foo/1: broken\n"),
        (format!("unbuild foo/1 -k {KERNEL}"), "foo/1: broken\n"),
        ("remove foo/1 --all".to_owned(), ""),
        (format!("remove foo/1 -k {KERNEL}"), ""),
    ] {
        let sandbox = installed();
        fs::remove_dir_all(sandbox.path("src/foo-1")).expect("its source");
        sandbox.ok(&line);
        assert!(!module(&sandbox).exists(), "{line}");
        assert_eq!(sandbox.dkms("status").out, left, "{line}");
    }
}

#[test]
fn who_asks_for_everything_is_told_what_is_not_for_a_kernel() {
    let sandbox = Sandbox::new();
    sandbox.without_rooms();
    sandbox.source("foo", "1", "BUILD_EXCLUSIVE_KERNEL=\"^6.1.0-1$\"");
    sandbox.ok("add foo/1");
    let ran = sandbox.ok(&format!("autoinstall -k {SECOND}"));
    assert!(ran.out.contains(&format!("foo/1 is not for kernel {SECOND}")), "{ran:#?}");
}

#[test]
fn a_new_build_that_cannot_be_put_in_place_leaves_the_module_that_is_there_until_the_next_run() {
    crate::sandbox::tools::needs!("strace");
    for folder in ["dkms/.records/installed".to_owned(), format!("lib/modules/{KERNEL}/updates/dkms")] {
        let sandbox = installed();
        let new = fs::read_to_string(sandbox.path("src/foo-1/foo.c")).expect("its source") + "changed\n";
        sandbox.write("src/foo-1/foo.c", &new);
        let path = sandbox.path(&folder).display().to_string();
        let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", &path, "-e", "inject=fsync:error=EIO"];
        let ran = sandbox.through(&strace.map(str::to_owned), &["reconcile", "-k", KERNEL]);
        assert_ne!(ran.code, 0, "{folder}: {ran:#?}");
        assert!(fs::read(module(&sandbox)).is_ok_and(|module| module.starts_with(b"\x7fELF")), "{folder}: {ran:#?}");
        sandbox.ok(&format!("reconcile -k {KERNEL}"));
        let now = fs::read(module(&sandbox)).expect("a module");
        assert!(String::from_utf8_lossy(&now).ends_with("changed\n"), "{folder}: the new build");
        sandbox.ok("fsck");
        let planned = sandbox.ok(&format!("reconcile --dry-run -k {KERNEL}"));
        assert!(!planned.out.contains("install   foo/1"), "{folder}: {planned:#?}");
    }
}
