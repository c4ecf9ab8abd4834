//! The tree below /var/lib/dkms: what it says, and the only code that changes it.
//!
//! [`Tree`] reads and takes no lock. [`TreeLock`] is the one lock; holding it gives the [`TreeWriter`], and every change
//! goes through that: staged beside its final place, then visible by one rename. Entries of our own have dot-names, so
//! that they look neither like a module nor like a kernel to the shell original.

pub(crate) mod brought;
pub(crate) mod building;
pub(crate) mod dependencies;
pub(crate) mod difference;
pub(crate) mod digests;
pub(crate) mod finished;
pub(crate) mod foreseen;
pub(crate) mod installed;
pub(crate) mod intent;
mod kept;
pub(crate) mod layout;
pub(crate) mod leaving;
pub(crate) mod lock;
pub(crate) mod logs;
pub(crate) mod original;
pub(crate) mod orphan;
pub(crate) mod placed;
pub(crate) mod records;
mod recover;
mod rival;
pub(crate) mod stale;
pub(crate) mod state;
pub(crate) mod stray;
pub(crate) mod transition;
mod upgrade;
mod walk;
mod weak;

use std::io;

pub(crate) use layout::Layout;
pub(crate) use lock::{LockError, TreeLock};
pub(crate) use state::{Build, ModuleEntry, VersionState};
pub(crate) use transition::{Stage, TreeWriter};

use crate::ids::{ModuleId, ModuleName, ModuleVersion, Target};

#[derive(Debug, Clone)]
pub(crate) struct Tree {
    layout: Layout,
}

impl Tree {
    /// The tree with these places. Nothing is read or made yet; a tree that does not exist is an empty one.
    pub(crate) fn new(layout: Layout) -> Self {
        Self { layout }
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Every module and version, sorted by name, then version (byte order, as a directory walk), with their states.
    pub(crate) fn modules(&self) -> io::Result<Vec<ModuleEntry>> {
        walk::modules(&self.layout)
    }

    /// One module version; None when the tree does not know it.
    pub(crate) fn module(&self, id: &ModuleId) -> io::Result<Option<ModuleEntry>> {
        walk::module(&self.layout, id)
    }

    /// The version of this module that the `kernel-KVER-ARCH` link names, whether or not its build is (still) there.
    pub(crate) fn active(&self, name: &ModuleName, target: &Target) -> Option<ModuleVersion> {
        let text = fs_err::read_link(self.layout.active_link(name, target)).ok()?;
        walk::linked_version(&text, target)
    }
}

/// Whether a file name is that of a kernel module, compressed or not.
fn is_module_file(name: &str) -> bool {
    [".ko", ".ko.gz", ".ko.xz", ".ko.zst"].iter().any(|suffix| name.len() > suffix.len() && name.ends_with(suffix))
}

#[cfg(test)]
mod tests;
