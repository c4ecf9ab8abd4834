//! What an author's source brings to its packages: the first try, the wish for the driver, files besides, hints.

use super::{Workshop, needs, said};

fn write(workshop: &Workshop, name: &str, text: &str) {
    let file = workshop.path(name);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

/// Standard output and error together, and the exit code.
fn ran(workshop: &Workshop, words: &[&str]) -> (String, i32) {
    let output = workshop.dkms(words);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout) + &text(&output.stderr), output.status.code().unwrap())
}

/// A source with this dkms.conf, and nobody who says who wrote it.
fn source(conf: &str) -> Workshop {
    let workshop = Workshop::new();
    write(&workshop, "foo/dkms.conf", conf);
    write(&workshop, "foo/Makefile", "obj-m := foo.o\n");
    write(&workshop, "foo/foo.c", "MODULE_LICENSE(\"GPL\");\n");
    workshop
}

const CONF: &str = "PACKAGE_NAME=foo\nPACKAGE_VERSION=1.0\nBUILT_MODULE_NAME[0]=foo\nDEST_MODULE_LOCATION[0]=/extra\n";

#[test]
fn the_first_try_makes_a_package_and_says_what_it_assumed() {
    needs!("dpkg-deb");
    let workshop = source(&format!("{CONF}AUTOINSTALL=yes\n"));
    let (told, code) = ran(&workshop, &["mkdeb", "foo", "--strict"]);
    assert!(code == 2 && told.contains("--maintainer"), "{told}");
    let (told, code) = ran(&workshop, &["mkdsc", "foo", "-o", "dsc"]);
    assert!(code == 2 && told.contains("--maintainer"), "{told}");
    let (told, code) = ran(&workshop, &["mkdeb", "foo"]);
    assert!(code == 0 && told.contains("nobody is named as the maintainer, so it is "), "{told}");
    let shown = said("dpkg-deb", &["-I"], &workshop.path("foo-dkms_1.0-1_all.deb"));
    assert!(shown.contains("Maintainer: ") && shown.contains('@'), "{shown}");
    write(&workshop, "foo/.git/config", "[user]\n\tname = A B\n\temail = a@b.org\n");
    let (told, code) = ran(&workshop, &["mkdeb", "foo", "--force", "--untracked"]);
    assert!(code == 0 && told.contains("maintainer A B <a@b.org>") && !told.contains("nobody is named"), "{told}");
}

#[test]
fn versions_are_asked_for_where_nobody_says_them() {
    let with = |version: &str| CONF.replace("PACKAGE_VERSION=1.0", &format!("PACKAGE_VERSION={version}"));
    for (folder, version, because) in [
        ("foo", "", "leaves it empty"),
        ("rtl8812AU_8821AU_linux", "\"#MODULE_VERSION#\"", "holds the placeholder #MODULE_VERSION#"),
        ("foo-main", "\"@PKGVER@\"", "holds the placeholder @PKGVER@"),
        ("foo-5x", "\"@PKGVER@\"", "holds the placeholder @PKGVER@"),
    ] {
        let workshop = source(&with(version));
        if folder != "foo" {
            std::fs::rename(workshop.path("foo"), workshop.path(folder)).unwrap();
        }
        let (told, code) = ran(&workshop, &["mkrpm", folder]);
        assert!(code == 1 && told.contains(because) && told.contains("--version"), "{folder}: {told}");
        let (told, code) = ran(&workshop, &["mkrpm", folder, "-v", "2.0"]);
        assert!(code == 0 && told.contains("foo-dkms-2.0-1.noarch.rpm"), "{told}");
    }
}

