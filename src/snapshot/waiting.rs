//! The little of the disk that tells what waits for headers or for another module: for `status`, which runs nothing and
//! compares no sources.

use std::io;

use super::inputs::Memo;
use super::{Snapshot, View, load};
use crate::conf::Commands;
use crate::ids::{Arch, ModuleId, Target};
use crate::kernel::{arch, installed};
use crate::step::AddSource;
use crate::tree::ModuleEntry;

impl Snapshot {
    /// Of these modules, on every kernel of the root. Only what no kernel has yet is looked into, and a dkms.conf only as
    /// far as it can be known without running anything.
    pub(crate) fn of_what_waits(view: &View<'_>, modules: Vec<ModuleEntry>) -> io::Result<Self> {
        let os = view.system.os_release().cloned().unwrap_or_default();
        let mut snapshot = Self { modules, os, ..Self::default() };
        let Some(machine) = view.system.machine() else { return Ok(snapshot) };
        for kernel in installed::kernels(view.tree.layout(), machine)? {
            let machine = arch::of_headers(view.system, &kernel.target.kernel);
            let named = machine.map(|arch| Target { arch, ..kernel.target.clone() });
            let target = snapshot.as_built(named.unwrap_or_else(|| kernel.target.clone()));
            if !installed::has_gone(view.tree.layout(), &target) {
                snapshot.kernels.insert(target.clone(), crate::kernel::Kernel { target, ..kernel });
            }
        }
        let memo = Memo::default();
        for (id, target) in snapshot.missing() {
            let source = snapshot.source(view, &id, &AddSource::SourceTree);
            let conf = load(view, &source.folder.join("dkms.conf"), (&id, &target), Commands::Refuse, &memo);
            let kernel = snapshot.kernels.get(&target);
            let brought = kernel.and_then(|kernel| super::prebuilt::that_serves(view, kernel, &id.name));
            snapshot.prebuilt.extend(brought.map(|found| ((id.name.clone(), target.clone()), found)));
            snapshot.sources.insert(id.clone(), source);
            snapshot.confs.insert((id, target), conf);
        }
        Ok(snapshot)
    }

    /// A kernel under the architecture for which something is built for it already: which that is, only its package tells.
    fn as_built(&self, target: Target) -> Target {
        let mut builds = self.modules.iter().flat_map(|entry| &entry.builds);
        let arch = |arch: &Arch| Target::new(target.kernel.clone(), arch.clone());
        builds
            .find(|build| build.target.kernel == target.kernel)
            .map_or(target.clone(), |build| arch(&build.target.arch))
    }

    fn missing(&self) -> Vec<(ModuleId, Target)> {
        let mut missing = Vec::new();
        for (name, entry) in self.newest() {
            let lacks = |target: &&Target| self.installed(&name, target) != Some(&entry.id);
            missing.extend(self.kernels.keys().filter(lacks).map(|target| (entry.id.clone(), target.clone())));
        }
        missing
    }
}
