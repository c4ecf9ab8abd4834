//! Ctrl-C on a real terminal, as the person before it sees it.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::sandbox::tools::needs;
use crate::sandbox::{KERNEL, SECOND, Sandbox};

/// Tells who it is and takes long, in a process that heeds neither the terminal nor whoever ends its parent only.
const MAKE: &str = "#!/bin/sh
trap '' INT
(trap '' INT TERM; exec sleep 60) &
echo \"$!\" >\"$SANDBOX/compiler-$module\"
wait
";

/// Runs `dkms` with these words on a terminal (script(1) makes one) and types Ctrl-C once all of these modules are being
/// built and drawn. Gives its exit code and all that came to the terminal.
fn typed_ctrl_c(s: &Sandbox, line: &str, modules: &[&str]) -> (i32, String) {
    let words = [env!("CARGO_BIN_EXE_dkms"), line].map(str::to_owned).into_iter().chain(s.places());
    // Whoever runs the tests in the background of a shell has it ignore Ctrl-C.
    let mut script = Command::new("env");
    script.args(["--default-signal", "script", "-q", "-e", "-c", &words.collect::<Vec<_>>().join(" "), "/dev/null"]);
    let shown = fs::File::create(s.path("shown")).expect("a file");
    script.env_clear().envs(s.environment()).env("TERM", "xterm").current_dir(s.path(""));
    let mut script = script.stdin(Stdio::piped()).stdout(shown).spawn().expect("script");
    let begin = Instant::now();
    let is_drawn = || {
        let shown = fs::read_to_string(s.path("shown")).unwrap_or_default();
        modules.iter().all(|name| shown.contains(&format!(" building {name}/1")) && compiler(s, name).is_some())
    };
    while !is_drawn() {
        assert!(begin.elapsed() < Duration::from_secs(60), "it was never drawn: {:?}", screen(&text(s)));
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut keyboard = script.stdin.take().expect("its keyboard");
    keyboard.write_all(b"\x03").expect("a key");
    let ended = script.wait().expect("its end");
    drop(keyboard);
    (ended.code().unwrap_or(-1), text(s))
}

/// Builds on a terminal with these variables, which is not asked for anything, and gives what came to it.
fn shown_with(s: &Sandbox, variables: &[(&str, &str)]) -> String {
    let words = [env!("CARGO_BIN_EXE_dkms"), "build", "a/1", "--force", "-k", KERNEL].map(str::to_owned);
    let line = words.into_iter().chain(s.places()).collect::<Vec<_>>().join(" ");
    let mut script = Command::new("script");
    script.args(["-q", "-e", "-c", &line, "/dev/null"]).env_clear().envs(s.environment());
    let output = script.envs(variables.iter().copied()).stdin(Stdio::null()).output().expect("script");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_spinner_turns_on_a_terminal_of_ones_own_only_and_in_letters_that_it_knows() {
    needs!("script");
    let s = Sandbox::new();
    s.without_rooms();
    s.source("a", "1", "");
    s.tool("make", "#!/bin/sh\nsleep 1\n. elf.sh\n{ elf; cat a.c; } >a.ko\n");
    for (variables, is_drawn, has_braille) in [
        (&[("TERM", "xterm"), ("LANG", "C.UTF-8")][..], true, true),
        (&[("TERM", "xterm")], true, false),
        (&[("TERM", "dumb"), ("LANG", "C.UTF-8")], false, false),
        (&[("TERM", "xterm"), ("LANG", "C.UTF-8"), ("DPKG_MAINTSCRIPT_NAME", "postinst")], false, false),
        (&[("TERM", "xterm"), ("CI", "true")], false, false),
    ] {
        let shown = shown_with(&s, variables);
        assert_eq!(shown.contains('\x1b'), is_drawn, "{variables:?}: {shown:?}");
        let braille = shown.chars().any(|c| ('\u{2800}'..'\u{2900}').contains(&c));
        assert_eq!(braille, has_braille, "{variables:?}: {shown:?}");
        let building = format!("building a/1 for {KERNEL} ({})\r\n", std::env::consts::ARCH);
        assert_eq!(
            shown.contains(&building),
            variables.len() > 1 && !is_drawn && variables[0].1 != "dumb",
            "{shown:?}"
        );
    }
}

#[test]
fn what_takes_long_is_told_in_lines_where_nothing_is_drawn() {
    let s = Sandbox::new();
    s.without_rooms();
    s.source("a", "1", "");
    s.tool("make", "#!/bin/sh\nsleep 17\n. elf.sh\n{ elf; cat a.c; } >a.ko\n");
    let mut child = s.start(&format!("install a/1 -k {KERNEL}"));
    let begin = Instant::now();
    let said = || fs::read_to_string(s.path("said")).unwrap_or_default();
    while !said().contains(" so far") {
        assert!(
            begin.elapsed() < Duration::from_secs(60) && child.try_wait().expect("a child").is_none(),
            "{}",
            said()
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(child.wait().expect("its end").success());
    let lines: Vec<String> = said().lines().map(str::to_owned).collect();
    let at = |words: &str| lines.iter().position(|line| line.contains(words));
    assert!(at(" s so far") < at(": done (17") && !said().contains('\x1b'), "{lines:#?}");
}

fn text(s: &Sandbox) -> String {
    fs::read_to_string(s.path("shown")).expect("what was shown")
}

fn compiler(s: &Sandbox, module: &str) -> Option<u32> {
    fs::read_to_string(s.path(&format!("compiler-{module}"))).ok()?.trim().parse().ok()
}

fn runs(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

/// The lines that stand on the screen after all this came to a terminal: what is overwritten or erased is gone (the few
/// controls of ECMA-48 that are used here).
fn screen(text: &str) -> Vec<String> {
    let (mut lines, mut row, mut column) = (vec![Vec::new()], 0_usize, 0_usize);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\r' => column = 0,
            '\n' => row += 1,
            '\x1b' => {
                let sequence: String = std::iter::from_fn(|| rest.next_if(|c| !c.is_ascii_alphabetic())).collect();
                let number = sequence.trim_start_matches('[').parse().unwrap_or(1);
                match rest.next() {
                    Some('A') => row = row.saturating_sub(number),
                    Some('B') => row += number,
                    Some('K') if number == 2 => lines[row].clear(),
                    Some('K') => lines[row].truncate(column),
                    Some('J') => lines.truncate(row + 1),
                    Some('m') => {}
                    other => panic!("a control that this screen does not know: {sequence}{other:?}"),
                }
            }
            c => {
                let line: &mut Vec<char> = &mut lines[row];
                line.resize(line.len().max(column + 1), ' ');
                line[column] = c;
                column += 1;
            }
        }
        lines.resize(lines.len().max(row + 1), Vec::new());
    }
    lines.into_iter().map(|line| line.into_iter().collect::<String>().trim_end().to_owned()).collect()
}

#[test]
fn ctrl_c_ends_all_builds_says_what_was_undone_and_leaves_no_spinner() {
    needs!("script");
    for line in [format!("install a/1 -k {KERNEL}"), "reconcile".to_owned()] {
        let s = Sandbox::new();
        s.without_rooms();
        s.tool("make", MAKE);
        for name in ["a", "b"] {
            s.source(name, "1", "");
            s.ok(&format!("add {name}/1"));
        }
        let modules = if line == "reconcile" { &["a", "b"][..] } else { &["a"] };
        let (code, shown) = typed_ctrl_c(&s, &format!("{line} -j 2"), modules);
        let screen = screen(&shown);
        assert_eq!(code, 130, "{line}: {screen:#?}");
        let drawn = |line: &&String| line.chars().any(|c| ('\u{2800}'..'\u{2900}').contains(&c));
        assert_eq!(screen.iter().find(drawn), None, "{line}: a spinner is left: {screen:#?}");
        let says = |words: &str| screen.iter().any(|line| line.contains(words));
        assert!(says("interrupted by SIGINT") && says("its build folder removed"), "{line}: {screen:#?}");
        assert!(says("the same command does the rest"), "{line}: {screen:#?}");
        for name in modules {
            assert!(says(&format!("building {name}/1 for ")) && says(": interrupted"), "{line}: {screen:#?}");
            assert!(!runs(compiler(&s, name).expect("its number")), "{line}: a child of {name} lives on");
            assert!(!s.path(&format!("dkms/{name}/1/build")).exists(), "{line}: {name}");
        }
        s.ok("fsck");
        assert!(s.files("lib/modules").iter().all(|file| !file.ends_with(".ko")), "{SECOND}");
    }
}
