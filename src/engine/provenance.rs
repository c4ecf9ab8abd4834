//! Who brought a version and who took it away: noted, so that what a package left can be told from what a person did.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::action::hook;
use crate::conf::{self, Context, overrides};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{ModuleId, Target};
use crate::report::Reporter;
use crate::request::Wish;
use crate::snapshot::{Snapshot, absent, ownership};
use crate::step::{AddSource, Operation, Outcome, Plan, Step, StepId};
use crate::sys::{fingerprint, process};
use crate::tree::brought::{Brought, Originals};
use crate::tree::records::{self, Removed, Tried};

use crate::engine::app::{App, Noting};

/// Notes what packages bring, with what its removal will need. Before it is done: a run that dies afterwards must not leave
/// a source of which nobody knows that it goes with its package.
pub(crate) fn note_arrivals(plan: &Plan, wish: &Wish, snapshot: &Snapshot, noting: &Noting<'_>) -> Result<()> {
    let mut brought = BTreeSet::new();
    for step in &plan.steps {
        let Operation::Add(source) = &step.operation else { continue };
        noting.lock.writer().drop_record::<Removed>(&step.module, None).map_err(kept)?;
        if *source == AddSource::SourceTree && is_brought(&step.module, wish, noting.app) {
            brought.insert(&step.module);
        }
    }
    // It may be registered already.
    if let Wish::ModuleArrived { id, source: AddSource::SourceTree, .. } = wish {
        brought.insert(id);
    }
    brought.into_iter().try_for_each(|id| keep(id, snapshot, noting))
}

/// Notes what a person removes while its source is still there, so that no event brings it back. Before it is done: a run that
/// dies afterwards must not lose it.
pub(crate) fn note_departures(plan: &Plan, wish: &Wish, noting: &Noting<'_>) -> Result<()> {
    if !matches!(wish, Wish::Remove { .. }) || is_in_a_transaction(noting.app) {
        return Ok(());
    }
    let layout = noting.app.tree.layout();
    for step in plan.steps.iter().filter(|step| step.operation == Operation::Forget) {
        if let Ok(source) = fingerprint::of_folder(&layout.source(&step.module)) {
            noting
                .lock
                .writer()
                .record(&Removed { module: step.module.clone(), source })
                .or_else(full)
                .map_err(kept)?;
        }
    }
    Ok(())
}

/// A removal goes on without its note where there is no room for one: it may be what makes room.
fn full(error: std::io::Error) -> std::io::Result<()> {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Ok(()),
        _ => Err(error),
    }
}

/// Whether a package brings the source: an event says so, or a package's script adds what a package holds.
fn is_brought(module: &ModuleId, wish: &Wish, app: &App) -> bool {
    matches!(wish, Wish::Reconcile { .. } | Wish::ModuleArrived { .. })
        || (is_in_a_transaction(app) && ownership::owner(&app.system, &named_conf(module, app)).is_some())
}

/// dkms.conf of a module in the source tree, as packages name it.
fn named_conf(module: &ModuleId, app: &App) -> PathBuf {
    app.tree.layout().source_tree_name().join(module.source_folder()).join("dkms.conf")
}

/// Takes back the notes of what was not removed after all, and keeps anew what the removal of a version will need that
/// was built from a changed source.
pub(crate) fn note(
    plan: &Plan,
    outcomes: &[(StepId, Outcome)],
    snapshot: &Snapshot,
    noting: &Noting<'_>,
) -> Result<()> {
    let layout = noting.app.tree.layout();
    let mut renewed = BTreeSet::new();
    for (id, outcome) in outcomes {
        let Some(step) = plan.steps.get(id.0) else { continue };
        let module = &step.module;
        match step.operation {
            Operation::Forget if !matches!(outcome, Outcome::Done) => {
                noting.lock.writer().drop_record::<Removed>(module, None).map_err(kept)?;
            }
            Operation::Build | Operation::Adopt if records::one::<Brought>(layout, module, None).is_some() => {
                renewed.insert(module);
            }
            _ => {}
        }
    }
    renewed.into_iter().try_for_each(|id| keep(id, snapshot, noting))
}

fn kept(error: std::io::Error) -> Error {
    Error::io("cannot keep a note in the DKMS tree", error)
}

