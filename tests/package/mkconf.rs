//! Sources without a dkms.conf, files of earlier days, and what lint says.

use super::Workshop;

const MAKEFILE: &str = "ifneq ($(KERNELRELEASE),)\nobj-m := demo.o\nobj-$(CONFIG_PCI) += extra/\nelse\nall:\n\t$(MAKE) -C /lib/modules/$(shell uname -r)/build M=$(CURDIR)\nendif\n";

/// The usual source without its dkms.conf.
fn bare() -> Workshop {
    let workshop = Workshop::new();
    std::fs::remove_file(workshop.path("demo-v1.2/dkms.conf")).unwrap();
    write(&workshop, "demo-v1.2/Makefile", MAKEFILE);
    write(&workshop, "demo-v1.2/extra/Makefile", "obj-m := more.o\n");
    write(&workshop, "demo-v1.2/extra/more.c", "");
    workshop.archive();
    workshop
}

fn write(workshop: &Workshop, name: &str, text: &str) {
    let file = workshop.path(name);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

/// Standard output, standard error, exit code.
fn ran(workshop: &Workshop, words: &[&str]) -> (String, String, i32) {
    let output = workshop.dkms(words);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr), output.status.code().unwrap())
}

#[test]
fn mkconf_writes_what_the_makefiles_say() {
    let workshop = bare();
    for input in ["demo-v1.2.tar.gz", "demo-v1.2"] {
        let (out, err, code) = ran(&workshop, &["mkconf", input]);
        assert_eq!((code, err.as_str()), (0, ""));
        for line in [
            "PACKAGE_NAME=\"demo\"",
            "PACKAGE_VERSION=\"v1.2\"",
            "BUILT_MODULE_NAME[0]=\"demo\"",
            "BUILT_MODULE_NAME[1]=\"more\"",
            "BUILT_MODULE_LOCATION[1]=\"extra\"",
            "BUILD_EXCLUSIVE_CONFIG[1]=\"CONFIG_PCI\"",
            "AUTOINSTALL=\"yes\"",
            "# extra/Makefile:1",
        ] {
            assert!(out.lines().any(|told| told == line), "{line} in {out}");
        }
        assert!(!out.contains("MAKE["), "{out}");
    }
    let (out, _, code) =
        ran(&workshop, &["mkconf", "demo-v1.2", "--name", "other", "--version", "7", "--output", "demo-v1.2"]);
    assert_eq!((code, out.as_str()), (0, "demo-v1.2/dkms.conf\n"));
    let (out, _, _) = ran(&workshop, &["conf", "demo-v1.2", "-k", "6.1.0"]);
    assert!(out.contains("PACKAGE_NAME='other'") && out.contains("PACKAGE_VERSION='7'"), "{out}");
    let (_, err, code) = ran(&workshop, &["mkconf", "demo-v1.2", "--output", "demo-v1.2"]);
    assert!(code == 9 && err.contains("exists already") && err.contains("--force"), "{err}");
    let (out, _, code) = ran(&workshop, &["mkconf", "demo-v1.2", "--json", "-o", "x.conf"]);
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &document["schema"], &document["file"]), (0, &"dkms-mkconf-1".into(), &"x.conf".into()));
    assert!(document["conf"].as_str().unwrap().contains("BUILT_MODULE_NAME[1]"), "{document}");
}

#[test]
fn what_mkconf_cannot_know_is_told_and_refused_where_nothing_is_left() {
    let workshop = bare();
    write(&workshop, "demo-v1.2/Makefile", "obj-m := demo.o $(shell ls).o\n");
    let (out, err, code) = ran(&workshop, &["mkconf", "demo-v1.2"]);
    assert!(code == 1 && out.is_empty() && err.contains("Makefile:1: obj-m holds") && err.contains("--force"), "{err}");
    let (_, err, code) = ran(&workshop, &["mkdeb", "demo-v1.2"]);
    assert!(code == 1 && err.contains("Makefile:1: obj-m holds") && err.contains("-c FILE"), "{err}");
    let (out, err, code) = ran(&workshop, &["mkconf", "demo-v1.2", "--force"]);
    assert!(
        code == 0 && err.contains("Makefile:1: obj-m holds") && out.contains("#  - Makefile:1: obj-m"),
        "{out}{err}"
    );
    std::fs::rename(workshop.path("demo-v1.2"), workshop.path("demo")).unwrap();
    let (_, err, code) = ran(&workshop, &["mkconf", "demo"]);
    assert!(code == 1 && err.contains("--version"), "{err}");
    write(&workshop, "demo/Makefile", "all:\n\ttrue\n");
    std::fs::remove_dir_all(workshop.path("demo/extra")).unwrap();
    let (_, err, code) = ran(&workshop, &["mkconf", "demo", "--version", "1"]);
    assert!(code == 9 && err.contains("no makefile in it names a module"), "{err}");
}

