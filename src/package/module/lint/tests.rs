//! A dkms.conf, a source, and the rules that they break.

use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::archive::limits::Limits;
use crate::conf::{self, Framework};
use crate::package::input::payload;
use crate::package::module::mkconf;
use crate::sys::System;
use crate::sys::sample::tree;

const GOOD: &str = "PACKAGE_NAME=foo\nPACKAGE_VERSION=1.2\nBUILT_MODULE_NAME[0]=foo\nDEST_MODULE_LOCATION[0]=/extra\nAUTOINSTALL=yes\n";

/// The findings as `rule:line`, in order.
fn found(conf: &str, files: &[(&str, &str)]) -> String {
    let mut all = vec![("dkms.conf", conf), ("Makefile", "obj-m := foo.o\n"), ("foo.c", "")];
    all.extend(files);
    let folder = tree(&all);
    let payload = payload::walk(folder.path(), &Limits::default(), None).unwrap();
    let system = System::host();
    let file = folder.path().join("dkms.conf");
    let known =
        conf::load_lenient(&system, &Framework::defaults(&system), &file, &conf::Context::without_kernel(1, &[]));
    let facts = mkconf::look_from(&payload, super::named_makefile(&known).as_deref()).unwrap();
    let (file, source) = (Path::new("dkms.conf"), Some((&payload, &facts)));
    let subject = Subject { file, text: conf, conf: &known, stem: "foo-1.2", source };
    let findings = lint(&subject);
    let shown = |finding: &Finding| format!("{}:{}", finding.rule, finding.line.unwrap_or(0));
    findings.iter().map(shown).collect::<Vec<_>>().join(" ")
}

/// Each rule with what breaks it, on top of a file that breaks none.
const CASES: &[(&str, &str)] = &[
    ("BUILT_MODULE_NAME[0]=foo.ko\n", "bad-value:6"),
    ("DEST_MODULE_LOCATION[0]=/lib\n", "bad-value:6"),
    ("BUILT_MODULE_NAME[2]=c\nDEST_MODULE_LOCATION[2]=/extra\n", "missing-directive:0 missing-directive:0"),
    ("BUILT_MODULE_NAME[1]=foo\nDEST_MODULE_LOCATION[1]=/extra\n", "duplicate:0 duplicate:6"),
    ("MAKE[1]=x\nMAKE_MATCH[1]='('\n", "bad-expression:7"),
    ("PATCH[0]=no.patch\n", "patch-missing:6"),
    ("MAKE[0]=\"make M=$PWD\"\n", "folder-of-caller:6 computed:6"),
    ("MAKE[1]=x\n", "make-ignored:6"),
    ("BUILT_MODULE_NAME[0]=bar\n", "not-built:6"),
    ("POST_INSTALL=\"no.sh x\"\n", "script-missing:6"),
    ("POST_INSTALL=foo.c\n", "script-missing:6"),
    ("MAKE[0]=\"make K=`uname -r`\"\n", "running-kernel:6 unread-variable:6"),
    ("MAKE[0]=\"make K=$(cat x)\"\n", "computed:6"),
    ("REMAKE_INITRD=yes\n", "deprecated:6"),
    ("OBSOLETE_BY=5.1\n", "deprecated:6"),
    ("BUILD_MODULE_NAME=x\n", "misspelt:6"),
    ("X=1\r\n", "line-ends:6 unused-name:6"),
    ("CLEAN=x\n", "clean:6"),
    ("CLEAN=\"make K=$(uname -r)\"\n", "clean:6"),
    ("AUTOINSTALL=no\n", "not-automatic:6"),
    ("PACKAGE_VERSION=@VERSION@\n", "placeholder:6"),
    ("LOAD=no\n", "unused-name:6"),
    ("SRC=x\nMAKE[0]=\"make S=${SRC}\"\n", "unread-variable:7"),
    ("if\n", "not-readable:6"),
    ("POST_INSTALL=/bin/rm -f x\n", "unquoted:6"),
    ("PACKAGE_VERSION=1.3\n", "version-differs:6"),
    ("AUTOINSTALL=Y\n", "autoinstall-value:6"),
    ("MAKE[0]=\"make NOWHERE=1\"\n", "unread-variable:6"),
];

/// A file beside the dkms.conf: its path and text.
type Beside = (&'static str, &'static str);

