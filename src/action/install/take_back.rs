//! Back to how it was before an install: our files out, the originals in, or the version that was active before.

use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::ids::{ModuleId, ModuleVersion};
use crate::kernel::installed;
use crate::sys;
use crate::tree::installed::Installed;
use crate::tree::original;

use super::files::of_build;
use super::{Job, place, selinux, taking_out};

/// Takes this version out of the kernel. `before` is the version that was active when the change began: another one is put
/// back from its build. Doing it again completes what was interrupted. Returns the places of the removed files, without
/// the root.
///
/// # Errors
///
/// Files that cannot be removed or put back.
pub(super) fn take_back(job: &Job<'_>, before: Option<&ModuleVersion>) -> Result<Vec<PathBuf>> {
    let failed = |error| Error::io(format!("cannot take {} out of {}", job.id, job.target), error);
    let writer = job.context.lock.writer();
    let noted = job.context.tree.installed(&job.id.name, job.target).filter(|noted| noted.version == job.id.version);
    let is_active = job.active().as_ref() == Some(&job.id.version);
    // With neither link nor note, our files have gone already; what lies in their places came back from the store.
    let removed = if is_active || noted.is_some() { taking_out::take_out(job)? } else { Vec::new() };
    if is_active {
        writer.deactivate(&job.id.name, job.target).map_err(failed)?;
    }
    sys::rename::failpoint();
    if noted.is_some() {
        writer.drop_installed(&job.id.name, job.target).map_err(failed)?;
    }
    sys::rename::failpoint();
    let is_touched = is_active || noted.is_some();
    let other = before.filter(|version| **version != job.id.version);
    match other {
        Some(_) if !is_touched => {}
        Some(version) => reinstate(job, version, noted.as_ref())?,
        None if job.active().is_none() => restore(job, &removed).map_err(failed)?,
        None => {}
    }
    Ok(removed)
}

/// Puts the originals back; those of a kernel that is gone, or whose image is, have no place any more.
fn restore(job: &Job<'_>, removed: &[PathBuf]) -> std::io::Result<()> {
    let layout = job.context.tree.layout();
    let writer = job.context.lock.writer();
    if installed::has_gone(layout, job.target) {
        return writer.drop_originals(&job.id.name, job.target);
    }
    let of_image = layout.kernel_modules(job.target).join("kernel");
    let has_image = installed::has_image(layout, job.target);
    for original in original::originals(layout, &job.id.name, job.target)? {
        let is_of_image = original.place.as_ref().is_some_and(|place| place.starts_with(&of_image));
        if is_of_image && !has_image {
            writer.drop_original(&original)?;
        }
    }
    // Releases before 3.2 noted no place: the original comes to where ours was.
    let folder = |_: &str| Some(layout.opened(removed.first()?).parent()?.to_path_buf());
    let restored = writer.restore_originals(&job.id.name, job.target, &folder)?;
    for place in &restored {
        job.context.reporter.detail(format!("restored the original module {}", place.display()));
    }
    selinux::label(job, &restored);
    Ok(())
}

/// Puts the build of another version back, if it is still there.
fn reinstate(job: &Job<'_>, version: &ModuleVersion, noted: Option<&Installed>) -> Result<()> {
    let id = ModuleId::new(job.id.name.clone(), version.clone());
    let former = Job { id: &id, ..*job };
    let mut files = of_build(&former, &id);
    if files.is_empty() {
        files = noted.map(|noted| noted.obsolete.clone()).unwrap_or_default();
    }
    if files.is_empty() {
        return Ok(());
    }
    let installed = Installed { version: version.clone(), files, obsolete: Vec::new() };
    place::put(&former, &installed, Some(version))?;
    job.context.reporter.warn(format!("{id} is installed for {} again", job.target));
    Ok(())
}
