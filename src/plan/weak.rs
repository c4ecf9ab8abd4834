//! Kernels that use a build of another kernel by links of weak-modules, when that other kernel goes: each that has headers
//! gets a build of its own first, from which weak-modules links those that have none. Where nobody has headers, the loss is
//! named.

use std::collections::BTreeMap;

use crate::exit::Kind;
use crate::ids::{ModuleId, ModuleName, Target};
use crate::snapshot::Snapshot;
use crate::step::{Plan, Policy, Reason, StepId};
use crate::tree::ModuleEntry;

use super::autoinstall::schedule;
use super::refusal::headers_package;

/// The installs that have to be done before the builds of a kernel are taken away.
pub(super) type Kept = BTreeMap<ModuleId, Vec<StepId>>;

/// Adds builds and installs for the kernels that are linked to the modules of a leaving one, for those of these entries that
/// it has.
pub(super) fn keep<'s>(
    plan: &mut Plan,
    leaving: &Target,
    entries: impl Iterator<Item = &'s ModuleEntry>,
    snapshot: &Snapshot,
    policy: &Policy,
) -> Kept {
    let mut linked: BTreeMap<Target, BTreeMap<ModuleName, &ModuleEntry>> = BTreeMap::new();
    for entry in entries.filter(|entry| !entry.is_broken()) {
        for target in entry.links_to(leaving).filter(|target| !snapshot.gone.contains(target)) {
            linked.entry(target).or_default().insert(entry.id.name.clone(), entry);
        }
    }
    let mut kept = Kept::new();
    for (target, modules) in linked.iter().filter(|(target, _)| snapshot.has_headers(target)) {
        let before = plan.steps.len();
        let why = format!("it has used the build for kernel {}, which leaves", leaving.kernel);
        schedule(plan, modules, target, snapshot, policy, &why);
        for step in &plan.steps[before..] {
            kept.entry(step.module.clone()).or_default().push(step.id);
        }
    }
    for (target, modules) in &linked {
        for entry in modules.values().filter(|entry| !kept.contains_key(&entry.id)) {
            if !snapshot.has_headers(target) {
                plan.omit(Some(entry.id.clone()), Some(target.clone()), loss(&entry.id, target, leaving, snapshot));
            }
        }
    }
    kept
}

fn loss(id: &ModuleId, target: &Target, leaving: &Target, snapshot: &Snapshot) -> Reason {
    Reason::Pending {
        on: headers_package(target, snapshot),
        case: Kind::HeadersMissing,
        text: format!(
            "kernel {} loses {id}: it used the build for kernel {}, which leaves, and has no headers for one of its own",
            target.kernel, leaving.kernel
        ),
    }
}
