//! Placeholders in a dkms.conf that a release script was meant to fill in: `#MODULE_VERSION#`, `@PKGVER@` and the like.

use std::sync::LazyLock;

use regex::{NoExpand, Regex};

/// `#WORD#`, `@WORD@`, `%WORD%`, `%{WORD}`, `__WORD__`, `{{WORD}}`, `${{WORD}}`.
static TOKEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let word = "[A-Za-z][A-Za-z0-9_ -]*?";
    Regex::new(&format!(r"#{word}#|@_?{word}@|%{word}%|%\{{{word}\}}|__{word}__|\$?\{{\{{ *{word} *\}}\}}")).ok()
});

/// The first placeholder in a value.
pub(crate) fn find(value: &str) -> Option<&str> {
    TOKEN.as_ref()?.find(value).map(|found| found.as_str())
}

/// The version that an archive or folder is named for: `v4l2loopback-0.12.7`, `qla2x00src-v6.04.00`, `foo_1.2.orig`.
///
/// With the module's name known, what follows it; else what follows the first `-` or `_` before a digit.
pub(crate) fn version_in(stem: &str, module: Option<&str>) -> Option<String> {
    let stem = stem.strip_suffix(".orig").unwrap_or(stem);
    let after_name = module.and_then(|name| stem.strip_prefix(name)).and_then(|rest| rest.strip_prefix(['-', '_']));
    if let Some(rest) = after_name.filter(|rest| is_version(rest)) {
        return Some(rest.to_owned());
    }
    let from = stem.match_indices(['-', '_']).map(|(at, _)| at + 1);
    let tails = from.map(|at| &stem[at..]);
    // `rtl88x2bu-5` may be a name: without the module's own before it, a version shows that it is one.
    let shows = |tail: &&str| tail.contains('.') || tail.starts_with(['v', 'V']) || has_date(tail);
    tails.filter(|tail| is_version(tail)).find(shows).map(str::to_owned)
}

/// Words that stand in versions without a digit of their own.
const WORDS: [&str; 20] = [
    "rc", "alpha", "beta", "pre", "dev", "git", "next", "snapshot", "dfsg", "ds", "ga", "final", "release", "stable",
    "rel", "orig", "dirty", "svn", "lts", "upstream",
];

/// Whether a text reads as a version from its first character to its last: `1.2`, `v6.04.00`, `3.5-rc2`, `1.0a`, `20210708`.
fn is_version(text: &str) -> bool {
    let bare = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let mut parts = bare.split(['-', '_', '+', '~']);
    let is_first = |part: &str| {
        let letters = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let numbers = &part[..part.len() - letters.len()];
        let tail = letters.trim_end_matches(|c: char| c.is_ascii_digit());
        // `1.0a` is a version, `5x` a name.
        let is_letter = tail.len() == 1 && tail.starts_with(|c: char| c.is_ascii_lowercase()) && numbers.contains('.');
        let is_tail = tail.is_empty() || WORDS.contains(&tail) || is_letter;
        numbers.starts_with(|c: char| c.is_ascii_digit()) && is_tail
    };
    let is_next =
        |part: &str| part.contains(|c: char| c.is_ascii_digit()) || WORDS.contains(&part.to_ascii_lowercase().as_str());
    parts.next().is_some_and(is_first) && parts.all(is_next)
}

/// Six digits in a row.
fn has_date(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() >= 6)
}

/// The module's name that an archive or folder is named for: what stands before its version.
pub(crate) fn name_in(stem: &str) -> Option<String> {
    let version = version_in(stem, None)?;
    let stem = stem.strip_suffix(".orig").unwrap_or(stem);
    let name = stem.strip_suffix(&version)?.trim_end_matches(['-', '_']);
    (!name.is_empty()).then(|| name.to_owned())
}

/// Puts the real value in place of a placeholder, wherever the text has it.
pub(crate) fn fill(text: &str, token: &str, value: &str) -> String {
    text.replace(token, value)
}

