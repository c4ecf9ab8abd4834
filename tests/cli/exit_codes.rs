//! Every exit code that can be shown without a real kernel has a case that shows it.

#[allow(dead_code, reason = "the table of the program itself; the crate gives nothing of it away")]
#[path = "../../src/exit.rs"]
mod exit;

use exit::Kind::{self, *};

use crate::sandbox::{KERNEL, Sandbox};

/// What a case needs before its command.
type Prepare = fn(&Sandbox);

fn nothing(_: &Sandbox) {}

fn source(sandbox: &Sandbox) {
    sandbox.source("foo", "1", "");
}

fn added(sandbox: &Sandbox) {
    source(sandbox);
    sandbox.ok("add foo/1");
}

fn built(sandbox: &Sandbox) {
    source(sandbox);
    sandbox.ok(&format!("build foo/1 -k {KERNEL}"));
}

fn installed(sandbox: &Sandbox) {
    source(sandbox);
    sandbox.ok(&format!("install foo/1 -k {KERNEL}"));
}

fn broken(sandbox: &Sandbox) {
    built(sandbox);
    std::fs::remove_dir_all(sandbox.path("src/foo-1")).expect("its source");
}

fn with(sandbox: &Sandbox, more: &str) {
    sandbox.source("foo", "1", more);
}

fn failed(sandbox: &Sandbox) {
    source(sandbox);
    sandbox.write("src/foo-1/FAIL", "");
    sandbox.dkms(&format!("build foo/1 -k {KERNEL}"));
}

fn script(sandbox: &Sandbox, directive: &str, code: u8) {
    with(sandbox, &format!("{directive}=hook.sh"));
    sandbox.write("src/foo-1/hook.sh", &format!("#!/bin/sh\nexit {code}\n"));
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(sandbox.path("src/foo-1/hook.sh"), mode).expect("its mode");
}

fn depmod_fails(sandbox: &Sandbox) {
    built(sandbox);
    sandbox.write("depmod-fails", "");
}

fn archived(sandbox: &Sandbox) {
    built(sandbox);
    sandbox.ok(&format!("mktarball foo/1 -k {KERNEL} --archive ./foo.dkms.tar.gz"));
}

#[test]
fn success_and_nothing_to_do_end_with_0() {
    let cases = [
        (nothing as Prepare, ""),
        (nothing, "--version"),
        (nothing, "status"),
        (nothing, "status -m nowhere"),
        (source, "add foo/1"),
        (source, "add src/foo-1"),
        (source, "add src/foo-1/dkms.conf"),
        (source, "build foo/1 -k KERNEL"),
        (source, "install -m foo -v 1 -k KERNEL"),
        (source, "install foo -v 1 -k KERNEL"),
        (built, "build foo/1 -k KERNEL"),
        (built, "build foo/1 -k KERNEL --force"),
        (installed, "install foo/1 -k KERNEL"),
        (installed, "install foo/1 -k KERNEL --force"),
        (added, "uninstall foo/1 -k KERNEL"),
        (added, "unbuild foo/1 -k KERNEL"),
        (added, "unbuild foo/1 --all"),
        (added, "remove foo/1 --all"),
        (added, "remove foo/1 -k KERNEL"),
        (installed, "remove foo/1 --all"),
        (installed, "remove foo/1 -k KERNEL"),
        (installed, "kernel_prerm -k KERNEL"),
        (installed, "kernel_preinst -k KERNEL"),
        (added, "autoinstall -k KERNEL"),
        (added, "kernel_postinst -k KERNEL"),
        (nothing, "autoinstall -k 6.9.9-without-headers"),
        (installed, "match -k 6.1.0-2 --templatekernel KERNEL"),
    ];
    show(&cases.map(|(prepare, line)| (0, prepare, line)));
}

