//! What cannot be meant is told with what is wrong and what to type next.

use std::fs;

use crate::sandbox::{KERNEL, Sandbox};

/// hello has one version, world two, of which one is no more than a source.
fn machine() -> Sandbox {
    let sandbox = Sandbox::new();
    for (name, version) in [("hello", "1.0"), ("world", "1.0"), ("world", "2.0")] {
        sandbox.source(name, version, "");
    }
    sandbox.ok("add hello/1.0");
    sandbox.ok("add world/1.0");
    sandbox.write("plain-1.0/Makefile", "obj-m := plain.o\n");
    sandbox.write("plain-1.0/plain.c", "");
    sandbox.write("driver-1.0.tar.gz", "");
    sandbox
}

/// Runs it and wants this code and these words on standard error.
fn told(sandbox: &Sandbox, line: &str, code: i32, words: &[&str]) {
    let line = line.replace("KERNEL", KERNEL);
    let ran = sandbox.dkms(&line);
    assert_eq!(ran.code, code, "dkms {line}: {ran:#?}");
    for word in words {
        assert!(ran.err.contains(word), "dkms {line}: {word}: {ran:#?}");
    }
}

#[test]
fn paths_that_lead_nowhere_are_told_as_paths() {
    let sandbox = machine();
    for (line, code, words) in [
        ("add nowhere.tar.gz", 1, &["the archive nowhere.tar.gz does not exist"][..]),
        ("install x/nowhere.tar.xz -k KERNEL", 2, &["the archive x/nowhere.tar.xz does not exist", "no folder x"]),
        ("add driver-1.0.tar.xz", 1, &["does not exist", "did you mean driver-1.0.tar.gz?"]),
        ("ldtarball driver-1.0.tgz", 2, &["does not exist"]),
        ("add ./nowhere", 1, &["there is no file or folder ./nowhere"]),
        ("add ./plain-1.1", 1, &["did you mean ./plain-1.0?"]),
        (
            "add ./plain-1.0",
            1,
            &["the folder ./plain-1.0 holds no dkms.conf", "`dkms mkconf ./plain-1.0 -o ./plain-1.0`"],
        ),
        ("add plain-1.0", 1, &["the folder plain-1.0 holds no dkms.conf", "`dkms mkconf plain-1.0 -o plain-1.0`"]),
    ] {
        let is_of_packages = words.iter().any(|word| word.contains("mkconf")) && !cfg!(feature = "packages");
        told(&sandbox, line, code, if is_of_packages { &words[..1] } else { words });
    }
}

#[test]
#[cfg(feature = "packages")]
fn the_hint_about_a_folder_without_a_dkms_conf_helps() {
    let sandbox = machine();
    assert_eq!(sandbox.plain("mkconf ./plain-1.0 -o ./plain-1.0", &[]).code, 0);
    sandbox.ok("add ./plain-1.0");
}

#[test]
fn a_version_that_is_the_only_one_need_not_be_given_and_others_are_listed() {
    let sandbox = machine();
    sandbox.ok(&format!("install hello -k {KERNEL}"));
    told(&sandbox, "build world -k KERNEL", 1, &["world has several", "world/1.0, world/2.0"]);
    sandbox.ok("remove -m world --all");
    assert_eq!(sandbox.status(), [format!("hello/1.0, {KERNEL}, ARCH: installed")]);
    told(&sandbox, "remove world --all", 1, &["no version of world is known"]);
}

#[test]
fn names_that_are_nearly_right_are_told_what_was_meant() {
    let sandbox = machine();
    for (line, code, words) in [
        ("install helo/1.0 -k KERNEL", 2, &["did you mean hello/1.0?"][..]),
        ("install wrold -k KERNEL", 1, &["did you mean world/1.0, world/2.0?"]),
        ("install hello/1.1 -k KERNEL", 2, &["what is there: hello/1.0"]),
        ("remove helo/1.0 --all", 3, &["did you mean hello/1.0?"]),
        ("remove hello/2 --all", 3, &["hello/1.0"]),
        ("build hello/1.0 -k KERNEL -a foo", 12, &["foo is no architecture of Linux"]),
        ("build hello/1.0 -k KERNEL -a amd64", 12, &["did you mean -a ARCH?"]),
        ("build hello/1.0 -k KERNEL --directive FOO", 2, &["`FOO` has no =", "--directive 'FOO=VALUE'"]),
        ("build hello/1.0 -k KERNEL --directive MAK=x", 0, &["has no directive MAK; did you mean MAKE?"]),
    ] {
        told(&sandbox, line, code, words);
    }
}

#[test]
fn a_source_whose_folder_and_dkms_conf_disagree_is_told_both_ways_out() {
    let sandbox = Sandbox::new();
    sandbox.source_in("src/a-1.0", "a", "1.5", "");
    let line = format!("add {}", sandbox.path("src/a-1.0").display());
    told(&sandbox, &line, 2, &["named after version 1.0", "a/1.5", "`mv /src/a-1.0 /src/a-1.5`", "`dkms add a/1.0`"]);
    sandbox.ok("add a/1.0");
    sandbox.ok("remove a/1.0 --all");
    fs::rename(sandbox.path("src/a-1.0"), sandbox.path("src/a-1.5")).expect("a new name");
    sandbox.ok("add a/1.5");
    sandbox.source_in("src/checkout", "b", "1", "");
    sandbox.ok("add src/checkout");
    assert!(sandbox.path("src/b-1/dkms.conf").exists(), "a folder of any other name is copied");
}
