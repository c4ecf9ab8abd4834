use super::*;

#[test]
fn one_depmod_serves_all_installs_of_a_kernel_and_none_is_run_when_not_wanted() {
    for (switch, runs) in [(None, 1), (Some(Switch::NoDepmod), 0)] {
        let site = switch.into_iter().fold(Site::new(), Site::with);
        let ids = ["a", "b", "c"].map(|name| site.built(name, "1.0", "", &[(name, "1.0")]));
        let steps: Vec<_> = ids.iter().map(|id| (Operation::Install, id)).collect();
        for outcome in site.run(&steps) {
            result(outcome).unwrap();
        }
        assert_eq!(site.called().len(), runs, "{:?}", site.called());
        assert_eq!(site.modules().len(), 3);
    }
}

#[test]
fn a_kernel_without_lists_is_left_to_its_package() {
    let site = Site::new();
    let foo = site.built("foo", "1.0", "", &[("foo", "1.0")]);
    fs_err::remove_file(site.folder.join("lib/modules").join(KERNEL).join("modules.dep")).unwrap();
    site.install(&foo).unwrap();
    assert!(site.called().is_empty());
}

#[test]
fn an_install_on_which_depmod_fails_is_taken_back_and_the_original_comes_back() {
    let site = Site::new().depmod_fails_on("foo-1.0");
    site.kernel_file("kernel/drivers/foo.ko", &ko("0.1", "original"));
    let foo = site.built("foo", "1.0", "", &[("foo", "1.0")]);
    let error = site.install(&foo).unwrap_err();
    assert_eq!((error.kind(), error.kind().code()), (Kind::DepmodFailed, 6));
    assert_eq!(site.modules(), ["kernel/drivers/foo.ko: original"]);
    assert_eq!(site.active("foo"), None);
    assert!(site.tree.layout().built(&foo, &target()).is_dir(), "it stays built");
    assert_eq!(site.intents(), 0);
}

#[test]
fn only_the_guilty_one_of_several_installs_is_taken_back() {
    let site = Site::new().depmod_fails_on("bad-1.0");
    let ids = ["a", "bad", "c"].map(|name| site.built(name, "1.0", "", &[(name, "1.0")]));
    let steps: Vec<_> = ids.iter().map(|id| (Operation::Install, id)).collect();
    let codes: Vec<_> =
        site.run(&steps).into_iter().map(|outcome| result(outcome).err().map(|error| error.kind().code())).collect();
    assert_eq!(codes, [None, Some(6), None]);
    assert_eq!(site.modules(), ["updates/dkms/a.ko: a-1.0-a", "updates/dkms/c.ko: c-1.0-c"]);
    assert_eq!(
        (site.active("a").is_some(), site.active("bad").is_some(), site.active("c").is_some()),
        (true, false, true)
    );
}

#[test]
fn the_version_before_comes_back_when_depmod_fails_on_its_successor() {
    let site = Site::new().depmod_fails_on("foo-2.0");
    let old = site.built("foo", "1.0", "", &[("foo", "1.0"), ("bar", "1.0")]);
    let new = site.built("foo", "2.0", "", &[("foo", "2.0")]);
    site.install(&old).unwrap();
    assert_eq!(site.install(&new).unwrap_err().kind(), Kind::DepmodFailed);
    assert_eq!(site.modules(), ["updates/dkms/bar.ko: foo-1.0-bar", "updates/dkms/foo.ko: foo-1.0-foo"]);
    assert_eq!(site.active("foo").as_deref(), Some("1.0"));
}

#[test]
fn a_failing_depmod_does_not_undo_an_uninstall_but_is_told_and_left_for_the_next_run() {
    let site = Site::new().depmod_fails_on("other");
    let foo = site.built("foo", "1.0", "", &[("foo", "1.0")]);
    site.kernel_file("updates/dkms/foo.ko", &ko("1.0", "foo"));
    site.kernel_file("kernel/other.ko", &ko("1.0", "other"));
    site.lock.writer().activate(&foo, &target()).unwrap();
    let ends: Vec<_> =
        site.run(&[(Operation::Unbuild, &foo), (Operation::Forget, &foo)]).into_iter().map(result).collect();
    assert!(matches!(&ends[..], [Err(error), Ok(())] if error.kind() == Kind::DepmodFailed), "{ends:?}");
    assert_eq!((site.active("foo"), site.intents()), (None, 1));
}

/// foo/1.0 is installed, and its build is another one since, on which depmod fails.
fn rebuilt() -> (Site, ModuleId) {
    let site = Site::new().depmod_fails_on("again");
    let foo = site.built("foo", "1.0", "", &[("foo", "1.0")]);
    site.install(&foo).unwrap();
    let built = site.tree.layout().built_modules(&foo, &target()).join("foo.ko");
    fs_err::write(built, ko("1.0", "again")).unwrap();
    (site, foo)
}

#[test]
fn a_repeated_install_on_which_depmod_fails_stays_and_is_listed_by_the_next_run() {
    let (site, foo) = rebuilt();
    let error = site.install(&foo).unwrap_err();
    assert_eq!(error.kind(), Kind::DepmodFailed);
    assert!(error.to_string().contains("is still installed for"), "{error}");
    assert_eq!(
        (site.modules(), site.active("foo").as_deref()),
        (vec!["updates/dkms/foo.ko: again".to_owned()], Some("1.0"))
    );
    assert_eq!(site.intents(), 1, "the lists are due");
    // It fails once more for the next run, which has nothing to go back to either; the one after it ends it.
    let (folder, _owned) = site.base.unlocked();
    for (guilty, open) in [("again", 1), ("nothing", 0)] {
        let site = Site::open(folder.clone()).depmod_fails_on(guilty);
        let ended = result(site.run(&[(Operation::Install, &foo)]).remove(0));
        assert_eq!((ended.is_err(), site.intents()), (open == 1, open), "{guilty}");
        assert_eq!(site.modules(), ["updates/dkms/foo.ko: again"], "{guilty}");
        site.base.unlocked();
    }
}

#[test]
fn a_repeated_install_stays_when_depmod_fails_on_a_new_one_beside_it() {
    let site = Site::new().depmod_fails_on("bad-1.0");
    let [foo, bad] = ["foo", "bad"].map(|name| site.built(name, "1.0", "", &[(name, "1.0")]));
    site.install(&foo).unwrap();
    let ends: Vec<_> =
        site.run(&[(Operation::Install, &foo), (Operation::Install, &bad)]).into_iter().map(result).collect();
    assert!(matches!(&ends[..], [Ok(()), Err(error)] if error.kind() == Kind::DepmodFailed), "{ends:?}");
    assert_eq!((site.modules(), site.intents()), (vec!["updates/dkms/foo.ko: foo-1.0-foo".to_owned()], 0));
}
