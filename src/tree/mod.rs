//! The tree below /var/lib/dkms: what it says, and the only code that changes it.
//!
//! [`Tree`] reads and takes no lock. [`TreeLock`] is the one lock; holding it gives the [`TreeWriter`], and every change
//! goes through that: staged beside its final place, then visible by one rename. Entries of our own have dot-names, so
//! that they look neither like a module nor like a kernel to the shell original.

pub mod brought;
pub mod dependencies;
pub mod difference;
pub mod digests;
pub mod finished;
pub mod installed;
pub mod intent;
pub mod layout;
pub mod leaving;
pub mod lock;
pub mod logs;
pub mod original;
pub mod records;
mod recover;
pub mod stale;
pub mod state;
pub mod stray;
pub mod transition;
mod walk;
mod weak;

use std::io;

pub use difference::Condition;
pub use layout::Layout;
pub use lock::{LockError, TreeLock};
pub use state::{Build, ModuleEntry, VersionState};
pub use transition::{Stage, TreeWriter};

use crate::ids::{ModuleId, ModuleName, ModuleVersion, Target};

/// Reads the tree.
#[derive(Debug, Clone)]
pub struct Tree {
    layout: Layout,
}

impl Tree {
    /// The tree with these places. Nothing is read or made yet; a tree that does not exist is an empty one.
    pub fn new(layout: Layout) -> Self {
        Self { layout }
    }

    /// Where things are.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Every module and version, sorted by name, then version (byte order, as a directory walk), with their states.
    pub fn modules(&self) -> io::Result<Vec<ModuleEntry>> {
        walk::modules(&self.layout)
    }

    /// One module version; None when the tree does not know it.
    pub fn module(&self, id: &ModuleId) -> io::Result<Option<ModuleEntry>> {
        walk::module(&self.layout, id)
    }

    /// The version of this module that the `kernel-KVER-ARCH` link names, whether or not its build is (still) there.
    pub fn active(&self, name: &ModuleName, target: &Target) -> Option<ModuleVersion> {
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
