//! `--json`: one document on standard output, whatever happens, and every member of it explained in dkms(8).

use std::collections::BTreeSet;

use serde_json::Value;

use crate::sandbox::{KERNEL, SECOND, Sandbox};

fn document(sandbox: &Sandbox, line: &str) -> Value {
    let ran = sandbox.dkms(line);
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{line}: {error}: {ran:#?}"))
}

/// Names of members, anywhere in the document.
fn members(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            found.extend(object.keys().cloned());
            object.values().for_each(|value| members(value, found));
        }
        Value::Array(array) => array.iter().for_each(|value| members(value, found)),
        _ => {}
    }
}

/// `foo` is installed, `bad` cannot be built, `user` depends on it, `gone` is broken, `later` waits.
fn busy() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "");
    sandbox.source("bad", "1", "");
    sandbox.write("src/bad-1/FAIL", "");
    sandbox.source("user", "1", "BUILD_DEPENDS=bad");
    sandbox.source("later", "1", "BUILD_DEPENDS=nobody");
    for name in ["foo", "bad", "user", "later"] {
        sandbox.ok(&format!("add {name}/1"));
    }
    sandbox
}

#[test]
fn the_results_of_an_action_are_one_document_that_tells_each_step() {
    let sandbox = busy();
    let found = document(&sandbox, &format!("autoinstall -k {KERNEL} --json"));
    assert_eq!((&found["schema"], &found["code"]), (&"dkms-result-1".into(), &11.into()));
    assert_eq!(found["error"]["code"], 11);
    let steps = found["steps"].as_array().expect("steps");
    let step = |module: &str, operation: &str| {
        let is_it = |step: &&Value| step["module"] == module && step["operation"] == operation;
        steps.iter().find(is_it).unwrap_or_else(|| panic!("{operation} of {module}: {found:#}"))
    };
    assert_eq!(step("foo", "install")["outcome"], "done");
    assert_eq!(step("foo", "install")["kernel"], KERNEL);
    let failed = step("bad", "build");
    assert_eq!((&failed["outcome"], &failed["error"]["code"]), (&"failed".into(), &10.into()));
    assert_eq!(step("bad", "install")["because"], failed["id"]);
    let later = &found["omissions"][0];
    assert_eq!(
        (&later["module"], &later["reason"], &later["on"]),
        (&"later".into(), &"pending".into(), &"nobody".into())
    );
    assert_eq!(later["code"], 13);
}

#[test]
fn a_command_that_comes_to_nothing_has_a_document_too() {
    let sandbox = busy();
    for (line, code) in [
        ("install nobody/1 --json".to_owned(), 2),
        ("build --json".to_owned(), 1),
        (format!("remove foo/1 -k {KERNEL} --all --json"), 2),
        ("remove nobody/1 --all --json".to_owned(), 3),
        ("add foo/1 --json".to_owned(), 3),
        ("why nobody --json".to_owned(), 3),
        ("mok enroll --json".to_owned(), 64),
    ] {
        let ran = sandbox.dkms(&line);
        assert_eq!(ran.code, code, "{line}: {ran:?}");
        let found = document(&sandbox, &line);
        assert_eq!((&found["code"], &found["error"]["code"]), (&code.into(), &code.into()), "{line}");
        assert!(found["steps"].as_array().expect("steps").is_empty(), "{line}");
    }
    let found = document(&sandbox, &format!("unbuild foo/1 -k {KERNEL} --json"));
    assert_eq!((&found["code"], &found["error"]), (&0.into(), &Value::Null));
    assert_eq!(found["omissions"][0]["reason"], "already-so");
}

#[test]
fn the_plan_is_a_document_and_nothing_is_done() {
    let sandbox = busy();
    let found = document(&sandbox, &format!("install foo/1 -k {KERNEL} -k 9.9.9 --dry-run --json"));
    assert_eq!(found["schema"], "dkms-plan-1");
    let steps = found["steps"].as_array().expect("steps");
    let verbs: Vec<&Value> = steps.iter().map(|step| &step["operation"]).collect();
    assert_eq!(verbs, ["build", "install"]);
    assert_eq!(steps[1]["after"], serde_json::json!([0]));
    assert!(steps[0]["outcome"].is_null());
    assert_eq!((&found["omissions"][0]["kernel"], &found["omissions"][0]["code"]), (&"9.9.9".into(), &21.into()));
    assert!(sandbox.status().contains(&"foo/1: added".to_owned()));
}

#[test]
fn scripts_that_write_to_our_output_do_not_break_the_document() {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "POST_ADD=talk\nPRE_INSTALL=talk\nPOST_INSTALL=talk\nPOST_REMOVE=talk");
    sandbox.write("src/foo-1/talk", "#!/bin/sh\necho said by a script\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(sandbox.path("src/foo-1/talk"), mode).expect("its mode");
    let ran = sandbox.ok(&format!("install foo/1 -k {KERNEL} --json"));
    assert!(serde_json::from_str::<Value>(&ran.out).is_ok() && ran.err.contains("said by a script"), "{ran:#?}");
}

#[test]
fn every_member_is_explained_in_the_man_page() {
    let sandbox = busy();
    let mut found = BTreeSet::new();
    sandbox.source("gone", "1", "");
    sandbox.ok("add gone/1");
    std::fs::remove_dir_all(sandbox.path("src/gone-1")).expect("its source");
    sandbox.write("dkms/foo/1/6.1.0-1/ARCH/log/make.log", "");
    for line in [
        format!("autoinstall -k {KERNEL} --dry-run --json"),
        format!("autoinstall -k {KERNEL} --json"),
        format!("install foo/1 -k {SECOND} --json"),
        "remove nobody/1 --json".to_owned(),
        "status --json".to_owned(),
        "check --json".to_owned(),
        "why --json".to_owned(),
        "fsck --json".to_owned(),
    ] {
        members(&document(&sandbox, &line), &mut found);
    }
    assert!(found.len() > 20, "{found:?}");
    let man = sandbox.path("man");
    let mut generate = std::process::Command::new(env!("CARGO_BIN_EXE_dkms"));
    assert!(generate.args(["generate", "man"]).arg(&man).status().expect("it runs").success());
    let page = std::fs::read_to_string(man.join("dkms.8")).expect("a page");
    let section = page.split(".SH ").find(|section| section.starts_with("JSON")).expect("a section");
    let explained: BTreeSet<&str> = section
        .lines()
        .filter_map(|line| line.strip_prefix(".B")?.split_whitespace().nth(if line.starts_with(".BR") { 1 } else { 0 }))
        .collect();
    for member in found {
        assert!(explained.contains(member.as_str()), "{member} is not in {explained:?}");
    }
}