/// What is right, or what nobody here can know: each with files beside it.
const SILENT: &[(&str, &[Beside])] = &[
    ("BUILT_MODULE_LOCATION[0]=.\n", &[]),
    ("BUILT_MODULE_LOCATION[0]=./\n", &[]),
    ("BUILT_MODULE_LOCATION[0]=./src/.\n", &[("Makefile", "obj-m := src/\n"), ("src/Makefile", "obj-m := foo.o\n")]),
    (
        "BUILT_MODULE_LOCATION[0]=\"kbuild-$kernelver\"\nMAKE[0]=\"make KVER=$kernelver\"\n",
        &[("Makefile", "KVER=\nobj-m := foo.o\n")],
    ),
    (
        "N=(foo)\nif [ -e \"/lib/modules/${kernelver}/build/.config\" ]; then\nN+=(bar)\nfi\nfor i in \"${!N[@]}\"; do\n\
         BUILT_MODULE_NAME[$i]=\"${N[$i]}\"\nDEST_MODULE_LOCATION[$i]=/extra\ndone\n",
        &[("Makefile", "obj-m := foo.o bar.o\n")],
    ),
    (
        "if [[ $kernelver > 5 ]]; then\nBUILT_MODULE_NAME[1]=new\nDEST_MODULE_LOCATION[1]=/extra\nfi\n",
        &[("Makefile", "obj-m := foo.o old.o\n")],
    ),
    ("MAKE[0]=\"./build.sh\"\nBUILT_MODULE_NAME[0]=bar\n", &[]),
    ("MAKE[0]=\"cd src && make\"\nBUILT_MODULE_NAME[0]=bar\n", &[]),
    ("MAKE[0]=\"make one\"\n", &[("Makefile", "obj-m := foo.o other.o\n")]),
    ("MAKE[0]=\"make WITH=no\"\n", &[("Makefile", "WITH ?= y\nobj-m := foo.o other.o\n")]),
    ("PRE_BUILD=fetch.sh\nBUILT_MODULE_NAME[0]=bar\n", &[("fetch.sh", "")]),
    (
        "BUILT_MODULE_NAME[0]=foo\n",
        &[("Makefile", "obj-m := src/\nall:\n\tcp src/*.ko .\n"), ("src/Makefile", "obj-m := foo.o\n")],
    ),
    ("", &[("Makefile", "obj-m := foo.o\nobj-$(CONFIG_PCI) += pci.o\n")]),
    ("", &[("Makefile", "obj-m := foo.o\nobj-$(CONFIG_T_KUNIT_TEST) += t.o\n"), ("Kconfig", "config T_KUNIT_TEST\n")]),
    ("", &[("Makefile", "obj-m := foo.o $(shell ls *.o)\n")]),
    ("#BUILT_MODULE_NAME[1]=more\n", &[("Makefile", "obj-m := foo.o more.o\n")]),
    (
        "ARGS=\"\\\n KDIR=${kernel_source_dir}\\\n\"\nMAKE=\"make ${ARGS}\"\n",
        &[("Makefile", "KDIR=x\nobj-m := foo.o\n")],
    ),
    ("BUILT_MODULE_NAME[0]=@MODULE@\nDEST_MODULE_NAME[0]=foo\n", &[("Makefile", "obj-m := foo.o\n")]),
    ("IFS=,\n", &[]),
    ("while IFS= read -r x; do :; done </dev/null\n", &[]),
    ("N=0\n((N++))\n", &[]),
    ("MAKE[0]=\"make KVER=${kernelver:-$(uname -r)}\"\n", &[("Makefile", "KVER=\nobj-m := foo.o\n")]),
    ("[ -z \"$kernelver\" ] && kernelver=$(uname -r)\n", &[]),
    ("if [ -z \"$kernelver\" ]; then\n kernelver=$(uname -r)\nfi\n", &[]),
    ("POST_INSTALL=\"/bin/rm -f x\"\n", &[]),
    ("MAKE[0]=\"make KVER=$kernelver CFLAGS_MODULE+=-Dx\"\n", &[("Makefile", "KVER ?= x\nobj-m := foo.o\n")]),
    ("MAKE[0]=\"make K=$kernelver\"\n", &[("Makefile", "K ?= $(shell uname -r)\nobj-m := foo.o\n")]),
    ("MAKE[0]=\"make\"\n", &[("Makefile", "KERNELRELEASE ?= $(shell uname -r)\nobj-m := foo.o\n")]),
];

