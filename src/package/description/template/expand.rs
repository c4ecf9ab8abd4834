//! Macros of a spec (rpm-macros(7)), as far as they are text: definitions, conditions on them, nothing that is run.

use std::collections::BTreeMap;

/// Macros in macros: rpm's own limit is 64.
const DEPTH: usize = 32;
/// Expansions in one spec. Real ones have hundreds; macros that double each other would fill the memory.
const EXPANSIONS: usize = 50_000;

/// Why a text cannot be expanded here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ExpandError {
    /// `%(command)`: nothing is run while packaging.
    #[error("`{0}` runs a command")]
    Command(String),
    /// Something that only rpmbuild knows.
    #[error("`{0}` is something that only rpmbuild understands")]
    Unknown(String),
    /// Macros that never end, or that end in far too much.
    #[error("the macro {0} grows without end")]
    Endless(String),
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Macros {
    texts: BTreeMap<String, String>,
    expanded: usize,
}

/// Folders, as every distribution's rpm has them.
const FOLDERS: [(&str, &str); 11] = [
    ("nil", ""),
    ("_prefix", "/usr"),
    ("_usr", "/usr"),
    ("_bindir", "/usr/bin"),
    ("_sbindir", "/usr/sbin"),
    ("_datadir", "/usr/share"),
    ("_datarootdir", "/usr/share"),
    ("_mandir", "/usr/share/man"),
    ("_usrsrc", "/usr/src"),
    ("_sysconfdir", "/etc"),
    ("_localstatedir", "/var"),
];

impl Macros {
    pub(crate) fn new() -> Self {
        let owned = |(name, text): (&str, &str)| (name.to_owned(), text.to_owned());
        Self { texts: FOLDERS.into_iter().map(owned).collect(), expanded: 0 }
    }

    /// Gives a macro its text.
    pub(crate) fn define(&mut self, name: &str, text: impl Into<String>) {
        self.texts.insert(name.to_owned(), text.into());
    }

    /// Takes a line that begins with %define, %global or %undefine; says whether it was one.
    pub(crate) fn define_line(&mut self, line: &str) -> Result<bool, ExpandError> {
        let line = line.trim_start();
        if let Some(name) = line.strip_prefix("%undefine ") {
            self.texts.remove(name.trim());
            return Ok(true);
        }
        let (rest, now) = match (line.strip_prefix("%define "), line.strip_prefix("%global ")) {
            (Some(rest), _) => (rest, false),
            (None, Some(rest)) => (rest, true),
            (None, None) => return Ok(false),
        };
        let rest = rest.trim_start();
        let end = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
        let (name, body) = (&rest[..end], rest[end..].trim());
        if name.is_empty() || body.starts_with('(') {
            return Err(ExpandError::Unknown(line.to_owned()));
        }
        let body = if now { self.expand(body)? } else { body.to_owned() };
        self.define(name, body);
        Ok(true)
    }

    /// The text with all macros that are known in their place; unknown ones stay as they are, as with rpm.
    pub(crate) fn expand(&mut self, text: &str) -> Result<String, ExpandError> {
        self.expand_to(text, 0)
    }

    fn expand_to(&mut self, text: &str, depth: usize) -> Result<String, ExpandError> {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('%') {
            out += &rest[..at];
            rest = &rest[at + 1..];
            let used = self.one(rest, &mut out, depth)?;
            rest = &rest[used..];
        }
        out += rest;
        Ok(out)
    }

