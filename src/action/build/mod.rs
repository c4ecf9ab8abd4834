//! Building a module for a kernel: source in, finished modules in the tree.

mod certificate;
mod chroot;
mod compress;
mod environment;
mod finish;
pub mod keys;
mod log;
mod make;
mod patch;
mod prepare;
mod shell;
mod sign;
mod toolchain;
mod workshop;

use crate::action::Context;
use crate::action::jobs::Jobs;
use crate::error::{Error, Result};
use crate::ids::{ModuleId, Target};
use crate::report::Message;
use crate::sys::fingerprint;
use crate::tree::Stage;
use crate::tree::records::Fingerprint;

use prepare::Prepared;
use workshop::Workshop;

/// The file of [`crate::tree::Layout::built_from`] inside the folder of a build.
const SOURCE_NOTE: &str = ".source";

/// Builds a registered module for a kernel; it ends *built*. An existing build is replaced when the new one is ready,
/// so a failure or a kill leaves the old one. What a failed build leaves is `NAME/VERSION/build` with make.log in it.
///
/// # Errors
///
/// Nothing was changed: those of [`Prepared::new`]. The build failed: a patch is missing (5) or does not apply (6), the
/// PRE_BUILD script's own code, make failed (10), a module was not produced (7). The module is built all the same: the
/// POST_BUILD script's own code.
pub fn build(context: &Context<'_>, id: &ModuleId, target: &Target, jobs: &Jobs) -> Result<()> {
    let module = Prepared::new(context, id, target, jobs)?;
    let message = |module: &ModuleId| (module.clone(), Some(target.clone()), "building");
    let (module_id, kernel, doing) = message(id);
    context.reporter.tell(Message::Started { module: module_id, target: kernel, doing });
    let result = run(context, &module, jobs);
    let how = if result.is_ok() { "done" } else { "failed" }.to_owned();
    let (module_id, kernel, doing) = message(id);
    context.reporter.tell(Message::Finished { module: module_id, target: kernel, doing, how });
    result
}

fn run(context: &Context<'_>, module: &Prepared<'_>, jobs: &Jobs) -> Result<()> {
    let writer = context.lock.writer();
    let mut workshop = Workshop::open(context, module, jobs)?;
    workshop.patch()?;
    workshop.pre_build()?;
    workshop.make()?;

    let fail = |error| Error::io(format!("the build of {} cannot be stored", module.id), error);
    let stage = writer.stage(module.id, module.target).map_err(fail)?;
    workshop.finish(&stage)?;
    note_inputs(context, module, &stage)?;
    workshop.store_log(&stage)?;
    writer.drop_record::<Fingerprint>(module.id, Some(module.target)).map_err(fail)?;
    writer.publish(stage).map_err(fail)?;
    if let Some(inputs) = module.inputs.clone() {
        let note = Fingerprint { module: module.id.clone(), target: module.target.clone(), inputs };
        writer.record(&note).map_err(fail)?;
    }

    workshop.post_build()?;
    writer.end_build(module.id).map_err(|error| Error::io("the build folder cannot be removed", error))
}

/// Writes down what it was built from: the source's fingerprint, and the versions of its dependencies for
/// BUILD_DEPENDS_REBUILD.
fn note_inputs(context: &Context<'_>, module: &Prepared<'_>, stage: &Stage) -> Result<()> {
    let note = |name: &str, text: &str| {
        fs_err::write(stage.folder().join(name), format!("{text}\n"))
            .map_err(|error| Error::io(format!("what {} was built from cannot be noted", module.id), error))
    };
    let known = module.inputs.as_ref().and_then(|inputs| inputs.get("source").cloned());
    match known.map_or_else(|| fingerprint::of_folder(&module.source), Ok) {
        Ok(print) => note(SOURCE_NOTE, &print)?,
        Err(error) => context.reporter.warn(format!("changes of {} will not be noticed: {error}", module.id)),
    }
    if module.conf.build_depends_rebuild {
        for (name, version) in &module.dependencies {
            version.iter().try_for_each(|version| note(&format!(".dep_{name}"), version))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
