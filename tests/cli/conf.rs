//! `dkms conf`: what DKMS makes of a dkms.conf.

use crate::sandbox::{KERNEL, SECOND, Sandbox};

fn asked(sandbox: &Sandbox, line: &str) -> serde_json::Value {
    let ran = sandbox.ok(&format!("conf {line} -k {KERNEL} --json"));
    serde_json::from_str(&ran.out).expect("JSON")
}

#[test]
fn every_directive_is_told_after_evaluation_with_its_place() {
    let sandbox = Sandbox::new();
    sandbox.source(
        "foo",
        "1",
        "MAKE[0]=\"make KVER=${kernelver}\"\nBUILT_MODULE_NAME[1]='second'\nDEST_MODULE_LOCATION[1]=/updates",
    );
    for operand in ["src/foo-1/dkms.conf", "src/foo-1", "foo/1", "-m foo -v 1"] {
        let told = asked(&sandbox, operand);
        let directives = &told["directives"];
        assert_eq!(directives["MAKE"]["0"], format!("make KVER={KERNEL}"), "{operand}: {told}");
        assert_eq!(directives["BUILT_MODULE_NAME"]["1"], "second", "{operand}: {told}");
        assert_eq!(told["evaluated_by"], "static", "{operand}");
        assert_eq!(told["needs_bash"], serde_json::json!([]), "{operand}");
        assert_eq!(told["origins"]["MAKE"]["file"], "/src/foo-1/dkms.conf", "{operand}: {told}");
    }
}

#[test]
fn what_only_bash_can_tell_is_told_by_bash_and_options_count() {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "OBSOLETE_BY=\"$(printf %s 0.9 | rev)\"");
    let told = asked(&sandbox, "foo/1 --directive PACKAGE_VERSION=9");
    assert_eq!(told["evaluated_by"], "bash", "{told}");
    let needs = &told["needs_bash"][0];
    assert_eq!(needs["file"], "/src/foo-1/dkms.conf", "{told}");
    assert!(needs["what"].as_str().is_some_and(|what| what.contains("$(printf %s 0.9 | rev)")), "{told}");
    assert_eq!(told["directives"]["OBSOLETE_BY"]["0"], "9.0");
    assert_eq!(told["directives"]["PACKAGE_VERSION"]["0"], "9");
    assert_eq!(told["origins"]["PACKAGE_VERSION"]["option"], "--directive");
    assert!(
        told["warnings"].as_array().is_some_and(|warnings| !warnings.is_empty()),
        "OBSOLETE_BY is deprecated: {told}"
    );
}

#[test]
fn people_get_lines_that_a_shell_reads_back() {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "BUILD_EXCLUSIVE_KERNEL='^7'");
    let ran = sandbox.ok(&format!("conf foo/1 -k {KERNEL}"));
    for line in ["PACKAGE_NAME='foo'", "BUILD_EXCLUSIVE_KERNEL='^7'"] {
        assert!(ran.out.lines().any(|told| told == line), "{line}: {ran:?}");
    }
    assert!(ran.out.contains("not for this kernel"), "{ran:?}");
}

#[test]
fn nobody_in_particular_may_ask_and_a_bad_file_has_its_code() {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "");
    assert_eq!(sandbox.dkms_as_nobody(&format!("conf foo/1 -k {KERNEL}")).code, 0);
    sandbox.write("src/bad-1/dkms.conf", "PACKAGE_NAME=bad\n");
    for (operand, code) in [("bad/1", 8), ("none/1", 4), ("foo", 0), ("nobody", 1), ("", 1)] {
        assert_eq!(sandbox.dkms(&format!("conf {operand} -k {KERNEL}")).code, code, "{operand}");
    }
}

#[test]
fn settings_that_are_not_as_they_come_are_told_with_their_place() {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "");
    let ran = sandbox.with_settings("symlink_modules=yes\n", &format!("conf foo/1 -k {KERNEL} --json"));
    let told: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(told["settings"]["symlink_modules"]["file"], "/etc/dkms/framework.conf", "{told}");
    assert_eq!(told["settings"]["symlink_modules"]["line"], 4, "{told}");
    assert!(told["settings"].get("try_sign_modules").is_none(), "{told}");
    let ran = sandbox.with_settings("symlink_modules=yes\n", &format!("conf foo/1 -k {KERNEL}"));
    assert!(ran.out.contains("\n# setting symlink_modules: /etc/dkms/framework.conf:4"), "{ran:?}");
}

/// A bash that counts how often it is asked about a dkms.conf.
const BASH: &str = "#!/bin/sh
case \"$*\" in *__dkms_kind*) echo asked >>\"$SANDBOX/asked\" ;; esac
exec /bin/bash \"$@\"
";

#[test]
fn bash_is_asked_once_for_a_kernel_whatever_is_done() {
    let s = Sandbox::new();
    // It writes down that it was asked.
    s.without_rooms();
    s.tool("bash", BASH);
    s.source("foo", "1", "REMAKE_INITRD=$(printf NO | tr A-Z a-z)\n");
    let asked = |line: &str| {
        drop(std::fs::remove_file(s.path("asked")));
        let ran = s.dkms(line);
        assert_eq!(ran.code, 0, "{line}: {ran:#?}");
        std::fs::read_to_string(s.path("asked")).map_or(0, |text| text.lines().count())
    };
    for (line, times) in [
        ("add foo/1", 1),
        ("build foo/1 -k KERNEL", 1),
        ("install foo/1 -k KERNEL", 1),
        ("reconcile", 2),
        ("reconcile", 2),
        ("status", 0),
        ("install foo/1 -k KERNEL -k SECOND --force", 2),
        ("remove foo/1 --all", 2),
    ] {
        let found = asked(&line.replace("KERNEL", KERNEL).replace("SECOND", SECOND));
        assert_eq!(found, times, "{line}");
    }
}

#[test]
fn the_folder_that_a_command_asks_for_is_the_one_that_it_is_run_in() {
    let s = Sandbox::new();
    s.without_rooms();
    s.tool("make", "#!/bin/sh\nfor word; do case $word in M=*) echo \"$word\" >>\"$SANDBOX/asked\" ;; esac; done\n. elf.sh\nelf >foo.ko\n");
    let build = s.path("dkms/foo/1/build").display().to_string();
    for (line, below) in [("MAKE=\"make M=$PWD\"", ""), ("MAKE=\"make M=$(pwd)/x\"", "/x"), ("MAKE='make M=`pwd`'", "")]
    {
        s.source("foo", "1", line);
        s.ok("add foo/1");
        s.ok(&format!("build foo/1 -k {KERNEL}"));
        let asked = std::fs::read_to_string(s.path("asked")).expect("make was run");
        assert_eq!(asked.trim(), format!("M={build}{below}"), "{line}");
        std::fs::remove_file(s.path("asked")).expect("it was written");
        s.ok("remove foo/1 --all");
    }
}
