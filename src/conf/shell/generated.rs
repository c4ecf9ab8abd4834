//! Generated static files: native evaluation and bash must agree on every one.

use std::fmt::Write;

use super::tests::{native, real, shell, system};
use super::{Evaluations, Reach, Shell};
use crate::conf::module::Directives;
use crate::sys::System;

/// A small deterministic generator (xorshift), so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

const NAMES: [&str; 6] = ["R", "R1", "R2", "X", "Y", "kernelver"];
const PATTERNS: [&str; 9] = ["*", "a*", "?", "[0-9]", "*.*", "-*", "[!a-z]*", "6.1", "x"];
const TEXTS: [&str; 16] =
    ["a", "b.c", "/x/y", "6.1", "x=y", "a,b", "-j4", ":", "a@b", "%", "+", "~", "#", "!", "]", "{}"];

/// A word, in any quoting.
fn word(dice: &mut Dice, depth: usize) -> String {
    let mut word = String::new();
    for _ in 0..=dice.roll(3) {
        word.push_str(&piece(dice, depth));
    }
    word
}

fn piece(dice: &mut Dice, depth: usize) -> String {
    let name = dice.pick(&NAMES);
    match dice.roll(if depth > 2 { 6 } else { 15 }) {
        0 | 1 => dice.pick(&TEXTS).to_owned(),
        2 => format!("'{} \\ \" $X  {}'", dice.pick(&TEXTS), dice.pick(&TEXTS)),
        3 => format!("\\{}", dice.pick(&["$", "\"", "'", "\\", " ", "a", ";", "*"])),
        4 => format!("${name}"),
        5 => format!("${{{name}}}"),
        6 => format!("\"{}\"", quoted(dice, depth + 1)),
        7 => format!("${{{name}{}{}}}", dice.pick(&[":-", "-", ":+", "+"]), word(dice, depth + 3)),
        8 => format!("${{{name}{}{}}}", dice.pick(&["#", "##", "%", "%%"]), dice.pick(&PATTERNS)),
        9 => format!(
            "${{{name}{}{}/{}}}",
            dice.pick(&["/", "//", "/#", "/%"]),
            dice.pick(&PATTERNS),
            dice.pick(&["", "z", "z.z"])
        ),
        10 => format!("${{{name}:{}:{}}}", dice.roll(4), dice.roll(4)),
        11 => format!("${{#{name}}}"),
        12 => format!("$(({}+{}*{}))", dice.roll(9), dice.roll(9), dice.pick(&["2", "N", "$N", "(1+N)"])),
        13 => format!("$(echo {})", word(dice, depth + 1)),
        _ => format!("${{{name}{}}}", dice.pick(&["^^", ",,", "^", "[0]", "[@]", "[*]"])),
    }
}

fn quoted(dice: &mut Dice, depth: usize) -> String {
    let mut text = String::new();
    for _ in 0..=dice.roll(3) {
        match dice.roll(6) {
            0 => text.push_str(dice.pick(&["a b", "  ", "\\$X", "\\\\", "\\\"", "\\a", "'", "*", "\t"])),
            1 => text.push_str(dice.pick(&TEXTS)),
            2 => write!(text, "${{{}}}", dice.pick(&NAMES)).unwrap(),
            3 => write!(text, "${{{}[@]}}", dice.pick(&["R", "X", "Y"])).unwrap(),
            4 => write!(text, "${{{}:-{}}}", dice.pick(&NAMES), dice.pick(&["a", "a b", "$X", "\"q\""])).unwrap(),
            _ if depth < 3 => write!(text, "$(echo \"{}\")", dice.pick(&["a  b", "$X", "c"])).unwrap(),
            _ => text.push('c'),
        }
    }
    text
}

fn statement(dice: &mut Dice, depth: usize) -> String {
    let name = NAMES[dice.roll(5)];
    match dice.roll(if depth > 1 { 5 } else { 10 }) {
        0 | 1 => format!("{name}={}", word(dice, 0)),
        2 => format!("{name}+={}", word(dice, 0)),
        3 => format!("{name}[{}]={}", dice.pick(&["0", "1", "7", "N", "N+1", "$N"]), word(dice, 0)),
        4 => format!("{name}{}({} {} [5]={})", dice.pick(&["=", "+="]), word(dice, 0), word(dice, 0), word(dice, 1)),
        5 => {
            let test = condition(dice);
            format!("if {test}; then {}; else {}; fi", statement(dice, depth + 1), statement(dice, depth + 1))
        }
        6 => format!("for Y in {} {}; do {}; done", word(dice, 0), word(dice, 0), statement(dice, depth + 1)),
        7 => {
            let (value, pattern) = (word(dice, 1), dice.pick(&PATTERNS));
            format!(
                "case {value} in {pattern}) {};; *) {};; esac",
                statement(dice, depth + 1),
                statement(dice, depth + 1)
            )
        }
        8 => format!("{} && {}", condition(dice), statement(dice, depth + 1)),
        _ => format!("f() {{ {}; }}; f {} {}", statement(dice, depth + 1), word(dice, 0), word(dice, 0)),
    }
}

