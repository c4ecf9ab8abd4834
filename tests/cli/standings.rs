//! What cannot be for a kernel is a fact and no failure: told, and at its end.

use std::fs;

use serde_json::{Value, json};

use crate::sandbox::{KERNEL, SECOND, Sandbox};

fn document(sandbox: &Sandbox, line: &str) -> Value {
    let ran = sandbox.dkms(line);
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{line}: {error}: {ran:#?}"))
}

/// Checks that events, reconcile and check are content with the first kernel and say nothing more; those who ask are told.
fn is_content(sandbox: &Sandbox, told: &str) {
    for line in ["reconcile", "check"] {
        let ran = sandbox.ok(&format!("{line} -k {KERNEL}"));
        assert_eq!(ran.err, "", "{line}: {ran:#?}");
    }
    let ran = sandbox.ok(&format!("reconcile -k {KERNEL} --dry-run"));
    assert!(!ran.out.contains("install  "), "{ran:#?}");
    let ran = sandbox.ok(&format!("check -k {KERNEL} --verbose"));
    let all = ran.out.clone() + &ran.err;
    assert!(all.contains("cannot be: ") && all.contains(told), "{told}: {ran:#?}");
    let found = document(sandbox, &format!("check -k {KERNEL} --json"));
    assert_eq!((&found["state"], &found["code"], &found["refused"]), (&json!("as-wanted"), &json!(0), &json!([])));
    assert_eq!(found["cannot_be"].as_array().map(Vec::len), Some(1), "{found:#}");
}

/// The kernel has the very module that foo/1 makes.
fn in_tree() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "");
    sandbox.ok(&format!("build foo/1 -k {KERNEL}"));
    let built = sandbox.path(&format!("dkms/foo/1/{KERNEL}/{}/module/foo.ko", std::env::consts::ARCH));
    sandbox.write(&format!("lib/modules/{KERNEL}/kernel/foo.ko"), &fs::read_to_string(built).expect("a module"));
    sandbox
}

#[test]
fn a_module_that_the_kernel_has_itself_is_left_to_it_until_that_changes() {
    let sandbox = in_tree();
    let ran = sandbox.dkms(&format!("install foo/1 -k {KERNEL}"));
    assert_eq!(ran.code, 6, "{ran:#?}");
    assert!(ran.err.contains("the one there is the same file"), "{ran:#?}");
    is_content(&sandbox, "the one there is the same file");
    let ran = sandbox.with_settings("essential_modules=foo\n", &format!("check -k {KERNEL}"));
    assert_eq!(ran.code, 0, "what is essential is served: {ran:#?}");
    fs::remove_file(sandbox.path(&format!("lib/modules/{KERNEL}/kernel/foo.ko"))).expect("it goes");
    assert_eq!(sandbox.dkms(&format!("check -k {KERNEL}")).code, 1);
    sandbox.ok(&format!("reconcile -k {KERNEL}"));
    assert!(sandbox.status()[0].contains("installed"));
}

#[test]
fn what_a_plan_finds_out_to_be_served_is_told_once_and_no_failure() {
    let sandbox = in_tree();
    let ran = sandbox.ok(&format!("reconcile -k {KERNEL}"));
    assert!((ran.out.clone() + &ran.err).contains("nothing of foo/1 was installed"), "{ran:#?}");
    is_content(&sandbox, "the same file");
    let ran = sandbox.ok(&format!("install foo/1 -k {KERNEL} --force"));
    assert!(sandbox.status()[0].contains("installed"), "the hint helps: {ran:#?}");
}

#[test]
fn a_module_that_is_built_into_the_kernel_or_obsolete_is_not_made_for_it() {
    let sandbox = Sandbox::new();
    sandbox.source("foo-bar", "1", "");
    sandbox.ok("add foo-bar/1");
    sandbox.write(&format!("lib/modules/{KERNEL}/modules.builtin"), "kernel/drivers/foo_bar.ko\n");
    is_content(&sandbox, "it is built into that kernel");
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "OBSOLETE_BY=6.1");
    sandbox.ok("add foo/1");
    is_content(&sandbox, "OBSOLETE_BY");
}

#[test]
fn of_two_packages_that_bring_one_module_every_kernel_has_the_same() {
    let sandbox = Sandbox::new();
    for (name, version) in [("rtx-a", "1.0"), ("rtx-b", "2.0")] {
        sandbox.source(name, version, "DEST_MODULE_NAME=rtx");
        sandbox.ok(&format!("add {name}/{version}"));
    }
    let ran = sandbox.ok(&format!("autoinstall -k {KERNEL}"));
    let told = format!("rtx-a/1.0 is left out for kernel {KERNEL}: rtx-b/2.0 brings rtx, too");
    assert_eq!((ran.out.clone() + &ran.err).matches(&told).count(), 1, "{ran:#?}");
    sandbox.ok("reconcile");
    let installed = |kernel: &str| format!("rtx-b/2.0, {kernel}, ARCH: installed");
    assert_eq!(sandbox.status(), ["rtx-a/1.0: added".to_owned(), installed(KERNEL), installed(SECOND)]);
    is_content(&sandbox, "brings rtx, too");
    sandbox.ok("remove rtx-b/2.0 --all");
    sandbox.ok("reconcile");
    assert_eq!(sandbox.status().len(), 2, "the other one takes over");
}

