//! Modules that were built with another one: their dkms.conf, and which version of it they were built with.

use std::collections::BTreeMap;

use super::inputs::Memo;
use super::reading::conf;
use super::{Snapshot, View};
use crate::ids::{ModuleId, ModuleName, Target};
use crate::step::{AddSource, Inputs};
use crate::tree::dependencies;

impl Snapshot {
    /// Reads the modules that are built for one of the kernels, besides those that are read already. What the command line
    /// puts in place of a dkms.conf is not for them.
    pub(super) fn read_dependants(&mut self, view: &View<'_>, targets: &[Target]) {
        let inputs = Inputs { conf: None, directives: Vec::new(), ..view.inputs.clone() };
        let view = View { inputs: &inputs, ..*view };
        let memo = Memo::default();
        let built = |id: &ModuleId, target: &Target| self.module(id).is_some_and(|entry| entry.build(target).is_some());
        let ids: Vec<ModuleId> = self.modules.iter().filter(|e| !e.is_broken()).map(|e| e.id.clone()).collect();
        let pairs: Vec<(ModuleId, Target)> = ids
            .iter()
            .flat_map(|id| targets.iter().map(move |target| (id.clone(), target.clone())))
            .filter(|(id, target)| built(id, target))
            .collect();
        for (id, target) in pairs {
            if !self.confs.contains_key(&(id.clone(), target.clone())) {
                let source = self.source(&view, &id, &AddSource::SourceTree);
                self.confs.insert((id.clone(), target.clone()), conf(&view, &source, &id, &target, &memo));
                self.sources.insert(id.clone(), source);
            }
            if let Some(Ok(loaded)) = self.conf(&id, &target)
                && loaded.conf.build_depends_rebuild
            {
                let recorded = dependencies::recorded(view.tree.layout(), &id, &target);
                self.built_with.insert((id, target), recorded);
            }
        }
    }
}

/// Build → versions of its dependencies, for builds that want to be renewed when those change.
pub(crate) type BuiltWith = BTreeMap<(ModuleId, Target), BTreeMap<ModuleName, String>>;
