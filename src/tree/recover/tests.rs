use std::process::Command;

use fs_err as fs;

use super::*;
use crate::tree::finished::Limits;
use crate::tree::records::Fingerprint;
use crate::tree::tests::{Sandbox, id, layout, target};
use crate::tree::{Tree, TreeLock};

#[test]
fn leftovers_are_completed_or_undone_by_their_names() {
    let s = Sandbox::new();
    s.added("a", "1");
    s.added("a", "3");
    for file in [
        ".tmp_source_x/f",
        "a/.tmp_add_x/source/f",
        "a/1/.tmp_build_x/discarded/f",
        "a/1/6.1/.tmp_x86_64_x/module/a.ko",
        "a/1/6.2/.tmp_x86_64_y/module/a.ko",
        "a/1/6.2/x86_64/module/a.ko",
        "a/1/6.3/.rescue_x86_64/module/old.ko",
        "a/1/6.3/x86_64/module/half.ko",
        "a/1/6.4/.delete_x86_64",
        "a/1/6.4/x86_64/module/a.ko",
        "a/1/build/half/copied.c",
        "a/.delete_2",
        "a/2/6.1/x86_64/module/a.ko",
        "a/original_module/6.1/x86_64/.tmp_x",
        "a/original_module/6.1/x86_64/a.ko",
        "a/original_module/6.2/.tmp_x86_64_x/discarded/a.ko",
        "a/original_module/.tmp_6.3_x/discarded/x86_64/a.ko",
        "a/3/build/make.log",
        ".intents/a,3.build",
        ".intents/a,4.build",
        ".records/failures/.tmp_x",
        ".intents/.tmp_x",
        ".finished/.tmp_x/build/module/a.ko",
        ".finished/0a/build/module/a.ko",
        "empty/.tmp_add_x/f",
    ] {
        s.file(file, "");
    }
    fs::create_dir_all(s.path("usr/src/.dkms_tmp_x/sub")).unwrap();
    fs::create_dir_all(s.path("usr/src/.dkms_rescue_b-1")).unwrap();
    fs::create_dir_all(s.path("usr/src/.tmp_of_others")).unwrap();

    let before = s.states();
    let mut found = s.tree().left_over().unwrap();
    assert_eq!(s.states(), before, "looking changes nothing");
    let mut done = s.lock().writer().recover().unwrap();
    found.sort();
    done.sort();
    assert_eq!(found, done, "what is found is what is mended");
    assert_eq!(done.len(), 20, "{done:#?}");
    let expected = ["a/1 added", "  6.2 (x86_64) built", "  6.3 (x86_64) built", "a/3 added"];
    assert_eq!(s.states(), expected);
    assert!(s.path("var/lib/dkms/a/1/6.3/x86_64/module/old.ko").exists());
    assert!(!s.path("var/lib/dkms/a/1/6.3/x86_64/module/half.ko").exists());
    for gone in [
        "a/1/6.1",
        "a/1/6.4",
        "a/1/build",
        "a/2",
        "a/3/build",
        "a/original_module/6.2",
        ".intents/a,3.build",
        ".intents/a,4.build",
        "empty",
        ".tmp_source_x",
    ] {
        assert!(!s.path("var/lib/dkms").join(gone).exists(), "{gone}");
    }
    assert!(s.path("var/lib/dkms/a/original_module/6.1/x86_64/a.ko").exists());
    assert!(s.path("var/lib/dkms/.finished/0a/build").exists(), "that is no build under way");
    assert!(s.path("usr/src/b-1").exists() && s.path("usr/src/.tmp_of_others").exists());
    assert!(s.lock().writer().recover().unwrap().is_empty(), "a second time there is nothing to do");
}

#[test]
fn modules_staged_under_a_kernel_go_when_a_change_of_it_was_interrupted() {
    let s = Sandbox::new();
    let layout = s.tree().layout().clone();
    let kernel = layout.kernel_modules(&target("6.1"));
    for file in ["kernel/drivers/.tmp_x", "updates/dkms/.dkms-a.ko-x", "updates/b.ko", "misc/.others"] {
        fs::create_dir_all(kernel.join(file).parent().unwrap()).unwrap();
        fs::write(kernel.join(file), "").unwrap();
    }
    assert!(s.lock().writer().recover().unwrap().is_empty(), "nobody was at it");
    let target = serde_json::to_string(&target("6.1")).unwrap();
    let id = serde_json::to_string(&id("a", "1")).unwrap();
    let note = format!("{{\"doing\":\"install\",\"id\":{id},\"target\":{target},\"by\":null}}");
    s.file(".intents/a,1,6.1,x86_64.json", &note);
    assert_eq!(s.lock().writer().recover().unwrap().len(), 2);
    assert!(!kernel.join("kernel").exists() && !kernel.join("updates/dkms").exists());
    assert!(kernel.join("updates/b.ko").exists() && kernel.join("misc/.others").exists());
}

#[test]
fn names_that_would_lead_out_of_their_folder_are_left_alone() {
    let s = Sandbox::new();
    s.added("a", "1");
    for file in ["a/.rescue_", "a/.rescue_..", "a/.delete_.", "a/.delete_..", "a/.delete_"] {
        s.file(file, "");
    }
    assert!(s.lock().writer().recover().unwrap().is_empty());
    assert_eq!(s.states(), ["a/1 added"]);
}

#[test]
fn a_kept_build_folder_with_its_log_stays() {
    let s = Sandbox::new();
    s.added("a", "1");
    s.file("a/1/build/make.log", "error");
    assert!(s.lock().writer().recover().unwrap().is_empty());
}

