//! `dkms fsck`: what is wrong is named, what can be explained is mended, and nothing else is touched.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::sandbox::{KERNEL, SECOND, Sandbox};

/// `foo` installed on both kernels.
fn machine() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "");
    sandbox.ok("add foo/1");
    sandbox.ok("reconcile");
    sandbox
}

fn document(sandbox: &Sandbox, line: &str) -> Value {
    let ran = sandbox.dkms(line);
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{line}: {error}: {ran:#?}"))
}

/// `FAULT MEND BECAME PATH` of each finding.
fn findings(found: &Value) -> Vec<String> {
    let word =
        |finding: &Value, name: &str| finding[name].as_str().unwrap_or("-").replace(std::env::consts::ARCH, "ARCH");
    let line = |finding: &Value| ["fault", "mend", "became", "path"].map(|name| word(finding, name)).join(" ");
    found["findings"].as_array().expect("findings").iter().map(line).collect()
}

/// Everything but locks and times.
fn disk(sandbox: &Sandbox) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for folder in ["dkms", "src", "lib/modules"] {
        for name in sandbox.files(folder) {
            let path = sandbox.path(folder).join(&name);
            let text = match fs::read_link(&path) {
                Ok(link) => link.into_os_string().into_encoded_bytes(),
                Err(_) => fs::read(&path).unwrap_or_default(),
            };
            files.push((format!("{folder}/{name}"), text));
        }
    }
    files.retain(|(name, _)| name != "dkms/.lock");
    files
}

fn remove(path: &Path) {
    if path.is_dir() && !path.is_symlink() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
        .expect("it is there");
}

type Damage = fn(&Sandbox);

/// What happens to a sound machine, and what fsck says of it: each line as [`findings`] has it after `--repair`.
const CASES: &[(&str, Damage, &[&str])] = &[
    ("a sound machine", |_| {}, &[]),
    (
        "an installed file is missing",
        |s| remove(&s.path("lib/modules/6.1.0-1/updates/dkms/foo.ko")),
        &["installed-missing steps repaired /lib/modules/6.1.0-1/updates/dkms/foo.ko"],
    ),
    (
        "an installed file is cut short",
        |s| s.write("lib/modules/6.1.0-1/updates/dkms/foo.ko", ""),
        &["installed-differs steps repaired /lib/modules/6.1.0-1/updates/dkms/foo.ko"],
    ),
    (
        "a module is missing in its build",
        |s| remove(&s.path(&format!("dkms/foo/1/{KERNEL}/{}/module/foo.ko", std::env::consts::ARCH))),
        &["built-missing steps repaired -"],
    ),
    (
        "a build is gone, its link is not",
        |s| remove(&s.path(&format!("dkms/foo/1/{KERNEL}"))),
        &[
            "link-dangling steps repaired /dkms/foo/kernel-6.1.0-1-ARCH",
            "stale-record removal repaired /dkms/.records/fingerprints/foo,1,6.1.0-1,ARCH.json",
        ],
    ),
    ("the link to a source is gone", |s| remove(&s.path("dkms/foo/1/source")), &["source-unlinked steps repaired -"]),
    ("a source is gone", |s| remove(&s.path("src/foo-1")), &["source-missing person left -"]),
    (
        "a folder without a build",
        |s| s.write("dkms/foo/1/6.0/x86/log/make.log", ""),
        &["half-built removal repaired /dkms/foo/1/6.0/x86"],
    ),
    (
        "a folder without a build that somebody keeps something in",
        |s| s.write("dkms/foo/1/6.0/x86/mine.txt", ""),
        &["half-built person left /dkms/foo/1/6.0/x86"],
    ),
    (
        "empty folders",
        |s| fs::create_dir_all(s.path("dkms/bar/2/6.1")).expect("folders"),
        &["empty removal repaired /dkms/bar"],
    ),
    ("a version that is none", |s| s.write("dkms/foo/2/mine.txt", ""), &["unknown person left /dkms/foo/2"]),
    (
        "staged folders of a dead run",
        |s| s.write("dkms/foo/1/6.1.0-1/.tmp_arch_abc/module/foo.ko", ""),
        &["left-over recovery repaired /dkms/foo/1/6.1.0-1/.tmp_arch_abc"],
    ),
    (
        "an install that was killed",
        |s| {
            let note = format!(
                "{{\"doing\":\"install\",\"id\":{{\"name\":\"foo\",\"version\":\"1\"}},\
                 \"target\":{{\"kernel\":\"{KERNEL}\",\"arch\":\"{}\"}},\"by\":null}}",
                std::env::consts::ARCH
            );
            s.write(&format!("dkms/.intents/foo,1,{KERNEL},{}.json", std::env::consts::ARCH), &note);
        },
        &["interrupted recovery repaired -"],
    ),
    (
        "a kernel is gone",
        |s| {
            remove(&s.path(&format!("lib/modules/{SECOND}/build")));
        },
        &["kernel-gone steps repaired -"],
    ),
    (
        "a kernel is gone that nothing is built for",
        |s| {
            s.write("lib/modules/6.0/modules.dep", "");
            s.write("lib/modules/6.0/modules.alias.bin", "");
            fs::create_dir_all(s.path("lib/modules/6.0/updates/dkms")).expect("folders");
        },
        &["kernel-gone removal repaired /lib/modules/6.0"],
    ),
    (
        "a kernel is gone, and somebody's module is not",
        |s| s.write("lib/modules/6.0/extra/mine.ko", "work"),
        &["kernel-gone person left /lib/modules/6.0"],
    ),
    (
        "originals of a kernel that is gone",
        |s| s.write("dkms/foo/original_module/6.0/x86/foo.ko", ""),
        &["kernel-gone removal repaired /dkms/foo/original_module/6.0/x86"],
    ),
    (
        "notes about what is no more",
        |s| {
            s.write("dkms/.records/failures/foo,1,6.0,x.json", "{\"cut");
            s.write("dkms/.logs/bar/1/6.0-x/1.log", "");
        },
        &[
            "stale-record removal repaired /dkms/.logs/bar/1",
            "stale-record removal repaired /dkms/.records/failures/foo,1,6.0,x.json",
        ],
    ),
];

