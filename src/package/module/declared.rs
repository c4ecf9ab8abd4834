//! PACKAGE_NAME and PACKAGE_VERSION of a dkms.conf, without running anything that stands in it.

use std::path::Path;

use regex::Regex;

use crate::conf::{self, ConfError, Framework};
use crate::package::module::identity::Declared;
use crate::sys::System;

/// What a dkms.conf says, and what is wrong with it, one sentence each.
///
/// Evaluation without commands knows all but what is computed with them; what it gives up on as a whole may still hold
/// plain assignments.
pub(crate) fn read(
    system: &System,
    framework: &Framework,
    file: &Path,
    text: &str,
) -> Result<(Declared, Vec<String>), ConfError> {
    let context = conf::Context::without_kernel(1, &[]);
    let literal = literal(text);
    match conf::load_lenient(system, framework, file, &context) {
        Ok(partial) => {
            let known = |name: &str| partial.raw.get(name).and_then(|values| values.get(&0)).cloned();
            let name = known("PACKAGE_NAME").or(literal.name);
            let version = known("PACKAGE_VERSION").or(literal.version);
            Ok((Declared { name, version, unknown_because: literal.unknown_because }, partial.problems))
        }
        Err(ConfError::NeedsCommands { .. }) => Ok((literal, Vec::new())),
        Err(error) => Err(error),
    }
}

/// Reads what plain assignments say: the one assignment of each directive in the whole text, with a literal value.
pub(crate) fn literal(text: &str) -> Declared {
    let name = assigned(text, "PACKAGE_NAME");
    let version = assigned(text, "PACKAGE_VERSION");
    let computed = |value: &Assigned| match value {
        Assigned::Computed(line) => Some(format!("computes it (line {line}), and nothing is run while packaging")),
        Assigned::Literal(_) | Assigned::Missing => None,
    };
    let unknown_because = computed(&name).or_else(|| computed(&version));
    Declared { name: name.literal(), version: version.literal(), unknown_because }
}

enum Assigned {
    Missing,
    Literal(String),
    Computed(usize),
}

impl Assigned {
    fn literal(self) -> Option<String> {
        match self {
            Self::Literal(value) => Some(value),
            Self::Missing | Self::Computed(_) => None,
        }
    }
}

fn assigned(text: &str, directive: &str) -> Assigned {
    let any = Regex::new(&format!(r"(?m)(?:^|[;&|\s]){directive}(?:\[0\])?\+?="));
    let plain = Regex::new(&format!(
        r#"(?m)^[ \t]*(?:export[ \t]+)?{directive}(?:\[0\])?=(?:"([^"$`\\\n]*)"|'([^'\n]*)'|([^\s"'$`\\;&|<>()]*))[ \t]*(?:;|[ \t]#.*)?\r?$"#
    ));
    let (Ok(any), Ok(plain)) = (any, plain) else { return Assigned::Missing };
    let mut places = any.find_iter(text).filter(|found| !is_comment(text, found.end()));
    let Some(first) = places.next() else { return Assigned::Missing };
    let computed = Assigned::Computed(text[..first.end()].matches('\n').count() + 1);
    match (plain.captures(text), places.next()) {
        (Some(found), None) => {
            let value = (1..=3).find_map(|group| found.get(group)).map_or("", |value| value.as_str());
            Assigned::Literal(value.to_owned())
        }
        _ => computed,
    }
}

/// Whether the text before this place on its line is a comment.
fn is_comment(text: &str, at: usize) -> bool {
    let line = text[..at].rsplit('\n').next().unwrap_or_default();
    line.trim_start().starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_read_and_computations_are_not_guessed() {
        let cases = [
            ("PACKAGE_NAME=foo\nPACKAGE_VERSION=\"1.0\"\n", Some("foo"), Some("1.0")),
            ("  export PACKAGE_NAME='foo' # x\r\nPACKAGE_VERSION=1.0;\n", Some("foo"), Some("1.0")),
            ("#PACKAGE_NAME=no\nPACKAGE_NAME=foo", Some("foo"), None),
            ("PACKAGE_NAME=foo\nPACKAGE_VERSION=#MODULE_VERSION#\n", Some("foo"), Some("#MODULE_VERSION#")),
            ("PACKAGE_NAME=foo\nPACKAGE_VERSION=$(cat VERSION)\n", Some("foo"), None),
            ("PACKAGE_NAME=foo\nPACKAGE_VERSION=\"$V\"\n", Some("foo"), None),
            ("PACKAGE_NAME=foo\nPACKAGE_VERSION=1\nPACKAGE_VERSION+=2\n", Some("foo"), None),
            ("if x; then PACKAGE_NAME=a; else PACKAGE_NAME=b; fi", None, None),
        ];
        for (text, name, version) in cases {
            let declared = literal(text);
            assert_eq!((declared.name.as_deref(), declared.version.as_deref()), (name, version), "{text}");
        }
        let reason = literal("PACKAGE_NAME=foo\nPACKAGE_VERSION=$(cat VERSION)\n").unknown_because.unwrap();
        assert!(reason.contains("line 2"), "{reason}");
    }
}
