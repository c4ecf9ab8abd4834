//! Two packages that bring a module of one name, each installed by its own scripts, which ask nobody.

use std::fs;

use crate::sandbox::{KERNEL, Ran, Sandbox, text_of};

const BOTH: [(&str, &str); 2] = [("rtx-a", "1.0"), ("rtx-b", "2.0")];

fn packages() -> Sandbox {
    let sandbox = Sandbox::new();
    BOTH.iter().for_each(|(name, version)| sandbox.source(name, version, "DEST_MODULE_NAME=rtx"));
    sandbox
}

/// What the scripts of a package for the shell original say.
fn arrives(sandbox: &Sandbox, (name, version): (&str, &str)) -> Ran {
    sandbox.ok(&format!("add {name}/{version}"));
    sandbox.ok(&format!("build {name}/{version} -k {KERNEL}"));
    sandbox.ok(&format!("install {name}/{version} -k {KERNEL}"))
}

/// The files named rtx that the kernel has, by what they say.
fn there(sandbox: &Sandbox) -> Vec<String> {
    let files = sandbox.files(&format!("lib/modules/{KERNEL}")).into_iter().filter(|file| file.contains("rtx"));
    let read = |file: String| {
        let bytes = fs::read(sandbox.path(&format!("lib/modules/{KERNEL}/{file}"))).expect("a module");
        text_of(&String::from_utf8_lossy(&bytes)).trim().to_owned()
    };
    files.map(read).collect()
}

#[test]
fn the_one_that_takes_the_others_place_is_named_by_itself_and_by_check() {
    let sandbox = packages();
    arrives(&sandbox, BOTH[0]);
    let ran = arrives(&sandbox, BOTH[1]);
    assert_eq!(ran.err.matches("rtx-b/2.0 takes the place of rtx-a/1.0").count(), 1, "{ran:#?}");
    assert_eq!(sandbox.ok(&format!("check -k {KERNEL}")).err, "", "no retry changes it");
    let ran = sandbox.ok(&format!("check -k {KERNEL} --verbose"));
    assert!((ran.out.clone() + &ran.err).contains("cannot be: rtx-a/1.0 is not what kernel"), "{ran:#?}");
    let ran = sandbox.ok(&format!("install rtx-a/1.0 -k {KERNEL}"));
    assert!(ran.out.contains("already installed") && ran.out.contains("rtx-b/2.0 took its place"), "{ran:#?}");
    sandbox.ok("reconcile -m rtx-a");
    assert_eq!(there(&sandbox), ["rtx-b 2.0"]);
}

#[test]
fn whichever_leaves_takes_its_own_file_along_and_nothing_else() {
    for (leaves, stays) in [(0, 1), (1, 0)] {
        let sandbox = packages();
        BOTH.iter().for_each(|package| drop(arrives(&sandbox, *package)));
        let id = |at: usize| format!("{}/{}", BOTH[at].0, BOTH[at].1);
        sandbox.ok(&format!("remove {} --all", id(leaves)));
        assert_eq!(there(&sandbox), [id(stays).replace('/', " ")], "{} left", id(leaves));
        assert_eq!(sandbox.status(), [format!("{}, {KERNEL}, ARCH: installed", id(stays))]);
        sandbox.ok(&format!("check -k {KERNEL}"));
        sandbox.ok(&format!("remove {} --all", id(stays)));
        assert_eq!(there(&sandbox), [""; 0], "nobody's file stays");
    }
}

#[test]
fn what_was_there_before_both_comes_back_after_both() {
    let sandbox = packages();
    arrives(&sandbox, BOTH[0]);
    let files = sandbox.files(&format!("lib/modules/{KERNEL}"));
    let place = files.iter().find(|file| file.contains("rtx")).expect("its file").clone();
    sandbox.ok("remove rtx-a/1.0 --all");
    sandbox.write(&format!("lib/modules/{KERNEL}/{place}"), "of a distribution");
    BOTH.iter().for_each(|package| drop(arrives(&sandbox, *package)));
    sandbox.ok("remove rtx-a/1.0 --all");
    assert_eq!(there(&sandbox), ["rtx-b 2.0"]);
    sandbox.ok("remove rtx-b/2.0 --all");
    assert_eq!(there(&sandbox), ["of a distribution"]);
}
