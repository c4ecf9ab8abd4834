//! Taking builds and registrations away: unbuild and forget.

use std::io::ErrorKind::{QuotaExceeded, StorageFull};

use crate::action::install::{self, Change};
use crate::action::{Attempt, Context};
use crate::error::{Error, Result};
use crate::ids::{ModuleId, Target};
use crate::step::{StepId, Switch};
use crate::tree::finished::Limits;

/// Deletes the build for this kernel; an installed one is uninstalled first. Without a build there is nothing to do.
///
/// # Errors
///
/// Those of the uninstall; the build cannot be deleted.
pub(super) fn unbuild(context: &Context<'_>, step: StepId, id: &ModuleId, target: &Target) -> Result<Option<Change>> {
    let is_active = context.tree.active(&id.name, target).as_ref() == Some(&id.version);
    let change = if is_active { install::uninstall(context, step, id, target, Attempt::First)? } else { None };
    let layout = context.tree.layout();
    if !layout.version(id).exists() {
        return Ok(change);
    }
    if !layout.built(id, target).exists() && change.is_none() {
        context.reporter.note(format!("{id} is not built for {target}; nothing to do"));
        return Ok(None);
    }
    let writer = context.lock.writer();
    // Who asks for an unbuild wants it built anew.
    let gone = match context.policy.has(Switch::DiscardBuild) {
        true => writer.delete_build(id, target).and_then(|()| writer.forget_finished(id, target)),
        false => match writer.retire_build(id, target, Limits::default()) {
            Err(error) if matches!(error.kind(), StorageFull | QuotaExceeded) => {
                // What was begun to be kept may be there still.
                context.lock.leave_to_the_next();
                writer.delete_build(id, target)
            }
            kept => kept,
        },
    };
    gone.map_err(|error| Error::io(format!("cannot delete the build of {id} for {target}"), error))?;
    Ok(change)
}

/// Forgets the module version unless a build of it is left. Its source stays in the source tree.
///
/// # Errors
///
/// The folder cannot be deleted.
pub(super) fn forget(context: &Context<'_>, id: &ModuleId) -> Result<()> {
    let gone = context.lock.writer().forget(id).map_err(|error| Error::io(format!("cannot forget {id}"), error))?;
    if !gone {
        context.reporter.detail(format!("{id} stays registered: builds for other kernels are left"));
    }
    Ok(())
}
