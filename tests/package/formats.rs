//! What is in the packages.

use std::path::Path;

use super::{DEB, RPM, Workshop, needs, said};

#[test]
fn dpkg_finds_the_fields_the_source_and_nothing_else() {
    needs!("dpkg-deb");
    let workshop = Workshop::new();
    let file = workshop.package("mkdeb", &[], DEB);
    let control = said("dpkg-deb", &["-f"], &file);
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
    let listing = said("dpkg-deb", &["-c"], &file);
    let folder = "./usr/src/Demo_x-v1.2";
    for part in ["/", "/Makefile", "/demo.c", "/dkms.conf", "/include/demo.h", "/link.h -> include/demo.h"] {
        assert!(listing.lines().any(|line| line.ends_with(&format!("{folder}{part}"))), "{part} in {listing}");
    }
    assert!(!listing.contains("demo.o") && !listing.contains(".gitignore"), "{listing}");
    assert!(listing.lines().all(|line| line.contains(" root/root ")), "{listing}");
}

#[test]
fn lintian_has_nothing_to_say() {
    needs!("lintian");
    let workshop = Workshop::new();
    let file = workshop.package("mkdeb", &[], DEB);
    let told = said("lintian", &["--allow-root"], &file);
    assert!(!told.contains("E: ") && !told.contains("W: "), "{told}");
}

#[test]
fn rpm_finds_digests_dependencies_and_scripts() {
    needs!("rpm");
    let workshop = Workshop::new();
    let file = workshop.package("mkrpm", &[], RPM);
    let digests = said("rpm", &["-K"], &file);
    assert!(digests.contains("digests OK"), "{digests}");
    let requires = said("rpm", &["-qp", "--requires", "-v"], &file);
    for line in ["manual: dkms", "post: dkms", "preun: dkms", "posttrans: dkms", "manual: /bin/sh"] {
        assert!(requires.lines().any(|found| found == line), "{line} in {requires}");
    }
    let provides = said("rpm", &["-qp", "--provides"], &file);
    assert!(provides.contains("dkms-Demo_x = 1.2-1") && provides.contains("Demo_x-kmod = 1.2-1"), "{provides}");
    let scripts = said("rpm", &["-qp", "--scripts"], &file);
    for part in ["postinstall scriptlet (using /bin/sh)", "preuninstall scriptlet", "posttrans scriptlet"] {
        assert!(scripts.contains(part), "{scripts}");
    }
    let files = said("rpm", &["-qplv"], &file);
    assert!(files.contains("/usr/src/Demo_x-v1.2/link.h -> include/demo.h"), "{files}");
}

#[test]
fn a_placeholder_is_filled_from_the_archives_name() {
    needs!("dpkg-deb");
    let workshop = Workshop::new();
    let file = workshop.package("mkdeb", &[], DEB);
    let out = workshop.path("out");
    said("dpkg-deb", &["-x", file.to_str().unwrap()], &out);
    let conf = std::fs::read_to_string(out.join("usr/src/Demo_x-v1.2/dkms.conf")).unwrap();
    assert!(conf.contains("PACKAGE_VERSION=\"v1.2\"\n"), "{conf}");
}

#[test]
fn without_scripts_the_triggers_are_required() {
    needs!("dpkg-deb", "rpm");
    let workshop = Workshop::new();
    let file = workshop.package("mkdeb", &["--scriptlets", "none"], DEB);
    let listing = said("dpkg-deb", &["-I"], &file);
    assert!(listing.contains("Depends: dkms, dkms-triggers") && !listing.contains("postinst"), "{listing}");
    let file = workshop.package("mkrpm", &["--scriptlets", "none"], RPM);
    let told = said("rpm", &["-qp", "--requires", "--scripts"], &file);
    assert!(told.contains("dkms-triggers") && !told.contains("scriptlet"), "{told}");
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
    needs!("shellcheck", "dpkg-deb", "rpm");
    let workshop = Workshop::new();
    let pem = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/mok.pem");
    let deb = workshop.package("mkdeb", &["--mok-cert", pem], DEB);
    let rpm = workshop.package("mkrpm", &["--mok-cert", pem], RPM);
    assert_eq!(scripts_of_deb(&workshop, &deb), ["preinst", "postinst", "prerm", "postrm"]);
    assert_eq!(scripts_of_rpm(&workshop, &rpm), ["POSTIN", "PREUN", "POSTTRANS"]);
}

