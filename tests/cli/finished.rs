//! Builds that were taken away come back when nothing that they were made from has changed.

use std::fs;

use crate::sandbox::{KERNEL, Sandbox};

/// foo/1 is installed; every run of make is counted.
fn installed(more: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.without_rooms();
    sandbox.tool("make", "#!/bin/sh\necho made >> \"$SANDBOX/made\"\n. elf.sh\n{ elf; cat foo.c; } >foo.ko\n");
    sandbox.write("src/foo-1/script", "#!/bin/sh\n");
    sandbox.source("foo", "1", more);
    sandbox.ok(&format!("install foo/1 -k {KERNEL}"));
    assert_eq!(made(&sandbox), 1);
    sandbox
}

fn made(sandbox: &Sandbox) -> usize {
    fs::read_to_string(sandbox.path("made")).expect("a count").lines().count()
}

fn is_installed(sandbox: &Sandbox) -> bool {
    sandbox.status() == [format!("foo/1, {KERNEL}, ARCH: installed")]
}

#[test]
fn another_compiler_of_the_same_name_is_no_reason_to_take_an_old_build() {
    let sandbox = installed("");
    sandbox.tool("gcc", "#!/bin/sh\n# of another release\n");
    sandbox.ok("remove foo/1 --all");
    sandbox.ok(&format!("install foo/1 -k {KERNEL}"));
    assert_eq!(made(&sandbox), 2);
}

#[test]
fn a_module_or_kernel_that_is_put_back_unchanged_is_not_compiled() {
    for (away, back) in [
        ("remove foo/1 --all", "install foo/1"),
        ("kernel_prerm", "kernel_postinst"),
        ("kernel_preinst", "kernel_postinst"),
        ("remove foo/1", "build foo/1"),
    ] {
        let sandbox = installed("");
        let built = format!("dkms/foo/1/{KERNEL}/{}", std::env::consts::ARCH);
        let before = sandbox.files(&built);
        let all = away.contains("--all");
        sandbox.ok(&format!("{away}{}", if all { String::new() } else { format!(" -k {KERNEL}") }));
        assert!(!sandbox.path(&built).exists(), "{away}");
        let ran = sandbox.ok(&format!("{back} -k {KERNEL}"));
        assert_eq!(made(&sandbox), 1, "{away}, {back}: {ran:?}");
        assert!(ran.out.contains("nothing has changed"), "{ran:?}");
        assert_eq!(sandbox.files(&built), before, "{away}, {back}");
        sandbox.ok(&format!("install foo/1 -k {KERNEL}"));
        assert!(is_installed(&sandbox), "{away}, {back}");
    }
}

#[test]
fn what_has_changed_is_compiled() {
    let headers = format!("lib/modules/{KERNEL}/build");
    for (file, text) in [
        ("src/foo-1/foo.c".to_owned(), "foo 1, revised\n"),
        ("src/foo-1/README".to_owned(), "new\n"),
        (format!("{headers}/Module.symvers"), "0x1 symbol\n"),
        (format!("{headers}/include/config/auto.conf"), "CONFIG_MODULES=y\nCONFIG_NEW=y\n"),
    ] {
        let sandbox = installed("");
        sandbox.ok("remove foo/1 --all");
        sandbox.write(&file, text);
        sandbox.ok(&format!("install foo/1 -k {KERNEL}"));
        assert_eq!(made(&sandbox), 2, "{file}");
    }
    let sandbox = installed("");
    sandbox.ok("remove foo/1 --all");
    sandbox.ok(&format!("install foo/1 -k {KERNEL} --directive STRIP=yes"));
    assert_eq!(made(&sandbox), 2, "directives count");
    sandbox.ok("remove foo/1 --all");
    sandbox.ok(&format!("install foo/1 -k {KERNEL} --directive STRIP=yes -j 1"));
    assert_eq!(made(&sandbox), 2, "the number of jobs does not");
}

#[test]
fn what_reaches_no_build_does_not_count_and_what_does_counts() {
    let sandbox = installed("");
    for (name, value, times) in [("LANG", "de_DE", 1), ("KCFLAGS", "-O3", 1), ("SOURCE_DATE_EPOCH", "7", 2)] {
        sandbox.ok("remove foo/1 --all");
        assert_eq!(sandbox.with(name, value, &format!("install foo/1 -k {KERNEL}")).code, 0);
        assert_eq!(made(&sandbox), times, "{name}");
    }
}

#[test]
fn who_asks_for_a_build_or_has_scripts_of_its_own_is_never_given_an_old_one() {
    let sandbox = installed("");
    sandbox.ok("remove foo/1 --all");
    sandbox.ok(&format!("build foo/1 -k {KERNEL} --force"));
    assert_eq!(made(&sandbox), 2, "--force");
    sandbox.ok(&format!("unbuild foo/1 -k {KERNEL}"));
    sandbox.ok(&format!("build foo/1 -k {KERNEL}"));
    assert_eq!(made(&sandbox), 3, "unbuild");
    for script in ["PRE_BUILD=script", "POST_BUILD=script"] {
        let sandbox = installed(script);
        sandbox.ok("remove foo/1 --all");
        sandbox.ok(&format!("install foo/1 -k {KERNEL}"));
        assert_eq!(made(&sandbox), 2, "{script}");
    }
}

#[test]
fn losing_what_is_kept_costs_time_only() {
    let sandbox = installed("");
    sandbox.ok("remove foo/1 --all");
    assert!(!sandbox.files("dkms/.finished").is_empty());
    fs::remove_dir_all(sandbox.path("dkms/.finished")).expect("it goes");
    sandbox.ok(&format!("install foo/1 -k {KERNEL}"));
    assert_eq!(made(&sandbox), 2);
    assert!(is_installed(&sandbox));
}
