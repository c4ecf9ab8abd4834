//! mktarball and ldtarball: what goes into an archive comes out of it again.

use crate::sandbox::{KERNEL, SECOND, Sandbox};

fn built() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "");
    sandbox.ok(&format!("build foo/1 -k {KERNEL} -k {SECOND}"));
    sandbox
}

fn forget(sandbox: &Sandbox) {
    sandbox.ok("remove foo/1 --all");
    std::fs::remove_dir_all(sandbox.path("src/foo-1")).expect("its source");
}

#[test]
fn source_and_builds_come_back_with_every_compression() {
    let sandbox = built();
    let before = sandbox.status();
    let names = ["a.dkms.tar.gz", "a.tar.bz2", "a.tar.xz", "a.tar.zst", "a.tar"];
    for name in names {
        sandbox.ok(&format!("mktarball foo/1 --all --archive ./out/{name}"));
    }
    for name in names {
        forget(&sandbox);
        assert!(sandbox.status().is_empty());
        sandbox.ok(&format!("ldtarball out/{name}"));
        assert_eq!(sandbox.status(), before, "{name}");
        assert_eq!(sandbox.files("src/foo-1"), ["dkms.conf", "foo.c"], "{name}");
        sandbox.ok(&format!("install foo/1 -k {KERNEL}"));
        assert_eq!(sandbox.files(&format!("lib/modules/{KERNEL}/updates")), ["dkms/foo.ko"], "{name}");
    }
}

#[test]
fn an_archive_lies_in_the_modules_own_folder_unless_a_path_is_named() {
    let sandbox = built();
    for (options, expected) in [
        (format!("-k {KERNEL}"), format!("dkms/foo/1/tarball/foo-1-kernel{KERNEL}-ARCH.dkms.tar.gz")),
        ("--source-only".into(), "dkms/foo/1/tarball/foo-1-source-only.dkms.tar.gz".into()),
        (format!("-k {KERNEL} --archive mine.tar.xz"), "dkms/foo/1/tarball/mine.tar.xz".into()),
        (format!("-k {KERNEL} --archive ./mine.tar.xz"), "mine.tar.xz".into()),
    ] {
        sandbox.ok(&format!("mktarball foo/1 {options}"));
        let file = expected.replace("ARCH", std::env::consts::ARCH);
        assert!(sandbox.path(&file).is_file(), "{file}");
    }
    assert_eq!(sandbox.status().len(), 2, "the folder of archives is no kernel");
}

#[test]
fn packing_again_gives_the_same_bytes() {
    let sandbox = built();
    sandbox.ok("mktarball foo/1 --all --archive ./one.tar.gz");
    sandbox.ok("mktarball foo/1 --all --archive ./two.tar.gz");
    let read = |name: &str| std::fs::read(sandbox.path(name)).expect("an archive");
    assert_eq!(read("one.tar.gz"), read("two.tar.gz"));
}

#[test]
fn a_module_of_binaries_only_can_be_installed_but_not_built() {
    let sandbox = built();
    sandbox.ok(&format!("mktarball foo/1 -k {KERNEL} --binaries-only --archive ./b.dkms.tar.gz"));
    forget(&sandbox);
    let ran = sandbox.dkms("ldtarball b.dkms.tar.gz");
    assert_eq!(ran.code, 1, "loaded, but without source: {ran:?}");
    assert_eq!(sandbox.files("dkms/foo/1/source"), ["dkms.conf"]);
    assert_eq!(sandbox.status(), [format!("foo/1, {KERNEL}, ARCH: built")]);
    sandbox.ok(&format!("install foo/1 -k {KERNEL}"));
    assert_eq!(sandbox.dkms(&format!("build foo/1 -k {SECOND}")).code, 8);
    // Packed again it is what it was: without source.
    sandbox.ok("mktarball foo/1 --all --archive ./again.dkms.tar.gz");
    sandbox.ok("remove foo/1 --all");
    assert_eq!(sandbox.dkms("ldtarball again.dkms.tar.gz").code, 1);
}

