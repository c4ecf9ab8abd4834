//! Changes of the tree. Each is staged in a dot-named place on the same file system and appears by one rename.

use std::io;
use std::path::{Path, PathBuf};

use crate::ids::{ModuleId, ModuleName, Target};

use super::intent::Intent;
use super::{Layout, TreeLock};

/// The right to change the tree; had only from [`TreeLock::writer`].
#[derive(Debug, Clone, Copy)]
pub struct TreeWriter<'lock> {
    pub(super) lock: &'lock TreeLock,
}

/// A build under way: `NAME/VERSION/KVER/.tmp_ARCH_XXXXXX` with `module/` and `log/` in it. Dropped without
/// [`TreeWriter::publish`], it vanishes.
#[derive(Debug)]
pub struct Stage {
    pub(super) folder: Option<tempfile::TempDir>,
    pub(super) id: ModuleId,
    pub(super) target: Target,
}

impl Stage {
    /// Where the finished module files go, under their DEST names.
    pub fn modules(&self) -> PathBuf {
        todo!()
    }

    /// Where make.log goes.
    pub fn log(&self) -> PathBuf {
        todo!()
    }

    /// The staged folder itself (for `.dep_OTHER` files and Module.symvers).
    pub fn folder(&self) -> &Path {
        todo!()
    }
}

impl TreeWriter<'_> {
    /// Where things are.
    pub fn layout(&self) -> &Layout {
        &self.lock.layout
    }

    /// Removes what dead runs left: staging folders, half-made build folders without a log. Returns what was removed.
    pub fn recover(&self) -> io::Result<Vec<PathBuf>> {
        todo!()
    }

    /// Registers SOURCETREE/NAME-VERSION: makes `NAME/VERSION/source` → that folder (absolute, without the root).
    pub fn register(&self, _id: &ModuleId) -> io::Result<()> {
        todo!()
    }

    /// Makes an empty staging folder in the source tree, for a source that will become SOURCETREE/NAME-VERSION.
    pub fn stage_source(&self) -> io::Result<tempfile::TempDir> {
        todo!()
    }

    /// Lets a staged source appear as SOURCETREE/NAME-VERSION; an existing folder of that name is replaced.
    pub fn publish_source(&self, _staged: tempfile::TempDir, _id: &ModuleId) -> io::Result<()> {
        todo!()
    }

    /// An empty `NAME/VERSION/build`; what a former run left there goes, its make.log being kept in `old_logs`.
    pub fn start_build(&self, _id: &ModuleId, _target: &Target) -> io::Result<PathBuf> {
        todo!()
    }

    /// Removes `NAME/VERSION/build` after success.
    pub fn end_build(&self, _id: &ModuleId) -> io::Result<()> {
        todo!()
    }

    /// A staging folder for a finished build.
    pub fn stage(&self, _id: &ModuleId, _target: &Target) -> io::Result<Stage> {
        todo!()
    }

    /// Lets the staged build appear as `NAME/VERSION/KVER/ARCH`, replacing an older one.
    pub fn publish(&self, _stage: Stage) -> io::Result<()> {
        todo!()
    }

    /// Deletes `NAME/VERSION/KVER/ARCH` (renamed away first) and empty parents up to the version folder.
    pub fn delete_build(&self, _id: &ModuleId, _target: &Target) -> io::Result<()> {
        todo!()
    }

    /// Points `NAME/kernel-KVER-ARCH` at this version, replacing any other.
    pub fn activate(&self, _id: &ModuleId, _target: &Target) -> io::Result<()> {
        todo!()
    }

    /// Removes `NAME/kernel-KVER-ARCH`; no error when it is not there.
    pub fn deactivate(&self, _name: &ModuleName, _target: &Target) -> io::Result<()> {
        todo!()
    }

    /// Deletes the version folder when no build is left in it, and the module's folder when it is empty. Returns whether
    /// it is gone.
    pub fn forget(&self, _id: &ModuleId) -> io::Result<bool> {
        todo!()
    }

    /// Writes down that an install or uninstall begins; durable when this returns.
    pub fn begin(&self, _intent: &Intent) -> io::Result<()> {
        todo!()
    }

    /// Removes that note: it ended, well or not.
    pub fn end(&self, _intent: &Intent) -> io::Result<()> {
        todo!()
    }
}