fn condition(dice: &mut Dice) -> String {
    match dice.roll(5) {
        0 => format!("[ \"{}\" = \"{}\" ]", quoted(dice, 3), quoted(dice, 3)),
        1 => format!("[ {} -lt {} ]", dice.roll(5), dice.roll(5)),
        2 => format!("[[ {} == {} ]]", word(dice, 2), dice.pick(&PATTERNS)),
        3 => format!(
            "[[ -n {} && ! {} =~ {} ]]",
            word(dice, 2),
            word(dice, 2),
            dice.pick(&["^a", "6\\.", "[0-9]+", "b|c"])
        ),
        _ => dice.pick(&["true", "false", "! true", "((N>2))", "test -n \"$X\""]).to_owned(),
    }
}

/// How many files to generate: DKMS_GENERATED, else this many.
fn rounds(otherwise: u64) -> u64 {
    std::env::var("DKMS_GENERATED").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn generated_files_are_evaluated_as_bash_does_it() {
    let system = system();
    let rounds = rounds(60);
    let (mut compared, mut wrong) = (0, Vec::new());
    for seed in 1..=rounds {
        let mut dice = Dice(u64::wrapping_mul(seed, 0x9e37_79b9_7f4a_7c15));
        let mut text = "X=a.b N=3\n".to_owned();
        for _ in 0..=dice.roll(5) {
            text.push_str(&statement(&mut dice, 0));
            text.push('\n');
        }
        // What is left to bash is no difference; most of it must be static, though.
        let Ok(found) = native(&system, &text) else { continue };
        compared += 1;
        let expected = real(&system, &text);
        if found != expected {
            wrong.push(format!("seed {seed}:\n{text}  native {found:?}\n  bash   {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {compared} differ\n{}", wrong.len(), wrong[..wrong.len().min(5)].join("\n"));
    assert!(compared * 2 > rounds, "only {compared} of {rounds} were static");
}

/// What a second evaluation meets: quotes, expansions, blanks, patterns, backslashes, in any order.
fn raw_value(dice: &mut Dice) -> String {
    const PIECES: [&str; 24] = [
        "make",
        "-C",
        " ",
        "  ",
        "\n",
        "\t",
        "$kernelver",
        "${arch}",
        r"\$X",
        "\"x\"",
        "\"a b\"",
        r"\a",
        r"\\",
        "\\\"",
        "*",
        "/etc/passw?",
        "[a-c]",
        "${X:-d  e}",
        "${kernelver%%-*}",
        "$((1+2))",
        ";",
        "#",
        "~",
        "{}",
    ];
    // A lone quote or backslash at the end swallows what follows, and leaves nothing to compare.
    let piece = |dice: &mut Dice| if dice.roll(60) == 0 { dice.pick(&["\"", r"\"]) } else { dice.pick(&PIECES) };
    (0..=dice.roll(7)).map(|_| piece(dice)).collect()
}

/// Both evaluations by bash alone: sources the file, prints each value unquoted between double quotes, and evaluates
/// what was printed. None when that is no shell text.
fn twice_by_bash(system: &System, file: &std::path::Path) -> Option<Directives> {
    const SCRIPT: &str = r#"
        . "$1"
        printed=$(for name in R R1 R2; do
            declare -n array=$name
            for index in "${!array[@]}"; do
                value=${array[index]}
                set -- $name\[$index]=\"$value\"
                echo "$*"
            done
        done)
        unset R R1 R2 X
        eval "$printed" || exit 1
        for name in R R1 R2; do
            declare -n values=$name
            for index in "${!values[@]}"; do printf '%s\0%s\0%s\0' "$name" "$index" "${values[index]}"; done
        done"#;
    let command = system.command(std::path::Path::new("."), "bash").args(["--norc", "-c", SCRIPT, "bash"]).arg(file);
    let command = command.env("kernelver", "6.1.0-56-amd64").env("arch", "x86_64");
    let finished = system.run(&command).unwrap();
    if !finished.success() || !finished.error_text().is_empty() {
        return None;
    }
    let mut directives = Directives::new();
    let text = String::from_utf8(finished.stdout.clone()).unwrap();
    let fields: Vec<&str> = text.split('\0').collect();
    for field in fields.chunks_exact(3) {
        directives.entry(field[0].to_owned()).or_default().insert(field[1].parse().unwrap(), field[2].to_owned());
    }
    Some(directives)
}

#[test]
fn generated_values_are_evaluated_a_second_time_as_bash_does_it() {
    let system = system();
    let rounds = rounds(120);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dkms.conf");
    let shell = Shell { evaluations: Evaluations::Two, ..shell(&system, Reach::Native) };
    let (mut compared, mut wrong) = (0, Vec::new());
    for seed in 1..=rounds {
        let mut dice = Dice(u64::wrapping_mul(seed, 0x9e37_79b9_7f4a_7c15));
        let text: String =
            ["X", "R", "R[3]", "R1", "R2"].iter().map(|name| format!("{name}='{}'\n", raw_value(&mut dice))).collect();
        fs_err::write(&file, &text).unwrap();
        let Ok(reading) = shell.read(&file, &Directives::new()) else { continue };
        // Text that bash complains about is told as a loss of values, or not at all.
        let Some(expected) = twice_by_bash(&system, &file) else { continue };
        compared += 1;
        if reading.directives != expected {
            wrong.push(format!("seed {seed}:\n{text}  native {:?}\n  bash   {expected:?}", reading.directives));
        }
    }
    assert!(wrong.is_empty(), "{} of {compared} differ\n{}", wrong.len(), wrong[..wrong.len().min(5)].join("\n"));
    assert!(compared * 8 > rounds, "only {compared} of {rounds} were compared");
}
