use super::*;

#[test]
fn a_first_install_ends_with_file_link_and_one_depmod() {
    let site = Site::new();
    let foo = site.built("foo", "1.0", "", &[("foo", "1.0")]);
    site.install(&foo).unwrap();
    assert_eq!(site.modules(), ["updates/dkms/foo.ko: foo-1.0-foo"]);
    assert_eq!(site.active("foo").as_deref(), Some("1.0"));
    assert_eq!(site.called(), [format!("depmod {KERNEL}")]);
    assert_eq!(site.intents(), 0);
}

#[test]
fn an_original_waits_in_the_store_and_comes_back() {
    for place in ["kernel/drivers/foo.ko", "updates/dkms/foo.ko", "extra/foo.ko.xz", "updates/dkms/foo.ko.gz"] {
        let site = Site::new();
        let foo = site.built("foo", "1.0", "", &[("foo", "1.0")]);
        // Not a readable module: no reason to keep ours out.
        site.kernel_file(place, b"original");
        site.install(&foo).unwrap();
        assert_eq!(site.modules(), ["updates/dkms/foo.ko: foo-1.0-foo"], "{place}");
        site.uninstall(&foo).unwrap();
        assert_eq!(site.modules(), [format!("{place}: original")], "{place}");
        assert_eq!(site.active("foo"), None);
    }
}

#[test]
fn a_newer_module_there_is_kept_and_the_rest_installed() {
    let site = Site::new();
    let foo = site.built("foo", "1.0", "", &[("foo", "1.0"), ("bar", "1.0")]);
    site.kernel_file("kernel/drivers/foo.ko", &ko("2.0", "newer"));
    site.install(&foo).unwrap();
    assert_eq!(site.modules(), ["kernel/drivers/foo.ko: newer", "updates/dkms/bar.ko: foo-1.0-bar"]);
    assert!(site.warnings().iter().any(|text| text.contains("greater version")), "{:?}", site.warnings());
}

#[test]
fn of_a_module_that_is_kept_it_is_said_when_another_kernel_was_meant() {
    let other: String = KERNEL.replace(|digit: char| digit.is_ascii_digit(), "9");
    for (kernel, is_said) in [(KERNEL, false), (other.as_str(), true)] {
        let site = Site::new();
        let foo = site.built("foo", "1.0", "", &[("foo", "1.0"), ("bar", "1.0")]);
        let mut there = ko("2.0", "newer");
        let at = there.windows(KERNEL.len()).position(|part| part == KERNEL.as_bytes()).unwrap();
        there[at..at + KERNEL.len()].copy_from_slice(kernel.as_bytes());
        site.kernel_file("updates/foo.ko", &there);
        site.install(&foo).unwrap();
        let said = format!("and names {other} as its kernel");
        let told = site.warnings().join("\n");
        assert!(told.contains("greater version") && told.contains(&said) == is_said, "{kernel}: {told}");
    }
}

#[test]
fn a_greater_version_of_ours_is_no_reason_when_its_source_has_gone() {
    for gone in [false, true] {
        let site = Site::new();
        let newer = site.built("foo", "2.0", "", &[("foo", "2.0")]);
        site.install(&newer).unwrap();
        let older = site.built("foo", "1.0", "", &[("foo", "1.0")]);
        if gone {
            fs_err::remove_dir_all(fs_err::canonicalize(site.tree.layout().source_link(&newer)).unwrap()).unwrap();
        }
        assert_eq!(site.install(&older).is_ok(), gone, "gone: {gone}");
        assert_eq!(site.active("foo").as_deref(), Some(if gone { "1.0" } else { "2.0" }));
    }
}

