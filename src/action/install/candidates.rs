//! Which of the built modules are installed, where each goes, and what it replaces there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::conf::{BuiltModule, ModuleConf};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{ModuleId, ModuleVersion};
use crate::kernel::files::ModuleFiles;
use crate::kernel::{ModInfo, prebuilt};
use crate::step::Switch;
use crate::sys;
use crate::tree::installed::{Installed, InstalledFile};
use crate::tree::placed::Placed;
use crate::tree::records::{self, Served};
use crate::version;

use super::files::{built_file, of_build};
use super::version_check::{self, Facts};
use super::{Job, destination, facts};

/// A built module and its place.
struct Candidate {
    name: String,
    built: PathBuf,
    /// The folder that it goes to, below the kernel's.
    folder: PathBuf,
    /// The place without the root.
    place: PathBuf,
}

/// Chooses what is installed: all modules of dkms.conf that are not excluded here and that pass the version check.
///
/// # Errors
///
/// [`Kind::BuiltMissing`]; [`Kind::BadConf`] for a destination outside the kernel's folder; [`Kind::NothingInstalled`]
/// when there are modules and none passes.
pub(super) fn choose(job: &Job<'_>, conf: &ModuleConf) -> Result<Installed> {
    let candidates = candidates(job, conf)?;
    let kernel = job.context.tree.layout().kernel_modules(job.target);
    let present = ModuleFiles::scan(&kernel)
        .map_err(|error| Error::io(format!("cannot look for the modules of {}", job.target), error))?;
    let active = job.active();
    let check = Check::new(job, conf);
    let mut files = Vec::new();
    let (mut refusals, mut serving) = (Vec::new(), Vec::new());
    for candidate in &candidates {
        let there = in_its_way(job, candidate, &present, active.as_ref());
        // Beside a version of ours that serves, what a package brought finished is in the way.
        let is_in_the_way = active.is_some() && there.as_deref().is_some_and(prebuilt::is_beside);
        let refusal = if is_in_the_way { None } else { check.refusal(job, candidate, there.as_deref())? };
        match refusal {
            Some(refusal) => {
                serving.extend(there);
                refusals.push(format!("{} was not installed: {refusal}", candidate.name));
            }
            None => files.push(file(job, candidate, there.filter(|_| active.is_none() || is_in_the_way))?),
        }
    }
    if files.is_empty() && !candidates.is_empty() {
        return Err(nothing_left(job, &refusals, &serving));
    }
    for refusal in refusals {
        job.context.reporter.warn(refusal);
    }
    let obsolete = obsolete(job, active.as_ref(), &files);
    let before = before(job, active.as_ref()).map(Box::new);
    Ok(Installed { version: job.id.version.clone(), files, obsolete, before })
}

/// Noted, so that it is not tried again while nothing has changed.
fn nothing_left(job: &Job<'_>, refusals: &[String], serving: &[PathBuf]) -> Error {
    let message = format!("nothing of {} was installed for {}: {}", job.id, job.target, refusals.join("; "));
    let layout = job.context.tree.layout();
    let by = serving.iter().filter_map(|file| Placed::now(layout, &layout.named(file)).ok()).collect();
    let (module, target) = (job.id.clone(), job.target.clone());
    let stamp = records::stamp(&layout.built(job.id, job.target));
    let served = Served { module, target, stamp, by, text: message.clone() };
    if let Err(error) = job.context.lock.writer().record(&served) {
        job.context.reporter.warn(format!("what serves instead of {} cannot be noted: {error}", job.id));
    }
    Error::new(Kind::NothingInstalled, message).hint("`--force` installs it nevertheless")
}

fn candidates(job: &Job<'_>, conf: &ModuleConf) -> Result<Vec<Candidate>> {
    let common = destination::common(job.context.system);
    let modules = conf.modules.iter().filter(|module| module.excluded.is_none());
    modules.map(|module| candidate(job, module, common.as_deref())).collect()
}

fn candidate(job: &Job<'_>, module: &BuiltModule, common: Option<&Path>) -> Result<Candidate> {
    let layout = job.context.tree.layout();
    let folder = layout.built_modules(job.id, job.target);
    let Some(built) = built_file(&folder, &module.dest_name) else {
        let message =
            format!("cannot install {}: its module {} is not in {}", job.id, module.dest_name, folder.display());
        return Err(Error::new(Kind::BuiltMissing, message)
            .hint(format!("run `dkms build --force {} -k {}`", job.id, job.target.kernel)));
    };
    let Some(folder) = common.map(Path::to_path_buf).or_else(|| destination::below(&module.dest_location)) else {
        let message =
            format!("the destination `{}` of {} leaves the kernel's folder", module.dest_location, module.dest_name);
        return Err(Error::new(Kind::BadConf, message));
    };
    let kernel = layout.install_tree_name().join(&job.target.kernel);
    let place = kernel.join(&folder).join(built.file_name().unwrap_or_default());
    Ok(Candidate { name: module.dest_name.clone(), built, folder, place })
}

