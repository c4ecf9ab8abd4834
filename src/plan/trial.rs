//! What kernels and sources that are about to come would lead to, without anything being put under a kernel.

use crate::ids::ModuleId;
use crate::snapshot::Snapshot;
use crate::step::scope::Trial;
use crate::step::{Operation, Plan, Policy};

use super::autoinstall::autoinstall_of;

/// Every AUTOINSTALL module for the kernels that come, and the sources that come for those that are there.
pub(crate) fn of(trial: &Trial, snapshot: &Snapshot, policy: &Policy) -> Plan {
    let snapshot = afterwards(trial, snapshot);
    let is_meant = |id: &ModuleId| trial.only.is_empty() || trial.only.contains(&id.name);
    let is_fresh = |id: &ModuleId| is_meant(id) && trial.fresh.contains(id);
    let mut plan = Plan::default();
    for target in &trial.coming {
        plan.append(autoinstall_of(&is_meant, target, &snapshot, policy));
    }
    for target in trial.present.iter().filter(|target| !trial.coming.contains(target)) {
        plan.append(autoinstall_of(&is_fresh, target, &snapshot, policy));
    }
    plan
}

/// The disk as it will be: without what leaves, and of each module that comes without its other versions.
fn afterwards(trial: &Trial, snapshot: &Snapshot) -> Snapshot {
    let mut snapshot = snapshot.clone();
    let is_replaced =
        |id: &ModuleId| !trial.fresh.contains(id) && trial.fresh.iter().any(|fresh| fresh.name == id.name);
    snapshot.modules.retain(|entry| !trial.leaving.contains(&entry.id) && !is_replaced(&entry.id));
    // The world that preflight makes can be written nowhere, and nothing is put there.
    snapshot.kernels.values_mut().for_each(|kernel| kernel.read_only = false);
    snapshot
}

/// A build that others need counts as installed; no kernel gets it.
pub(crate) fn put_nothing_in_place(plan: &mut Plan) {
    for step in plan.steps.iter_mut().filter(|step| step.operation == Operation::Install) {
        step.operation = Operation::Serve;
    }
}
