//! `dkms why`: the story of a module on a kernel.

use crate::sandbox::{KERNEL, SECOND, Sandbox};

#[test]
fn a_failure_is_told_with_its_line_its_log_what_works_and_what_comes_next() {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "");
    sandbox.ok(&format!("install foo/1 -k {SECOND}"));
    sandbox.write("src/foo-1/FAIL", "");
    assert_eq!(sandbox.dkms(&format!("build foo/1 -k {KERNEL}")).code, 10);

    let status = sandbox.ok("status").err;
    assert!(status.contains(&format!("`dkms why foo/1 -k {KERNEL}` tells more")), "{status}");
    let told = sandbox.ok(&format!("why foo/1 -k {KERNEL}")).out;
    for part in [
        &format!("foo/1 for {KERNEL} (ARCH): added"),
        "failed:   the last build, a moment ago (exit status 10)",
        "why:      x.c:1:1: error: it was told to fail",
        "log:      ",
        &format!("good for: foo/1 for {SECOND} (ARCH): installed"),
        "next:     build: ",
    ] {
        assert!(told.contains(part), "{part}\n{told}");
    }
    let other = sandbox.ok(&format!("why foo -k {SECOND}")).out;
    assert!(other.contains("installed") && !other.contains("failed:"), "{other}");
}

#[test]
fn the_story_is_a_document_for_programs_and_an_unknown_module_an_error() {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "");
    sandbox.ok("add foo/1");
    let story: serde_json::Value =
        serde_json::from_str(&sandbox.ok(&format!("why foo -k {KERNEL} --json")).out).unwrap();
    assert_eq!((&story["schema"], &story["stories"][0]["standing"]), (&"dkms-why-1".into(), &"added".into()));
    let unknown = sandbox.dkms("why nobody");
    assert_eq!(unknown.code, 3);
    assert!(unknown.err.contains("`dkms status` lists them"), "{unknown:#?}");
}
