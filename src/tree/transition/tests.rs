use super::*;
use crate::tree::tests::{Sandbox, id, target};
use crate::tree::{intent, logs};

fn staged(writer: TreeWriter<'_>, id: &ModuleId, text: &str) -> Stage {
    let stage = writer.stage(id, &target("6.1")).unwrap();
    fs::write(stage.modules().join("a.ko"), text).unwrap();
    fs::write(stage.log(), "log").unwrap();
    stage
}

fn built_text(s: &Sandbox) -> Option<String> {
    fs::read_to_string(s.path("var/lib/dkms/a/1/6.1/x86_64/module/a.ko")).ok()
}

/// Every path below the tree, without the lock.
fn listing(s: &Sandbox) -> Vec<String> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            found.push(entry.path());
            if entry.file_type().unwrap().is_dir() {
                walk(&entry.path(), found);
            }
        }
    }
    let mut found = Vec::new();
    walk(&s.path("var/lib/dkms"), &mut found);
    let inside = |path: &PathBuf| path.strip_prefix(s.path("var/lib/dkms")).unwrap().display().to_string();
    let mut found: Vec<_> = found.iter().map(inside).filter(|path| path != ".lock").collect();
    found.sort();
    found
}

#[test]
fn only_what_lies_in_the_tree_is_cleared_away_with_the_folders_that_it_leaves_empty() {
    let s = Sandbox::new();
    s.added("a", "1");
    s.file("a/1/6.1/x86_64/log/make.log", "");
    s.file("b/1/x", "");
    let lock = s.lock();
    let tree = s.path("var/lib/dkms");
    lock.writer().clear_away(&tree.join("a/1/6.1/x86_64")).unwrap();
    lock.writer().clear_away(&tree.join("b/1/x")).unwrap();
    assert!(!tree.join("a/1/6.1").exists() && tree.join("a/1/source").is_symlink() && !tree.join("b").exists());
    for refused in [s.path("usr/src/a-1"), tree.clone(), tree.join(".lock"), tree.join("../../../usr/src/a-1")] {
        assert!(lock.writer().clear_away(&refused).is_err() && refused.exists(), "{}", refused.display());
    }
}

#[test]
fn a_module_goes_through_all_its_states_and_leaves_nothing() {
    let s = Sandbox::new();
    let (lock, id) = (s.lock(), id("a", "1"));
    let writer = lock.writer();
    let source = writer.stage_source().unwrap();
    fs::write(source.path().join("dkms.conf"), "x").unwrap();
    writer.publish_source(source, &id).unwrap();
    writer.register(&id).unwrap();
    assert_eq!(s.states(), ["a/1 added"]);
    assert_eq!(fs::read_link(s.path("var/lib/dkms/a/1/source")).unwrap(), Path::new("/usr/src/a-1"));

    let build = writer.start_build(&id, &target("6.1")).unwrap();
    assert_eq!(build, s.path("var/lib/dkms/a/1/build"));
    let stage = staged(writer, &id, "one");
    assert_eq!(s.states(), ["a/1 added"], "a stage is no build");
    writer.publish(stage).unwrap();
    writer.end_build(&id).unwrap();
    assert_eq!(s.states(), ["a/1 added", "  6.1 (x86_64) built"]);
    let mode = |path: &str| fs::metadata(s.path(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode("var/lib/dkms/a/1/6.1/x86_64"), mode("var/lib/dkms/a/1"), mode("usr/src/a-1")),
        (0o755, 0o755, 0o755)
    );

    writer.activate(&id, &target("6.1")).unwrap();
    assert_eq!(s.states(), ["a/1 added", "  6.1 (x86_64) installed"]);
    assert!(!writer.forget(&id).unwrap(), "a build is left");
    writer.deactivate(&id.name, &target("6.1")).unwrap();
    writer.deactivate(&id.name, &target("6.1")).unwrap();
    writer.delete_build(&id, &target("6.1")).unwrap();
    writer.delete_build(&id, &target("6.1")).unwrap();
    assert!(writer.forget(&id).unwrap());
    assert_eq!(listing(&s), [".intents"], "where notes of builds were");
    assert!(s.path("usr/src/a-1/dkms.conf").exists(), "the source stays");
}

