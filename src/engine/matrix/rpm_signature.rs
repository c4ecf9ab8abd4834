//! Whether a package of a .repo file is signed by whom this file names. dnf looks at that when it installs, not when it downloads.

use std::path::Path;

use fs_err as fs;

use super::client;
use crate::engine::app::App;
use crate::error::{Error, Result};
use crate::exit::Kind;

/// What a section of a .repo file asks of signatures (dnf.conf(5)).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// `gpgcheck`
    pub(super) is_checked: bool,
    /// `gpgkey`
    pub(super) keys: Vec<String>,
}

/// dnf of this host, with the options that lead it to a .repo file.
#[derive(Clone, Copy)]
pub(super) struct Dnf<'a> {
    pub(super) app: &'a App,
    pub(super) options: &'a [String],
    /// Its own, for what is kept meanwhile: sections of two files may have one name.
    pub(super) folder: &'a Path,
}

impl Dnf<'_> {
    /// # Errors
    ///
    /// The section wants its packages signed, and this one is not, or by somebody else.
    pub(super) fn check(self, section: &str, asked: &Asked, package: &Path) -> Result<()> {
        if !asked.is_checked {
            return Ok(());
        }
        // What was imported into this host's rpm is trusted for every repository, as when dnf installs.
        let first = self.verdict(&[], package)?;
        if first == Verdict::Good {
            return Ok(());
        }
        let second = match asked.keys.as_slice() {
            [] => first,
            keys => self.verdict(&[self.keyring(section, keys)?], package)?,
        };
        let name = package.file_name().unwrap_or_default().to_string_lossy();
        let problem = match second {
            Verdict::Good => return Ok(()),
            Verdict::Unsigned => "is not signed".to_owned(),
            Verdict::Unknown(key) => format!("is signed with {key}, which neither gpgkey= nor rpm of this host has"),
            Verdict::Wrong(line) => format!("has a wrong signature ({line})"),
        };
        let text = format!("{name} {problem}, and [{section}] wants its packages signed (gpgcheck=1)");
        Err(Error::new(Kind::SourceMissing, text))
    }

    /// What holds for a section, with the defaults of dnf.conf and its variables put in. dnf 5 tells it in another way.
    pub(super) fn asked(self, section: &str) -> Result<Asked> {
        let Self { app, options, folder } = self;
        let of_dnf_5 = format!("--dump-repo-config={section}");
        let told = client::run(app, "dnf", options, &["-q", "config-manager", "--dump", section], folder)
            .or_else(|_| client::run(app, "dnf", options, &["-q", &of_dnf_5], folder))?;
        Ok(asked(&told))
    }

    /// A database of rpm with these keys and no others.
    fn keyring(self, section: &str, keys: &[String]) -> Result<String> {
        let place = self.folder.join(format!("keys-{section}"));
        let option = format!("--dbpath={}", place.display());
        if !place.is_dir() {
            fs::create_dir_all(&place).map_err(|error| Error::io("keys of a repository cannot be kept", error))?;
            for key in keys {
                let file = key.strip_prefix("file://").unwrap_or(key);
                let imported =
                    client::run(self.app, "rpmkeys", std::slice::from_ref(&option), &["--import", file], self.folder);
                imported.map_err(|error| {
                    let why = error.in_one_line();
                    // It asks another program, and does not say so.
                    let is_lacking = file.contains("://") && !self.app.system.has_program("curl");
                    let curl = if is_lacking { " (rpmkeys downloads by curl, which is not installed)" } else { "" };
                    let text = format!("the key {key}, which [{section}] names, cannot be read: {why}{curl}");
                    Error::new(Kind::SourceMissing, text)
                })?;
            }
        }
        Ok(option)
    }

    fn verdict(self, options: &[String], package: &Path) -> Result<Verdict> {
        let level = ["--define=_pkgverify_level signature", "--define=_pkgverify_flags 0x0"];
        let file = package.to_string_lossy();
        let words = [&["--checksig", "--verbose"][..], &level, &["--", &file]].concat();
        let finished = client::start(self.app, "rpmkeys", options, &words, self.folder)?;
        Ok(verdict(finished.success(), &finished.text()))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    Good,
    Unsigned,
    /// By this key, which is not known.
    Unknown(String),
    Wrong(String),
}

