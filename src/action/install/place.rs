//! Putting chosen files into their places: staged beside them, then one rename each.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::ids::ModuleVersion;
use crate::step::Switch;
use crate::sys;
use crate::tree::installed::{Installed, InstalledFile};

use super::files::other_suffixes;
use super::{Job, is_on, selinux, taking_out};

/// Staged files; depmod and modprobe do not take them for modules.
const PREFIX: &str = crate::tree::transition::STAGED_MODULE;

/// A file beside its place.
struct Staged<'f> {
    /// None when the place holds the same file already.
    temporary: Option<tempfile::TempPath>,
    place: PathBuf,
    file: &'f InstalledFile,
}

/// Puts the built files into the places noted in `installed`, originals into their store, and makes this version the
/// active one; then what the version before it left over goes. Doing it again completes what was interrupted.
pub(super) fn put(job: &Job<'_>, installed: &Installed, replaced: Option<&ModuleVersion>) -> Result<()> {
    let what = || format!("cannot install {} for {}", job.id, job.target);
    let writer = job.context.lock.writer();
    if is_on(job.context, Switch::SymlinkModules, "symlink_modules") && selinux::has_policy(job.context.system) {
        job.context.reporter.warn(
            "modules that are symlinks into the DKMS tree keep its label; SELinux may refuse to load them".to_owned(),
        );
    }
    let staged = installed.files.iter().map(|file| stage(job, file)).collect::<std::io::Result<Vec<_>>>();
    let staged = staged.map_err(|error| Error::io(what(), error))?;
    writer
        .note_installed(&job.id.name, job.target, installed)
        .map_err(|error| Error::io(format!("{}: its files cannot be noted", what()), error))?;
    for staged in staged {
        swap(job, staged, replaced).map_err(|error| Error::io(what(), error))?;
    }
    let places: Vec<PathBuf> =
        installed.files.iter().map(|file| job.context.tree.layout().opened(&file.place)).collect();
    selinux::label(job, &places);
    writer.activate(job.id, job.target).map_err(|error| Error::io(what(), error))?;
    taking_out::remove_obsolete(job, installed);
    Ok(())
}

fn stage<'f>(job: &Job<'_>, file: &'f InstalledFile) -> std::io::Result<Staged<'f>> {
    let layout = job.context.tree.layout();
    let place = layout.opened(&file.place);
    let (Some(folder), Some(name)) = (place.parent(), place.file_name()) else {
        return Err(std::io::Error::other(format!("{} is not a place for a module", place.display())));
    };
    let built = layout.built_modules(job.id, job.target).join(name);
    let is_link = is_on(job.context, Switch::SymlinkModules, "symlink_modules");
    if !is_link && is_there(&built, &place)? {
        return Ok(Staged { temporary: None, place, file });
    }
    sys::fs::create_folders(folder)?;
    remove_stale(folder, name)?;
    let prefix = format!("{PREFIX}{}-", name.to_string_lossy());
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix(&prefix);
    let temporary = if is_link {
        builder.make_in(folder, |path| symlink(layout.named(&built), path))?.into_temp_path()
    } else {
        copy(&built, builder.tempfile_in(folder)?)?
    };
    Ok(Staged { temporary: Some(temporary), place, file })
}

/// Whether the place holds a copy of the built file, so that putting it there again would need room for nothing.
fn is_there(built: &Path, place: &Path) -> std::io::Result<bool> {
    let is_file = fs_err::symlink_metadata(place).is_ok_and(|meta| meta.is_file());
    Ok(is_file && sys::fs::same_content(built, place)?)
}

fn copy(built: &Path, mut into: tempfile::NamedTempFile) -> std::io::Result<tempfile::TempPath> {
    let named = |error: std::io::Error| {
        std::io::Error::new(error.kind(), format!("cannot copy {} to {}: {error}", built.display(), into_name(built)))
    };
    std::io::copy(&mut fs_err::File::open(built)?, &mut into).map_err(named)?;
    into.as_file().set_permissions(std::fs::Permissions::from_mode(0o644)).map_err(named)?;
    into.as_file().sync_all().map_err(named)?;
    Ok(into.into_temp_path())
}

fn into_name(built: &Path) -> String {
    format!("the kernel's folder as {}", built.file_name().unwrap_or_default().to_string_lossy())
}

/// Removes what an interrupted run staged for the same place.
fn remove_stale(folder: &Path, name: &std::ffi::OsStr) -> std::io::Result<()> {
    let prefix = format!("{PREFIX}{}-", name.to_string_lossy());
    for entry in fs_err::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            sys::fs::remove_tree(&entry.path())?;
        }
    }
    Ok(())
}

/// Lets the staged file appear. An original at another place is moved away only afterwards.
fn swap(job: &Job<'_>, staged: Staged<'_>, replaced: Option<&ModuleVersion>) -> std::io::Result<()> {
    let layout = job.context.tree.layout();
    let original = staged.file.original.as_ref().map(|original| layout.opened(original));
    let (here, elsewhere): (Vec<_>, Vec<_>) = original.into_iter().partition(|original| *original == staged.place);
    if let Some(temporary) = staged.temporary {
        // What is there is the original, or a former build of ours: never the file that is about to appear.
        for original in here.iter().filter(|original| original.exists()) {
            job.context.lock.writer().store_original(&job.id.name, job.target, original)?;
            job.tell_of_other_at(original);
            job.context.reporter.detail(format!("saved the original module {}", original.display()));
        }
        sys::rename::failpoint();
        temporary.persist(&staged.place).map_err(|error| {
            std::io::Error::new(error.error.kind(), format!("cannot write {}: {}", staged.place.display(), error.error))
        })?;
        sys::trace::tell(|| format!("wrote {}", staged.place.display()));
    }
    sys::rename::failpoint();
    for original in elsewhere.iter().filter(|original| original.exists()) {
        save(job, original)?;
    }
    settle_other_suffixes(job, &staged.place, replaced)?;
    sys::fs::sync_folder(staged.place.parent().unwrap_or(Path::new("/")))
}

fn save(job: &Job<'_>, original: &Path) -> std::io::Result<()> {
    job.context.lock.writer().save_original(&job.id.name, job.target, original)?;
    job.context.reporter.detail(format!("saved the original module {}", original.display()));
    Ok(())
}

/// The same module in another compression beside ours would make it a matter of luck which one is loaded: one of a former
/// install goes, somebody else's is saved.
fn settle_other_suffixes(job: &Job<'_>, place: &Path, replaced: Option<&ModuleVersion>) -> std::io::Result<()> {
    for sibling in other_suffixes(place) {
        if fs_err::symlink_metadata(&sibling).is_err() {
            continue;
        }
        if replaced.is_some() {
            sys::fs::remove_tree(&sibling)?;
        } else {
            save(job, &sibling)?;
        }
    }
    Ok(())
}
