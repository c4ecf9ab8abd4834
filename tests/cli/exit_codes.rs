//! Every exit code that can be shown without a real kernel has a case that shows it.

use crate::sandbox::{KERNEL, Sandbox};

/// What a case needs before its command.
type Prepare = fn(&Sandbox);

fn nothing(_: &Sandbox) {}

fn source(sandbox: &Sandbox) {
    sandbox.source("foo", "1", "");
}

fn added(sandbox: &Sandbox) {
    source(sandbox);
    sandbox.ok("add foo/1");
}

fn built(sandbox: &Sandbox) {
    source(sandbox);
    sandbox.ok(&format!("build foo/1 -k {KERNEL}"));
}

fn installed(sandbox: &Sandbox) {
    source(sandbox);
    sandbox.ok(&format!("install foo/1 -k {KERNEL}"));
}

fn broken(sandbox: &Sandbox) {
    built(sandbox);
    std::fs::remove_dir_all(sandbox.path("src/foo-1")).expect("its source");
}

fn with(sandbox: &Sandbox, more: &str) {
    sandbox.source("foo", "1", more);
}

fn script(sandbox: &Sandbox, directive: &str, code: u8) {
    with(sandbox, &format!("{directive}=hook.sh"));
    sandbox.write("src/foo-1/hook.sh", &format!("#!/bin/sh\nexit {code}\n"));
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(sandbox.path("src/foo-1/hook.sh"), mode).expect("its mode");
}

fn depmod_fails(sandbox: &Sandbox) {
    built(sandbox);
    sandbox.write("depmod-fails", "");
}

fn archived(sandbox: &Sandbox) {
    built(sandbox);
    sandbox.ok(&format!("mktarball foo/1 -k {KERNEL} --archive ./foo.dkms.tar.gz"));
}

#[test]
fn success_and_nothing_to_do_end_with_0() {
    let cases = [
        (nothing as Prepare, ""),
        (nothing, "--version"),
        (nothing, "status"),
        (nothing, "status -m nowhere"),
        (source, "add foo/1"),
        (source, "add src/foo-1"),
        (source, "add src/foo-1/dkms.conf"),
        (source, "build foo/1 -k KERNEL"),
        (source, "install -m foo -v 1 -k KERNEL"),
        (source, "install foo -v 1 -k KERNEL"),
        (built, "build foo/1 -k KERNEL"),
        (built, "build foo/1 -k KERNEL --force"),
        (installed, "install foo/1 -k KERNEL"),
        (installed, "install foo/1 -k KERNEL --force"),
        (added, "uninstall foo/1 -k KERNEL"),
        (added, "unbuild foo/1 -k KERNEL"),
        (added, "unbuild foo/1 --all"),
        (added, "remove foo/1 --all"),
        (added, "remove foo/1 -k KERNEL"),
        (installed, "remove foo/1 --all"),
        (installed, "remove foo/1 -k KERNEL"),
        (installed, "kernel_prerm -k KERNEL"),
        (installed, "kernel_preinst -k KERNEL"),
        (added, "autoinstall -k KERNEL"),
        (added, "kernel_postinst -k KERNEL"),
        (nothing, "autoinstall -k 6.9.9-without-headers"),
        (installed, "match -k 6.1.0-2 --templatekernel KERNEL"),
    ];
    show(&cases.map(|(prepare, line)| (0, prepare, line)));
}

