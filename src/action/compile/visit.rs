//! A person in the room of a build.

use crate::action::Context;
use crate::action::compile::prepared::Prepared;
use crate::action::compile::workshop::Workshop;
use crate::action::jobs::Jobs;
use crate::error::{Error, Result};
use crate::ids::{ModuleId, Target};

/// Makes everything ready for make, and runs this command, or a shell at the terminal, in make's place; gives its exit code.
/// The build folder goes afterwards.
///
/// # Errors
///
/// Those of [`Prepared::new`], and of a room that cannot be had. What fails between (a patch, PRE_BUILD) is a warning: it
/// may be what is looked for.
pub(crate) fn visit(context: &Context<'_>, id: &ModuleId, target: &Target, command: &[String]) -> Result<u8> {
    let jobs = Jobs::new(context.system, context.framework, context.policy, 1);
    let module = Prepared::new(context, id, target, &jobs)?;
    let ended = Workshop::open(context, &module, &jobs).and_then(|mut workshop| {
        let ready = workshop.check().and_then(|()| workshop.patch()).and_then(|()| workshop.pre_build());
        if let Err(error) = ready {
            context.reporter.warn(error.in_one_line());
        }
        workshop.visit(command)
    });
    let closed = context.lock.writer().end_build(id);
    closed.map_err(|error| Error::io("the build folder cannot be removed", error)).and(ended)
}