#[test]
fn a_program_in_the_source_makes_no_package_of_its_processor() {
    let workshop = source(&format!("{CONF}AUTOINSTALL=yes\n"));
    let mut program = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x03\0".to_vec();
    program.resize(64, 0);
    std::fs::create_dir_all(workshop.path("foo/tools")).unwrap();
    std::fs::write(workshop.path("foo/tools/bin2h"), &program).unwrap();
    let (told, code) = ran(&workshop, &["mkdeb", "foo"]);
    assert!(code == 0 && told.contains("foo-dkms_1.0-1_all.deb"), "{told}");
    assert!(told.contains("tools/bin2h is a program for one processor") && told.contains("--arch"), "{told}");
    // An object that modules are linked from is another matter.
    program[16] = 1;
    std::fs::write(workshop.path("foo/blob.o_shipped"), &program).unwrap();
    let (told, _) = ran(&workshop, &["mkdeb", "foo"]);
    assert!(told.contains("_i386.deb"), "{told}");
}

#[test]
fn a_package_is_a_wish_for_its_driver_whatever_the_conf_leaves_open() {
    needs!("dpkg-deb", "rpm");
    let workshop = source(&format!("{CONF}MAKE_smp=\"make\"\nPATCH_text=\"x\"\n"));
    let (told, code) = ran(&workshop, &["mkdeb", "foo"]);
    assert!(code == 0 && told.contains("/etc/dkms/foo-1.0.conf says it for every kernel"), "{told}");
    let deb = workshop.path("foo-dkms_1.0-1_all.deb");
    let folder = workshop.path("out");
    assert!(std::process::Command::new("dpkg-deb").arg("-R").arg(&deb).arg(&folder).status().unwrap().success());
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    assert!(read("etc/dkms/foo-1.0.conf").ends_with("AUTOINSTALL=\"yes\"\n"));
    assert_eq!(read("DEBIAN/conffiles"), "/etc/dkms/foo-1.0.conf\n");
    assert_eq!(read("usr/src/foo-1.0/dkms.conf"), format!("{CONF}MAKE_smp=\"make\"\nPATCH_text=\"x\"\n"), "as it was");
    let (told, code) = ran(&workshop, &["mkrpm", "foo"]);
    assert_eq!(code, 0, "{told}");
    let rpm = workshop.path("foo-dkms-1.0-1.noarch.rpm");
    assert_eq!(said("rpm", &["-qp", "--configfiles"], &rpm), "/etc/dkms/foo-1.0.conf\n");
    for word in ["AUTOINSTALL=no\n", "AUTOINSTALL=yes\n"] {
        let workshop = source(&format!("{CONF}{word}"));
        let (told, code) = ran(&workshop, &["mkdeb", "foo"]);
        assert!(code == 0 && !told.contains("/etc/dkms/"), "{told}");
    }
}

#[test]
fn files_besides_the_source_are_declared_once_for_both_formats() {
    needs!("dpkg-deb", "rpm");
    let workshop = source(&format!("{CONF}AUTOINSTALL=yes\n"));
    write(&workshop, "foo.conf", "options foo a=1\n");
    write(&workshop, "foo.rules", "KERNEL==\"foo\"\n");
    let files =
        ["--file", "foo.conf=/etc/modprobe.d/foo.conf", "--file", "foo.rules=/usr/lib/udev/rules.d/60-foo.rules"];
    for verb in ["mkdeb", "mkrpm"] {
        let (told, code) = ran(&workshop, &[&[verb, "foo"], files.as_slice()].concat());
        assert_eq!(code, 0, "{told}");
    }
    let rpm = workshop.path("foo-dkms-1.0-1.noarch.rpm");
    assert_eq!(said("rpm", &["-qp", "--configfiles"], &rpm), "/etc/modprobe.d/foo.conf\n");
    assert!(said("rpm", &["-qpl"], &rpm).contains("/usr/lib/udev/rules.d/60-foo.rules\n"));
    let listed = said("dpkg-deb", &["-c"], &workshop.path("foo-dkms_1.0-1_all.deb"));
    for place in ["./etc/modprobe.d/foo.conf\n", "./usr/lib/udev/rules.d/60-foo.rules\n"] {
        assert!(listed.contains(place), "{place} in {listed}");
    }
    let (told, code) = ran(&workshop, &["mkdeb", "foo", "--force", "--file", "foo.conf=/usr/src/x"]);
    assert!(code == 2 && told.contains("where DKMS itself puts things"), "{told}");
}

