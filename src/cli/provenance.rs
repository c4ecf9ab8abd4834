//! Who brought a version and who took it away: noted, so that what a package left can be told from what a person did.

use crate::error::{Error, Result};
use crate::ids::ModuleId;
use crate::request::Wish;
use crate::snapshot;
use crate::step::{AddSource, Operation, Outcome, Plan, StepId};
use crate::sys::{fingerprint, process};
use crate::tree::TreeLock;
use crate::tree::records::{Brought, Removed, Tried};

use super::pipeline::App;

/// What a run works with.
pub struct Noting<'a> {
    /// The program.
    pub app: &'a App,
    /// The tree's lock.
    pub lock: &'a TreeLock,
}

/// Notes what packages bring. Before it is done: a run that dies afterwards must not leave a source of which nobody knows
/// that it goes with its package.
pub fn note_arrivals(plan: &Plan, wish: &Wish, noting: &Noting<'_>) -> Result<()> {
    let writer = noting.lock.writer();
    let kept = |error| Error::io("cannot keep a note in the DKMS tree", error);
    for step in &plan.steps {
        let Operation::Add(source) = &step.operation else { continue };
        writer.drop_record::<Removed>(&step.module, None).map_err(kept)?;
        if *source == AddSource::SourceTree && is_brought(&step.module, wish, noting.app) {
            writer.record(&Brought { module: step.module.clone() }).map_err(kept)?;
        }
    }
    Ok(())
}

/// Whether a package brings the source: an event says so, or a package's script adds what a package holds.
fn is_brought(module: &ModuleId, wish: &Wish, app: &App) -> bool {
    let layout = app.tree.layout();
    let conf = || layout.source_tree_name().join(module.source_folder()).join("dkms.conf");
    matches!(wish, Wish::Reconcile { .. } | Wish::ModuleArrived { .. })
        || (is_in_a_transaction(app) && snapshot::is_owned(&app.system, &conf()))
}

/// Notes what a person removed while its source is still there.
pub fn note(plan: &Plan, outcomes: &[(StepId, Outcome)], wish: &Wish, noting: &Noting<'_>) -> Result<()> {
    let by_a_person = matches!(wish, Wish::Remove { .. }) && !is_in_a_transaction(noting.app);
    let writer = noting.lock.writer();
    let kept = |error| Error::io("cannot keep a note in the DKMS tree", error);
    for (id, _) in outcomes.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Done)) {
        let Some(step) = plan.steps.get(id.0) else { continue };
        let module = &step.module;
        if step.operation == Operation::Forget && by_a_person {
            let folder = noting.app.tree.layout().source(module);
            if let Ok(source) = fingerprint::of_folder(&folder) {
                writer.record(&Removed { module: module.clone(), source }).map_err(kept)?;
            }
        }
    }
    Ok(())
}

/// Notes which builds failed in this transaction, and from what.
pub fn note_tried(plan: &Plan, outcomes: &[(StepId, Outcome)], noting: &Noting<'_>) -> Result<()> {
    let failed = |(id, outcome): &(StepId, Outcome)| {
        plan.steps.get(id.0).filter(|step| matches!(outcome, Outcome::Failed(_)) && step.operation == Operation::Build)
    };
    let mut failed = outcomes.iter().filter_map(failed).peekable();
    let Some(transaction) = failed.peek().and_then(|_| process::transaction()) else { return Ok(()) };
    for step in failed {
        let Some(target) = &step.target else { continue };
        if let Some(inputs) = noting.app.inputs_of(&step.module, target) {
            let tried = Tried { module: step.module.clone(), target: target.clone(), transaction, inputs };
            let kept = noting.lock.writer().record(&tried);
            kept.map_err(|error| Error::io("cannot keep a note in the DKMS tree", error))?;
        }
    }
    Ok(())
}

/// Whether a package manager's script runs us: what it removes it may bring back in the same transaction.
fn is_in_a_transaction(app: &App) -> bool {
    app.system.variable("DPKG_MAINTSCRIPT_PACKAGE").is_some()
        || process::transaction().is_some()
        || process::outermost(&["packagekitd"]).is_some()
}
