//! A tree in which somebody put, or deleted, something by hand; names that must not come into it; folders of others.

use std::env::consts::ARCH;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::sandbox::{KERNEL, Sandbox};

#[test]
fn what_hides_something_is_told_by_status_and_named_by_fsck() {
    let s = Sandbox::new();
    s.source("a", "1", "");
    s.ok("add a/1");
    s.write("dkms/f2", "somebody's");
    fs::remove_dir_all(s.path("dkms/.records")).unwrap_or_default();
    s.write("dkms/.records", "a file");
    symlink(format!("3/6.1.0-1/{ARCH}"), s.path(&format!("dkms/a/kernel-6.1.0-1-{ARCH}"))).expect("a link");
    let status = s.ok("status");
    assert_eq!(status.out, "a/1: added\n");
    let fsck = s.dkms("fsck");
    assert_eq!(fsck.code, 1, "{fsck:#?}");
    for name in ["/dkms/f2", "/dkms/.records", "/dkms/a/kernel-6.1.0-1-"] {
        assert!(status.err.contains(name), "{name}: {status:#?}");
        assert!(fsck.out.contains(name), "{name}: {fsck:#?}");
    }
    s.dkms("fsck --repair");
    assert!(s.path("dkms/f2").is_file(), "nobody knows whose it is");
    assert!(!s.path("dkms/.records").is_file(), "it was in the way of our own");
    s.ok(&format!("install a/1 -k {KERNEL}"));
}

#[test]
fn names_of_the_tree_are_refused_wherever_they_come_from() {
    let s = Sandbox::new();
    for (name, version) in [
        (".delete_x", "1"),
        (".tmp_x", "1"),
        (".hid", "1"),
        (".records", "1"),
        ("a", ".tmp_1"),
        ("a", "original_module"),
        ("a", "kernel-6.1.0-1-x86_64"),
    ] {
        s.source_in("in", name, version, "");
        assert_eq!(s.dkms("add ./in").code, 8, "{name}/{version}");
        assert_eq!(s.dkms(&format!("add {name}/{version}")).code, 1, "{name}/{version}");
        assert_eq!(s.dkms(&format!("install -m {name} -v {version} -k {KERNEL}")).code, 1, "{name}/{version}");
    }
    assert!(s.status().is_empty());
    assert_eq!(s.files("dkms").iter().filter(|file| !file.starts_with(".lock")).count(), 0);
}

#[test]
fn a_name_that_make_cannot_take_in_a_path_is_refused_before_make() {
    let s = Sandbox::new();
    for (name, version, refused) in [("a", "1:2", ':'), ("a;b", "1", ';'), ("a*b", "1", '*'), ("a'b", "1", '\'')] {
        let path = format!("{name}/{version}/build");
        let conf = format!("PACKAGE_NAME=\"{name}\"\nMAKE=\"make -C $kernel_source_dir M=$dkms_tree/{path}\"");
        s.source(name, version, &conf);
        // Its own line has no quotes around the name.
        let file = s.path(&format!("src/{name}-{version}/dkms.conf"));
        let text = fs::read_to_string(&file).expect("its dkms.conf");
        let text = text
            .replacen(&format!("PACKAGE_NAME={name}"), "", 1)
            .replace(&format!("MODULE_NAME={name}"), "MODULE_NAME=m");
        fs::write(&file, text).expect("its dkms.conf");
        let ran = s.dkms(&format!("build {name}/{version} -k {KERNEL}"));
        assert_eq!(ran.code, 8, "{ran:#?}");
        assert!(ran.err.contains(&format!("take no `{refused}` in the path /dkms/{path}")), "{ran:#?}");
    }
    s.source("b", "1:2", "");
    s.ok(&format!("build b/1:2 -k {KERNEL}"));
}

