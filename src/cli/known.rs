//! The modules that a command line can mean: those of the DKMS tree and the sources beside it.

use std::collections::BTreeSet;

use crate::conf::{self, Context};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::near::nearest;
use crate::ids::{ModuleId, ModuleName, ModuleVersion};

use crate::engine::app::App;

/// Those of the tree.
pub(crate) fn registered(app: &App) -> Result<Vec<ModuleId>> {
    let modules = app.tree.modules().map_err(|error| Error::io("cannot read the DKMS tree", error))?;
    Ok(modules.into_iter().map(|entry| entry.id).collect())
}

/// The modules whose source lies where their dkms.conf says. A folder that cannot be read offers nothing.
pub(crate) fn sources(app: &App) -> Vec<ModuleId> {
    let Ok(folders) = fs_err::read_dir(app.tree.layout().source_tree()) else { return Vec::new() };
    let context = Context::without_kernel(crate::sys::processors(), &[]);
    folders
        .flatten()
        .filter_map(|folder| {
            let file = folder.path().join("dkms.conf");
            let read = conf::load_lenient(&app.system, &app.framework, &file, &context).ok()?;
            let id = ModuleId::new(read.name?, read.version?);
            (folder.file_name() == id.source_folder().as_str()).then_some(id)
        })
        .collect()
}

/// Where a module can be that an action is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Among {
    Registered,
    /// What can be added counts, too.
    Sources,
}

fn all(app: &App, among: Among) -> Result<BTreeSet<ModuleId>> {
    let sources = if among == Among::Sources { sources(app) } else { Vec::new() };
    Ok(registered(app)?.into_iter().chain(sources).collect())
}

/// The version of a module that was named without: the only one that there is.
///
/// # Errors
///
/// [`Kind::NameMissing`] with the versions to choose from, or with what may have been meant.
pub(crate) fn only_version(app: &App, name: &ModuleName, among: Among) -> Result<ModuleVersion> {
    let known = all(app, among)?;
    let versions: Vec<&ModuleId> = known.iter().filter(|id| id.name == *name).collect();
    match versions[..] {
        [only] => Ok(only.version.clone()),
        [] => Err(unknown(name, &known)),
        _ => {
            let error = Error::new(Kind::NameMissing, format!("the module version is missing: {name} has several"));
            Err(error.hint(format!("say which: {}", list(&versions))))
        }
    }
}

fn unknown(name: &ModuleName, known: &BTreeSet<ModuleId>) -> Error {
    let error =
        Error::new(Kind::NameMissing, format!("the module version is missing, and no version of {name} is known"));
    match joined(name, known).or_else(|| like(name, known)) {
        Some(hint) => error.hint(hint),
        None => error.hint("give the module as NAME/VERSION, or its folder or archive"),
    }
}

/// What may have been meant by a module that is nowhere.
pub(crate) fn meant(app: &App, id: &ModuleId, among: Among) -> Option<String> {
    let known = all(app, among).ok()?;
    let versions: Vec<&ModuleId> = known.iter().filter(|other| other.name == id.name).collect();
    match versions.is_empty() {
        true => like(&id.name, &known),
        false => Some(format!("what is there: {}", list(&versions))),
    }
}

/// `hello-1.0`, `hello@1.0`, `hello:1.0` of somebody who means `hello/1.0`.
fn joined(name: &ModuleName, known: &BTreeSet<ModuleId>) -> Option<String> {
    let is_it = |id: &&ModuleId| {
        let rest = name.as_str().strip_prefix(id.name.as_str());
        rest.is_some_and(|rest| rest.strip_prefix(['-', '@', ':', '=', '_']) == Some(id.version.as_str()))
    };
    known.iter().find(is_it).map(|id| format!("did you mean {id}?"))
}

/// What may have been meant by a name that no registered module has.
pub(crate) fn near(app: &App, name: &str) -> Option<String> {
    let known = registered(app).ok()?.into_iter().collect();
    like(&ModuleName::new(name).ok()?, &known)
}

fn like(name: &ModuleName, known: &BTreeSet<ModuleId>) -> Option<String> {
    let names: Vec<&str> = known.iter().map(|id| id.name.as_str()).collect();
    let near = nearest(name.as_str(), &names)?;
    let versions: Vec<&ModuleId> = known.iter().filter(|id| id.name.as_str() == near).collect();
    Some(format!("did you mean {}?", list(&versions)))
}

fn list(ids: &[&ModuleId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
