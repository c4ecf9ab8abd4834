use super::*;
use crate::ids::{KernelRelease, ModuleId, ModuleName, ModuleVersion};
use std::collections::BTreeMap;

/// Kernels with whose headers builds failed, whose logs lie shortened in tests/fixtures/build-logs.
const KERNELS: [&str; 3] = ["6.1.0-50-amd64", "6.12.117+deb12-amd64", "7.2.13+deb14-amd64"];

/// The logs of a file there: what their first line says, and the rest.
fn logs(file: &str) -> Vec<(String, String)> {
    let place = format!("{}/tests/fixtures/build-logs/{file}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = fs_err::read_to_string(place).unwrap();
    let parts = text.split("=== ").skip(1).filter_map(|log| log.split_once('\n'));
    parts.map(|(head, log)| (head.to_owned(), log.to_owned())).collect()
}

/// What a log is told to mean, beside what it should be told.
fn compared(kernel: &str, name: &str, log: &str, expected: &str) -> Option<String> {
    let found = Build::on(kernel).explain(log);
    let cause = found.and_then(|found| found.cause).map_or(String::new(), |cause| cause.0);
    (cause != expected).then(|| format!("{kernel} {name}\n  told:     {cause}\n  expected: {expected}"))
}

#[test]
fn real_logs_of_three_kernels_get_their_cause_or_none() {
    let mut wrong = Vec::new();
    for kernel in KERNELS {
        for (head, log) in logs(kernel) {
            let (name, expected) = head.split_once(" | ").unwrap_or((&head, ""));
            wrong.extend(compared(kernel, name, &log, expected));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Failures of public drivers as people reported them, shortened, with the kernel that they saw.
#[test]
fn reported_failures_get_their_cause_and_a_hint_or_silence() {
    let (mut wrong, mut helped, logs) = (Vec::new(), 0, logs("reported"));
    for (head, log) in &logs {
        let parts: Vec<&str> = head.splitn(3, '|').map(str::trim).collect();
        let [name, kernel, expected] = parts[..] else { panic!("{head}") };
        wrong.extend(compared(kernel, name, log, expected));
        let hint = Build::on(kernel).explain(log).and_then(|found| found.advice).unwrap_or_default();
        helped += usize::from(!expected.is_empty() && !hint.is_empty());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(helped * 100 >= logs.len() * 85, "{helped} of {}", logs.len());
}

#[test]
fn flags_that_kernels_ignore_are_told_where_a_makefile_gives_them() {
    let log = "make\nx.c:1:10: fatal error: drv_types.h: No such file or directory\nmake[1]: *** [x.o] Error 1\n";
    let told = |kernel: &str, makefile: &'static str| {
        let mut build = Build::on(kernel);
        build.files.0.insert("Makefile", makefile);
        build.explain(log).and_then(|found| found.cause).map_or(String::new(), |cause| cause.0)
    };
    assert!(told("6.15.4", "EXTRA_CFLAGS += -I$(src)/include\n").contains("kernels ignore since Linux 6.15"));
    assert!(told("6.14.1", "EXTRA_CFLAGS += -I$(src)/include\n").starts_with("the header drv_types.h is not there"));
    assert!(told("6.15.4", "ccflags-y += -I$(src)/include\n").starts_with("the header drv_types.h is not there"));
}

/// A source folder with these files; a name that ends with `/` is an empty folder.
#[derive(Default)]
struct Files(BTreeMap<&'static str, &'static str>);

impl Source for Files {
    fn has(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }
    fn is_not_executable(&self, path: &str) -> bool {
        self.0.get(path) == Some(&"not executable")
    }
    fn text(&self, path: &str) -> Option<String> {
        self.0.get(path).map(|text| (*text).to_owned())
    }
    fn is_empty(&self, path: &str) -> bool {
        self.0.contains_key(format!("{path}/").as_str())
    }
    fn find(&self, ending: &str) -> Option<String> {
        let found = self.0.keys().find(|path| **path == ending || path.ends_with(&format!("/{ending}")));
        found.map(|path| (*path).to_owned())
    }
    fn modules(&self) -> Vec<String> {
        Vec::new()
    }
}

struct Build {
    id: ModuleId,
    kernel: KernelRelease,
    files: Files,
    packages: Packages,
    code: u8,
}

impl Build {
    fn on(kernel: &str) -> Self {
        let id = ModuleId::new(ModuleName::new("x").unwrap(), ModuleVersion::new("1.0").unwrap());
        Self {
            id,
            kernel: KernelRelease::new(kernel).unwrap(),
            files: Files::default(),
            packages: Packages::Apt,
            code: 2,
        }
    }

    fn explain(&self, log: &str) -> Option<Finding> {
        let about = About { id: &self.id, kernel: &self.kernel, packages: self.packages, source: &self.files };
        explain(log, Some(self.code), &about)
    }
}

#[test]
fn a_folder_that_is_there_and_hidden_from_builds_is_not_said_to_be_missing() {
    let log = "make -C /root/linux M=/x modules\nmake: *** /root/linux: No such file or directory.  Stop.\n";
    let cause =
        |build: &Build| build.explain(log).and_then(|found| found.cause).map(|cause| cause.0).unwrap_or_default();
    let mut build = Build::on("6.1.0-50-amd64");
    assert!(cause(&build).contains("which does not exist"), "{}", cause(&build));
    build.files.0.insert("/root/linux", "");
    assert!(cause(&build).contains("which no build sees"), "{}", cause(&build));
}

#[test]
fn every_row_says_where_it_can_be_read() {
    for change in changes::CHANGES {
        assert!(!change.file.is_empty() && !change.now.is_empty() && !change.now.ends_with('.'), "{change:?}");
        compiled(change.name);
    }
}

/// A log, what lies in the source, the exit code; then what cause and advice have to hold.
type Expected = (&'static str, &'static [(&'static str, &'static str)], u8, &'static str, &'static str);

/// `command`, then the lines that it wrote.
fn log(lines: &str) -> String {
    let (command, rest) = lines.split_once('\n').unwrap_or((lines, ""));
    format!("DKMS (dkms-rs-1.0) make.log for x/1.0 for kernel 6.12.9-amd64 (x86_64)\n\n# command: {command}\n{rest}\n")
}

fn check(cases: &[Expected]) {
    for (lines, files, code, cause, advice) in cases {
        let build = Build { files: Files(files.iter().copied().collect()), code: *code, ..Build::on("6.12.9-amd64") };
        let found = build.explain(&log(lines));
        let told = found.as_ref().and_then(|found| found.cause.as_ref()).map_or("", |cause| cause.0.as_str());
        let hint = found.as_ref().and_then(|found| found.advice.as_deref()).unwrap_or_default();
        let is_right = if cause.is_empty() { told.is_empty() } else { told.contains(cause) };
        assert!(is_right && hint.contains(advice), "{lines}\n→ {found:?}");
    }
}

#[test]
fn the_way_from_dkms_conf_to_the_modules_files_is_explained() {
    check(&[
        (
            "'make' DEBUG=1\nmake: *** No targets.  Stop.",
            &[("Makefile", "# all: of it\nobj-m := hello.o\nhello-y ::= a.o\n")],
            2,
            "has no target for a plain `make`",
            "take MAKE out of",
        ),
        (
            "'make' DEBUG=1\nmake: *** No rule to make target 'modules'.  Stop.",
            &[("Makefile", "obj-m := hello.o\nall:\n\tmake -C /x M=$(PWD)\n")],
            2,
            "has no target `modules`",
            "correct MAKE",
        ),
        (
            "make -j4 KERNELRELEASE=6.12.9-amd64 KVER=6.12.9-amd64\nmake: *** No targets.  Stop.",
            &[("Makefile", "ifeq ($(KERNELRELEASE),)\nall:\nendif\n")],
            2,
            "in two parts by KERNELRELEASE",
            "MAKE[0]=\"'make' …\"",
        ),
        (
            "'make'\nmake -C /lib/modules/6.18.44/build M=/b modules\nmake[1]: *** /lib/modules/6.18.44/build: No such file or directory.  Stop.\nmake: *** [Makefile:3: all] Error 2",
            &[("Makefile", "KVER := $(shell uname -r)\nKDIR := /lib/modules/$(KVER)/build\n")],
            2,
            "goes for kernel 6.18.44",
            "MAKE[0]=\"'make' KVER=$kernelver\"",
        ),
        (
            "'make'\nmake[1]: *** /lib/modules/6.12.9-amd64/build: No such file or directory.  Stop.\nmake: *** [Makefile:3: all] Error 2",
            &[],
            2,
            "leads to no folder",
            "dkms check",
        ),
        (
            "make -C /lib/modules/6.12.9-amd64/build SUBDIRS=/var/lib/dkms/x/1.0/build modules\nmake[2]: *** No rule to make target 'scripts/module.lds'.  Stop.",
            &[],
            2,
            "SUBDIRS=",
            "M=",
        ),
        (
            "/var/lib/dkms/x/1.0/build/build.sh 6.12\nbash: line 1: /var/lib/dkms/x/1.0/build/build.sh: Permission denied",
            &[("/var/lib/dkms/x/1.0/build/build.sh", "not executable")],
            126,
            "lost its x bit",
            "`chmod +x /usr/src/x-1.0/build.sh`",
        ),
        ("mak\ndkms: line 4: mak: command not found", &[], 127, "runs `mak`", "correct MAKE"),
        (
            "make\n/bin/sh: 1: flex: not found\nmake: *** [Makefile:3: y] Error 127",
            &[],
            2,
            "`flex` is not installed",
            "apt-get install flex",
        ),
        (
            "make\n/usr/bin/env: 'python3': No such file or directory\nmake: *** [Makefile:3: y] Error 127",
            &[],
            2,
            "`python3`",
            "apt-get install python3",
        ),
        ("make\nmake: gawk: No such file or directory\nmake: *** [Makefile:3: y] Error 127", &[], 2, "`gawk`", "gawk"),
        (
            "make\n/bin/sh: 1: gcc-12: not found\nmake[1]: *** [x.o] Error 127",
            &[],
            2,
            "`gcc-12`",
            "apt-get install gcc-12",
        ),
        (
            "make\nmake[1]: *** No rule to make target '/var/lib/dkms/x/1.0/build/lib/core.c', needed by 'x.o'.  Stop.",
            &[(".gitmodules", "[submodule \"lib\"]\n\tpath = lib\n\turl = https://e.org/lib\n"), ("lib/", "")],
            2,
            "git submodule lib",
            "git submodule update --init --recursive",
        ),
        (
            "make\nx.c:3:10: fatal error: lib/core.h: No such file or directory\nmake[1]: *** [x.o] Error 1",
            &[(".gitmodules", "\tpath = lib\n"), ("lib/", "")],
            2,
            "git submodule lib",
            "git submodule update",
        ),
        (
            "make\nmake: *** No targets specified and no makefile found.  Stop.",
            &[("configure", ""), ("Makefile.in", "")],
            2,
            "./configure makes",
            "PRE_BUILD=\"./configure\"",
        ),
        ("make\nmake: *** No targets specified and no makefile found.  Stop.", &[], 2, "no Makefile", "make -C FOLDER"),
        (
            "make\nx.c:3:10: fatal error: config.h: No such file or directory\nmake[1]: *** [x.o] Error 1",
            &[("configure", ""), ("config.h.in", "")],
            2,
            "configured first",
            "PRE_BUILD",
        ),
        (
            "make\nx.c:3:10: fatal error: foo.h: No such file or directory\nmake[1]: *** [x.o] Error 1",
            &[("include/foo.h", "")],
            2,
            "-I of the Makefile do not lead",
            "$(src)",
        ),
        ("make foo\nmake: *** No rule to make target 'modules'.  Stop.", &[], 2, "no target `modules`", "correct MAKE"),
        (
            "make\nmake[1]: *** No rule to make target '/var/lib/dkms/x/1.0/build/x.c', needed by '/var/lib/dkms/x/1.0/build/x.o'.  Stop.",
            &[],
            2,
            "lacks a file from which x.c is made",
            "complete",
        ),
        ("make\nkernel source not found\nmake: *** [Makefile:7: check] Error 1", &[], 2, "", ""),
    ]);
}

#[test]
fn faults_of_the_machine_are_told_from_words_that_the_source_holds() {
    let source = "make\n/b/x.c:2:6: error: implicit declaration of function 'old_kernel_alloc' [-Werror=implicit-function-declaration]\n    2 | pr_err(\"foo: out of memory\\n\"); /* No space left on device\n      |      ^~~~\nmake[1]: *** [x.o] Error 1";
    check(&[
        (source, &[], 2, "declares `old_kernel_alloc`", "supports Linux 6.12"),
        (
            "make\ngcc: fatal error: Killed signal terminated program cc1\nmake: *** [x.o] Error 1",
            &[],
            2,
            "not enough memory",
            "-j 1",
        ),
        (
            "make\n/bin/sh: line 1:  1234 Killed                  ld -r x.o\nmake: *** [x.o] Error 137",
            &[],
            2,
            "not enough memory",
            "-j 1",
        ),
        (
            "make\n/b/x.c:1:1: fatal error: error writing to /tmp/ccX.s: No space left on device\nmake: *** [x.o] Error 1",
            &[],
            2,
            "the disk is full",
            "df -h",
        ),
        ("make\ncp: error writing 'x': Read-only file system\nmake: *** [x] Error 1", &[], 2, "read-only", "dmesg"),
        (
            "make\nMakefile:1: *** \"Cannot generate ORC metadata for CONFIG_UNWINDER_ORC=y, please install libelf-dev, libelf-devel or elfutils-libelf-devel\".  Stop.",
            &[],
            2,
            "libelf",
            "libelf-dev",
        ),
        ("make\n/bin/sh: 1: pahole: not found\nmake[1]: *** [x.ko] Error 127", &[], 2, "BTF", "apt-get install pahole"),
        (
            "make\n/bin/sh: 1: ./scripts/basic/fixdep: not found\nmake[1]: *** [x.o] Error 127",
            &[],
            2,
            "scripts/basic/fixdep of the kernel headers is missing",
            "install the headers of 6.12.9-amd64 again",
        ),
        (
            "make\ngcc-11: error: unrecognized command-line option '-mharden-sls=all'\nmake: *** [x.o] Error 1",
            &[],
            2,
            "-mharden-sls=all",
            "CONFIG_CC_VERSION_TEXT",
        ),
        (
            "make\ncc1: error: incompatible gcc/plugin versions\nmake: *** [x.o] Error 1",
            &[],
            2,
            "plugins",
            "CONFIG_CC_VERSION_TEXT",
        ),
        ("make\n  ERROR: Kernel configuration is invalid.\nmake: *** [x] Error 1", &[], 2, "incomplete", "again"),
        (
            "make\nx.c:3:1: internal compiler error: in foo, at bar.c:3\nmake: *** [x.o] Error 1",
            &[],
            2,
            "compiler itself",
            "-j 1",
        ),
        ("./b.sh\nconfigure: error: no libfoo", &[], 1, "gave up: no libfoo", "config.log"),
        (
            "make\nerror[E0432]: unresolved import `kernel::x`\nmake: *** [x.o] Error 1",
            &[],
            2,
            "Rust part",
            "CONFIG_RUST",
        ),
    ]);
}

#[test]
fn a_placeholder_for_the_version_is_seen_where_the_path_breaks() {
    let id = ModuleId::new(ModuleName::new("x").unwrap(), ModuleVersion::new("#VERSION#").unwrap());
    let build = Build { id, ..Build::on("6.12.9-amd64") };
    let found = build.explain(&log("make\nmake: *** /var/lib/dkms/x/: No such file or directory.  Stop.")).unwrap();
    assert!(found.cause.unwrap().0.contains("#VERSION# in the dkms.conf of x is a placeholder"));
    assert!(found.advice.unwrap().contains("PACKAGE_VERSION in /usr/src/x-#VERSION#/dkms.conf"));
}

#[test]
fn what_went_later_or_came_later_than_this_kernel_is_not_told_of_it() {
    let line = |name: &str| format!("make\nx.c:1:1: error: implicit declaration of function '{name}'\n");
    for (kernel, name, expected) in [
        ("6.15.1", "del_timer_sync", "gone since Linux 6.15 (now: timer_delete_sync()); this source predates it"),
        ("6.12.9", "del_timer_sync", "nothing that the source includes declares `del_timer_sync`"),
        ("6.12.9", "timer_container_of", "came with Linux 6.16: kernel 6.12.9 is too old for this source"),
        ("6.16.0", "timer_container_of", "nothing that the source includes declares `timer_container_of`"),
        ("4.18.0-553.el8_10.x86_64", "pde_data", "came with Linux 5.17"),
    ] {
        let cause = Build::on(kernel).explain(&log(&line(name))).unwrap().cause.unwrap().0;
        assert!(cause.contains(expected), "{kernel} {name}: {cause}");
    }
}

#[test]
fn the_same_program_has_another_package_elsewhere_and_none_is_made_up() {
    for (packages, program, expected) in [
        (Packages::Apt, "xz", "`apt-get install xz-utils`"),
        (Packages::Dnf, "pahole", "`dnf install dwarves`"),
        (Packages::Pacman, "python3", "`pacman -S python`"),
        (Packages::Zypper, "bc", "`zypper install bc`"),
        (Packages::Apt, "frobnicate", "install the package that brings `frobnicate`"),
        (Packages::Unknown, "bc", "install the package that brings `bc`"),
    ] {
        let build = Build { packages, ..Build::on("6.12.9") };
        let line = format!("make\n/bin/sh: 1: {program}: not found\nmake: *** [x] Error 127");
        assert_eq!(build.explain(&log(&line)).unwrap().advice.as_deref(), Some(expected));
    }
    assert_eq!(Packages::of("rocky", "rhel centos fedora"), Packages::Dnf);
    assert_eq!(Packages::of("opensuse-leap", "suse opensuse"), Packages::Zypper);
}

#[test]
fn quotes_of_any_locale_and_colours_are_read() {
    let text = "make\n\u{1b}[01m\u{1b}[Kx.c:1:1:\u{1b}[m\u{1b}[K \u{1b}[01;31merror: \u{1b}[mimplicit declaration of function ‘PDE_DATA’";
    let found = Build::on("6.12.9").explain(&log(text)).unwrap();
    assert!(found.cause.unwrap().0.contains("`PDE_DATA` is gone since Linux 5.17"));
}

#[test]
fn logs_of_any_bytes_and_lengths_are_read() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut log = b"\xff\xfe\n".to_vec();
    log.extend(b"x.c:1: error: ".iter().chain(&vec![b'y'; 5000]));
    fs_err::write(file.path(), log).unwrap();
    let build = Build::on("6.12.9");
    let about = About { id: &build.id, kernel: &build.kernel, packages: build.packages, source: &build.files };
    let finding = read(file.path(), Some(2), &about).unwrap().unwrap();
    assert_eq!((finding.number, finding.line.chars().count()), (2, LONGEST_LINE + 1));
    assert_eq!(finding.cause, None);
}

#[test]
fn every_rule_speaks_in_plain_sentences() {
    for rule in rules_of_tools::MACHINE.iter().chain(rules_of_tools::TOOLS).chain(rules_of_make::MAKE) {
        assert!(!rule.cause.is_empty() && !rule.advice.is_empty(), "{}", rule.pattern);
        assert!(!rule.cause.ends_with('.') && !rule.advice.ends_with('.'), "{}", rule.pattern);
        let groups = compiled(rule.pattern).captures_len() > 1;
        assert!(groups || !(rule.cause.contains("{}") || rule.advice.contains("{}")), "{}", rule.pattern);
    }
}