#[test]
fn what_is_wrong_is_named_then_mended_and_then_all_is_as_it_was() {
    let sound = machine();
    let states = sound.status();
    for (what, damage, expected) in CASES {
        let sandbox = machine();
        damage(&sandbox);
        let before = disk(&sandbox);
        let told = document(&sandbox, "fsck --json");
        let top = sandbox.path("").display().to_string();
        let told: Vec<String> =
            findings(&told).iter().map(|line| line.replace(top.trim_end_matches('/'), "")).collect();
        let looked: Vec<String> = expected.iter().map(|line| line.replace(" repaired ", " found ")).collect();
        assert_eq!(told, looked, "{what}");
        assert_eq!(disk(&sandbox), before, "{what}: looking changes nothing");

        let mended = document(&sandbox, "fsck --repair --json");
        let told: Vec<String> =
            findings(&mended).iter().map(|line| line.replace(top.trim_end_matches('/'), "")).collect();
        assert_eq!(told, *expected, "{what}");
        let is_left = expected.iter().any(|line| line.contains(" left "));
        assert_eq!(mended["code"], u8::from(is_left), "{what}: {mended:#}");
        if is_left {
            assert_eq!(disk(&sandbox), before, "{what}: what is left is not touched");
        } else {
            assert_eq!(sandbox.ok("fsck").out, "", "{what}");
            if !what.contains("kernel is gone") {
                assert_eq!(sandbox.status(), states, "{what}");
            }
        }
    }
}

#[test]
fn a_person_is_told_first_what_will_be_done_and_then_what_was() {
    let sandbox = machine();
    remove(&sandbox.path("lib/modules/6.1.0-1/updates/dkms/foo.ko"));
    sandbox.write("dkms/foo/2/mine.txt", "");
    let ran = sandbox.dkms("fsck");
    assert_eq!(ran.code, 1, "{ran:#?}");
    for line in [
        "foo/1 for 6.1.0-1 (ARCH) /lib/modules/6.1.0-1/updates/dkms/foo.ko: it is not there\n  repair: install (",
        "foo/2 /dkms/foo/2: it is not a version of a module",
        "\n  left: put its source back",
    ] {
        assert!(ran.out.contains(line), "{line}: {ran:#?}");
    }
    assert!(ran.err.contains("fsck --repair"), "{ran:#?}");
    let ran = sandbox.dkms("fsck --repair");
    let (told, done) = (ran.out.find("it is not there"), ran.out.find("installing foo/1"));
    assert!(told.is_some() && told < done, "{ran:#?}");
    assert!(ran.out.contains("repaired: 1") && ran.err.contains("left for you to mend: 1"), "{ran:#?}");
    assert_eq!(sandbox.dkms("fsck --repair --dry-run").code, 1);
}

