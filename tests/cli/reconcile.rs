//! `dkms reconcile` and `dkms check`: the disk decides.

use crate::sandbox::{KERNEL, SECOND, Sandbox};

/// Kernels are known by more than modules from outside.
fn machine() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "");
    sandbox.ok("add foo/1");
    sandbox
}

#[test]
fn every_kernel_with_headers_gets_what_it_lacks_and_then_nothing_is_open() {
    let sandbox = machine();
    sandbox.kernel("6.1.0-3");
    let check = sandbox.dkms("check");
    assert_eq!(check.code, 1, "{check:#?}");
    assert!(check.out.contains("to do: build foo/1 for 6.1.0-1"), "{check:#?}");
    sandbox.ok("reconcile");
    let installed = |kernel: &str| format!("foo/1, {kernel}, {}: installed", std::env::consts::ARCH);
    assert_eq!(
        sandbox.status(),
        [installed(KERNEL), installed(SECOND)].map(|line| line.replace(std::env::consts::ARCH, "ARCH"))
    );
    let again = sandbox.ok("reconcile");
    assert_eq!(again.out, "", "{again:#?}");
}

#[test]
fn a_kernel_that_has_gone_takes_its_builds_along() {
    let sandbox = machine();
    sandbox.ok("reconcile");
    std::fs::remove_dir_all(sandbox.path(&format!("lib/modules/{SECOND}/build"))).unwrap();
    let plan = sandbox.ok("reconcile --dry-run").out;
    assert!(plan.contains("unbuild   foo/1 for 6.1.0-2 (ARCH): the kernel has gone"), "{plan}");
    sandbox.ok("reconcile");
    assert_eq!(sandbox.status(), [format!("foo/1, {KERNEL}, ARCH: installed")]);
    assert_eq!(sandbox.ok("check").code, 0);
}

#[test]
fn a_changed_source_is_built_again_and_a_failure_is_told_until_it_is_repaired() {
    let sandbox = machine();
    sandbox.ok("reconcile");
    sandbox.write("src/foo-1/FAIL", "");
    assert_eq!(sandbox.dkms("reconcile").code, 11);
    let check = sandbox.dkms("check");
    assert_eq!(check.code, 2, "{check:#?}");
    assert!(check.err.contains("the last build of foo/1") && check.out.is_empty(), "{check:#?}");
    assert_eq!(sandbox.status().len(), 2, "what worked stays");
    std::fs::remove_file(sandbox.path("src/foo-1/FAIL")).unwrap();
    sandbox.ok("reconcile");
    assert_eq!(sandbox.ok("check").out, "");
}

#[test]
fn what_a_dead_run_noted_of_a_kernel_goes_with_the_kernel() {
    let sandbox = machine();
    sandbox.write("src/foo-1/FAIL", "");
    assert_eq!(sandbox.dkms("reconcile").code, 11);
    // As a run leaves it that dies after the build that ends well, before it clears its notes.
    std::fs::remove_dir_all(sandbox.path("dkms/.records/failures")).unwrap();
    assert_eq!(sandbox.files("dkms/.records/tried").len(), 2);
    std::fs::remove_dir_all(sandbox.path(&format!("lib/modules/{SECOND}"))).unwrap();
    sandbox.dkms("reconcile");
    let left = sandbox.files("dkms/.records/tried");
    assert!(left.iter().all(|file| !file.contains(SECOND)), "{left:?}");
    assert_eq!(sandbox.dkms("fsck").out, "");
}

#[test]
fn sources_that_no_package_owns_are_never_added() {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "");
    sandbox.ok("reconcile");
    assert!(sandbox.status().is_empty());
}

#[test]
fn a_source_of_a_package_is_registered_unless_a_person_removed_it_and_leaves_with_its_package() {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "");
    sandbox.tool("rpm", "#!/bin/sh\n[ ! -e \"$SANDBOX/unowned\" ] && echo a-package\n");
    sandbox.ok("reconcile");
    assert_eq!(sandbox.status().len(), 2);

    sandbox.ok("remove foo/1 --all");
    sandbox.ok("reconcile");
    assert!(sandbox.status().is_empty(), "a person took it away");
    sandbox.write("src/foo-1/foo.c", "a new release of the package\n");
    sandbox.ok("reconcile");
    assert_eq!(sandbox.status().len(), 2);

    std::fs::remove_dir_all(sandbox.path("src/foo-1")).unwrap();
    sandbox.dkms("reconcile");
    assert_eq!(sandbox.status(), ["foo/1: broken"], "its package says that it is there");
    sandbox.write("unowned", "");
    sandbox.ok("reconcile");
    assert!(sandbox.status().is_empty());
    assert_eq!(sandbox.files("lib/modules").iter().filter(|file| file.contains("foo")).count(), 0);
}

