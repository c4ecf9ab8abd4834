//! Slips of people who are new to it: each is told what happened, why, and what to type next.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::sandbox::{KERNEL, Sandbox};

/// A slip: what is wrong on the machine, what is typed (`KERNEL` stands for the first kernel), the exit code, words that are
/// told, and words that are not.
struct Slip {
    name: &'static str,
    made: fn(&Sandbox),
    typed: &'static str,
    code: i32,
    told: &'static [&'static str],
    silent: &'static [&'static str],
}

impl Slip {
    const fn new(
        name: &'static str,
        made: fn(&Sandbox),
        typed: &'static str,
        code: i32,
        told: &'static [&'static str],
    ) -> Self {
        Self { name, made, typed, code, told, silent: &[] }
    }

    const fn without(mut self, silent: &'static [&'static str]) -> Self {
        self.silent = silent;
        self
    }
}

fn nothing(_: &Sandbox) {}

fn added(sandbox: &Sandbox) {
    sandbox.ok("add hello/1.0");
}

fn conf(sandbox: &Sandbox, change: impl Fn(&str) -> Vec<u8>) {
    let file = sandbox.path("src/hello-1.0/dkms.conf");
    let text = fs::read_to_string(&file).expect("a dkms.conf");
    fs::write(file, change(&text)).expect("a dkms.conf");
}

fn says(sandbox: &Sandbox, line: &str) {
    conf(sandbox, |text| format!("{text}{line}\n").into_bytes());
}

fn script(sandbox: &Sandbox, name: &str, text: &str, mode: u32) {
    let file = format!("src/hello-1.0/{name}");
    sandbox.write(&file, text);
    fs::set_permissions(sandbox.path(&file), fs::Permissions::from_mode(mode)).expect("its mode");
}

const LINES: &[Slip] = &[
    Slip::new(
        "an architecture that is none",
        added,
        "build hello/1.0 -k KERNEL -a foo",
        12,
        &["foo is no architecture"],
    ),
    Slip::new("the same of status", added, "status -a foo", 0, &["foo is no architecture of Linux; "]),
    Slip::new(
        "a module that nobody has",
        added,
        "check -m nosuch",
        2,
        &["nosuch is not in the DKMS tree", "`dkms status`"],
    )
    .without(&["dkms reconcile"]),
    Slip::new(
        "a kernel as its own template",
        nothing,
        "match -k KERNEL --templatekernel KERNEL",
        2,
        &["--templatekernel"],
    ),
    Slip::new("a matrix of no kernels", nothing, "mkmatrix ./hello", 2, &["mkmatrix needs --kernels SELECTOR\n"]),
    Slip::new(
        "an extension for a kernel that is not there",
        added,
        "mksysext -k 9.9.9",
        21,
        &["no such kernel is installed", "`ls "],
    ),
    Slip::new("two kernels at once", nothing, "autoinstall -k KERNEL -k 9.9.9", 4, &["once for each"]),
    Slip::new(
        "an archive that is not there",
        nothing,
        "add nothere.tar.gz",
        1,
        &["nothere.tar.gz does not exist", "looked for in"],
    ),
    Slip::new(
        "headers that are not there",
        nothing,
        "preflight --headers /nowhere",
        21,
        &["there are no kernel headers in /nowhere", "name the folder"],
    )
    .without(&["packages cannot be unpacked"]),
    Slip::new("nearly a word of mok", nothing, "mok enrol", 64, &["did you mean `dkms mok enroll`?"]),
    Slip::new("a file to enrol", nothing, "mok enroll /a.der", 64, &["enroll takes no operand", "dkms mok status"]),
    Slip::new("no word of mok", nothing, "mok frobnicate", 64, &["nothing that `dkms mok` does", "lists status"]),
    Slip::new(
        "the address of one",
        nothing,
        "add https://example.org/h.tar.gz",
        2,
        &["`curl -LO https://example.org/h.tar.gz`"],
    ),
    Slip::new("a finished module", |s| s.write("x.ko", ""), "install ./x.ko", 3, &["that is a finished module"]),
    Slip::new("a package", |s| s.write("x.deb", ""), "install ./x.deb", 3, &["`apt-get install ./x.deb`"]),
    Slip::new("an empty archive", |s| s.write("x.tar.gz", ""), "add x.tar.gz", 3, &["the file is empty"]),
    Slip::new(
        "a directive without a value",
        nothing,
        "install hello/1.0 -k KERNEL --directive FOO",
        2,
        &["`--directive 'FOO=VALUE'`"],
    ),
    Slip::new(
        "the same of conf",
        nothing,
        "conf hello/1.0 -k KERNEL --directive FOO",
        2,
        &["`--directive 'FOO=VALUE'`"],
    ),
    Slip::new(
        "a kernel that is not installed",
        nothing,
        "install hello/1.0 -k 5.10.0-1",
        21,
        &["no such kernel is installed", "-k 6.1.0-1"],
    )
    .without(&["5.10.0-1, then run"]),
    Slip::new("name and version as two words", nothing, "install hello 1.0", 2, &["did you mean hello/1.0?"]),
    Slip::new("the same with -m", nothing, "install -m hello 1.0", 2, &["did you mean -m hello -v 1.0?"]),
    Slip::new("joined by a dash", nothing, "install hello-1.0", 1, &["did you mean hello/1.0?"]),
    Slip::new("joined by an @", nothing, "install hello@1.0", 1, &["did you mean hello/1.0?"]),
    Slip::new(
        "a name that is nearly right",
        added,
        "why helo",
        3,
        &["no module helo is in the DKMS tree", "did you mean hello/1.0?"],
    ),
    Slip::new("the same asked for its state", added, "status helo", 0, &["nothing is listed; did you mean hello/1.0?"]),
    Slip::new("a verb of other programs", nothing, "list", 2, &["`dkms status`"]).without(&["did you mean lint"]),
    Slip::new("another one", nothing, "delete hello", 2, &["`dkms remove MODULE/VERSION --all`"]),
    Slip::new(
        "a folder without dkms.conf",
        |s| s.write("d/Makefile", "obj-m := d.o\n"),
        "add ./d",
        1,
        &["holds no dkms.conf", "`dkms mkconf ./d -o ./d`"],
    ),
];