#[test]
fn each_exit_code_has_a_case_that_shows_it() {
    show(&[
        (1, nothing as Prepare, "add"),
        (1, nothing, "build foo -k KERNEL"),
        (1, nothing, "add /nowhere/foo"),
        (1, added, "build foo/1 -k a -k b -k c -a x86_64 -a x86_64"),
        (1, added, "match -k KERNEL"),
        (2, nothing, "--frobnicate"),
        (2, nothing, "frobnicate"),
        (2, added, "remove foo/1 --all -k KERNEL"),
        (2, nothing, "add foo/1"),
        (2, nothing, "build foo/1 -k KERNEL"),
        (2, nothing, "install foo/1 -k KERNEL"),
        (2, nothing, "add --archive nowhere.tar.gz"),
        (2, nothing, "ldtarball nowhere.tar.gz"),
        (2, nothing, "match -k KERNEL --templatekernel KERNEL"),
        (3, added, "remove foo/1 --all -a x86_64"),
        (3, added, "add foo/1"),
        (3, added, "add src/foo-1"),
        (3, nothing, "remove foo/1 --all"),
        (3, nothing, "unbuild foo/1 -k KERNEL"),
        (3, nothing, "uninstall foo/1 -k KERNEL"),
        (3, nothing, "mktarball foo/1 -k KERNEL"),
        (3, added, "match zz/1 -k KERNEL --templatekernel other"),
        (3, source, "ldtarball src/foo-1/foo.c"),
        (4, nothing, "add build"),
        (4, |sandbox| sandbox.write("src/foo-1/foo.c", ""), "add foo/1"),
        (4, nothing, "kernel_postinst"),
        (4, nothing, "kernel_prerm -k a -k b"),
        (4, nothing, "autoinstall -k a -k b"),
        (4, nothing, "match -k a -k b --templatekernel c"),
        (4, broken, "build foo/1 -k KERNEL"),
        (4, broken, "install foo/1 -k KERNEL"),
        (4, broken, "remove foo/1 --all"),
        (4, broken, "unbuild foo/1 -k KERNEL"),
        (4, broken, "mktarball foo/1 -k KERNEL"),
        (5, added, "build foo/1 --all"),
        (5, added, "add foo/1 --all"),
        (5, added, "install foo/1 --all"),
        (5, added, "autoinstall --all"),
        (5, added, "match --all --templatekernel KERNEL"),
        (5, added, "kernel_postinst --all"),
        (5, added, "kernel_prerm --all"),
        (5, |sandbox| with(sandbox, "PATCH=missing.patch"), "build foo/1 -k KERNEL"),
        (5, |sandbox| with(sandbox, "PATCH=../x.patch"), "build foo/1 -k KERNEL"),
        (6, bad_patch, "build foo/1 -k KERNEL"),
        (6, built_for_no_kernel, "install foo/1 -k 6.9.9"),
        (6, built_without_file, "install foo/1 -k KERNEL"),
        (6, depmod_fails, "install foo/1 -k KERNEL"),
        (6, added, "mktarball foo/1 -k KERNEL"),
        (7, |sandbox| (source(sandbox), sandbox.tool("make", "#!/bin/sh\n")).0, "build foo/1 -k KERNEL"),
        (8, |sandbox| with(sandbox, "AUTOINSTALL=maybe"), "add foo/1"),
        (8, |sandbox| sandbox.write("src/foo-1/dkms.conf", "PACKAGE_NAME=foo\n"), "add foo/1"),
        (8, |sandbox| sandbox.write("there/dkms.conf", "if\n"), "add there"),
        (8, only_conf, "build foo/1 -k KERNEL"),
        (8, built, "mktarball foo/1 -k KERNEL --binaries-only --source-only"),
        (8, archived, "ldtarball foo.dkms.tar.gz"),
        (9, built, "mktarball foo/1 -k KERNEL --archive /proc/foo.tar.gz"),
        (9, |sandbox| sandbox.write("foo.rpm", "no package"), "add foo.rpm"),
        (10, |sandbox| (source(sandbox), sandbox.write("src/foo-1/FAIL", "")).0, "build foo/1 -k KERNEL"),
        (11, |sandbox| (added(sandbox), sandbox.write("src/foo-1/FAIL", "")).0, "autoinstall -k KERNEL"),
        (11, |sandbox| (added(sandbox), sandbox.write("src/foo-1/FAIL", "")).0, "kernel_postinst -k KERNEL"),
        (13, |sandbox| with(sandbox, "BUILD_DEPENDS=other"), "build foo/1 -k KERNEL"),
        (16, added, "build foo/1 -k="),
        (16, added, "build foo/1 -k KERNEL -a="),
        (21, added, "build foo/1 -k 6.9.9-without-headers"),
        (21, added, "autoinstall -k 6.9.9-without-headers"),
        (21, added, "kernel_postinst -k 6.9.9-without-headers"),
        (77, |sandbox| with(sandbox, "BUILD_EXCLUSIVE_KERNEL=^7"), "build foo/1 -k KERNEL"),
        (101, |sandbox| script(sandbox, "PRE_INSTALL", 3), "install foo/1 -k KERNEL"),
        (42, |sandbox| script(sandbox, "PRE_BUILD", 42), "build foo/1 -k KERNEL"),
        (43, |sandbox| script(sandbox, "POST_BUILD", 43), "build foo/1 -k KERNEL"),
        (44, |sandbox| script(sandbox, "POST_ADD", 44), "add foo/1"),
    ]);
}

