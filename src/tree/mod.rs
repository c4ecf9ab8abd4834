//! The tree below /var/lib/dkms: what it says, and the only code that changes it.
//!
//! [`Tree`] reads and takes no lock. [`TreeLock`] is the one lock; holding it gives the [`TreeWriter`], and every change
//! goes through that: staged beside its final place, then visible by one rename. Entries of our own have dot-names, so
//! that they look neither like a module nor like a kernel to the shell original.

pub mod intent;
pub mod layout;
pub mod lock;
pub mod original;
pub mod state;
pub mod transition;

use std::io;

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
        todo!()
    }

    /// One module version; None when the tree does not know it.
    pub fn module(&self, _id: &ModuleId) -> io::Result<Option<ModuleEntry>> {
        todo!()
    }

    /// The version of this module that the `kernel-KVER-ARCH` link names.
    pub fn active(&self, _name: &ModuleName, _target: &Target) -> Option<ModuleVersion> {
        todo!()
    }
}
