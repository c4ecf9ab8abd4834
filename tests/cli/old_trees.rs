//! Trees that DKMS 2.8, 3.0 and 3.2 left are taken over as they are (tests/fixtures/trees says how they were made).

use std::fs;

use crate::sandbox::{KERNEL, SECOND, Sandbox};

const RELEASES: [&str; 3] = ["bullseye", "bookworm", "trixie"];

fn inherited(release: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.inherit(release);
    sandbox
}

/// The MODULE_VERSION of a module below the kernel's folder; None when it is not there.
fn version(sandbox: &Sandbox, file: &str) -> Option<String> {
    let bytes = fs::read(sandbox.path(&format!("lib/modules/{KERNEL}/{file}"))).ok()?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (_, rest) = text.split_once("version=")?;
    Some(rest.split('\0').next().unwrap_or_default().to_owned())
}

#[test]
fn every_state_is_read_as_the_release_meant_it() {
    for release in RELEASES {
        let sandbox = inherited(release);
        // Only the newest of these saves originals on Debian.
        let original = if release == "trixie" { " (Original modules exist)" } else { "" };
        let expected = [
            "added/1.0: added".to_owned(),
            format!("binary/1.0, {KERNEL}, ARCH: built"),
            "broken/1.0: broken".to_owned(),
            format!("built/1.0, {KERNEL}, ARCH: built"),
            format!("dummy/2.0, {KERNEL}, ARCH: installed{original}"),
            "failed/1.0: added".to_owned(),
            format!("inst/1.0, {KERNEL}, ARCH: installed"),
            format!("inst/1.0, {SECOND}, ARCH: installed"),
            format!("twice/2.0, {KERNEL}, ARCH: installed{original}"),
            format!("two/1.0, {KERNEL}, ARCH: built"),
            format!("two/2.0, {KERNEL}, ARCH: installed"),
        ];
        assert_eq!(sandbox.status(), expected, "{release}");
        assert!(sandbox.ok("status").err.contains("broken/1.0 is broken"), "{release}");
    }
}

#[test]
fn what_is_installed_is_adopted_and_nothing_is_compiled_but_what_was_not_built() {
    for release in RELEASES {
        let sandbox = inherited(release);
        let before = fs::read(sandbox.path(&format!("lib/modules/{KERNEL}/updates/dkms/inst.ko"))).expect("a module");
        let ran = sandbox.dkms(&format!("autoinstall -k {KERNEL}"));
        assert_eq!(ran.code, 11, "`failed` fails still: {ran:?}");
        for built in ["added", "failed"] {
            assert!(ran.out.contains(&format!("building {built}/1.0")), "{release}: {ran:?}");
        }
        assert_eq!(ran.out.matches("building").count(), 2, "{release}: {ran:?}");
        let after = fs::read(sandbox.path(&format!("lib/modules/{KERNEL}/updates/dkms/inst.ko"))).expect("a module");
        assert_eq!(before, after);
        let adopted = sandbox.files("dkms/.records/fingerprints").join(" ");
        for name in ["inst,1.0", "dummy,2.0", "twice,2.0", "two,2.0"] {
            assert!(adopted.contains(name), "{release}: {name} in {adopted}");
        }
    }
}

#[test]
fn an_uninstall_brings_back_what_the_release_saved() {
    for (release, dummy, twice) in [
        ("bullseye", ["kernel/drivers/net/dummy.ko"].as_slice(), "extra/twice.ko"),
        ("bookworm", &["kernel/drivers/net/dummy.ko"], "extra/twice.ko"),
        ("trixie", &["kernel/drivers/net/dummy.ko"], "extra/twice.ko"),
    ] {
        let sandbox = inherited(release);
        for module in ["dummy", "twice"] {
            sandbox.ok(&format!("uninstall {module}/2.0 -k {KERNEL}"));
            assert!(sandbox.status().contains(&format!("{module}/2.0, {KERNEL}, ARCH: built")), "{release}");
            assert_eq!(version(&sandbox, &format!("updates/dkms/{module}.ko")), None, "{release}");
            assert!(!sandbox.path(&format!("dkms/{module}/original_module")).exists(), "{release}");
        }
        for file in dummy.iter().chain([&twice]) {
            assert_eq!(version(&sandbox, file).as_deref(), Some("1.0"), "{release}: {file}");
        }
    }
}

