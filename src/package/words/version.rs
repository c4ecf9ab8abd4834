//! The version of a package, made from the version of the module.

use debian_packaging::package_version::PackageVersion;

use crate::package::Format;

/// A version that the format cannot take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` cannot be the {what} of {} package: {reason}", match .format { Format::Deb => "a Debian", Format::Rpm => "an RPM", Format::Pac => "a pacman" })]
pub(crate) struct VersionError {
    what: &'static str,
    word: String,
    format: Format,
    reason: String,
}

/// A version of a package, without epoch and release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mapped {
    /// In the characters of the format.
    pub(crate) version: String,
    /// What a person should know about it.
    pub(crate) warnings: Vec<String>,
}

/// Maps PACKAGE_VERSION to what the format allows, so that packages sort as DKMS sorts the modules.
///
/// A `v` before a digit goes. RPM knows no `-`: it becomes `_`, which keeps 3.5 < 3.5_rc2 < 3.6; commits after a release, as
/// `git describe` counts them, follow a `^`: 3.5 < 3.5^7.gabc < 3.5.1 (rpm-version(7), Fedora's Versioning Guidelines; an rpm
/// before 4.14.2-34 reads it as it reads `_`). Debian knows no `_`: it becomes `+`; `-` may stay, as a revision always follows;
/// a first character that is no digit gets `0+` before it.
pub(crate) fn map(format: Format, module_version: &str) -> Mapped {
    let plain = without_v(module_version);
    let mut warnings = Vec::new();
    let version = match format {
        Format::Rpm => match described(&plain) {
            Some((release, commits)) => format!("{}^{}", release.replace('-', "_"), commits.replace(['-', '_'], ".")),
            None => plain.replace('-', "_"),
        },
        // Commits after a release as the Arch wiki has them (VCS package guidelines): 1.2 < 1.2.r7.gabc < 1.2.1, vercmp(8).
        Format::Pac => match described(&plain) {
            Some((release, commits)) => format!("{}.r{}", release.replace('-', "_"), commits.replace(['-', '_'], ".")),
            None => plain.replace('-', "_"),
        },
        Format::Deb if plain.starts_with(|c: char| c.is_ascii_digit()) => plain.replace('_', "+"),
        Format::Deb => {
            let version = format!("0+{}", plain.replace('_', "+"));
            warnings.push(format!(
                "a Debian version starts with a digit, so {module_version} becomes {version}; \
                 --package-version sets another"
            ));
            version
        }
    };
    // vercmp(8) knows no ~, but ranks letters right behind a number below it.
    let spelled = |lower: String| if format == Format::Pac { lower.replace('~', "") } else { lower };
    if let Some(tilde) = pre_release(&plain).map(spelled) {
        warnings.push(format!(
            "{module_version} reads like a version before the final one, but DKMS and this package rank it above that; \
             if the package should rank below, give --package-version {tilde} (and --epoch to take it back later)"
        ));
    }
    let lower = plain.to_ascii_lowercase();
    if let Some(word) = ["dev", "next", "snapshot", "git", "nightly"].into_iter().find(|word| has_word(&lower, word)) {
        warnings.push(format!(
            "{module_version} is a version under way, and ranks above the one that it leads to; \
             if that is to replace it, give --package-version {} (and --epoch to take it back later)",
            spelled(under_way(&plain, word))
        ));
    }
    Mapped { version, warnings }
}

/// What `git describe` says of a commit after a tag, `1.2-7-gabcdef1`: the tag's version, and what follows.
fn described(version: &str) -> Option<(&str, &str)> {
    let bare = version.strip_suffix("-dirty").unwrap_or(version);
    let hash = bare.rfind(['-', '_'])?;
    let count = bare[..hash].rfind(['-', '_'])?;
    let is_hash = |text: &str| text.len() >= 4 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = &bare[count + 1..hash];
    let is_it = !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && bare[hash + 1..].strip_prefix('g').is_some_and(is_hash);
    (is_it && count > 0).then(|| (&version[..count], &version[count + 1..]))
}

/// Whether a version ends its numbers with this word: `1.2-dev`, `1.2-next.3`, `1.2-SNAPSHOT`.
fn has_word(lower: &str, word: &str) -> bool {
    let Some(at) = lower.find(word) else { return false };
    let (before, after) = (lower[..at].chars().next_back(), lower[at + word.len()..].chars().next());
    // A commit follows `git`, which says nothing of what comes.
    let is_whole = |c: char| !c.is_ascii_alphabetic() && (word != "git" || c == '.');
    before.is_some_and(|c| "-_.".contains(c)) && after.is_none_or(is_whole)
}

/// For 1.2-dev the spelling that sorts before 1.2: 1.2~dev.
fn under_way(version: &str, word: &str) -> String {
    let at = version.to_ascii_lowercase().find(word).unwrap_or(version.len());
    let before = version[..at].trim_end_matches(['-', '_', '.', '+']);
    format!("{before}~{}", &version[at..]).replace(['-', '_'], ".")
}

/// The version without a `v` that stands before a digit.
fn without_v(version: &str) -> String {
    match version.strip_prefix(['v', 'V']) {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => rest.to_owned(),
        _ => version.to_owned(),
    }
}

