//! Which files a build has, and under which names they may lie in a kernel.

use std::path::{Path, PathBuf};

use crate::ids::ModuleId;
use crate::kernel::Suffix;
use crate::tree::installed::InstalledFile;

use super::{Job, destination, facts};

/// The built file of a module, whatever its compression.
pub(super) fn built_file(folder: &Path, name: &str) -> Option<PathBuf> {
    let file = |suffix: &Suffix| folder.join(format!("{name}{}", suffix.as_str()));
    Suffix::ALL.iter().map(file).find(|file| file.is_file())
}

/// The files of a build in the distribution's place, where a shell DKMS has put them.
pub(super) fn of_build(job: &Job<'_>, id: &ModuleId) -> Vec<InstalledFile> {
    let layout = job.context.tree.layout();
    let Some(common) = destination::common(job.context.system) else { return Vec::new() };
    let folder = layout.install_tree_name().join(&job.target.kernel).join(common);
    let installed = |built: PathBuf| InstalledFile {
        place: folder.join(built.file_name().unwrap_or_default()),
        module_version: facts::read(&built).unwrap_or_default().version,
        original: None,
    };
    built_files(&layout.built_modules(id, job.target)).into_iter().map(installed).collect()
}

/// The module files of a build, sorted.
pub(super) fn built_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs_err::read_dir(folder) else { return Vec::new() };
    let is_module = |file: &PathBuf| {
        file.file_name().is_some_and(|name| Suffix::split(&name.to_string_lossy()).is_some()) && file.is_file()
    };
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(is_module).collect();
    files.sort();
    files
}

/// The names under which the same module could lie beside this file, compressed differently.
pub(super) fn other_suffixes(place: &Path) -> Vec<PathBuf> {
    let name = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let Some((module, own)) = Suffix::split(&name) else { return Vec::new() };
    let others = Suffix::ALL.into_iter().filter(|suffix| *suffix != own);
    others.map(|suffix| place.with_file_name(format!("{module}{}", suffix.as_str()))).collect()
}