#[test]
fn versions_change_places_and_leave() {
    for release in RELEASES {
        let sandbox = inherited(release);
        sandbox.ok(&format!("install two/1.0 -k {KERNEL} --force"));
        assert_eq!(version(&sandbox, "updates/dkms/two.ko").as_deref(), Some("1.0"), "{release}");
        sandbox.ok("remove two/1.0 --all");
        assert_eq!(version(&sandbox, "updates/dkms/two.ko"), None, "{release}");
        sandbox.ok("remove two/2.0 --all");
        sandbox.ok("remove inst/1.0 --all");
        for gone in ["two", "inst"] {
            assert!(!sandbox.path("dkms").join(gone).exists(), "{release}: {gone}");
        }
        assert!(sandbox.path("src/two-1.0").is_dir() && sandbox.path("src/inst-1.0").is_dir(), "{release}");
    }
}

#[test]
fn a_broken_one_is_refused_until_its_source_is_back() {
    for release in RELEASES {
        let sandbox = inherited(release);
        assert_eq!(sandbox.dkms("remove broken/1.0 --all").code, 4, "{release}");
        assert_eq!(version(&sandbox, "updates/dkms/broken.ko").as_deref(), Some("1.0"), "{release}: untouched");
        sandbox.source("broken", "1.0", "");
        assert!(sandbox.status().contains(&format!("broken/1.0, {KERNEL}, ARCH: installed")), "{release}");
        sandbox.ok("remove broken/1.0 --all");
        assert_eq!(version(&sandbox, "updates/dkms/broken.ko"), None, "{release}");
    }
}

#[test]
fn the_log_of_a_failed_build_is_kept_by_the_next_try_and_binaries_can_be_installed() {
    for release in RELEASES {
        let sandbox = inherited(release);
        let old = fs::read_to_string(sandbox.path("dkms/failed/1.0/build/make.log")).expect("a log");
        assert_eq!(sandbox.dkms(&format!("build failed/1.0 -k {KERNEL}")).code, 10, "{release}");
        let logs = sandbox.files("dkms/.logs/failed/1.0");
        let kept = |file: &String| {
            fs::read_to_string(sandbox.path("dkms/.logs/failed/1.0").join(file)).is_ok_and(|text| text == old)
        };
        assert!(logs.iter().any(kept), "{release}: {logs:?}");
        sandbox.ok(&format!("install binary/1.0 -k {KERNEL}"));
        assert_eq!(version(&sandbox, "updates/dkms/binary.ko").as_deref(), Some("1.0"), "{release}");
        sandbox.ok("remove binary/1.0 --all");
        assert!(!sandbox.path("dkms/binary").exists(), "{release}");
    }
}

#[test]
fn a_kernel_that_leaves_takes_its_builds_along_and_a_renewal_has_what_it_needs() {
    for release in RELEASES {
        let sandbox = inherited(release);
        sandbox.ok(&format!("install inst/1.0 -k {SECOND} --force"));
        sandbox.ok(&format!("build built/1.0 -k {KERNEL} --force"));
        sandbox.ok(&format!("kernel_prerm -k {KERNEL}"));
        let status = sandbox.status();
        assert!(status.contains(&format!("inst/1.0, {SECOND}, ARCH: installed")), "{release}: {status:?}");
        let left: Vec<&String> =
            status.iter().filter(|line| line.contains(KERNEL) && !line.starts_with("broken")).collect();
        assert!(left.is_empty(), "{release}: {left:?}");
    }
}

#[test]
fn copies_that_2_x_kept_for_reference_do_not_come_back_and_an_original_without_a_note_does() {
    let sandbox = inherited("collisions");
    let suffix = "ARCH: installed (Original modules exist)";
    assert_eq!(sandbox.status(), [format!("old/2.0, {KERNEL}, {suffix}"), format!("twice/2.0, {KERNEL}, {suffix}")]);
    sandbox.ok("remove twice/2.0 --all");
    sandbox.ok("remove old/2.0 --all");
    assert_eq!(version(&sandbox, "kernel/drivers/misc/twice.ko").as_deref(), Some("1.0"));
    assert_eq!(version(&sandbox, "kernel/drivers/net/twice.ko"), None);
    let collisions = format!("dkms/twice/original_module/{KERNEL}/{}/collisions", std::env::consts::ARCH);
    assert_eq!(sandbox.files(&collisions), ["kernel/drivers/net/twice.ko"], "nothing of the user's is deleted");
    assert_eq!(version(&sandbox, "updates/dkms/old.ko").as_deref(), Some("1.0"), "where the module was");
    assert!(sandbox.status().is_empty());
}