fn bad_patch(sandbox: &Sandbox) {
    with(sandbox, "PATCH=bad.patch");
    sandbox.write("src/foo-1/patches/bad.patch", "--- a/foo.c\n+++ b/foo.c\n@@ -1 +1 @@\n-nowhere\n+x\n");
}

/// Built, and then the kernel went.
fn built_for_no_kernel(sandbox: &Sandbox) {
    source(sandbox);
    sandbox.write("headers/include/config/auto.conf", "");
    let headers = sandbox.path("headers");
    sandbox.ok(&format!("build foo/1 -k 6.9.9 --kernelsourcedir {}", headers.display()));
}

fn built_without_file(sandbox: &Sandbox) {
    built(sandbox);
    let modules = format!("dkms/foo/1/{KERNEL}/{}/module", std::env::consts::ARCH);
    std::fs::remove_file(sandbox.path(&modules).join("foo.ko")).expect("a built module");
}

fn only_conf(sandbox: &Sandbox) {
    source(sandbox);
    std::fs::remove_file(sandbox.path("src/foo-1/foo.c")).expect("its source");
}

/// Runs each case in a machine of its own; all that differ are told.
fn show(cases: &[(i32, Prepare, &str)]) {
    let faults: Vec<String> = cases.iter().filter_map(|(code, prepare, line)| fault(*code, *prepare, line)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn fault(code: i32, prepare: Prepare, line: &str) -> Option<String> {
    let sandbox = Sandbox::new();
    prepare(&sandbox);
    let line = line.replace("KERNEL", KERNEL);
    let ran = sandbox.dkms(&line);
    let told = code == 0 || ran.err.contains("dkms: error: ");
    let quiet = sandbox.dkms(&format!("{line} --quiet"));
    let is_quiet = quiet.out.is_empty() && quiet.err.is_empty();
    (ran.code != code || !told || !is_quiet).then(|| format!("dkms {line}: {code} is expected: {ran:#?}, {quiet:?}"))
}

#[test]
fn only_questions_and_packaging_work_without_root() {
    let sandbox = Sandbox::new();
    installed(&sandbox);
    assert_eq!(sandbox.dkms_as_nobody("status").code, 0);
    for line in ["add foo/2", "build foo/1", "remove foo/1 --all", "unbuild foo/1 --all", "install foo/1"] {
        let ran =
            sandbox.dkms_as_nobody(&format!("{line} -k {KERNEL}").replace(&format!("--all -k {KERNEL}"), "--all"));
        assert_eq!(ran.code, 1, "{line}: {ran:?}");
    }
    for line in ["uninstall foo/1", "autoinstall", "kernel_postinst", "kernel_preinst", "kernel_prerm"] {
        let ran = sandbox.dkms_as_nobody(&format!("{line} -k {KERNEL}"));
        assert_eq!(ran.code, 1, "{line}: {ran:?}");
    }
}