/// What `rpmkeys --checksig --verbose` says. That it ends well is not enough: old ones do so of a package that is not signed.
fn verdict(success: bool, told: &str) -> Verdict {
    let lines: Vec<&str> = told.lines().map(str::trim).collect();
    let ends = |line: &str, words: &[&str]| words.iter().any(|word| line.ends_with(word));
    let signatures: Vec<&str> =
        lines.iter().copied().filter(|line| line.to_lowercase().contains("signature")).collect();
    let found = |words: &[&str]| signatures.iter().find(|line| ends(line, words));
    let wrong = lines.iter().find(|line| line.contains(": BAD"));
    match () {
        () if success && found(&[": OK"]).is_some() => Verdict::Good,
        () if wrong.is_some() => Verdict::Wrong(wrong.unwrap_or(&"").to_string()),
        () => match found(&["NOKEY"]) {
            Some(line) => Verdict::Unknown(key_of(line)),
            None if signatures.iter().all(|line| line.ends_with("NOTFOUND")) => Verdict::Unsigned,
            None => Verdict::Wrong(lines.last().copied().unwrap_or_default().to_owned()),
        },
    }
}

/// `Header V4 RSA/SHA512 Signature, key ID 32b3c938: NOKEY`
fn key_of(line: &str) -> String {
    let key = line.split_once("key ").map(|(_, rest)| rest.trim_end_matches(": NOKEY"));
    key.map_or_else(|| "a key".to_owned(), |key| format!("key {key}"))
}

/// The lines `NAME = VALUE` of a section. `pkg_gpgcheck` is what newer releases of dnf 5 call it.
fn asked(told: &str) -> Asked {
    let mut asked = Asked::default();
    for (name, value) in told.lines().filter_map(|line| line.split_once('=')) {
        match name.trim() {
            "gpgcheck" | "pkg_gpgcheck" => {
                asked.is_checked |= ["1", "true", "yes"].contains(&value.trim().to_lowercase().as_str());
            }
            "gpgkey" => {
                let words = value.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
                asked.keys = words.map(str::to_owned).collect();
            }
            _ => {}
        }
    }
    asked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_section_asks_is_read_from_what_dnf_tells() {
        let told = "==== repo: kernels ====\n[kernels]\ngpgcheck = 1\ngpgkey = file:///a.asc, https://example.org/b\nrepo_gpgcheck = 0\n";
        let keys = vec!["file:///a.asc".to_owned(), "https://example.org/b".to_owned()];
        assert_eq!(asked(told), Asked { is_checked: true, keys });
        assert_eq!(asked("gpgcheck = 0\ngpgkey = \nrepo_gpgcheck = 1\n"), Asked::default());
        assert!(asked("gpgcheck = 0\npkg_gpgcheck = True\n").is_checked);
    }

    #[test]
    fn only_a_signature_that_was_found_and_is_right_is_good() {
        let digest = "a.rpm:\n    Header SHA256 digest: OK\n";
        for (success, lines, expected) in [
            (true, "    Header V4 RSA/SHA512 Signature, key ID 32b3c938: OK\n", Verdict::Good),
            (true, "", Verdict::Unsigned),
            (false, "    Header RSA signature: NOTFOUND\n    RSA signature: NOTFOUND\n", Verdict::Unsigned),
            (
                false,
                "    Header V4 RSA/SHA512 Signature, key ID 32b3c938: NOKEY\n    Payload SHA256 digest: OK\n",
                Verdict::Unknown("key ID 32b3c938".to_owned()),
            ),
            (
                false,
                "    Header V4 RSA/SHA512 Signature, key ID 32b3c938: OK\n    Payload SHA256 digest: BAD (Expected a != b)\n",
                Verdict::Wrong("Payload SHA256 digest: BAD (Expected a != b)".to_owned()),
            ),
            (
                false,
                "    Header V4 RSA/SHA512 Signature, key ID 1: OK\n",
                Verdict::Wrong("Header V4 RSA/SHA512 Signature, key ID 1: OK".to_owned()),
            ),
        ] {
            assert_eq!(verdict(success, &format!("{digest}{lines}")), expected, "{lines}");
        }
    }
}
