//! Completes what a dead run left half done, before anything else is planned on top of it.

use crate::snapshot::Snapshot;
use crate::step::{Operation, Plan};
use crate::tree::intent::Doing;

/// The steps that bring interrupted installs and uninstalls to their end, and take away what a package that has gone left.
pub(crate) fn complete(snapshot: &Snapshot) -> Plan {
    let mut plan = Plan::default();
    for intent in &snapshot.interrupted {
        let built = snapshot.module(&intent.id).is_some_and(|entry| entry.build(&intent.target).is_some());
        let operation = match intent.doing {
            Doing::Install if built => Operation::Install,
            _ => Operation::Uninstall,
        };
        let why = "an earlier run was interrupted here";
        plan.push(intent.id.clone(), Some(intent.target.clone()), operation, why, Vec::new());
    }
    plan.append(super::succession::departed(snapshot));
    plan
}
