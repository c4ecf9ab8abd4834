//! Who brought a version and who took it away: noted, so that what a package left can be told from what a person did.

use crate::error::{Error, Result};
use crate::request::Wish;
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

/// Notes what packages brought, and what a person removed while its source is still there.
pub fn note(plan: &Plan, outcomes: &[(StepId, Outcome)], wish: &Wish, noting: &Noting<'_>) -> Result<()> {
    let by_a_package = matches!(wish, Wish::Reconcile { .. } | Wish::ModuleArrived { .. });
    let by_a_person = matches!(wish, Wish::Remove { .. }) && !is_in_a_transaction(noting.app);
    let writer = noting.lock.writer();
    let kept = |error| Error::io("cannot keep a note in the DKMS tree", error);
    for (id, _) in outcomes.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Done)) {
        let Some(step) = plan.steps.get(id.0) else { continue };
        let module = &step.module;
        match step.operation {
            Operation::Add(ref source) => {
                writer.drop_record::<Removed>(module, None).map_err(kept)?;
                if by_a_package && *source == AddSource::SourceTree {
                    writer.record(&Brought { module: module.clone() }).map_err(kept)?;
                }
            }
            Operation::Forget if by_a_person => {
                let folder = noting.app.tree.layout().source(module);
                if let Ok(source) = fingerprint::of_folder(&folder) {
                    writer.record(&Removed { module: module.clone(), source }).map_err(kept)?;
                }
            }
            _ => {}
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
