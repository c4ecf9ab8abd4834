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

    /// Whether the kernel was compiled by clang.
    pub fn is_clang(&self) -> bool {
        self.is_enabled("CONFIG_CC_IS_CLANG")
    }

    /// Whether the kernel was linked by LLVM's linker.
    pub fn is_lld(&self) -> bool {
        self.is_enabled("CONFIG_LD_IS_LLD")
    }

    /// The program that compiled the kernel, from CONFIG_CC_VERSION_TEXT, the first line of its `--version`:
    /// `gcc-12 (Debian 12.2.0-14) 12.2.0` → `gcc-12`; `Debian clang version 14.0.6` → `clang`. Never a path, nor anything
    /// that a shell would take for more than a word.
    pub fn compiler(&self) -> Option<&str> {
        let compiles = |word: &&str| {
            let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "._+-".contains(c));
            plain && (word.contains("gcc") || word.contains("clang") || word.ends_with("cc"))
        };
        self.get("CONFIG_CC_VERSION_TEXT")?.split_whitespace().take(2).find(compiles)
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

    #[test]
    fn the_compiler_is_named_by_the_first_words_of_its_version() {
        for (text, expected) in [
            ("gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0", Some("gcc-12")),
            ("x86_64-linux-gnu-gcc-13 (Ubuntu 13.2.0-23ubuntu4) 13.2.0", Some("x86_64-linux-gnu-gcc-13")),
            ("gcc (GCC) 14.1.1 20240522 (Red Hat 14.1.1-4)", Some("gcc")),
            ("Debian clang version 14.0.6", Some("clang")),
            ("clang version 17.0.6", Some("clang")),
            ("/tmp/gcc 1", None),
            ("gcc;reboot", None),
            ("", None),
        ] {
            let config = KernelConfig::parse(&format!("CONFIG_CC_VERSION_TEXT=\"{text}\"\n"));
            assert_eq!(config.compiler(), expected, "{text}");
        }
        let clang = KernelConfig::parse("CONFIG_CC_IS_CLANG=y\nCONFIG_LD_IS_LLD=y\n");
        assert!(clang.is_clang() && clang.is_lld() && clang.compiler().is_none());
    }
}
