//! The settings of framework.conf that say what a failure means: to package managers, to a kernel, to its initramfs.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::ids::ModuleName;

/// `failure_policy`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum FailurePolicy {
    /// A module that fails is told and kept, and the package manager goes on (the default).
    #[default]
    Report,
    /// The package manager is told, where it can take that.
    Strict,
}

/// `initramfs`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum InitramfsPolicy {
    /// It is made anew when it holds a module that a package changed (the default).
    #[default]
    Auto,
    /// It is left to others.
    Never,
    /// It is made anew whenever a package changed a module of its kernel.
    Always,
}

/// `preflight`: whether modules are built for a kernel before its package is unpacked, and what becomes of the transaction
/// when one does not build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PreflightPolicy {
    Off,
    /// It is told, and the transaction goes on.
    Warn,
    /// The transaction ends before anything is unpacked if it is an essential module, and the kernel the one that would boot.
    Essential,
    /// The same for any module and kernel.
    Strict,
}

/// The settings of preflight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Preflight {
    /// None: warn, or essential where there are essential modules.
    pub(crate) policy: Option<PreflightPolicy>,
    /// `preflight_timeout`: all builds together.
    pub(crate) timeout: Duration,
    /// `preflight_memory`: bytes of free memory below which nothing is built before it has to be.
    pub(crate) memory: u64,
}

impl Default for Preflight {
    fn default() -> Self {
        Self { policy: None, timeout: Duration::from_secs(10 * 60), memory: 256 << 20 }
    }
}

/// What framework.conf says about failures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Policies {
    /// `failure_policy`
    pub(crate) failure: FailurePolicy,
    /// `strict_modules`: those for which the failure policy is strict whatever it is for others.
    pub(crate) strict_modules: BTreeSet<ModuleName>,
    /// `essential_modules`: those without which a kernel is of no use to this machine.
    pub(crate) essential_modules: BTreeSet<ModuleName>,
    /// `lock_timeout`
    pub(crate) lock_timeout: Duration,
    /// `conf_timeout`: how long a dkms.conf that needs bash may be evaluated.
    pub(crate) conf_timeout: Duration,
    /// `initramfs`
    pub(crate) initramfs: InitramfsPolicy,
    pub(crate) preflight: Preflight,
}

/// The names of these settings.
pub(super) const NAMES: [&str; 9] = [
    "failure_policy",
    "strict_modules",
    "essential_modules",
    "lock_timeout",
    "conf_timeout",
    "initramfs",
    "preflight",
    "preflight_timeout",
    "preflight_memory",
];

impl Default for Policies {
    fn default() -> Self {
        Self {
            failure: FailurePolicy::default(),
            strict_modules: BTreeSet::new(),
            essential_modules: BTreeSet::new(),
            lock_timeout: Duration::from_secs(15 * 60),
            conf_timeout: Duration::from_secs(10),
            initramfs: InitramfsPolicy::default(),
            preflight: Preflight::default(),
        }
    }
}

impl Policies {
    /// Whether a failure of this module is to be told to the package manager.
    pub(crate) fn is_strict(&self, module: &ModuleName) -> bool {
        self.failure == FailurePolicy::Strict || self.strict_modules.contains(module)
    }

    /// Takes one of [`NAMES`]; an empty value is the default.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let default = Self::default();
        match (name, value.trim()) {
            ("failure_policy", "" | "report") => self.failure = FailurePolicy::Report,
            ("failure_policy", "strict") => self.failure = FailurePolicy::Strict,
            ("initramfs", "" | "auto") => self.initramfs = InitramfsPolicy::Auto,
            ("initramfs", "never") => self.initramfs = InitramfsPolicy::Never,
            ("initramfs", "always") => self.initramfs = InitramfsPolicy::Always,
            ("lock_timeout", "") => self.lock_timeout = default.lock_timeout,
            ("lock_timeout", number) => self.lock_timeout = seconds(name, number)?,
            ("conf_timeout", "") => self.conf_timeout = default.conf_timeout,
            ("conf_timeout", number) => self.conf_timeout = seconds(name, number)?.max(Duration::from_secs(1)),
            ("preflight", word) => self.preflight.policy = preflight(word)?,
            ("preflight_timeout", "") => self.preflight.timeout = default.preflight.timeout,
            ("preflight_timeout", number) => {
                self.preflight.timeout = seconds(name, number)?.max(Duration::from_secs(1));
            }
            ("preflight_memory", "") => self.preflight.memory = default.preflight.memory,
            ("preflight_memory", number) => self.preflight.memory = mebibytes(name, number)?,
            ("strict_modules", words) => self.strict_modules = modules(name, words)?,
            ("essential_modules", words) => self.essential_modules = modules(name, words)?,
            ("failure_policy", other) => return Err(format!("{name} is `{other}`; it must be report or strict")),
            (_, other) => return Err(format!("{name} is `{other}`; it must be auto, never or always")),
        }
        Ok(())
    }
}

