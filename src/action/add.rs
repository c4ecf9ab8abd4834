//! Registering a module: its source comes to SOURCETREE/NAME-VERSION if it is not there, and the tree learns of it.

mod archive;

use std::path::Path;

use crate::action::hook::{self, Hook};
use crate::action::{Context, module_conf};
use crate::archive::links;
use crate::conf::Loaded;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{ModuleId, Target};
use crate::snapshot::ownership;
use crate::step::{AddSource, Switch};
use crate::sys;
use crate::tree::VersionState;

pub(crate) use archive::identify;

/// Registers the module. A repeated add is an error unless the module is broken, which this repairs. `next` is the kernel
/// for which it is about to be built, if that is why it is added: then POST_ADD learns of it, and its failure is a warning.
///
/// # Errors
///
/// Nothing was changed: [`Kind::AlreadyAdded`], [`Kind::SourceMissing`], [`Kind::ConfMissing`], [`Kind::BadConf`], those of
/// archives. The source is in the source tree but not registered: [`Kind::BadConf`] for duplicates. The module is added
/// all the same: the POST_ADD script's own code.
pub(super) fn add(context: &Context<'_>, id: &ModuleId, source: &AddSource, next: Option<&Target>) -> Result<()> {
    let loaded = match source {
        AddSource::SourceTree => Some(from_source_tree(context, id)?),
        AddSource::Folder(folder) => Some(from_folder(context, id, folder)?),
        AddSource::Archive(unpacked) => match archive::load(context, id, unpacked) {
            // Its builds are what is going to be installed.
            Err(error) if error.kind() == Kind::BinariesOnly && next.is_some() => None,
            loaded => loaded?,
        },
    };
    let Some(loaded) = loaded else { return Ok(()) };
    match post_add(context, id, next, &loaded) {
        Err(error) if next.is_some() => {
            context.reporter.warn(error.to_string());
            Ok(())
        }
        result => result,
    }
}

fn from_source_tree(context: &Context<'_>, id: &ModuleId) -> Result<Loaded> {
    refuse_added(context, id)?;
    let source = context.tree.layout().source(id);
    if !source.is_dir() {
        let message = format!("cannot add {id}: there is no folder {}", source.display());
        return Err(Error::new(Kind::SourceMissing, message)
            .hint("put the source there, or name its folder or an archive of it instead"));
    }
    let loaded = module_conf::load_unbound(context, Some(id), &source.join("dkms.conf"))?;
    register(context, id, &loaded)?;
    Ok(loaded)
}

fn from_folder(context: &Context<'_>, id: &ModuleId, folder: &Path) -> Result<Loaded> {
    let is_forced = context.policy.has(Switch::Force);
    let takes_place = is_forced && is_added(context, id)?;
    if !is_forced {
        refuse_added(context, id)?;
    }
    let loaded = module_conf::load_unbound(context, None, &folder.join("dkms.conf"))?;
    if takes_place {
        refuse_of_package(context, id)?;
        copy_in(context, id, folder, Present::Replaced)?;
        return Ok(loaded);
    }
    copy_in(context, id, folder, Present::Kept)?;
    from_source_tree(context, id)
}

/// What a package brought is its own, and comes back with its next version.
fn refuse_of_package(context: &Context<'_>, id: &ModuleId) -> Result<()> {
    let conf = context.tree.layout().source_tree_name().join(id.source_folder()).join("dkms.conf");
    match ownership::owner(context.system, &conf) {
        None => Ok(()),
        Some(package) => {
            let text = format!("the source of {id} belongs to the package {package}, and is not replaced");
            Err(Error::new(Kind::AlreadyAdded, text)
                .hint("give your source a PACKAGE_VERSION of its own, or remove that package first"))
        }
    }
}

/// What becomes of files that lie in a source's place and that the new one has not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Present {
    /// They may be somebody's only copy.
    Kept,
    Replaced,
}

/// Copies a source to SOURCETREE/NAME-VERSION, unless it is that folder. It appears there when it is complete.
fn copy_in(context: &Context<'_>, id: &ModuleId, folder: &Path, present: Present) -> Result<()> {
    let place = context.tree.layout().source(id);
    let failed = |error| Error::io(format!("cannot copy {} to {}", folder.display(), place.display()), error);
    if is_same(folder, &place) {
        return Ok(());
    }
    let staged = context.lock.writer().stage_source().map_err(failed)?;
    let inside = fs_err::canonicalize(staged.path()).map_err(failed)?;
    if inside.starts_with(fs_err::canonicalize(folder).map_err(failed)?) {
        let message = format!("{} cannot be a module's source: the source tree lies inside it", folder.display());
        return Err(Error::new(Kind::BadOption, message));
    }
    if present == Present::Kept && sys::fs::is_real_folder(&place) {
        sys::copy::copy_tree(&place, staged.path()).map_err(failed)?;
    }
    sys::copy::take_tree(folder, staged.path()).map_err(failed)?;
    refuse_links(staged.path(), folder)?;
    context.lock.writer().publish_source(staged, id).map_err(failed)
}

/// Root will build what lies there: a link out of the folder would lead it to what somebody else may change.
fn refuse_links(copy: &Path, folder: &Path) -> Result<()> {
    let unreadable = |error| Error::io(format!("cannot look for links in {}", folder.display()), error);
    for link in sys::fs::links(copy).map_err(unreadable)? {
        if links::leaves(copy, &link) {
            let message = format!("{}: the link leads out of the folder", folder.join(&link).display());
            let hint = "copy what it leads to into its place, or remove it";
            return Err(Error::new(Kind::NotAnArchive, message).hint(hint));
        }
    }
    Ok(())
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((fs_err::canonicalize(one), fs_err::canonicalize(other)), (Ok(one), Ok(other)) if one == other)
}

fn refuse_added(context: &Context<'_>, id: &ModuleId) -> Result<()> {
    if is_added(context, id)? {
        return Err(Error::new(Kind::AlreadyAdded, format!("{id} is already added"))
            .hint(format!("`dkms remove {id} --all` forgets it; `dkms build {id}` builds it")));
    }
    Ok(())
}

fn is_added(context: &Context<'_>, id: &ModuleId) -> Result<bool> {
    let entry = context.tree.module(id).map_err(|error| Error::io(format!("cannot read the state of {id}"), error))?;
    Ok(entry.is_some_and(|entry| matches!(entry.state, VersionState::Added { .. })))
}

/// Registers what lies in the source tree.
fn register(context: &Context<'_>, id: &ModuleId, loaded: &Loaded) -> Result<()> {
    loaded.refuse_duplicates()?;
    for notice in &loaded.notices {
        context.reporter.warn(format!("{id}: {notice}"));
    }
    context.lock.writer().register(id).map_err(|error| Error::io(format!("cannot register {id}"), error))
}

fn post_add(context: &Context<'_>, id: &ModuleId, next: Option<&Target>, loaded: &Loaded) -> Result<()> {
    let Some(command) = &loaded.conf.scripts.post_add else { return Ok(()) };
    let source = module_conf::source(context, id)?;
    hook::run(context, Hook::PostAdd, id, next, command, &source)?.into_result(Hook::PostAdd, id)
}

#[cfg(test)]
mod tests;
