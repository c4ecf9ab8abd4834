//! `dkms preflight`, and what package managers' hooks ask before anything is unpacked. Needs root, for mounts of its own.

use std::fs;
use std::process::Command;

use crate::sandbox::{KERNEL, Ran, Sandbox};

/// A kernel that is in a package only.
const NEW: &str = "6.9.0-1";

/// foo/1 is installed for the kernels that are there; every run of make is counted. A package holds another kernel's headers.
fn machine() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.without_rooms();
    sandbox.tool(
        "make",
        "#!/bin/sh\necho made >> \"$SANDBOX/made\"\n[ ! -e FAIL ] || { echo 'foo.c:1:1: error: no such thing' >&2; exit 2; }\n\
         . elf.sh\n{ elf; cat foo.c; } >foo.ko\n",
    );
    sandbox.source("foo", "1", "");
    sandbox.ok(&format!("install foo/1 -k {KERNEL}"));
    package(&sandbox, "linux-headers", &[(&headers(""), "CONFIG_MODULES=y\n")]);
    sandbox
}

fn headers(file: &str) -> String {
    format!("usr/lib/modules/{NEW}/build/include/config/{}", if file.is_empty() { "auto.conf" } else { file })
}

/// NAME.pkg.tar with these files.
fn package(sandbox: &Sandbox, name: &str, files: &[(&str, &str)]) {
    let folder = format!("{name}.package");
    for (file, text) in files {
        sandbox.write(&format!("{folder}/{file}"), text);
    }
    let mut tar = Command::new("tar");
    tar.args(["-cf", &format!("{name}.pkg.tar"), "-C", &folder, "usr"]).current_dir(sandbox.path(""));
    assert!(tar.status().expect("tar can be started").success(), "tar");
}

/// foo/VERSION as a package; FAIL lies in it when it is not to build.
fn source_package(sandbox: &Sandbox, version: &str, fails: bool) -> String {
    let name = format!("foo-dkms-{version}");
    let source = format!("{name}.package/usr/src/foo-{version}");
    sandbox.source_in(&source, "foo", version, "");
    let more: Vec<(String, &str)> = fails.then(|| (format!("usr/src/foo-{version}/FAIL"), "")).into_iter().collect();
    let more: Vec<(&str, &str)> = more.iter().map(|(file, text)| (file.as_str(), *text)).collect();
    package(sandbox, &name, &more);
    format!("{name}.pkg.tar")
}

fn made(sandbox: &Sandbox) -> usize {
    fs::read_to_string(sandbox.path("made")).unwrap_or_default().lines().count()
}

/// The kernel comes, as its package would bring it.
fn arrives(sandbox: &Sandbox) {
    sandbox.write(&format!("lib/modules/{NEW}/build/include/config/auto.conf"), "CONFIG_MODULES=y\n");
    sandbox.kernel(NEW);
}

#[test]
fn a_module_that_builds_is_kept_for_the_day_when_the_kernel_comes() {
    let sandbox = machine();
    let before = (sandbox.status(), sandbox.files("lib"), sandbox.files("src"));
    let ran = sandbox.ok("preflight linux-headers.pkg.tar");
    assert_eq!(ran.out, format!("foo/1 for {NEW} (ARCH): builds\n"), "{ran:?}");
    assert_eq!(made(&sandbox), 2);
    assert_eq!((sandbox.status(), sandbox.files("lib"), sandbox.files("src")), before, "nothing else has changed");
    arrives(&sandbox);
    let ran = sandbox.ok(&format!("autoinstall -k {NEW}"));
    assert_eq!(made(&sandbox), 2, "nothing was compiled again: {ran:?}");
    assert!(sandbox.status().contains(&format!("foo/1, {NEW}, ARCH: installed")));
}

#[test]
fn a_second_look_takes_what_the_first_has_kept() {
    let sandbox = machine();
    for _ in 0..2 {
        sandbox.ok("preflight linux-headers.pkg.tar");
        assert_eq!(made(&sandbox), 2);
    }
}

