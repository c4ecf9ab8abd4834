//! Versions whose package has gone or is being replaced. Where another version is to take over, a kernel gives up the old one
//! only for a module of that name that it has or gets: what is not done, for whatever reason, takes nothing away.

use crate::ids::{ModuleId, Target};
use crate::snapshot::Snapshot;
use crate::step::{Operation, Plan, StepId};
use crate::tree::{Build, ModuleEntry};

use super::refusal::already;

/// Takes away versions whose package has gone and that have no successor: one that is about to arrive takes them away
/// itself, when it is in place. A source that a person deleted is another matter: its package holds it still.
pub(crate) fn departed(snapshot: &Snapshot) -> Plan {
    let mut plan = Plan::default();
    let departs = |id: &ModuleId| !snapshot.has_successor(id) && !snapshot.held.contains(id);
    for leaving in snapshot.leaving.iter().filter(|leaving| departs(&leaving.id)) {
        if let Some(entry) = snapshot.module(&leaving.id)
            && entry.is_broken()
        {
            let leaver = Leaver { entry, is_succeeded: false, why: "its package has gone".to_owned() };
            forget(&mut plan, &leaver, snapshot, &|_| true);
        }
    }
    plan
}

/// Forgets a version whose package has gone, as far as these kernels are concerned.
pub(super) fn abandon(plan: &mut Plan, id: &ModuleId, snapshot: &Snapshot, touches: &dyn Fn(&Target) -> bool) {
    if let Some(entry) = snapshot.module(id) {
        let is_succeeded = snapshot.has_successor(id);
        forget(plan, &Leaver { entry, is_succeeded, why: "its package has gone".to_owned() }, snapshot, touches);
    }
}

/// Forgets the versions that the package of this one brought before.
pub(super) fn replaced_by(plan: &mut Plan, id: &ModuleId, snapshot: &Snapshot) {
    for leaving in snapshot.leaving.iter().filter(|leaving| leaving.id.name == id.name && leaving.id != *id) {
        if let Some(entry) = snapshot.module(&leaving.id) {
            let leaver = Leaver { entry, is_succeeded: true, why: format!("{id} has taken its place") };
            forget(plan, &leaver, snapshot, &|_| true);
        }
    }
}

/// A version that is to be forgotten.
struct Leaver<'a> {
    entry: &'a ModuleEntry,
    /// Whether another version is to take its place.
    is_succeeded: bool,
    why: String,
}

/// What becomes of a build of a version that is to be forgotten.
enum Fate {
    /// The kernel does not have it, or is to have none any more.
    Goes,
    /// Another version takes its place in this step.
    GoesAfter(StepId),
    Stays,
}

fn forget(plan: &mut Plan, leaver: &Leaver<'_>, snapshot: &Snapshot, touches: &dyn Fn(&Target) -> bool) {
    let (entry, id, why) = (leaver.entry, &leaver.entry.id, leaver.why.as_str());
    let mut gone = Vec::new();
    let mut is_left = false;
    for build in &entry.builds {
        let target = &build.target;
        if !touches(target) {
            is_left = true;
            continue;
        }
        let mut after = Vec::new();
        match fate(plan, leaver, build, snapshot) {
            Fate::Stays => {
                let text = format!("{id} stays on kernel {target} until its successor is installed for it");
                plan.omit(Some(id.clone()), Some(target.clone()), already(text));
                is_left = true;
                continue;
            }
            Fate::GoesAfter(step) => after.push(step),
            Fate::Goes if build.installed => {
                after.push(plan.push(id.clone(), Some(target.clone()), Operation::Uninstall, why, Vec::new()));
            }
            Fate::Goes => {}
        }
        gone.push(plan.push(id.clone(), Some(target.clone()), Operation::Unbuild, why, after));
    }
    if !is_left {
        plan.push(id.clone(), None, Operation::Forget, why, gone);
    }
}

/// A kernel has one version of a module at a time: a build that is not installed is not what it runs with.
fn fate(plan: &Plan, leaver: &Leaver<'_>, build: &Build, snapshot: &Snapshot) -> Fate {
    let (id, target) = (&leaver.entry.id, &build.target);
    if let Some(step) = successor_step(plan, id, target) {
        return Fate::GoesAfter(step);
    }
    let is_free = !build.installed || snapshot.gone.contains(target) || !leaver.is_succeeded;
    if is_free || gives_way_to_the_kernels_own(id, build, snapshot) { Fate::Goes } else { Fate::Stays }
}

fn successor_step(plan: &Plan, id: &ModuleId, target: &Target) -> Option<StepId> {
    let replaces = |step: &&crate::step::Step| {
        let is_other = step.module.name == id.name && step.module != *id;
        is_other && step.operation == Operation::Install && step.target.as_ref() == Some(target)
    };
    plan.steps.iter().find(replaces).map(|step| step.id)
}

/// Whether the successor is not for this kernel, and the kernel has a module of its own that was put aside.
fn gives_way_to_the_kernels_own(id: &ModuleId, build: &Build, snapshot: &Snapshot) -> bool {
    let excludes = |entry: &ModuleEntry| matches!(snapshot.conf(&entry.id, &build.target), Some(Ok(loaded)) if loaded.conf.exclusion().is_some());
    build.has_original && snapshot.newest().get(&id.name).is_some_and(|entry| excludes(entry))
}