#[test]
fn finished_modules_without_source_are_installed_for_their_kernel_and_cannot_be_for_another() {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "");
    sandbox.ok(&format!("build foo/1 -k {KERNEL}"));
    let archive = sandbox.path("foo-1.dkms.tar.gz").display().to_string();
    sandbox.ok(&format!("mktarball foo/1 --binaries-only -k {KERNEL} --archive {archive}"));
    sandbox.ok("remove foo/1 --all");
    fs::remove_dir_all(sandbox.path("src/foo-1")).expect("its source");
    let folder = sandbox.path("").display().to_string();
    let ran = sandbox.event(&[], &format!("common-postinst foo 1 {folder}"), None, &[]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(!ran.err.contains("failed"), "{ran:#?}");
    assert_eq!(ran.err.matches("it came as builds for other kernels").count(), 1, "{ran:#?}");
    assert_eq!(sandbox.status(), [format!("foo/1, {KERNEL}, ARCH: installed")]);
    sandbox.ok("reconcile");
    assert_eq!(sandbox.ok("check").out, "");
    assert_eq!(document(&sandbox, "check --json")["cannot_be"][0]["case"], "only-builds");
    assert_eq!(sandbox.dkms(&format!("install foo/1 -k {SECOND}")).code, 8);
}

#[test]
fn a_kernel_that_a_module_is_not_for_is_told_by_its_hook_and_named_where_the_module_is_essential() {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "BUILD_EXCLUSIVE_KERNEL=\"^6.1.0-1$\"");
    sandbox.ok(&format!("install foo/1 -k {KERNEL}"));
    let ran = sandbox.event(&[], &format!("kernel postinst {SECOND} /boot/x"), None, &[]);
    assert_eq!(ran.err.lines().filter(|line| line.contains("foo/1 is not for kernel 6.1.0-2")).count(), 1, "{ran:#?}");
    assert_eq!(sandbox.ok("check").err, "");
    let ran = sandbox.with_settings("essential_modules=foo\n", "check");
    assert_eq!(ran.code, 2, "{ran:#?}");
    assert!(
        ran.err.contains(&format!("kernel {SECOND} LACKS the essential foo: do not boot it; foo/1 is not")),
        "{ran:#?}"
    );
    assert!(ran.err.contains("no retry changes that"), "{ran:#?}");
}

#[test]
fn what_is_not_signed_is_told_and_fails_the_check_where_the_kernel_insists() {
    let sandbox = Sandbox::new();
    let config = format!("lib/modules/{KERNEL}/build/include/config/auto.conf");
    let signing = "CONFIG_MODULES=y\nCONFIG_MODULE_SIG=y\nCONFIG_MODULE_SIG_HASH=\"sha256\"\n";
    sandbox.write(&config, signing);
    sandbox.write(&format!("lib/modules/{KERNEL}/build/scripts/sign-file"), "#!/bin/sh\nexit 1\n");
    use std::os::unix::fs::PermissionsExt;
    let sign_file = sandbox.path(&format!("lib/modules/{KERNEL}/build/scripts/sign-file"));
    fs::set_permissions(sign_file, fs::Permissions::from_mode(0o755)).expect("its mode");
    sandbox.source("foo", "1", "");
    sandbox.ok("add foo/1");
    let ran = sandbox.event(&[], &format!("kernel postinst {KERNEL} /boot/x"), None, &[]);
    assert!(ran.err.contains(&format!("foo/1 installed for {KERNEL} (unsigned)")), "{ran:#?}");
    assert!(document(&sandbox, "status --json")["modules"][0]["unsigned"].is_string());
    let found = document(&sandbox, &format!("check -k {KERNEL} --json"));
    assert_eq!((&found["unsigned"][0]["module"], &found["unsigned"][0]["loads"]), (&json!("foo"), &json!(true)));
    sandbox.write(&config, &format!("{signing}CONFIG_MODULE_SIG_FORCE=y\n"));
    let ran = sandbox.dkms(&format!("check -k {KERNEL}"));
    assert_eq!(ran.code, 2, "{ran:#?}");
    assert!(ran.err.contains("foo/1 for") && ran.err.contains("this kernel loads signed modules only"), "{ran:#?}");
}
