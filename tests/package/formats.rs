//! What is in the packages.

use super::{DEB, RPM, Workshop, tool};

#[test]
fn dpkg_finds_the_fields_the_source_and_nothing_else() {
    let workshop = Workshop::new();
    let file = workshop.package("mkdeb", &[], DEB);
    let Some((true, control)) = tool("dpkg-deb", &["-f"], &file) else { return };
    for line in [
        "Package: demo-x-dkms",
        "Version: 1.2-1",
        "Architecture: all",
        "Maintainer: A Writer <writer@example.org>",
        "Depends: dkms",
        "Provides: demo-x-modules (= 1.2-1)",
        "Section: kernel",
        "Description: Demonstration of a module (DKMS)",
    ] {
        assert!(control.lines().any(|found| found == line), "{line} in {control}");
    }
    let (_, listing) = tool("dpkg-deb", &["-c"], &file).unwrap();
    let folder = "./usr/src/Demo_x-v1.2";
    for part in ["/", "/Makefile", "/demo.c", "/dkms.conf", "/include/demo.h", "/link.h -> include/demo.h"] {
        assert!(listing.lines().any(|line| line.ends_with(&format!("{folder}{part}"))), "{part} in {listing}");
    }
    assert!(!listing.contains("demo.o") && !listing.contains(".gitignore"), "{listing}");
    assert!(listing.lines().all(|line| line.contains(" root/root ")), "{listing}");
}

#[test]
fn lintian_has_nothing_to_say() {
    let workshop = Workshop::new();
    let file = workshop.package("mkdeb", &[], DEB);
    if let Some((_, said)) = tool("lintian", &["--allow-root"], &file) {
        assert!(!said.contains("E: ") && !said.contains("W: "), "{said}");
    }
}

#[test]
fn rpm_finds_digests_dependencies_and_scripts() {
    let workshop = Workshop::new();
    let file = workshop.package("mkrpm", &[], RPM);
    let Some((true, digests)) = tool("rpm", &["-K"], &file) else { return };
    assert!(digests.contains("digests OK"), "{digests}");
    let (_, requires) = tool("rpm", &["-qp", "--requires", "-v"], &file).unwrap();
    for line in ["manual: dkms", "post: dkms", "preun: dkms", "posttrans: dkms", "manual: /bin/sh"] {
        assert!(requires.lines().any(|found| found == line), "{line} in {requires}");
    }
    let (_, provides) = tool("rpm", &["-qp", "--provides"], &file).unwrap();
    assert!(provides.contains("dkms-Demo_x = 1.2-1") && provides.contains("Demo_x-kmod = 1.2-1"), "{provides}");
    let (_, scripts) = tool("rpm", &["-qp", "--scripts"], &file).unwrap();
    for part in ["postinstall scriptlet (using /bin/sh)", "preuninstall scriptlet", "posttrans scriptlet"] {
        assert!(scripts.contains(part), "{scripts}");
    }
    let (_, files) = tool("rpm", &["-qplv"], &file).unwrap();
    assert!(files.contains("/usr/src/Demo_x-v1.2/link.h -> include/demo.h"), "{files}");
}

#[test]
fn a_placeholder_is_filled_from_the_archives_name() {
    let workshop = Workshop::new();
    let file = workshop.package("mkdeb", &[], DEB);
    let out = workshop.path("out");
    let Ok(status) = std::process::Command::new("dpkg-deb").arg("-x").args([&file, &out]).status() else { return };
    assert!(status.success());
    let conf = std::fs::read_to_string(out.join("usr/src/Demo_x-v1.2/dkms.conf")).unwrap();
    assert!(conf.contains("PACKAGE_VERSION=\"v1.2\"\n"), "{conf}");
}

#[test]
fn without_scripts_the_triggers_are_required() {
    let workshop = Workshop::new();
    let file = workshop.package("mkdeb", &["--scriptlets", "none"], DEB);
    if let Some((_, listing)) = tool("dpkg-deb", &["-I"], &file) {
        assert!(listing.contains("Depends: dkms, dkms-triggers") && !listing.contains("postinst"), "{listing}");
    }
    let file = workshop.package("mkrpm", &["--scriptlets", "none"], RPM);
    if let Some((_, said)) = tool("rpm", &["-qp", "--requires", "--scripts"], &file) {
        assert!(said.contains("dkms-triggers") && !said.contains("scriptlet"), "{said}");
    }
}

#[test]
fn a_prebuilt_object_makes_a_package_for_its_processor() {
    let workshop = Workshop::new();
    let mut elf = b"\x7fELF\x02\x01\x01".to_vec();
    elf.resize(18, 0);
    elf.extend(183u16.to_le_bytes());
    elf.resize(64, 0);
    std::fs::write(workshop.path("demo-v1.2/core.o_shipped"), elf).unwrap();
    workshop.archive();
    workshop.package("mkdeb", &[], "demo-x-dkms_1.2-1_arm64.deb");
    workshop.package("mkrpm", &[], "Demo_x-dkms-1.2-1.aarch64.rpm");
}

#[test]
fn the_scripts_are_plain_shell() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/spec-templates");
    let scripts = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    for script in scripts.filter(|path| path.extension().is_some_and(|end| end == "sh")) {
        assert_eq!(tool("sh", &["-n"], &script).unwrap(), (true, String::new()), "{}", script.display());
        if let Some((clean, said)) = tool("shellcheck", &["-s", "sh"], &script) {
            assert!(clean, "{said}");
        }
    }
}