/// Reads the scripts of a package with shellcheck, and gives their names.
pub fn scripts_of_deb(workshop: &Workshop, package: &Path) -> Vec<String> {
    let folder = workshop.path("control");
    said("dpkg-deb", &["-e", package.to_str().unwrap()], &folder);
    let mut names: Vec<String> = ["preinst", "postinst", "prerm", "postrm"].map(str::to_owned).into();
    names.retain(|name| folder.join(name).exists());
    names.iter().for_each(|name| plain_shell(&folder.join(name)));
    names
}

/// The same for an RPM.
pub fn scripts_of_rpm(workshop: &Workshop, package: &Path) -> Vec<String> {
    let mut names: Vec<String> = ["PREIN", "POSTIN", "PREUN", "POSTUN", "POSTTRANS"].map(str::to_owned).into();
    names.retain(|name| {
        let text = said("rpm", &["-qp", "--nosignature", "--qf", &format!("%|{name}?{{%{{{name}}}}}|")], package);
        std::fs::write(workshop.path(name), &text).unwrap();
        !text.is_empty()
    });
    names.iter().for_each(|name| plain_shell(&workshop.path(name)));
    names
}

fn plain_shell(script: &Path) {
    said("sh", &["-n"], script);
    // A loop over a list may have one member, and one beginning serves several scripts.
    said("shellcheck", &["-s", "sh", "-e", "SC2041,SC2043,SC2034"], script);
}

#[test]
fn a_document_beside_the_package_says_what_went_in() {
    needs!("sha256sum");
    let workshop = Workshop::new();
    for (verb, name) in [("mkdeb", DEB), ("mkrpm", RPM)] {
        let package = workshop.package(verb, &["--provenance"], name);
        let file = workshop.path(&format!("{name}.spdx.json"));
        let read = || std::fs::read_to_string(&file).unwrap();
        let text = read();
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document["spdxVersion"], "SPDX-2.3");
        let sum = |path: &Path| said("sha256sum", &[], path).split(' ').next().unwrap().to_owned();
        let of = |package: &serde_json::Value| package["checksums"][1]["checksumValue"].as_str().unwrap().to_owned();
        assert_eq!(of(&document["packages"][0]), sum(&package));
        assert_eq!(of(&document["packages"][1]), sum(&workshop.path("demo-v1.2.tar.gz")));
        assert_eq!(document["packages"][0]["licenseDeclared"], "GPL-2.0-only");
        let source = document["files"]
            .as_array()
            .unwrap()
            .iter()
            .find(|file| file["fileName"].as_str().unwrap().ends_with("/demo.c"));
        assert_eq!(of(source.unwrap()), sum(&workshop.path("demo-v1.2/demo.c")));
        // Not a second time, but with --force, and then the same.
        let again = workshop.dkms(&[verb, "demo-v1.2.tar.gz", "--provenance", "-o", "other"]);
        assert!(again.status.success());
        assert_eq!(std::fs::read_to_string(workshop.path("other").join(format!("{name}.spdx.json"))).unwrap(), text);
    }
}

#[test]
fn a_package_for_arch_holds_what_pacman_reads() {
    needs!("tar", "zstd");
    let workshop = Workshop::new();
    let made = workshop.dkms(&["mkpkg", "demo-v1.2.tar.gz", "--for", "arch", "-o", "out"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let file = workshop.path("out/arch/demo_x-dkms-1.2-1-any.pkg.tar.zst");
    let listing = said("tar", &["--zstd", "-tf"], &file);
    let first: Vec<&str> = listing.lines().take(5).collect();
    assert_eq!(first, [".MTREE", ".PKGINFO", "usr/", "usr/src/", "usr/src/Demo_x-v1.2/"]);
    let shown = said("tar", &["--zstd", "-xOf", file.to_str().unwrap()], Path::new(".PKGINFO"));
    for line in ["pkgname = demo_x-dkms", "pkgver = 1.2-1", "arch = any", "depend = dkms", "license = GPL-2.0-only"] {
        assert!(shown.lines().any(|found| found == line), "{line} in {shown}");
    }
    let recipe = std::fs::read_to_string(workshop.path("out/arch/PKGBUILD")).unwrap();
    assert!(recipe.contains("depends=('dkms')\n") && recipe.contains("source=('Demo_x-v1.2.tar.gz')\n"), "{recipe}");
    let refused = workshop.dkms(&["mkdeb", "demo-v1.2.tar.gz", "--for", "arch"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("use mkpkg"));
}
