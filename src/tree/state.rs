//! States of modules, as the folders and links of the tree say them.

use std::path::PathBuf;

use crate::ids::{Arch, KernelRelease, ModuleId, Target};

/// A module version in the tree.
#[derive(Debug, Clone)]
pub(crate) struct ModuleEntry {
    pub(crate) id: ModuleId,
    /// Whether its source is there.
    pub(crate) state: VersionState,
    /// Its builds, sorted by kernel, then architecture (byte order).
    pub(crate) builds: Vec<Build>,
}

/// Whether a version's source is usable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum VersionState {
    /// `source` resolves to this folder (a binaries-only module has a real folder there).
    Added {
        /// The folder `source` leads to, as this process opens it.
        source: PathBuf,
    },
    /// The version folder exists but `source` dangles, or is gone while SOURCETREE/NAME-VERSION exists.
    Broken { why: String },
}

/// One build of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Build {
    /// The kernel it was made for.
    pub(crate) target: Target,
    /// [`super::records::stamp`] of it, where it is known.
    pub(crate) stamp: Option<u64>,
    /// Whether `kernel-KVER-ARCH` points at it.
    pub(crate) installed: bool,
    /// Whether NAME/original_module/KVER/ARCH exists.
    pub(crate) has_original: bool,
    /// Kernels on which weak-modules linked all of it, sorted.
    pub(crate) weak: Vec<(KernelRelease, Arch)>,
}

impl ModuleEntry {
    /// The build for this kernel.
    pub(crate) fn build(&self, target: &Target) -> Option<&Build> {
        self.builds.iter().find(|build| build.target == *target)
    }

    /// Whether this version is what the kernel has, by its own build or a link of weak-modules.
    pub(crate) fn is_installed_on(&self, target: &Target) -> bool {
        self.builds.iter().any(|build| {
            (build.target == *target && build.installed)
                || build.weak.iter().any(|(kernel, arch)| *kernel == target.kernel && *arch == target.arch)
        })
    }

    /// The kernels on which links of weak-modules lead to this kernel's build, and that have none of their own installed.
    pub(crate) fn links_to(&self, target: &Target) -> impl Iterator<Item = Target> {
        let weak = self.build(target).filter(|build| build.installed).map(|build| build.weak.as_slice());
        let linked = weak.unwrap_or_default().iter().map(|(kernel, arch)| Target::new(kernel.clone(), arch.clone()));
        linked.filter(|target| !self.build(target).is_some_and(|build| build.installed))
    }
}

/// Whether a kernel folder's name counts where no kernel was asked for (`status` without `-k`, `--all`): it begins with a
/// digit.
pub(crate) fn is_usual_release(release: &KernelRelease) -> bool {
    release.as_str().starts_with(|c: char| c.is_ascii_digit())
}

impl ModuleEntry {
    /// Whether its source is gone.
    pub(crate) fn is_broken(&self) -> bool {
        matches!(self.state, VersionState::Broken { .. })
    }
}
