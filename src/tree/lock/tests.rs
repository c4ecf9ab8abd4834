use super::*;
use crate::tree::Tree;
use std::process::Command;

fn layout(top: &tempfile::TempDir) -> Layout {
    Layout::new(top.path(), "/var/lib/dkms".as_ref(), "/usr/src".as_ref(), "/lib/modules".as_ref())
}

/// With patience: a child that another test starts holds every open file for the moment until its program runs.
fn take(layout: &Layout) -> TreeLock {
    TreeLock::acquire(layout, Duration::from_secs(10), None, &mut |_| {}).unwrap()
}

fn try_now(layout: &Layout, token: Option<&str>) -> Result<TreeLock, LockError> {
    TreeLock::acquire(layout, Duration::ZERO, token, &mut |_| {})
}

#[test]
fn a_second_one_is_told_who_holds_it_and_gives_up_in_time() {
    let top = tempfile::tempdir().unwrap();
    let layout = layout(&top);
    let lock = take(&layout);
    let mut told = Vec::new();
    let second = TreeLock::acquire(&layout, Duration::from_millis(250), None, &mut |holder| told.push(holder.clone()));
    let Err(LockError::Timeout { holder: Some(holder), waited, .. }) = second else { panic!("{second:?}") };
    assert_eq!(holder.pid, std::process::id());
    assert_eq!(told, vec![holder], "told once");
    assert!(waited >= Duration::from_millis(250) && waited < Duration::from_secs(5));
    drop(lock);
    take(&layout);
}

#[test]
fn the_lock_file_stays_the_same_file() {
    use std::os::unix::fs::MetadataExt;
    let top = tempfile::tempdir().unwrap();
    let layout = layout(&top);
    drop(take(&layout));
    let first = std::fs::metadata(layout.lock()).unwrap();
    drop(take(&layout));
    assert_eq!(std::fs::metadata(layout.lock()).unwrap().ino(), first.ino());
    assert_eq!(first.mode() & 0o777, 0o600);
    assert!(Tree::new(layout).modules().unwrap().is_empty(), "it does not look like a module");
}

#[test]
fn a_lock_that_is_let_go_wakes_the_waiting_one() {
    let top = tempfile::tempdir().unwrap();
    let layout = layout(&top);
    let lock = take(&layout);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(150));
            drop(lock);
        });
        TreeLock::acquire(&layout, Duration::from_secs(20), None, &mut |_| {}).unwrap();
    });
}

/// Runs [`child`] in a process of its own and says whether it got the lock.
fn child_gets_it(layout: &Layout, token: &str) -> bool {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tree::lock::tests::child", "--ignored", "--nocapture"])
        .env("LOCK_TEST_ROOT", layout.root())
        .env(TreeLock::TOKEN, token)
        .output()
        .unwrap();
    output.status.success()
}

#[test]
#[ignore = "the child of the tests below"]
fn child() {
    let root = PathBuf::from(std::env::var("LOCK_TEST_ROOT").unwrap());
    let layout = Layout::new(&root, "/var/lib/dkms".as_ref(), "/usr/src".as_ref(), "/lib/modules".as_ref());
    let token = std::env::var(TreeLock::TOKEN).unwrap();
    let lock = try_now(&layout, Some(&token)).unwrap();
    assert!(lock.is_nested());
    assert_eq!(lock.token(), token, "grandchildren get the holder's token");
}

#[test]
fn a_child_works_under_the_lock_of_its_ancestor_and_only_with_the_right_token() {
    let top = tempfile::tempdir().unwrap();
    let layout = layout(&top);
    let lock = take(&layout);
    assert!(child_gets_it(&layout, &lock.token()));
    let other_time = format!("{}:{}", lock.holder.pid, lock.holder.started + 1);
    for wrong in ["", "x", "1:1", &format!("{}:", lock.holder.pid), &other_time] {
        assert!(!child_gets_it(&layout, wrong), "{wrong:?}");
    }
}

#[test]
fn a_token_of_a_process_that_is_no_ancestor_is_not_believed() {
    let top = tempfile::tempdir().unwrap();
    let layout = layout(&top);
    let _lock = take(&layout);
    let mut sleeper = Command::new("sleep").arg("5").spawn().unwrap();
    let stranger = format!("{} {} dkms", sleeper.id(), 1);
    std::fs::write(layout.lock(), format!("{stranger}\n")).unwrap();
    assert!(!child_gets_it(&layout, &format!("{}:1", sleeper.id())));
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
}

#[test]
fn a_place_that_cannot_be_written_is_said_with_its_path() {
    let top = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(top.path().join("var/lib")).unwrap();
    std::fs::write(top.path().join("var/lib/dkms"), "a file").unwrap();
    let Err(LockError::Unwritable(cause)) = try_now(&layout(&top), None) else { panic!("locked a file's inside") };
    assert!(cause.to_string().contains("var/lib/dkms"), "{cause}");
}

#[test]
fn a_lock_file_that_is_a_symlink_is_refused() {
    let top = tempfile::tempdir().unwrap();
    let layout = layout(&top);
    std::fs::create_dir_all(layout.tree()).unwrap();
    std::os::unix::fs::symlink("/etc/passwd-of-nobody", layout.lock()).unwrap();
    assert!(matches!(try_now(&layout, None), Err(LockError::Unwritable(_))));
}

#[test]
fn holder_lines_are_read_back_and_rubbish_is_not() {
    let line = "12 34 dkms add a b\n";
    assert_eq!(Holder::parse(line), Some(Holder { pid: 12, started: 34, command: "dkms add a b".into() }));
    for rubbish in ["", "\n", "12\n", "12 34\n", "x 34 c\n", "12 34 c"] {
        assert_eq!(Holder::parse(rubbish), None, "{rubbish:?}");
    }
}

#[test]
fn a_lock_file_that_somebody_deletes_lets_nobody_else_in() {
    let top = tempfile::tempdir().unwrap();
    let layout = layout(&top);
    let lock = take(&layout);
    std::fs::remove_file(layout.lock()).unwrap();
    assert!(matches!(try_now(&layout, None), Err(LockError::Timeout { .. })));
    drop(lock);
    take(&layout);
}
