//! Completions: what bash offers, by the very functions that its users get.

use std::process::Command;

use crate::sandbox::{KERNEL, Sandbox};

/// A machine with two registered modules, a source that is not, and the completion of bash.
fn machine() -> Sandbox {
    let sandbox = Sandbox::new();
    for name in ["foo", "bar"] {
        sandbox.source(name, "1.0", "");
        sandbox.ok(&format!("add {name}/1.0"));
    }
    sandbox.source("other", "3", "");
    sandbox.ok("add other/3");
    sandbox.source("later", "2", "");
    sandbox.write("archive.tar", "");
    let mut generate = Command::new(env!("CARGO_BIN_EXE_dkms"));
    generate.args(["generate", "completions"]).arg(sandbox.path("completions"));
    assert!(generate.status().expect("dkms can be started").success());
    // The program with the sandbox's places, as framework.conf would name them for a real one.
    let places = ["dkms", "src", "lib/modules"].map(|name| sandbox.path(name).display().to_string());
    let [tree, source, install] = places;
    sandbox.tool(
        "dkms",
        &format!(
            "#!/bin/sh\nexec {} \"$@\" --dkmstree={tree} --sourcetree={source} --installtree={install}\n",
            env!("CARGO_BIN_EXE_dkms")
        ),
    );
    sandbox
}

/// What is offered for the last of these words.
fn offered(sandbox: &Sandbox, words: &[&str]) -> Vec<String> {
    const SCRIPT: &str = r#". completions/dkms.bash
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _dkms && for word in "${COMPREPLY[@]}"; do echo "$word"; done"#;
    let output = Command::new("bash")
        .args(["--norc", "-c", SCRIPT, "bash"])
        .args(words)
        .env("PATH", format!("{}:/usr/bin:/bin", sandbox.path("bin").display()))
        .current_dir(sandbox.path(""))
        .output()
        .expect("bash can be started");
    let errors = String::from_utf8_lossy(&output.stderr);
    let unexpected = errors.lines().find(|line| !line.contains("compopt"));
    assert_eq!(unexpected, None, "compopt alone may complain: nobody typed a tab");
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn bash_offers_what_fits_the_place() {
    let sandbox = machine();
    for (words, expected) in [
        (&["dkms", "un"][..], &["unbuild", "uninstall"][..]),
        (&["dkms", "-q", "autoi"], &["autoinstall"]),
        (&["dkms", "remove", ""], &["bar/1.0", "foo/1.0", "other/3"]),
        (&["dkms", "status", "f"], &["foo/1.0"]),
        (&["dkms", "add", "l"], &["later/2", "lib"]),
        (&["dkms", "build", "-m", ""], &["bar", "foo", "other"]),
        (&["dkms", "build", "-m", "foo", "-v", ""], &["1.0"]),
        (&["dkms", "build", "foo/1.0", "-k", ""], &[KERNEL, "6.1.0-2"]),
        (&["dkms", "build", "--kernelver", "=", "6"], &[KERNEL, "6.1.0-2"]),
        (&["dkms", "build", "--kernelver", "="], &[KERNEL, "6.1.0-2"]),
        (&["dkms", "remove", "foo/1.0", "--al"], &["--all"]),
        (&["dkms", "ldtarball", "arch"], &["archive.tar"]),
        (&["dkms", "build", "-j", ""], &[]),
        (&["dkms", "remove", "-m", "other", "-v", ""], &["3"]),
        (&["dkms", "-m", "other", "-v", ""], &["3"]),
        (&["dkms", "mkdeb", "foo/"], &["foo/1.0"]),
        (&["dkms", "mkpkg", "arch"], &["archive.tar"]),
        (&["dkms", "mkdsc", "arch"], &["archive.tar"]),
        (&["dkms", "mkspec", "arch"], &["archive.tar"]),
        (&["dkms", "mkdeb", "--sig"], &["--sign-key", "--sign-passphrase-file"]),
        (&["dkms", "mkpkg", "x", "--for", "debian1"], &["debian12", "debian13"]),
        (&["dkms", "mkdeb", "x", "--compress", "z"], &["zstd"]),
        (&["dkms", "mkrepo", "--re"], &["--repo-package", "--repo-version"]),
        (&["dkms", "lint", "--m"], &["--max-size"]),
        (&["dkms", "status", "--f"], &[]),
        (&["dkms", "fsck", "--re"], &["--repair"]),
        (&["dkms", "help", "inst"], &["install"]),
    ] {
        assert_eq!(offered(&sandbox, words), expected, "{words:?}");
    }
}

#[test]
fn a_hostile_name_is_offered_as_text() {
    let sandbox = machine();
    std::fs::create_dir_all(sandbox.path("lib/modules/6.$(touch${IFS}evil)")).expect("a folder");
    let found = offered(&sandbox, &["dkms", "build", "-k", "6."]);
    assert!(!sandbox.path("evil").exists(), "{found:?}");
    for word in &found {
        assert!(!word.contains("$(") || word.contains("\\$"), "{word}");
    }
}

#[test]
fn words_are_named_by_their_kind_only() {
    let sandbox = machine();
    assert_eq!(sandbox.words(&["complete", "nonsense"]).code, 64);
}