/// The first same-named file of somebody else.
fn in_its_way(
    job: &Job<'_>,
    candidate: &Candidate,
    present: &ModuleFiles,
    active: Option<&ModuleVersion>,
) -> Option<PathBuf> {
    let layout = job.context.tree.layout();
    let noted = job.context.tree.installed(&job.id.name, job.target).unwrap_or_else(|| Installed {
        version: job.id.version.clone(),
        files: Vec::new(),
        obsolete: Vec::new(),
        before: None,
    });
    let noted_as = |file: &Path| noted.files.iter().find(|noted| layout.opened(&noted.place) == file);
    let is_ours = |file: &Path| match active {
        Some(active) if *active == job.id.version => {
            file.parent() == layout.opened(&candidate.place).parent() || noted_as(file).is_some()
        }
        Some(_) => false,
        // The folder of what was installed was deleted from the tree, by hand.
        None => noted_as(file).is_some_and(|noted| {
            facts::read(file).is_ok_and(|facts| facts.version.is_some() && facts.version == noted.module_version)
        }),
    };
    present.named(&candidate.name, &candidate.folder).into_iter().find(|file| !is_ours(file)).map(Path::to_path_buf)
}

/// What decides about a module besides the two files.
struct Check {
    is_skipped: bool,
    is_forced: bool,
    obsolete: Option<String>,
}

impl Check {
    fn new(job: &Job<'_>, conf: &ModuleConf) -> Self {
        let switches = job.switches();
        let has = |switch| switches.contains(&switch);
        let is_obsolete = |since: &&String| version::compare(job.target.kernel.as_str(), since).is_ge();
        let obsolete = conf.obsolete_by.as_ref().filter(is_obsolete);
        Self {
            is_skipped: has(Switch::SkipVersionCheck)
                || has(Switch::RpmSafeUpgrade)
                || job.replaces_one_without_source(),
            is_forced: has(Switch::Force),
            obsolete: obsolete.map(|since| format!("kernels from {since} on have it themselves (OBSOLETE_BY)")),
        }
    }

    fn refusal(&self, job: &Job<'_>, candidate: &Candidate, there: Option<&Path>) -> Result<Option<String>> {
        if self.is_skipped || self.is_forced {
            return Ok(None);
        }
        if self.obsolete.is_some() {
            return Ok(self.obsolete.clone());
        }
        let Some(there) = there else { return Ok(None) };
        let ours = read(&candidate.built)?;
        // A file there that cannot be read as a module is no reason to keep a working one out.
        let info = ModInfo::read(&followed(job, there)).ok();
        let theirs = info.as_ref().map(facts::of).unwrap_or_default();
        let identical = || sys::fs::same_content(&candidate.built, &followed(job, there)).unwrap_or(false);
        let refusal = version_check::check(&ours, &theirs, identical);
        let version = |facts: &Facts| facts.version.clone().unwrap_or_else(|| "no version".to_owned());
        let versions = || format!("{} against {} here", version(&theirs), version(&ours));
        let of = || job.other_at(there).map(|other| format!(" of {other}")).unwrap_or_default();
        let other = || info.as_ref().and_then(|info| for_another_kernel(job, info)).unwrap_or_default();
        Ok(refusal.map(|refusal| format!("{refusal} ({}{}: {}{})", there.display(), of(), versions(), other())))
    }
}

/// What is said of a module that was built for another kernel than the one that it lies under: which of them load it depends on
/// their symbols, and the person may not know.
fn for_another_kernel(job: &Job<'_>, there: &ModInfo) -> Option<String> {
    let named = there.release().filter(|named| *named != job.target.kernel.as_str())?;
    Some(format!(", and names {} as its kernel", named.escape_debug()))
}

/// Where a link leads inside the root.
fn followed(job: &Job<'_>, file: &Path) -> PathBuf {
    sys::fs::resolve(job.context.system.root(), file).unwrap_or_else(|| file.to_path_buf())
}

fn read(built: &Path) -> Result<Facts> {
    facts::read(built).map_err(|error| Error::new(Kind::BuiltMissing, "a built module cannot be read").caused_by(error))
}

fn file(job: &Job<'_>, candidate: &Candidate, original: Option<PathBuf>) -> Result<InstalledFile> {
    Ok(InstalledFile {
        place: candidate.place.clone(),
        module_version: read(&candidate.built)?.version,
        original: original.map(|original| job.context.tree.layout().named(&original)),
    })
}

/// What another version that is active has where.
fn before(job: &Job<'_>, active: Option<&ModuleVersion>) -> Option<Installed> {
    let version = active.filter(|version| **version != job.id.version)?;
    let noted = job.context.tree.installed(&job.id.name, job.target).filter(|noted| noted.version == *version);
    let files = match noted {
        Some(noted) => noted.files,
        None => of_build(job, &ModuleId::new(job.id.name.clone(), version.clone())),
    };
    Some(Installed { version: version.clone(), files, obsolete: Vec::new(), before: None })
}

/// Files of the version or build active until now that the new ones do not replace.
fn obsolete(job: &Job<'_>, active: Option<&ModuleVersion>, files: &[InstalledFile]) -> Vec<InstalledFile> {
    let Some(active) = active else { return Vec::new() };
    let noted = job.context.tree.installed(&job.id.name, job.target).filter(|noted| noted.version == *active);
    let before = match noted {
        Some(noted) => noted.files.into_iter().chain(noted.obsolete).collect(),
        None if *active != job.id.version => of_build(job, &ModuleId::new(job.id.name.clone(), active.clone())),
        None => Vec::new(),
    };
    let kept: BTreeSet<&Path> = files.iter().map(|file| file.place.as_path()).collect();
    before.into_iter().filter(|file| !kept.contains(file.place.as_path())).collect()
}