/// What is wrong with the source.
const SOURCES: &[Slip] = &[
    Slip::new(
        "a dkms.conf of another version",
        |s| conf(s, |text| text.replace("1.0", "1.1").into_bytes()),
        "add hello/1.0",
        0,
        &["says that it is hello/1.1; it is taken as hello/1.0"],
    ),
    Slip::new(
        "a byte order mark",
        |s| conf(s, |text| format!("\u{feff}{text}").into_bytes()),
        "install hello/1.0 -k KERNEL",
        0,
        &[],
    ),
    Slip::new(
        "UTF-16",
        |s| {
            conf(s, |text| {
                [&b"\xff\xfe"[..], &text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()].concat()
            });
        },
        "install hello/1.0 -k KERNEL",
        8,
        &["`iconv -f UTF-16 -t UTF-8`"],
    ),
    Slip::new(
        "no version",
        |s| conf(s, |text| text.replace("PACKAGE_VERSION", "VERSION").into_bytes()),
        "install hello/1.0 -k KERNEL",
        8,
        &["PACKAGE_VERSION is missing", "hint: correct", "dkms.conf(5)"],
    ),
    Slip::new(
        "a patch that is not there",
        |s| says(s, "PATCH=fix.patch"),
        "install hello/1.0 -k KERNEL",
        5,
        &["the patch `fix.patch`", "nothing is in it", "take it out of PATCH"],
    ),
    Slip::new(
        "a patch beside its folder",
        |s| {
            says(s, "PATCH=fix.patch");
            s.write("src/hello-1.0/fix.patch", "");
        },
        "install hello/1.0 -k KERNEL",
        5,
        &["move it into patches/"],
    ),
    Slip::new(
        "a patch that does not apply",
        |s| {
            says(s, "PATCH=fix.patch");
            s.write(
                "src/hello-1.0/patches/fix.patch",
                "--- a/hello.c\n+++ b/hello.c\n@@ -1 +1 @@\n-not there\n+there\n",
            );
        },
        "install hello/1.0 -k KERNEL",
        6,
        &["does not apply: 1 out of 1 hunk FAILED", "what patch said is in"],
    ),
    Slip::new(
        "a PRE_BUILD that fails",
        |s| {
            says(s, "PRE_BUILD=pre.sh");
            script(s, "pre.sh", "#!/bin/sh\necho looking\necho no such card >&2\nexit 3\n", 0o755);
        },
        "install hello/1.0 -k KERNEL",
        3,
        &["PRE_BUILD script of hello/1.0 for kernel", "failed: no such card", "make.log"],
    )
    .without(&["exit code 3"]),
    Slip::new(
        "a PRE_BUILD that may not be run",
        |s| {
            says(s, "PRE_BUILD=pre.sh");
            script(s, "pre.sh", "#!/bin/sh\n", 0o644);
        },
        "install hello/1.0 -k KERNEL",
        0,
        &["pre.sh is not executable; `chmod +x` it in the source"],
    ),
    Slip::new(
        "a program misspelt",
        |s| conf(s, |text| text.replace("MAKE=make", "MAKE=mak").into_bytes()),
        "install hello/1.0 -k KERNEL",
        10,
        &["failed: mak: command not found", "the MAKE line of dkms.conf runs `mak`", "correct MAKE"],
    )
    .without(&["line 4", "exit code"]),
    Slip::new(
        "an error of the compiler",
        |s| s.write("src/hello-1.0/FAIL", ""),
        "install hello/1.0 -k KERNEL",
        10,
        &["failed: x.c:1:1: error: it was told to fail", "the whole log is", "this is its line"],
    )
    .without(&["make: exit code"]),
    Slip::new(
        "a dependency that nobody knows",
        |s| says(s, "BUILD_DEPENDS=nobody"),
        "install hello/1.0 -k KERNEL",
        13,
        &["needs nobody installed", "`dkms install nobody -k 6.1.0-1", "the package that brings it", "--force"],
    ),
    Slip::new(
        "a kernel that dkms.conf leaves out",
        |s| says(s, "BUILD_EXCLUSIVE_KERNEL=\"^5[.]\""),
        "install hello/1.0 -k KERNEL",
        77,
        &["is not for kernel", "look for a release of hello"],
    ),
    Slip::new(
        "half a pair of keys",
        |s| s.write("dkms/mok.pub", "old"),
        "generate_mok",
        0,
        &["made anew, for only one of them was there", "`dkms mok enroll`"],
    ),
];

