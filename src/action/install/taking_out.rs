//! Module files leave a kernel: those that are ours, and the folders that they leave empty.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::action::module_conf;
use crate::error::{Error, Result};
use crate::sys::{self, System};
use crate::tree::installed::{Installed, InstalledFile};

use super::files::{built_files, other_suffixes};
use super::{Job, destination, facts};

/// The files of this version that are under the kernel by what is noted and by its build.
pub(super) fn files(job: &Job<'_>) -> Vec<InstalledFile> {
    let noted = job.context.tree.installed(&job.id.name, job.target);
    let noted = noted.filter(|noted| noted.version == job.id.version).map(|noted| noted.files).unwrap_or_default();
    let mut files = noted;
    for file in expected(job) {
        match files.iter_mut().find(|noted| noted.place == file.place) {
            // The build is the better witness: a note may be older.
            Some(noted) => noted.module_version = file.module_version,
            None => files.push(file),
        }
    }
    files
}

/// Removes the files of this version from the kernel, but for these (opened). Returns their places, without the root.
pub(super) fn take_out(job: &Job<'_>, kept: &BTreeSet<PathBuf>) -> Result<Vec<PathBuf>> {
    let (removed, failed) = remove_all(job, &files(job), kept);
    match failed {
        Some(error) => Err(Error::io(format!("cannot uninstall {} from {}", job.id, job.target), error)),
        None => Ok(removed),
    }
}

/// Removes what an install leaves over of the files before it, such as are still what they are said to be; what cannot be
/// removed is a warning.
pub(super) fn remove_obsolete(job: &Job<'_>, installed: &Installed) {
    // The same module in another compression may be the new one.
    let kept = installed.files.iter().map(|file| job.context.tree.layout().opened(&file.place)).collect();
    if let (_, Some(error)) = remove_all(job, &installed.obsolete, &kept) {
        job.context.reporter.warn(format!("a module file of an earlier version was left: {error}"));
    }
}

fn remove_all(
    job: &Job<'_>,
    files: &[InstalledFile],
    kept: &BTreeSet<PathBuf>,
) -> (Vec<PathBuf>, Option<std::io::Error>) {
    let mut removed = Vec::new();
    let mut failed = None;
    for file in files {
        match remove(job, file, kept) {
            Ok(places) => removed.extend(places),
            Err(error) => failed = Some(error),
        }
    }
    let folders: BTreeSet<_> = removed.iter().filter_map(|place| place.parent()).collect();
    for folder in folders {
        prune(job, &job.context.tree.layout().opened(folder));
    }
    (removed, failed)
}

/// Removes one file, and the same module in another compression.
fn remove(job: &Job<'_>, file: &InstalledFile, kept: &BTreeSet<PathBuf>) -> std::io::Result<Vec<PathBuf>> {
    let layout = job.context.tree.layout();
    let place = layout.opened(&file.place);
    if is_unsaved_original(job, file) {
        return Ok(Vec::new());
    }
    let other = job.other_at(&place);
    if let Some(other) = &other {
        job.forget_saved(file, other)?;
    }
    let mut removed = Vec::new();
    for candidate in std::iter::once(place.clone()).chain(other_suffixes(&place)) {
        if kept.contains(&candidate) || fs_err::symlink_metadata(&candidate).is_err() {
            continue;
        }
        let other = if candidate == place { other.clone() } else { job.other_at(&candidate) };
        if let Some(other) = other.filter(|other| job.is_build_of(other, &candidate)) {
            job.context.reporter.warn(format!("{} was left in place: it is that of {other}", candidate.display()));
        } else if is_ours(job, &candidate, file) {
            fs_err::remove_file(&candidate)?;
            sys::rename::failpoint();
            removed.push(layout.named(&candidate));
        } else {
            let message = format!("{} was left in place: it is not the module of {}", candidate.display(), job.id);
            job.context.reporter.warn(message);
        }
    }
    if !removed.is_empty() {
        sys::fs::sync_folder(place.parent().unwrap_or(Path::new("/")))?;
    }
    Ok(removed)
}

/// An install that broke off before it saved the original at its own place: what lies there is the original.
fn is_unsaved_original(job: &Job<'_>, file: &InstalledFile) -> bool {
    let saved = job.context.tree.layout().originals(&job.id.name, job.target);
    job.active().as_ref() != Some(&job.id.version)
        && file.original.as_ref() == Some(&file.place)
        && !saved.join(file.place.file_name().unwrap_or_default()).exists()
}

/// A link into our build, or a module with the MODULE_VERSION of ours.
fn is_ours(job: &Job<'_>, place: &Path, file: &InstalledFile) -> bool {
    let layout = job.context.tree.layout();
    if let Ok(link) = fs_err::read_link(place) {
        return layout.opened(&link).starts_with(layout.module(&job.id.name));
    }
    facts::read(place).is_ok_and(|facts| facts.version == file.module_version)
}

/// What the build should have put where: the distribution's place, or those of dkms.conf.
fn expected(job: &Job<'_>) -> Vec<InstalledFile> {
    let layout = job.context.tree.layout();
    let kernel = layout.install_tree_name().join(&job.target.kernel);
    let common = destination::common(job.context.system);
    let loaded = || module_conf::for_removal(job.context, job.id, job.target).ok();
    let conf = if common.is_none() { loaded() } else { None };
    let place = |built: &PathBuf| {
        let file_name = built.file_name()?.to_string_lossy().into_owned();
        let (name, _) = crate::kernel::Suffix::split(&file_name)?;
        let of_conf = || {
            let module = conf.as_ref()?.0.conf.modules.iter().find(|module| module.dest_name == name)?;
            destination::below(&module.dest_location)
        };
        Some(kernel.join(common.clone().or_else(of_conf)?).join(&file_name))
    };
    let file = |built: PathBuf| {
        let module_version = facts::read(&built).ok()?.version;
        Some(InstalledFile { place: place(&built)?, module_version, original: None })
    };
    built_files(&layout.built_modules(job.id, job.target)).into_iter().filter_map(file).collect()
}

/// Removes this folder and those above it up to the kernel's, as long as they are empty; where RPM rules, only those that
/// no package owns.
fn prune(job: &Job<'_>, folder: &Path) {
    let kernel = job.context.tree.layout().kernel_modules(job.target);
    for folder in folder.ancestors().take_while(|folder| **folder != kernel && folder.starts_with(&kernel)) {
        let is_empty = fs_err::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
        if !is_empty || is_owned(job.context.system, folder) || !sys::fs::remove_if_empty(folder).unwrap_or(false) {
            return;
        }
    }
}

/// Whether an RPM package owns the folder.
fn is_owned(system: &System, folder: &Path) -> bool {
    let has_database = ["/usr/lib/sysimage/rpm", "/var/lib/rpm"]
        .iter()
        .any(|place| fs_err::read_dir(system.path(place)).is_ok_and(|mut entries| entries.next().is_some()));
    let is_rpm = has_database && sys::fs::is_executable(&system.path("/usr/bin/rpm")) && !is_debian(system);
    let query = || system.command(system.root(), "rpm").arg("-qf").arg(system.inside(folder));
    is_rpm && system.run(&query()).is_ok_and(|finished| finished.success())
}

/// Debian has an rpm program, too, and a database that knows nothing.
fn is_debian(system: &System) -> bool {
    system.path("/var/lib/dpkg/status").exists()
}
