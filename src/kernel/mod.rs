//! Kernels of a root, read once and never written: which there are, their headers, their configuration.

pub mod arch;
pub mod config;
pub mod files;
pub mod headers;
pub mod initramfs;
pub mod installed;
pub mod modinfo;
pub mod package;
pub mod suffix;
pub mod symbols;

use std::path::PathBuf;

pub use config::{ConfigOnDemand, KernelConfig};
pub use files::ModuleFiles;
pub use headers::Headers;
pub use modinfo::ModInfo;
pub use suffix::Suffix;

use crate::ids::Target;

/// One kernel of the root.
#[derive(Debug, Clone)]
pub struct Kernel {
    /// Release and architecture.
    pub target: Target,
    /// `INSTALLTREE/KVER` (with the root in front).
    pub folder: PathBuf,
    /// Whether that folder exists.
    pub present: bool,
    /// Its headers, or where they were looked for.
    pub headers: Headers,
    /// The name of its package, where its folder says it (`pkgbase`, as Arch has it); read when there are no headers.
    pub base: Option<String>,
}

impl Kernel {
    /// Whether modules can be built for it.
    pub fn has_headers(&self) -> bool {
        self.headers.is_present()
    }

    /// Its configuration: of `given` (`--config`), else of the headers. None when there is no such file.
    pub fn config(&self, given: Option<&std::path::Path>) -> std::io::Result<Option<KernelConfig>> {
        headers::config_file(self.headers.folder(), given).map(|file| KernelConfig::read(&file)).transpose()
    }

    /// The suffix that its modules have; see [`Suffix::of_kernel`].
    pub fn suffix(&self) -> Suffix {
        Suffix::of_kernel(&self.folder, self.config(None).ok().flatten().as_ref())
    }
}
