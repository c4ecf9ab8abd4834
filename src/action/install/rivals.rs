//! Packages that bring a module of the same name: whose file lies where, and what becomes of the one that was there before.

use std::path::Path;

use crate::ids::ModuleId;
use crate::sys::fs::same_content;
use crate::tree::installed::InstalledFile;
use crate::tree::original;

use super::Job;

impl Job<'_> {
    /// Another module of ours that the kernel has, and that was put at this place (opened), too.
    pub(super) fn other_at(&self, place: &Path) -> Option<ModuleId> {
        let tree = self.context.tree;
        tree.other_at(&self.id.name, self.target, &tree.layout().named(place))
    }

    /// Says so where ours takes the place of another one's.
    pub(super) fn tell_of_other_at(&self, place: &Path) {
        if let Some(other) = self.other_at(place) {
            let (id, target, place) = (self.id, self.target, place.display());
            self.context.reporter.warn(format!(
                "{id} takes the place of {other} for {target}: both bring {place}, and only one can be loaded; \
                 `dkms remove {other} --all` or `dkms remove {id} --all` decides between the two"
            ));
        }
    }

    /// Whether the file at this place (opened) is the build of another module.
    pub(super) fn is_build_of(&self, other: &ModuleId, place: &Path) -> bool {
        let built = self.context.tree.layout().built_modules(other, self.target);
        place.file_name().is_some_and(|name| same_content(&built.join(name), place).unwrap_or(false))
    }

    /// What the other module saved of ours when it took the place is nobody's, once ours leaves.
    pub(super) fn forget_saved(&self, file: &InstalledFile, other: &ModuleId) -> std::io::Result<()> {
        let layout = self.context.tree.layout();
        let place = layout.opened(&file.place);
        let built = layout.built_modules(self.id, self.target).join(file.place.file_name().unwrap_or_default());
        for original in original::originals(layout, &other.name, self.target)? {
            if original.place.as_ref() == Some(&place) && same_content(&original.stored, &built).unwrap_or(false) {
                let writer = self.context.lock.writer();
                writer.drop_restored(&other.name, self.target, &[place.clone()].into())?;
            }
        }
        Ok(())
    }

    /// Originals that would come back to a place where another module's file lies are that one's from now on.
    pub(super) fn hand_over_originals(&self) -> std::io::Result<()> {
        for original in original::originals(self.context.tree.layout(), &self.id.name, self.target)? {
            let Some(place) = &original.place else { continue };
            if let Some(other) = self.other_at(place).filter(|other| self.is_build_of(other, place)) {
                self.context.lock.writer().hand_over(&original, &other.name, self.target)?;
            }
        }
        Ok(())
    }
}