/// A source that a package brought, whose POST_REMOVE writes what it finds to `trace`. The package is gone once there is a
/// file `unowned`.
fn brought(sandbox: &Sandbox) {
    let more = "[ \"$kernelver\" != 6.1.0-2 ] || POST_REMOVE=\"scripts/gone.sh second\"\n\
                [ -n \"$POST_REMOVE\" ] || POST_REMOVE=\"scripts/gone.sh first\"";
    sandbox.source("foo", "1", more);
    let script = format!("#!/bin/sh\necho \"$*\" >>{}\n", sandbox.path("trace").display());
    sandbox.write("src/foo-1/scripts/gone.sh", &script);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(sandbox.path("src/foo-1/scripts/gone.sh"), mode).unwrap();
    sandbox.tool("rpm", "#!/bin/sh\n[ ! -e \"$SANDBOX/unowned\" ] && echo foo-source\n");
    sandbox.ok("reconcile");
    let note = std::fs::read_to_string(sandbox.path("dkms/.records/brought/foo,1.json")).expect("a note");
    assert!(note.contains("foo-source"), "{note}");
}

#[test]
fn the_post_remove_of_a_source_that_went_with_its_package_is_run_from_the_copy_for_each_kernel() {
    let sandbox = Sandbox::new();
    brought(&sandbox);
    std::fs::remove_dir_all(sandbox.path("src/foo-1")).unwrap();
    sandbox.write("unowned", "");
    let ran = sandbox.ok("reconcile");
    assert!(!ran.err.contains("without its POST_REMOVE"), "{ran:#?}");
    let mut trace: Vec<String> =
        std::fs::read_to_string(sandbox.path("trace")).expect("it was run").lines().map(str::to_owned).collect();
    trace.sort();
    assert_eq!(trace, ["first", "second"]);
    assert!(sandbox.status().is_empty() && sandbox.files("dkms/.records/brought").is_empty());
}

#[test]
fn copies_follow_the_package_to_a_new_release_of_the_same_version() {
    let sandbox = Sandbox::new();
    brought(&sandbox);
    sandbox.source("foo", "1", "POST_REMOVE=other.sh");
    sandbox.write("src/foo-1/other.sh", &format!("#!/bin/sh\necho other >>{}\n", sandbox.path("trace").display()));
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(sandbox.path("src/foo-1/other.sh"), mode).unwrap();
    sandbox.ok("reconcile");
    std::fs::remove_dir_all(sandbox.path("src/foo-1")).unwrap();
    sandbox.write("unowned", "");
    sandbox.ok("reconcile");
    assert_eq!(std::fs::read_to_string(sandbox.path("trace")).expect("it was run"), "other\nother\n");
}

#[test]
fn at_boot_every_kernel_is_looked_at_but_what_failed_for_one_that_does_not_run_is_left_alone() {
    let sandbox = machine();
    sandbox.write("src/foo-1/FAIL", "");
    assert_eq!(sandbox.dkms(&format!("reconcile -k {KERNEL}")).code, 11);
    std::fs::remove_file(sandbox.path("src/foo-1/FAIL")).unwrap();
    let started = sandbox.event(&[], "start", None, &[]);
    assert_eq!(started.code, 0, "{started:#?}");
    let installed = |kernel: &str| format!("foo/1, {kernel}, ARCH: installed");
    assert_eq!(sandbox.status(), [installed(SECOND)], "{started:#?}");
    sandbox.event(&[], &format!("autoinstaller start {KERNEL}"), None, &[]);
    assert_eq!(sandbox.status(), [KERNEL, SECOND].map(installed));
}

#[test]
fn what_is_wrong_with_a_source_is_told_once_and_not_for_each_kernel() {
    let sandbox = machine();
    sandbox.kernel("6.1.0-3");
    let conf = std::fs::read_to_string(sandbox.path("src/foo-1/dkms.conf")).unwrap();
    sandbox.write("src/foo-1/dkms.conf", &format!("{conf}STRIP=maybe\n"));
    let ran = sandbox.dkms("reconcile");
    assert_eq!((ran.code, ran.err.matches("STRIP[0] is").count()), (11, 1), "{ran:#?}");
    assert!(ran.err.contains("1 module could not be installed"), "{ran:#?}");
}
