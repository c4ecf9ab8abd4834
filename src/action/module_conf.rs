//! dkms.conf of a registered module, evaluated for the kernel that a step is about.

use std::path::{Path, PathBuf};

use crate::action::Context;
use crate::conf::{self, Commands, Loaded};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{ModuleId, Target};
use crate::snapshot;
use crate::snapshot::inputs::Memo;
use crate::tree::brought::Copies;

/// The folder of the module's source (opened).
///
/// # Errors
///
/// [`Kind::NotInTree`], [`Kind::Broken`], or the tree cannot be read.
pub(crate) fn source(context: &Context<'_>, id: &ModuleId) -> Result<PathBuf> {
    let entry = context.tree.module(id).map_err(|error| Error::io(format!("cannot read the state of {id}"), error))?;
    let Some(entry) = entry else {
        return Err(Error::new(Kind::NotInTree, format!("{id} is not in the DKMS tree")));
    };
    match entry.state {
        crate::tree::VersionState::Added { source } => Ok(source),
        crate::tree::VersionState::Broken { why } => Err(Error::new(Kind::Broken, format!("{id} is broken: {why}"))
            .hint(format!("put its source back and run `dkms add {id}`, or run `dkms remove {id} --all`"))),
    }
}

/// Evaluates the module's dkms.conf (or the one given with `-c`), its overrides and the directives of the command line.
///
/// # Errors
///
/// Those of [`source`]; [`Kind::ConfMissing`]; [`Kind::BadConf`].
pub(crate) fn load(context: &Context<'_>, id: &ModuleId, target: &Target) -> Result<Loaded> {
    let inputs = &context.policy.inputs;
    let file = match &inputs.conf {
        Some(file) => file.clone(),
        None => source(context, id)?.join("dkms.conf"),
    };
    Ok(snapshot::load(&context.view(), &file, (id, target), Commands::Run, &Memo::default())?)
}

/// dkms.conf with the folder that its scripts lie in, for taking a module away: of its source, else what is kept of a
/// source that its package took along.
///
/// # Errors
///
/// Those of [`load`].
pub(crate) fn for_removal(context: &Context<'_>, id: &ModuleId, target: &Target) -> Result<(Loaded, PathBuf)> {
    let copies = || Copies::of(context.tree.layout(), id);
    match source(context, id) {
        Ok(folder) => Ok((load(context, id, target)?, folder)),
        Err(error) => match copies().filter(|_| error.kind() == Kind::Broken) {
            Some(copies) => Ok((snapshot::load_copy(&context.view(), &copies, id, target)?, copies.source())),
            None => Err(error),
        },
    }
}

/// Evaluates a dkms.conf that need not be registered, for no kernel. Without `id` the file does not learn which module it
/// is.
///
/// # Errors
///
/// [`Kind::ConfMissing`]; [`Kind::BadConf`].
pub(crate) fn load_unbound(context: &Context<'_>, id: Option<&ModuleId>, file: &Path) -> Result<Loaded> {
    let evaluated = conf::Context {
        target: None,
        kernel_source_dir: PathBuf::new(),
        kernel_config: PathBuf::new(),
        module: id.map(|id| &id.name),
        version: id.map(|id| &id.version),
        parallel_jobs: crate::sys::processors(),
        directives: &context.policy.inputs.directives,
        copies: None,
        memo: None,
    };
    let file = context.policy.inputs.conf.as_deref().unwrap_or(file);
    Ok(conf::load(context.system, context.framework, file, &evaluated, Commands::Run)?)
}
