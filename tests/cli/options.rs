//! Options, operands and what callers rely on besides exit codes.

use std::os::unix::fs::PermissionsExt;

use crate::sandbox::{KERNEL, Sandbox};

#[test]
fn the_command_line_names_the_module_whatever_its_conf_says() {
    let sandbox = Sandbox::new();
    sandbox.source_in("src/other-2", "foo", "1", "");
    sandbox.ok("add other/2");
    sandbox.ok(&format!("build -m other -v 2 -k {KERNEL}"));
    assert_eq!(sandbox.status(), [format!("other/2, {KERNEL}, ARCH: built")]);
}

#[test]
fn options_take_their_values_after_a_blank_or_an_equals_sign_and_stand_anywhere() {
    let arch = std::env::consts::ARCH;
    for line in [
        format!("build foo/1 -k {KERNEL} -a {arch}"),
        format!("-k={KERNEL} build --module=foo -v=1"),
        format!("--kernelver {KERNEL}/{arch} build foo/1 -j 0"),
        format!("build --kernelver={KERNEL} -m foo/1 -j2 --no-initrd --no-clean-kernel --no-prepare-kernel"),
    ] {
        let sandbox = Sandbox::new();
        sandbox.source("foo", "1", "");
        sandbox.ok(&line);
        assert_eq!(sandbox.status(), [format!("foo/1, {KERNEL}, ARCH: built")], "{line}");
    }
}

#[test]
fn old_options_are_told_and_disregarded() {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "");
    let ran = sandbox.ok("add foo/1 --no-initrd");
    assert!(ran.err.contains("--no-initrd"), "{ran:?}");
    assert_eq!(sandbox.status(), ["foo/1: added"]);
}

#[test]
fn what_an_action_does_not_take_is_refused_before_anything_happens() {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "");
    for (line, told) in [
        ("add foo/1 bar/2", "`bar/2` is one too many"),
        ("add -m foo bar/2", "two modules"),
        ("fsck foo/1 -k 6.1", "fsck does not take -k"),
        ("status --repair", "status does not take --repair"),
        ("lint x --modernize", "lint does not take --modernize"),
        ("mkspec x --binaries", "mkspec does not take --binaries"),
        ("instal foo/1", "did you mean install?"),
        ("statsu", "did you mean status?"),
        ("help instal", "did you mean install?"),
        ("status --hlep", "did you mean --help?"),
        ("mkdeb x --sing-key y", "did you mean --sign-key?"),
    ] {
        let ran = sandbox.plain(line, &[]);
        assert!(ran.code == 2 && ran.err.contains(told), "{line}: {ran:?}");
    }
    assert!(sandbox.status().is_empty());
}

#[test]
fn every_action_has_a_page_of_its_own() {
    let sandbox = Sandbox::new();
    let overview = sandbox.plain("help", &[]);
    assert_eq!((overview.code, &overview.out), (0, &sandbox.plain("--help", &[]).out));
    assert_eq!(overview.out, sandbox.plain("", &[]).out);
    let rows = overview.out.lines().filter_map(|line| line.strip_prefix("  "));
    let verbs: Vec<&str> = rows.filter_map(|row| row.split_whitespace().next()).collect();
    assert!(verbs.len() > 25, "{verbs:?}");
    for verb in verbs {
        let page = sandbox.plain(&format!("{verb} --help"), &[]);
        assert!(page.code == 0 && page.out.starts_with(&format!("Usage: dkms {verb}")), "{verb}: {page:?}");
        assert_eq!(sandbox.plain(&format!("help {verb}"), &[]).out, page.out, "{verb}");
    }
}

#[test]
fn check_looks_at_what_is_named_only() {
    let sandbox = Sandbox::new();
    for name in ["foo", "bar"] {
        sandbox.source(name, "1", "");
        sandbox.ok(&format!("add {name}/1"));
    }
    sandbox.ok(&format!("install foo/1 -k {KERNEL}"));
    sandbox.ok(&format!("check -m foo -k {KERNEL}"));
    let ran = sandbox.dkms(&format!("check bar -k {KERNEL}"));
    assert!(ran.code == 1 && ran.out.contains("bar/1") && !ran.out.contains("foo/1"), "{ran:?}");
}

#[test]
fn a_folder_without_dkms_conf_is_taken_for_a_name() {
    let sandbox = Sandbox::new();
    sandbox.write("a/b/Makefile", "");
    assert_eq!(sandbox.dkms(&format!("add {}", sandbox.path("a/b").display())).code, 1);
    assert_eq!(sandbox.dkms("add a/b").code, 2);
}

#[test]
fn version_and_help_read_as_callers_expect() {
    let sandbox = Sandbox::new();
    for option in ["--version", "-V"] {
        let told = sandbox.ok(option).out;
        let word = told.split_whitespace().next().unwrap_or_default();
        let numbers = word.strip_prefix("dkms-").map(|rest| rest.split('.').count());
        assert_eq!((numbers, told.lines().count()), (Some(3), 1), "{told}");
    }
    assert!(sandbox.ok("--help").out.contains("Usage:"));
}

