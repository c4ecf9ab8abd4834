//! `dkms mkmatrix`: cells, their store and the repository, with a make that pretends. Needs root, for mounts of its own.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::sandbox::tools::needs;
use crate::sandbox::{Ran, Sandbox};

const PLAIN: &str = "6.9.0-1-amd64";
const CLOUD: &str = "6.9.0-2-cloud-amd64";
pub(super) const ALL: &str =
    "mkmatrix ./alpha-1 ./beta-1 --kernels 6.9.0-* --from repo --maintainer A<a@example.org> -o out --store store";

/// Two sources, and a folder of packages with headers of two kernels. What FAIL of a source names, make refuses.
pub(super) fn machine() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.without_rooms();
    sandbox.tool(
        "make",
        "#!/bin/sh\necho made >>\"$SANDBOX/made\"\n\
         case \"$kernelver\" in $(cat FAIL 2>/dev/null)) echo 'x.c:1:1: error: no such <thing>' >&2; exit 2 ;; esac\n\
         . elf.sh\nfor source in *.c; do { elf; cat \"$source\"; } >\"${source%.c}.ko\"; done\n",
    );
    for name in ["alpha", "beta"] {
        sandbox.source_in(&format!("{name}-1"), name, "1", "");
    }
    for kernel in [PLAIN, CLOUD] {
        headers(&sandbox, kernel);
    }
    sandbox
}

fn headers(sandbox: &Sandbox, kernel: &str) {
    let name = format!("linux-headers-{kernel}");
    let build = format!("{name}/usr/lib/modules/{kernel}/build");
    sandbox.write(&format!("{build}/include/config/auto.conf"), "CONFIG_MODULES=y\n");
    sandbox.write(&format!("{build}/include/generated/utsrelease.h"), &format!("#define UTS_RELEASE \"{kernel}\"\n"));
    package(sandbox, &name, "amd64");
}

/// Builds the folder NAME to a package in the folder `repo`.
fn package(sandbox: &Sandbox, name: &str, arch: &str) {
    let control = format!(
        "Package: {name}\nVersion: 6.9-1\nArchitecture: {arch}\nMaintainer: A <a@example.org>\nDescription: headers\n"
    );
    sandbox.write(&format!("{name}/DEBIAN/control"), &control);
    fs::create_dir_all(sandbox.path("repo")).expect("a folder");
    let mut build = Command::new("dpkg-deb");
    build.args(["--root-owner-group", "--build", name, "repo"]).current_dir(sandbox.path(""));
    let built = build.output().expect("dpkg-deb");
    assert!(built.status.success(), "{built:?}");
}

fn made(sandbox: &Sandbox) -> usize {
    fs::read_to_string(sandbox.path("made")).unwrap_or_default().lines().count()
}

fn packages(sandbox: &Sandbox) -> Vec<String> {
    sandbox.files("out").into_iter().filter(|file| file.ends_with(".deb")).collect()
}

fn ends(sandbox: &Sandbox, code: i32, line: &str) -> Ran {
    let ran = sandbox.dkms(line);
    assert_eq!(ran.code, code, "{line}: {ran:#?}");
    ran
}

