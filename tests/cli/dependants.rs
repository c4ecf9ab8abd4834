//! BUILD_DEPENDS and BUILD_DEPENDS_REBUILD: who is built again when what it builds on changes.

use std::fs;

use crate::sandbox::{KERNEL, Sandbox};

fn note(sandbox: &Sandbox) -> std::path::PathBuf {
    sandbox.path(&format!("dkms/user/1/{KERNEL}/{}/.dep_base", std::env::consts::ARCH))
}

/// `user` builds on `base`, both installed.
fn both() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.source("base", "1", "");
    sandbox.source("user", "1", "BUILD_DEPENDS=base\nBUILD_DEPENDS_REBUILD=yes");
    sandbox.ok(&format!("install base/1 -k {KERNEL}"));
    sandbox.ok(&format!("install user/1 -k {KERNEL}"));
    assert_eq!(fs::read_to_string(note(&sandbox)).expect("a note"), "1\n");
    sandbox.source("base", "2", "");
    sandbox
}

#[test]
fn a_dependant_is_built_again_when_its_dependency_has_changed() {
    let sandbox = both();
    let ran = sandbox.ok(&format!("install base/2 -k {KERNEL}"));
    assert!(ran.out.contains("installing user/1"), "{ran:?}");
    assert_eq!(fs::read_to_string(note(&sandbox)).expect("a note"), "2\n");
    let again = sandbox.ok(&format!("install base/1 -k {KERNEL}"));
    assert!(again.out.contains("installing user/1"), "its symbols are those of another version: {again:?}");
    assert_eq!(fs::read_to_string(note(&sandbox)).expect("a note"), "1\n");
}

#[test]
fn a_version_that_failed_is_not_the_one_that_a_dependant_was_built_with() {
    let sandbox = both();
    sandbox.write("src/base-2/FAIL", "");
    assert_eq!(sandbox.dkms(&format!("install base/2 -k {KERNEL}")).code, 10);
    sandbox.ok(&format!("install user/1 -k {KERNEL} --force"));
    sandbox.ok(&format!("build user/1 -k {KERNEL} --force"));
    assert_eq!(fs::read_to_string(note(&sandbox)).expect("a note"), "1\n", "base/1 serves");
    fs::remove_file(sandbox.path("src/base-2/FAIL")).expect("its mistake");
    let ran = sandbox.ok(&format!("install base/2 -k {KERNEL}"));
    assert!(ran.out.contains("installing user/1"), "{ran:?}");
    assert_eq!(fs::read_to_string(note(&sandbox)).expect("a note"), "2\n");
}

#[test]
fn a_dependant_that_is_only_built_ends_installed() {
    let sandbox = both();
    sandbox.ok(&format!("uninstall user/1 -k {KERNEL}"));
    sandbox.ok(&format!("install base/2 -k {KERNEL}"));
    assert!(sandbox.status().contains(&format!("user/1, {KERNEL}, ARCH: installed")), "{:?}", sandbox.status());
}

#[test]
fn a_failed_rebuild_ends_the_install_with_its_code_and_leaves_the_trigger_installed() {
    let sandbox = both();
    sandbox.write("src/user-1/FAIL", "");
    let ran = sandbox.dkms(&format!("install base/2 -k {KERNEL}"));
    assert_eq!(ran.code, 10, "{ran:?}");
    let status = sandbox.status();
    assert!(status.contains(&format!("base/2, {KERNEL}, ARCH: installed")), "{status:?}");
    assert!(status.contains(&format!("user/1, {KERNEL}, ARCH: installed")), "the old one still works: {status:?}");
}

#[test]
fn force_renews_nothing() {
    let sandbox = both();
    let ran = sandbox.ok(&format!("install base/2 -k {KERNEL} --force"));
    assert!(!ran.out.contains("user"), "{ran:?}");
}

#[test]
fn a_missing_dependency_is_named_and_can_be_overridden() {
    let sandbox = Sandbox::new();
    sandbox.source("user", "1", "BUILD_DEPENDS=base");
    let ran = sandbox.dkms(&format!("install user/1 -k {KERNEL}"));
    assert_eq!(ran.code, 13);
    assert!(ran.err.contains("base"), "{ran:?}");
    sandbox.ok(&format!("install user/1 -k {KERNEL} --force"));
}
