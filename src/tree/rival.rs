//! Modules of ours that were put at one place under a kernel: packages that bring a module of the same name.

use std::path::Path;

use super::Tree;
use super::records::{self, Fingerprint};
use crate::ids::{ModuleId, ModuleName, Target};

impl Tree {
    /// Another module that this kernel has, and that was put at this place (without the root), too.
    pub(crate) fn other_at(&self, name: &ModuleName, target: &Target, place: &Path) -> Option<ModuleId> {
        let noted = records::modules_noted::<Fingerprint>(&self.layout, target).into_iter();
        let is_active = |id: &ModuleId| self.active(&id.name, target).as_ref() == Some(&id.version);
        let is_there = |id: &ModuleId| {
            let noted: Option<Fingerprint> = records::one(&self.layout, id, Some(target));
            noted.is_some_and(|noted| noted.placed.iter().any(|placed| placed.place == place))
        };
        noted.filter(|id| id.name != *name && is_active(id)).find(is_there)
    }
}
