//! Taking over a build of another DKMS: from now on it is known what it was made from.

use crate::action::{Context, module_conf};
use crate::error::{Error, Result};
use crate::ids::{ModuleId, Target};
use crate::kernel::installed;
use crate::snapshot::View;
use crate::snapshot::inputs::{self, Making, Memo};
use crate::step::Inputs;
use crate::tree::difference::Condition;
use crate::tree::records::Fingerprint;

use super::install;

/// Notes the fingerprint of what is there now, provided that what is installed is what was built. It changes nothing else,
/// and that it cannot be noted is no failure: then a later change of the source is not noticed, as before.
pub(super) fn adopt(context: &Context<'_>, id: &ModuleId, target: &Target) {
    match note(context, id, target) {
        Ok(true) => context.reporter.detail(format!("{id} for {target} was built by another DKMS and stays as it is")),
        Ok(false) => context.reporter.detail(format!(
            "{id} for {target} was built by another DKMS, and what is installed is not what was built: left alone"
        )),
        Err(error) => context.reporter.warn(format!("changes of {id} for {target} will not be noticed: {error}")),
    }
}

fn note(context: &Context<'_>, id: &ModuleId, target: &Target) -> Result<bool> {
    let fail = |error| Error::io(format!("cannot note what {id} was built from"), error);
    let source = module_conf::source(context, id)?;
    let loaded = module_conf::load(context, id, target)?;
    let Some(entry) = context.tree.module(id).map_err(fail)? else { return Ok(false) };
    let Some(build) = entry.build(target) else { return Ok(false) };
    let layout = context.tree.layout();
    let common = install::common_folder(context.system);
    if install::check_files((layout, common.as_deref()), (&entry, build), Some(&loaded), &[]) != Condition::Sound {
        return Ok(false);
    }
    let kernel = installed::kernel(layout, target, None);
    let making = Making { id, kernel: &kernel, source: &source, depends: &loaded.conf.build_depends };
    let view = View { inputs: &Inputs::default(), ..context.view() };
    let digests = inputs::digests(&view, &making, &Memo::default()).map_err(fail)?;
    let note = Fingerprint::of(id, target, &layout.built(id, target), digests);
    context.lock.writer().record(&note).map_err(fail)?;
    if build.installed {
        let places = install::places((layout, common.as_deref()), (&entry, build), Some(&loaded));
        context.lock.writer().note_build_installed(id, target, &places).map_err(fail)?;
    }
    Ok(true)
}
