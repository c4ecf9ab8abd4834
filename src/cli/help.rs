//! `dkms --help`, `dkms help [VERB]`, `dkms VERB --help`: pages for a terminal, from the table of verbs.

use clap::{Arg, Command};

use crate::error::Error;
use crate::exit::Kind;
use crate::report::Reporter;

use super::verb::{self, Group, Verb};
use super::{plain_reporter, usage, verbs, words as line};

const WIDTH: usize = 80;
const INDENT: usize = 27;

/// `help` takes a word only.
pub(crate) fn arguments(command: Command) -> Command {
    command.arg(Arg::new("action").value_name("ACTION")).disable_help_flag(true)
}

/// `dkms help [VERB]`
pub(crate) fn run(_verb: &'static Verb, words: &[String]) -> u8 {
    let reporter = plain_reporter();
    let Some(word) = line::first_plain(words) else {
        reporter.answer(overview());
        return 0;
    };
    match verbs::named(word) {
        Some(verb) => {
            reporter.answer(page(verb));
            0
        }
        None => {
            let refused = usage::without_verb(&[word.to_owned()]).err();
            let refused = refused.unwrap_or_else(|| Error::new(Kind::BadOption, format!("`{word}` is not an action")));
            super::fail(&reporter, &refused)
        }
    }
}

/// The verbs with what they do.
pub(crate) fn overview() -> String {
    let mut text = "Usage: dkms ACTION [OPTIONS] [MODULE/VERSION | FOLDER | ARCHIVE]\n".to_owned();
    for group in Group::ALL {
        let rows: Vec<&Verb> = verbs::all().filter(|verb| verb.group == group).collect();
        if rows.is_empty() {
            continue;
        }
        text.push_str(&format!("\n{}:\n", group.title()));
        for verb in rows {
            text.push_str(&format!("  {:<16} {}\n", verb.name, verb.meaning));
        }
    }
    text + "\n`dkms help ACTION` explains one, dkms(8) all. Always: -q, --verbose, --root DIR."
}

/// A verb's own page.
pub(crate) fn page(verb: &'static Verb) -> String {
    let mut text = format!("Usage: {}\n\n", verb.usage());
    let meaning = format!("{}.", capitalized(verb.meaning));
    text.push_str(&wrapped(format!("{meaning} {}", verb.more).trim(), 0));
    if !verb.operand.meaning.is_empty() {
        let shown = verb.operand.shown;
        let shown = shown.strip_prefix('[').and_then(|shown| shown.strip_suffix(']')).unwrap_or(shown);
        text.push_str(&format!("\n{}", wrapped(&format!("{shown}: {}", verb.operand.meaning), 2)));
    }
    let (common, own): (Vec<Arg>, Vec<Arg>) = verb.options().into_iter().partition(verb::is_common);
    let (rare, usual): (Vec<Arg>, Vec<Arg>) = own.into_iter().partition(Arg::is_hide_short_help_set);
    if !usual.is_empty() {
        text.push_str("\nOptions:\n");
        usual.iter().for_each(|arg| text.push_str(&row(arg)));
    }
    if !rare.is_empty() {
        text.push_str(&listed("Rarely needed, explained in the manual", &rare));
    }
    text.push_str(&listed("As everywhere", &common));
    if !verb.examples.is_empty() {
        text.push_str("\nExamples:\n");
        verb.examples.iter().for_each(|(line, what)| text.push_str(&format!("  {line}\n      {what}\n")));
    }
    text.trim_end().to_owned()
}

/// `  -k, --kernelver KERNEL[/ARCH]   what it means`
fn row(arg: &Arg) -> String {
    let value = verb::value_of(arg).map(|value| format!(" {value}")).unwrap_or_default();
    let names = short_and_long(arg).join(", ");
    let names = if names.starts_with("--") { format!("    {names}") } else { names };
    let left = format!("  {names}{value}");
    let mut help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let choices: Vec<String> = choices(arg);
    if !choices.is_empty() {
        help = format!("{help}: {}", choices.join(", "));
    }
    let block = wrapped(&help, INDENT);
    match left.len() < INDENT - 1 {
        true => format!("{left:<INDENT$}{}", &block[INDENT..]),
        false => format!("{left}\n{block}"),
    }
}

/// Without the aliases.
fn short_and_long(arg: &Arg) -> Vec<String> {
    verb::names(arg).into_iter().take(1 + usize::from(arg.get_short().is_some())).collect()
}

pub(crate) fn choices(arg: &Arg) -> Vec<String> {
    let values = if arg.get_action().takes_values() { arg.get_possible_values() } else { Vec::new() };
    values.iter().map(|value| value.get_name().to_owned()).collect()
}

fn listed(title: &str, args: &[Arg]) -> String {
    let one = |arg: &Arg| {
        let value = verb::value_of(arg).map(|value| format!(" {value}")).unwrap_or_default();
        format!("{}{value}", short_and_long(arg).join("/"))
    };
    let list: Vec<String> = args.iter().map(one).collect();
    // Names stay with their values.
    let list = list.join(", ").replace(", ", ",\u{1}").replace(' ', "\u{2}").replace('\u{1}', " ");
    format!("\n{}", wrapped(&format!("{title}: {list}"), 2)).replace('\u{2}', " ")
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Lines of [`WIDTH`] at most, each after so many blanks.
fn wrapped(text: &str, indent: usize) -> String {
    let mut lines = vec![" ".repeat(indent)];
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let last = lines.last().map_or(0, String::len);
        match last > indent && last + 1 + word.chars().count() > WIDTH {
            true => lines.push(format!("{}{word}", " ".repeat(indent))),
            false => {
                let blank = if last > indent { " " } else { "" };
                lines.last_mut().into_iter().for_each(|line| *line += &format!("{blank}{word}"));
            }
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of a usual terminal.
    const SCREEN: usize = 40;

    #[test]
    fn the_overview_fits_one_screen_and_tells_each_verb_in_one_line() {
        let text = overview();
        assert!(text.lines().count() <= 50, "{text}");
        assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
        for verb in verbs::all() {
            assert!(text.contains(&format!("  {} ", verb.name)), "{}", verb.name);
        }
    }

    #[test]
    fn every_verb_has_its_own_page_of_one_screen_plus_examples() {
        for verb in verbs::all() {
            let text = page(verb);
            let lines = text.split("\nExamples:").next().unwrap_or_default().lines().count();
            assert!(lines <= SCREEN, "{}: {lines} lines\n{text}", verb.name);
            assert!(text.starts_with(&format!("Usage: dkms {}", verb.name)), "{text}");
            assert!(text.lines().all(|line| line.len() <= WIDTH || line.starts_with("  dkms")), "{text}");
        }
    }

    #[test]
    fn examples_are_command_lines_that_are_taken() {
        for verb in verbs::all() {
            for (line, _) in verb.examples {
                let words: Vec<String> = line.split_whitespace().skip(1).map(str::to_owned).collect();
                let found = super::super::words::find(&words).unwrap_or_else(|| panic!("{line}"));
                assert_eq!(found.verb.name, verb.name, "{line}");
                // What follows is the package manager's.
                if verb.name == "event" {
                    continue;
                }
                let matches = verb.command().try_get_matches_from(&found.rest);
                let matches = matches.unwrap_or_else(|error| panic!("{line}: {error}"));
                assert_eq!(verb.misplaced(&matches), None, "{line}");
            }
        }
    }
}