#[test]
fn every_cell_is_built_once_and_becomes_a_package() {
    needs!("dpkg-deb");
    let sandbox = machine();
    let ran = ends(&sandbox, 0, ALL);
    assert!(ran.out.contains("alpha/1  + +\nbeta/1   + +\n1  6.9.0-1-amd64\n2  6.9.0-2-cloud-amd64\n"), "{ran:#?}");
    assert_eq!(
        packages(&sandbox),
        [
            "alpha-modules-6.9.0-1-amd64_1-1_amd64.deb",
            "alpha-modules-6.9.0-2-cloud-amd64_1-1_amd64.deb",
            "alpha-modules-amd64_1+6.9.0.1-1_amd64.deb",
            "alpha-modules-cloud-amd64_1+6.9.0.2-1_amd64.deb",
            "beta-modules-6.9.0-1-amd64_1-1_amd64.deb",
            "beta-modules-6.9.0-2-cloud-amd64_1-1_amd64.deb",
            "beta-modules-amd64_1+6.9.0.1-1_amd64.deb",
            "beta-modules-cloud-amd64_1+6.9.0.2-1_amd64.deb",
        ]
    );
    assert_eq!(made(&sandbox), 4);
    let ran = ends(&sandbox, 0, ALL);
    assert!(ran.out.contains("alpha/1  = =\nbeta/1   = =\n"), "{ran:#?}");
    assert_eq!(made(&sandbox), 4, "nothing is built again");
    sandbox.write("beta-1/beta.c", "changed\n");
    let ran = ends(&sandbox, 0, ALL);
    assert!(ran.out.contains("alpha/1  = =\nbeta/1   + +\n"), "{ran:#?}");
    assert!(ran.err.contains("was there with other content"), "{ran:#?}");
    assert_eq!(made(&sandbox), 6);
    assert!(sandbox.status().is_empty() && !sandbox.path("src/alpha-1").exists(), "nothing of the host has changed");
}

#[test]
fn a_cell_that_fails_is_told_with_its_cause_and_stops_no_other() {
    needs!("dpkg-deb");
    let sandbox = machine();
    sandbox.write("beta-1/FAIL", "*cloud*");
    let ran = ends(&sandbox, 2, ALL);
    assert!(ran.out.contains("alpha/1  + +\nbeta/1   + F\n"), "{ran:#?}");
    assert!(ran.out.contains(&format!("beta/1 for {CLOUD}: does not build: ")), "{ran:#?}");
    assert!(ran.out.contains(&format!("the whole log is out/logs/beta-1-{CLOUD}.txt")), "{ran:#?}");
    assert!(ran.err.contains("1 of 4 cells do not build"), "{ran:#?}");
    assert_eq!(packages(&sandbox).len(), 6);
    let page = fs::read_to_string(sandbox.path("out/index.html")).expect("the page");
    assert!(page.contains("no such &lt;thing&gt;") && !page.contains("<thing>"), "{page}");
    let before = made(&sandbox);
    ends(&sandbox, 2, ALL);
    assert_eq!(made(&sandbox), before, "it would fail again");
    ends(&sandbox, 2, &format!("{ALL} --retry"));
    assert_eq!(made(&sandbox), before + 1);
    let document: Value =
        serde_json::from_str(&fs::read_to_string(sandbox.path("out/matrix.json")).expect("it")).expect("JSON");
    let states: Vec<&str> =
        document["cells"].as_array().expect("cells").iter().filter_map(|cell| cell["state"].as_str()).collect();
    assert_eq!(states, ["kept", "kept", "kept", "fails"]);
    assert_eq!(document["code"], 2);
}

#[test]
fn a_cell_that_lacks_a_program_is_tried_again_when_that_is_there() {
    needs!("dpkg-deb");
    let sandbox = machine();
    sandbox.write("beta-1/FAIL", "*cloud*");
    let make = fs::read_to_string(sandbox.path("bin/make")).expect("make");
    let lacks = "echo '/bin/sh: 1: rarely-there: not found' >&2; exit 127";
    sandbox.tool("make", &make.replace("echo 'x.c:1:1: error: no such <thing>' >&2; exit 2", lacks));
    let ran = ends(&sandbox, 2, ALL);
    assert!(ran.out.contains("the program `rarely-there` is not installed"), "{ran:#?}");
    let before = made(&sandbox);
    ends(&sandbox, 2, ALL);
    assert_eq!(made(&sandbox), before, "it is not there yet");
    sandbox.tool("rarely-there", "#!/bin/sh\n");
    sandbox.tool("make", &make);
    let ran = ends(&sandbox, 0, &format!("{ALL} --dry-run"));
    assert!(ran.out.contains("beta/1   = .\n"), "{ran:#?}");
    let ran = ends(&sandbox, 2, ALL);
    assert!(ran.out.contains("no such <thing>"), "it was built again: {ran:#?}");
    assert_eq!(made(&sandbox), before + 1);
}

