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
fn a_broken_one_leaves_by_what_is_on_record_and_serves_again_when_its_source_is_back() {
    for release in RELEASES {
        let sandbox = inherited(release);
        assert!(sandbox.status().contains(&"broken/1.0: broken".to_owned()), "{release}");
        sandbox.source("broken", "1.0", "");
        assert!(sandbox.status().contains(&format!("broken/1.0, {KERNEL}, ARCH: installed")), "{release}");
        std::fs::remove_dir_all(sandbox.path("src/broken-1.0")).expect("its source");
        sandbox.ok("remove broken/1.0 --all");
        assert_eq!(version(&sandbox, "updates/dkms/broken.ko"), None, "{release}");
        assert!(!sandbox.path("dkms/broken").exists(), "{release}");
    }
}