#[test]
fn what_lint_finds_is_told_when_a_package_is_made() {
    let workshop = source(&format!("{CONF}AUTOINSTALL=Y\nPOST_INSTALL=/bin/rm -f x\n"));
    for words in [&["mkdeb", "foo"][..], &["mkrpm", "foo"], &["mkspec", "foo", "-o", "spec"]] {
        let (told, code) = ran(&workshop, words);
        assert!(code == 0 && told.contains("dkms.conf:5: AUTOINSTALL is `Y` [autoinstall-value]"), "{told}");
        assert!(told.contains("dkms.conf:6: POST_INSTALL has no quotes"), "{told}");
    }
}

#[test]
fn rpms_state_the_size_of_what_they_hold() {
    needs!("rpm", "rpm2cpio");
    let workshop = source(&format!("{CONF}AUTOINSTALL=yes\n"));
    let (told, code) = ran(&workshop, &["mkrpm", "foo"]);
    assert_eq!(code, 0, "{told}");
    let rpm = workshop.path("foo-dkms-1.0-1.noarch.rpm");
    let unpacked = std::process::Command::new("rpm2cpio").arg(&rpm).output().unwrap();
    assert!(unpacked.status.success(), "{unpacked:?}");
    let stated = said("rpm", &["-qp", "--qf", "%{ARCHIVESIZE}"], &rpm);
    assert_eq!(stated, unpacked.stdout.len().to_string());
    said("rpm", &["-K", "--nosignature"], &rpm);
}

#[test]
fn a_template_brings_all_that_it_promises_or_is_refused() {
    needs!("dpkg-deb", "rpm");
    let spec = "Name: foo\nVersion: 1\nSummary: s\nLicense: GPL\n%description\nd\n%files\n/usr/src\n\
                %changelog\n* %(date \"+%a %b %d %Y\") A <a@b.org> 1\n- made\n";
    let workshop = source(&format!("{CONF}AUTOINSTALL=yes\n"));
    write(&workshop, "foo/foo-dkms-mkrpm.spec", spec);
    let (told, code) = ran(&workshop, &["mkrpm", "foo"]);
    assert_eq!(code, 0, "{told}");
    let scripts = said("rpm", &["-qp", "--scripts"], &workshop.path("foo-1-1.noarch.rpm"));
    assert!(scripts.contains("posttrans") && scripts.contains("/usr/lib/dkms/event"), "{scripts}");
    write(
        &workshop,
        "foo/foo-dkms-mkrpm.spec",
        &spec.replace("/usr/src\n", "/usr/src\n%config /etc/modprobe.d/foo.conf\n"),
    );
    let (told, code) = ran(&workshop, &["mkrpm", "foo", "--force"]);
    assert!(code == 2 && told.contains("/etc/modprobe.d/foo.conf") && told.contains("--file"), "{told}");
    write(&workshop, "foo/foo-dkms-mkdeb/foo-dkms.modprobe", "options foo a=1\n");
    let (told, code) = ran(&workshop, &["mkdeb", "foo"]);
    assert_eq!(code, 0, "{told}");
    let deb = workshop.path("foo-dkms_1.0-1_all.deb");
    let (shown, listed) = (said("dpkg-deb", &["-I"], &deb), said("dpkg-deb", &["-c"], &deb));
    assert!(shown.contains("Depends: dkms") && shown.contains("postinst") && shown.contains("prerm"), "{shown}");
    assert!(listed.contains("./etc/modprobe.d/foo-dkms.conf\n"), "{listed}");
}

