//! Which verb a command line names, and the words that are left for it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::verb::{Position, Verb};
use super::verbs;

/// A verb, with the words around it.
pub(crate) struct Found {
    pub(crate) verb: &'static Verb,
    pub(crate) rest: Vec<String>,
}

/// The verb of a command line: its first word that is no option, or, as in `dkms hello/1.0 build`, one behind the operand.
pub(crate) fn find(words: &[String]) -> Option<Found> {
    let plain = plain(words);
    let first = plain.first().and_then(|at| Some((*at, verbs::named(&words[*at])?)));
    let later = || {
        let named = |at: &usize| Some((*at, verbs::named(&words[*at])?));
        plain.iter().filter_map(named).find(|(_, verb)| verb.position == Position::Any)
    };
    let (at, verb) = first.or_else(later)?;
    let rest = [&words[..at], &words[at + 1..]].concat();
    Some(Found { verb, rest })
}

/// The word where a verb was expected.
pub(crate) fn first_plain(words: &[String]) -> Option<&str> {
    plain(words).first().map(|at| words[*at].as_str())
}

/// The last value of an option that has one of these names, whatever else stands on the line.
pub(crate) fn last_value<'w>(words: &'w [String], names: &[&str]) -> Option<&'w str> {
    let mut found = None;
    let mut rest = words.iter().peekable();
    while let Some(word) = rest.next() {
        match option(word) {
            Some((name, Some(value))) if names.contains(&name) => found = Some(value),
            Some((name, None)) if VALUED.contains(name) => {
                // An option is no value: the line may end in the middle.
                let value = rest.next_if(|word| !word.starts_with('-')).map(String::as_str);
                found = if names.contains(&name) { value.or(found) } else { found };
            }
            _ => {}
        }
    }
    found
}

/// Where the words stand that are neither options nor their values.
fn plain(words: &[String]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        match option(word) {
            _ if word == "--" => {
                found.extend(at + 1..words.len());
                break;
            }
            Some((name, None)) if VALUED.contains(name) => at += 1,
            Some(_) => {}
            None => found.push(at),
        }
        at += 1;
    }
    found
}

/// The option that a word is or ends with (`-qk` ends with `-k`), and the value that is joined to it.
fn option(word: &str) -> Option<(&str, Option<&str>)> {
    if word.starts_with("--") {
        return Some(word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value))));
    }
    let letters = word.strip_prefix('-').filter(|letters| !letters.is_empty())?;
    let valued = letters.char_indices().find(|(_, letter)| VALUED.contains(&format!("-{letter}")));
    let Some((at, letter)) = valued else { return Some((word, None)) };
    let value = &letters[at + letter.len_utf8()..];
    let name = LETTERS.iter().find(|name| name.ends_with(letter))?;
    Some((name.as_str(), Some(value.trim_start_matches('=')).filter(|_| !value.is_empty())))
}

/// Every option of any verb behind which a value stands. `--version` is one for those who make packages, and none
/// elsewhere: no verb can be mistaken for a version.
static VALUED: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let mut names = BTreeSet::new();
    for verb in verbs::all() {
        let command = verb.command();
        for arg in command.get_arguments().filter(|arg| arg.get_action().takes_values() && !arg.is_positional()) {
            let long = arg.get_long().into_iter().chain(arg.get_all_aliases().into_iter().flatten());
            names.extend(long.filter(|long| *long != "version").map(|long| format!("--{long}")));
            names.extend(arg.get_short().map(|short| format!("-{short}")));
        }
    }
    names
});

/// Those of them with one letter.
static LETTERS: LazyLock<Vec<String>> =
    LazyLock::new(|| VALUED.iter().filter(|name| !name.starts_with("--")).cloned().collect());

/// A command line of the tests.
#[cfg(test)]
pub(crate) fn sample(line: &str) -> (&'static Verb, super::legacy::Typed) {
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    let found = find(&words).unwrap_or_else(|| panic!("no verb: {line}"));
    let typed = super::usage::parse(found.verb, &found.rest).unwrap_or_else(|error| panic!("{line}: {error}"));
    (found.verb, typed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_verb_stands_before_between_or_behind_options_and_operand() {
        for (line, expected) in [
            ("build foo/1.0 -k 6.1.0", "build: foo/1.0 -k 6.1.0"),
            ("-k 6.1.0 build foo/1.0", "build: -k 6.1.0 foo/1.0"),
            ("foo/1.0 build", "build: foo/1.0"),
            ("-m foo -v 1 install -k 6.1", "install: -m foo -v 1 -k 6.1"),
            ("-m build -v 1 install", "install: -m build -v 1"),
            ("-qk 6.1 install -m foo/1", "install: -qk 6.1 -m foo/1"),
            ("-k6.1 --arch=x86_64 remove foo/1", "remove: -k6.1 --arch=x86_64 foo/1"),
            ("--root /t status -m foo", "status: --root /t -m foo"),
            ("--root=/t event kernel postinst 6.1", "event: --root=/t kernel postinst 6.1"),
            ("add conf", "add: conf"),
            ("conf add", "conf: add"),
            ("-- add foo/1", "add: -- foo/1"),
        ] {
            let found = find(&words(line)).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(format!("{}: {}", found.verb.name, found.rest.join(" ")), expected, "{line}");
        }
        for line in ["", "-m foo", "frobnicate", "--root /t", "-k add"] {
            assert!(find(&words(line)).is_none(), "{line}");
        }
    }

    #[test]
    fn the_last_value_of_an_option_counts() {
        for (line, expected) in [
            ("build -m foo -v", Some("foo")),
            ("build --module=foo/1 -k -m", Some("foo/1")),
            ("-mfoo -m bar build", Some("bar")),
            ("build -k -m x", Some("x")),
            ("build -m --root /t", None),
            ("build -qm foo", Some("foo")),
        ] {
            assert_eq!(last_value(&words(line), &["-m", "--module", "--mod"]), expected, "{line}");
        }
    }
}
