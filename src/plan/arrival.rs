//! A package brought a module: new, changed, or the same again.

use std::collections::BTreeSet;

use crate::ids::{ModuleId, ModuleName, Target};
use crate::snapshot::Snapshot;
use crate::step::{AddSource, Operation, Plan, Policy, Reason, StepId};
use crate::tree::{Build, ModuleEntry, VersionState};

use super::autoinstall::{EARLIER_BUILD, blocked_reason};
use super::graph::Blocked;
use super::lifecycle::{Making, ensure_registered, make, put};
use super::refusal::{self, already};
use super::unmake::take_away;

/// Ends with the module built from the source that is there now and installed for every one of the kernels, and with the
/// versions that the package brought before gone. What works is taken out only after its replacement is built.
pub(crate) fn module_arrived(
    id: &ModuleId,
    source: &AddSource,
    targets: &[Target],
    snapshot: &Snapshot,
    policy: &Policy,
) -> Plan {
    let mut plan = Plan::default();
    let Some(after) = registered(&mut plan, id, source, snapshot) else { return plan };
    for target in targets {
        if source.brings(target) {
            let why = "the archive brings it built".to_owned();
            put(&mut plan, Making { id, target, after: after.clone(), why }, snapshot);
            continue;
        }
        renew(&mut plan, id, source, target, &after, snapshot, policy);
    }
    if targets.is_empty() {
        let text = format!("no kernel is here; {id} is built when one arrives");
        plan.omit(Some(id.clone()), None, already(text));
    }
    old_versions(&mut plan, id, snapshot);
    plan
}

/// Takes away versions whose package has gone and that have no successor: one that is about to arrive takes them away
/// itself, when it is in place. A source that a person deleted is another matter: its package holds it still.
pub(crate) fn departed(snapshot: &Snapshot) -> Plan {
    let mut plan = Plan::default();
    let departs = |id: &ModuleId| !snapshot.succeeded.contains(&id.name) && !snapshot.held.contains(id);
    for leaving in snapshot.leaving.iter().filter(|leaving| departs(&leaving.id)) {
        if let Some(entry) = snapshot.module(&leaving.id)
            && entry.is_broken()
        {
            forget(&mut plan, entry, "its package has gone", &[]);
        }
    }
    plan
}

/// Forgets a version whose package has gone; one that the plan replaces, after it has.
pub(super) fn abandon(plan: &mut Plan, id: &ModuleId, snapshot: &Snapshot) {
    let Some(entry) = snapshot.module(id) else { return };
    let replaces = |step: &&crate::step::Step| {
        step.operation == Operation::Install && step.module.name == id.name && step.module != *id
    };
    let after: Vec<StepId> = plan.steps.iter().filter(replaces).map(|step| step.id).collect();
    forget(plan, entry, "its package has gone", &after);
}

fn registered(plan: &mut Plan, id: &ModuleId, source: &AddSource, snapshot: &Snapshot) -> Option<Vec<StepId>> {
    if matches!(source, AddSource::Archive(_)) {
        let why = "a package brought it in an archive";
        return ensure_registered(plan, id, source, why, snapshot).map(|step| vec![step]);
    }
    match snapshot.module(id).map(|entry| &entry.state) {
        Some(VersionState::Added { .. }) => Some(Vec::new()),
        known => {
            let why = if known.is_some() { "its source is back" } else { "a package brought it" };
            ensure_registered(plan, id, source, why, snapshot).map(|step| vec![step])
        }
    }
}

fn renew(
    plan: &mut Plan,
    id: &ModuleId,
    source: &AddSource,
    target: &Target,
    after: &[StepId],
    snapshot: &Snapshot,
    policy: &Policy,
) {
    match refusal::conf(id, target, snapshot) {
        Err(reason) => return plan.omit(Some(id.clone()), Some(target.clone()), reason),
        Ok(loaded) if !loaded.conf.autoinstall => {
            let text = format!("{id} does not ask for AUTOINSTALL; it is added only");
            return plan.omit(Some(id.clone()), Some(target.clone()), already(text));
        }
        Ok(loaded) => {
            if let Some(why) = loaded.conf.exclusion() {
                return excluded(plan, id, target, why, snapshot);
            }
        }
    }
    let build = snapshot.module(id).and_then(|entry| entry.build(target));
    // What an archive brings takes the place of the source that is there.
    let is_replaced = matches!(source, AddSource::Archive(_));
    let changed = snapshot.changed_since(id, target);
    let stale = is_replaced || changed.is_some();
    let is_earlier = snapshot.has_earlier_build(id, target);
    if build.is_some_and(|build| build.installed) && !stale && !is_earlier {
        let text = format!("{id} on kernel {target} was built from what is there now");
        return plan.omit(Some(id.clone()), Some(target.clone()), already(text));
    }
    let mut after = after.to_vec();
    let why = match changed {
        Some(changed) => format!("changed since it was built: {changed}"),
        None if build.is_some() && is_replaced => "an archive brings its source anew".to_owned(),
        None if is_earlier => EARLIER_BUILD.to_owned(),
        None => "a package brought it".to_owned(),
    };
    if build.is_none() || stale {
        if let Some(reason) = unregistered_dependency(id, target, snapshot, policy) {
            return plan.omit(Some(id.clone()), Some(target.clone()), reason);
        }
        let making = Making { id, target, after: after.clone(), why: why.clone() };
        let Some(step) = make(plan, making, snapshot, policy) else { return };
        after.push(step);
    }
    put(plan, Making { id, target, after, why }, snapshot);
}

