//! A folder that is named on the command line is what is meant, also when its name and version are known already.

use std::fs;

use crate::sandbox::{KERNEL, Sandbox, text_of};

/// foo/1 is installed from a folder of its author, who has changed a file of it since.
fn pulled() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.source_in("git", "foo", "1", "");
    sandbox.ok(&format!("install ./git -k {KERNEL}"));
    sandbox.write("git/foo.c", "changed\n");
    sandbox.write("git/new.h", "");
    sandbox
}

fn installed(sandbox: &Sandbox) -> String {
    let module = sandbox.path(&format!("lib/modules/{KERNEL}/updates/dkms/foo.ko"));
    text_of(&String::from_utf8_lossy(&fs::read(module).expect("a module"))).to_owned()
}

#[test]
fn a_known_version_with_another_source_is_refused_with_what_differs_and_what_takes_it() {
    let sandbox = pulled();
    for verb in ["install", "build", "add"] {
        let kernel = if verb == "add" { String::new() } else { format!(" -k {KERNEL}") };
        let ran = sandbox.dkms(&format!("{verb} ./git{kernel}"));
        assert_eq!(ran.code, 3, "{ran:#?}");
        let expected =
            "foo/1 is already added, and /git is another source than /src/foo-1: foo.c differs; new.h is new";
        assert!(ran.err.contains(expected), "{ran:#?}");
        assert!(ran.err.contains(&format!("`dkms {verb} /git --force` takes this source")), "{ran:#?}");
    }
    assert_eq!(installed(&sandbox), "foo 1\n");
}

#[test]
fn with_force_the_folder_takes_the_place_of_the_source_and_is_built() {
    let sandbox = pulled();
    sandbox.ok(&format!("install ./git -k {KERNEL} --force"));
    assert_eq!(installed(&sandbox), "changed\n");
    fs::remove_file(sandbox.path("git/new.h")).expect("a file");
    sandbox.ok("add ./git --force");
    assert!(!sandbox.path("src/foo-1/new.h").exists(), "what the folder has no more goes");
    let planned = sandbox.ok(&format!("reconcile --dry-run -k {KERNEL}"));
    assert!(planned.out.contains("build     foo/1"), "{planned:#?}");
}

#[test]
fn the_same_source_is_no_news() {
    let sandbox = Sandbox::new();
    sandbox.source_in("git", "foo", "1", "");
    for _ in 0..2 {
        sandbox.write("git/.git/index", "of git alone");
        sandbox.ok(&format!("install ./git -k {KERNEL}"));
    }
    assert_eq!(sandbox.dkms("add ./git").code, 3);
}