#[test]
fn a_version_that_its_package_took_along_is_taken_away() {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "");
    sandbox.tool("rpm", "#!/bin/sh\n[ ! -e \"$SANDBOX/unowned\" ] && echo a-package\n");
    sandbox.ok("reconcile");
    sandbox.ok("fsck");
    remove(&sandbox.path("src/foo-1"));
    let told = findings(&document(&sandbox, "fsck --json"));
    assert_eq!(told, ["source-missing person left -"], "its package says that it is there");
    sandbox.write("unowned", "");
    let told = findings(&document(&sandbox, "fsck --repair --json"));
    assert_eq!(told, ["source-missing steps repaired -"]);
    assert!(sandbox.status().is_empty());
}

#[test]
fn what_cannot_be_built_now_is_left_with_the_reason() {
    let sandbox = machine();
    remove(&sandbox.path(&format!("dkms/foo/1/{KERNEL}/{}/module/foo.ko", std::env::consts::ARCH)));
    remove(&sandbox.path(&format!("lib/modules/{KERNEL}/build")));
    sandbox.image(KERNEL);
    let found = document(&sandbox, "fsck --repair --json");
    assert_eq!(findings(&found), ["built-missing person left -"]);
    let hint = found["findings"][0]["hints"][0].as_str().expect("a hint").to_owned();
    assert!(hint.contains("it cannot be built now") && hint.contains("no kernel headers"), "{hint}");
    assert!(sandbox.path(&format!("lib/modules/{KERNEL}/updates/dkms/foo.ko")).exists(), "it works as it is");
}

#[test]
fn a_lock_file_that_names_a_dead_process_is_told_and_every_taker_clears_it() {
    let sandbox = machine();
    sandbox.write("dkms/.lock", "4194304 1 dkms autoinstall\n");
    let ran = sandbox.dkms("fsck --repair");
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(ran.out.contains("process 4194304 (dkms autoinstall), which is no more"), "{ran:#?}");
    assert_eq!(fs::read_to_string(sandbox.path("dkms/.lock")).expect("the lock"), "");
}

#[test]
fn who_may_not_write_may_look() {
    let sandbox = machine();
    remove(&sandbox.path("lib/modules/6.1.0-1/updates/dkms/foo.ko"));
    let ran = sandbox.dkms_as_nobody("fsck");
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.out.contains("it is not there"), "{ran:#?}");
    assert_eq!(sandbox.dkms_as_nobody("fsck --repair").code, 1);
    assert!(!sandbox.path("lib/modules/6.1.0-1/updates/dkms/foo.ko").exists());
}

#[test]
fn a_module_whose_folder_in_the_tree_was_deleted_by_hand_is_never_forgotten_and_can_be_taken_out() {
    let place = format!("lib/modules/{KERNEL}/updates/dkms/foo.ko");
    for (deleted, has_source) in [("dkms/foo", true), ("dkms/foo", false), ("dkms/foo/1", false)] {
        for line in ["uninstall foo/1 -k KERNEL", "unbuild foo/1 -k KERNEL", "remove foo/1 --all"] {
            let s = Sandbox::new();
            s.source("foo", "1", "");
            s.source("bar", "1", "");
            s.ok(&format!("install foo/1 -k {KERNEL}"));
            fs::remove_dir_all(s.path(deleted)).expect("it was there");
            if !has_source {
                fs::remove_dir_all(s.path("src/foo-1")).expect("it was there");
            }
            let what = format!("{deleted} {has_source} {line}");
            // Whoever clears up keeps the note, and so does fsck.
            s.ok(&format!("install bar/1 -k {SECOND}"));
            let ran = s.dkms("fsck");
            assert_eq!(ran.code, 1, "{what}: {ran:#?}");
            assert!(ran.out.contains("dkms uninstall foo/1") || deleted == "dkms/foo/1", "{what}: {ran:#?}");
            s.dkms("fsck --repair");
            assert!(s.path(&place).exists() && s.dkms("fsck").code == 1, "{what}");
            let line = line.replace("KERNEL", KERNEL);
            s.ok(&line);
            assert!(!s.path(&place).exists(), "{what}");
            assert_eq!(s.dkms(&line).code, 3, "{what}: nothing is left of it");
            let ran = s.dkms("fsck");
            assert!(ran.code == 0 || deleted == "dkms/foo/1", "{what}: {ran:#?}");
        }
    }
}

#[test]
fn a_module_whose_folder_in_the_tree_was_deleted_comes_back_by_installing_it() {
    let s = Sandbox::new();
    s.source("foo", "1", "");
    s.ok(&format!("install foo/1 -k {KERNEL}"));
    fs::remove_dir_all(s.path("dkms/foo")).expect("it was there");
    s.ok(&format!("install foo/1 -k {KERNEL} --force"));
    s.ok("fsck");
    assert_eq!(s.status(), [format!("foo/1, {KERNEL}, ARCH: installed")]);
}