#[test]
fn what_is_right_or_cannot_be_known_is_passed_over() {
    let mut faults = Vec::new();
    for (more, files) in SILENT {
        let told = found(&format!("{GOOD}{more}"), files);
        let told: Vec<&str> = told.split_whitespace().filter(|word| !word.starts_with("computed")).collect();
        let told: Vec<&str> = told.into_iter().filter(|word| !word.starts_with("script-missing")).collect();
        if !told.is_empty() {
            faults.push(format!("{more}: {told:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let computed = "PACKAGE_NAME=foo\nPACKAGE_VERSION=1.2\nif grep -q X /.config; then\nBUILT_MODULE_NAME[0]=foo\n\
                    DEST_MODULE_LOCATION[0]=/extra\nfi\nAUTOINSTALL=yes\n";
    assert!(!found(computed, &[]).contains("no-module"), "{}", found(computed, &[]));
}

#[test]
fn makefiles_and_the_conf_are_compared_where_both_are_known() {
    let guarded = "ifneq ($(KERNELRELEASE),)\nobj-m := foo.o\nelse\nall:\n\t$(MAKE) -C $(K) M=$(PWD)\nendif\n";
    let other = "program:\n\tcc x.c\n";
    let running = "K = $(shell uname -r)\nall:\n\t$(MAKE) -C /lib/modules/$(K)/build M=$(CURDIR) modules\n";
    let below = "K = $(KVER)\nall:\n\t$(MAKE) -C $(K) M=$(CURDIR)/mod modules\n";
    let cases: [(&str, &[Beside], &str); 11] = [
        ("", &[("Makefile", "obj-m := foo.o\nobj-m += more.o\n")], "not-listed:2"),
        (
            "BUILT_MODULE_LOCATION[0]=lib\n",
            &[("Makefile", "obj-m := src/\n"), ("src/Makefile", "obj-m := foo.o\n")],
            "not-built:3",
        ),
        ("BUILT_MODULE_NAME[0]=fooo\n", &[("Makefile", "obj-m := foo.o\n")], "not-built:6"),
        ("MAKE[0]=\"'make' all\"\n", &[("Makefile", "K = $(shell uname -r)\nobj-m := foo.o\n")], "running-makefile:1"),
        (
            "MAKE[0]=\"make all KVERS=$kernelver\"\n",
            &[("Makefile", "KVER ?= $(shell uname -r)\nobj-m := foo.o\n")],
            "unread-variable:6",
        ),
        ("MAKE[0]=\"make all K=$kernel_source_dir\"\n", &[("Makefile", guarded)], "no-rule:1"),
        ("MAKE[0]=\"'make' all K=$kernel_source_dir\"\n", &[("Makefile", guarded)], ""),
        (
            "MAKE[0]=\"make -f Makefile.dkms all K=$kernel_source_dir\"\n",
            &[("Makefile", other), ("Makefile.dkms", guarded)],
            "no-rule:1",
        ),
        (
            "MAKE[0]=\"'make' --file=./rules all\"\n",
            &[("Makefile", other), ("Kbuild", "obj-m := foo.o\n"), ("rules", running)],
            "running-makefile:1",
        ),
        (
            "BUILT_MODULE_LOCATION[0]=mod\nMAKE[0]=\"make -fMakefile.dkms KVER=$kernelver\"\n",
            &[("Makefile", other), ("Makefile.dkms", below), ("mod/Makefile", "obj-m := foo.o more.o\n")],
            "not-listed:1",
        ),
        (
            "BUILT_MODULE_LOCATION[0]=mod\nMAKE[0]=\"make -f Makefile.dkms KVER=$kernelver\"\n",
            &[("Makefile", other), ("Makefile.dkms", below), ("mod/Makefile", "obj-m := foo.o\n")],
            "",
        ),
    ];
    for (more, files, expected) in cases {
        assert_eq!(found(&format!("{GOOD}{more}"), files), expected, "{more}");
    }
}

#[test]
fn each_rule_is_broken_by_something_and_the_line_is_told() {
    let (mut broken, mut faults) = (BTreeSet::new(), Vec::new());
    for (more, expected) in CASES {
        let told = found(&format!("{GOOD}{more}"), &[]);
        if told != *expected {
            faults.push(format!("{more}: {told}, not {expected}"));
        }
        broken.extend(expected.split_whitespace().filter_map(|word| Some(word.split_once(':')?.0)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let old = "#if LINUX_VERSION_CODE < KERNEL_VERSION(4,10,0)\n#error x\n#endif\n";
    assert_eq!(found(GOOD, &[("foo.c", old)]), "kernel-minimum:1");
    let whole = format!("{GOOD}BUILT_MODULE_NAME[1]=b\nDEST_MODULE_LOCATION[1]=/extra\nBUILD_EXCLUSIVE_ARCH[0]=x86\n");
    assert_eq!(found(&whole, &[("Makefile", "obj-m := foo.o b.o"), ("b.c", "")]), "whole-package:8");
    assert_eq!(
        found("PACKAGE_NAME=foo\nPACKAGE_VERSION=1.2\nMODULE_NAME=foo.o\nLOCATION=/kernel/x\nAUTOINSTALL=yes\n", &[]),
        "first-dialect:3"
    );
    assert_eq!(found("PACKAGE_NAME=foo\nPACKAGE_VERSION=1.2\nAUTOINSTALL=yes\n", &[]), "no-module:0");
    assert_eq!(found(&format!("\u{feff}{GOOD}"), &[]), "byte-order-mark:1");
    broken.extend([
        "byte-order-mark",
        "running-makefile",
        "no-rule",
        "not-listed",
        "kernel-minimum",
        "whole-package",
        "first-dialect",
        "no-module",
    ]);
    let all: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(broken, all);
    assert_eq!(found(GOOD, &[]), "");
}