#[test]
fn a_new_build_replaces_the_old_one_and_the_link_stays() {
    let s = Sandbox::new();
    let (lock, id) = (s.lock(), s.added("a", "1"));
    let writer = lock.writer();
    writer.publish(staged(writer, &id, "one")).unwrap();
    writer.activate(&id, &target("6.1")).unwrap();
    writer.publish(staged(writer, &id, "two")).unwrap();
    assert_eq!(built_text(&s).as_deref(), Some("two"));
    assert_eq!(s.states(), ["a/1 added", "  6.1 (x86_64) installed"]);
    assert!(listing(&s).iter().all(|path| !path.contains("/.")), "{:?}", listing(&s));
}

#[test]
fn a_dropped_stage_vanishes() {
    let s = Sandbox::new();
    let (lock, id) = (s.lock(), s.added("a", "1"));
    drop(staged(lock.writer(), &id, "one"));
    assert_eq!(listing(&s), ["a", "a/1", "a/1/source"]);
}

#[test]
fn the_last_version_takes_the_module_with_it_and_an_active_link_moves() {
    let s = Sandbox::new();
    let lock = s.lock();
    let writer = lock.writer();
    let (old, new) = (s.added("a", "1"), s.added("a", "2"));
    for id in [&old, &new] {
        writer.publish(staged(writer, id, "x")).unwrap();
        writer.activate(id, &target("6.1")).unwrap();
    }
    assert_eq!(s.states(), ["a/1 added", "  6.1 (x86_64) built", "a/2 added", "  6.1 (x86_64) installed"]);
    writer.delete_build(&old, &target("6.1")).unwrap();
    assert!(writer.forget(&old).unwrap());
    assert_eq!(s.states(), ["a/2 added", "  6.1 (x86_64) installed"]);
}

#[test]
fn what_is_no_build_does_not_keep_a_version_and_saved_originals_keep_the_module() {
    let s = Sandbox::new();
    let (lock, id) = (s.lock(), s.added("a", "1"));
    s.file("a/1/6.1/x86_64/log/make.log", "of a failed build");
    s.file("a/1/tarball/a.tar.gz", "");
    s.file("a/original_module/6.2/x86_64/a.ko", "");
    fs::create_dir_all(s.path("var/lib/dkms/a/original_module/6.3/x86_64")).unwrap();
    assert!(lock.writer().forget(&id).unwrap());
    assert!(!s.path("var/lib/dkms/a/1").exists() && !s.path("var/lib/dkms/a/original_module/6.3").exists());
    assert!(s.path("var/lib/dkms/a/original_module/6.2/x86_64/a.ko").exists());
}

