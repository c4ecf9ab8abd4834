//! When a kernel's initramfs is made anew, and when not. What makes and lists it are stand-ins: an image is the text of its
//! listing, and each call leaves a line.

use std::fs;

use crate::sandbox::{KERNEL, Ran, SECOND, Sandbox};

/// Says what it was asked for; `initramfs-fails` and `initramfs-kills` lie in its way.
const UPDATE_INITRAMFS_STAND_IN: &str = r#"#!/bin/sh
echo "$*" >>"$SANDBOX/made"
[ ! -e "$SANDBOX/initramfs-kills" ] || { rm "$SANDBOX/initramfs-kills"; kill -9 "$PPID"; exit 1; }
[ ! -e "$SANDBOX/initramfs-fails" ] || { echo 'cp: no space left' >&2; exit 1; }
touch "/boot/initrd.img-$3"
"#;

/// `foo` is in the first kernel's initramfs, `bar` in none; both are installed for both kernels, from older sources.
fn machine() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.tool("update-initramfs", UPDATE_INITRAMFS_STAND_IN);
    sandbox.tool("lsinitramfs", "#!/bin/sh\ncat \"$1\"\n");
    for name in ["foo", "bar"] {
        sandbox.source(name, "1", "");
        for kernel in [KERNEL, SECOND] {
            sandbox.ok(&format!("install {name}/1 -k {kernel}"));
        }
        changed(&sandbox, name);
    }
    sandbox.write(&format!("boot/initrd.img-{KERNEL}"), &format!("usr/lib/modules/{KERNEL}/updates/dkms/foo.ko\n"));
    sandbox.write(&format!("boot/initrd.img-{SECOND}"), &format!("usr/lib/modules/{SECOND}/kernel/ext4.ko\n"));
    sandbox
}

/// Its package brings another source.
fn changed(sandbox: &Sandbox, name: &str) {
    let now = fs::read_to_string(sandbox.path(&format!("src/{name}-1/{name}.c"))).expect("its source");
    sandbox.write(&format!("src/{name}-1/{name}.c"), &(now + "changed\n"));
}

