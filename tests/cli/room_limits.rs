//! What is lent to a build, and how builds that take all they can get end.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::rooms::{GOOD, build, furnished, may_have_rooms, runs};
use crate::sandbox::tools::needs;
use crate::sandbox::{KERNEL, Ran, Sandbox};

/// Ways to write into the kernel's headers, and what is told of them.
const INTO_HEADERS: &[(&str, &str)] = &[
    ("echo x >>$SANDBOX/lib/modules/6.1.0-1/build/include/config/auto.conf", "include/config/auto.conf"),
    ("mkdir $SANDBOX/lib/modules/6.1.0-1/build/own", "build/own"),
    ("cd $SANDBOX/lib/modules/6.1.0-1/build; touch include/stamp; cd - >/dev/null", "build/include/stamp"),
    ("cd $SANDBOX/lib/modules/6.1.0-1/build; rm include/config/auto.conf; cd - >/dev/null", "auto.conf"),
];

#[test]
fn a_build_that_writes_into_the_headers_gets_a_copy_at_level_full_and_is_told_where_elsewhere() {
    if !may_have_rooms() {
        return;
    }
    for (line, told) in INTO_HEADERS {
        for level in ["full", "user"] {
            let sandbox = furnished();
            let before = sandbox.files("lib/modules/6.1.0-1/build");
            let (ran, log) = build(&sandbox, level, &format!("set -e\n{line}\n{GOOD}"));
            if ran.err.contains("cannot be had here") {
                continue;
            }
            assert!(
                ran.err.contains(told) && ran.err.contains("which is the kernel's"),
                "{level} {line}: {ran:#?}\n{log}"
            );
            assert_eq!(ran.code, if level == "full" { 0 } else { 10 }, "{level} {line}: {ran:#?}\n{log}");
            assert_eq!(sandbox.files("lib/modules/6.1.0-1/build"), before, "{level} {line}");
            let config = sandbox.path("lib/modules/6.1.0-1/build/include/config/auto.conf");
            assert_eq!(fs::read_to_string(config).expect("it"), "CONFIG_MODULES=y\n", "{level} {line}");
        }
    }
}

#[test]
fn what_fails_over_a_copy_of_the_headers_is_told_and_not_what_needed_the_copy() {
    if !may_have_rooms() {
        return;
    }
    let sandbox = furnished();
    let script = format!("set -e\n{}\necho 'foo.c:1:1: error: of its own' >&2\nexit 2\n", INTO_HEADERS[1].0);
    let (ran, log) = build(&sandbox, "full", &script);
    if ran.err.contains("cannot be had here") {
        return;
    }
    assert!(ran.code == 10 && ran.err.contains("error: of its own"), "{ran:#?}\n{log}");
    assert!(!ran.err.contains("Read-only") && !ran.err.contains("dmesg"), "{ran:#?}\n{log}");
}

#[test]
fn what_a_room_shows_read_only_is_no_fault_of_a_disk() {
    if !may_have_rooms() {
        return;
    }
    let (ran, log) = build(&furnished(), "full", "echo x >/usr/of-a-build || exit 2\n");
    if ran.err.contains("cannot be had here") {
        return;
    }
    assert!(ran.err.contains("may write its own folder only") && !ran.err.contains("dmesg"), "{ran:#?}\n{log}");
}

#[test]
fn a_folder_that_settings_give_to_builds_is_written_at_level_full_and_told_where_it_cannot_be() {
    if !may_have_rooms() {
        return;
    }
    for (mode, level, is_written) in
        [(0o755, "full", true), (0o1777, "full", true), (0o755, "user", false), (0o1777, "user", true)]
    {
        let sandbox = furnished();
        let given = sandbox.path("given");
        fs::create_dir(&given).expect("a folder");
        fs::set_permissions(&given, fs::Permissions::from_mode(mode)).expect("its mode");
        sandbox.source("hostile", "1", "MAKE=\"bash ./hostile\"");
        sandbox.write("src/hostile-1/hostile", &format!("echo y >$SANDBOX/given/made || exit 1\n{GOOD}"));
        sandbox.ok("add hostile/1");
        let settings = format!("room={level}\nroom_writable={}\n", given.display());
        let ran = sandbox.with_settings_and(&settings, &[("DKMS_ROOM", "")], &format!("build hostile/1 -k {KERNEL}"));
        if ran.err.contains("cannot be had here") {
            continue;
        }
        assert_eq!(ran.code == 0, is_written, "{mode:o} {level}: {ran:#?}");
        assert_eq!(!ran.err.contains("room_writable names"), is_written, "{mode:o} {level}: {ran:#?}");
        if let Ok(made) = fs::metadata(given.join("made")) {
            assert_eq!(made.uid() == 0, mode == 0o755, "{mode:o} {level}: who owns what was made");
        }
    }
}

