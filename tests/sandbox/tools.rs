//! Real programs that tests ask. One that is missing fails the test, and the message says which package brings it. With
//! DKMS_TESTS_SKIP_MISSING=yes the tests that need it are skipped instead; tests/timed counts and names them.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};

/// The first line of a test that asks real programs; returns from it where one is missing and that is allowed.
macro_rules! needs {
    ($($program:literal),+) => {
        if !crate::sandbox::tools::present(&[$($program),+]) {
            return;
        }
    };
}
pub(crate) use needs;

/// Which package brings which program: the lines `need PROGRAM PACKAGE` of the script that sets a machine up, so that
/// what tests ask is installed by `make test`.
const PREREQUISITES: &str = include_str!("../e2e/prerequisites");

/// Whether these are here. A missing one is an error that says what to type, or, where skipping is allowed, told.
pub fn present(programs: &[&str]) -> bool {
    let missing: Vec<&str> = programs.iter().copied().filter(|program| !is_here(program)).collect();
    if missing.is_empty() {
        return true;
    }
    let packages: Vec<&str> = missing.iter().map(|program| package_of(program)).collect();
    let may_skip = std::env::var_os("DKMS_TESTS_SKIP_MISSING").is_some_and(|value| value == "yes");
    assert!(
        may_skip,
        "not here: {}. Type: apt-get install {} (or set DKMS_TESTS_SKIP_MISSING=yes to skip what needs it)",
        missing.join(", "),
        packages.join(" ")
    );
    let thread = std::thread::current();
    // Not by eprintln!, which is shown for tests that fail only.
    let line = format!("skipped: {}: not here: {}\n", thread.name().unwrap_or("a test"), missing.join(", "));
    std::io::stderr().write_all(line.as_bytes()).expect("standard error");
    false
}

fn is_here(program: &str) -> bool {
    package_of(program);
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn package_of(program: &str) -> &'static str {
    let found = PREREQUISITES.lines().find_map(|line| {
        let (name, package) = line.strip_prefix("need ")?.split_once(' ')?;
        (name == program).then_some(package)
    });
    found.unwrap_or_else(|| panic!("tests/e2e/prerequisites has no line `need {program} PACKAGE`"))
}

/// Whether a program ended well, and what it said on both streams.
pub fn tool(program: &str, words: &[&str], file: &Path) -> (bool, String) {
    let mut command = Command::new(program);
    command.args(words).arg(file).env("LC_ALL", "C.UTF-8");
    let output = command.output().unwrap_or_else(|error| panic!("{program}: {error}"));
    (output.status.success(), both(&output))
}

/// What a program said that has to end well.
#[track_caller]
pub fn said(program: &str, words: &[&str], file: &Path) -> String {
    let (fine, text) = tool(program, words, file);
    assert!(fine, "{program} {}: {text}", words.join(" "));
    text
}

fn both(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_program_that_is_not_here_fails_its_test_and_names_its_package() {
    assert_eq!(package_of("createrepo_c"), "createrepo-c");
    let asked = std::panic::catch_unwind(|| present(&["unknown-program"]));
    let message = asked.expect_err("it is in no list").downcast::<String>().expect("a text");
    assert!(message.contains("need unknown-program PACKAGE"), "{message}");
}
