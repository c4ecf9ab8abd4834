//! A package brought a module: new, changed, or the same again.

use crate::ids::{ModuleId, ModuleName, Target};
use crate::snapshot::Snapshot;
use crate::step::{AddSource, Plan, Policy, Reason, StepId};
use crate::tree::VersionState;

use super::autoinstall::{EARLIER_BUILD, blocked_reason};
use super::graph::Blocked;
use super::lifecycle::{Making, ensure_registered, make, put};
use super::prebuilt;
use super::refusal::{self, already};
use super::succession;
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
    succession::replaced_by(&mut plan, id, snapshot);
    plan
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
            if prebuilt::stands_back(plan, id, target, snapshot, policy) {
                return;
            }
            let is_installed = snapshot.module(id).is_some_and(|entry| entry.is_installed_on(target));
            if let Some(fact) = refusal::fact(id, target, snapshot, policy).filter(|_| !is_installed) {
                return plan.omit(Some(id.clone()), Some(target.clone()), fact);
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
    // Each event of a transaction would fail in the same way.
    if build.is_none() && !is_replaced && snapshot.tried.contains(&(id.clone(), target.clone())) {
        let text = format!("{id} failed for kernel {target} in this transaction, from the same source");
        return plan.omit(Some(id.clone()), Some(target.clone()), already(text));
    }
    if let Some(reason) = refusal::read_only(id, target, snapshot) {
        return plan.omit(Some(id.clone()), Some(target.clone()), reason);
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

/// The new source is not for this kernel: what an older one put there goes where the kernel's own module comes back for it.
fn excluded(plan: &mut Plan, id: &ModuleId, target: &Target, why: &str, snapshot: &Snapshot) {
    let text = format!("{id} is not for kernel {}: {why}", target.kernel);
    let case = crate::exit::Kind::Excluded;
    plan.omit(Some(id.clone()), Some(target.clone()), Reason::Refused { case, text, hints: Vec::new() });
    let Some((entry, build)) = snapshot.module(id).and_then(|entry| Some((entry, entry.build(target)?))) else {
        return;
    };
    if build.installed && !build.has_original {
        let text = format!("what kernel {} has of {id} stays: nothing would take its place", target.kernel);
        plan.omit(Some(id.clone()), Some(target.clone()), already(text));
    } else {
        take_away(plan, entry, target, "the new source excludes this kernel");
    }
}