#[test]
fn what_comes_from_somebodys_folder_is_roots_alone() {
    let s = Sandbox::new();
    s.source_in("in", "a", "1", "");
    s.write("in/sub/tool", "x");
    for (name, mode) in [("in", 0o777), ("in/sub", 0o777), ("in/sub/tool", 0o777), ("in/a.c", 0o666)] {
        fs::set_permissions(s.path(name), fs::Permissions::from_mode(mode)).expect("its mode");
    }
    s.ok("add ./in");
    for (name, mode) in [("", 0o755), ("sub", 0o755), ("sub/tool", 0o755), ("a.c", 0o644)] {
        let meta = fs::metadata(s.path("src/a-1").join(name)).expect("a copy");
        assert_eq!(meta.permissions().mode() & 0o7777, mode, "{name}");
    }
    for target in ["/etc/passwd", "../outside", "sub/../../outside"] {
        let s = Sandbox::new();
        s.source_in("in", "a", "1", "");
        fs::create_dir(s.path("in/sub")).expect("a folder");
        symlink(target, s.path("in/link")).expect("a link");
        let ran = s.dkms("add ./in");
        assert_eq!(ran.code, 3, "{ran:#?}");
        assert!(ran.err.contains("/in/link: the link leads out of the folder"), "{ran:#?}");
        assert!(!s.path("src/a-1").exists() && s.files("src").is_empty());
    }
}

#[test]
fn what_a_killed_run_unpacked_goes_with_the_next() {
    let s = Sandbox::new();
    s.source("a", "1", "");
    s.ok("add a/1");
    s.ok("mktarball a/1 --archive ./a.tar.gz");
    fs::create_dir(s.path("tmp/dkms.1.18446744073709551615.abcdef")).expect("a folder");
    s.ok("remove a/1 --all");
    s.ok("ldtarball ./a.tar.gz");
    assert!(s.files("tmp").is_empty() && !s.path("tmp/dkms.1.18446744073709551615.abcdef").exists());
}

#[test]
fn a_failing_depmod_at_a_removal_is_told_and_made_up_for() {
    let s = Sandbox::new();
    s.source("a", "1", "");
    s.ok(&format!("install a/1 -k {KERNEL}"));
    s.write("depmod-fails", "");
    let ran = s.dkms("remove a/1 --all");
    assert_eq!(ran.code, 6, "{ran:#?}");
    assert!(s.status().is_empty(), "it is removed all the same");
    assert_eq!(s.dkms("fsck").code, 1);
    fs::remove_file(s.path("depmod-fails")).expect("it was there");
    s.ok("reconcile");
    s.ok("fsck");
}

#[test]
fn a_full_disk_does_not_keep_a_module_from_being_removed() {
    let s = Sandbox::new();
    s.source("a", "1", "");
    s.ok("add a/1");
    let script = r#"
        mount -t tmpfs -o size=256k,nr_inodes=200 full "$SANDBOX/dkms" && mkdir -p "$SANDBOX/full" &&
        "$0" install a/1 -k 6.1.0-1 "$@" >/dev/null || exit 90
        dd if=/dev/zero of="$SANDBOX/dkms/full.log" bs=4k 2>/dev/null
        "$0" remove a/1 --all "$@" || exit
        [ ! -e "$SANDBOX/dkms/a" ] || exit 91
        [ ! -e "$SANDBOX/lib/modules/6.1.0-1/updates/dkms/a.ko" ] || exit 92"#;
    let words = ["unshare", "--mount", "sh", "-c", script].map(str::to_owned);
    let ran = s.through(&words, &[]);
    assert_eq!(ran.code, 0, "{ran:#?}");
}

#[test]
fn a_failure_to_add_is_forgotten_when_it_is_installed() {
    let s = Sandbox::new();
    s.source("a", "1", "POST_ADD=fails.sh");
    s.tool("../src/a-1/fails.sh", "#!/bin/sh\nexit 3\n");
    assert_eq!(s.dkms("add a/1").code, 3);
    assert!(s.ok("status").err.contains("the last add of a/1 failed"));
    s.ok(&format!("install a/1 -k {KERNEL}"));
    assert_eq!(s.ok("status").err, "");
}

#[test]
fn a_version_whose_link_to_its_source_somebody_removed_stays_broken_whatever_comes() {
    let sandbox = Sandbox::new();
    sandbox.source("a", "1.0", "");
    sandbox.source("b", "1", "");
    sandbox.ok("add a/1.0");
    std::fs::remove_file(sandbox.path("dkms/a/1.0/source")).expect("its link");
    sandbox.ok("add b/1");
    assert_eq!(sandbox.dkms("status").out, "a/1.0: broken\nb/1: added\n");
    sandbox.ok("add a/1.0");
    assert_eq!(sandbox.status(), ["a/1.0: added", "b/1: added"]);
}
