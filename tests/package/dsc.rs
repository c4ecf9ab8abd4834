//! `mkdsc`: a source package that Debian's tools take.

use super::{Workshop, needs};

#[test]
fn dpkg_source_unpacks_what_the_dsc_vouches_for() {
    needs!("dpkg-source");
    let workshop = Workshop::new();
    let made = workshop.dkms(&["mkdsc", "demo-v1.2.tar.gz", "--epoch", "1", "--output", "out"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let dsc = std::fs::read_to_string(workshop.path("out/demo-x_1.2-1.dsc")).unwrap();
    for line in
        ["Format: 3.0 (quilt)", "Source: demo-x", "Binary: demo-x-dkms", "Version: 1:1.2-1", "Checksums-Sha256:"]
    {
        assert!(dsc.lines().any(|found| found == line), "{line} in {dsc}");
    }
    let mut unpack = std::process::Command::new("dpkg-source");
    unpack.args(["-x", "demo-x_1.2-1.dsc", "unpacked"]).current_dir(workshop.path("out"));
    let said = unpack.output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let read = |file: &str| std::fs::read_to_string(workshop.path("out/unpacked").join(file)).unwrap();
    assert!(read("dkms.conf").contains("PACKAGE_VERSION=\"v1.2\""));
    assert_eq!(
        (read("debian/source/format"), read("debian/demo-x-dkms.dkms")),
        ("3.0 (quilt)\n".into(), "dkms.conf\n".into())
    );
    let control = read("debian/control");
    assert!(control.contains("Build-Depends: debhelper-compat (= 13), dh-sequence-dkms\n"), "{control}");
    assert!(control.contains("Provides: demo-x-modules (= ${binary:Version})\n"), "{control}");
}

#[test]
fn a_source_package_is_the_same_each_time() {
    let workshop = Workshop::new();
    let make = || {
        let made = workshop.dkms(&["mkdsc", "demo-v1.2.tar.gz", "--output", "out", "--force"]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let names = ["demo-x_1.2.orig.tar.xz", "demo-x_1.2-1.debian.tar.xz", "demo-x_1.2-1.dsc"];
        names.map(|name| std::fs::read(workshop.path("out").join(name)).unwrap())
    };
    assert!(make() == make());
}
