//! Modules of ours that were put at one place under a kernel: packages that bring a module of the same name.

use std::path::Path;

use super::Tree;
use super::records::{self, Fingerprint};
use crate::ids::{ModuleId, ModuleName, Target};

impl Tree {
    /// Another module that this kernel has, and that was put at this place (without the root), too.
    pub(crate) fn other_at(&self, name: &ModuleName, target: &Target, place: &Path) -> Option<ModuleId> {
        let noted = records::all::<Fingerprint>(&self.layout).into_iter();
        let others = noted.filter(|other| other.target == *target && other.module.name != *name);
        let is_there = |other: &Fingerprint| other.placed.iter().any(|placed| placed.place == place);
        let is_active = |id: &ModuleId| self.active(&id.name, target).as_ref() == Some(&id.version);
        others.filter(is_there).map(|other| other.module).find(is_active)
    }
}