#[test]
fn a_dry_run_forgets_nothing_and_jobs_are_told_no_options_that_they_have_no_use_for() {
    needs!("dpkg-deb");
    let sandbox = machine();
    sandbox.write("beta-1/FAIL", "*cloud*");
    ends(&sandbox, 2, ALL);
    let ran = ends(&sandbox, 0, &format!("{ALL} --retry --dry-run"));
    assert!(ran.out.contains("beta/1   = .\n"), "{ran:#?}");
    let before = made(&sandbox);
    ends(&sandbox, 2, ALL);
    assert_eq!(made(&sandbox), before, "what does not build is still known");
    for option in ["--retry", "--for debian-12", "--output x", "--release 2"] {
        let ran = ends(&sandbox, 2, &format!("mkmatrix --store store --cell {} {option}", "0".repeat(64)));
        assert!(ran.err.contains("exclude each other"), "{ran:#?}");
    }
    let more = "--retry --for debian-12 --release 7 --origin Us --jobs 3 --jobs-for make";
    ends(&sandbox, 0, &format!("{ALL} {more}"));
    let list = fs::read_to_string(sandbox.path("store/jobs/matrix.mk")).expect("the makefile");
    assert!(list.contains("--for debian-12 --origin Us ") && list.contains(" --release 7 "), "{list}");
    assert!(list.contains("\tdkms mkmatrix --jobs 3 ") && list.contains("/store --cell $@"), "{list}");
}

#[test]
fn a_page_of_somebody_else_stays_and_so_does_what_lies_in_an_output() {
    needs!("dpkg-deb");
    for name in ["index.html", "matrix.json"] {
        let sandbox = machine();
        sandbox.write(&format!("out/{name}"), "mine\n");
        let ran = ends(&sandbox, 9, ALL);
        assert!(ran.err.contains(&format!("out/{name} exists already")), "{ran:#?}");
        assert_eq!(fs::read_to_string(sandbox.path(&format!("out/{name}"))).expect("it"), "mine\n");
        assert_eq!(made(&sandbox), 0, "nothing is built for nothing");
    }
    let sandbox = machine();
    sandbox.write("out", "a file\n");
    ends(&sandbox, 74, ALL);
    assert_eq!(made(&sandbox), 0);
}

#[test]
fn headers_of_another_machine_or_of_a_kernel_that_is_there_already_are_built_for_nothing() {
    needs!("dpkg-deb");
    let sandbox = machine();
    let other = "linux-headers-6.9.0-3-arm64";
    let second = "linux-headers-6.9.0-4-amd64";
    for (name, says) in [(other, "6.9.0-3-arm64"), (second, PLAIN)] {
        let file = format!("{name}/usr/lib/modules/{says}/build/include/generated/utsrelease.h");
        sandbox.write(&file, &format!("#define UTS_RELEASE \"{says}\"\n"));
        package(&sandbox, name, if name == other { "arm64" } else { "amd64" });
    }
    let ran = ends(&sandbox, 1, ALL);
    assert!(ran.out.contains("alpha/1  + + ? ?\n"), "{ran:#?}");
    assert!(ran.out.contains("alpha/1 for 6.9.0-3-arm64: cannot tell: its headers are for aarch64"), "{ran:#?}");
    assert!(ran.out.contains(&format!("{second} has the headers of {PLAIN}, as another package has")), "{ran:#?}");
}