#[test]
fn a_module_that_would_not_build_is_told_with_its_first_error() {
    let sandbox = machine();
    sandbox.write("src/foo-1/FAIL", "");
    let ran = sandbox.dkms("preflight linux-headers.pkg.tar");
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.out.contains("no such thing") && ran.out.contains("the whole log is /dkms/.logs/foo/1/"), "{ran:?}");
    assert!(!sandbox.path("dkms/foo/1/build").exists(), "the tree has nothing of it");
}

/// The kernel's own event, when its headers have come.
fn comes(sandbox: &Sandbox) -> Ran {
    let ran = sandbox.event(&[], &format!("kernel header_postinst {NEW}"), None, &[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    ran
}

#[test]
fn what_was_seen_to_fail_is_not_compiled_again_when_the_kernel_comes_and_is_a_failure_like_any_other() {
    let sandbox = machine();
    sandbox.write("src/foo-1/FAIL", "");
    assert_eq!(sandbox.dkms("preflight linux-headers.pkg.tar").code, 2);
    assert_eq!(sandbox.dkms("preflight linux-headers.pkg.tar").code, 2, "a second look knows it as well");
    assert_eq!(made(&sandbox), 2);
    arrives(&sandbox);
    let ran = comes(&sandbox);
    assert_eq!(made(&sandbox), 2, "it was compiled again: {ran:?}");
    assert!(ran.err.contains("no such thing") && ran.err.contains("preflight saw it"), "{ran:?}");
    let log = fs::read_to_string(sandbox.path("dkms/foo/1/build/make.log")).expect("its log");
    assert!(log.contains("no such thing"), "{log}");
    let ran = sandbox.dkms("status");
    assert!(ran.err.contains("the last build of foo/1 for 6.9.0-1 failed"), "{ran:?}");
    let ran = sandbox.dkms(&format!("why foo/1 -k {NEW} --json"));
    assert!(ran.out.contains("preflight saw it") && ran.out.contains("make.log"), "{ran:?}");
    comes(&sandbox);
    assert_eq!(made(&sandbox), 2, "later events know it from the record");
    assert_eq!(sandbox.dkms(&format!("build foo/1 -k {NEW}")).code, 10);
    assert_eq!(made(&sandbox), 3, "a person who asks has it compiled");
}

#[test]
fn what_was_seen_to_fail_from_something_else_is_compiled() {
    type Change = fn(&Sandbox);
    let changes: [(&str, Change); 4] = [
        ("nothing", |_| {}),
        ("the source", |sandbox| sandbox.write("src/foo-1/foo.c", "other")),
        ("a tool", |sandbox| sandbox.tool("ld", "#!/bin/sh\nexit 1\n")),
        ("a header", |sandbox| sandbox.write(&format!("lib/modules/{NEW}/build/include/linux/module.h"), "more")),
    ];
    for (changed, change) in changes {
        let sandbox = machine();
        sandbox.write("src/foo-1/FAIL", "");
        sandbox.dkms("preflight linux-headers.pkg.tar");
        arrives(&sandbox);
        change(&sandbox);
        let ran = comes(&sandbox);
        assert_eq!(made(&sandbox), if changed == "nothing" { 2 } else { 3 }, "{changed}: {ran:?}");
    }
    let sandbox = machine();
    sandbox.write("src/foo-1/FAIL", "");
    sandbox.dkms("preflight linux-headers.pkg.tar");
    arrives(&sandbox);
    sandbox.dkms(&format!("build foo/1 -k {NEW}"));
    assert_eq!(made(&sandbox), 3, "a person who asks has it compiled");
}

#[test]
fn of_what_was_seen_to_fail_only_the_cache_has_anything() {
    let sandbox = machine();
    sandbox.write("src/foo-1/FAIL", "");
    let own = |file: &String| file.starts_with(".finished") || file.starts_with(".logs") || file.starts_with(".lock");
    let rest = |sandbox: &Sandbox| sandbox.files("dkms").into_iter().filter(|file| !own(file)).collect::<Vec<_>>();
    let before = rest(&sandbox);
    sandbox.dkms("preflight linux-headers.pkg.tar");
    assert_eq!(rest(&sandbox), before);
    assert_eq!(sandbox.ok("status").err, "", "no failure of this machine");
    let ran = sandbox.dkms("fsck");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
}

#[test]
fn the_source_in_the_same_transaction_counts_in_place_of_the_one_that_is_there() {
    let sandbox = machine();
    sandbox.write("src/foo-1/FAIL", "");
    let mended = source_package(&sandbox, "2", false);
    let ran = sandbox.ok(&format!("preflight linux-headers.pkg.tar {mended} -k {NEW}"));
    assert_eq!(ran.out, format!("foo/2 for {NEW} (ARCH): builds\n"), "{ran:?}");
    let broken = source_package(&sandbox, "3", true);
    let ran = sandbox.dkms(&format!("preflight {broken}"));
    assert_eq!(ran.code, 2, "a source alone is tried for the kernels that are there: {ran:?}");
    assert!(ran.out.contains(&format!("foo/3 for {KERNEL}")), "{ran:?}");
}

#[test]
fn what_is_not_meant_for_a_kernel_is_no_failure_and_what_cannot_be_read_is_told() {
    let sandbox = machine();
    sandbox.source("foo", "1", "BUILD_EXCLUSIVE_KERNEL='^6\\.1\\.'");
    let ran = sandbox.ok("preflight linux-headers.pkg.tar");
    assert!(ran.out.contains(": excluded: "), "{ran:?}");
    sandbox.write("broken.deb", "!<arch>\n");
    let ran = sandbox.dkms("preflight broken.deb");
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("broken.deb"), "{ran:?}");
}

#[test]
fn a_folder_of_headers_and_a_document_serve_as_well() {
    let sandbox = machine();
    sandbox.write("headers/include/config/auto.conf", "CONFIG_MODULES=y\n");
    let folder = sandbox.path("headers");
    let ran = sandbox.ok(&format!("preflight --headers {} -k {NEW} --json", folder.display()));
    let found: serde_json::Value = serde_json::from_str(&ran.out).expect("a document");
    assert_eq!((&found["schema"], &found["verdicts"][0]["verdict"]), (&"dkms-preflight-1".into(), &"builds".into()));
}

#[test]
fn builds_that_take_too_long_are_given_up() {
    let sandbox = machine();
    sandbox.tool("make", "#!/bin/sh\nsleep 60\n");
    let started = std::time::Instant::now();
    let ran = sandbox.with_settings("preflight_timeout=1\n", "preflight linux-headers.pkg.tar");
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("preflight_timeout") && started.elapsed().as_secs() < 30, "{ran:?}");
}

