//! Kernels of a root, read once and never written: which there are, their headers, their configuration.

pub(crate) mod acceptance;
pub(crate) mod arch;
pub(crate) mod builtin;
pub(crate) mod config;
pub(crate) mod enforcement;
mod exports;
pub(crate) mod files;
pub(crate) mod headers;
pub(crate) mod initramfs;
pub(crate) mod installed;
pub(crate) mod modinfo;
pub(crate) mod own;
pub(crate) mod package;
pub(crate) mod prebuilt;
pub(crate) mod suffix;
pub(crate) mod symbols;
mod uki;
pub(crate) mod wanted;

use std::path::PathBuf;

pub(crate) use config::{ConfigOnDemand, KernelConfig};

pub(crate) use headers::Headers;
pub(crate) use modinfo::ModInfo;
pub(crate) use suffix::Suffix;

use crate::ids::Target;

/// One kernel of the root.
#[derive(Debug, Clone)]
pub(crate) struct Kernel {
    pub(crate) target: Target,
    /// `INSTALLTREE/KVER` (with the root in front).
    pub(crate) folder: PathBuf,
    pub(crate) present: bool,
    /// Whether its folder lies on a read-only file system: no module can be put there.
    pub(crate) read_only: bool,
    /// Its headers, or where they were looked for.
    pub(crate) headers: Headers,
    /// The name of its package, where its folder says it (`pkgbase`, as Arch has it); read when there are no headers.
    pub(crate) base: Option<String>,
}

impl Kernel {
    /// Whether modules can be built for it.
    pub(crate) fn has_headers(&self) -> bool {
        self.headers.is_present()
    }

    /// Its configuration: of `given` (`--config`), else of the headers. None when there is no such file.
    pub(crate) fn config(&self, given: Option<&std::path::Path>) -> std::io::Result<Option<KernelConfig>> {
        headers::config_file(self.headers.folder(), given).map(|file| KernelConfig::read(&file)).transpose()
    }

    /// The suffix that its modules have; see [`Suffix::of_kernel`].
    pub(crate) fn suffix(&self) -> Suffix {
        Suffix::of_kernel(&self.folder, self.config(None).ok().flatten().as_ref())
    }
}
