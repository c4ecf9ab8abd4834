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
}

/// The names of these settings.
pub(super) const NAMES: [&str; 6] =
    ["failure_policy", "strict_modules", "essential_modules", "lock_timeout", "conf_timeout", "initramfs"];

impl Default for Policies {
    fn default() -> Self {
        Self {
            failure: FailurePolicy::default(),
            strict_modules: BTreeSet::new(),
            essential_modules: BTreeSet::new(),
            lock_timeout: Duration::from_secs(15 * 60),
            conf_timeout: Duration::from_secs(10),
            initramfs: InitramfsPolicy::default(),
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
            ("strict_modules", words) => self.strict_modules = modules(name, words)?,
            ("essential_modules", words) => self.essential_modules = modules(name, words)?,
            ("failure_policy", other) => return Err(format!("{name} is `{other}`; it must be report or strict")),
            (_, other) => return Err(format!("{name} is `{other}`; it must be auto, never or always")),
        }
        Ok(())
    }
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
}
