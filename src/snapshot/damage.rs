//! What is wrong in the tree and in the folders of kernels that have gone, as fsck looks for it. Nothing is changed here,
//! and of modules nothing is run.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::{Snapshot, View, ownership};
use crate::ids::{KernelRelease, ModuleId, ModuleName, Target};
use crate::kernel::installed;
use crate::tree::difference::FileFault;
use crate::tree::orphan::{self, Orphan};
use crate::tree::stale::{self, Stale};
use crate::tree::stray::{self, Stray};
use crate::tree::{Layout, lock};

/// Everything that fsck knows besides the snapshot.
#[derive(Debug, Clone, Default)]
pub(crate) struct Damage {
    /// What dead runs staged (opened).
    pub(crate) left_over: Vec<PathBuf>,
    /// The process that the lock file names and that is no more.
    pub(crate) dead_holder: Option<lock::Holder>,
    /// What lies in the tree and is no part of a version's state.
    pub(crate) strays: Vec<Stray>,
    /// Notes about things that are no more.
    pub(crate) stale: Vec<Stale>,
    /// Versions that are installed and whose folder in the tree was deleted.
    pub(crate) orphans: Vec<Orphan>,
    /// Module files that are missing or not those that were built.
    pub(crate) files: BTreeMap<(ModuleId, Target), Vec<FileFault>>,
    /// Broken versions whose source lies where it should.
    pub(crate) unlinked: BTreeSet<ModuleId>,
    /// Folders of kernels that have gone.
    pub(crate) remains: Vec<Remains>,
    /// Modules of the kernels' own that were put aside for kernels that have gone (opened).
    pub(crate) lost_originals: Vec<(ModuleName, Target, PathBuf)>,
}

/// What is left below INSTALLTREE of a kernel that has gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remains {
    pub(crate) kernel: KernelRelease,
    /// Its folder (opened).
    pub(crate) folder: PathBuf,
    /// Files that are not depmod's lists (opened).
    pub(crate) files: Vec<PathBuf>,
    /// The package that holds the folder, if one does.
    pub(crate) owner: Option<String>,
}

impl Damage {
    /// Looks for everything but [`Damage::files`], which takes the rules of installing, and [`Damage::dead_holder`], which
    /// is to be asked before the lock is taken.
    pub(crate) fn survey(view: &View<'_>, snapshot: &Snapshot) -> io::Result<Self> {
        let layout = view.tree.layout();
        let has_source = |id: &&ModuleId| layout.source(id).join("dkms.conf").is_file();
        let broken = snapshot.modules.iter().filter(|entry| entry.is_broken()).map(|entry| &entry.id);
        Ok(Self {
            left_over: view.tree.left_over()?,
            dead_holder: None,
            strays: stray::find(layout)?,
            stale: stale::find(layout, &snapshot.modules)?,
            orphans: orphans(layout, snapshot)?,
            files: BTreeMap::new(),
            unlinked: broken.filter(has_source).cloned().collect(),
            remains: remains(view)?,
            lost_originals: lost_originals(layout)?,
        })
    }
}

/// Where a link says so, too, that is told.
fn orphans(layout: &Layout, snapshot: &Snapshot) -> io::Result<Vec<Orphan>> {
    let mut found = orphan::all(layout, &snapshot.modules)?;
    let is_linked = |orphan: &Orphan| fs::symlink_metadata(layout.active_link(&orphan.id.name, &orphan.target)).is_ok();
    let is_unfinished = |orphan: &Orphan| snapshot.interrupted.iter().any(|intent| intent.id == orphan.id);
    found.retain(|orphan| !is_linked(orphan) && !is_unfinished(orphan));
    Ok(found)
}

fn remains(view: &View<'_>) -> io::Result<Vec<Remains>> {
    let layout = view.tree.layout();
    let mut found = Vec::new();
    for name in folders(&layout.install_tree())? {
        let is_release = name.starts_with(|c: char| c.is_ascii_digit());
        let Some(kernel) = KernelRelease::new(&name).ok().filter(|_| is_release) else { continue };
        let folder = layout.install_tree().join(&kernel);
        if !installed::is_gone(layout, &folder) {
            continue;
        }
        let mut files = Vec::new();
        files_below(&folder, &mut files)?;
        files.retain(|file| !(file.parent() == Some(&folder) && is_list(file)));
        let owner = ownership::owner(view.system, &layout.named(&folder));
        found.push(Remains { kernel, folder, files, owner });
    }
    Ok(found)
}

fn is_list(file: &Path) -> bool {
    file.file_name().and_then(|name| name.to_str()).is_some_and(|name| installed::LISTS.contains(&name))
}

fn lost_originals(layout: &Layout) -> io::Result<Vec<(ModuleName, Target, PathBuf)>> {
    let mut found = Vec::new();
    for name in folders(&layout.tree())? {
        let Ok(name) = ModuleName::new(name) else { continue };
        for target in crate::tree::original::stores(layout, &name)? {
            if !layout.kernel_modules(&target).is_dir() {
                let folder = layout.originals(&name, &target);
                found.push((name.clone(), target, folder));
            }
        }
    }
    Ok(found)
}

/// The names of the real folders in there, sorted.
fn folders(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in entries(folder)? {
        if entry.file_type()?.is_dir() {
            names.extend(entry.file_name().into_string());
        }
    }
    names.sort();
    Ok(names)
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in entries(folder)? {
        if entry.file_type()?.is_dir() {
            files_below(&entry.path(), found)?;
        } else {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(())
}

fn entries(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