impl Policies {
    /// What becomes of a transaction, for this word of the caller's in place of the setting (`DKMS_PREFLIGHT`).
    pub(crate) fn preflight(&self, word: Option<&str>) -> Result<PreflightPolicy, String> {
        let usual = || match self.essential_modules.is_empty() {
            true => PreflightPolicy::Warn,
            false => PreflightPolicy::Essential,
        };
        let given = word.map_or(Ok(None), preflight)?;
        Ok(given.or(self.preflight.policy).unwrap_or_else(usual))
    }
}

fn preflight(word: &str) -> Result<Option<PreflightPolicy>, String> {
    Ok(Some(match word {
        "" => return Ok(None),
        "off" => PreflightPolicy::Off,
        "warn" => PreflightPolicy::Warn,
        "essential" => PreflightPolicy::Essential,
        "strict" => PreflightPolicy::Strict,
        other => return Err(format!("preflight is `{other}`; it must be off, warn, essential or strict")),
    }))
}

/// A number of MiB in bytes.
pub(super) fn mebibytes(name: &str, number: &str) -> Result<u64, String> {
    let number: u64 = number.parse().map_err(|_| format!("{name} is `{number}`, not a number of MiB"))?;
    Ok(number.saturating_mul(1 << 20))
}

fn seconds(name: &str, number: &str) -> Result<Duration, String> {
    let seconds = number.parse().map_err(|_| format!("{name} is `{number}`, not a number of seconds"))?;
    Ok(Duration::from_secs(seconds))
}

/// Names between blanks or commas.
fn modules(name: &str, words: &str) -> Result<BTreeSet<ModuleName>, String> {
    words
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|word| !word.is_empty())
        .map(|word| ModuleName::new(word).map_err(|_| format!("`{word}` in {name} is not a module name")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_takes_its_words_and_names_others() {
        for (name, value, complaint) in [
            ("failure_policy", "strict", None),
            ("failure_policy", "", None),
            ("failure_policy", "yes", Some("failure_policy is `yes`; it must be report or strict")),
            ("initramfs", "always", None),
            ("initramfs", "yes", Some("initramfs is `yes`; it must be auto, never or always")),
            ("lock_timeout", "0", None),
            ("lock_timeout", "15 min", Some("lock_timeout is `15 min`, not a number of seconds")),
            ("lock_timeout", "-1", Some("lock_timeout is `-1`, not a number of seconds")),
            ("conf_timeout", "30", None),
            ("conf_timeout", "0.5", Some("conf_timeout is `0.5`, not a number of seconds")),
            ("preflight", "strict", None),
            ("preflight", "on", Some("preflight is `on`; it must be off, warn, essential or strict")),
            ("preflight_timeout", "1m", Some("preflight_timeout is `1m`, not a number of seconds")),
            ("preflight_memory", "1G", Some("preflight_memory is `1G`, not a number of MiB")),
            ("strict_modules", "zfs, r8168  nvidia", None),
            ("essential_modules", "a/b", Some("`a/b` in essential_modules is not a module name")),
        ] {
            let said = Policies::default().set(name, value).err();
            assert_eq!(said.as_deref(), complaint, "{name}={value}");
        }
    }

    #[test]
    fn a_listed_module_is_strict_and_others_are_as_all() {
        let name = |word: &str| ModuleName::new(word).unwrap();
        let mut policies = Policies::default();
        policies.set("strict_modules", "zfs, r8168").unwrap();
        assert!(policies.is_strict(&name("zfs")) && policies.is_strict(&name("r8168")));
        assert!(!policies.is_strict(&name("other")));
        policies.set("failure_policy", "strict").unwrap();
        assert!(policies.is_strict(&name("other")));
    }

    #[test]
    fn preflight_is_essential_where_modules_are_and_a_word_of_the_caller_counts_more() {
        let mut policies = Policies::default();
        assert_eq!(policies.preflight(None), Ok(PreflightPolicy::Warn));
        policies.set("essential_modules", "zfs").unwrap();
        assert_eq!(policies.preflight(None), Ok(PreflightPolicy::Essential));
        policies.set("preflight", "strict").unwrap();
        assert_eq!(policies.preflight(None), Ok(PreflightPolicy::Strict));
        assert_eq!(policies.preflight(Some("off")), Ok(PreflightPolicy::Off));
        assert!(policies.preflight(Some("perhaps")).is_err());
    }
}
