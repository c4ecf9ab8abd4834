//! The changes of a package: read from a file as people keep them, written as each format wants them.

use std::sync::LazyLock;

use regex::Regex;

use crate::package::module::survey::one_line;
use crate::package::words::date;

/// The changes of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Version and release, as the file says them; None: the version that is packaged.
    pub(crate) version: Option<String>,
    /// `Name <address>`; None: the package's maintainer.
    pub(crate) person: Option<String>,
    /// Seconds since 1970; None: the package's own time.
    pub(crate) date: Option<u64>,
    /// What changed, a line each.
    pub(crate) changes: Vec<String>,
}

/// A file that holds no changes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the changelog is empty")]
pub(crate) struct EmptyChangelog;

/// `foo (1.0-1) unstable; urgency=low` (deb-changelog(5))
static DEBIAN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^[a-z0-9][a-z0-9+.-]+ \(([^()\s]+)\)[^;]*;").ok());
/// ` -- Name <address>  Thu, 01 Jan 1970 00:00:00 +0000`
static DEBIAN_END: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^ -- (.+?>)  ?(.+)$").ok());
/// `* Thu Jan 01 1970 Name <address> - 1.0-1`
static RPM: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^\* ?([A-Z][a-z]{2} [A-Z][a-z]{2} +\d{1,2} \d{4}) +(.+?)(?: +-? *(\d[^\s<>]*))?$").ok()
});
/// `## [1.0] - 1970-01-01`, `# 1.0`, `## v1.0 (1970-01-01)`
static HEADING: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^#{1,3} +\[?v?(\d[^\]\s]*)\]?(?:[^0-9]*(\d{4}-\d\d-\d\d))?").ok());

/// Reads a changelog of Debian, of an RPM spec, or a text with headings for versions; any other text is what changed in
/// the version that is packaged. The newest entry comes first, as in the file.
pub(crate) fn parse(text: &str) -> Result<Vec<Entry>, EmptyChangelog> {
    let mut entries: Vec<Entry> = Vec::new();
    for line in text.lines().map(str::trim_end) {
        if let Some(entry) = opening(line) {
            entries.push(entry);
        } else if let (Some(found), Some(entry)) = (captures(&DEBIAN_END, line), entries.last_mut()) {
            entry.person = Some(one_line(&found[1]));
            entry.date = date::parse_rfc5322(&found[2]);
        } else if let Some(entry) = entries.last_mut() {
            add(&mut entry.changes, line);
        }
    }
    if entries.is_empty() {
        let mut changes = Vec::new();
        text.lines().for_each(|line| add(&mut changes, line));
        entries.push(Entry { version: None, person: None, date: None, changes });
    }
    entries.retain(|entry| !entry.changes.is_empty());
    if entries.is_empty() { Err(EmptyChangelog) } else { Ok(entries) }
}

/// The line that begins an entry.
fn opening(line: &str) -> Option<Entry> {
    let entry = |version: Option<&str>, person: Option<&str>, date| Entry {
        version: version.map(str::to_owned),
        person: person.map(one_line),
        date,
        changes: Vec::new(),
    };
    if let Some(found) = captures(&DEBIAN, line) {
        return Some(entry(Some(&found[1]), None, None));
    }
    if let Some(found) = captures(&RPM, line) {
        return Some(entry(found.get(3).map(|it| it.as_str()), Some(&found[2]), date::parse_day(&found[1])));
    }
    let found = captures(&HEADING, line)?;
    Some(entry(Some(&found[1]), None, found.get(2).and_then(|day| date::parse_iso(day.as_str()))))
}

fn captures<'t>(pattern: &LazyLock<Option<Regex>>, line: &'t str) -> Option<regex::Captures<'t>> {
    pattern.as_ref()?.captures(line)
}

/// A bullet begins a change; a line without one goes on with the change before it.
fn add(changes: &mut Vec<String>, line: &str) {
    let text = line.trim_start();
    let bullet = ["* ", "- ", "+ ", "• "].iter().find_map(|mark| text.strip_prefix(mark));
    let plain = one_line(bullet.unwrap_or(text));
    if plain.is_empty() || plain.starts_with('#') || plain.chars().all(|c| "=-".contains(c)) {
        return;
    }
    let goes_on = bullet.is_none() && line.starts_with([' ', '\t']);
    match changes.last_mut().filter(|_| goes_on) {
        Some(last) => *last = format!("{last} {plain}"),
        None => changes.push(plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(version: Option<&str>, person: Option<&str>, date: Option<u64>, changes: &[&str]) -> Entry {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let changes = changes.iter().map(|text| (*text).to_owned()).collect();
        Entry { version: owned(version), person: owned(person), date, changes }
    }

    #[test]
    fn all_kinds_of_files_are_read() {
        let debian = "foo (1.2-1) unstable; urgency=medium\n\n  * One thing,\n    and more of it.\n  * Another.\n\n \
                      -- A B <a@b.org>  Tue, 14 Nov 2023 22:13:20 +0000\n\nfoo (1.1-1) sid; urgency=low\n\n  * Old.\n\n \
                      -- C D <c@d.org>  Tue, 14 Nov 2023 23:13:20 +0100\n";
        let rpm = "* Tue Nov 14 2023 A B <a@b.org> - 1.2-1\n- One thing,\n  and more of it.\n- Another.\n\n\
                   * Mon Nov 13 2023 C D <c@d.org>\n- Old.\n";
        let headings = "# Changelog\n\n## [Unreleased]\n\n## [1.2] - 2023-11-14\n\n### Added\n\n- One thing,\n  and more of it.\n\n## v1.1\n- Old.\n";
        let both = ["One thing, and more of it.", "Another."];
        let cases = [
            (
                debian,
                vec![
                    entry(Some("1.2-1"), Some("A B <a@b.org>"), Some(1_700_000_000), &both),
                    entry(Some("1.1-1"), Some("C D <c@d.org>"), Some(1_700_000_000), &["Old."]),
                ],
            ),
            (
                rpm,
                vec![
                    entry(Some("1.2-1"), Some("A B <a@b.org>"), Some(1_699_963_200), &both),
                    entry(None, Some("C D <c@d.org>"), Some(1_699_876_800), &["Old."]),
                ],
            ),
            (
                headings,
                vec![
                    entry(Some("1.2"), None, Some(1_699_963_200), &["One thing, and more of it."]),
                    entry(Some("1.1"), None, None, &["Old."]),
                ],
            ),
            ("Fixed it.\nAnd that.\n", vec![entry(None, None, None, &["Fixed it.", "And that."])]),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_says_nothing_is_refused_and_nothing_breaks_the_lines() {
        for text in ["", "\n \n", "foo (1) unstable; urgency=low\n\n", "====\n----\n"] {
            assert_eq!(parse(text), Err(EmptyChangelog), "{text:?}");
        }
        let entries = parse("- a\u{1b}[31m\r\n- b\u{0}c\n").unwrap();
        assert_eq!(entries[0].changes, ["a [31m", "b c"]);
    }
}