fn tried(slip: &Slip) -> Result<(), String> {
    let sandbox = Sandbox::new();
    sandbox.source("hello", "1.0", "");
    (slip.made)(&sandbox);
    let ran = sandbox.dkms(&slip.typed.replace("KERNEL", KERNEL));
    let all = format!("{}{}", ran.out, ran.err);
    let lacks = slip.told.iter().find(|words| !all.contains(**words)).map(|words| format!("does not say {words:?}"));
    let says = slip.silent.iter().find(|words| all.contains(**words)).map(|words| format!("says {words:?}"));
    let ends = (ran.code != slip.code).then(|| format!("ends with {} instead of {}", ran.code, slip.code));
    let is_helpful = ran.code == 0 || all.contains("  hint: ") || all.contains('`');
    let leaves_alone = (!is_helpful).then(|| "says nothing of what to type".to_owned());
    match lacks.or(says).or(ends).or(leaves_alone) {
        Some(fault) => Err(format!("{}: {fault}:\n{all}", slip.name)),
        None => Ok(()),
    }
}

#[test]
fn slips_on_the_command_line_are_told_what_to_type() {
    let faults: Vec<String> = LINES.iter().filter_map(|slip| tried(slip).err()).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn slips_in_a_source_are_told_in_their_own_words() {
    let faults: Vec<String> = SOURCES.iter().filter_map(|slip| tried(slip).err()).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_build_link_that_leads_nowhere_is_said_to() {
    let sandbox = Sandbox::new();
    sandbox.source("hello", "1.0", "");
    sandbox.image("6.9.0");
    symlink("/usr/src/linux-headers-6.9.0", sandbox.path("lib/modules/6.9.0/build")).expect("a link");
    let ran = sandbox.dkms("install hello/1.0 -k 6.9.0");
    assert_eq!(ran.code, 21, "{ran:?}");
    for words in
        ["its headers are gone", "leads to /usr/src/linux-headers-6.9.0, which does not exist", "--kernelsourcedir"]
    {
        assert!(ran.err.contains(words), "{words}: {}", ran.err);
    }
}

#[test]
fn a_source_that_is_named_comes_nowhere_when_it_is_built_for_no_kernel() {
    let sandbox = Sandbox::new();
    sandbox.source_in("hello", "hello", "1.0", "");
    sandbox.source_in("other", "other", "1.0", "BUILD_EXCLUSIVE_KERNEL=^2\n");
    sandbox.image("6.9.9");
    for (line, code) in
        [("install ./hello -k 6.9.9", 21), ("build ./hello -k 6.9.9 -k 6.9.8", 21), ("install ./other", 77)]
    {
        let ran = sandbox.dkms(line);
        assert_eq!(ran.code, code, "{line}: {ran:?}");
        assert!(sandbox.status().is_empty() && !sandbox.path("src/hello-1.0").exists(), "{line}: {ran:?}");
    }
    assert_eq!(sandbox.dkms(&format!("install ./hello -k 6.9.9 -k {KERNEL}")).code, 21);
    assert_eq!(sandbox.status().len(), 1, "for one of them it is");
}

#[test]
fn commands_in_hints_are_about_the_places_that_were_given() {
    let sandbox = Sandbox::new();
    sandbox.source("hello", "1.0", "");
    sandbox.write("src/hello-1.0/FAIL", "");
    sandbox.dkms(&format!("install hello/1.0 -k {KERNEL}"));
    let place = |name: &str| sandbox.path(name).display().to_string();
    let tree = format!("--dkmstree {} --installtree {}", place("dkms"), place("lib/modules"));
    let told = sandbox.plain(&format!("status {tree}"), &[]).err;
    let command = format!("`dkms why hello/1.0 -k {KERNEL} --dkmstree /dkms --installtree /lib/modules`");
    assert!(told.contains(&command), "{told}");
    assert_eq!(told.lines().count(), 1, "a line for the failure: {told}");
    assert!(told.len() < 250, "and a short one: {told}");
    let made = sandbox.plain(&format!("add ./src {tree}"), &[]).err;
    assert!(made.contains("`dkms mkconf ./src -o ./src`"), "that one knows no trees: {made}");
}

#[test]
fn a_success_names_what_was_installed_and_details_name_command_and_log() {
    let sandbox = Sandbox::new();
    sandbox.source("hello", "1.0", "");
    let plain = sandbox.ok(&format!("install hello/1.0 -k {KERNEL}")).out;
    assert!(plain.contains(&format!(" done: /lib/modules/{KERNEL}/updates/")), "{plain}");
    let verbose = sandbox.ok(&format!("build hello/1.0 -k {KERNEL} --force --verbose")).out;
    for words in ["make -j", "the log of this build is", "log/make.log"] {
        assert!(verbose.contains(words), "{words}: {verbose}");
    }
}

#[test]
fn a_package_of_headers_that_no_source_has_is_not_offered_by_what_is_done_nor_by_what_would_be() {
    let sandbox = Sandbox::new();
    sandbox.source("hello", "1.0", "");
    sandbox.tool("apt-cache", "exit 100");
    sandbox.ok("add hello/1.0");
    fs::create_dir_all(sandbox.path("lib/modules/7.7.7")).expect("a kernel without headers");
    for kernel in ["9.9.9", "7.7.7"] {
        for line in ["install hello/1.0", "install hello/1.0 --dry-run", "build hello/1.0"] {
            let ran = sandbox.dkms(&format!("{line} -k {kernel}"));
            assert_eq!(ran.code, 21, "{line}: {ran:?}");
            assert!(
                ran.err.contains(&format!("no package source of this machine has linux-headers-{kernel}")),
                "{line}: {ran:?}"
            );
            assert!(!ran.err.contains("come with") && !ran.err.contains("then run this again"), "{line}: {ran:?}");
        }
    }
}