#[test]
fn what_is_made_can_be_read_by_everybody_whatever_the_callers_habit() {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "");
    let script = format!("umask 077; exec \"$0\" install foo/1 -k {KERNEL} \"$@\"");
    let places = [("--dkmstree", "dkms"), ("--sourcetree", "src"), ("--installtree", "lib/modules")];
    let done = std::process::Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_dkms")])
        .args(places.map(|(option, name)| format!("{option}={}", sandbox.path(name).display())))
        .env("PATH", format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", sandbox.path("bin").display()))
        .env("SANDBOX", sandbox.path(""))
        .output()
        .expect("a shell");
    assert!(done.status.success(), "{done:?}");
    let mode = |name: &str| {
        std::fs::metadata(sandbox.path(name)).unwrap_or_else(|_| panic!("{name}")).permissions().mode() & 0o777
    };
    assert_eq!(mode(&format!("lib/modules/{KERNEL}/updates/dkms/foo.ko")), 0o644);
    for folder in [format!("lib/modules/{KERNEL}/updates/dkms"), "dkms/foo/1".into(), format!("dkms/foo/1/{KERNEL}")] {
        assert_eq!(mode(&folder), 0o755, "{folder}");
    }
}

#[test]
fn a_removal_in_the_transaction_that_added_cancels_itself_once() {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "");
    sandbox.ok("add foo/1");
    assert_eq!(sandbox.dkms("add foo/1 --rpm_safe_upgrade").code, 3, "it notes even so");
    sandbox.ok("remove foo/1 --all --rpm_safe_upgrade");
    assert_eq!(sandbox.status(), ["foo/1: added"]);
    sandbox.ok("remove foo/1 --all --rpm_safe_upgrade");
    assert!(sandbox.status().is_empty());
}

#[test]
fn force_installs_again_with_post_remove_and_without_a_build() {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "POST_REMOVE=gone.sh");
    sandbox.write("src/foo-1/gone.sh", "#!/bin/sh\necho gone >>\"$SANDBOX/gone\"\n");
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(sandbox.path("src/foo-1/gone.sh"), mode).expect("its mode");
    sandbox.ok(&format!("install foo/1 -k {KERNEL}"));
    sandbox.tool("make", "#!/bin/sh\nexit 1\n");
    sandbox.ok(&format!("install foo/1 -k {KERNEL} --force"));
    assert_eq!(std::fs::read_to_string(sandbox.path("gone")).expect("it ran"), "gone\n");
    sandbox.ok(&format!("uninstall foo/1 -k {KERNEL}"));
    assert_eq!(std::fs::read_to_string(sandbox.path("gone")).expect("it ran"), "gone\ngone\n");
}

#[test]
fn autoinstall_skips_what_is_excluded_and_defers_what_waits_for_an_unknown_module() {
    for (more, code) in [
        ("BUILD_EXCLUSIVE_KERNEL=^7", 0),
        ("AUTOINSTALL=no", 0),
        ("BUILD_DEPENDS=nowhere", 0),
        ("BUILD_DEPENDS=manual", 11),
        ("BUILD_DEPENDS=foo", 11),
    ] {
        let sandbox = Sandbox::new();
        sandbox.source("manual", "1", "AUTOINSTALL=no");
        sandbox.source("foo", "1", more);
        sandbox.ok("add manual/1");
        sandbox.ok("add foo/1");
        assert_eq!(sandbox.dkms(&format!("autoinstall -k {KERNEL}")).code, code, "{more}");
        assert_eq!(sandbox.status(), ["foo/1: added", "manual/1: added"], "{more}");
    }
}

#[test]
fn a_kernel_event_that_fails_for_a_module_has_its_code_and_goes_on() {
    let sandbox = Sandbox::new();
    for name in ["bar", "foo"] {
        sandbox.source(name, "1", "");
        sandbox.ok(&format!("install {name}/1 -k {KERNEL}"));
    }
    // A folder where the note of the uninstall has to go.
    let note = format!("dkms/.intents/bar,1,{KERNEL},{}.json/x", std::env::consts::ARCH);
    sandbox.write(&note, "");
    let ran = sandbox.dkms(&format!("kernel_prerm -k {KERNEL}"));
    assert_eq!(ran.code, 14, "{ran:?}");
    assert_eq!(sandbox.status(), [format!("bar/1, {KERNEL}, ARCH: installed"), "foo/1: added".to_owned()]);
}

#[test]
fn a_closed_reader_of_status_is_no_error() {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "");
    sandbox.ok("add foo/1");
    let line = format!("set -o pipefail; \"$0\" status --dkmstree={} | true", sandbox.path("dkms").display());
    let done =
        std::process::Command::new("bash").args(["-c", &line, env!("CARGO_BIN_EXE_dkms")]).output().expect("bash");
    assert!(done.status.success() && done.stderr.is_empty(), "{done:?}");
}

#[test]
fn debug_tells_each_decision_with_its_reason_each_command_with_its_environment_and_each_file() {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "");
    let told = sandbox.ok(&format!("install foo/1 -k {KERNEL} --debug")).err;
    let has = |begin: &str| told.lines().any(|line| line.starts_with(&format!("dkms: debug: {begin}")));
    for begin in ["decided:", "build     foo/1 for", "run ", "  environment: ", "wrote ", "renamed "] {
        assert!(has(begin), "{begin}: {told}");
    }
    assert!(has(&format!("wrote /lib/modules/{KERNEL}/")), "{told}");
    let verbose = sandbox.ok(&format!("uninstall foo/1 -k {KERNEL} --verbose"));
    assert!(!verbose.err.contains("debug"), "{verbose:?}");
}