/// What apt would tell, with these settings.
fn apt(sandbox: &Sandbox, settings: &str, steps: &[&str], variables: &[(&str, &str)]) -> Ran {
    let text = format!("VERSION 3\nAPT::Architecture=amd64\n\n{}\n", steps.join("\n"));
    sandbox.write("steps", &text);
    sandbox.tool(
        "hook",
        &format!(
            "#!/bin/bash\nexec 20<\"$SANDBOX/steps\"\nexport APT_HOOK_INFO_FD=20\nexec {} event apt-preflight\n",
            env!("CARGO_BIN_EXE_dkms")
        ),
    );
    sandbox.program_with_settings(settings, variables, &sandbox.path("bin/hook"))
}

fn step(sandbox: &Sandbox, name: &str, file: &str) -> String {
    format!("{name} - - none < 1 amd64 none {}", sandbox.path(file).display())
}

#[test]
fn a_transaction_is_stopped_only_where_the_settings_want_it() {
    let sandbox = machine();
    sandbox.write("src/foo-1/FAIL", "");
    let headers = step(&sandbox, "linux-headers-6.9.0-1", "linux-headers.pkg.tar");
    for (settings, variables, code) in [
        ("", &[][..], 0),
        ("essential_modules=bar\n", &[], 0),
        ("essential_modules=foo\n", &[], 10),
        ("essential_modules=foo\npreflight=warn\n", &[], 0),
        ("preflight=strict\n", &[], 10),
        ("preflight=strict\n", &[("DKMS_PREFLIGHT", "off")], 0),
        ("preflight=off\n", &[], 0),
    ] {
        let ran = apt(&sandbox, settings, &[&headers], variables);
        assert_eq!(ran.code, code, "{settings} {variables:?}: {ran:?}");
        let is_off = settings.contains("off") || !variables.is_empty();
        assert_eq!(ran.err.contains("foo/1 would not build for kernel 6.9.0-1"), !is_off, "{settings}: {ran:?}");
        assert_eq!(ran.err.contains("DKMS_PREFLIGHT=off apt-get"), code == 10, "{ran:?}");
    }
}

