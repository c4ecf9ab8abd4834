//! What a run leaves that was killed, found by its name and completed or undone by the next one that holds the lock.
//!
//! | name | means | so |
//! | --- | --- | --- |
//! | `.tmp_…` | staged, or renamed away to be deleted | it goes |
//! | `.rescue_X` | X while it was being replaced | it becomes X again |
//! | `.delete_X` | X was being deleted in place | X goes, then the note |
//! | `build/` without make.log | the copying of a source was cut short | it goes |
//!
//! In the source tree the names are `.dkms_tmp_…` and `.dkms_rescue_X`. Under a kernel whose modules were being changed,
//! `.tmp_…` and `.dkms-…` are staged modules.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::transition::{DELETING, RESCUE, RESCUE_SOURCE, STAGED, STAGED_MODULE, STAGED_SOURCE};
use super::{TreeWriter, intent};
use crate::ids::{ModuleName, ModuleVersion};
use crate::sys::fs::{is_real_folder, remove_if_empty, remove_tree};
use crate::sys::rename::bring_back;

impl TreeWriter<'_> {
    /// Completes or undoes what dead runs left (see the table above). Returns what was removed or put back.
    ///
    /// Under an ancestor's lock nothing is touched: what looks left over may be the ancestor's work.
    pub fn recover(&self) -> io::Result<Vec<PathBuf>> {
        let mut done = Vec::new();
        if self.lock.is_nested() {
            return Ok(done);
        }
        let layout = self.layout();
        sweep(&layout.source_tree(), STAGED_SOURCE, RESCUE_SOURCE, &mut done)?;
        // Deepest folders last: a version that comes back from its rescue is looked into afterwards.
        let tree = layout.tree();
        sweep(&tree, STAGED, RESCUE, &mut done)?;
        let is_module = |name: &OsString| {
            !name.to_string_lossy().starts_with('.') && ModuleName::new(name.to_string_lossy()).is_ok()
        };
        for name in folders(&tree)?.into_iter().filter(is_module) {
            self.recover_module(&tree.join(name), &mut done)?;
        }
        for (dotted, depth) in
            [(layout.intents(), 0), (layout.records(), 1), (layout.finished(), 0), (layout.logs(), 3)]
        {
            sweep_down(&dotted, depth, &mut done)?;
        }
        let changed: BTreeSet<_> = intent::left_over(layout)?.into_iter().map(|intent| intent.target).collect();
        for target in changed {
            sweep_kernel(&layout.kernel_modules(&target), &mut done)?;
        }
        done.extend(self.drop_records_of_the_gone()?);
        Ok(done)
    }

    fn recover_module(&self, module: &Path, done: &mut Vec<PathBuf>) -> io::Result<()> {
        let before = done.len();
        sweep(module, STAGED, RESCUE, done)?;
        for name in folders(module)? {
            let version = module.join(&name);
            if name == "original_module" {
                recover_originals(&version, done)?;
            } else if ModuleVersion::new(name.to_string_lossy()).is_ok() {
                recover_version(&version, done)?;
            }
        }
        if done.len() > before {
            remove_if_empty(module)?;
        }
        Ok(())
    }
}

fn recover_version(version: &Path, done: &mut Vec<PathBuf>) -> io::Result<()> {
    sweep(version, STAGED, RESCUE, done)?;
    sweep(&version.join("tarball"), STAGED, RESCUE, done)?;
    for kernel in folders(version)? {
        if super::walk::NOT_KERNELS.iter().any(|other| kernel == *other) {
            continue;
        }
        let kernel = version.join(kernel);
        let before = done.len();
        sweep(&kernel, STAGED, RESCUE, done)?;
        if done.len() > before {
            remove_if_empty(&kernel)?;
        }
    }
    let build = version.join("build");
    if is_real_folder(&build) && fs::symlink_metadata(build.join("make.log")).is_err() {
        remove_tree(&build)?;
        done.push(build);
    }
    Ok(())
}

/// Files staged beside a saved original: `original_module/KVER/ARCH/.tmp_…`.
fn recover_originals(store: &Path, done: &mut Vec<PathBuf>) -> io::Result<()> {
    for kernel in folders(store)? {
        for arch in folders(&store.join(&kernel))? {
            sweep(&store.join(&kernel).join(arch), STAGED, RESCUE, done)?;
        }
    }
    Ok(())
}

/// The same in every folder below, down to this depth.
fn sweep_down(folder: &Path, depth: usize, done: &mut Vec<PathBuf>) -> io::Result<()> {
    sweep(folder, STAGED, RESCUE, done)?;
    for below in folders(folder)?.into_iter().filter(|_| depth > 0) {
        sweep_down(&folder.join(below), depth - 1, done)?;
    }
    Ok(())
}

/// Removes staged modules anywhere below a kernel's folder, and folders that hold nothing else.
fn sweep_kernel(folder: &Path, done: &mut Vec<PathBuf>) -> io::Result<()> {
    let before = done.len();
    for name in names(folder)? {
        let here = folder.join(&name);
        let text = name.to_string_lossy();
        if text.starts_with(STAGED) || text.starts_with(STAGED_MODULE) {
            remove_tree(&here)?;
            done.push(here);
        } else if is_real_folder(&here) {
            sweep_kernel(&here, done)?;
        }
    }
    if done.len() > before {
        remove_if_empty(folder)?;
    }
    Ok(())
}

/// Handles the dot-named entries of one folder.
fn sweep(folder: &Path, staged: &str, rescue: &str, done: &mut Vec<PathBuf>) -> io::Result<()> {
    for name in names(folder)? {
        let Some(text) = name.to_str() else { continue };
        let here = folder.join(&name);
        // `.rescue_` or `.rescue_..` would name the folder itself or its parent.
        let neighbour = |name: &&str| !name.is_empty() && *name != "." && *name != "..";
        if let Some(replaced) = text.strip_prefix(rescue).filter(neighbour) {
            bring_back(&folder.join(replaced), &here)?;
        } else if let Some(deleted) = text.strip_prefix(DELETING).filter(neighbour).filter(|_| staged == STAGED) {
            remove_tree(&folder.join(deleted))?;
            remove_tree(&here)?;
        } else if text.starts_with(staged) {
            remove_tree(&here)?;
        } else {
            continue;
        }
        done.push(here);
    }
    Ok(())
}

fn names(folder: &Path) -> io::Result<Vec<OsString>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.file_name())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn folders(folder: &Path) -> io::Result<Vec<OsString>> {
    Ok(names(folder)?.into_iter().filter(|name| is_real_folder(&folder.join(name))).collect())
}

#[cfg(test)]
mod tests;