/// Each case of the table of exit codes with command lines that end with it, told apart by `--json`.
const CASES: &[(Kind, Prepare, &str)] = &[
    (NameMissing, nothing, "add"),
    (NameMissing, nothing, "build foo -k KERNEL"),
    (NameMissing, nothing, "add /nowhere/foo"),
    (ArchCount, added, "build foo/1 -k a -k b -k c -a x86_64 -a x86_64"),
    (TemplateMissing, added, "match -k KERNEL"),
    (CheckPending, added, "check"),
    (CheckFailed, failed, "check"),
    (BadOption, nothing, "--frobnicate"),
    (BadOption, nothing, "frobnicate"),
    (KernelWithAll, added, "remove foo/1 --all -k KERNEL"),
    (SourceMissing, nothing, "add foo/1"),
    (SourceMissing, nothing, "build foo/1 -k KERNEL"),
    (SourceMissing, nothing, "install foo/1 -k KERNEL"),
    (ArchiveMissing, nothing, "add --archive nowhere.tar.gz"),
    (ArchiveMissing, nothing, "ldtarball nowhere.tar.gz"),
    (TemplateIsKernel, nothing, "match -k KERNEL --templatekernel KERNEL"),
    (ArchWithAll, added, "remove foo/1 --all -a x86_64"),
    (AlreadyAdded, added, "add foo/1"),
    (AlreadyAdded, added, "add src/foo-1"),
    (NotInTree, nothing, "remove foo/1 --all"),
    (NotInTree, nothing, "unbuild foo/1 -k KERNEL"),
    (NotInTree, nothing, "uninstall foo/1 -k KERNEL"),
    (NotInTree, nothing, "mktarball foo/1 -k KERNEL"),
    (NotInTree, added, "match zz/1 -k KERNEL --templatekernel other"),
    (NotAnArchive, source, "ldtarball src/foo-1/foo.c"),
    (TwoActions, nothing, "add build"),
    (ConfMissing, |sandbox| sandbox.write("src/foo-1/foo.c", ""), "add foo/1"),
    (KernelCount, nothing, "kernel_postinst"),
    (KernelCount, nothing, "kernel_prerm -k a -k b"),
    (KernelCount, nothing, "autoinstall -k a -k b"),
    (KernelCount, nothing, "match -k a -k b --templatekernel c"),
    (Broken, broken, "build foo/1 -k KERNEL"),
    (Broken, broken, "install foo/1 -k KERNEL"),
    (Broken, broken, "mktarball foo/1 -k KERNEL"),
    (AllRefused, added, "build foo/1 --all"),
    (AllRefused, added, "add foo/1 --all"),
    (AllRefused, added, "install foo/1 --all"),
    (AllRefused, added, "autoinstall --all"),
    (AllRefused, added, "match --all --templatekernel KERNEL"),
    (AllRefused, added, "kernel_postinst --all"),
    (AllRefused, added, "kernel_prerm --all"),
    (PatchMissing, |sandbox| with(sandbox, "PATCH=missing.patch"), "build foo/1 -k KERNEL"),
    (PatchMissing, |sandbox| with(sandbox, "PATCH=../x.patch"), "build foo/1 -k KERNEL"),
    (PatchFailed, bad_patch, "build foo/1 -k KERNEL"),
    (KernelMissing, built_for_no_kernel, "install foo/1 -k 6.9.9"),
    (BuiltMissing, built_without_file, "install foo/1 -k KERNEL"),
    (BuiltChanged, built_and_cut, "install foo/1 -k KERNEL"),
    (NotSigned, unsigned_where_it_matters, "install foo/1 -k KERNEL"),
    (DepmodFailed, depmod_fails, "install foo/1 -k KERNEL"),
    (TarballFailed, added, "mktarball foo/1 -k KERNEL"),
    (NotBuilt, added, "mkdeb foo/1 --binaries -k KERNEL"),
    (ModuleNotProduced, |sandbox| (source(sandbox), sandbox.tool("make", "#!/bin/sh\n")).0, "build foo/1 -k KERNEL"),
    (FsckFound, |sandbox| (added(sandbox), std::fs::remove_dir_all(sandbox.path("src/foo-1")).unwrap()).1, "fsck"),
    (FsckFound, |sandbox| (added(sandbox), sandbox.write("dkms/foo/1/6.1/x/log/make.log", "")).1, "fsck"),
    (FsckFailed, build_lost_and_failing, "fsck --repair"),
    (BadConf, |sandbox| with(sandbox, "AUTOINSTALL=maybe"), "add foo/1"),
    (BadConf, |sandbox| sandbox.write("src/foo-1/dkms.conf", "PACKAGE_NAME=foo\n"), "add foo/1"),
    (BadConf, |sandbox| sandbox.write("there/dkms.conf", "if\n"), "add there"),
    (EmptySource, only_conf, "build foo/1 -k KERNEL"),
    (OnlyBuilds, only_builds, "build foo/1 -k 6.1.0-2"),
    (OnlyAndOnly, built, "mktarball foo/1 -k KERNEL --binaries-only --source-only"),
    (ArchiveAlreadyAdded, archived, "ldtarball foo.dkms.tar.gz"),
    (NoWritePermission, built, "mktarball foo/1 -k KERNEL --archive /proc/foo.tar.gz"),
    (RpmFailed, |sandbox| sandbox.write("foo.rpm", "no package"), "add foo.rpm"),
    (MakeFailed, |sandbox| (source(sandbox), sandbox.write("src/foo-1/FAIL", "")).0, "build foo/1 -k KERNEL"),
    (OtherKernel, |sandbox| makes(sandbox, ". elf.sh; kernelver=9.9; elf >foo.ko"), "build foo/1 -k KERNEL"),
    (NoModule, |sandbox| makes(sandbox, "echo text >foo.ko"), "build foo/1 -k KERNEL"),
    (NotMadeNow, |sandbox| (makes(sandbox, ":"), sandbox.write("src/foo-1/foo.ko", "x")).0, "build foo/1 -k KERNEL"),
    (AutoinstallFailed, |sandbox| (added(sandbox), sandbox.write("src/foo-1/FAIL", "")).0, "autoinstall -k KERNEL"),
    (AutoinstallFailed, |sandbox| (added(sandbox), sandbox.write("src/foo-1/FAIL", "")).0, "kernel_postinst -k KERNEL"),
    (DependencyMissing, |sandbox| with(sandbox, "BUILD_DEPENDS=other"), "build foo/1 -k KERNEL"),
    (KernelEmpty, added, "build foo/1 -k="),
    (KernelEmpty, added, "build foo/1 -k KERNEL -a="),
    (HeadersMissing, added, "build foo/1 -k 6.9.9-without-headers"),
    (HeadersMissing, added, "autoinstall -k 6.9.9-without-headers"),
    (HeadersMissing, added, "kernel_postinst -k 6.9.9-without-headers"),
    (Excluded, |sandbox| with(sandbox, "BUILD_EXCLUSIVE_KERNEL=^7"), "build foo/1 -k KERNEL"),
    (PreInstallFailed, |sandbox| script(sandbox, "PRE_INSTALL", 3), "install foo/1 -k KERNEL"),
    (Script(42), |sandbox| script(sandbox, "PRE_BUILD", 42), "build foo/1 -k KERNEL"),
    (Script(43), |sandbox| script(sandbox, "POST_BUILD", 43), "build foo/1 -k KERNEL"),
    (Script(44), |sandbox| script(sandbox, "POST_ADD", 44), "add foo/1"),
    (BinariesOnly, binaries_only, "ldtarball foo.dkms.tar.gz"),
    (ArchiveWithoutConf, |sandbox| archive_of(sandbox, "readme", "nothing"), "ldtarball some.tar"),
    (ArchiveWithoutConf, |sandbox| archive_of(sandbox, "dkms.conf", "PACKAGE_NAME=foo\n"), "ldtarball some.tar"),
    (ArchiveWithoutConf, |sandbox| archive_of(sandbox, "dkms.conf", "if\n"), "add some.tar"),
    (NothingInstalled, same_file_in_the_kernel, "install foo/1 -k KERNEL"),
    (KernelEventFailed, cannot_uninstall, "kernel_prerm -k KERNEL"),
    (KernelEventFailed, cannot_uninstall, "kernel_preinst -k KERNEL"),
    (InputOutput, cannot_uninstall, "uninstall foo/1 -k KERNEL"),
];

