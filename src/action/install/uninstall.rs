//! Taking installed modules out of a kernel: only files that are ours, then the originals come back.

use std::path::PathBuf;

use crate::action::hook::Hook;
use crate::action::{Attempt, Context, module_conf};
use crate::conf::ModuleConf;
use crate::error::Result;
use crate::exit::Kind;
use crate::ids::{ModuleId, ModuleVersion, Target};
use crate::step::StepId;
use crate::tree::intent::{Doing, Intent};

use super::{Change, Job, take_back, weak_modules};

/// Takes this version out of the kernel, if it is the active one; it stays built. Works from what is noted and on disk when
/// dkms.conf cannot be read any more.
///
/// # Errors
///
/// Files that cannot be removed or put back; the next run does it again.
pub(crate) fn uninstall(
    context: &Context<'_>,
    step: StepId,
    id: &ModuleId,
    target: &Target,
    attempt: Attempt,
) -> Result<Option<Change>> {
    let job = Job { context, id, target };
    if attempt == Attempt::First && job.active().as_ref() != Some(&id.version) && !job.is_orphan() {
        context.reporter.note(format!("{id} is not installed for {target}; nothing to do"));
        return Ok(None);
    }
    let conf = conf(&job);
    let (intent, before) = match job.was_taken_back(attempt) {
        Some((intent, before)) => (intent, before),
        None => (job.begin_removal()?, job.active()),
    };
    let removed = take_back::take_back(&job, before.as_ref())?;
    let no_weak_modules = conf.as_ref().is_some_and(|(conf, _)| conf.no_weak_modules);
    if !no_weak_modules {
        weak_modules::tell(context, &target.kernel, weak_modules::Change::Removed, &removed);
    }
    run_post_remove(&job, conf);
    Ok(Some(Change { step, intent, replaced: None }))
}

/// POST_REMOVE, if dkms.conf is known and names one.
pub(super) fn run_post_remove(job: &Job<'_>, conf: Option<(ModuleConf, PathBuf)>) {
    if let Some((conf, folder)) = conf
        && let Some(command) = &conf.scripts.post_remove
    {
        job.run_lenient_in(&folder, Hook::PostRemove, None, command);
    }
}

/// dkms.conf and the folder of its scripts, if it can be read; a source that went bad or away must not keep its modules in
/// the kernel.
pub(super) fn conf(job: &Job<'_>) -> Option<(ModuleConf, PathBuf)> {
    match module_conf::for_removal(job.context, job.id, job.target) {
        Ok((loaded, folder)) => Some((loaded.conf, folder)),
        Err(error) => {
            let message = format!("{error}; removing what is noted and on disk, without its POST_REMOVE script");
            job.context.reporter.warn(message);
            None
        }
    }
}

impl Job<'_> {
    /// Whether its folder in the tree was deleted, and it is noted as installed still.
    fn is_orphan(&self) -> bool {
        let noted = self.context.tree.installed(&self.id.name, self.target);
        noted.is_some_and(|noted| noted.version == self.id.version)
            && !self.context.tree.layout().version(self.id).exists()
    }

    /// Notes that it begins. Where there is no room for the note it goes on without: it may be what makes room.
    fn begin_removal(&self) -> Result<Intent> {
        let intent = self.intent(Doing::Uninstall);
        match self.begin(intent.clone()) {
            Err(error) if error.kind() == Kind::DiskFull => Ok(intent),
            begun => begun,
        }
    }

    /// The note of an install that a dead run was taking back, and the version that was active before it.
    fn was_taken_back(&self, attempt: Attempt) -> Option<(Intent, Option<ModuleVersion>)> {
        let note = (attempt == Attempt::Again).then(|| self.left_over()).flatten()?;
        match note.doing.clone() {
            Doing::TakeBack { before } => Some((note, before)),
            Doing::Install | Doing::Uninstall => None,
        }
    }
}
