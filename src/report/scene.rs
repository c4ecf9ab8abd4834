//! Whom lines go to: a person at a terminal of their own, a package manager that shows them in its own, a file.

use std::env;
use std::io::{self, IsTerminal};

/// Whether a package manager or a machine without a person shows what we say.
pub(crate) type IsManaged = fn() -> bool;

/// What may be drawn, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scene {
    /// A spinner may turn: nobody else writes to this terminal, and somebody looks at it.
    pub(super) is_drawn: bool,
    /// That a build begins is worth a line: nothing else shows that we live.
    pub(super) is_managed: bool,
    /// Characters beyond ASCII are shown as what they are.
    pub(super) is_utf8: bool,
}

impl Scene {
    pub(super) fn now(is_managed: IsManaged) -> Self {
        let variable = |name: &str| env::var(name).unwrap_or_default();
        let is_terminal = io::stderr().is_terminal();
        let is_managed = is_managed();
        let is_dumb = ["", "dumb"].contains(&variable("TERM").as_str());
        let is_utf8 = is_utf8(variable);
        Self { is_drawn: is_terminal && !is_managed && !is_dumb, is_managed, is_utf8 }
    }
}

/// By locale(7): the first of these three that is set counts. None is the C locale.
pub(super) fn is_utf8(variable: impl Fn(&str) -> String) -> bool {
    let names = ["LC_ALL", "LC_CTYPE", "LANG"];
    let locale = names.iter().map(|name| variable(name)).find(|value| !value.is_empty()).unwrap_or_default();
    let locale = locale.to_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// Our own typography in ASCII, for locales that know no other. Names stay as they are.
pub(super) fn in_ascii(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '‘' | '’' => plain.push('\''),
            '“' | '”' => plain.push('"'),
            '–' | '—' => plain.push('-'),
            '…' => plain.push_str("..."),
            '→' => plain.push_str("->"),
            '·' | '•' => plain.push('*'),
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_says_whether_more_than_ascii_is_shown() {
        for (variables, expected) in [
            (&[][..], false),
            (&[("LANG", "C")], false),
            (&[("LANG", "C.UTF-8")], true),
            (&[("LANG", "de_DE.utf8")], true),
            (&[("LANG", "C.UTF-8"), ("LC_ALL", "C")], false),
            (&[("LANG", "POSIX"), ("LC_CTYPE", "en_US.UTF-8")], true),
            (&[("LANG", "en_US.UTF-8"), ("LC_ALL", "")], true),
        ] {
            let variable = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned()).unwrap_or_default()
            };
            assert_eq!(is_utf8(variable), expected, "{variables:?}");
        }
    }

    #[test]
    fn quotes_and_dots_become_ascii_and_names_stay() {
        assert_eq!(in_ascii("‘a’ “b” – … → ü"), "'a' \"b\" - ... -> ü");
    }
}