/// Cases that no command line in a sandbox can show: the file whose test does, and words of that test.
const ELSEWHERE: &[(Kind, &str, &str)] = &[
    (NotRoot, "tests/cli/exit_codes.rs", "fn only_questions_and_packaging_work_without_root"),
    (LockTimeout, "tests/cli/exit_codes.rs", "fn a_script_is_refused_what_its_caller_is_at"),
    (OperandWithoutConf, "tests/package/errors.rs", "fn a_folder_without_a_dkms_conf_or_anything_to_make_one_from"),
    (OutputExists, "tests/package/errors.rs", "\"exists already\""),
    (LintFailed, "tests/package/mkconf.rs", "fn lint_ends_with_1_when_something_would_fail"),
    (NoOsRelease, "src/cli/request.rs", "fn nothing_is_made_in_a_root_of_an_unknown_distribution"),
    (ArchUnknown, "src/cli/targets.rs", "fn without_an_architecture_nothing_can_be_named"),
    (Internal, "src/action/install/tests/installing.rs", "fn a_step_that_makes_no_sense_is_a_fault_of_ours"),
    (Usage, "src/engine/event/mod.rs", "other_unknown_words_with_64"),
    (ArchiveNotLoaded, "tests/compliance/scenarios/common_postinst_loads_the_archive_of_its_package.sh", "run 2 "),
    (StartFailed, "tests/e2e/bad/a_source_that_does_not_compile_is_told_and_tried_again.sh", "ends_with 1 "),
    (EventFailed, "tests/cli/policy.rs", "fn each_policy_gives_each_hook_its_exit_code"),
    (InitramfsFailed, "tests/cli/initramfs.rs", "fn a_failure_is_told_until_it_is_made"),
    (StaysUnsigned, "src/action/compile/tests/resign.rs", "Kind::StaysUnsigned"),
    (Interrupted, "tests/cli/interrupted.rs", "fn a_build_that_is_asked_to_stop_ends_with_all_it_started"),
    (NoRoom, "tests/cli/rooms.rs", "fn a_room_that_is_demanded_and_cannot_be_had_is_an_error"),
    (
        MokRefused,
        "tests/e2e/sign/a_key_is_enrolled_once_and_replaced_without_building.sh",
        "ends_with 1 dkms mok enroll",
    ),
    (PreflightOpen, "tests/cli/preflight.rs", "fn builds_that_take_too_long_are_given_up"),
    (PreflightFailed, "tests/cli/preflight.rs", "fn a_module_that_would_not_build_is_told_with_its_first_error"),
    (MatrixOpen, "tests/cli/matrix.rs", "fn a_host_with_another_compiler_says_so_and_builds_nothing"),
    (MatrixFailed, "tests/cli/matrix.rs", "fn a_cell_that_fails_is_told_with_its_cause_and_stops_no_other"),
    (PreflightStops, "tests/cli/preflight.rs", "fn a_transaction_is_stopped_only_where_the_settings_want_it"),
    (CompilerMissing, "tests/e2e/distro/a_module_is_built_for_another_kind_of_machine.sh", "ends_with 10 dkms build"),
    (
        ToolchainUnfit,
        "tests/e2e/root/a_root_without_a_compiler_is_built_for_with_another_toolchain.sh",
        "refused 10 '/tools has no make'",
    ),
    (ReadOnly, "tests/e2e/bad/a_read_only_tree_is_told_and_left_for_later.sh", "ends_with 74 dkms install"),
    (
        DevicesMissing,
        "tests/e2e/bad/a_chroot_without_devices_is_told_so_and_no_module_is_blamed.sh",
        "ends_with 74 chroot",
    ),
    (DiskFull, "tests/e2e/bad/a_full_disk_while_building_leaves_the_state_before.sh", "-eq 78"),
];