/// Notes whose a version is, and copies what its removal will need; copies that cannot be made are no reason to fail.
fn keep(id: &ModuleId, snapshot: &Snapshot, noting: &Noting<'_>) -> Result<()> {
    let app = noting.app;
    let note = Brought { module: id.clone(), owner: ownership::owner(&app.system, &named_conf(id, app)) };
    let writer = noting.lock.writer();
    let Err(error) = writer.keep_brought(&note, &originals(id, snapshot, app)) else { return Ok(()) };
    app.reporter.warn(format!("what the removal of {id} will need could not be kept: {error}"));
    writer.record(&note).map_err(kept)
}

/// dkms.conf, the overrides and the POST_REMOVE scripts, of which a dkms.conf may name one for each kernel.
fn originals(id: &ModuleId, snapshot: &Snapshot, app: &App) -> Originals {
    let source = app.tree.layout().source(id);
    let loaded =
        snapshot.confs.iter().filter(|((module, _), _)| module == id).filter_map(|(_, conf)| conf.as_ref().ok());
    let mut commands: BTreeSet<String> = loaded.filter_map(|loaded| loaded.conf.scripts.post_remove.clone()).collect();
    if commands.is_empty() {
        // No kernel is here: what can be known without one.
        let context = Context::without_kernel(crate::sys::processors(), &[]);
        let partial = conf::load_lenient(&app.system, &app.framework, &source.join("dkms.conf"), &context).ok();
        commands.extend(partial.and_then(|partial| partial.raw.get("POST_REMOVE")?.get(&0).cloned()));
    }
    let script = |command: &String| hook::script(&app.system, &id.name, command, &source);
    Originals {
        conf: source.join("dkms.conf"),
        overrides: overrides::all(&app.system, &id.name, &id.version),
        scripts: commands.iter().filter_map(script).collect(),
    }
}

/// Notes which builds failed, and from what; a build that ends well takes the note of an earlier failure away.
pub(crate) fn note_tried(
    plan: &Plan,
    outcomes: &[(StepId, Outcome)],
    snapshot: &Snapshot,
    noting: &Noting<'_>,
) -> Result<()> {
    let is_build = |step: &&Step| step.operation == Operation::Build;
    for (id, outcome) in outcomes {
        let Some(step) = plan.steps.get(id.0).filter(is_build) else { continue };
        let Some(target) = &step.target else { continue };
        let kept = match outcome {
            Outcome::Failed(error) if error.kind() != Kind::Interrupted => {
                let is_lasting = error.kind().is_of_the_source() && !builds_on_others(step, target, snapshot);
                note_failed((step, target), error, is_lasting, noting)
            }
            Outcome::Done => noting.lock.writer().drop_record::<Tried>(&step.module, Some(target)),
            _ => Ok(()),
        };
        kept.map_err(|error| Error::io("cannot keep a note in the DKMS tree", error))?;
    }
    Ok(())
}

/// Whether it builds on other modules, which may come in another version; also where its dkms.conf does not tell.
fn builds_on_others(step: &Step, target: &Target, snapshot: &Snapshot) -> bool {
    match snapshot.conf(&step.module, target) {
        Some(Ok(loaded)) => !loaded.conf.build_depends.is_empty(),
        Some(Err(_)) => false,
        None => true,
    }
}

fn note_failed(
    (step, target): (&Step, &Target),
    error: &Error,
    is_lasting: bool,
    noting: &Noting<'_>,
) -> std::io::Result<()> {
    let transaction = process::transaction();
    if transaction.is_none() && !is_lasting {
        return Ok(());
    }
    let Some(inputs) = noting.app.inputs_of(&step.module, target) else { return Ok(()) };
    let (module, target) = (step.module.clone(), target.clone());
    let absent = absent::named_in(&error.in_one_line(), &noting.app.system);
    noting.lock.writer().record(&Tried { module, target, transaction, is_lasting, inputs, absent })
}

/// Whether a package manager's script runs us: what it removes it may bring back in the same transaction.
fn is_in_a_transaction(app: &App) -> bool {
    app.system.variable("DPKG_MAINTSCRIPT_PACKAGE").is_some()
        || process::transaction().is_some()
        || process::outermost(&["packagekitd"]).is_some()
}
