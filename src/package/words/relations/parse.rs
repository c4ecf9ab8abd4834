//! Relations and replaced packages as people write them: `foo`, `foo >= 1.2`, `foo (>= 1.2)`, `a | b`, `(a if b)`.

use debian_packaging::dependency::DependencyList;

use crate::package::Format;
use crate::package::words::relations::{Compare, Kind, Relation};

/// Words that are no relation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RelationError {
    #[error("`{word}` is not a package with or without a version: {reason}")]
    Word { word: String, reason: String },
    /// The format has no such field.
    #[error("{0} packages have no such relation: {1}")]
    Field(&'static str, &'static str),
}

/// A package whose place another one takes: `OLD` or `OLD<VERSION`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replaced {
    pub(crate) name: String,
    /// Only versions before this one.
    pub(crate) before: Option<String>,
}

const SIGNS: [(&str, Compare); 8] = [
    ("<<", Compare::Less),
    ("<=", Compare::LessOrEqual),
    (">>", Compare::Greater),
    (">=", Compare::GreaterOrEqual),
    ("==", Compare::Equal),
    ("<", Compare::Less),
    (">", Compare::Greater),
    ("=", Compare::Equal),
];

impl Relation {
    /// Reads a list of relations, with commas between them, in the words of the format.
    pub(crate) fn parse_list(format: Format, kind: Kind, text: &str) -> Result<Vec<Self>, RelationError> {
        if format == Format::Deb && kind == Kind::Supplements {
            return Err(RelationError::Field("Debian", "supplements"));
        }
        apart(text).into_iter().map(|word| Self::parse(format, kind, word)).collect()
    }

    fn parse(format: Format, kind: Kind, word: &str) -> Result<Self, RelationError> {
        let word = word.trim();
        let fail = |reason: &str| RelationError::Word { word: word.to_owned(), reason: reason.to_owned() };
        if word.is_empty() || word.chars().any(char::is_control) {
            return Err(fail("a name is needed, in one line"));
        }
        let relation = match format {
            // An alternative or a condition stays as it is; it has versions of its own.
            Format::Deb if word.contains(['|', '[', '<']) && word.contains(['|', '[']) => Self::any(kind, word),
            Format::Rpm if word.starts_with('(') => {
                let balanced = word.matches('(').count() == word.matches(')').count() && word.ends_with(')');
                if !balanced {
                    return Err(fail("its brackets do not match"));
                }
                return Ok(Self::any(kind, word));
            }
            _ => versioned(kind, word)
                .ok_or_else(|| fail("after the name stands `>= VERSION` or the like, or nothing"))?,
        };
        relation.check(format).map_err(|reason| fail(&reason))?;
        Ok(relation)
    }

    fn check(&self, format: Format) -> Result<(), String> {
        let version = self.version.as_ref().map_or("", |(_, version)| version.as_str());
        match format {
            Format::Deb => {
                let shown = match &self.version {
                    Some((compare, version)) => format!("{} ({} {version})", self.name, compare.debian()),
                    None => self.name.clone(),
                };
                DependencyList::parse(&shown).map_err(|error| error.to_string()).and_then(|list| {
                    // The parser takes more than dpkg does.
                    let names = list.requirements().flat_map(|variants| variants.iter().map(|one| one.package.clone()));
                    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c);
                    names
                        .collect::<Vec<_>>()
                        .into_iter()
                        .find(|name| !name.chars().all(plain))
                        .map_or(Ok(()), |name| Err(format!("{name} holds what no name of a Debian package holds")))
                })
            }
            Format::Rpm | Format::Pac => {
                let refused = |c: char| c.is_whitespace() || "|<>=,;\"'`$\\".contains(c);
                match self.name.chars().chain(version.chars()).find(|c| refused(*c)) {
                    Some(c) => Err(format!("it holds {c:?}")),
                    None if self.version.is_some() && version.is_empty() => Err("the version is missing".to_owned()),
                    None => Ok(()),
                }
            }
        }
    }
}

/// `foo >= 1`, `foo>=1`, `foo (>= 1)`.
fn versioned(kind: Kind, word: &str) -> Option<Relation> {
    // Of an RPM's capability, `pkgconfig(x) >= 1`, the brackets belong to the name.
    let Some(at) = word.find(['<', '>', '=']) else {
        return (!word.contains(char::is_whitespace)).then(|| Relation::any(kind, word));
    };
    let (sign, compare) = SIGNS.iter().find(|(sign, _)| word[at..].starts_with(sign))?;
    let (before, after) = (word[..at].trim_end(), word[at + sign.len()..].trim());
    let (name, version) = match (before.strip_suffix('('), after.strip_suffix(')')) {
        (Some(name), Some(version)) => (name.trim_end(), version.trim_end()),
        (None, None) => (before, after),
        _ => return None,
    };
    let plain = !name.is_empty() && !version.is_empty() && !version.contains(char::is_whitespace);
    plain.then(|| Relation { version: Some((*compare, version.to_owned())), ..Relation::any(kind, name) })
}

