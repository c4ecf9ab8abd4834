//! Back to how it was before an install: the version that was active before, or our files out and the originals in. What
//! comes back is in its place before what it replaces goes, so that a kernel never has neither.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::ids::{ModuleId, ModuleVersion};
use crate::kernel::{installed, prebuilt};
use crate::sys;
use crate::tree::installed::{Installed, InstalledFile};
use crate::tree::intent::Doing;
use crate::tree::original;

use super::files::of_build;
use super::{Job, place, selinux, taking_out};

/// Notes that an install is taken back, in the place of the note that it was begun, and does it. What cannot be noted is not
/// begun: then the next run completes the install.
///
/// # Errors
///
/// As those of [`take_back`]; its note stays, and the next run does it again.
pub(super) fn undo(job: &Job<'_>, before: Option<&ModuleVersion>) -> Result<()> {
    job.begin(job.intent(Doing::TakeBack { before: before.cloned() }))?;
    take_back(job, before).map(drop)
}

/// Takes this version out of the kernel. `before` is the version that was active when the change began: another one is put
/// back from its build. Doing it again completes what was interrupted. Returns the places of the removed files, without
/// the root.
///
/// # Errors
///
/// Files that cannot be removed or put back.
pub(super) fn take_back(job: &Job<'_>, before: Option<&ModuleVersion>) -> Result<Vec<PathBuf>> {
    let noted = job.context.tree.installed(&job.id.name, job.target);
    let is_ours = noted.as_ref().is_some_and(|noted| noted.version == job.id.version);
    let is_active = job.active().as_ref() == Some(&job.id.version);
    let other = before.filter(|version| **version != job.id.version);
    if let Some(former) = other.and_then(|version| former(job, version, noted.as_ref())) {
        if is_active || is_ours || !former.obsolete.is_empty() {
            reinstate(job, &former)?;
        }
        return Ok(former.obsolete.into_iter().map(|file| file.place).collect());
    }
    give_way(job, is_active, is_ours)
}

/// Our files out, the originals in. With neither link nor note, our files have gone already; what lies in their places came
/// back from the store.
fn give_way(job: &Job<'_>, is_active: bool, is_ours: bool) -> Result<Vec<PathBuf>> {
    let failed = |error| Error::io(format!("cannot take {} out of {}", job.id, job.target), error);
    let writer = job.context.lock.writer();
    let is_last = job.active().is_none_or(|active| active == job.id.version);
    let restored = if is_last { restore(job).map_err(failed)? } else { BTreeSet::new() };
    sys::rename::failpoint();
    let removed = if is_active || is_ours { taking_out::take_out(job, &restored)? } else { Vec::new() };
    if is_active {
        writer.deactivate(&job.id.name, job.target).map_err(failed)?;
    }
    sys::rename::failpoint();
    if is_ours {
        writer.drop_installed(&job.id.name, job.target).map_err(failed)?;
    }
    sys::rename::failpoint();
    // Only now: until the note is gone, the store tells what came back from what is ours.
    if is_last {
        writer.drop_restored(&job.id.name, job.target, &restored).map_err(failed)?;
    }
    Ok(removed)
}

/// Puts copies of the originals in their places, and gives these; those of a kernel that is gone, or whose image is, have no
/// place any more.
fn restore(job: &Job<'_>) -> std::io::Result<BTreeSet<PathBuf>> {
    let layout = job.context.tree.layout();
    let writer = job.context.lock.writer();
    if installed::has_gone(layout, job.target) {
        return writer.drop_originals(&job.id.name, job.target).map(|()| BTreeSet::new());
    }
    let of_image = layout.kernel_modules(job.target).join("kernel");
    let has_image = installed::has_image(layout, job.target);
    for original in original::originals(layout, &job.id.name, job.target)? {
        let is_of_image = original.place.as_ref().is_some_and(|place| place.starts_with(&of_image));
        // A package that went took its folder along; one that was replaced has brought its file again.
        let folder = layout.kernel_modules(job.target);
        let has_gone =
            |place: &PathBuf| place.parent().is_some_and(|own| prebuilt::has_gone(own, &folder, &job.id.name));
        let is_there = |place: &PathBuf| prebuilt::is_beside(place) && place.exists();
        let is_past = original.place.as_ref().is_some_and(|place| has_gone(place) || is_there(place));
        if (is_of_image && !has_image) || is_past {
            writer.drop_original(&original)?;
        }
    }
    job.hand_over_originals()?;
    // Releases before 3.2 noted no place: the original comes to where ours is.
    let ours = taking_out::files(job);
    let folder = |_: &str| Some(layout.opened(&ours.first()?.place).parent()?.to_path_buf());
    let restored = writer.restore_originals(&job.id.name, job.target, &folder)?;
    for place in &restored {
        job.context.reporter.detail(format!("restored the original module {}", place.display()));
    }
    selinux::label(job, &restored);
    Ok(restored.into_iter().collect())
}

/// What the version before had where, and what of ours is to go; None when its build is no more.
fn former(job: &Job<'_>, version: &ModuleVersion, noted: Option<&Installed>) -> Option<Installed> {
    let id = ModuleId::new(job.id.name.clone(), version.clone());
    let layout = job.context.tree.layout();
    if !layout.built_modules(&id, job.target).is_dir() {
        return None;
    }
    // It was on its way back.
    if let Some(noted) = noted.filter(|noted| noted.version == *version) {
        return Some(noted.clone());
    }
    let before = noted.and_then(|noted| noted.before.as_deref()).filter(|before| before.version == *version);
    let mut files = before.map(|before| before.files.clone()).unwrap_or_default();
    if files.is_empty() {
        files = of_build(&Job { id: &id, ..*job }, &id);
    }
    let has_place = |file: &InstalledFile| files.iter().any(|kept| kept.place == file.place);
    let obsolete = taking_out::files(job).into_iter().filter(|file| !has_place(file)).collect();
    (!files.is_empty()).then(|| Installed { version: version.clone(), files, obsolete, before: None })
}

/// Puts the build of another version back; what is ours alone goes when it is there.
fn reinstate(job: &Job<'_>, former: &Installed) -> Result<()> {
    let id = ModuleId::new(job.id.name.clone(), former.version.clone());
    place::put(&Job { id: &id, ..*job }, former, Some(&former.version))?;
    job.context.reporter.warn(format!("{id} is installed for {} again", job.target));
    Ok(())
}
