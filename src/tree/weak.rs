//! Modules that weak-modules linked from one kernel to another: `INSTALLTREE/KVER2/weak-updates/…/X.ko` →
//! `INSTALLTREE/KVER1/extra/…/X.ko`.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Component, Path};

use fs_err as fs;

use super::Layout;
use crate::ids::{Arch, KernelRelease, ModuleId, Target};

/// weak-modules keeps the place below the kernel's folder, so the links lie a few folders deep.
const MAX_DEPTH: usize = 8;

/// Kernel that holds links → kernel that they lead to → file names.
#[derive(Debug, Default)]
pub(super) struct WeakLinks(BTreeMap<KernelRelease, BTreeMap<KernelRelease, BTreeSet<String>>>);

impl WeakLinks {
    /// Looks only where a `weak-updates` folder is. What cannot be read counts as not there.
    pub(super) fn read(layout: &Layout) -> Self {
        let mut links = Self::default();
        let Ok(kernels) = fs::read_dir(layout.install_tree()) else { return links };
        for entry in kernels.flatten() {
            let Ok(kernel) = KernelRelease::new(entry.file_name().to_string_lossy()) else { continue };
            let mut found = BTreeMap::new();
            // Most kernels have no such folder; then this is all that is asked of the disk.
            if collect(layout, &entry.path().join("weak-updates"), MAX_DEPTH, &mut found).is_ok() && !found.is_empty() {
                links.0.insert(kernel, found);
            }
        }
        links
    }

    /// The other kernels on which every module file of this build is linked.
    pub(super) fn kernels_with(&self, layout: &Layout, id: &ModuleId, target: &Target) -> Vec<(KernelRelease, Arch)> {
        let candidates: Vec<_> = self
            .0
            .iter()
            .filter(|(kernel, _)| **kernel != target.kernel)
            .filter_map(|(kernel, links)| Some((kernel, links.get(&target.kernel)?)))
            .collect();
        if candidates.is_empty() {
            return Vec::new();
        }
        let files = module_files(layout, id, target);
        let complete = |names: &BTreeSet<String>| !files.is_empty() && files.iter().all(|file| names.contains(file));
        candidates
            .into_iter()
            .filter(|(_, names)| complete(names))
            .map(|(kernel, _)| (kernel.clone(), target.arch.clone()))
            .collect()
    }
}

fn module_files(layout: &Layout, id: &ModuleId, target: &Target) -> Vec<String> {
    let Ok(entries) = fs::read_dir(layout.built_modules(id, target)) else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| super::is_module_file(name))
        .collect()
}

fn collect(
    layout: &Layout,
    folder: &Path,
    depth: usize,
    found: &mut BTreeMap<KernelRelease, BTreeSet<String>>,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() && depth > 0 {
            collect(layout, &entry.path(), depth - 1, found)?;
        } else if kind.is_symlink()
            && let Some((kernel, file)) = lead(layout, &fs::read_link(entry.path())?)
        {
            found.entry(kernel).or_default().insert(file);
        }
    }
    Ok(())
}

/// The kernel and file name that the text of a link names, if it leads into the install tree (under either of its usual
/// names) and the file is there.
fn lead(layout: &Layout, text: &Path) -> Option<(KernelRelease, String)> {
    let names = [layout.install_tree_name(), Path::new("/lib/modules"), Path::new("/usr/lib/modules")];
    let rest = names.iter().find_map(|name| text.strip_prefix(name).ok())?;
    if rest.components().any(|part| part == Component::ParentDir) || !layout.install_tree().join(rest).is_file() {
        return None;
    }
    let kernel = KernelRelease::new(rest.components().next()?.as_os_str().to_str()?).ok()?;
    Some((kernel, rest.file_name()?.to_str()?.to_owned()))
}