#[test]
fn nothing_is_installed_when_every_module_is_refused_unless_forced() {
    for (switch, installs) in [
        (None, false),
        (Some(Switch::Force), true),
        (Some(Switch::SkipVersionCheck), true),
        (Some(Switch::RpmSafeUpgrade), true),
    ] {
        let site = switch.into_iter().fold(Site::new(), Site::with);
        let foo = site.built("foo", "1.0", "", &[("foo", "1.0")]);
        site.kernel_file("kernel/drivers/foo.ko", &ko("2.0", "newer"));
        match site.install(&foo) {
            Ok(()) => assert!(installs, "{switch:?}"),
            Err(error) => {
                assert_eq!(error.kind(), Kind::NothingInstalled);
                assert!(!installs, "{switch:?}");
                assert_eq!(site.active("foo"), None);
                assert_eq!(site.modules(), ["kernel/drivers/foo.ko: newer"]);
            }
        }
    }
}

#[test]
fn obsolete_modules_stay_out() {
    for (since, installs) in [("6.1", false), ("5.10", false), ("6.2", true)] {
        let site = Site::new();
        let foo = site.built("foo", "1.0", &format!("OBSOLETE_BY={since}"), &[("foo", "1.0")]);
        let result = site.install(&foo).map_err(|error| error.kind().code());
        assert_eq!(result, if installs { Ok(()) } else { Err(6) }, "{since}");
    }
}

#[test]
fn a_package_without_modules_is_installed_and_removable() {
    let site = Site::new();
    let foo = site.built("foo", "1.0", "", &[]);
    site.install(&foo).unwrap();
    assert_eq!(site.active("foo").as_deref(), Some("1.0"));
    site.uninstall(&foo).unwrap();
    assert_eq!(site.active("foo"), None);
}

#[test]
fn another_version_takes_the_place_of_all_files_of_the_one_before() {
    let site = Site::new();
    site.kernel_file("kernel/drivers/foo.ko", &ko("0.1", "original"));
    let old = site.built("foo", "1.0", "", &[("foo", "1.0"), ("bar", "1.0")]);
    let new = site.built("foo", "2.0", "", &[("foo.ko.xz", "2.0")]);
    site.install(&old).unwrap();
    site.install(&new).unwrap();
    let modules = site.modules();
    assert_eq!(modules.len(), 1, "{modules:?}");
    assert!(modules[0].starts_with("updates/dkms/foo.ko.xz"));
    assert_eq!(site.active("foo").as_deref(), Some("2.0"));
    site.uninstall(&new).unwrap();
    assert_eq!(site.modules(), ["kernel/drivers/foo.ko: original"], "the original is neither lost nor replaced by 1.0");
}

#[test]
fn an_older_version_does_not_displace_a_newer_one() {
    let site = Site::new();
    let new = site.built("foo", "2.0", "", &[("foo", "2.0")]);
    let old = site.built("foo", "1.0", "", &[("foo", "1.0")]);
    site.install(&new).unwrap();
    assert_eq!(site.install(&old).unwrap_err().kind(), Kind::NothingInstalled);
    assert_eq!(site.active("foo").as_deref(), Some("2.0"));
}

#[test]
fn a_rebuilt_module_replaces_its_former_build_without_force() {
    let site = Site::new();
    let foo = site.built("foo", "1.0", "", &[("foo", "1.0")]);
    site.install(&foo).unwrap();
    let built = site.tree.layout().built_modules(&foo, &target()).join("foo.ko");
    fs_err::write(built, ko("1.0", "rebuilt")).unwrap();
    site.install(&foo).unwrap();
    assert_eq!(site.modules(), ["updates/dkms/foo.ko: rebuilt"]);
}

#[test]
fn a_compression_that_neither_the_kernel_nor_kmod_unpacks_is_not_installed() {
    for (own, kmod, installs) in [
        ("kernel/drivers/own.ko.xz", "+ZSTD -XZ", true),
        ("kernel/drivers/own.ko", "+ZSTD +XZ", true),
        ("kernel/drivers/own.ko", "", true),
        ("kernel/drivers/own.ko", "+ZSTD -XZ", false),
    ] {
        let site = Site::new().with_tools(Tools { kmod, ..Tools::default() });
        site.kernel_file(own, b"own");
        let foo = site.built("foo", "1.0", "", &[("foo.ko.xz", "1.0")]);
        let result = site.install(&foo);
        assert_eq!(result.is_ok(), installs, "{own} {kmod}: {result:?}");
        let told = result.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(installs || told.contains("kmod here was built without XZ"), "{told}");
    }
}

