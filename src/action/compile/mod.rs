//! Building a module for a kernel: source in, finished modules in the tree.

mod accept;
mod certificate;
mod compress;
pub(crate) mod cross;
mod environment;
mod exceptions;
mod explain;
mod finish;
mod fitting;
mod foreseen;
pub(crate) mod keys;
mod lodging;
mod log;
mod make;
mod noted;
mod patch;
mod prepare;
mod prepared;
mod recipe;
mod resign;
mod shell;
mod sign;
mod strip;
pub(crate) mod toolchain;
mod view;
mod visit;
mod walls;
mod workshop;

use crate::action::Context;
use crate::action::jobs::Jobs;
use crate::error::{Error, Result};
use crate::ids::{ModuleId, Target};
use crate::report::Message;
use crate::step::Switch;
use crate::sys::interrupt;
use crate::sys::room::Level;
use crate::tree::Stage;

pub(crate) use crate::action::compile::explain::{begins_with, meaning};
use crate::action::compile::finish::Signatures;
use crate::action::compile::noted::{fingerprint, renew_digest};
use crate::action::compile::prepared::Prepared;
pub(crate) use crate::action::compile::visit::visit;
use crate::action::compile::workshop::Workshop;

/// Builds a registered module for a kernel; it ends *built*. An existing build is replaced when the new one is ready,
/// so a failure or a kill leaves the old one. What a failed build leaves is `NAME/VERSION/build` with make.log in it.
///
/// # Errors
///
/// Nothing was changed: those of [`Prepared::new`]. The build failed: a patch is missing (5) or does not apply (6), the
/// PRE_BUILD script's own code, make failed (10), a module was not produced (7). The module is built all the same: the
/// POST_BUILD script's own code.
pub(crate) fn build(context: &Context<'_>, id: &ModuleId, target: &Target, jobs: &Jobs) -> Result<()> {
    let module = Prepared::new(context, id, target, jobs)?;
    if let Some(signed) = resign::sign_what_is_built(context, &module) {
        return signed;
    }
    if restored(context, &module) {
        context
            .reporter
            .note(format!("{id} for {target} is the finished build from before: nothing has changed since"));
        return Ok(());
    }
    if let Some(error) = foreseen::take(context, &module) {
        return Err(error);
    }
    let message = |module: &ModuleId| (module.clone(), Some(target.clone()), "building");
    let (module_id, kernel, doing) = message(id);
    context.reporter.tell(Message::Started { module: module_id, target: kernel, doing });
    let result = run(context, &module, jobs).inspect_err(|error| foreseen::keep(context, &module, error));
    let how = match interrupt::received() {
        _ if result.is_ok() => "done",
        None => "failed",
        Some(_) => "interrupted",
    };
    let how = how.to_owned();
    let (module_id, kernel, doing) = message(id);
    context.reporter.tell(Message::Finished { module: module_id, target: kernel, doing, how });
    result
}

fn run(context: &Context<'_>, module: &Prepared<'_>, jobs: &Jobs) -> Result<()> {
    let stored = compile(context, module, jobs).map(|(workshop, ready)| (workshop, store(context, module, ready)));
    match stored {
        Err(error) => close(context, module.id, Err(error)),
        // Nothing in the build folder tells why.
        Ok((_, Err(error))) => close(context, module.id, Ok(())).and(Err(error)),
        Ok((mut workshop, Ok(()))) => {
            let after = workshop.post_build();
            let renewed = renew_digest(context, module).map_err(|error| not_stored(module, error));
            let closed = close(context, module.id, after);
            renewed.and(closed)
        }
    }
}

/// What is ready to appear in the tree.
struct Ready {
    stage: Stage,
    signatures: Signatures,
    room: Level,
}

fn compile<'a>(context: &'a Context<'_>, module: &'a Prepared<'_>, jobs: &'a Jobs) -> Result<(Workshop<'a>, Ready)> {
    let mut workshop = Workshop::open(context, module, jobs)?;
    workshop.check()?;
    workshop.patch()?;
    workshop.pre_build()?;
    workshop.make()?;

    let stage = context.lock.writer().stage(module.id, module.target).map_err(|error| not_stored(module, error))?;
    let signatures = workshop.finish(&stage)?;
    note_dependencies(module, &stage)?;
    workshop.store_log(&stage)?;
    let room = workshop.level();
    Ok((workshop, Ready { stage, signatures, room }))
}

fn store(context: &Context<'_>, module: &Prepared<'_>, Ready { stage, signatures, room }: Ready) -> Result<()> {
    let writer = context.lock.writer();
    let fail = |error| not_stored(module, error);
    // Before: a run that dies in between leaves a build of which it is known what it was made from.
    let fingerprint = fingerprint(context, module, &stage, &signatures, Some(room)).map_err(fail)?;
    writer.record(&fingerprint.instead_of_the_present(writer.layout())).map_err(fail)?;
    writer.publish(stage).map_err(fail)
}

fn not_stored(module: &Prepared<'_>, error: std::io::Error) -> Error {
    Error::io(format!("the build of {} cannot be stored", module.id), error)
}

/// The build folder goes, but for one that failed: what make left there may tell why.
fn close(context: &Context<'_>, id: &ModuleId, result: Result<()>) -> Result<()> {
    let writer = context.lock.writer();
    if result.is_ok() || interrupt::received().is_some() {
        let ended = writer.end_build(id).map_err(|error| Error::io("the build folder cannot be removed", error));
        return result.and(ended);
    }
    if let Err(error) = writer.keep_build_folder(id) {
        context.reporter.warn(format!("the build folder of {id} goes with the next run: {error}"));
    }
    result
}

/// Puts a finished build of the very same back that was taken away. Whatever is wrong with it: then it is built.
fn restored(context: &Context<'_>, module: &Prepared<'_>) -> bool {
    let Some(key) = recipe::key(module, &module.inputs) else { return false };
    let writer = context.lock.writer();
    let result = if context.policy.has(Switch::Force) {
        writer.forget_finished(module.id, module.target).map(|()| false)
    } else {
        writer.restore_build(module.id, module.target, &key)
    };
    match result {
        Ok(restored) => restored,
        Err(error) => {
            context.reporter.warn(format!("a finished build of {} could not be used: {error}", module.id));
            false
        }
    }
}

/// Writes down the versions of its dependencies for BUILD_DEPENDS_REBUILD.
fn note_dependencies(module: &Prepared<'_>, stage: &Stage) -> Result<()> {
    if !module.conf.build_depends_rebuild {
        return Ok(());
    }
    let known = module.dependencies.iter().filter_map(|(name, version)| Some((name, version.as_ref()?)));
    for (name, version) in known {
        fs_err::write(stage.folder().join(format!(".dep_{name}")), format!("{version}\n"))
            .map_err(|error| Error::io(format!("what {} was built from cannot be noted", module.id), error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
