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

const GOOD: &str =
    "PACKAGE_NAME=foo\nPACKAGE_VERSION=1\nBUILT_MODULE_NAME[0]=foo\nDEST_MODULE_LOCATION[0]=/extra\nAUTOINSTALL=yes\n";

/// The findings as `rule:line`, in order.
fn found(conf: &str, files: &[(&str, &str)]) -> String {
    let mut all = vec![("dkms.conf", conf), ("Makefile", "obj-m := foo.o\n"), ("foo.c", "")];
    all.extend(files);
    let folder = tree(&all);
    let payload = payload::walk(folder.path(), &Limits::default(), None).unwrap();
    let facts = mkconf::look(&payload).unwrap();
    let system = System::host();
    let file = folder.path().join("dkms.conf");
    let known =
        conf::load_lenient(&system, &Framework::defaults(&system), &file, &conf::Context::without_kernel(1, &[]));
    let subject = Subject { file: Path::new("dkms.conf"), text: conf, conf: &known, source: Some((&payload, &facts)) };
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
    ("MAKE[1]=x\n", "make-ignored:6"),
    ("BUILT_MODULE_NAME[0]=bar\n", "not-built:6 not-listed:1"),
    ("POST_INSTALL=\"no.sh x\"\n", "script-missing:6"),
    ("POST_INSTALL=foo.c\n", "script-missing:6"),
    ("MAKE[0]=\"make K=`uname -r`\"\n", "running-kernel:6"),
    ("MAKE[0]=\"make K=$(cat x)\"\n", "computed:6"),
    ("REMAKE_INITRD=yes\n", "deprecated:6"),
    ("OBSOLETE_BY=5.1\n", "deprecated:6"),
    ("BUILD_MODULE_NAME=x\n", "misspelt:6"),
    ("X=1\r\n", "line-ends:6 unused-name:6"),
    ("CLEAN=x\n", "clean:6"),
    ("AUTOINSTALL=no\n", "not-automatic:6"),
    ("PACKAGE_VERSION=@VERSION@\n", "placeholder:6"),
    ("LOAD=no\n", "unused-name:6"),
    ("SRC=x\nMAKE[0]=\"make S=${SRC}\"\n", ""),
    ("if\n", "not-readable:6"),
];

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
        found("PACKAGE_NAME=foo\nPACKAGE_VERSION=1\nMODULE_NAME=foo.o\nLOCATION=/kernel/x\nAUTOINSTALL=yes\n", &[]),
        "first-dialect:3"
    );
    assert_eq!(found("PACKAGE_NAME=foo\nPACKAGE_VERSION=1\nAUTOINSTALL=yes\n", &[]), "no-module:0");
    broken.extend(["kernel-minimum", "whole-package", "first-dialect", "no-module"]);
    let all: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(broken, all);
    assert_eq!(found(GOOD, &[]), "");
}
