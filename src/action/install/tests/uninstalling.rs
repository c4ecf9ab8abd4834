use super::*;

#[test]
fn only_a_module_of_the_same_version_is_removed() {
    let site = Site::new();
    let foo = site.built("foo", "1.0", "", &[("foo", "1.0")]);
    site.install(&foo).unwrap();
    site.kernel_file("updates/dkms/foo.ko", &ko("3.0", "somebody else's"));
    site.uninstall(&foo).unwrap();
    assert_eq!(site.modules(), ["updates/dkms/foo.ko: somebody else's"]);
    assert!(site.warnings().iter().any(|text| text.contains("left in place")), "{:?}", site.warnings());
    assert_eq!(site.active("foo"), None);
}

#[test]
fn folders_that_became_empty_go_and_others_stay() {
    let site = Site::new();
    let foo = site.built("foo", "1.0", "", &[("foo", "1.0")]);
    site.kernel_file("updates/other.txt", b"x");
    site.install(&foo).unwrap();
    site.uninstall(&foo).unwrap();
    let kernel = site.folder.join("lib/modules").join(KERNEL);
    assert!(!kernel.join("updates/dkms").exists() && kernel.join("updates").is_dir());
}

#[test]
fn a_source_that_went_bad_or_away_does_not_keep_its_modules_in() {
    for spoil in ["conf", "source"] {
        let site = Site::new();
        let foo = site.built("foo", "1.0", "", &[("foo", "1.0")]);
        site.kernel_file("kernel/drivers/foo.ko", b"original");
        site.install(&foo).unwrap();
        let source = site.tree.layout().source(&foo);
        match spoil {
            "conf" => fs_err::write(source.join("dkms.conf"), "PACKAGE_NAME=\n").unwrap(),
            _ => fs_err::remove_dir_all(source).unwrap(),
        }
        site.uninstall(&foo).unwrap();
        assert_eq!(site.modules(), ["kernel/drivers/foo.ko: original"], "{spoil}");
    }
}

#[test]
fn modules_that_a_shell_dkms_installed_are_removed_without_a_note_of_ours() {
    let site = Site::new();
    let foo = site.built("foo", "1.0", "", &[("foo", "1.0")]);
    site.kernel_file("updates/dkms/foo.ko", &ko("1.0", "signed differently"));
    site.lock.writer().activate(&foo, &target()).unwrap();
    site.uninstall(&foo).unwrap();
    assert!(site.modules().is_empty(), "{:?}", site.modules());
}

#[test]
fn what_is_not_installed_is_said_and_no_error() {
    let site = Site::new();
    let foo = site.built("foo", "1.0", "", &[("foo", "1.0")]);
    site.uninstall(&foo).unwrap();
    assert!(site.called().is_empty(), "{:?}", site.called());
}

#[test]
fn post_remove_runs_without_the_variables_of_a_kernel_and_its_failure_is_a_warning() {
    let site = Site::new();
    let foo = site.built("foo", "1.0", "POST_REMOVE=gone.sh", &[("foo", "1.0")]);
    let log = site.folder.join("log");
    site.script(&foo, "gone.sh", &format!("echo ${{module-none}} ${{arch-none}} >{}; exit 4", log.display()));
    site.install(&foo).unwrap();
    site.uninstall(&foo).unwrap();
    assert_eq!(fs_err::read_to_string(log).unwrap(), "none none\n");
    assert!(site.warnings().iter().any(|text| text.contains("POST_REMOVE")));
}

#[test]
fn a_kernel_whose_package_is_gone_goes_with_its_last_module() {
    let site = Site::new();
    let foo = site.built("foo", "1.0", "", &[("foo", "1.0")]);
    site.install(&foo).unwrap();
    let kernel = site.folder.join("lib/modules").join(KERNEL);
    fs_err::remove_file(kernel.join("modules.builtin")).unwrap();
    fs_err::remove_dir_all(kernel.join("kernel")).unwrap();
    site.uninstall(&foo).unwrap();
    assert!(!kernel.exists());
}

#[test]
fn a_kernel_that_is_gone_does_not_come_back_with_an_original() {
    let site = Site::new();
    site.kernel_file("kernel/drivers/foo.ko", &ko("0.1", "original"));
    let foo = site.built("foo", "1.0", "", &[("foo", "1.0")]);
    site.install(&foo).unwrap();
    let kernel = site.folder.join("lib/modules").join(KERNEL);
    fs_err::remove_dir_all(&kernel).unwrap();
    site.uninstall(&foo).unwrap();
    assert!(!kernel.exists());
    assert_eq!(site.active("foo"), None);
    assert!(!site.tree.layout().originals(&foo.name, &target()).exists());
}

#[test]
fn unbuild_takes_the_module_out_first_and_forget_the_rest() {
    let site = Site::new();
    let foo = site.built("foo", "1.0", "", &[("foo", "1.0")]);
    site.install(&foo).unwrap();
    for outcome in site.run(&[(Operation::Unbuild, &foo), (Operation::Forget, &foo)]) {
        result(outcome).unwrap();
    }
    assert!(site.modules().is_empty());
    assert!(site.tree.module(&foo).unwrap().is_none());
    assert!(!site.tree.layout().module(&foo.name).exists());
    assert!(site.tree.layout().source(&foo).is_dir(), "the source stays");
}
