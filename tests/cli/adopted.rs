//! A build that another DKMS left is taken over as it is.

use std::fs;
use std::process::Command;

use crate::sandbox::{KERNEL, Sandbox};

/// foo/1 is installed as another DKMS leaves it: no records of ours. Its module says for which kernel it is.
fn by_another(release: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.without_rooms();
    let of = |release: &str| format!(".section .modinfo,\"a\"\n.asciz \"vermagic={release} \"\n");
    sandbox.write("module.s", &of(KERNEL));
    sandbox.tool("make", "#!/bin/sh\necho made >> \"$SANDBOX/made\"\nas -o foo.ko \"$SANDBOX/module.s\"\n");
    sandbox.source("foo", "1", "");
    sandbox.ok(&format!("install foo/1 -k {KERNEL}"));
    fs::remove_dir_all(sandbox.path("dkms/.records")).expect("records");
    sandbox.write("module.s", &of(release));
    for folder in [format!("dkms/foo/1/{KERNEL}"), format!("lib/modules/{KERNEL}")] {
        let modules = sandbox.files(&folder).into_iter().filter(|file| file.ends_with("/foo.ko"));
        for file in modules {
            let file = sandbox.path(&folder).join(file);
            let made = Command::new("as").arg("-o").arg(file).arg(sandbox.path("module.s")).status();
            assert!(made.expect("as").success());
        }
    }
    sandbox
}

/// Where it is installed depends on the distribution.
fn installed(sandbox: &Sandbox) -> std::path::PathBuf {
    let folder = format!("lib/modules/{KERNEL}");
    let file = sandbox.files(&folder).into_iter().find(|file| file.ends_with("/foo.ko")).expect("a module");
    sandbox.path(&folder).join(file)
}

fn made(sandbox: &Sandbox) -> usize {
    fs::read_to_string(sandbox.path("made")).expect("a count").lines().count()
}

fn fingerprints(sandbox: &Sandbox) -> usize {
    sandbox.files("dkms/.records/fingerprints").len()
}

#[test]
fn it_is_never_rebuilt_by_itself_and_later_changes_of_its_source_are_noticed() {
    let sandbox = by_another(KERNEL);
    let module = installed(&sandbox);
    let before = fs::read(&module).expect("a module");
    sandbox.ok(&format!("autoinstall -k {KERNEL}"));
    assert_eq!((made(&sandbox), fingerprints(&sandbox)), (1, 1));
    assert_eq!(fs::read(&module).expect("a module"), before);
    let again = sandbox.ok(&format!("autoinstall -k {KERNEL}"));
    assert!(!again.out.contains("adopt"), "once is enough: {again:?}");
    sandbox.write("src/foo-1/foo.c", "changed");
    let ran = sandbox.ok(&format!("autoinstall -k {KERNEL}"));
    assert_eq!(made(&sandbox), 2);
    assert!(ran.out.contains("foo/1 for 6.1.0-1: changed since it was built: source"), "it is said: {ran:?}");
}

#[test]
fn its_file_is_put_back_when_it_is_lost_afterwards() {
    let sandbox = by_another(KERNEL);
    let module = installed(&sandbox);
    sandbox.ok(&format!("autoinstall -k {KERNEL}"));
    let before = fs::read(&module).expect("a module");
    fs::remove_file(&module).expect("a module");
    let check = sandbox.dkms(&format!("check -k {KERNEL}"));
    assert!(check.out.contains("to do: install foo/1"), "{check:#?}");
    sandbox.ok(&format!("autoinstall -k {KERNEL}"));
    assert_eq!((made(&sandbox), fs::read(&module).expect("a module")), (1, before), "put back from the build");
}

/// A symbol version as modules have it.
const VERSIONS: &str = ".section __versions,\"a\"\n.quad 0x12345678\n.asciz \"module_layout\"\n.zero 42\n";

#[test]
fn one_whose_symbols_the_headers_offer_in_other_versions_is_built_again_as_the_kernel_would_not_load_it() {
    for (offered, times) in [(None, 1), (Some("0x12345678"), 1), (Some("0x87654321"), 2)] {
        let sandbox = by_another(KERNEL);
        let of = format!(".section .modinfo,\"a\"\n.asciz \"vermagic={KERNEL} \"\n{VERSIONS}");
        sandbox.write("module.s", &of);
        let built = format!("dkms/foo/1/{KERNEL}/{}/module/foo.ko", std::env::consts::ARCH);
        for file in [sandbox.path(&built), installed(&sandbox)] {
            let made = Command::new("as").arg("-o").arg(file).arg(sandbox.path("module.s")).status();
            assert!(made.expect("as").success());
        }
        if let Some(offered) = offered {
            let list = format!("{offered}\tmodule_layout\tvmlinux\tEXPORT_SYMBOL\t\n");
            sandbox.write(&format!("lib/modules/{KERNEL}/build/Module.symvers"), &list);
        }
        let check = sandbox.dkms(&format!("check -k {KERNEL}"));
        assert_eq!(check.out.contains("to do: build foo/1"), times == 2, "{offered:?}: {check:#?}");
        sandbox.ok(&format!("autoinstall -k {KERNEL}"));
        assert_eq!((made(&sandbox), fingerprints(&sandbox)), (times, 1), "{offered:?}");
        sandbox.ok(&format!("check -k {KERNEL}"));
    }
}

#[test]
fn one_for_another_kernel_or_of_which_other_files_are_installed_is_left_alone() {
    let sandbox = by_another("9.9.9");
    sandbox.ok(&format!("autoinstall -k {KERNEL}"));
    assert_eq!((made(&sandbox), fingerprints(&sandbox)), (1, 0));
    let sandbox = by_another(KERNEL);
    fs::write(installed(&sandbox), "somebody's").expect("another module");
    sandbox.ok(&format!("autoinstall -k {KERNEL}"));
    assert_eq!((made(&sandbox), fingerprints(&sandbox)), (1, 0));
}

#[test]
fn a_build_that_another_dkms_put_in_the_place_of_ours_counts_as_its() {
    let sandbox = by_another(KERNEL);
    sandbox.ok(&format!("autoinstall -k {KERNEL}"));
    sandbox.write("src/foo-1/foo.c", "changed");
    // The other one builds the changed source.
    let folder = format!("dkms/foo/1/{KERNEL}/{}", std::env::consts::ARCH);
    let file = sandbox.path(&format!("{folder}/module/foo.ko"));
    let module = fs::read(&file).expect("a module");
    fs::remove_file(&file).expect("it goes");
    fs::write(&file, module).expect("a new one");
    sandbox.ok(&format!("autoinstall -k {KERNEL}"));
    assert_eq!((made(&sandbox), fingerprints(&sandbox)), (1, 1), "adopted, not rebuilt");
}
