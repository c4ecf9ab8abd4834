//! What a run leaves that was killed, found by its name and completed or undone by the next one that holds the lock.
//!
//! | name | means | so |
//! | --- | --- | --- |
//! | `.tmp_…` | staged, or renamed away to be deleted | it goes |
//! | `.rescue_X` | X while it was being replaced | it becomes X again |
//! | `.delete_X` | X was being deleted in place | X goes, then the note |
//! | `build/` of which `.intents` says that it is at work | a build was cut short, or its folder was to be removed | it goes |
//! | `build/` without make.log | the same, of a release that made no such note | it goes |
//!
//! In the source tree the names are `.dkms_tmp_…` and `.dkms_rescue_X`. Under a kernel whose modules were being changed,
//! `.tmp_…` and `.dkms-…` are staged modules.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::stray::{self, Stray};
use super::transition::{DELETING, RESCUE, RESCUE_SOURCE, STAGED, STAGED_MODULE, STAGED_SOURCE, prune_empty};
use super::{Layout, Tree, TreeWriter, building, intent, stale, walk};
use crate::ids::{ModuleName, ModuleVersion};
use crate::sys::fs::{is_real_folder, remove_if_empty, remove_tree};
use crate::sys::rename::bring_back;

impl TreeWriter<'_> {
    /// Completes or undoes what dead runs left (see the table above). Returns what was removed or put back.
    ///
    /// Under an ancestor's lock nothing is touched: what looks left over may be the ancestor's work.
    pub(crate) fn recover(&self) -> io::Result<Vec<PathBuf>> {
        if self.lock.is_nested() {
            return Ok(Vec::new());
        }
        let mut sweeping = Sweeping { hand: Hand::Mends, found: Vec::new() };
        sweeping.tree(self.layout())?;
        for stray in stray::find(self.layout())? {
            if let Stray::Empty(folder) = stray {
                remove_tree(&folder)?;
                sweeping.found.push(folder);
            }
        }
        let notes = stale::find(self.layout(), &walk::modules(self.layout())?)?;
        for note in notes.into_iter().chain(stale::spent(self.layout())?) {
            remove_tree(&note.path)?;
            sweeping.found.push(note.path);
        }
        Ok(sweeping.found)
    }
}

impl Tree {
    /// What [`TreeWriter::recover`] would remove or put back. What a run is at just now looks the same.
    pub(crate) fn left_over(&self) -> io::Result<Vec<PathBuf>> {
        let mut sweeping = Sweeping { hand: Hand::Looks, found: Vec::new() };
        sweeping.tree(self.layout())?;
        Ok(sweeping.found)
    }
}

/// Whether something is done about what is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hand {
    Looks,
    Mends,
}

struct Sweeping {
    hand: Hand,
    found: Vec<PathBuf>,
}

impl Sweeping {
    fn tree(&mut self, layout: &Layout) -> io::Result<()> {
        self.folder(&layout.source_tree(), STAGED_SOURCE, RESCUE_SOURCE)?;
        // Deepest folders last: a version that comes back from its rescue is looked into afterwards.
        let tree = layout.tree();
        self.folder(&tree, STAGED, RESCUE)?;
        self.builds(layout)?;
        let is_module = |name: &OsString| {
            !name.to_string_lossy().starts_with('.') && ModuleName::new(name.to_string_lossy()).is_ok()
        };
        for name in folders(&tree)?.into_iter().filter(is_module) {
            self.module(&tree.join(name))?;
        }
        for (dotted, depth) in
            [(layout.intents(), 0), (layout.records(), 1), (layout.finished(), 0), (layout.logs(), 3)]
        {
            self.down(&dotted, depth)?;
        }
        let changed: BTreeSet<_> = intent::left_over(layout)?.into_iter().map(|intent| intent.target).collect();
        for target in changed {
            self.kernel(&layout.kernel_modules(&target))?;
        }
        Ok(())
    }

    /// Staged modules anywhere below a kernel's folder, and folders that hold nothing else.
    fn kernel(&mut self, folder: &Path) -> io::Result<()> {
        let before = self.found.len();
        for name in names(folder)? {
            let here = folder.join(&name);
            let text = name.to_string_lossy();
            if text.starts_with(STAGED) || text.starts_with(STAGED_MODULE) {
                if self.hand == Hand::Mends {
                    remove_tree(&here)?;
                }
                self.found.push(here);
            } else if is_real_folder(&here) {
                self.kernel(&here)?;
            }
        }
        self.prune(folder, before)
    }

