//! What a package manager gave our hook, as it came: words, environment, lines on standard input.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, BufRead};

use serde::{Deserialize, Serialize};

use super::paths;

/// The variables by which package managers tell their scripts more than their arguments do; a name that ends with `_`
/// stands for all that begin so.
const VARIABLES: &[&str] = &[
    "DPKG_",
    "DEB_MAINT_PARAMS",
    "DEBCONF_REDIR",
    "DEBIAN_FRONTEND",
    "KERNEL_INSTALL_",
    "RPM_",
    "PATH",
    "INVOCATION_ID",
];

/// One call of a hook.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Call {
    /// The words after `dkms event`: the source, then what that source's manager gave its script.
    pub(crate) words: Vec<String>,
    /// The variables of package managers that were set.
    #[serde(default)]
    pub(crate) environment: BTreeMap<String, String>,
    /// The lines of standard input, where the source has any.
    #[serde(default)]
    pub(crate) input: Vec<String>,
}

/// How many lines of standard input are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    All,
    /// One for each module, kernel and headers that the lines speak of: a kernel brings thousands.
    Telling,
}

impl Call {
    /// These words, with what the environment says about a transaction.
    pub(crate) fn new(words: &[String], environment: &BTreeMap<OsString, OsString>) -> Self {
        let environment = environment
            .iter()
            .filter_map(|(name, value)| Some((name.to_str()?.to_owned(), value.to_string_lossy().into_owned())))
            .filter(|(name, _)| is_of_a_transaction(name))
            .collect();
        Self { words: words.to_vec(), environment, input: Vec::new() }
    }

    /// Whether the source's manager writes paths to standard input. No other source's input is ours to read.
    pub(crate) fn has_input(&self) -> bool {
        matches!(self.words.first().map(String::as_str), Some("rpm-trigger" | "pacman"))
    }

    /// Reads standard input to its end, so that the package manager never writes to a closed pipe.
    pub(crate) fn read(&mut self, mut input: impl BufRead, keep: Keep) -> io::Result<()> {
        let mut seen = paths::Touched::default();
        let mut line = Vec::new();
        while input.read_until(b'\n', &mut line)? > 0 {
            let text = String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(&line));
            if seen.add(&text) || keep == Keep::All {
                self.input.push(text.into_owned());
            }
            line.clear();
        }
        Ok(())
    }

    /// The modules, kernels and headers that the lines on standard input speak of.
    pub(crate) fn touched(&self) -> paths::Touched {
        let mut touched = paths::Touched::default();
        for line in &self.input {
            touched.add(line);
        }
        touched
    }

    /// A variable that is set and not empty.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

fn is_of_a_transaction(name: &str) -> bool {
    VARIABLES.iter().any(|known| name == *known || (known.ends_with('_') && name.starts_with(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(words: &str) -> Call {
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        Call::new(&words, &BTreeMap::new())
    }

    #[test]
    fn of_the_environment_only_the_package_managers_words_are_kept() {
        let names =
            ["DPKG_ROOT", "DPKG_MAINTSCRIPT_NAME", "KERNEL_INSTALL_BYPASS", "HOME", "MY_TOKEN", "DPKGX", "PATH"];
        let environment = names.iter().map(|name| ((*name).into(), "x".into())).collect();
        let kept: Vec<String> = Call::new(&[], &environment).environment.into_keys().collect();
        assert_eq!(kept, ["DPKG_MAINTSCRIPT_NAME", "DPKG_ROOT", "KERNEL_INSTALL_BYPASS", "PATH"]);
    }

    #[test]
    fn only_sources_with_paths_on_standard_input_read_it() {
        for (words, expected) in [
            ("rpm-trigger transfiletriggerin 0", true),
            ("pacman post", true),
            ("rpm posttrans blink 1.0 1", false),
            ("kernel postinst 6.1", false),
            ("kernel-install add 6.1 /efi/x", false),
        ] {
            assert_eq!(call(words).has_input(), expected, "{words}");
        }
    }

    #[test]
    fn of_thousands_of_lines_one_is_kept_for_each_thing_that_they_speak_of() {
        let mut text = String::new();
        for n in 0..5_000 {
            text.push_str(&format!(
                "/usr/src/kernels/6.5.0/include/linux/{n}.h\n/lib/modules/6.5.0/kernel/{n}.ko.xz\n"
            ));
        }
        text.push_str("/usr/src/blink-1.0\n/usr/src/blink-1.0/dkms.conf\n/usr/src/blink-1.0/blink.c");
        let mut telling = call("rpm-trigger transfiletriggerin 0");
        telling.read(text.as_bytes(), Keep::Telling).unwrap();
        let kept = [
            "/usr/src/kernels/6.5.0/include/linux/0.h",
            "/lib/modules/6.5.0/kernel/0.ko.xz",
            "/usr/src/blink-1.0/dkms.conf",
        ];
        assert_eq!(telling.input, kept);
        let mut all = call("rpm-trigger transfiletriggerin 0");
        all.read(text.as_bytes(), Keep::All).unwrap();
        assert_eq!((all.input.len(), all.touched()), (10_003, telling.touched()));
    }

    #[test]
    fn bytes_that_are_no_text_disturb_nothing() {
        let mut call = call("pacman post");
        call.read(&b"usr/src/\xff-1/dkms.conf\n\nusr/src/blink-1.0/dkms.conf\n"[..], Keep::Telling).unwrap();
        assert!(call.touched().modules.contains("blink-1.0"));
    }
}