#[test]
fn a_module_in_a_new_compression_takes_the_place_of_the_old_one() {
    for (before, after) in [("foo.ko.xz", "foo.ko.zst"), ("foo", "foo.ko.gz"), ("foo.ko.gz", "foo")] {
        for version in ["1.0", ""] {
            let site = Site::new();
            let foo = site.built("foo", "1.0", "", &[(before, version)]);
            site.install(&foo).unwrap();
            fs_err::remove_dir_all(site.tree.layout().built_modules(&foo, &target())).unwrap();
            site.built("foo", "1.0", "", &[(after, version)]);
            site.install(&foo).unwrap();
            let file = if after.contains('.') { after.to_owned() } else { format!("{after}.ko") };
            let modules = site.modules();
            assert_eq!(modules.len(), 1, "{before} {after} {version:?} {modules:?}");
            assert!(modules[0].starts_with(&format!("updates/dkms/{file}: ")), "{modules:?}");
        }
    }
}

#[test]
fn force_repeats_an_install_with_all_its_scripts() {
    let site = Site::new().with(Switch::Force);
    let conf = "PRE_INSTALL='note.sh pre'\nPOST_INSTALL='note.sh post'\nPOST_REMOVE='note.sh removed'";
    let foo = site.built("foo", "1.0", conf, &[("foo", "1.0")]);
    let log = site.folder.join("log");
    site.script(&foo, "note.sh", &format!("echo $1 ${{kernelver-none}} >>{}", log.display()));
    site.install(&foo).unwrap();
    site.install(&foo).unwrap();
    let expected = format!("pre {KERNEL}\npost {KERNEL}\nremoved none\npre {KERNEL}\npost {KERNEL}\n");
    assert_eq!(fs_err::read_to_string(log).unwrap(), expected);
}

#[test]
fn a_failing_pre_install_ends_the_install_before_anything_changed() {
    for (switch, code) in [(None, Some(101)), (Some(Switch::Force), None), (Some(Switch::RpmSafeUpgrade), None)] {
        let site = switch.into_iter().fold(Site::new(), Site::with);
        let foo = site.built("foo", "1.0", "PRE_INSTALL=no.sh", &[("foo", "1.0")]);
        site.script(&foo, "no.sh", "exit 3");
        let result = site.install(&foo);
        assert_eq!(result.err().map(|error| error.kind().code()), code, "{switch:?}");
        assert_eq!(site.modules().is_empty(), code.is_some(), "{switch:?}");
    }
}

#[test]
fn a_failing_post_install_is_a_warning() {
    let site = Site::new();
    let foo = site.built("foo", "1.0", "POST_INSTALL=no.sh", &[("foo", "1.0")]);
    site.script(&foo, "no.sh", "exit 3");
    site.install(&foo).unwrap();
    assert!(site.warnings().iter().any(|text| text.contains("POST_INSTALL")));
}

#[test]
fn what_a_pre_install_script_takes_away_is_noticed() {
    let site = Site::new();
    let foo = site.built("foo", "1.0", "PRE_INSTALL=rm.sh", &[("foo", "1.0")]);
    let built = site.tree.layout().built(&foo, &target());
    site.script(&foo, "rm.sh", &format!("rm -r {}", built.display()));
    assert_eq!(site.install(&foo).unwrap_err().kind(), Kind::BuiltMissing);
}

