//! What is known of a build when it begins.

use std::path::PathBuf;

use crate::action::compile::toolchain::Toolchain;
use crate::conf::ModuleConf;
use crate::ids::{ModuleId, ModuleName, Target};
use crate::kernel::{KernelConfig, Suffix};
use crate::snapshot::inputs::Digests;

/// A module that can be built for a kernel, and with what.
#[derive(Debug)]
pub(crate) struct Prepared<'a> {
    pub(crate) id: &'a ModuleId,
    pub(crate) target: &'a Target,
    /// Its source (an opened path).
    pub(crate) source: PathBuf,
    /// Its dkms.conf for this kernel.
    pub(crate) conf: ModuleConf,
    /// The kernel's headers, as a process inside the root names them.
    pub(crate) headers: PathBuf,
    /// The file that says how the kernel was configured, as a process inside the root names it.
    pub(crate) config_file: PathBuf,
    pub(crate) config: KernelConfig,
    /// How its own modules are compressed.
    pub(crate) suffix: Suffix,
    pub(crate) toolchain: Toolchain,
    /// Digests of what it is built from, to be noted.
    pub(crate) inputs: Digests,
    /// Everything else that the build depends on; see [`crate::action::compile::recipe`]. None: it is always built.
    pub(crate) recipe: Option<Recipe>,
    /// BUILD_DEPENDS with the version that the kernel has, else the highest registered one, where there is one.
    pub(crate) dependencies: Vec<(ModuleName, Option<String>)>,
}

/// The evaluated dkms.conf, the settings, the tools and the caller's variables, as digests.
#[derive(Debug)]
pub(crate) struct Recipe {
    /// Of all that decides what make does.
    pub(super) making: String,
    /// Of that, and of what becomes of the modules that it makes.
    pub(super) whole: String,
}