    /// The same in every folder below, down to this depth.
    fn down(&mut self, folder: &Path, depth: usize) -> io::Result<()> {
        self.folder(folder, STAGED, RESCUE)?;
        for below in folders(folder)?.into_iter().filter(|_| depth > 0) {
            self.down(&folder.join(below), depth - 1)?;
        }
        Ok(())
    }

    fn module(&mut self, module: &Path) -> io::Result<()> {
        let before = self.found.len();
        self.folder(module, STAGED, RESCUE)?;
        for name in folders(module)? {
            let version = module.join(&name);
            if name == "original_module" {
                self.originals(&version)?;
            } else if ModuleVersion::new(name.to_string_lossy()).is_ok() {
                self.version(&version)?;
            }
        }
        self.prune(module, before)
    }

    fn version(&mut self, version: &Path) -> io::Result<()> {
        self.folder(version, STAGED, RESCUE)?;
        self.folder(&version.join("tarball"), STAGED, RESCUE)?;
        for kernel in folders(version)? {
            if super::walk::NOT_KERNELS.iter().any(|other| kernel == *other) {
                continue;
            }
            let kernel = version.join(kernel);
            let before = self.found.len();
            self.folder(&kernel, STAGED, RESCUE)?;
            self.prune(&kernel, before)?;
        }
        let build = version.join("build");
        let is_half = || is_real_folder(&build) && fs::symlink_metadata(build.join("make.log")).is_err();
        if !self.found.contains(&build) && is_half() {
            if self.hand == Hand::Mends {
                remove_tree(&build)?;
            }
            self.found.push(build);
        }
        Ok(())
    }

    /// The folders of builds that nobody is at any more.
    fn builds(&mut self, layout: &Layout) -> io::Result<()> {
        for building in building::left_over(layout)? {
            let folder = layout.build_folder(&building.id);
            let is_there = fs::symlink_metadata(&folder).is_ok();
            if self.hand == Hand::Mends {
                remove_tree(&folder)?;
                remove_tree(&building.note)?;
            }
            self.found.push(if is_there { folder } else { building.note });
        }
        Ok(())
    }

    /// What was staged or is being taken away in the store of saved originals, whole kernels of it among that.
    fn originals(&mut self, store: &Path) -> io::Result<()> {
        let before = self.found.len();
        self.down(store, 2)?;
        if self.hand == Hand::Mends && self.found.len() > before {
            prune_empty(store, 2)?;
        }
        Ok(())
    }

    /// A folder in which something was found goes if that was all.
    fn prune(&self, folder: &Path, before: usize) -> io::Result<()> {
        if self.hand == Hand::Mends && self.found.len() > before {
            remove_if_empty(folder)?;
        }
        Ok(())
    }

    /// Handles the dot-named entries of one folder.
    fn folder(&mut self, folder: &Path, staged: &str, rescue: &str) -> io::Result<()> {
        for name in names(folder)? {
            let Some(text) = name.to_str() else { continue };
            let here = folder.join(&name);
            // `.rescue_` or `.rescue_..` would name the folder itself or its parent.
            let neighbour = |name: &&str| !name.is_empty() && *name != "." && *name != "..";
            let replaced = text.strip_prefix(rescue).filter(neighbour);
            let deleted = text.strip_prefix(DELETING).filter(neighbour).filter(|_| staged == STAGED);
            match (replaced, deleted) {
                _ if self.hand == Hand::Looks && (replaced.is_some() || deleted.is_some()) => {}
                (Some(replaced), _) => drop(bring_back(&folder.join(replaced), &here)?),
                (None, Some(deleted)) => {
                    remove_tree(&folder.join(deleted))?;
                    remove_tree(&here)?;
                }
                _ if !text.starts_with(staged) => continue,
                _ if self.hand == Hand::Looks => {}
                _ => remove_tree(&here)?,
            }
            self.found.push(here);
        }
        Ok(())
    }
}

fn names(folder: &Path) -> io::Result<Vec<OsString>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.file_name())).collect(),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn folders(folder: &Path) -> io::Result<Vec<OsString>> {
    Ok(names(folder)?.into_iter().filter(|name| is_real_folder(&folder.join(name))).collect())
}

#[cfg(test)]
mod tests;