/// Builds that take all they can get, each under which setting, and a word of why they ended.
const GREEDY: &[(&str, &str, &str)] = &[
    ("room_processes=300", "bomb() { bomb | bomb & }\nbomb\nsleep 600.5", "room_processes"),
    ("room_processes=300", "exec perl -e 'while (1) { fork }' 600.5", "room_processes"),
    ("room_memory=1024", "exec perl -e 'my $x = \"x\" x (10 << 30); sleep 600.5'", "room_memory"),
    (
        "room_memory=2048",
        "for i in 1 2 3 4 5 6 7 8 9 10; do (head -c 1100M /dev/zero; exec sleep 600.5) | tail -c 1G >/dev/null & done; wait",
        "room_memory",
    ),
];

#[test]
fn a_fork_bomb_and_ten_gibibytes_end_as_a_failed_build_and_the_machine_lives() {
    if !may_have_rooms() {
        return;
    }
    for level in ["full", "user"] {
        for (setting, script, named) in GREEDY {
            let begin = std::time::Instant::now();
            let Some(ran) = with_setting(level, setting, script) else { continue };
            assert!(ran.code == 10 && ran.err.contains(named), "{level} {setting}: {ran:#?}");
            assert!(begin.elapsed().as_secs() < 60, "{level} {setting}: {:?}", begin.elapsed());
            assert!(!runs("600.5"), "{level} {setting}: something of it is left");
        }
    }
}

fn with_setting(level: &str, setting: &str, script: &str) -> Option<Ran> {
    let sandbox = Sandbox::new();
    sandbox.source("hostile", "1", "MAKE=\"bash ./hostile\"");
    sandbox.write("src/hostile-1/hostile", &format!("{script}\nexit 1\n"));
    sandbox.ok("add hostile/1");
    let settings = format!("room={level}\n{setting}\n");
    let ran = sandbox.with_settings_and(&settings, &[("DKMS_ROOM", "")], &format!("build hostile/1 -k {KERNEL}"));
    (!ran.err.contains("cannot be had here")).then_some(ran)
}

#[test]
fn a_disk_that_a_build_fills_is_named_and_nothing_of_the_build_is_in_the_tree() {
    needs!("unshare");
    if !may_have_rooms() {
        return;
    }
    for level in ["full", "user", "none"] {
        let sandbox = Sandbox::new();
        sandbox.source("hostile", "1", "MAKE=\"bash ./hostile\"");
        sandbox.write("src/hostile-1/hostile", "head -c 60M /dev/zero >big && exit 0\nexit 1\n");
        let small = format!(
            "mount -t tmpfs -o size=24m,mode=755 none {tree} && \"$0\" add hostile/1 {places} && DKMS_ROOM={level} exec \"$0\" \"$@\"",
            tree = sandbox.path("dkms").display(),
            places = sandbox.places().join(" "),
        );
        let wrapper = ["unshare", "-m", "bash", "-c", &small].map(str::to_owned);
        let ran = sandbox.through(&wrapper, &["build", "hostile/1", "-k", KERNEL]);
        if ran.err.contains("cannot be had here") {
            continue;
        }
        assert!(ran.code != 0 && ran.err.contains("the disk is full"), "{level}: {ran:#?}");
    }
}

#[test]
fn a_place_of_a_module_that_leaves_the_build_folder_is_refused() {
    let sandbox = furnished();
    sandbox.write("lib/modules/6.1.0-1/updates/other.ko", "theirs");
    for (place, script, why) in [
        ("../../../other/1", "", "BUILT_MODULE_LOCATION"),
        ("a/../../../other", "mkdir a", "BUILT_MODULE_LOCATION"),
        ("a/..", "ln -s $SANDBOX/lib/modules/6.1.0-1/updates/x a", "did not produce"),
        ("a", "ln -s $SANDBOX/lib/modules/6.1.0-1/updates a", "leaves the build folder"),
    ] {
        sandbox.source(
            "sly",
            "1",
            &format!("BUILT_MODULE_NAME=other\nBUILT_MODULE_LOCATION={place}\nMAKE=\"bash ./sly\""),
        );
        sandbox.write("src/sly-1/sly", &format!("{script}\nexit 0\n"));
        sandbox.dkms("add sly/1");
        let ran = sandbox.dkms(&format!("build sly/1 -k {KERNEL} --force"));
        assert!(ran.code != 0 && ran.err.contains(why), "{place}: {ran:#?}");
        assert!(!sandbox.path(&format!("dkms/sly/1/{KERNEL}/{}", std::env::consts::ARCH)).exists(), "{place}");
    }
}