#[test]
fn builds_of_an_archive_are_installed_as_they_are() {
    let sandbox = built();
    sandbox.ok(&format!("mktarball foo/1 -k {KERNEL} --archive ./a.dkms.tar.gz"));
    forget(&sandbox);
    sandbox.tool("make", "#!/bin/sh\nexit 1\n");
    sandbox.ok(&format!("install a.dkms.tar.gz -k {KERNEL}"));
    assert_eq!(sandbox.status(), [format!("foo/1, {KERNEL}, ARCH: installed")]);
}

#[test]
fn an_added_module_is_loaded_again_only_by_force() {
    let sandbox = built();
    sandbox.ok("mktarball foo/1 --all --archive ./a.dkms.tar.gz");
    assert_eq!(sandbox.dkms("ldtarball a.dkms.tar.gz").code, 8);
    sandbox.write("src/foo-1/foo.c", "changed\n");
    sandbox.ok("ldtarball a.dkms.tar.gz --force");
    assert_eq!(std::fs::read_to_string(sandbox.path("src/foo-1/foo.c")).expect("the source"), "foo 1\n");
    assert_eq!(sandbox.status().len(), 2);
}

#[test]
fn a_plain_source_archive_is_added_from_whatever_folder_is_in_it() {
    let sandbox = Sandbox::new();
    sandbox.source_in("work/foo-driver-main/kernel", "foo", "2", "");
    let tar = |name: &str| {
        let done = std::process::Command::new("tar")
            .args(["-C", "work", "-caf", name, "."])
            .current_dir(sandbox.path(""))
            .status()
            .expect("tar");
        assert!(done.success());
    };
    tar("foo.tar.gz");
    sandbox.ok("add foo.tar.gz");
    assert_eq!(sandbox.status(), ["foo/2: added"]);
    assert_eq!(sandbox.files("src/foo-2"), ["dkms.conf", "foo.c"]);
    for line in ["add foo.tar.gz", "ldtarball foo.tar.gz", "add --archive foo.tar.gz"] {
        assert_eq!(sandbox.dkms(line).code, 3, "{line}");
    }
}

#[test]
fn nothing_is_left_of_an_archive_that_cannot_be_loaded() {
    let sandbox = Sandbox::new();
    sandbox.write("no.tar.gz", "this is no archive");
    assert_eq!(sandbox.dkms("ldtarball no.tar.gz").code, 3);
    sandbox.write("empty/readme", "nothing");
    let tar = std::process::Command::new("tar")
        .args(["-C", "empty", "-cf", "empty.tar", "."])
        .current_dir(sandbox.path(""))
        .status();
    assert!(tar.expect("tar").success());
    assert_eq!(sandbox.dkms("ldtarball empty.tar").code, 7);
    assert_eq!(sandbox.dkms("ldtarball").code, 2);
    assert_eq!(sandbox.dkms("ldtarball gone.tar.gz").code, 2);
    assert!(sandbox.files("src").is_empty() && sandbox.files("tmp").is_empty());
}

#[test]
fn an_rpm_is_handed_to_rpm() {
    let sandbox = Sandbox::new();
    sandbox.write("foo.rpm", "");
    sandbox.tool("rpm", "#!/bin/sh\necho \"$*\" >>\"$SANDBOX/rpm-was-called\"\n[ ! -e \"$SANDBOX/rpm-fails\" ]\n");
    sandbox.ok(&format!("add foo.rpm -k {KERNEL}"));
    let called = std::fs::read_to_string(sandbox.path("rpm-was-called")).expect("rpm was called");
    assert!(called.lines().any(|line| line == "-Uvh foo.rpm"), "{called}");
    sandbox.write("rpm-fails", "");
    assert_eq!(sandbox.dkms(&format!("install foo.rpm -k {KERNEL}")).code, 9);
}

#[test]
fn the_result_as_json_names_the_archive() {
    let sandbox = built();
    let ran = sandbox.ok("mktarball foo/1 --all --json --archive ./a.tar.gz");
    let document: serde_json::Value = serde_json::from_str(&ran.out).expect("one JSON document");
    let step = &document["steps"][0];
    assert_eq!((step["operation"].as_str(), step["file"].as_str()), (Some("mktarball"), Some("./a.tar.gz")));
}
