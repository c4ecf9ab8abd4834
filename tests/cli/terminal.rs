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
