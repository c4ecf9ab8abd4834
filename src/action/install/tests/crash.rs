use super::*;
use crate::tree::intent::{self, Doing};

const SITE: &str = "DKMS_TEST_SITE";
const DOING: &str = "DKMS_TEST_DOING";

/// What a killed child was to do; does nothing in an ordinary test run.
#[test]
fn child_that_may_be_killed() {
    let Some(folder) = std::env::var_os(SITE) else { return };
    let site = Site::open(folder.into());
    let foo = id("foo", "2.0");
    let doing = std::env::var(DOING).unwrap_or_default();
    let site = if doing == "take back" { site.depmod_fails_on("foo-2.0") } else { site };
    let operation = if doing == "uninstall" { Operation::Uninstall } else { Operation::Install };
    let ended = result(site.run(&[(operation, &foo)]).remove(0));
    assert_eq!(ended.is_err(), doing == "take back", "{ended:?}");
}

/// Runs the child until its N-th dangerous place; true when it lived to its end.
fn killed_at(folder: &Path, doing: &str, place: usize) -> bool {
    let program = std::env::current_exe().unwrap();
    let child = std::process::Command::new(program)
        .args(["--exact", "action::install::tests::crash::child_that_may_be_killed", "--test-threads=1"])
        .env(SITE, folder)
        .env(DOING, doing)
        .env("DKMS_TEST_DIE_AT", place.to_string())
        .output()
        .unwrap();
    let is_killed = std::os::unix::process::ExitStatusExt::signal(&child.status) == Some(libc::SIGABRT);
    assert!(is_killed || child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
    !is_killed
}

/// Gives up the lock but keeps the folder.
fn unlocked(site: Site) -> (PathBuf, Option<tempfile::TempDir>) {
    site.base.unlocked()
}

/// The pipeline of a next run: completes what is noted, then does the wish again.
fn next_run(folder: &Path, wish: Operation) -> Site {
    let site = Site::open(folder.to_path_buf());
    site.lock.writer().recover().unwrap();
    for intent in intent::left_over(site.tree.layout()).unwrap() {
        let operation = if intent.doing == Doing::Install { Operation::Install } else { Operation::Uninstall };
        result(site.run(&[(operation, &intent.id)]).remove(0)).unwrap();
    }
    let is_installed = site.active("foo").as_deref() == Some("2.0");
    if is_installed != (wish == Operation::Install) {
        result(site.run(&[(wish, &id("foo", "2.0"))]).remove(0)).unwrap();
    }
    site
}

/// Prepares a site, kills the change at every place in turn, and compares what the next run makes of it with what an
/// undisturbed run makes. `always` must hold for the modules at every moment.
fn killed_everywhere(prepare: &dyn Fn(&Site), doing: &str, wish: &Operation, always: &dyn Fn(&[String]) -> bool) {
    let undisturbed = Site::new();
    prepare(&undisturbed);
    result(undisturbed.run(&[(wish.clone(), &id("foo", "2.0"))]).remove(0)).unwrap();
    for place in 1.. {
        let prepared = Site::new();
        prepare(&prepared);
        let (folder, owned) = unlocked(prepared);
        let lived = killed_at(&folder, doing, place);
        let modules: Vec<_> = {
            let files = contents(&folder.join("lib/modules").join(KERNEL));
            files.into_iter().map(|(name, text)| format!("{name}: {}", told(&text))).collect()
        };
        assert!(always(&modules), "{doing} killed at place {place}: {modules:#?}");
        let after = next_run(&folder, wish.clone());
        assert_eq!(after.modules(), undisturbed.modules(), "{doing} killed at place {place}");
        assert_eq!(after.active("foo"), undisturbed.active("foo"), "{doing} killed at place {place}");
        assert_eq!(after.intents(), 0, "{doing} killed at place {place}");
        drop(owned);
        if lived {
            assert!(place > 4, "too few places were tried: {place}");
            return;
        }
    }
}

fn has_foo(modules: &[String]) -> bool {
    modules.iter().any(|line| line.contains("/foo.ko: "))
}

#[test]
fn an_install_over_an_original_elsewhere_survives_being_killed_anywhere() {
    let prepare = |site: &Site| {
        site.kernel_file("kernel/drivers/foo.ko", &ko("0.1", "original"));
        site.built("foo", "2.0", "", &[("foo", "2.0"), ("bar", "2.0")]);
    };
    killed_everywhere(&prepare, "install", &Operation::Install, &has_foo);
}

#[test]
fn an_install_over_an_original_in_its_place_survives_being_killed_anywhere() {
    let prepare = |site: &Site| {
        site.kernel_file("updates/dkms/foo.ko", &ko("0.1", "original"));
        site.built("foo", "2.0", "", &[("foo", "2.0")]);
    };
    killed_everywhere(&prepare, "install", &Operation::Install, &has_foo);
}

#[test]
fn an_upgrade_survives_being_killed_anywhere() {
    let prepare = |site: &Site| {
        let old = site.built("foo", "1.0", "", &[("foo", "1.0"), ("old", "1.0")]);
        site.install(&old).unwrap();
        site.built("foo", "2.0", "", &[("foo", "2.0"), ("new", "2.0")]);
    };
    killed_everywhere(&prepare, "install", &Operation::Install, &has_foo);
}

#[test]
fn an_uninstall_survives_being_killed_anywhere() {
    for original in ["kernel/drivers/foo.ko", "updates/dkms/foo.ko"] {
        let prepare = |site: &Site| {
            // The version of ours: only the note of the removal tells the two apart afterwards.
            site.kernel_file(original, &ko("2.0", "original"));
            let foo = site.built("foo", "2.0", "", &[("foo", "2.0")]);
            site.install(&foo).unwrap();
        };
        killed_everywhere(&prepare, "uninstall", &Operation::Uninstall, &|_| true);
    }
}

/// An install on which depmod fails, killed anywhere and then repeated by a run on which it fails as well: all is as before.
fn taken_back_everywhere(prepare: &dyn Fn(&Site)) {
    for place in 1.. {
        let prepared = Site::new();
        prepare(&prepared);
        let before = (prepared.modules(), prepared.active("foo"));
        let (folder, owned) = unlocked(prepared);
        let lived = killed_at(&folder, "take back", place);
        let site = Site::open(folder.clone());
        assert!(has_foo(&site.modules()), "killed at place {place}: {:#?}", site.modules());
        let site = site.depmod_fails_on("foo-2.0");
        site.lock.writer().recover().unwrap();
        for intent in intent::left_over(site.tree.layout()).unwrap() {
            let operation = if intent.doing == Doing::Install { Operation::Install } else { Operation::Uninstall };
            drop(site.run(&[(operation, &intent.id)]));
        }
        assert_eq!((site.modules(), site.active("foo")), before, "killed at place {place}");
        assert_eq!(site.intents(), 0, "killed at place {place}");
        let store = site.tree.layout().originals(&id("foo", "1.0").name, &target());
        assert!(!store.exists(), "killed at place {place}: no file of ours is an original");
        drop(owned);
        if lived {
            assert!(place > 8, "too few places were tried: {place}");
            return;
        }
    }
}

#[test]
fn taking_an_upgrade_back_survives_being_killed_anywhere() {
    taken_back_everywhere(&|site: &Site| {
        let old = site.built("foo", "1.0", "", &[("foo", "1.0"), ("old", "1.0")]);
        site.install(&old).unwrap();
        site.built("foo", "2.0", "", &[("foo", "2.0"), ("new", "2.0")]);
    });
}

#[test]
fn taking_an_install_over_an_original_back_survives_being_killed_anywhere() {
    for original in ["kernel/drivers/foo.ko", "updates/dkms/foo.ko"] {
        taken_back_everywhere(&|site: &Site| {
            site.kernel_file(original, &ko("2.0", "original"));
            site.built("foo", "2.0", "", &[("foo", "2.0")]);
        });
    }
}