    /// What stands after a `%`; gives how many bytes of it were used.
    fn one(&mut self, rest: &str, out: &mut String, depth: usize) -> Result<usize, ExpandError> {
        match rest.chars().next() {
            Some('%') => {
                out.push('%');
                Ok(1)
            }
            Some('{') => {
                let end = closing(rest).ok_or_else(|| ExpandError::Unknown(format!("%{rest}")))?;
                self.braces(&rest[1..end], out, depth)?;
                Ok(end + 1)
            }
            // The day of a changelog's entry, which the package's own takes the place of.
            Some('(') if is_date(rest) => {
                let end = rest.find(')').unwrap_or(rest.len() - 1);
                *out += self.texts.get("today").map_or("", String::as_str);
                Ok(end + 1)
            }
            Some('(' | '[') => Err(ExpandError::Command(format!("%{}", rest.lines().next().unwrap_or_default()))),
            _ => {
                let marks = rest.find(|c| c != '?' && c != '!').unwrap_or(rest.len());
                let length = rest[marks..].find(|c: char| !is_name(c)).unwrap_or(rest.len() - marks);
                let name = &rest[marks..marks + length];
                // Names have three letters at least; anything else is a percent sign.
                if length < 3 || !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
                    out.push('%');
                    return Ok(0);
                }
                self.braces(&rest[..marks + length], out, depth)?;
                Ok(marks + length)
            }
        }
    }

    /// `name`, `?name`, `!?name:text` …
    fn braces(&mut self, inner: &str, out: &mut String, depth: usize) -> Result<(), ExpandError> {
        let body = inner.trim_start_matches(['?', '!']);
        let marks = &inner[..inner.len() - body.len()];
        let (asks, inverted) = (marks.contains('?'), marks.matches('!').count() % 2 == 1);
        let end = body.find(|c: char| !is_name(c)).unwrap_or(body.len());
        let (name, tail) = body.split_at(end);
        let known = self.texts.get(name).cloned();
        self.expanded += 1;
        if depth > DEPTH || self.expanded > EXPANSIONS {
            return Err(ExpandError::Endless(name.to_owned()));
        }
        match (asks, tail.strip_prefix(':')) {
            (true, Some(text)) if known.is_some() != inverted => {
                // A default: %{!?packager: %define packager Somebody}
                if !self.define_line(text)? {
                    *out += &self.expand_to(text, depth + 1)?;
                }
            }
            (true, Some(_)) => {}
            (_, _) if !tail.is_empty() => return Err(ExpandError::Unknown(format!("%{{{inner}}}"))),
            (true, None) if inverted => {}
            (_, None) => match known {
                Some(text) => *out += &self.expand_to(&text, depth + 1)?,
                None if asks => {}
                None => *out += &format!("%{{{name}}}"),
            },
            (false, Some(_)) => return Err(ExpandError::Unknown(format!("%{{{inner}}}"))),
        }
        Ok(())
    }
}

/// `(date …)` with nothing but a form of the day, which is no command of anybody's own.
fn is_date(rest: &str) -> bool {
    let command = rest[1..].split(')').next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || " +%-_:\"'\\=".contains(c);
    let words = command.trim_start_matches(|c: char| c.is_ascii_uppercase() || "_= ".contains(c));
    words.starts_with("date") && command.chars().all(plain)
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Where the brace that a text begins with is closed.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn macros() -> Macros {
        let mut macros = Macros::new();
        macros.define("module_name", "foo");
        macros.define("version", "1.0");
        macros.define("both", "%{module_name}-%version");
        macros.define("loop", "%{loop}x");
        macros
    }

    #[test]
    fn macros_become_their_texts_as_rpm_does_it() {
        let cases = [
            ("plain", "plain"),
            ("%{module_name} %version %both", "foo 1.0 foo-1.0"),
            ("%{_prefix}/src/%{module_name}-%{version}/", "/usr/src/foo-1.0/"),
            ("100%% 5% %s %d %1", "100% 5% %s %d %1"),
            ("%{unknown} %unknown", "%{unknown} %{unknown}"),
            ("%{?unknown}%{?version}%?version", "1.01.0"),
            ("%{?unknown:a}%{!?unknown:b}%{?version:c}%{?!version:d}", "bc"),
            ("%{!?packager: %define packager A <a@b>}%packager", "A <a@b>"),
            ("%{?version:%{module_name}}", "foo"),
        ];
        for (text, expected) in cases {
            assert_eq!(macros().expand(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn the_day_is_the_packages_own() {
        let mut macros = macros();
        macros.define("today", "Thu Jan 01 1970");
        for text in ["%(date \"+%a %b %d %Y\")", "%(date +%Y)", "%(LC_ALL=C date)", "%( date '+%a')"] {
            assert_eq!(macros.expand(text).as_deref(), Ok("Thu Jan 01 1970"), "{text}");
        }
    }

    #[test]
    fn nothing_is_run_and_nothing_goes_on_for_ever() {
        for text in [
            "%(date; id)",
            "%(date >x)",
            "%(cat date)",
            "%(id)",
            "%{lua:x}",
            "%{error:x}",
            "%[1+1]",
            "%{basename x}",
            "%{open",
            "%loop",
        ] {
            assert!(macros().expand(text).is_err(), "{text}");
        }
    }

    #[test]
    fn definitions_are_taken_now_or_later() {
        let mut macros = macros();
        for line in ["%define later %{version}", "%global now %{version}", "%define version 2"] {
            assert!(macros.define_line(line).unwrap());
        }
        assert_eq!(macros.expand("%later %now").as_deref(), Ok("2 1.0"));
        assert!(macros.define_line("%undefine now").unwrap() && macros.expand("%{?now}").as_deref() == Ok(""));
        // Each is twice the one before it.
        for n in 1..30 {
            macros.define(&format!("twice{n}"), format!("%{{twice{}}}%{{twice{}}}", n - 1, n - 1));
        }
        assert!(matches!(macros.expand("%twice29"), Err(ExpandError::Endless(_))));
        assert!(!macros.define_line("Name: x").unwrap() && macros.define_line("%define f() x").is_err());
    }
}
