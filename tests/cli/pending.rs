//! Work that waits: named with what is missing, told where people and programs look, done when it comes.

use serde_json::{Value, json};

use crate::sandbox::{KERNEL, Sandbox};

const LATE: &str = "6.1.0-3";

/// `foo` is installed wherever it can be; one kernel has no headers yet.
fn machine() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "");
    sandbox.source("later", "1", "BUILD_DEPENDS=nobody");
    sandbox.source("byhand", "1", "AUTOINSTALL=no");
    for name in ["foo", "later", "byhand"] {
        sandbox.ok(&format!("add {name}/1"));
    }
    sandbox.image(LATE);
    sandbox.ok("reconcile");
    sandbox
}

fn document(sandbox: &Sandbox, line: &str) -> Value {
    let ran = sandbox.dkms(line);
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{line}: {error}: {ran:#?}"))
}

/// MODULE KERNEL ON of each entry.
fn waiting(list: &Value) -> Vec<String> {
    let word = |entry: &Value, name: &str| entry[name].as_str().unwrap_or("-").to_owned();
    let line = |entry: &Value| [word(entry, "module"), word(entry, "kernel"), word(entry, "on")].join(" ");
    list.as_array().expect("a list").iter().map(line).collect()
}

#[test]
fn status_names_what_waits_on_standard_error_and_in_its_document_and_nowhere_else() {
    let sandbox = machine();
    let ran = sandbox.ok("status");
    assert!(!ran.out.contains(LATE) && !ran.out.contains("waiting"), "{ran:#?}");
    let package = sandbox.headers_package(LATE);
    assert!(ran.err.contains(&format!("foo/1, later/1 for {LATE}: waiting for {package}")), "{ran:#?}");
    assert!(ran.err.contains(&format!("later/1 for {KERNEL}: waiting for nobody")), "{ran:#?}");
    assert!(!ran.err.contains("byhand"), "{ran:#?}");
    let found = document(&sandbox, "status --json");
    assert!(waiting(&found["pending"]).contains(&format!("foo {LATE} {package}")), "{found:#}");
    assert_eq!(found["pending"].as_array().map(Vec::len), Some(4), "{found:#}");
    for (line, expected) in [
        (format!("status foo/1 -k {LATE}"), 1),
        (format!("status -k {KERNEL} foo/1"), 0),
        ("status byhand/1".to_owned(), 0),
        ("status -m nobody".to_owned(), 0),
    ] {
        let found = document(&sandbox, &format!("{line} --json"));
        assert_eq!(found["pending"].as_array().map(Vec::len), Some(expected), "{line}: {found:#}");
    }
}

#[test]
fn a_dkms_conf_is_not_run_to_tell_what_waits() {
    let sandbox = Sandbox::new();
    sandbox.without_rooms();
    let trace = sandbox.path("was-run");
    sandbox.source("foo", "1", &format!("MAKE=\"make $(touch {})\"", trace.display()));
    sandbox.ok("add foo/1");
    sandbox.image(LATE);
    std::fs::remove_file(&trace).expect("what adding it ran");
    sandbox.ok("status");
    assert!(!sandbox.path("was-run").exists());
}

#[test]
fn check_tells_what_is_to_do_what_waits_and_what_failed() {
    let sandbox = machine();
    let ran = sandbox.dkms("check");
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.out.contains(&format!("waiting for {}", sandbox.headers_package(LATE))), "{ran:#?}");
    let found = document(&sandbox, "check --json");
    assert_eq!(
        (&found["schema"], &found["state"], &found["code"]),
        (&json!("dkms-check-1"), &json!("pending"), &json!(1))
    );
    assert_eq!(
        (&found["to_do"], &found["failed"], &found["refused"]),
        (&json!([]), &json!([]), &json!([])),
        "{found:#}"
    );
    assert_eq!(waiting(&found["pending"]).len(), 4, "{found:#}");

    sandbox.source("bad", "1", "");
    sandbox.write("src/bad-1/FAIL", "");
    sandbox.ok("add bad/1");
    sandbox.dkms("reconcile");
    sandbox.source("gone", "1", "");
    sandbox.ok("add gone/1");
    std::fs::remove_dir_all(sandbox.path("src/gone-1")).expect("its source");
    let found = document(&sandbox, "check --json");
    assert_eq!((&found["state"], &found["code"]), (&json!("failed"), &json!(2)));
    assert_eq!(found["failed"].as_array().map(Vec::len), Some(2), "{found:#}");
    assert_eq!(found["refused"][0]["case"], "broken", "{found:#}");
    assert_eq!(found["refused"].as_array().map(Vec::len), Some(1), "once, and not for each kernel: {found:#}");

    for name in ["bad", "later"] {
        sandbox.ok(&format!("remove {name}/1 --all"));
    }
    std::fs::remove_dir_all(sandbox.path("dkms/gone")).expect("a broken module");
    sandbox.write(&format!("lib/modules/{LATE}/build/include/config/auto.conf"), "CONFIG_MODULES=y\n");
    sandbox.ok("reconcile");
    let found = document(&sandbox, "check --json");
    assert_eq!(
        (&found["state"], &found["code"], sandbox.ok("check").out),
        (&json!("as-wanted"), &json!(0), String::new())
    );
}

#[test]
fn reconcile_keeps_to_the_modules_and_kernels_that_are_named() {
    let sandbox = Sandbox::new();
    for name in ["a", "b", "c"] {
        sandbox.source(name, "1", "");
        sandbox.ok(&format!("add {name}/1"));
    }
    sandbox.ok(&format!("reconcile --module a --module b/1 --kernel {KERNEL}"));
    let installed = |name: &str| format!("{name}/1, {KERNEL}, ARCH: installed");
    assert_eq!(sandbox.status(), [installed("a"), installed("b"), "c/1: added".to_owned()]);
    let found = document(&sandbox, "reconcile --module c --dry-run --json");
    let steps: Vec<&str> =
        found["steps"].as_array().expect("steps").iter().filter_map(|s| s["module"].as_str()).collect();
    assert_eq!(steps, ["c"; 4], "{found:#}");
    let ran = sandbox.dkms("reconcile --module nobody");
    assert_eq!(ran.code, 3, "{ran:#?}");
    assert!(ran.err.contains("nobody is not in the DKMS tree"), "{ran:#?}");
}