#[test]
fn a_source_without_a_dkms_conf_is_packaged_with_one() {
    let workshop = bare();
    let words = ["mkdeb", "demo-v1.2.tar.gz", "--output", "demo.deb"];
    let (out, _, code) = ran(&workshop, &words);
    assert!(code == 0 && out.contains("BUILT_MODULE_NAME[1]=\"more\""), "{out}");
    let made = workshop.dkms(&["mkrpm", "demo-v1.2", "--json"]);
    let document: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
    assert!(document["conf"].as_str().unwrap().contains("BUILT_MODULE_NAME[0]=\"demo\""), "{document}");
    let files: Vec<&str> =
        document["packages"][0]["files"].as_array().unwrap().iter().filter_map(|file| file.as_str()).collect();
    assert!(files.contains(&"/usr/src/demo-v1.2/dkms.conf"), "{files:?}");
    for (verb, there) in [("mkspec", "spec/demo-dkms.spec"), ("mkdsc", "dsc/demo_1.2-1.dsc")] {
        let folder = there.split('/').next().unwrap();
        let (_, err, code) = ran(&workshop, &[verb, "demo-v1.2.tar.gz", "--output", folder]);
        assert!(code == 0 && workshop.path(there).is_file(), "{err}");
    }
    let (_, err, code) = ran(&workshop, &["mkpkg", "demo-v1.2.tar.gz", "--for", "debian12,el9", "--output", "all"]);
    assert_eq!(code, 0, "{err}");
}

const OLD: &str = "# A comment\nPACKAGE_NAME=demo\nPACKAGE_VERSION=1\nMAKE=\"make\"\nMAKE_smp=\"make SMP=1\"\n\
    MODULE_NAME=\"demo.o:demo_6x.o\"\nLOCATION=\"/kernel/drivers/scsi\"\nREMAKE_INITRD=yes\n";

#[test]
fn files_of_earlier_days_are_renewed_and_give_the_same_values() {
    let workshop = Workshop::new();
    write(&workshop, "old.conf", OLD);
    let (_, err, code) = ran(&workshop, &["mkconf", "old.conf", "--modernize", "-o", "new.conf"]);
    assert_eq!(code, 0, "{err}");
    let new = std::fs::read_to_string(workshop.path("new.conf")).unwrap();
    assert!(new.starts_with("# A comment\nPACKAGE_NAME=demo\n") && new.contains("MAKE_MATCH[1]=\"smp\""), "{new}");
    for kernel in ["2.4.21-4.ELsmp", "2.4.21-4.EL"] {
        let values = |file: &str| {
            let (out, ..) = ran(&workshop, &["conf", file, "-k", kernel, "--json"]);
            let mut document: serde_json::Value = serde_json::from_str(&out).unwrap();
            document["directives"].as_object_mut().unwrap().remove("REMAKE_INITRD");
            document["directives"].take()
        };
        assert_eq!(values("old.conf"), values("new.conf"), "{kernel}");
    }
    let (_, err, code) = ran(&workshop, &["mkconf", "nowhere.conf", "--modernize"]);
    assert!(code == 2 && err.contains("nowhere.conf"), "{err}");
}

#[test]
fn lint_ends_with_1_when_something_would_fail() {
    let workshop = Workshop::new();
    let (out, err, code) = ran(&workshop, &["lint", "demo-v1.2.tar.gz"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(
        out.contains("dkms.conf:2: note: PACKAGE_VERSION holds the placeholder") && out.contains("[placeholder]\n    "),
        "{out}"
    );
    write(
        &workshop,
        "demo-v1.2/dkms.conf",
        "PACKAGE_NAME=demo\nPACKAGE_VERSION=1\nPATCH[0]=x.patch\nDEST_MODULE_LOCATION[0]=/lib\n",
    );
    let (out, err, code) = ran(&workshop, &["lint", "demo-v1.2"]);
    assert!(code == 1 && err.contains("errors: 2"), "{err}");
    assert!(
        out.contains("dkms.conf:3: error: PATCH[0] names x.patch")
            && out.contains("dkms.conf:4: error: DEST_MODULE_LOCATION[0]"),
        "{out}"
    );
    let (out, _, code) = ran(&workshop, &["lint", "demo-v1.2/dkms.conf", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &document["schema"], &document["errors"]), (1, &"dkms-lint-1".into(), &1.into()));
    assert_eq!(document["findings"][0]["rule"], "bad-value");
    assert_eq!(ran(&workshop, &["lint", "demo-v1.2", "--quiet"]), (String::new(), String::new(), 1));
}
