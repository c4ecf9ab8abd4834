//! What builds and scripts find of the caller's environment.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::sandbox::{KERNEL, Sandbox};

/// What the caller has set for others: an outer make, a cross compiler, a person's shell.
const ACCIDENTS: [&str; 12] = [
    "ARCH=arm",
    "CC=false",
    "CROSS_COMPILE=arm-",
    "GIT_DIR=/elsewhere",
    "INSTALL_MOD_PATH=/elsewhere",
    "KBUILD_OUTPUT=/elsewhere",
    "KCFLAGS=-O9",
    "LD_LIBRARY_PATH=/elsewhere",
    "MAKEFILES=/elsewhere/Makefile",
    "MAKEFLAGS= -- KDIR=/elsewhere CC=false",
    "O=/elsewhere",
    "PERL5LIB=/elsewhere",
];

/// A make and a POST_INSTALL that write down what they find.
fn machine() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.tool("make", "#!/bin/sh\nenv >\"$SANDBOX/make-found\"\n. elf.sh\nelf >foo.ko\n");
    sandbox.source("foo", "1", "POST_INSTALL=post.sh\n");
    sandbox.write("src/foo-1/post.sh", "#!/bin/sh\nenv >\"$SANDBOX/script-found\"\n");
    fs::set_permissions(sandbox.path("src/foo-1/post.sh"), fs::Permissions::from_mode(0o755)).expect("its mode");
    sandbox
}

fn found(sandbox: &Sandbox, file: &str) -> Vec<String> {
    let text = fs::read_to_string(sandbox.path(file)).expect("it ran");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn nothing_that_is_meant_for_other_programs_reaches_a_build_or_a_script_and_verbose_names_it() {
    let sandbox = machine();
    let wrapper: Vec<String> =
        ["env", "DPKG_MAINTSCRIPT_PACKAGE=foo", "LANG=de_DE"].into_iter().chain(ACCIDENTS).map(str::to_owned).collect();
    let ran = sandbox.through(&wrapper, &["install", "foo/1", "-k", KERNEL, "--verbose"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    for file in ["make-found", "script-found"] {
        let found = found(&sandbox, file);
        for name in ACCIDENTS.map(|accident| accident.split('=').next().unwrap_or_default()) {
            assert!(!found.iter().any(|line| line.starts_with(&format!("{name}="))), "{name} in {file}: {found:#?}");
            assert!(ran.out.contains(&format!(" {name} ")), "{name} is not named: {}", ran.out);
        }
        for own in ["module=foo".to_owned(), "module_version=1".to_owned(), format!("kernelver={KERNEL}")] {
            assert!(found.contains(&own), "{own} in {file}: {found:#?}");
        }
    }
    // A script talks to the person and to the package manager; the log of a build is read by programs.
    let script = found(&sandbox, "script-found");
    assert!(script.contains(&"LANG=de_DE".to_owned()) && script.contains(&"DPKG_MAINTSCRIPT_PACKAGE=foo".to_owned()));
    let make = found(&sandbox, "make-found");
    assert!(make.contains(&"LANG=C".to_owned()) && !make.iter().any(|line| line.starts_with("DPKG_")), "{make:#?}");
}
