//! Whether a module may take the place of one that is there already. Pure.

use std::cmp::Ordering;
use std::fmt;

use crate::version;

/// What a module file says of itself in its .modinfo section.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// MODULE_VERSION
    pub(crate) version: Option<String>,
    /// The checksum over its sources.
    pub(crate) srcversion: Option<String>,
}

/// Why a module is not installed over one that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The one there has a greater MODULE_VERSION.
    Older,
    /// Both have the same version and the same srcversion.
    Same,
    /// Neither says anything of itself, and they are equal byte by byte.
    Identical,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::Older => "the one there has a greater version",
            Refusal::Same => "the one there has the same version and was made from the same source",
            Refusal::Identical => "the one there is the same file",
        })
    }
}

/// Compares ours with the one that is there. `identical` is asked only where neither has a version or srcversion.
pub(crate) fn check(ours: &Facts, theirs: &Facts, identical: impl FnOnce() -> bool) -> Option<Refusal> {
    if *ours == Facts::default() && *theirs == Facts::default() {
        return identical().then_some(Refusal::Identical);
    }
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    match version::compare(&text(&theirs.version), &text(&ours.version)) {
        Ordering::Greater => Some(Refusal::Older),
        Ordering::Equal if text(&ours.srcversion) == text(&theirs.srcversion) => Some(Refusal::Same),
        Ordering::Equal | Ordering::Less => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(version: &str, srcversion: &str) -> Facts {
        let some = |word: &str| (!word.is_empty()).then(|| word.to_owned());
        Facts { version: some(version), srcversion: some(srcversion) }
    }

    #[test]
    fn the_rules_of_the_version_check() {
        for (ours, theirs, identical, refusal) in [
            // A greater version there refuses ours.
            (("1.0", "A"), ("1.1", "B"), false, Some(Refusal::Older)),
            (("3.5", "A"), ("3.10", "B"), false, Some(Refusal::Older)),
            (("", "A"), ("0.1", "B"), false, Some(Refusal::Older)),
            // A smaller one gives way, whatever its source.
            (("1.1", "A"), ("1.0", "A"), false, None),
            (("1.1", "A"), ("", "B"), false, None),
            (("1.1", ""), ("", ""), true, None),
            // The same version: the source decides.
            (("1.0", "A"), ("1.0", "A"), false, Some(Refusal::Same)),
            (("1.0", "A"), ("1.0", "B"), false, None),
            (("1.0", "A"), ("1.0", ""), false, None),
            (("1.0", ""), ("1.0", ""), false, Some(Refusal::Same)),
            // No version, only srcversions.
            (("", "A"), ("", "A"), false, Some(Refusal::Same)),
            (("", "A"), ("", "B"), true, None),
            // Nothing to compare but the bytes.
            (("", ""), ("", ""), true, Some(Refusal::Identical)),
            (("", ""), ("", ""), false, None),
        ] {
            let found = check(&facts(ours.0, ours.1), &facts(theirs.0, theirs.1), || identical);
            assert_eq!(found, refusal, "ours {ours:?}, theirs {theirs:?}, identical {identical}");
        }
    }
}
