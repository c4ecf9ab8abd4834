//! The configuration a kernel was built with.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use crate::tree::digests::Toolset;

/// CONFIG_ names with their values (`y`, `m`, a number, a string without its quotes). Unset ones are absent. Few of the
/// ten thousand are ever asked for: the text is kept as it is, and searched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KernelConfig(String);

impl KernelConfig {
    /// Reads `.config` or `include/config/auto.conf`; both have `CONFIG_X=value` lines.
    pub(crate) fn read(file: &Path) -> std::io::Result<Self> {
        let bytes = fs_err::read(file)?;
        Ok(Self(
            String::from_utf8(bytes).unwrap_or_else(|bytes| String::from_utf8_lossy(bytes.as_bytes()).into_owned()),
        ))
    }

    /// Takes the text of such a file.
    #[cfg(any(test, feature = "packages"))]
    pub(crate) fn parse(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The value of `CONFIG_X`; of several lines the last counts.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        if !name.starts_with("CONFIG_") {
            return None;
        }
        let value = |at: usize| {
            let (before, after) = (&self.0[..at], &self.0[at + name.len()..]);
            let begins = before.lines().next_back().is_none_or(|line| before.ends_with('\n') || line.trim().is_empty());
            let line = after.strip_prefix('=')?.lines().next().unwrap_or_default();
            begins.then(|| line.trim_end().trim_matches('"'))
        };
        self.0.rmatch_indices(name).find_map(|(at, _)| value(at))
    }

    /// Whether `CONFIG_X` is `y` or `m`.
    pub(crate) fn is_enabled(&self, name: &str) -> bool {
        matches!(self.get(name), Some("y" | "m"))
    }

    /// Whether the kernel was compiled by clang.
    pub(crate) fn is_clang(&self) -> bool {
        self.is_enabled("CONFIG_CC_IS_CLANG")
    }

    /// The release of the compiler that built the kernel, as far as its configuration says.
    pub(crate) fn compiler_release(&self) -> Option<CompilerRelease> {
        let (family, name) =
            if self.is_clang() { ("clang", "CONFIG_CLANG_VERSION") } else { ("gcc", "CONFIG_GCC_VERSION") };
        let number: u32 = self.get(name)?.parse().ok()?;
        Some(CompilerRelease { family, major: number / 10_000 }).filter(|release| release.major > 0)
    }

    /// Whether the kernel was linked by LLVM's linker.
    pub(crate) fn is_lld(&self) -> bool {
        self.is_enabled("CONFIG_LD_IS_LLD")
    }

    /// Whether the kernel can check signatures of modules, and so takes them.
    pub(crate) fn takes_signatures(&self) -> bool {
        self.get("CONFIG_MODULE_SIG_HASH").is_some()
    }

    /// The program that compiled the kernel, from CONFIG_CC_VERSION_TEXT, the first line of its `--version`:
    /// `gcc-12 (Debian 12.2.0-14) 12.2.0` → `gcc-12`; `Debian clang version 14.0.6` → `clang`. Never a path, nor anything
    /// that a shell would take for more than a word.
    pub(crate) fn compiler(&self) -> Option<&str> {
        let compiles = |word: &&str| {
            let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "._+-".contains(c));
            plain && (word.contains("gcc") || word.contains("clang") || word.ends_with("cc"))
        };
        self.get("CONFIG_CC_VERSION_TEXT")?.split_whitespace().take(2).find(compiles)
    }
}

/// A compiler and its first number, which decides whether what it makes fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CompilerRelease {
    pub(crate) family: &'static str,
    pub(crate) major: u32,
}

/// `gcc-12`
impl std::fmt::Display for CompilerRelease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.family, self.major)
    }
}

impl From<&KernelConfig> for Toolset {
    fn from(config: &KernelConfig) -> Self {
        Self {
            compiler: config.compiler().map(str::to_owned),
            is_clang: config.is_clang(),
            takes_signatures: config.takes_signatures(),
        }
    }
}

/// A kernel's configuration that is read when it is first asked for: most modules never ask.
#[derive(Debug)]
pub(crate) struct ConfigOnDemand {
    file: Option<PathBuf>,
    read: OnceCell<Option<KernelConfig>>,
}

impl ConfigOnDemand {
    /// Of a file, which need not be there.
    pub(crate) fn of(file: PathBuf) -> Self {
        Self { file: Some(file), read: OnceCell::new() }
    }

    /// The configuration. None without a readable file.
    pub(crate) fn get(&self) -> Option<&KernelConfig> {
        let read = |file: &PathBuf| file.is_file().then(|| KernelConfig::read(file).ok()).flatten();
        self.read.get_or_init(|| self.file.as_ref().and_then(read)).as_ref()
    }
}

impl From<Option<KernelConfig>> for ConfigOnDemand {
    fn from(config: Option<KernelConfig>) -> Self {
        Self { file: None, read: OnceCell::from(config) }
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
    fn a_name_is_found_where_a_line_sets_it_and_nowhere_else() {
        let config = KernelConfig::parse(
            "CONFIG_A=\"CONFIG_TEXT=y\"\n# CONFIG_OFF=y\nNOT_CONFIG_B=y\nCONFIG_AB=m\n  CONFIG_IN=y \nCONFIG_TWO=m\nCONFIG_TWO=y",
        );
        for (name, expected) in [
            ("CONFIG_A", Some("CONFIG_TEXT=y")),
            ("CONFIG_TEXT", None),
            ("CONFIG_OFF", None),
            ("CONFIG_B", None),
            ("CONFIG_AB", Some("m")),
            ("CONFIG_IN", Some("y")),
            ("CONFIG_TWO", Some("y")),
            ("CONFIG_", None),
            ("", None),
        ] {
            assert_eq!(config.get(name), expected, "{name}");
        }
        assert_eq!(KernelConfig::default().get("CONFIG_A"), None);
    }

    #[test]
    fn a_configuration_is_read_once_and_only_when_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".config");
        let config = ConfigOnDemand::of(file.clone());
        fs_err::write(&file, "CONFIG_A=y\n").unwrap();
        assert!(config.get().unwrap().is_enabled("CONFIG_A"));
        fs_err::remove_file(&file).unwrap();
        assert!(config.get().is_some());
        assert!(ConfigOnDemand::of(file).get().is_none());
        assert!(ConfigOnDemand::from(None).get().is_none());
    }

    #[test]
    fn the_release_of_the_compiler_is_its_first_number() {
        for (text, expected) in [
            ("CONFIG_CC_IS_GCC=y\nCONFIG_GCC_VERSION=120200\nCONFIG_CLANG_VERSION=0\n", Some("gcc-12")),
            ("CONFIG_CC_IS_CLANG=y\nCONFIG_GCC_VERSION=0\nCONFIG_CLANG_VERSION=180103\n", Some("clang-18")),
            ("CONFIG_GCC_VERSION=40805\n", Some("gcc-4")),
            ("CONFIG_GCC_VERSION=0\n", None),
            ("CONFIG_GCC_VERSION=twelve\n", None),
            ("", None),
        ] {
            let release = KernelConfig::parse(text).compiler_release().map(|release| release.to_string());
            assert_eq!(release.as_deref(), expected, "{text}");
        }
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