/// Splits at commas that stand in no brackets.
fn apart(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0_usize, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

impl Replaced {
    /// Reads `OLD` or `OLD<VERSION`.
    pub(crate) fn parse(format: Format, text: &str) -> Result<Self, RelationError> {
        let fail = || RelationError::Word { word: text.to_owned(), reason: "OLD or OLD<VERSION is needed".to_owned() };
        match Relation::parse_list(format, Kind::Replaces, text)?.as_slice() {
            [Relation { name, version: None, .. }] if !name.contains(['|', '(', '[']) => {
                Ok(Self { name: name.clone(), before: None })
            }
            [Relation { name, version: Some((Compare::Less, before)), .. }] => {
                Ok(Self { name: name.clone(), before: Some(before.clone()) })
            }
            _ => Err(fail()),
        }
    }

    /// RPM: Obsoletes and Provides. Debian: Breaks, Replaces and Provides. `own` is the version of the package itself.
    pub(crate) fn relations(&self, format: Format, own: &str) -> Vec<Relation> {
        let gone = |kind| Relation {
            version: self.before.clone().map(|before| (Compare::Less, before)),
            ..Relation::any(kind, &self.name)
        };
        let provided = Relation::exactly(Kind::Provides, &self.name, own);
        match format {
            Format::Deb => vec![gone(Kind::Breaks), gone(Kind::Replaces), provided],
            Format::Rpm => vec![gone(Kind::Replaces), provided],
            Format::Pac => vec![gone(Kind::Conflicts), gone(Kind::Replaces), provided],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(format: Format, text: &str) -> Vec<(String, Option<(&'static str, String)>)> {
        let relations = Relation::parse_list(format, Kind::Requires, text).unwrap();
        let version =
            |relation: &Relation| relation.version.clone().map(|(compare, version)| (compare.debian(), version));
        relations.iter().map(|relation| (relation.name.clone(), version(relation))).collect()
    }

    #[test]
    fn what_people_write_is_understood() {
        /// Name, and how it is compared with which version.
        type Found = (&'static str, Option<(&'static str, &'static str)>);
        let cases: [(Format, &str, &[Found]); 9] = [
            (Format::Rpm, "foo", &[("foo", None)]),
            (Format::Rpm, "foo >= 1:2.0-1", &[("foo", Some((">=", "1:2.0-1")))]),
            (Format::Rpm, "foo<2, bar = 1", &[("foo", Some(("<<", "2"))), ("bar", Some(("=", "1")))]),
            (Format::Rpm, "pkgconfig(x) >= 1", &[("pkgconfig(x)", Some((">=", "1")))]),
            (Format::Rpm, "(a >= 1 if (b, c)), d", &[("(a >= 1 if (b, c))", None), ("d", None)]),
            (Format::Rpm, "/bin/sh", &[("/bin/sh", None)]),
            (Format::Deb, "foo (>= 1.0), bar", &[("foo", Some((">=", "1.0"))), ("bar", None)]),
            (Format::Deb, "foo >> 1~rc1", &[("foo", Some((">>", "1~rc1")))]),
            (Format::Deb, "a (>= 1) | b", &[("a (>= 1) | b", None)]),
        ];
        for (format, text, expected) in cases {
            let expected: Vec<_> = expected
                .iter()
                .map(|(name, version)| ((*name).to_owned(), version.map(|(sign, version)| (sign, version.to_owned()))))
                .collect();
            assert_eq!(shown(format, text), expected, "{text}");
        }
    }

    #[test]
    fn what_no_package_manager_would_take_is_refused() {
        let cases = [
            (Format::Rpm, ""),
            (Format::Rpm, "a b"),
            (Format::Rpm, "a >="),
            (Format::Rpm, ">= 1"),
            (Format::Rpm, "a, "),
            (Format::Rpm, "(a if b"),
            (Format::Rpm, "a\nRequires: b"),
            (Format::Rpm, "a'b"),
            (Format::Deb, "Foo"),
            (Format::Deb, "a b"),
            (Format::Deb, "a |"),
            (Format::Deb, "a (>= 1"),
            (Format::Deb, "a | B_c"),
        ];
        for (format, text) in cases {
            assert!(Relation::parse_list(format, Kind::Requires, text).is_err(), "{text:?}");
        }
        assert!(Relation::parse_list(Format::Deb, Kind::Supplements, "a").is_err());
        assert!(Relation::parse_list(Format::Rpm, Kind::Supplements, "a").is_ok());
    }

    #[test]
    fn a_replaced_package_is_told_in_the_words_of_the_format() {
        let old = Replaced::parse(Format::Rpm, "old < 2.0").unwrap();
        assert_eq!(old, Replaced { name: "old".into(), before: Some("2.0".into()) });
        let kinds = |format, replaced: &Replaced| {
            replaced.relations(format, "3-1").iter().map(|one| (one.kind, one.version.clone())).collect::<Vec<_>>()
        };
        let (less, own) = (Some((Compare::Less, "2.0".to_owned())), Some((Compare::Equal, "3-1".to_owned())));
        assert_eq!(kinds(Format::Rpm, &old), [(Kind::Replaces, less.clone()), (Kind::Provides, own.clone())]);
        let all = [(Kind::Breaks, less.clone()), (Kind::Replaces, less), (Kind::Provides, own)];
        assert_eq!(kinds(Format::Deb, &old), all);
        assert_eq!(Replaced::parse(Format::Deb, "old").unwrap().before, None);
        for text in ["", "old >= 1", "a, b", "a | b", "(a if b)", "Old Name"] {
            assert!(Replaced::parse(Format::Deb, text).is_err(), "{text}");
        }
    }
}
