//! Templates at the places and with the words of DKMS 2.

use super::{DEB, Workshop, needs, said};

const SPEC: &str = "%{?!module_name: %{error: no module}}\n%{?!packager: %define packager Own Person <own@example.org>}\n\
    Summary: Own words about %{module_name}\nName: %{module_name}-own\nVersion: %{version}\nRelease: 7%{?dist}\nLicense: GPLv2\n\
    Packager: %{packager}\nBuildArch: noarch\nRequires: dkms >= 2.0\nRequires(post): dkms\nProvides: own-thing = %{version}\n\
    %description\nOur %{module_name}.\n%prep\n%setup -q -n %{module_name}-%{version}\n%install\n\
    mkdir -p %{buildroot}/usr/src\ncp -a . %{buildroot}/usr/src/%{module_name}-%{version}\n\
    %post\ndkms add -m %{module_name} -v %{version} --rpm_safe_upgrade\n%preun\ndkms remove -m %{module_name} -v %{version} --all\n\
    %files\n%defattr(-,root,root)\n/usr/src/%{module_name}-%{version}\n";

fn with_spec(text: &str) -> Workshop {
    let workshop = Workshop::new();
    std::fs::write(workshop.path("demo-v1.2/Demo_x-dkms-mkrpm.spec"), text).unwrap();
    workshop.archive();
    workshop
}

#[test]
fn a_spec_in_the_source_says_what_the_package_is() {
    needs!("rpm");
    let workshop = with_spec(SPEC);
    let file = workshop.package("mkrpm", &["--suggests", "tool"], "Demo_x-own-1.2-7.noarch.rpm");
    let format = "%{SUMMARY}|%{LICENSE}|%{PACKAGER}|[%{SUGGESTNAME}]|%{POSTIN}|%{PREUN}|[%{FILENAMES}\\n]";
    let told = said("rpm", &["-qp", "--qf", format], &file);
    let start = "Own words about Demo_x|GPLv2|Own Person <own@example.org>|tool|dkms add -m Demo_x -v v1.2 --rpm_safe_upgrade|\
                 dkms remove -m Demo_x -v v1.2 --all|/usr/src/Demo_x-v1.2\n";
    assert!(told.starts_with(start), "{told}");
    let relations = said("rpm", &["-qp", "--requires", "--provides"], &file);
    assert!(relations.contains("dkms >= 2.0\n") && relations.contains("own-thing = v1.2\n"), "{relations}");
    assert!(!relations.contains("-kmod"), "{relations}");
    let file = workshop.package("mkrpm", &["--release", "9", "--package-name", "mine"], "mine-1.2-9.noarch.rpm");
    assert!(file.is_file(), "the command line goes before the template");
}

#[test]
fn rpmbuild_takes_the_spec_of_a_person_from_mkspec() {
    needs!("rpmbuild", "rpm");
    let workshop = with_spec(SPEC);
    let made = workshop.dkms(&["mkspec", "demo-v1.2.tar.gz", "--output", "out"]);
    assert!(made.status.success(), "{made:?}");
    let spec = workshop.path("out/Demo_x-dkms.spec");
    assert!(std::fs::read_to_string(&spec).unwrap().starts_with("%global module_name Demo_x\n"));
    let define = |name: &str, folder: &str| format!("{name} {}", workshop.path(folder).display());
    let (top, sources, rpms) = (define("_topdir", "rb"), define("_sourcedir", "out"), define("_rpmdir", "out"));
    let words =
        ["-bb", "--quiet", "--define", &top, "--define", &sources, "--define", &rpms, "--define", "_rpmfilename b.rpm"];
    // The source of this template has no Source: line, so rpmbuild is given it as DKMS 2 gave it.
    let text = std::fs::read_to_string(&spec).unwrap();
    std::fs::write(&spec, text.replace("License: GPLv2", "License: GPLv2\nSource0: Demo_x-v1.2.tar.gz")).unwrap();
    said("rpmbuild", &words, &spec);
    let listing = said("rpm", &["-qpl"], &workshop.path("out/b.rpm"));
    assert!(listing.contains("/usr/src/Demo_x-v1.2/demo.c\n"), "{listing}");
}

#[test]
fn a_spec_that_runs_something_is_refused_with_its_line() {
    let trap = std::env::temp_dir().join(format!("dkms-trap-{}", std::process::id()));
    let workshop = with_spec(&format!("Name: x\nVersion: %(touch {})\n", trap.display()));
    let made = workshop.dkms(&["mkrpm", "demo-v1.2.tar.gz"]);
    let said = String::from_utf8_lossy(&made.stderr).into_owned();
    assert_eq!(made.status.code(), Some(2), "{said}");
    assert!(said.contains("line 2") && said.contains("mkspec") && !trap.exists(), "{said}");
}

#[test]
fn a_debian_folder_in_the_source_says_what_the_package_is() {
    needs!("dpkg-deb", "dpkg-source");
    let workshop = Workshop::new();
    let put = |name: &str, text: &str| {
        let file = workshop.path("demo-v1.2/Demo_x-dkms-mkdeb/debian").join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    put(
        "control",
        "Source: DEBIAN_PACKAGE-dkms\nSection: misc\nPriority: optional\nMaintainer: Own Person <own@example.org>\n\
        Build-Depends: debhelper-compat (= 13)\nStandards-Version: 4.6.2\n\n\
        Package: DEBIAN_PACKAGE-dkms\nArchitecture: all\nDepends: dkms (>= 2.0), ${misc:Depends}\n\
        Description: Own words about MODULE_NAME\n This is MODULE_VERSION.\n",
    );
    put("prerm", "#!/bin/sh\nset -e\n#DEBHELPER#\ndkms remove -m MODULE_NAME -v MODULE_VERSION --all || :\n");
    put(
        "changelog",
        "DEBIAN_PACKAGE-dkms (MODULE_VERSION) stable; urgency=low\n\n  * Own.\n\n -- Own Person <own@example.org>  DATE_STAMP\n",
    );
    put("rules", "#!/usr/bin/make -f\n%:\n\tdh $@\n");
    put("compat", "7\n");
    workshop.archive();
    let file = workshop.package("mkdeb", &[], DEB);
    let told = said("dpkg-deb", &["-I"], &file);
    for part in
        ["Depends: dkms (>= 2.0)\n", "Maintainer: Own Person", "Description: Own words about Demo_x", "This is v1.2."]
    {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert!(told.contains("prerm") && !told.contains("postinst"), "{told}");
    let made = workshop.dkms(&["mkdsc", "demo-v1.2.tar.gz", "--output", "out"]);
    assert!(made.status.success(), "{made:?}");
    let dsc = std::fs::read_to_string(workshop.path("out/demo-x-dkms_1.2-1.dsc")).unwrap();
    assert!(dsc.contains("Source: demo-x-dkms\n") && dsc.contains("Build-Depends: debhelper-compat (= 13)\n"), "{dsc}");
    let mut unpack = std::process::Command::new("dpkg-source");
    let unpacked =
        unpack.args(["-x", "demo-x-dkms_1.2-1.dsc", "u"]).current_dir(workshop.path("out")).output().unwrap();
    assert!(unpacked.status.success(), "{unpacked:?}");
    let changelog = std::fs::read_to_string(workshop.path("out/u/debian/changelog")).unwrap();
    assert!(changelog.starts_with("demo-x-dkms (1.2-1) stable;") && changelog.contains("  * Own."), "{changelog}");
}