#[test]
fn what_a_package_brings_besides_is_said_once_beside_the_dkms_conf() {
    needs!("dpkg-deb", "rpm");
    let workshop = source(&format!("{CONF}AUTOINSTALL=yes\n"));
    write(&workshop, "foo/pack/foo.conf", "options foo a=1\n");
    write(&workshop, "foo/pack/foo.service", "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n");
    write(
        &workshop,
        "foo/dkms-package.conf",
        "[files]\npack/foo.conf = /etc/modprobe.d/foo.conf\n\"pack/foo.service\" = \"/usr/lib/systemd/system/foo.service\"\n",
    );
    for verb in ["mkdeb", "mkrpm"] {
        let (told, code) = ran(&workshop, &[verb, "foo"]);
        assert_eq!(code, 0, "{told}");
    }
    let (deb, rpm) = (workshop.path("foo-dkms_1.0-1_all.deb"), workshop.path("foo-dkms-1.0-1.noarch.rpm"));
    assert_eq!(said("rpm", &["-qp", "--configfiles"], &rpm), "/etc/modprobe.d/foo.conf\n");
    let scripts = said("rpm", &["-qp", "--scripts"], &rpm);
    let folder = workshop.path("out");
    assert!(std::process::Command::new("dpkg-deb").arg("-R").arg(&deb).arg(&folder).status().unwrap().success());
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!(read("DEBIAN/conffiles"), "/etc/modprobe.d/foo.conf\n");
    assert_eq!(read("etc/modprobe.d/foo.conf"), "options foo a=1\n");
    for (arrives, leaves) in [(scripts.clone(), scripts), (read("DEBIAN/postinst"), read("DEBIAN/prerm"))] {
        assert!(arrives.contains("systemctl --no-reload preset 'foo.service'"), "{arrives}");
        assert!(leaves.contains("systemctl --no-reload disable --now 'foo.service'"), "{leaves}");
    }
    write(&workshop, "other", "own\n");
    let words = ["mkdeb", "foo", "--force", "--file", "other=/etc/modprobe.d/foo.conf"];
    let (told, code) = ran(&workshop, &words);
    assert_eq!(code, 0, "{told}");
    let shown = said("dpkg-deb", &["-c"], &deb);
    assert!(shown.lines().any(|line| line.contains(" 4 ") && line.ends_with("./etc/modprobe.d/foo.conf")), "{shown}");
    for (table, expected) in [
        ("[files]\nnothing = /etc/x\n", "dkms-package.conf:2: nothing is no file of what is packaged"),
        ("[files]\nfoo.c = /home/x\n", "dkms-package.conf:2: /home/x is no place"),
        ("[files]\nfoo.c = /etc/x\nMakefile = /etc/x\n", "dkms-package.conf:3: another file goes to /etc/x"),
        ("[units]\n", "dkms-package.conf:1: [units] is no table"),
    ] {
        write(&workshop, "foo/dkms-package.conf", table);
        let (told, code) = ran(&workshop, &["mkrpm", "foo", "--force"]);
        assert!(code == 2 && told.contains(expected), "{table}: {told}");
    }
}

#[test]
fn packages_need_the_dkms_that_knows_their_directives() {
    needs!("dpkg-deb", "rpm");
    let workshop = source(&format!("{CONF}AUTOINSTALL=yes\nBUILD_DEPENDS=\"spl\"\nBUILD_DEPENDS_REBUILD=yes\n"));
    for verb in ["mkdeb", "mkrpm"] {
        let (told, code) = ran(&workshop, &[verb, "foo"]);
        assert_eq!(code, 0, "{told}");
    }
    let shown = said("dpkg-deb", &["-f"], &workshop.path("foo-dkms_1.0-1_all.deb"));
    assert!(shown.contains("\nDepends: dkms (>= 3.2.0)\n"), "{shown}");
    let shown = said("rpm", &["-qp", "--requires"], &workshop.path("foo-dkms-1.0-1.noarch.rpm"));
    assert!(shown.lines().any(|line| line == "dkms >= 3.2.0"), "{shown}");
    let (told, code) = ran(&workshop, &["mkpkg", "foo", "--for", "debian12,debian13", "-o", "out"]);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("debian12 has dkms 3.0.10, and BUILD_DEPENDS_REBUILD asks for 3.2.0"), "{told}");
    assert!(!told.contains("debian13 has dkms"), "{told}");
}