#[test]
fn jobs_fill_the_store_and_the_same_command_collects() {
    needs!("dpkg-deb", "make");
    let sandbox = machine();
    sandbox.write("beta-1/FAIL", "*cloud*");
    ends(&sandbox, 0, &format!("{ALL} --dry-run"));
    let ran = ends(&sandbox, 0, &format!("{ALL} --jobs-for make"));
    assert!(ran.out.starts_with("make -f /store/jobs/matrix.mk"), "{ran:#?}");
    assert_eq!((made(&sandbox), sandbox.path("out/Packages").exists()), (0, false), "nothing is built");
    let list = fs::read_to_string(sandbox.path("store/jobs/matrix.mk")).expect("the makefile");
    let keys: Vec<&str> = list.lines().filter_map(|line| line.strip_prefix("  ")?.strip_suffix(" \\")).collect();
    assert_eq!(keys.len(), 4, "{list}");
    for key in &keys {
        ends(&sandbox, 0, &format!("mkmatrix --store store --cell {key}"));
        ends(&sandbox, 0, &format!("mkmatrix --store store --cell {key}"));
    }
    assert_eq!(made(&sandbox), 4, "a job that runs twice builds once");
    let ran = ends(&sandbox, 2, ALL);
    assert!(ran.out.contains("alpha/1  = =\nbeta/1   = F\n"), "{ran:#?}");
    assert_eq!(made(&sandbox), 4);
    let ran = ends(&sandbox, 0, &format!("{ALL} --jobs-for slurm"));
    assert!(ran.out.contains("no cell is to be built"), "{ran:#?}");
}

#[test]
fn a_host_with_another_compiler_says_so_and_builds_nothing() {
    needs!("dpkg-deb");
    let sandbox = machine();
    let gcc = |version: &str| sandbox.tool("gcc", &format!("#!/bin/sh\necho 'gcc {version}'\n"));
    gcc("12");
    ends(&sandbox, 0, &format!("{ALL} --jobs-for parallel"));
    let list = sandbox.files("store/jobs").into_iter().find(|file| file.starts_with("cells-")).expect("the list");
    let cells = fs::read_to_string(sandbox.path(&format!("store/jobs/{list}"))).expect("the list");
    gcc("13");
    let ran = ends(&sandbox, 1, &format!("mkmatrix --store store --cell {}", cells.lines().next().expect("a key")));
    assert!(ran.err.contains("compiler and linker: gcc 12; "), "{ran:#?}");
    assert!(ran.err.contains("here it is gcc 13; "), "{ran:#?}");
    assert_eq!(made(&sandbox), 0);
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_built() {
    needs!("dpkg-deb");
    let sandbox = machine();
    sandbox.source_in("other", "alpha", "2", "");
    let key = "0".repeat(64);
    for (line, code, said) in [
        ("mkmatrix ./alpha-1 --from repo", 2, "--kernels"),
        ("mkmatrix ./alpha-1 --kernels clod-amd64 --from repo -o out", 21, "did you mean cloud-amd64?"),
        ("mkmatrix ./alpha-1 --kernels amd64:0 --from repo -o out", 2, "neither a number of kernels nor `kabi`"),
        ("mkmatrix ./alpha-1 --kernels *:kabi --from repo -o out", 21, "Enterprise Linux"),
        ("mkmatrix ./alpha-1 --kernels * --from nowhere -o out", 2, "nowhere is no repository"),
        ("mkmatrix ./nothing --kernels * --from repo -o out", 2, "nothing"),
        ("mkmatrix ./alpha-1 ./other --kernels * --from repo -o out", 2, "alpha/1 and alpha/2 are of one module"),
        ("mkmatrix ./alpha-1 --kernels * --from repo -o out --for arch", 2, "arch"),
        ("mkmatrix --cell x --store store", 2, "no key of a cell"),
        (&format!("mkmatrix --cell {key} --store repo"), 3, "wants no cell"),
        (&format!("mkmatrix --cell {key} --store none"), 2, "there is no store"),
        (&format!("mkmatrix --cell {key}"), 2, "--store"),
    ] {
        fs::create_dir_all(sandbox.path("store")).expect("a folder");
        let ran = sandbox.dkms(line);
        assert_eq!(ran.code, code, "{line}: {ran:#?}");
        assert!(ran.err.contains(said), "{line}: {ran:#?}");
    }
    assert_eq!(made(&sandbox), 0);
}