/// For 3.5-rc2 the spelling that sorts before 3.5: 3.5~rc2.
fn pre_release(version: &str) -> Option<String> {
    let lower = version.to_ascii_lowercase();
    let at = ["alpha", "beta", "rc", "pre"].iter().find_map(|word| {
        let at = lower.find(word)?;
        let before = lower[..at].chars().next_back();
        let after = lower[at + word.len()..].chars().next();
        let apart = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphabetic());
        (at > 0 && before != Some('~') && apart(before) && apart(after)).then_some(at)
    })?;
    Some(
        format!("{}~{}", version[..at].trim_end_matches(['-', '_', '.', '+']), &version[at..]).replace(['-', '_'], "."),
    )
}

/// Checks a version that a person gave.
pub(crate) fn check(format: Format, version: &str) -> Result<(), VersionError> {
    let fail = |reason: String| VersionError { what: "version", word: version.to_owned(), format, reason };
    match format {
        Format::Rpm | Format::Pac => check_plain(format, "version", version),
        Format::Deb if !version.starts_with(|c: char| c.is_ascii_digit()) => {
            Err(fail("it must start with a digit".into()))
        }
        Format::Deb if version.contains(':') => Err(fail("the epoch is set with --epoch".into())),
        Format::Deb => {
            PackageVersion::parse(&format!("{version}-1")).map(drop).map_err(|error| fail(error.to_string()))
        }
    }
}

/// Checks a release (RPM) or revision (Debian).
pub(crate) fn check_release(format: Format, release: &str) -> Result<(), VersionError> {
    let fail =
        |reason: &str| VersionError { what: "release", word: release.to_owned(), format, reason: reason.to_owned() };
    let plain = |c: char| c.is_ascii_alphanumeric() || "+.~".contains(c);
    match format {
        Format::Rpm => check_plain(format, "release", release),
        Format::Pac if release.is_empty() || release.chars().any(|c| !c.is_ascii_digit() && c != '.') => {
            Err(fail("it is a number, as 1 or 1.1"))
        }
        Format::Pac => Ok(()),
        Format::Deb if release.is_empty() => Err(fail("it is empty")),
        Format::Deb if release.chars().all(plain) => Ok(()),
        Format::Deb => Err(fail("only letters, digits and +.~ are allowed")),
    }
}

fn check_plain(format: Format, what: &'static str, word: &str) -> Result<(), VersionError> {
    let fail = |reason: String| Err(VersionError { what, word: word.to_owned(), format, reason });
    match word.chars().find(|c| !c.is_ascii_alphanumeric() && !"._+~^".contains(*c)) {
        Some(character) => fail(format!("it holds {character:?}; allowed are letters, digits and ._+~^")),
        None if word.is_empty() => fail("it is empty".to_owned()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_mapped_to_what_the_formats_allow() {
        let cases = [
            ("1.0", "1.0", "1.0"),
            ("v6.04.00", "6.04.00", "6.04.00"),
            ("V2", "2", "2"),
            ("3.5-rc2", "3.5_rc2", "3.5-rc2"),
            ("1_2_3", "1_2_3", "1+2+3"),
            ("0~20220111+git1b52c8d", "0~20220111+git1b52c8d", "0~20220111+git1b52c8d"),
            ("git20", "git20", "0+git20"),
            ("vanilla", "vanilla", "0+vanilla"),
            ("v1.2-7-gabcdef1", "1.2^7.gabcdef1", "1.2-7-gabcdef1"),
            ("1.2-rc1-12-g0123abc-dirty", "1.2_rc1^12.g0123abc.dirty", "1.2-rc1-12-g0123abc-dirty"),
            ("1.2_7_gabcdef1", "1.2^7.gabcdef1", "1.2+7+gabcdef1"),
            ("1.2-7-gnome", "1.2_7_gnome", "1.2-7-gnome"),
            ("7-gabcdef1", "7_gabcdef1", "7-gabcdef1"),
        ];
        for (module, rpm, deb) in cases {
            assert_eq!(map(Format::Rpm, module).version, rpm);
            assert_eq!(map(Format::Pac, module).version, rpm.replace('^', ".r"));
            assert_eq!(map(Format::Deb, module).version, deb);
            assert!(check(Format::Rpm, rpm).is_ok() && check(Format::Deb, deb).is_ok(), "{module}");
        }
    }

    #[test]
    fn only_pre_releases_are_warned_about() {
        let cases = [
            ("3.5-rc2", Some("3.5~rc2")),
            ("1.0_beta", Some("1.0~beta")),
            ("2.0pre1", Some("2.0~pre1")),
            ("1.0.alpha-2", Some("1.0~alpha.2")),
            ("3.5~rc2", None),
            ("1.0src", None),
            ("1.2-premium", None),
            ("1.2", None),
        ];
        for (version, tilde) in cases {
            let warnings = map(Format::Rpm, version).warnings;
            assert_eq!(warnings.len(), usize::from(tilde.is_some()), "{version}: {warnings:?}");
            assert!(warnings.iter().all(|text| text.contains(tilde.unwrap_or_default())), "{version}: {warnings:?}");
        }
    }

    #[test]
    fn versions_that_people_give_are_checked() {
        for version in ["", "1-2", "1 2", "1:2", "1;2"] {
            assert!(check(Format::Rpm, version).is_err(), "{version}");
        }
        for version in ["", "x1", "1 2", "1:2", "1_2", "1;2"] {
            assert!(check(Format::Deb, version).is_err(), "{version}");
        }
        assert!(check_release(Format::Rpm, "1.el9").is_ok() && check_release(Format::Rpm, "1-2").is_err());
        assert!(check_release(Format::Deb, "1~bpo12").is_ok() && check_release(Format::Deb, "1-2").is_err());
    }
}
