//! The text of a dkms.conf as bash reads it: which lines are statements of their own, and which are inside quotes.

use std::collections::BTreeSet;

use super::finding::{Found, Subject, values};
use crate::conf;

/// Lines with their numbers that begin outside of quotes, continuations and comments.
pub(super) fn statements(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let (mut quote, mut is_continued) = (None, false);
    text.lines().enumerate().filter_map(move |(at, line)| {
        let begins = quote.is_none() && !is_continued;
        is_continued = scan(line, &mut quote);
        let is_comment = line.trim_start().starts_with('#');
        (begins && !is_comment).then_some((at + 1, line))
    })
}

/// Follows quotes through a line; whether the next one continues it.
fn scan(line: &str, quote: &mut Option<char>) -> bool {
    let mut chars = line.chars().peekable();
    let mut previous = ' ';
    while let Some(c) = chars.next() {
        match (*quote, c) {
            (None | Some('"'), '\\') if chars.next().is_none() => return quote.is_none(),
            (None | Some('"'), '\\') => {}
            (Some(open), c) if c == open => *quote = None,
            (None, '"' | '\'') => *quote = Some(c),
            (None, '#') if previous.is_whitespace() => return false,
            _ => {}
        }
        previous = c;
    }
    false
}

/// Statements that begin with `NAME=` or `NAME[…]=`: the line, the name, the rest.
pub(crate) fn assignments(text: &str) -> impl Iterator<Item = (usize, &str, &str)> {
    statements(text).filter_map(|(number, line)| {
        let line = line.trim_start();
        let end = line.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
        let rest = &line[end..];
        let is_set = rest.starts_with('=') || rest.starts_with("+=") || (rest.starts_with('[') && rest.contains("]="));
        (is_set && end > 0).then_some((number, &line[..end], rest))
    })
}

/// What stands after the first word of a value, if bash would run it.
fn left_over(rest: &str) -> Option<&str> {
    let value = rest.split_once('=')?.1;
    let (mut quote, mut depth) = (None, 0_usize);
    for (at, c) in value.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, ';' | '&' | '|') if depth == 0 => return None,
            (None, '(' | '{') => depth += 1,
            (None, ')' | '}') => depth = depth.saturating_sub(1),
            (None, c) if c.is_whitespace() && depth == 0 => {
                let left = value[at..].trim();
                let runs = left.starts_with(|c: char| c.is_ascii_alphanumeric() || "/.$-_\"'".contains(c));
                return (at > 0 && runs).then_some(left);
            }
            (None, _) => {}
        }
    }
    None
}

/// Directives with a blank in a value that has no quotes.
pub(super) fn unquoted(subject: &Subject<'_>) -> Vec<Found> {
    let directives = assignments(subject.text).filter(|(_, name, _)| conf::modernize::is_directive(name));
    directives
        .filter_map(|(line, name, rest)| {
            let left = left_over(rest)?;
            Some(Found::at(line, format!("{name} has no quotes around its value: bash runs `{left}`")))
        })
        .collect()
}

/// `uname -r`, unless it only stands in where $kernelver is not set.
pub(super) fn running_kernel(subject: &Subject<'_>) -> Vec<Found> {
    let lines: Vec<&str> = subject.text.lines().collect();
    let asks_first = |line: &str| line.contains("kernelver") || line.contains("kernel_source_dir");
    let is_it = |at: usize| {
        let line = lines[at];
        let before = at.checked_sub(1).map_or("", |before| lines[before]);
        let is_fallback =
            line.contains(":-$(uname -r)") || line.contains("-$(uname -r)}") || line.contains("-`uname -r`}");
        let guarded =
            is_fallback || asks_first(line) && (line.contains("-z") || line.contains("-n") || line.contains(":="));
        line.contains("uname -r") && !guarded && !(before.contains("if") && asks_first(before))
    };
    // CLEAN is not run.
    let is_run = |line: &str| !["#", "CLEAN=", "CLEAN["].iter().any(|start| line.trim_start().starts_with(start));
    let own = (0..lines.len()).filter(|at| is_run(lines[*at]) && is_it(*at));
    own.map(|at| Found::at(at + 1, "`uname -r` is the running kernel, not the one to build for")).collect()
}

/// Names that bash, make or the compiler read without being asked.
const READ_BY_OTHERS: [&str; 14] = [
    "IFS",
    "PATH",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "TZ",
    "SHELL",
    "ARCH",
    "CROSS_COMPILE",
    "CC",
    "LD",
    "LLVM",
    "CFLAGS",
    "TMPDIR",
];

/// Names in capitals that are no directives and of which nothing else in the file speaks.
pub(super) fn unused_names(subject: &Subject<'_>) -> Vec<Found> {
    let sources = statements(subject.text)
        .any(|(_, line)| [". ", "source ", "eval "].iter().any(|word| line.trim_start().starts_with(word)));
    if conf::modernize::is_first_dialect(subject.text) || sources {
        return Vec::new();
    }
    let mut seen = BTreeSet::new();
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_spoken_of = |name: &str| {
        subject.text.match_indices(name).any(|(at, _)| {
            let (before, after) = (&subject.text[..at], &subject.text[at + name.len()..]);
            let line = before.rsplit('\n').next().unwrap_or_default();
            let is_whole = !before.ends_with(is_part) && !after.starts_with(is_part);
            is_whole && !line.trim().is_empty() && !line.trim_start().starts_with('#')
        })
    };
    let is_capital =
        |name: &str| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_' || byte.is_ascii_digit());
    let is_prefix = |rest: &str| left_over(rest).is_some() || rest == "=" || rest.starts_with("= ");
    assignments(subject.text)
        .filter(|(_, name, rest)| is_capital(name) && !READ_BY_OTHERS.contains(name) && !is_prefix(rest))
        .filter(|(_, name, _)| {
            !conf::modernize::is_directive(name) && !is_spoken_of(name) && seen.insert((*name).to_owned())
        })
        .map(|(line, name, _)| Found::at(line, format!("{name} is not a directive, and nothing reads it")))
        .collect()
}

/// Whether a script of the package runs before or after make, and may bring or move what is built.
pub(super) fn has_script(subject: &Subject<'_>) -> bool {
    ["PRE_BUILD", "POST_BUILD", "POST_ADD"].iter().any(|name| values(subject, name).next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inside_quotes_is_no_statement() {
        let text = "A=\"\\\n B=1\\\n\"\nC='\nD=1' # it's\nE=1 \\\n F=2\n# G='\nH=1\n";
        let names: Vec<&str> = assignments(text).map(|(_, name, _)| name).collect();
        assert_eq!(names, ["A", "C", "E", "H"]);
    }

    #[test]
    fn the_rest_of_a_value_without_quotes_is_a_command() {
        let cases = [
            ("=/bin/rm -f x", Some("-f x")),
            ("=make all", Some("all")),
            ("[0]=make -C x", Some("-C x")),
            ("=\"make all\"", None),
            ("=make # all", None),
            ("=make; x", None),
            ("=make ", None),
            ("=$(cat x y)", None),
            ("=`cat x y`", None),
            ("=(a b c)", None),
            ("=a && b", None),
            ("=\"a\"' b'c", None),
            ("= x", None),
        ];
        for (rest, expected) in cases {
            assert_eq!(left_over(rest), expected, "{rest}");
        }
    }
}
