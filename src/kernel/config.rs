//! The configuration a kernel was built with.

use std::collections::BTreeMap;
use std::path::Path;

/// CONFIG_ names with their values (`y`, `m`, a number, a string without its quotes). Unset ones are absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KernelConfig(BTreeMap<String, String>);

impl KernelConfig {
    /// Reads `.config` or `include/config/auto.conf`; both have `CONFIG_X=value` lines.
    pub fn read(file: &Path) -> std::io::Result<Self> {
        Ok(Self::parse(&String::from_utf8_lossy(&fs_err::read(file)?)))
    }

    /// Parses the text of such a file.
    pub fn parse(text: &str) -> Self {
        Self(
            text.lines()
                .filter_map(|line| line.trim().split_once('='))
                .filter(|(name, _)| name.starts_with("CONFIG_"))
                .map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned()))
                .collect(),
        )
    }

    /// The value of `CONFIG_X`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Whether `CONFIG_X` is `y` or `m`.
    pub fn is_enabled(&self, name: &str) -> bool {
        matches!(self.get(name), Some("y" | "m"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_file_are_understood() {
        let config = KernelConfig::parse(
            "# CONFIG_A is not set\nCONFIG_B=y\nCONFIG_C=m\nCONFIG_HASH=\"sha256\"\nCONFIG_N=12\nJUNK=y\n",
        );
        assert!(!config.is_enabled("CONFIG_A"));
        assert!(config.is_enabled("CONFIG_B") && config.is_enabled("CONFIG_C"));
        assert!(!config.is_enabled("CONFIG_N"));
        assert_eq!(config.get("CONFIG_HASH"), Some("sha256"));
        assert_eq!(config.get("JUNK"), None);
    }
}