/// What the child does until it dies; every state that the tree may be in afterwards is in the table of the test below.
fn scenario(root: &Path) {
    let tree = Tree::new(layout(root));
    let lock = TreeLock::acquire(tree.layout(), std::time::Duration::from_secs(10), None, &mut |_| {}).unwrap();
    let (writer, id, target) = (lock.writer(), id("a", "1"), target("6.1"));
    let build = |text: &str| {
        let stage = writer.stage(&id, &target).unwrap();
        fs::write(stage.modules().join("a.ko"), text).unwrap();
        writer.publish(stage).unwrap();
    };
    let source = |text: &str| {
        let staged = writer.stage_source().unwrap();
        fs::write(staged.path().join("dkms.conf"), text).unwrap();
        writer.publish_source(staged, &id).unwrap();
    };
    source("one");
    source("two");
    writer.register(&id).unwrap();
    writer.start_build(&id, &target).unwrap();
    build("one");
    build("two");
    writer.end_build(&id).unwrap();
    keep_and_bring_back(writer, &id, &target);
    let original = tree.layout().kernel_modules(&target).join("extra/a.ko");
    writer.save_original(&id.name, &target, &original).unwrap();
    writer.activate(&id, &target).unwrap();
    writer.deactivate(&id.name, &target).unwrap();
    let places = writer.restore_originals(&id.name, &target, &|_| None).unwrap();
    writer.drop_restored(&id.name, &target, &places.into_iter().collect()).unwrap();
    writer.delete_build(&id, &target).unwrap();
    writer.forget(&id).unwrap();
}

/// The build is taken away and comes back from among the finished ones.
fn keep_and_bring_back(writer: TreeWriter<'_>, id: &crate::ids::ModuleId, target: &crate::ids::Target) {
    let place = writer.layout().built(id, target);
    let (key, inputs) = ("a".repeat(64), std::collections::BTreeMap::new());
    let note = Fingerprint { key: Some(key.clone()), ..Fingerprint::of(id, target, &place, inputs) };
    writer.record(&note).unwrap();
    writer.retire_build(id, target, Limits { free: 0, ..Limits::default() }).unwrap();
    assert!(writer.restore_build(id, target, &key).unwrap());
}

#[test]
#[ignore = "the child of the test below"]
fn child() {
    scenario(Path::new(&std::env::var("CRASH_TEST_ROOT").unwrap()));
}

fn file(s: &Sandbox, path: &str) -> Option<String> {
    fs::read_to_string(s.path(path)).ok()
}

/// Runs the scenario in a process that dies at its n-th dangerous place. Whether it died.
fn dies_at(s: &Sandbox, n: usize) -> bool {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tree::recover::tests::child", "--ignored"])
        .env("CRASH_TEST_ROOT", s.path(""))
        .env("DKMS_TEST_DIE_AT", n.to_string())
        .output()
        .unwrap();
    let died = std::os::unix::process::ExitStatusExt::signal(&output.status).is_some();
    assert!(died || output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    died
}

#[test]
fn a_death_at_any_point_leaves_a_state_that_the_next_run_understands() {
    let mut deaths = 0;
    for n in 1..1000 {
        let s = Sandbox::new();
        fs::create_dir_all(s.path("lib/modules/6.1/extra")).unwrap();
        fs::write(s.path("lib/modules/6.1/extra/a.ko"), "original").unwrap();
        if !dies_at(&s, n) {
            break;
        }
        deaths += 1;
        check_after_death(&s, n);
    }
    assert!(deaths > 15, "only {deaths} places");
}

fn check_after_death(s: &Sandbox, n: usize) {
    s.lock().writer().recover().unwrap();
    let states = s.states();
    let allowed: [&[&str]; 4] =
        [&[], &["a/1 added"], &["a/1 added", "  6.1 (x86_64) built"], &["a/1 added", "  6.1 (x86_64) built original"]];
    let installed: &[&str] = &["a/1 added", "  6.1 (x86_64) installed original"];
    assert!(
        allowed.contains(&states.iter().map(String::as_str).collect::<Vec<_>>().as_slice()) || states == installed,
        "{n}: {states:?}"
    );
    if states.len() > 1 {
        let built = file(s, "var/lib/dkms/a/1/6.1/x86_64/module/a.ko");
        assert!(matches!(built.as_deref(), Some("one" | "two")), "{n}: {built:?}");
    }
    let place = file(s, "lib/modules/6.1/extra/a.ko");
    let stored = file(s, "var/lib/dkms/a/original_module/6.1/x86_64/a.ko");
    assert!(place.or(stored).as_deref() == Some("original"), "{n}: the original is lost");
    let lock = s.lock();
    let name = id("a", "1").name;
    let places = lock.writer().restore_originals(&name, &target("6.1"), &|_| None).unwrap();
    lock.writer().drop_restored(&name, &target("6.1"), &places.into_iter().collect()).unwrap();
    assert_eq!(file(s, "lib/modules/6.1/extra/a.ko").as_deref(), Some("original"), "{n}");
    drop(lock);
    finish_afterwards(s, n);
}

/// After a recovery the same work goes through, and nothing of the dead run is left.
fn finish_afterwards(s: &Sandbox, n: usize) {
    scenario(&s.path(""));
    assert_eq!(s.states(), Vec::<String>::new(), "{n}");
    let dotted = |folder: &str| {
        let names = fs::read_dir(s.path(folder)).unwrap().map(|entry| entry.unwrap().file_name());
        names
            .filter(|name| name.to_string_lossy().starts_with(".tmp") || name.to_string_lossy().starts_with(".dkms"))
            .count()
    };
    assert_eq!((dotted("var/lib/dkms"), dotted("usr/src")), (0, 0), "{n}");
}