#[test]
fn each_case_has_a_command_line_that_ends_with_it() {
    let faults: Vec<String> = CASES.iter().filter_map(|(kind, prepare, line)| unlike(*kind, *prepare, line)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    show(&CASES.iter().map(|(kind, prepare, line)| (kind.code().into(), *prepare, *line)).collect::<Vec<_>>());
}

#[test]
fn no_case_of_the_table_goes_untested() {
    for (kind, file, words) in ELSEWHERE {
        let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(text.contains(words), "{}: {file} does not hold {words}", kind.name());
    }
    let shown = |kind: &&Kind| {
        CASES.iter().any(|(shown, ..)| shown == *kind) || ELSEWHERE.iter().any(|(shown, ..)| shown == *kind)
    };
    let missing: Vec<String> = Kind::ALL.iter().filter(|kind| !shown(kind)).map(|kind| kind.name()).collect();
    assert!(missing.is_empty(), "no test shows {missing:?}");
}

/// Tells how the end of a command differs from the expected case.
fn unlike(kind: Kind, prepare: Prepare, line: &str) -> Option<String> {
    let sandbox = Sandbox::new();
    prepare(&sandbox);
    let ran = sandbox.dkms(&format!("{} --json", line.replace("KERNEL", KERNEL)));
    let found: serde_json::Value = serde_json::from_str(&ran.out).unwrap_or_default();
    (found["error"]["case"] != kind.name()).then(|| format!("dkms {line}: {} is expected: {ran:#?}", kind.name()))
}

#[test]
fn a_script_is_refused_what_its_caller_is_at() {
    let sandbox = Sandbox::new();
    script(&sandbox, "PRE_INSTALL", 0);
    let places = [("dkmstree", "dkms"), ("sourcetree", "src"), ("installtree", "lib/modules")];
    let options: String =
        places.iter().map(|(option, name)| format!(" --{option}={}", sandbox.path(name).display())).collect();
    let nested = format!("{} unbuild foo/1 -k {KERNEL}{options}", env!("CARGO_BIN_EXE_dkms"));
    sandbox.write("src/foo-1/hook.sh", &format!("#!/bin/sh\n{nested}\necho $? >\"$SANDBOX/code\"\n"));
    sandbox.ok(&format!("install foo/1 -k {KERNEL}"));
    assert_eq!(std::fs::read_to_string(sandbox.path("code")).expect("a code"), "75\n");
}

fn archive_of(sandbox: &Sandbox, name: &str, text: &str) {
    sandbox.write(&format!("some/{name}"), text);
    let tar = std::process::Command::new("tar")
        .args(["-C", "some", "-cf", "some.tar", "."])
        .current_dir(sandbox.path(""))
        .status();
    assert!(tar.expect("tar").success());
}

fn binaries_only(sandbox: &Sandbox) {
    built(sandbox);
    sandbox.ok(&format!("mktarball foo/1 -k {KERNEL} --binaries-only --archive ./foo.dkms.tar.gz"));
    sandbox.ok("remove foo/1 --all");
    std::fs::remove_dir_all(sandbox.path("src/foo-1")).expect("its source");
}

/// Neither has a version, and both have the same bytes.
fn same_file_in_the_kernel(sandbox: &Sandbox) {
    built(sandbox);
    let built = sandbox.path(&format!("dkms/foo/1/{KERNEL}/{}/module/foo.ko", std::env::consts::ARCH));
    sandbox.write(&format!("lib/modules/{KERNEL}/kernel/foo.ko"), &std::fs::read_to_string(built).expect("a module"));
}

/// A folder is where the note of the uninstall has to go.
fn cannot_uninstall(sandbox: &Sandbox) {
    installed(sandbox);
    sandbox.write(&format!("dkms/.intents/foo,1,{KERNEL},{}.json/x", std::env::consts::ARCH), "");
}

/// Its build is gone, and cannot be made again.
fn build_lost_and_failing(sandbox: &Sandbox) {
    installed(sandbox);
    std::fs::remove_dir_all(sandbox.path(&format!("dkms/foo/1/{KERNEL}"))).expect("its build");
    sandbox.write("src/foo-1/FAIL", "");
}

fn bad_patch(sandbox: &Sandbox) {
    with(sandbox, "PATCH=bad.patch");
    sandbox.write("src/foo-1/patches/bad.patch", "--- a/foo.c\n+++ b/foo.c\n@@ -1 +1 @@\n-nowhere\n+x\n");
}

/// Built, and then the kernel went.
fn built_for_no_kernel(sandbox: &Sandbox) {
    source(sandbox);
    sandbox.write("headers/include/config/auto.conf", "");
    let headers = sandbox.path("headers");
    sandbox.ok(&format!("build foo/1 -k 6.9.9 --kernelsourcedir {}", headers.display()));
}

fn built_without_file(sandbox: &Sandbox) {
    built(sandbox);
    let modules = format!("dkms/foo/1/{KERNEL}/{}/module", std::env::consts::ARCH);
    std::fs::remove_file(sandbox.path(&modules).join("foo.ko")).expect("a built module");
}

fn makes(sandbox: &Sandbox, script: &str) {
    source(sandbox);
    sandbox.tool("make", &format!("#!/bin/sh\n{script}\n"));
}

fn built_and_cut(sandbox: &Sandbox) {
    built(sandbox);
    sandbox.write(&format!("dkms/foo/1/{KERNEL}/{}/module/foo.ko", std::env::consts::ARCH), "");
}

fn unsigned_where_it_matters(sandbox: &Sandbox) {
    source(sandbox);
    let config = format!("lib/modules/{KERNEL}/build/include/config/auto.conf");
    sandbox.write(&config, "CONFIG_MODULES=y\nCONFIG_MODULE_SIG_FORCE=y\n");
}

fn only_builds(sandbox: &Sandbox) {
    built(sandbox);
    sandbox.ok(&format!("mktarball foo/1 --binaries-only -k {KERNEL} --archive ./foo.dkms.tar.gz"));
    sandbox.ok("remove foo/1 --all");
    std::fs::remove_dir_all(sandbox.path("src/foo-1")).expect("its source");
    sandbox.dkms("ldtarball foo.dkms.tar.gz");
}

fn only_conf(sandbox: &Sandbox) {
    source(sandbox);
    std::fs::remove_file(sandbox.path("src/foo-1/foo.c")).expect("its source");
}

/// Runs each case in a machine of its own; all that differ are told.
fn show(cases: &[(i32, Prepare, &str)]) {
    let faults: Vec<String> = cases.iter().filter_map(|(code, prepare, line)| fault(*code, *prepare, line)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn fault(code: i32, prepare: Prepare, line: &str) -> Option<String> {
    let sandbox = Sandbox::new();
    prepare(&sandbox);
    let line = line.replace("KERNEL", KERNEL);
    let ran = sandbox.dkms(&line);
    let told = code == 0 || ran.err.contains("dkms: error: ");
    let quiet = sandbox.dkms(&format!("{line} --quiet"));
    let is_quiet = quiet.out.is_empty() && quiet.err.is_empty();
    (ran.code != code || !told || !is_quiet).then(|| format!("dkms {line}: {code} is expected: {ran:#?}, {quiet:?}"))
}

#[test]
fn only_questions_and_packaging_work_without_root() {
    let sandbox = Sandbox::new();
    installed(&sandbox);
    assert_eq!(sandbox.dkms_as_nobody("status").code, 0);
    for line in ["add foo/2", "build foo/1", "remove foo/1 --all", "unbuild foo/1 --all", "install foo/1"] {
        let ran =
            sandbox.dkms_as_nobody(&format!("{line} -k {KERNEL}").replace(&format!("--all -k {KERNEL}"), "--all"));
        assert_eq!(ran.code, 1, "{line}: {ran:?}");
    }
    for line in ["uninstall foo/1", "autoinstall", "kernel_postinst", "kernel_preinst", "kernel_prerm"] {
        let ran = sandbox.dkms_as_nobody(&format!("{line} -k {KERNEL}"));
        assert_eq!(ran.code, 1, "{line}: {ran:?}");
    }
}