#[test]
fn registering_repairs_a_missing_or_dangling_link_and_spares_a_folder() {
    let s = Sandbox::new();
    let lock = s.lock();
    let writer = lock.writer();
    fs::create_dir_all(s.path("usr/src/a-1")).unwrap();
    s.file("a/1/6.1/x86_64/module/a.ko", "");
    for _ in 0..2 {
        writer.register(&id("a", "1")).unwrap();
        assert_eq!(s.states(), ["a/1 added", "  6.1 (x86_64) built"]);
    }
    fs::remove_file(s.path("var/lib/dkms/a/1/source")).unwrap();
    s.link("a/1/source", "/nowhere");
    writer.register(&id("a", "1")).unwrap();
    assert_eq!(s.states(), ["a/1 added", "  6.1 (x86_64) built"]);
    s.file("b/1/source/dkms.conf", "");
    assert_eq!(writer.register(&id("b", "1")).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
}

#[test]
fn binaries_only_modules_bring_their_own_source_folder() {
    let s = Sandbox::new();
    let lock = s.lock();
    let writer = lock.writer();
    let staged = || {
        let folder = writer.stage_own_source().unwrap();
        fs::write(folder.path().join("dkms.conf"), "x").unwrap();
        folder
    };
    writer.register_own_source(staged(), &id("a", "1")).unwrap();
    assert_eq!(s.states(), ["a/1 added"]);
    assert_eq!(listing(&s), ["a", "a/1", "a/1/source", "a/1/source/dkms.conf"]);
    let again = writer.register_own_source(staged(), &id("a", "1"));
    assert_eq!(again.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
}

#[test]
fn a_link_in_the_place_of_a_source_goes_and_what_it_leads_to_stays() {
    let s = Sandbox::new();
    let lock = s.lock();
    fs::create_dir_all(s.path("home/me/a")).unwrap();
    fs::write(s.path("home/me/a/mine"), "").unwrap();
    symlink(s.path("home/me/a"), s.path("usr/src/a-1")).unwrap();
    let source = lock.writer().stage_source().unwrap();
    lock.writer().publish_source(source, &id("a", "1")).unwrap();
    assert!(is_real_folder(&s.path("usr/src/a-1")) && s.path("home/me/a/mine").exists());
    assert_eq!(fs::read_dir(s.path("usr/src")).unwrap().count(), 1);
}

#[test]
fn links_that_somebody_left_in_the_tree_are_deleted_as_links() {
    let s = Sandbox::new();
    let lock = s.lock();
    let outside = s.path("home/me");
    fs::create_dir_all(&outside).unwrap();
    fs::write(outside.join("make.log"), "mine").unwrap();
    s.added("a", "1");
    symlink(&outside, s.path("var/lib/dkms/a/1/build")).unwrap();
    symlink(&outside, s.path("var/lib/dkms/a/1/tarball")).unwrap();
    lock.writer().start_build(&id("a", "1"), &target("6.1")).unwrap();
    assert!(is_real_folder(&s.path("var/lib/dkms/a/1/build")));
    lock.writer().forget(&id("a", "1")).unwrap();
    assert_eq!(fs::read_to_string(outside.join("make.log")).unwrap(), "mine");
}

#[test]
fn the_log_of_a_failed_build_outlives_the_next_attempt() {
    let s = Sandbox::new();
    let (lock, id) = (s.lock(), s.added("a", "1"));
    let writer = lock.writer();
    for attempt in 0..7 {
        let build = writer.start_build(&id, &target("6.2")).unwrap();
        let log = build.join("make.log");
        fs::write(&log, format!("DKMS make.log for a-1 for kernel 6.1 (x86_64)\nattempt {attempt}\n")).unwrap();
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1000 + attempt);
        fs::File::open(&log).unwrap().file().set_modified(time).unwrap();
    }
    writer.start_build(&id, &target("6.2")).unwrap();
    let kept = logs::kept(s.tree().layout(), &id, &target("6.1"));
    assert_eq!(kept.len(), 5);
    assert!(fs::read_to_string(&kept[4]).unwrap().contains("attempt 6"), "the newest is last");
    assert!(logs::kept(s.tree().layout(), &id, &target("6.2")).is_empty());
}

#[test]
fn notes_of_dead_runs_are_found_until_they_end_and_those_of_the_living_are_not() {
    use crate::tree::intent::{Doing, Intent};
    let s = Sandbox::new();
    let lock = s.lock();
    let note = |name: &str, doing| Intent::new(doing, &id(name, "1"), &target("6.1"));
    let (a, b) = (note("a", Doing::Install), note("b", Doing::Uninstall));
    assert!(intent::left_over(s.tree().layout()).unwrap().is_empty());
    for intent in [&b, &a] {
        lock.writer().begin(intent).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(intent::left_over(s.tree().layout()).unwrap().is_empty(), "this process is still at it");
    for entry in fs::read_dir(s.path("var/lib/dkms/.intents")).unwrap() {
        let file = entry.unwrap();
        let modified = file.metadata().unwrap().modified().unwrap();
        let text = fs::read_to_string(file.path()).unwrap();
        fs::write(file.path(), text.replace("\"started\":", "\"started\":9")).unwrap();
        fs::File::options().write(true).open(file.path()).unwrap().file().set_modified(modified).unwrap();
    }
    s.file(".intents/broken.json", "{");
    s.file(".intents/.tmp_x", "");
    assert_eq!(intent::left_over(s.tree().layout()).unwrap(), [b.clone(), a]);
    lock.writer().end(&b).unwrap();
    lock.writer().end(&b).unwrap();
    assert_eq!(intent::left_over(s.tree().layout()).unwrap().len(), 1);
}