/// What was asked of update-initramfs since the last time, sorted: whichever kernel is ready first comes first.
fn made(sandbox: &Sandbox) -> Vec<String> {
    let lines = fs::read_to_string(sandbox.path("made")).unwrap_or_default();
    fs::remove_file(sandbox.path("made")).ok();
    let mut lines: Vec<String> = lines.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

fn event(sandbox: &Sandbox, settings: &str, words: &str) -> Ran {
    let ran = sandbox.with_settings(settings, &format!("event {words}"));
    assert_eq!(ran.code, 0, "{settings:?} {words}: {ran:#?}");
    ran
}

/// The end of a transaction, with settings.
const END: &str = "dpkg-self postinst triggered /usr/src";

#[test]
fn it_is_made_once_for_each_kernel_that_holds_or_should_hold_what_changed() {
    let sandbox = machine();
    let plan = event(&sandbox, "", &format!("--dry-run {END}")).out;
    assert!(plan.contains(&format!("initramfs foo/1 for {KERNEL} (ARCH): the initramfs holds foo")), "{plan}");
    let elsewhere = format!("initramfs of kernel {KERNEL} holds foo, and this one does not");
    assert!(plan.contains(&elsewhere), "{plan}");
    assert!(made(&sandbox).is_empty());
    let ran = event(&sandbox, "", END);
    assert_eq!(made(&sandbox), [format!("-u -k {KERNEL}"), format!("-u -k {SECOND}")], "{ran:#?}");
    assert!(ran.err.contains(&format!("initramfs of {KERNEL} made anew: the initramfs holds foo")), "{ran:#?}");
    event(&sandbox, "", END);
    assert!(made(&sandbox).is_empty(), "nothing changed since");
    assert_eq!(sandbox.with_settings("", "check").code, 0);
}

#[test]
fn what_is_in_no_initramfs_makes_none_unless_the_settings_say_so() {
    let both = [format!("-u -k {KERNEL}"), format!("-u -k {SECOND}")];
    for (settings, name, expected) in [
        ("", "bar", &[][..]),
        ("initramfs=always\n", "bar", &both),
        ("initramfs=never\n", "foo", &[]),
        ("initramfs=auto\n", "foo", &both),
    ] {
        let sandbox = machine();
        event(&sandbox, "initramfs=never\n", END);
        changed(&sandbox, name);
        event(&sandbox, settings, END);
        assert_eq!(made(&sandbox), expected, "{settings:?} {name}");
        assert_eq!(sandbox.with_settings(settings, "check").code, 0, "{settings:?} {name}");
    }
}

#[test]
fn hooks_that_run_before_it_is_made_anyway_and_people_leave_it_alone() {
    for words in [
        format!("event kernel postinst {KERNEL} /boot/x"),
        format!("event kernel-install add {KERNEL} /efi/x /boot/x"),
        format!("install foo/1 -k {KERNEL} --force"),
    ] {
        let sandbox = machine();
        let ran = sandbox.with_settings("", &words);
        assert_eq!((ran.code, made(&sandbox)), (0, Vec::new()), "{words}: {ran:#?}");
        event(&sandbox, "initramfs=never\n", END);
        event(&sandbox, "", END);
        assert!(made(&sandbox).is_empty(), "{words} left a note");
    }
}

#[test]
fn late_headers_and_a_module_that_leaves_are_changes_too() {
    let sandbox = machine();
    event(&sandbox, "", &format!("kernel header_postinst {KERNEL}"));
    assert_eq!(made(&sandbox), [format!("-u -k {KERNEL}")]);
    event(&sandbox, "", "rpm preun foo 1 0");
    assert_eq!(made(&sandbox), [format!("-u -k {KERNEL}")], "the second kernel's never held it");
}

#[test]
fn a_failure_is_told_until_it_is_made() {
    let sandbox = machine();
    sandbox.write("initramfs-fails", "");
    let strict = "failure_policy=strict\n";
    let ran = event(&sandbox, strict, "rpm-trigger transfiletriggerpostun 0");
    let told = format!("`update-initramfs -u -k {KERNEL}` ended with exit code 1");
    assert!(ran.err.contains(&told) && ran.err.contains("no space left"), "{ran:#?}");
    assert_eq!(made(&sandbox).len(), 2);
    let check = sandbox.with_settings(strict, "check");
    assert_eq!(check.code, 2, "{check:#?}");
    assert!(check.err.contains("the last initramfs of foo/1 for 6.1.0-1") && check.err.contains(&told), "{check:#?}");
    assert!(sandbox.ok("status").err.contains(&told));
    assert_eq!(sandbox.with_settings("", "reconcile").code, 79);
    assert_eq!(made(&sandbox).len(), 2, "it is tried again");
    fs::remove_file(sandbox.path("initramfs-fails")).unwrap();
    event(&sandbox, "", END);
    assert_eq!(made(&sandbox).len(), 2);
    assert_eq!(sandbox.with_settings("", "check").code, 0);
    assert_eq!(sandbox.ok("status").err, "");
}

#[test]
fn one_that_was_made_by_others_since_then_is_not_made_again() {
    let sandbox = machine();
    sandbox.write("initramfs-fails", "");
    event(&sandbox, "", END);
    made(&sandbox);
    let image = fs::File::options().append(true).open(sandbox.path(&format!("boot/initrd.img-{KERNEL}"))).unwrap();
    image.set_modified(std::time::SystemTime::now()).unwrap();
    let plan = event(&sandbox, "", &format!("--dry-run {END}")).out;
    assert!(plan.contains(&format!("the initramfs of kernel {KERNEL} was made after the change")), "{plan}");
    event(&sandbox, "", END);
    assert_eq!(made(&sandbox), [format!("-u -k {SECOND}")]);
}

#[test]
fn a_run_that_dies_while_it_is_made_leaves_it_to_the_next() {
    let sandbox = machine();
    sandbox.write("initramfs-kills", "");
    sandbox.with_settings("", &format!("event {END}"));
    assert_eq!(made(&sandbox).len(), 1);
    assert_eq!(sandbox.with_settings("", "check").code, 1, "it is to be made");
    event(&sandbox, "", END);
    assert_eq!(made(&sandbox), [format!("-u -k {KERNEL}"), format!("-u -k {SECOND}")]);
    assert_eq!(sandbox.with_settings("", "check").code, 0);
}

#[test]
fn an_image_that_cannot_be_listed_is_left_alone_and_that_is_said() {
    let sandbox = machine();
    sandbox.tool("lsinitramfs", "#!/bin/sh\nexit 1\n");
    let plan = event(&sandbox, "", &format!("--dry-run {END}")).out;
    assert!(plan.contains("cannot be told: `lsinitramfs /boot/initrd.img-6.1.0-1` ended with exit code 1"), "{plan}");
    event(&sandbox, "", END);
    assert!(made(&sandbox).is_empty());
}

#[test]
fn an_initramfs_is_spoken_of_only_where_something_was_installed() {
    let sandbox = machine();
    fs::remove_file(sandbox.path(&format!("boot/initrd.img-{KERNEL}"))).unwrap();
    let said = format!("kernel {KERNEL} has no initramfs");
    sandbox.write("src/foo-1/FAIL", "");
    let ran = event(&sandbox, "", "dpkg postinst foo 1 configure");
    assert!(ran.err.contains("it was told to fail"), "{ran:#?}");
    assert!(!(ran.out + &ran.err).contains(&said));
    fs::remove_file(sandbox.path("src/foo-1/FAIL")).unwrap();
    let ran = event(&sandbox, "", "dpkg postinst foo 1 configure");
    assert!((ran.out.clone() + &ran.err).contains(&said), "{ran:#?}");
}

#[test]
fn a_failure_says_once_that_it_is_one() {
    let sandbox = machine();
    sandbox.write("src/foo-1/FAIL", "");
    let ran = event(&sandbox, "", "dpkg postinst foo 1 configure");
    let check = sandbox.with_settings("", "check");
    let lines = ran.err.lines().chain(check.err.lines()).filter(|line| line.contains("failed"));
    let mut told = 0;
    for line in lines {
        told += 1;
        assert_eq!(line.matches("failed").count(), 1, "{line}");
    }
    assert!(told >= 2, "{ran:#?} {check:#?}");
}