#[test]
fn what_brings_no_kernel_and_no_module_is_not_looked_at() {
    let sandbox = machine();
    let vim = step(&sandbox, "vim", "linux-headers.pkg.tar");
    let ran = apt(&sandbox, "preflight=strict\n", &[&vim, "old - - none > - - none **REMOVE**"], &[]);
    assert_eq!((ran.code, ran.err.as_str(), made(&sandbox)), (0, "", 1), "{ran:?}");
}

#[test]
fn the_last_kernel_with_every_essential_module_is_not_taken_away_unsaid() {
    let sandbox = machine();
    let image = format!("linux-image-{KERNEL} 1 amd64 none > - - none **REMOVE**");
    let ran = apt(&sandbox, "essential_modules=foo\n", &[&image], &[]);
    let told = format!("kernel {KERNEL} is about to be removed, the last one with the essential foo");
    assert!(ran.code == 0 && ran.err.contains(&told), "{ran:?}");
    let ran = apt(&sandbox, "", &[&image], &[]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "where nothing is essential, nothing is said");
    let ran = sandbox.with_settings("essential_modules=foo\n", &format!("event kernel prerm {KERNEL}"));
    assert!(ran.err.contains(&told), "{ran:?}");
}

#[test]
fn a_kernel_or_module_that_is_not_there_is_an_error_that_names_what_there_is() {
    let sandbox = machine();
    for (words, code, told) in [
        (format!("preflight -k {KERNEL}x"), 21, format!("there are those of {KERNEL}")),
        ("preflight -k 9.9".to_owned(), 21, format!("there are those of {KERNEL}")),
        (format!("preflight linux-headers.pkg.tar -k {KERNEL}x"), 21, format!("there are those of {NEW}")),
        ("preflight -m fooo".to_owned(), 3, "did you mean foo?".to_owned()),
        ("preflight linux-headers.pkg.tar -m bar".to_owned(), 3, "there are foo".to_owned()),
        ("preflight nothing.deb".to_owned(), 1, "nothing.deb: there is no such file".to_owned()),
        ("preflight nothing.deb -k 9.9".to_owned(), 1, "nothing.deb: there is no such file".to_owned()),
        ("preflight nothing.deb -m foo".to_owned(), 1, "nothing.deb: there is no such file".to_owned()),
    ] {
        let ran = sandbox.dkms(&words);
        assert_eq!(ran.code, code, "{words}: {ran:?}");
        assert!(ran.err.contains(&told), "{words}: {ran:?}");
        assert_eq!(made(&sandbox), 1, "{words}: nothing is built");
    }
    sandbox.ok(&format!("preflight -k {KERNEL} -m foo"));
}
