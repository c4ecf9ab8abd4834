//! Kernels that lack a module without which they are of no use to this machine.

use std::collections::BTreeSet;

use crate::error::{Error, Result};
use crate::ids::{ModuleName, Target};
use crate::kernel::{builtin, prebuilt};
use crate::tree::ModuleEntry;
use crate::tree::records::{self, Served};

use crate::engine::app::App;

/// A kernel and the essential modules that are not installed for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lack {
    pub(crate) target: Target,
    pub(crate) modules: Vec<ModuleName>,
}

impl std::fmt::Display for Lack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "kernel {} LACKS the essential {}: do not boot it", self.target.kernel, names(&self.modules))
    }
}

/// What each kernel of the root lacks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Essentials {
    pub(crate) lacks: Vec<Lack>,
    /// Kernels that have all of it.
    pub(crate) sound: Vec<Target>,
}

impl Essentials {
    /// As the tree has it now. Where no module is essential, nothing is read.
    pub(crate) fn now(app: &App) -> Result<Self> {
        let essential = &app.framework.policies.essential_modules;
        if essential.is_empty() {
            return Ok(Self::default());
        }
        let modules = app.tree.modules().map_err(|error| Error::io("cannot read the DKMS tree", error))?;
        let layout = app.tree.layout();
        let serving: Vec<Served> =
            records::all(layout).into_iter().filter(|served: &Served| served.is_so(layout)).collect();
        let serves_itself = |target: &Target, name: &ModuleName| {
            let is_it =
                |served: &Served| served.target == *target && served.module.name == *name && !served.by.is_empty();
            let builtin = || builtin::modules(&layout.kernel_modules(target)).contains(&builtin::name(name.as_str()));
            let brought = || prebuilt::find(&layout.kernel_modules(target), target, name).is_some();
            serving.iter().any(is_it) || builtin() || brought()
        };
        Ok(Self::of(essential, &modules, app.kernels()?, &serves_itself))
    }

    /// `serves_itself`: whether the kernel has a module of this name of its own that counts more than ours.
    fn of(
        essential: &BTreeSet<ModuleName>,
        modules: &[ModuleEntry],
        kernels: Vec<Target>,
        serves_itself: &dyn Fn(&Target, &ModuleName) -> bool,
    ) -> Self {
        let has = |target: &Target, name: &ModuleName| {
            modules.iter().any(|entry| entry.id.name == *name && entry.is_installed_on(target))
                || serves_itself(target, name)
        };
        let mut found = Self::default();
        for target in kernels {
            let modules: Vec<ModuleName> = essential.iter().filter(|name| !has(&target, name)).cloned().collect();
            if modules.is_empty() {
                found.sound.push(target);
            } else {
                found.lacks.push(Lack { target, modules });
            }
        }
        found
    }
}

/// `a, b`
pub(crate) fn names<'n>(modules: impl IntoIterator<Item = &'n ModuleName>) -> String {
    modules.into_iter().map(ModuleName::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::ids::{Arch, KernelRelease, ModuleId, ModuleVersion};
    use crate::tree::{Build, VersionState};

    fn target(kernel: &str) -> Target {
        Target::new(KernelRelease::new(kernel).unwrap(), Arch::new("x86_64").unwrap())
    }

    fn name(word: &str) -> ModuleName {
        ModuleName::new(word).unwrap()
    }

    /// A version of zfs that is installed or only built for these kernels.
    fn zfs(version: &str, kernels: &[(&str, bool)]) -> ModuleEntry {
        let build = |(kernel, installed): &(&str, bool)| Build {
            target: target(kernel),
            stamp: None,
            installed: *installed,
            has_original: false,
            weak: Vec::new(),
        };
        ModuleEntry {
            id: ModuleId::new(name("zfs"), ModuleVersion::new(version).unwrap()),
            state: VersionState::Added { source: PathBuf::from("/usr/src") },
            builds: kernels.iter().map(build).collect(),
        }
    }

    #[test]
    fn a_kernel_has_what_any_version_or_a_link_of_weak_modules_gives_it() {
        let mut linked = zfs("1", &[("6.1", true)]);
        linked.builds[0].weak.push((target("6.2").kernel, target("6.2").arch));
        let modules = [linked, zfs("2", &[("6.3", true), ("6.4", false)])];
        let kernels = ["6.1", "6.2", "6.3", "6.4", "6.5"].map(target).to_vec();
        let found = Essentials::of(&[name("zfs")].into(), &modules, kernels.clone(), &|_, _| false);
        assert_eq!(found.sound, ["6.1", "6.2", "6.3"].map(target));
        let lacking: Vec<&Target> = found.lacks.iter().map(|lack| &lack.target).collect();
        assert_eq!(lacking, [&target("6.4"), &target("6.5")], "a build that is not installed is none");
        let unknown = Essentials::of(&[name("zfs"), name("never-heard-of")].into(), &modules, kernels, &|_, _| false);
        assert!(unknown.sound.is_empty(), "a module that is not even registered is lacking, too");
        assert_eq!(unknown.lacks[3].to_string(), "kernel 6.4 LACKS the essential never-heard-of, zfs: do not boot it");
    }
}
