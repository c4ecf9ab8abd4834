//! Notes that are dropped because what they are about has come to its end.

use crate::error::{Error, Result};
use crate::request::Wish;
use crate::snapshot::Snapshot;
use crate::step::{Operation, Outcome, Plan, Step, StepId};
use crate::tree::TreeLock;
use crate::tree::records::{Failure, Removed, Tried};

/// Notes of leaving versions go when the version is forgotten, or added again.
pub(crate) fn forget_leavers(plan: &Plan, outcomes: &[(StepId, Outcome)], wish: &Wish, lock: &TreeLock) -> Result<()> {
    let done = outcomes.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Done));
    let settles = |step: &&Step| matches!(step.operation, Operation::Add(_) | Operation::Forget);
    let settled = done.filter_map(|(id, _)| plan.steps.get(id.0)).filter(settles);
    let arrived = match wish {
        Wish::ModuleArrived { id, .. } => Some(id),
        _ => None,
    };
    for id in settled.map(|step| &step.module).chain(arrived) {
        lock.writer().forget_leaving(id).map_err(|error| Error::io("cannot clear a note", error))?;
    }
    Ok(())
}

/// Notes of leaving go, too, when the version is seen to have stayed, and others when what they are about has gone.
pub(crate) fn forget_what_is_over(snapshot: &Snapshot, lock: &TreeLock) -> Result<()> {
    let failed = |error| Error::io("cannot clear a note", error);
    for id in &snapshot.stayed {
        lock.writer().forget_leaving(id).map_err(failed)?;
    }
    for (id, target) in &snapshot.moot {
        match target {
            Some(_) => {
                lock.writer().drop_record::<Failure>(id, target.as_ref()).map_err(failed)?;
                lock.writer().drop_record::<Tried>(id, target.as_ref()).map_err(failed)?;
            }
            None => lock.writer().drop_record::<Removed>(id, None).map_err(failed)?,
        }
    }
    Ok(())
}
