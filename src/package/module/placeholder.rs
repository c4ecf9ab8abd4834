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
    let starts = |text: &str| text.trim_start_matches(['v', 'V']).starts_with(|c: char| c.is_ascii_digit());
    if let Some(rest) = after_name.filter(|rest| starts(rest)) {
        return Some(rest.to_owned());
    }
    let from = stem.match_indices(['-', '_']).map(|(at, _)| at + 1).find(|at| starts(&stem[*at..]))?;
    Some(stem[from..].to_owned())
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
