//! Builds of another DKMS, which are taken over as they are.

use crate::ids::{ModuleId, Target};
use crate::snapshot::Snapshot;
use crate::step::{Operation, Plan};

/// Appends a step for each of them that the plan neither makes anew nor takes away.
pub(crate) fn adopt(plan: &mut Plan, snapshot: &Snapshot) {
    for (id, target) in &snapshot.adoptable {
        if !changes(plan, id, target) {
            let why = "another DKMS built it; its changes are to be noticed from now on";
            plan.push(id.clone(), Some(target.clone()), Operation::Adopt, why, Vec::new());
        }
    }
}

fn changes(plan: &Plan, id: &ModuleId, target: &Target) -> bool {
    plan.steps.iter().any(|step| {
        let same = step.module == *id && step.target.as_ref().is_none_or(|other| other == target);
        same && matches!(step.operation, Operation::Build | Operation::Unbuild | Operation::Forget)
    })
}
