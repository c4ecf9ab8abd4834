//! Several kernels, several versions, oddly named kernels, and match.

use crate::sandbox::{KERNEL, SECOND, Sandbox, text_of};

fn installed_on(sandbox: &Sandbox, kernels: &[&str]) {
    sandbox.source("foo", "1", "");
    for kernel in kernels {
        sandbox.ok(&format!("install foo/1 -k {kernel}"));
    }
}

#[test]
fn each_unmaking_action_takes_several_kernels_and_tells_what_is_not_there() {
    for (action, left) in [
        ("uninstall", vec![format!("foo/1, {KERNEL}, ARCH: built"), format!("foo/1, {SECOND}, ARCH: built")]),
        ("unbuild", vec!["foo/1: added".to_owned()]),
        ("remove", vec![]),
    ] {
        let sandbox = Sandbox::new();
        installed_on(&sandbox, &[KERNEL, SECOND]);
        let ran = sandbox.ok(&format!("{action} foo/1 -k {KERNEL} -k 9.9.9 -k {SECOND}"));
        assert!(ran.out.contains("9.9.9"), "{action}: {ran:?}");
        assert_eq!(sandbox.status(), left, "{action}");
        assert!(sandbox.files(&format!("lib/modules/{KERNEL}/updates")).is_empty(), "{action}");
    }
}

#[test]
fn removing_one_kernel_leaves_the_others() {
    let sandbox = Sandbox::new();
    installed_on(&sandbox, &[KERNEL, SECOND]);
    sandbox.ok(&format!("remove foo/1 -k {KERNEL}"));
    assert_eq!(sandbox.status(), [format!("foo/1, {SECOND}, ARCH: installed")]);
    sandbox.ok(&format!("remove foo/1 -k {KERNEL}"));
    assert_eq!(sandbox.status(), [format!("foo/1, {SECOND}, ARCH: installed")], "a kernel without a build");
    sandbox.ok("remove foo/1 --all");
    assert!(sandbox.status().is_empty() && sandbox.path("src/foo-1").is_dir());
}

#[test]
fn all_means_kernels_whose_names_begin_with_a_number() {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "");
    sandbox.write("headers/include/config/auto.conf", "");
    let headers = sandbox.path("headers").display().to_string();
    sandbox.ok(&format!("build foo/1 -k odd --kernelsourcedir {headers}"));
    assert_eq!(sandbox.status(), ["foo/1: added"]);
    let ran = sandbox.ok("remove foo/1 --all");
    assert!(ran.out.contains("odd"), "it says what stays: {ran:?}");
    assert_eq!(sandbox.ok("status -k odd").out, "foo/1, odd, ARCH: built\n");
    sandbox.ok("remove foo/1 -k odd");
    assert!(sandbox.status().is_empty());
}

#[test]
fn several_kernels_are_each_tried_and_the_first_failure_decides() {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "");
    let ran = sandbox.dkms(&format!("install foo/1 -k 9.9.9-none -k {KERNEL} -k {SECOND}"));
    assert_eq!(ran.code, 21, "{ran:?}");
    assert_eq!(sandbox.status().len(), 2);
}

#[test]
fn a_second_version_takes_the_place_of_the_first_which_falls_back() {
    let sandbox = Sandbox::new();
    installed_on(&sandbox, &[KERNEL]);
    sandbox.source("foo", "2", "");
    sandbox.ok(&format!("install foo/2 -k {KERNEL}"));
    assert_eq!(
        sandbox.status(),
        [format!("foo/1, {KERNEL}, ARCH: built"), format!("foo/2, {KERNEL}, ARCH: installed")]
    );
    sandbox.ok(&format!("uninstall foo/1 -k {KERNEL}"));
    assert!(sandbox.status().contains(&format!("foo/2, {KERNEL}, ARCH: installed")));
    let file = sandbox.path(&format!("lib/modules/{KERNEL}/updates/dkms/foo.ko"));
    assert_eq!(text_of(&std::fs::read_to_string(file).expect("the module")), "foo 2\n");
}

#[test]
fn autoinstall_takes_the_newest_of_several_versions() {
    let sandbox = Sandbox::new();
    for version in ["1.9", "1.10", "1.10-rc1"] {
        sandbox.source("foo", version, "");
        sandbox.ok(&format!("add foo/{version}"));
    }
    sandbox.ok(&format!("autoinstall -k {KERNEL}"));
    assert!(sandbox.status().contains(&format!("foo/1.10-rc1, {KERNEL}, ARCH: installed")), "{:?}", sandbox.status());
}

#[test]
fn match_installs_what_the_template_has() {
    let sandbox = Sandbox::new();
    installed_on(&sandbox, &[KERNEL]);
    for (name, more) in [("bar", ""), ("not", "BUILD_EXCLUSIVE_KERNEL=-1$")] {
        sandbox.source(name, "1", more);
        sandbox.ok(&format!("install {name}/1 -k {KERNEL}"));
    }
    sandbox.source("built", "1", "");
    sandbox.ok(&format!("build built/1 -k {KERNEL}"));
    let matched = || -> Vec<String> {
        let lines = sandbox.status().into_iter().filter(|line| line.contains(SECOND));
        lines.map(|line| line.split(',').next().unwrap_or_default().to_owned()).collect()
    };
    sandbox.ok(&format!("match -k {SECOND} --templatekernel {KERNEL} bar"));
    assert_eq!(matched(), ["bar/1"]);
    sandbox.ok(&format!("match -k {SECOND} --templatekernel {KERNEL}"));
    assert_eq!(matched(), ["bar/1", "foo/1"], "an excluded and a merely built module are not installed");
    sandbox.ok(&format!("match -k {SECOND} --templatekernel nothing-there"));
}

#[test]
fn match_ends_with_the_code_of_what_failed_and_goes_on() {
    let sandbox = Sandbox::new();
    installed_on(&sandbox, &[KERNEL]);
    sandbox.source("bar", "1", "");
    sandbox.ok(&format!("install bar/1 -k {KERNEL}"));
    sandbox.write("src/bar-1/FAIL", "");
    assert_eq!(sandbox.dkms(&format!("match -k {SECOND} --templatekernel {KERNEL}")).code, 10);
    assert!(sandbox.status().contains(&format!("foo/1, {SECOND}, ARCH: installed")));
}

#[test]
fn status_lists_what_the_filters_mean() {
    let sandbox = Sandbox::new();
    installed_on(&sandbox, &[KERNEL]);
    sandbox.source("bar", "1", "");
    sandbox.ok("add bar/1");
    let foo = format!("foo/1, {KERNEL}, ARCH: installed\n");
    for (options, expected) in [
        (String::new(), format!("bar/1: added\n{foo}")),
        ("-m foo".into(), foo.clone()),
        ("foo/1".into(), foo.clone()),
        ("f*".into(), foo.clone()),
        ("-m foo -v 2".into(), String::new()),
        (format!("-k {SECOND}"), "bar/1: added\nfoo/1: added\n".into()),
        (format!("-m foo -k {SECOND} -k {KERNEL}"), format!("foo/1: added\n{foo}")),
    ] {
        assert_eq!(sandbox.ok(&format!("status {options}")).out, expected, "{options}");
    }
}