#[test]
fn a_missing_kernel_or_built_module_is_named() {
    let site = Site::new();
    let foo = site.built("foo", "1.0", "", &[("foo", "1.0")]);
    fs_err::remove_file(site.tree.layout().built_modules(&foo, &target()).join("foo.ko")).unwrap();
    assert_eq!(site.install(&foo).unwrap_err().kind(), Kind::BuiltMissing);
    fs_err::remove_dir_all(site.folder.join("lib/modules").join(KERNEL)).unwrap();
    assert_eq!(site.install(&foo).unwrap_err().kind(), Kind::KernelMissing);
}

#[test]
fn links_instead_of_copies_lead_into_the_tree_and_are_removed_again() {
    let site = Site::new().with(Switch::SymlinkModules);
    let foo = site.built("foo", "1.0", "", &[("foo", "1.0")]);
    site.install(&foo).unwrap();
    let built = site.tree.layout().built_modules(&foo, &target()).join("foo.ko");
    assert_eq!(site.modules(), [format!("updates/dkms/foo.ko: -> {}", built.display())]);
    site.uninstall(&foo).unwrap();
    assert!(site.modules().is_empty());
}

#[test]
fn a_folder_that_cannot_be_written_changes_nothing() {
    let site = Site::new();
    let old = site.built("foo", "1.0", "", &[("foo", "1.0")]);
    let new = site.built("foo", "2.0", "", &[("foo", "2.0"), ("bar", "2.0")]);
    site.install(&old).unwrap();
    // The new one cannot even be staged.
    let built = site.tree.layout().built_modules(&new, &target());
    fs_err::remove_file(built.join("bar.ko")).unwrap();
    fs_err::create_dir(built.join("bar.ko.gz")).unwrap();
    assert!(site.install(&new).is_err());
    assert_eq!(site.modules(), ["updates/dkms/foo.ko: foo-1.0-foo"]);
    assert_eq!((site.active("foo").as_deref(), site.intents()), (Some("1.0"), 0));
    assert!(site.warnings().is_empty(), "{:?}", site.warnings());
}

#[test]
fn what_cannot_be_written_leaves_the_version_before_in_place() {
    let site = Site::new();
    let old = site.built("foo", "1.0", "", &[("foo", "1.0")]);
    let new = site.built("foo", "2.0", "", &[("foo", "2.0"), ("bar", "2.0")]);
    site.install(&old).unwrap();
    // A folder where a file is to appear: the second rename fails.
    fs_err::create_dir_all(site.folder.join("lib/modules").join(KERNEL).join("updates/dkms/bar.ko/x")).unwrap();
    assert!(site.install(&new).is_err());
    assert_eq!(site.modules(), ["updates/dkms/foo.ko: foo-1.0-foo"]);
    assert_eq!(site.active("foo").as_deref(), Some("1.0"));
    assert_eq!(site.intents(), 0);
}

#[test]
fn a_dkms_called_by_a_script_waits_for_what_its_caller_does_on_another_module() {
    let site = Site::new();
    let foo = site.built("foo", "1.0", "", &[("foo", "1.0")]);
    let bar = site.built("bar", "1.0", "", &[("bar", "1.0")]);
    // What a step of the caller holds.
    let held = std::fs::File::open(site.tree.layout().version(&foo).join(KERNEL)).unwrap();
    held.lock_shared().unwrap();
    let nested = Site::beside(&site);
    assert!(nested.lock.is_nested());
    nested.install(&bar).unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| nested.install(&foo));
        std::thread::sleep(Duration::from_millis(500));
        assert!(!waiting.is_finished());
        drop(held);
        waiting.join().unwrap().unwrap();
    });
    assert_eq!(site.modules().len(), 2);
}

#[test]
fn a_step_that_makes_no_sense_is_a_fault_of_ours() {
    let site = Site::new();
    let foo = site.built("foo", "1.0", "", &[("foo", "1.0")]);
    let mut plan = Plan::default();
    plan.push(foo, None, Operation::Install, "", vec![]);
    let error = result(site.carry_out(&plan).remove(0)).unwrap_err();
    assert_eq!(error.kind(), Kind::Internal);
}
