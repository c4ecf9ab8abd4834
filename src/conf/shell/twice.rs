//! The second evaluation: values printed unquoted inside double quotes, one line each, to be sourced again.

use std::collections::BTreeSet;
use std::path::Path;

use super::dynamic::Dynamic;
use super::eval::Outcome;
use super::glob;
use super::is_named;
use crate::conf::ConfError;
use crate::conf::module::Directives;
use crate::sys::System;

/// The text that is sourced again, and what each of its lines sets.
pub(super) struct Printed {
    /// One `NAME[INDEX]="VALUE"` a line.
    pub(crate) text: String,
    /// The directive of each line.
    pub(crate) lines: Vec<(String, usize)>,
}

/// Whether a second evaluation gives what the first gave: no value holds a character that a shell reads, and all blanks
/// are single ones between words. Most files are of this kind.
pub(super) fn is_the_same(directives: &Directives) -> bool {
    let is_plain = |value: &String| {
        value.chars().all(|c| c.is_ascii_alphanumeric() || " /._-+:=,@%".contains(c))
            && !value.starts_with(' ')
            && !value.ends_with(' ')
            && !value.contains("  ")
    };
    directives.values().flat_map(|values| values.values()).all(is_plain)
}

/// Prints directives as the original does: in the order of `names`, each value split at blanks and line ends, its
/// parts expanded as file names in the working directory, joined by single blanks.
pub(super) fn print(system: &System, directives: &Directives, names: &[&str]) -> Printed {
    let mut printed = Printed { text: String::new(), lines: Vec::new() };
    let mut done = BTreeSet::new();
    for wanted in names {
        for (name, values) in directives.iter().filter(|(name, _)| is_named(wanted, name)) {
            if !done.insert(name) {
                continue;
            }
            for (index, value) in values {
                let line = format!("{name}[{index}]=\"{value}\"");
                printed.text.push_str(&shrink(system, &line));
                printed.text.push('\n');
                printed.lines.push((name.clone(), *index));
            }
        }
    }
    printed
}

/// Word splitting, file name expansion, and `echo`'s single blanks between the parts. The first part begins with
/// `NAME[INDEX]="`, so that no file has a name like it: it is not looked for.
fn shrink(system: &System, line: &str) -> String {
    let mut parts = line.split([' ', '\t', '\n']).filter(|part| !part.is_empty());
    let first = parts.next().map(str::to_owned);
    first.into_iter().chain(parts.flat_map(|part| glob::expand(system, part))).collect::<Vec<_>>().join(" ")
}

/// Directives that were there before the second evaluation and are gone after it.
pub(super) fn lost(before: &Directives, after: &Outcome) -> Vec<String> {
    let gone = |name: &str, index: usize| {
        after.directives.get(name).is_none_or(|values| !values.contains_key(&index))
            && !after.unknown.iter().any(|unknown| unknown.name == name)
    };
    let mut lost = Vec::new();
    for (name, values) in before {
        for (index, value) in values.iter().filter(|(index, _)| gone(name, **index)) {
            lost.push(format!(
                "{name}[{index}] is lost: DKMS evaluates values twice, and the quotes inside `{value}` end its value; \
                 use single quotes inside"
            ));
        }
    }
    lost
}

/// A quote in a value that swallows the directives after it.
pub(super) fn unbalanced(file: &Path, printed: &Printed, line: usize) -> ConfError {
    let suspect = printed
        .text
        .lines()
        .zip(&printed.lines)
        .find(|(text, _)| text.matches('"').count() % 2 == 1)
        .or_else(|| printed.text.lines().zip(&printed.lines).nth(line.saturating_sub(1)));
    let reason = match suspect {
        Some((text, (name, index))) => format!(
            "the value of {name}[{index}] cannot be evaluated a second time, as DKMS does; it would read\n   {text}"
        ),
        None => "its values cannot be evaluated a second time, as DKMS does".to_owned(),
    };
    ConfError::Syntax { file: file.to_path_buf(), line: None, reason }
}

/// A value that names commands, which only the second evaluation would run.
pub(super) fn needs_commands(file: &Path, text: &str, printed: &Printed, dynamic: &Dynamic) -> ConfError {
    let directive = printed.lines.get(dynamic.line.saturating_sub(1));
    let line = directive.and_then(|(name, _)| line_of(text, name)).unwrap_or(1);
    ConfError::NeedsCommands { file: file.to_path_buf(), line, what: needed(printed, dynamic) }
}

/// What the second evaluation cannot tell, and in which value it stands.
pub(super) fn needed(printed: &Printed, dynamic: &Dynamic) -> String {
    match printed.lines.get(dynamic.line.saturating_sub(1)) {
        Some((name, index)) => format!("{} in the value of {name}[{index}]", dynamic.what),
        None => dynamic.what.clone(),
    }
}

/// The last line, from 1, on which a text sets a name.
pub(in crate::conf) fn line_of(text: &str, name: &str) -> Option<usize> {
    let sets = |line: &str| {
        let rest = line.trim_start().strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(['=', '[', '+']))
    };
    text.lines().enumerate().filter(|(_, line)| sets(line)).last().map(|(at, _)| at + 1)
}
