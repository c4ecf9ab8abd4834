//! Reads modules, versions and builds from the tree's folders and links: no process, no search, a few system calls per
//! entry.
//!
//! What other programs (and older releases) left there is told from modules by name and kind: files and symlinks are no
//! modules, dot-names are never anything, and the folders of [`NOT_KERNELS`] are no kernels.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::weak::WeakLinks;
use super::{Build, Layout, ModuleEntry, VersionState, records};
use crate::ids::{Arch, KernelRelease, ModuleId, ModuleName, ModuleVersion, Target};
use crate::sys::fs::{is_real_folder, resolve};
use crate::sys::side_by_side;

/// Folders of a version that are no kernels.
pub(super) const NOT_KERNELS: [&str; 8] = crate::ids::BESIDE_KERNELS;

/// Every module and version, in byte order.
pub(super) fn modules(layout: &Layout) -> io::Result<Vec<ModuleEntry>> {
    let weak = WeakLinks::read(layout);
    let names: Vec<ModuleName> = folders(&layout.tree(), &[])?.into_iter().flat_map(ModuleName::new).collect();
    let found = side_by_side::map(&names, |name| versions(layout, name, &weak));
    Ok(found.into_iter().collect::<io::Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// Every version of a module.
fn versions(layout: &Layout, name: &ModuleName, weak: &WeakLinks) -> io::Result<Vec<ModuleEntry>> {
    let facts = NameFacts::read(layout, name)?;
    let id = |version: &ModuleVersion| ModuleId::new(name.clone(), version.clone());
    Ok(facts.versions.iter().filter_map(|version| entry(layout, &id(version), &facts, weak)).collect())
}

pub(super) fn module(layout: &Layout, id: &ModuleId) -> io::Result<Option<ModuleEntry>> {
    let facts = NameFacts::read(layout, &id.name)?;
    if !facts.versions.contains(&id.version) {
        return Ok(None);
    }
    Ok(entry(layout, id, &facts, &WeakLinks::read(layout)))
}

/// The kernels for which a version folder holds a build, whether or not the version counts as a module.
pub(super) fn built_for(layout: &Layout, id: &ModuleId) -> io::Result<Vec<Target>> {
    let facts = NameFacts::default();
    Ok(builds(layout, id, &facts, &WeakLinks::default())?.into_iter().map(|build| build.target).collect())
}

/// The version that the text of a `kernel-KVER-ARCH` link names: `VERSION/KVER/ARCH`, or an absolute path that ends so.
pub(super) fn linked_version(text: &Path, target: &Target) -> Option<ModuleVersion> {
    linked_target(text).filter(|(_, linked)| linked == target).map(|(version, _)| version)
}

/// The version and kernel that such a text names.
pub(super) fn linked_target(text: &Path) -> Option<(ModuleVersion, Target)> {
    let mut parts = text.components().rev().map(|part| part.as_os_str().to_str());
    let mut next = || parts.next().flatten();
    let (arch, kernel, version) = (next()?, next()?, next()?);
    let target = Target::new(KernelRelease::new(kernel).ok()?, Arch::new(arch).ok()?);
    Some((ModuleVersion::new(version).ok()?, target))
}

/// What one reading of `TREE/NAME` tells about all its versions.
#[derive(Default)]
struct NameFacts {
    versions: Vec<ModuleVersion>,
    /// Name of a `kernel-…` link → its text.
    links: BTreeMap<String, PathBuf>,
    has_originals: bool,
}

impl NameFacts {
    fn read(layout: &Layout, name: &ModuleName) -> io::Result<Self> {
        let mut facts = Self::default();
        for entry in read_folder(&layout.module(name))? {
            let Ok(entry_name) = entry.file_name().into_string() else { continue };
            let kind = entry.file_type()?;
            if kind.is_symlink() && entry_name.starts_with("kernel-") {
                facts.links.extend(fs::read_link(entry.path()).ok().map(|text| (entry_name, text)));
            } else if kind.is_dir() && entry_name == "original_module" {
                facts.has_originals = true;
            } else if kind.is_dir() && !entry_name.starts_with('.') {
                facts.versions.extend(ModuleVersion::new(entry_name));
            }
        }
        facts.versions.sort();
        Ok(facts)
    }

    /// The architecture of the build for this kernel that a `kernel-…` link leads to, if one does.
    fn linked_arch(&self, id: &ModuleId, kernel: &KernelRelease) -> Option<Arch> {
        let of_kernel = format!("kernel-{kernel}-");
        let links = self.links.iter().filter(|(name, _)| name.starts_with(&of_kernel));
        let mut linked = links.filter_map(|(_, text)| linked_target(text));
        linked
            .find(|(version, target)| *version == id.version && target.kernel == *kernel)
            .map(|(_, target)| target.arch)
    }

    fn is_active(&self, id: &ModuleId, target: &Target) -> bool {
        let text = self.links.get(&format!("kernel-{}-{}", target.kernel, target.arch));
        text.and_then(|text| linked_version(text, target)).is_some_and(|version| version == id.version)
    }
}

/// None for a folder without `source` that has none in the source tree either: the shell original does not count it.
fn entry(layout: &Layout, id: &ModuleId, facts: &NameFacts, weak: &WeakLinks) -> Option<ModuleEntry> {
    let (builds, trouble) = match builds(layout, id, facts, weak) {
        Ok(builds) => (builds, None),
        Err(error) => (Vec::new(), Some(VersionState::Broken { why: error.to_string() })),
    };
    let state = trouble.or_else(|| version_state(layout, id))?;
    Some(ModuleEntry { id: id.clone(), state, builds })
}

fn version_state(layout: &Layout, id: &ModuleId) -> Option<VersionState> {
    let link = layout.source_link(id);
    let broken = |why: String| Some(VersionState::Broken { why });
    match fs::symlink_metadata(&link) {
        Ok(meta) if meta.is_dir() => Some(VersionState::Added { source: link }),
        Ok(meta) if meta.is_symlink() => match link_target(layout, &link) {
            Some(source) => Some(VersionState::Added { source }),
            None => broken(dangling(layout, &link)),
        },
        Ok(_) => broken(format!("{} is neither a symlink nor a folder", link.display())),
        Err(error) if error.kind() != io::ErrorKind::NotFound => broken(error.to_string()),
        Err(_) if layout.source(id).is_dir() => {
            broken(format!("{} is missing although {} exists", link.display(), layout.source(id).display()))
        }
        Err(_) => None,
    }
}

/// The folder that a `source` link leads to, if any.
fn link_target(layout: &Layout, link: &Path) -> Option<PathBuf> {
    if layout.root() != Path::new("/") {
        return resolve(layout.root(), link).filter(|folder| folder.is_dir());
    }
    let text = fs::read_link(link).ok()?;
    let folder = link.parent()?.join(text);
    folder.is_dir().then_some(folder)
}

fn dangling(layout: &Layout, link: &Path) -> String {
    let text = fs::read_link(link).unwrap_or_default();
    let beside = link.parent().unwrap_or(Path::new("/")).join(&text);
    let opened = if text.is_absolute() { layout.opened(&text) } else { beside };
    let what = if fs::symlink_metadata(opened).is_ok() { "is not a folder" } else { "does not exist" };
    format!("{} leads to {}, which {what}", link.display(), text.display())
}

fn builds(layout: &Layout, id: &ModuleId, facts: &NameFacts, weak: &WeakLinks) -> io::Result<Vec<Build>> {
    let mut found = Vec::new();
    for kernel in folders(&layout.version(id), &NOT_KERNELS)? {
        let Ok(kernel) = KernelRelease::new(kernel) else { continue };
        for arch in architectures(&layout.version(id).join(&kernel), facts.linked_arch(id, &kernel))? {
            let target = Target::new(kernel.clone(), arch);
            let Ok(meta) = fs::symlink_metadata(layout.built_modules(id, &target)) else { continue };
            if !meta.is_dir() {
                continue;
            }
            let installed = facts.is_active(id, &target);
            let has_original = facts.has_originals && is_real_folder(&layout.originals(&id.name, &target));
            let weak = if installed { weak.kernels_with(layout, id, &target) } else { Vec::new() };
            found.push(Build { target, stamp: records::stamp_of(&meta), installed, has_original, weak });
        }
    }
    found.sort_by(|a, b| a.target.cmp(&b.target));
    Ok(found)
}

/// The architectures for which a kernel's folder holds something. Where that is one folder, and it is known which, it is
/// not listed: file systems that count sub-folders count them in the links (stat(2); find(1), -noleaf).
fn architectures(folder: &Path, known: Option<Arch>) -> io::Result<Vec<Arch>> {
    if let Some(arch) = known
        && fs::symlink_metadata(folder).is_ok_and(|meta| meta.nlink() == 3)
        && is_real_folder(&folder.join(&arch))
    {
        return Ok(vec![arch]);
    }
    Ok(folders(folder, &[])?.into_iter().flat_map(Arch::new).collect())
}

/// The names of the real folders in there, sorted, without dot-names and those named. A folder that vanished is empty.
pub(super) fn folders(folder: &Path, without: &[&str]) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in read_folder(folder)? {
        let Ok(name) = entry.file_name().into_string() else { continue };
        if !name.starts_with('.') && !without.contains(&name.as_str()) && entry.file_type()?.is_dir() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn read_folder(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
