//! Taking installed modules out of a kernel: only files that are ours, then the originals come back.

use std::path::PathBuf;

use crate::action::hook::Hook;
use crate::action::{Attempt, Context, module_conf};
use crate::conf::ModuleConf;
use crate::error::Result;
use crate::ids::{ModuleId, Target};
use crate::step::StepId;
use crate::tree::intent::Doing;

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
    if attempt == Attempt::First && job.active().as_ref() != Some(&id.version) {
        context.reporter.note(format!("{id} is not installed for {target}; nothing to do"));
        return Ok(None);
    }
    let conf = conf(&job);
    let intent = job.begin(Doing::Uninstall)?;
    let removed = take_back::take_back(&job, job.active().as_ref())?;
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
