//! Module file names: `.ko` and its compressed forms.

use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::{Deserialize, Serialize};

use super::KernelConfig;

/// How a module file is compressed, by its suffix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub(crate) enum Suffix {
    /// `.ko`
    #[default]
    Plain,
    /// `.ko.gz`
    Gz,
    /// `.ko.xz`
    Xz,
    /// `.ko.zst`
    Zst,
}

impl Suffix {
    pub(crate) const ALL: [Suffix; 4] = [Suffix::Plain, Suffix::Gz, Suffix::Xz, Suffix::Zst];

    /// The suffix with its dots.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Suffix::Plain => ".ko",
            Suffix::Gz => ".ko.gz",
            Suffix::Xz => ".ko.xz",
            Suffix::Zst => ".ko.zst",
        }
    }

    /// Splits a file name into module name and suffix; None when it is no module file.
    pub(crate) fn split(file_name: &str) -> Option<(&str, Suffix)> {
        Self::ALL.iter().find_map(|suffix| {
            file_name.strip_suffix(suffix.as_str()).filter(|name| !name.is_empty()).map(|name| (name, *suffix))
        })
    }

    /// How the modules of a kernel are compressed: as the first one found below its `kernel` folder is, else as the
    /// configuration of its headers says. A configuration given with `--config` must not be asked: it says nothing about
    /// the kernel that will load the module.
    ///
    /// `folder` is INSTALLTREE/KVER, opened.
    pub(crate) fn of_kernel(folder: &Path, headers: Option<&KernelConfig>) -> Self {
        Self::of_first(folder).or_else(|| headers.and_then(Self::configured)).unwrap_or_default()
    }

    /// Whether such files are what a kernel has itself, or was configured for: it gets to see what is in them.
    pub(crate) fn is_used_by(self, folder: &Path, config: &KernelConfig) -> bool {
        let used = [Some(Self::Plain), Self::of_first(folder), Self::configured(config)];
        used.contains(&Some(self))
    }

    fn of_first(folder: &Path) -> Option<Self> {
        Some(Self::split(first_module(folder)?.file_name()?.to_str()?)?.1)
    }

    /// The compression that a configuration names with CONFIG_MODULE_COMPRESS_GZIP, _XZ or _ZSTD (Linux 5.13 and later;
    /// kernel/module/Kconfig).
    fn configured(config: &KernelConfig) -> Option<Self> {
        let choices = [("GZIP", Suffix::Gz), ("XZ", Suffix::Xz), ("ZSTD", Suffix::Zst)];
        choices
            .into_iter()
            .find(|(name, _)| config.is_enabled(&format!("CONFIG_MODULE_COMPRESS_{name}")))
            .map(|(_, suffix)| suffix)
    }
}

/// Kernels nest their modules up to seven folders deep.
const MAX_DEPTH: usize = 16;

/// The first module file below the `kernel` folder of INSTALLTREE/KVER: a folder's own files before those of its folders, in
/// byte order.
pub(super) fn first_module(folder: &Path) -> Option<PathBuf> {
    first_below(&folder.join("kernel"), MAX_DEPTH)
}

fn first_below(folder: &Path, depth: usize) -> Option<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(folder).ok()?.flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    let module = |entry: &fs::DirEntry| Suffix::split(entry.file_name().to_str()?).map(|_| entry.path());
    let is = |entry: &fs::DirEntry, folder: bool| entry.file_type().is_ok_and(|kind| kind.is_dir() == folder);
    entries.iter().filter(|entry| is(entry, false)).find_map(module).or_else(|| {
        let mut folders = entries.iter().filter(|entry| depth > 0 && is(entry, true));
        folders.find_map(|entry| first_below(&entry.path(), depth - 1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn module_files_are_told_from_others() {
        assert_eq!(Suffix::split("a.ko"), Some(("a", Suffix::Plain)));
        assert_eq!(Suffix::split("a.ko.zst"), Some(("a", Suffix::Zst)));
        assert_eq!(Suffix::split("a.o"), None);
        assert_eq!(Suffix::split(".ko"), None);
        assert_eq!(Suffix::split("a.ko.bak"), None);
    }

    #[test]
    fn the_kernels_own_modules_decide_and_then_the_headers() {
        let top = tempfile::tempdir().unwrap();
        let config = KernelConfig::parse("CONFIG_MODULE_COMPRESS=y\nCONFIG_MODULE_COMPRESS_ZSTD=y\n");
        assert_eq!(Suffix::of_kernel(top.path(), None), Suffix::Plain);
        assert_eq!(Suffix::of_kernel(top.path(), Some(&config)), Suffix::Zst);
        fs::create_dir_all(top.path().join("updates/dkms")).unwrap();
        fs::write(top.path().join("updates/dkms/ours.ko.gz"), "").unwrap();
        assert_eq!(Suffix::of_kernel(top.path(), Some(&config)), Suffix::Zst, "only the kernel's own count");
        fs::create_dir_all(top.path().join("kernel/a/b")).unwrap();
        fs::create_dir_all(top.path().join("kernel/empty")).unwrap();
        fs::write(top.path().join("kernel/a/b/x.ko.xz"), "").unwrap();
        fs::write(top.path().join("kernel/modules.order"), "").unwrap();
        assert_eq!(Suffix::of_kernel(top.path(), Some(&config)), Suffix::Xz);
        let used = Suffix::ALL.map(|suffix| suffix.is_used_by(top.path(), &config));
        assert_eq!(used, [true, false, true, true], "as it has them and as it was configured");
    }

    #[test]
    fn every_compression_of_the_configuration_is_known() {
        for (name, suffix) in [("GZIP", Suffix::Gz), ("XZ", Suffix::Xz), ("ZSTD", Suffix::Zst), ("NONE", Suffix::Plain)]
        {
            let config = KernelConfig::parse(&format!("CONFIG_MODULE_COMPRESS_{name}=y\n"));
            assert_eq!(Suffix::of_kernel(Path::new("/nowhere"), Some(&config)), suffix, "{name}");
        }
    }
}
