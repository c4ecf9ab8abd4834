//! Events of modules: a package brings one, takes one away, or replaces one.

use std::collections::BTreeSet;
use std::path::Path;

use crate::error::{Error, Result};
use crate::event::PackageManager;
use crate::exit::Kind;
use crate::ids::ModuleId;
use crate::request::{Kernels, Wish};
use crate::snapshot::ownership;
use crate::step::{AddSource, Policy, Switch};
use crate::sys::process;
use crate::tree::{TreeLock, orphan};

use crate::engine::app::App;
use crate::engine::archive;
use crate::engine::pipeline::Mode;

use super::taking::Taking;

pub(super) fn module_arrived(taking: &Taking<'_>, id: &ModuleId, manager: PackageManager) -> Result<()> {
    let app = taking.app;
    if !app.tree.layout().source(id).join("dkms.conf").is_file() {
        let why = format!("{id} has no source any more");
        return taking.nothing(why);
    }
    let targets = app.kernels()?;
    let mut policy = Policy::default();
    if manager != PackageManager::DpkgCommon {
        // A package that says which module it brings means it: also over a newer version that it replaces.
        policy.switches.insert(Switch::SkipVersionCheck);
    }
    let arrived = Wish::ModuleArrived { id: id.clone(), source: AddSource::SourceTree, targets };
    taking.meet(app.switched_off().unwrap_or(arrived), policy)
}

/// A package that brings its module as an archive: without it, it has brought nothing, so that a failure is one.
pub(super) fn archive_arrived(taking: &Taking<'_>, id: &ModuleId, archive: &Path) -> Result<()> {
    let app = taking.app;
    if let Some(off) = app.switched_off() {
        return taking.meet(off, Policy::default());
    }
    let not_loaded = || Error::new(Kind::ArchiveNotLoaded, format!("{id} was not loaded from {}", archive.display()));
    let subject = archive::from_archive(&app.system, &app.framework, archive)
        .map_err(|error| not_loaded().hint(error.to_string()))?;
    if subject.id != *id {
        return Err(not_loaded().hint(format!("it holds {}", subject.id)));
    }
    let wish = Wish::ModuleArrived { id: id.clone(), source: subject.source.clone(), targets: app.kernels()? };
    taking.meet(wish, Policy::default())?;
    let is_added = || app.tree.module(id).is_ok_and(|entry| entry.is_some_and(|entry| !entry.is_broken()));
    if taking.mode == Mode::Do && !is_added() { Err(not_loaded()) } else { Ok(()) }
}

pub(super) fn module_leaves(taking: &Taking<'_>, id: &ModuleId, manager: PackageManager) -> Result<()> {
    let app = taking.app;
    if manager == PackageManager::Rpm && other_owners(app, id) > 1 {
        let why = format!("another package holds the source of {id}, too");
        return taking.nothing(why);
    }
    let unreadable = |error| Error::io("cannot read the DKMS tree", error);
    let known = app.tree.module(id).map_err(unreadable)?.is_some()
        || orphan::entry(app.tree.layout(), id).map_err(unreadable)?.is_some();
    let wish = if known {
        Wish::Remove { id: id.clone(), kernels: Kernels::All }
    } else {
        Wish::Nothing { why: format!("{id} is not in the DKMS tree") }
    };
    taking.meet(wish, Policy::default())
}

/// Nothing is taken out yet: the new package's own script has the new version in place first.
pub(super) fn module_is_replaced(taking: &Taking<'_>, id: &ModuleId, manager: PackageManager) -> Result<()> {
    let app = taking.app;
    if manager == PackageManager::Rpm && other_owners(app, id) > 1 {
        let why = format!("the new package brings {id} again");
        return taking.nothing(why);
    }
    if taking.mode == Mode::Do {
        let lock = app.lock()?;
        note_leaving(&lock, id)?;
    }
    let why = format!("{id} stays until its successor is in place");
    taking.nothing(why)
}

fn note_leaving(lock: &TreeLock, id: &ModuleId) -> Result<()> {
    let noted = lock.writer().note_leaving(id, process::transaction());
    noted.map_err(|error| Error::io("cannot keep a note in the DKMS tree", error))
}

/// How many instances of packages own the module's dkms.conf, as rpm's database says.
fn other_owners(app: &App, id: &ModuleId) -> usize {
    let file = app.tree.layout().source_tree_name().join(id.source_folder()).join("dkms.conf");
    ownership::rpm_owners(&app.system, &file)
}

/// Sources that may go are noted, so that what is not there any more at the end of the transaction can be told from what
/// somebody deleted.
pub(super) fn sources_may_leave(taking: &Taking<'_>, folders: &BTreeSet<String>) -> Result<()> {
    let app = taking.app;
    let may_leave = registered_in(app, folders)?;
    if may_leave.is_empty() {
        return taking.nothing("no module of these sources is in the DKMS tree".into());
    }
    if taking.mode == Mode::Do {
        let lock = app.lock()?;
        for id in &may_leave {
            note_leaving(&lock, id)?;
        }
    }
    let names = may_leave.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    taking.nothing(format!("{names}: kept until the transaction is over, which may bring it back"))
}

/// Modules go before their sources do, since nothing of ours is there afterwards.
pub(super) fn sources_leave(taking: &Taking<'_>, folders: &BTreeSet<String>) -> Result<()> {
    let leaving = registered_in(taking.app, folders)?;
    if leaving.is_empty() {
        return taking.nothing("no module of these sources is in the DKMS tree".into());
    }
    leaving.into_iter().try_for_each(|id| taking.meet(Wish::Remove { id, kernels: Kernels::All }, Policy::default()))
}

fn registered_in(app: &App, folders: &BTreeSet<String>) -> Result<Vec<ModuleId>> {
    let entries = app.tree.modules().map_err(|error| Error::io("cannot read the DKMS tree", error))?;
    Ok(entries.into_iter().map(|entry| entry.id).filter(|id| folders.contains(&id.source_folder())).collect())
}