/// A module that it builds on and that nobody has registered yet: its package may come later in the same transaction.
fn unregistered_dependency(id: &ModuleId, target: &Target, snapshot: &Snapshot, policy: &Policy) -> Option<Reason> {
    let loaded = refusal::conf(id, target, snapshot).ok()?;
    let missing = refusal::missing_dependencies(loaded, target, snapshot, policy);
    let is_registered = |name: &ModuleName| snapshot.versions(name).any(|entry| !entry.is_broken());
    let on = missing.into_iter().find(|name| !is_registered(name))?;
    Some(blocked_reason(id, target, &Blocked::Deferred { on }))
}

/// The new source is not for this kernel: what an older one put there goes.
fn excluded(plan: &mut Plan, id: &ModuleId, target: &Target, why: &str, snapshot: &Snapshot) {
    let text = format!("{id} is not for kernel {}: {why}", target.kernel);
    let case = crate::exit::Kind::Excluded;
    plan.omit(Some(id.clone()), Some(target.clone()), Reason::Refused { case, text, hints: Vec::new() });
    if let Some(entry) = snapshot.module(id) {
        take_away(plan, entry, target, "the new source excludes this kernel");
    }
}

/// Versions that the same package brought before leave after the new one has taken their place.
fn old_versions(plan: &mut Plan, id: &ModuleId, snapshot: &Snapshot) {
    let after: Vec<StepId> =
        plan.steps.iter().filter(|step| step.operation == Operation::Install).map(|step| step.id).collect();
    for leaving in snapshot.leaving.iter().filter(|leaving| leaving.id.name == id.name && leaving.id != *id) {
        if let Some(entry) = snapshot.module(&leaving.id) {
            forget(plan, entry, &format!("{id} has taken its place"), &after);
        }
    }
}

/// Where its successor waits for headers or another module it stays: no module is taken out before another one can be put
/// in its place.
fn forget(plan: &mut Plan, entry: &ModuleEntry, why: &str, after: &[StepId]) {
    let serves = |build: &&Build| build.installed && waits(plan, &entry.id, &build.target);
    let serving: BTreeSet<Target> = entry.builds.iter().filter(serves).map(|build| build.target.clone()).collect();
    let replaced =
        |target: &Target| after.iter().find(|step| plan.steps[step.0].target.as_ref() == Some(target)).copied();
    let goes = |build: &&Build| !serving.contains(&build.target);
    let fact = |build: &Build| (build.target.clone(), build.installed, replaced(&build.target));
    let builds: Vec<(Target, bool, Option<StepId>)> = entry.builds.iter().filter(goes).map(fact).collect();
    let mut gone = Vec::new();
    for (target, installed, replaced) in builds {
        let mut after: Vec<StepId> = replaced.into_iter().collect();
        if installed && replaced.is_none() {
            after.push(plan.push(entry.id.clone(), Some(target.clone()), Operation::Uninstall, why, Vec::new()));
        }
        gone.push(plan.push(entry.id.clone(), Some(target), Operation::Unbuild, why, after));
    }
    if serving.is_empty() {
        plan.push(entry.id.clone(), None, Operation::Forget, why, gone);
    }
    for target in serving {
        let text = format!("{} stays on kernel {} until its successor can be built for it", entry.id, target.kernel);
        plan.omit(Some(entry.id.clone()), Some(target), already(text));
    }
}

/// Whether another version is wanted on this kernel, and cannot be built for it yet.
fn waits(plan: &Plan, id: &ModuleId, target: &Target) -> bool {
    plan.omissions.iter().any(|omission| {
        let is_other = omission.module.as_ref().is_some_and(|module| module.name == id.name && module != id);
        is_other && omission.target.as_ref() == Some(target) && matches!(omission.reason, Reason::Pending { .. })
    })
}
