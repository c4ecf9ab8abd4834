//! What failed is told until it is done.

use crate::sandbox::{KERNEL, SECOND, Sandbox};

#[test]
fn status_tells_a_failed_build_on_stderr_until_it_is_built() {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "");
    sandbox.write("src/foo-1/FAIL", "");
    assert_eq!(sandbox.dkms(&format!("build foo/1 -k {KERNEL}")).code, 10);
    let status = sandbox.ok("status");
    assert_eq!(status.out, "foo/1: added\n");
    assert!(status.err.contains("the last build of foo/1 for 6.1.0-1 (ARCH) failed"), "{status:#?}");
    assert!(status.err.contains("it was told to fail") && status.err.contains("make.log"), "{status:#?}");
    let json: serde_json::Value = serde_json::from_str(&sandbox.ok("status --json").out).unwrap();
    assert_eq!((&json["failed"][0]["operation"], &json["failed"][0]["code"]), (&"build".into(), &10.into()));
    assert_eq!(sandbox.ok(&format!("status -k {SECOND}")).err, "");
    assert_eq!(sandbox.ok("status bar").err, "");

    std::fs::remove_file(sandbox.path("src/foo-1/FAIL")).unwrap();
    sandbox.ok(&format!("build foo/1 -k {KERNEL}"));
    assert_eq!(sandbox.ok("status").err, "");
}

#[test]
fn a_module_that_is_removed_takes_its_failures_along() {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "");
    sandbox.write("src/foo-1/FAIL", "");
    assert_eq!(sandbox.dkms(&format!("build foo/1 -k {KERNEL}")).code, 10);
    sandbox.ok("remove foo/1 --all");
    sandbox.ok("add foo/1");
    assert_eq!(sandbox.ok("status").err, "");
}