/// Sets a directive to a value: in its assignment where that is a line of its own, else by a line at the end. The value
/// has passed the strict check, so quotes are safe around it.
pub(crate) fn assign(text: &str, directive: &str, value: &str) -> String {
    let line = format!("{directive}=\"{value}\"");
    let pattern = format!(r"(?m)^[ \t]*(?:export[ \t]+)?{directive}(?:\[0\])?=[^;&|\\\r\n]*$");
    match Regex::new(&pattern) {
        Ok(pattern) if pattern.is_match(text) => pattern.replace_all(text, NoExpand(&line)).into_owned(),
        _ => {
            let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
            format!("{text}{gap}{line}\n")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_told_from_versions() {
        for value in [
            "#MODULE_VERSION#",
            "@VERSION@",
            "@PKGVER@",
            "@_PKGBASE@",
            "%VERSION%",
            "%{version}",
            "__VERSION__",
            "{{ version }}",
        ] {
            assert_eq!(find(value), Some(value));
        }
        assert_eq!(find("v@VERSION@-1"), Some("@VERSION@"));
        for value in ["1.0", "0~20220111+git1b52c8d", "v6.04.00", "1_2", "", "5%", "a@b"] {
            assert_eq!(find(value), None, "{value}");
        }
    }

    #[test]
    fn the_version_is_what_follows_the_name() {
        let cases = [
            ("v4l2loopback-0.12.7", None, Some("0.12.7")),
            ("qla2x00src-v6.04.00", None, Some("v6.04.00")),
            ("foo_1.2.orig", None, Some("1.2")),
            ("foo-1.0-rc1", None, Some("1.0-rc1")),
            ("nvidia-390-legacy-1.2", Some("nvidia-390-legacy"), Some("1.2")),
            ("foo-master", None, None),
            ("nvidia-390-legacy-1.2", None, Some("1.2")),
            ("foo-0~20220111+git1b52c8d", None, Some("0~20220111+git1b52c8d")),
            ("foo-20210708", None, Some("20210708")),
            ("foo-2", Some("foo"), Some("2")),
            ("foo-1.0a", None, Some("1.0a")),
            ("foo-1.2.3rc4-dirty", None, Some("1.2.3rc4-dirty")),
            // The names of chips and branches, and commits.
            ("rtl8812AU_8821AU_linux", None, None),
            ("rtl8812AU_8821AU_linux", Some("rtl8812AU"), None),
            ("rtl8812au-5.6.4.2", None, Some("5.6.4.2")),
            ("r8168-8", None, None),
            ("foo-5x-main", Some("foo"), None),
            ("foo-1b52c8d9e0f", Some("foo"), None),
            ("foo", Some("foo"), None),
        ];
        for (stem, module, expected) in cases {
            assert_eq!(version_in(stem, module).as_deref(), expected, "{stem}");
        }
        assert_eq!(name_in("qla2x00src-v6.04.00").as_deref(), Some("qla2x00src"));
        assert_eq!(name_in("1.0"), None);
    }

    #[test]
    fn a_version_replaces_its_assignment_or_is_added() {
        let cases = [
            ("PACKAGE_VERSION=\"old\"\nMAKE=x\n", "PACKAGE_VERSION=\"2\"\nMAKE=x\n"),
            ("PACKAGE_VERSION=$(git describe)\n", "PACKAGE_VERSION=\"2\"\n"),
            ("PACKAGE_NAME=x", "PACKAGE_NAME=x\nPACKAGE_VERSION=\"2\"\n"),
            ("if a; then PACKAGE_VERSION=1; fi\n", "if a; then PACKAGE_VERSION=1; fi\nPACKAGE_VERSION=\"2\"\n"),
        ];
        for (text, expected) in cases {
            assert_eq!(assign(text, "PACKAGE_VERSION", "2"), expected);
        }
    }
}
