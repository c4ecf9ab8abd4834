//! Which version of which module a kernel gets.

use std::collections::BTreeMap;

use crate::exit::Kind;
use crate::ids::{ModuleId, ModuleName, Target};
use crate::snapshot::Snapshot;
use crate::step::scope::Only;
use crate::step::{Plan, Policy, Reason, StepId, Switch};
use crate::tree::{ModuleEntry, VersionState};

use super::graph::{Blocked, Dependencies};
use super::lifecycle::{LOST, Making, NOT_SIGNED, put};
use super::refusal::{self, already, refused};
use super::{prebuilt, rivals};

/// Why an installed module is installed.
pub(super) const EARLIER_BUILD: &str = "the kernel has an earlier build of it";

/// [`autoinstall`] for one kernel after the other. What is said of no kernel in particular is said once.
pub(crate) fn on_each(targets: &[Target], snapshot: &Snapshot, policy: &Policy) -> Plan {
    let mut plan = Plan::default();
    for target in targets {
        let mut own = autoinstall(target, snapshot, policy);
        own.omissions.retain(|omission| omission.target.is_some() || !plan.omissions.contains(omission));
        plan.append(own);
    }
    plan
}

/// The newest version of every AUTOINSTALL module, installed for this kernel; dependencies first.
pub(crate) fn autoinstall(target: &Target, snapshot: &Snapshot, policy: &Policy) -> Plan {
    autoinstall_of(&|_| true, target, snapshot, policy)
}

/// The same of those modules that are meant.
pub(super) fn autoinstall_of(
    meant: &dyn Fn(&ModuleId) -> bool,
    target: &Target,
    snapshot: &Snapshot,
    policy: &Policy,
) -> Plan {
    let mut plan = Plan::default();
    tell_broken(&mut plan, meant, snapshot);
    let mut wanted = BTreeMap::new();
    for (name, entry) in snapshot.newest().into_iter().filter(|(_, entry)| meant(&entry.id)) {
        let is_auto = refusal::conf(&entry.id, target, snapshot).is_ok_and(|loaded| loaded.conf.autoinstall);
        if is_auto && prebuilt::stands_back(&mut plan, &entry.id, target, snapshot, policy) {
            continue;
        }
        match verdict(entry, target, snapshot, policy) {
            Ok(()) => {
                wanted.insert(name, entry);
            }
            Err(reason) => plan.omit(Some(entry.id.clone()), Some(target.clone()), reason),
        }
    }
    schedule(&mut plan, &wanted, target, snapshot, policy, "it is missing on this kernel");
    plan
}

/// Installs for one kernel what is installed for another.
pub(crate) fn like(
    target: &Target,
    template: &Target,
    only: Option<&Only>,
    snapshot: &Snapshot,
    policy: &Policy,
) -> Plan {
    let mut plan = Plan::default();
    let meant = |entry: &&ModuleEntry| only.is_none_or(|only| only.means(&entry.id));
    if let Some(only) = only.filter(|_| !snapshot.modules.iter().any(|entry| meant(&entry))) {
        let reason = refused(Kind::NotInTree, format!("{only} is not in the DKMS tree"));
        plan.omit(None, Some(target.clone()), reason);
        return plan;
    }
    let mut wanted = BTreeMap::new();
    for entry in snapshot.modules.iter().filter(meant) {
        if !entry.build(template).is_some_and(|build| build.installed) {
            continue;
        }
        if entry.build(target).is_some_and(|build| build.installed) {
            let text = format!("{} is already installed on kernel {target}", entry.id);
            plan.omit(Some(entry.id.clone()), Some(target.clone()), already(text));
            continue;
        }
        wanted.insert(entry.id.name.clone(), entry);
    }
    schedule(&mut plan, &wanted, target, snapshot, policy, &format!("it is installed on kernel {}", template.kernel));
    plan
}

/// One whose package has gone is about to leave, and serves until then.
fn tell_broken(plan: &mut Plan, meant: &dyn Fn(&ModuleId) -> bool, snapshot: &Snapshot) {
    let is_told = |id: &ModuleId| meant(id) && !snapshot.abandoned.contains(id);
    for entry in snapshot.modules.iter().filter(|entry| is_told(&entry.id)) {
        if let VersionState::Broken { why } = &entry.state {
            plan.omit(Some(entry.id.clone()), None, refusal::broken(&entry.id, why));
        }
    }
}

/// Whether autoinstall takes this module up; if not, why.
fn verdict(entry: &ModuleEntry, target: &Target, snapshot: &Snapshot, policy: &Policy) -> Result<(), Reason> {
    let id = &entry.id;
    let changes = may_be_renewed(id, target, snapshot)
        || may_be_signed(id, target, snapshot)
        || snapshot.has_earlier_build(id, target)
        || snapshot.has_lost_files(id, target);
    if snapshot.installed(&id.name, target) == Some(id) && !changes {
        if let Some(reason) = rivals::displaced(id, target, snapshot) {
            return Err(reason);
        }
        return Err(already(format!("{id} is already installed on kernel {target}")));
    }
    let loaded = refusal::conf(id, target, snapshot)?;
    if !loaded.conf.autoinstall {
        return Err(already(format!("{id} does not ask for AUTOINSTALL")));
    }
    if let Some(reason) = refusal::fact(id, target, snapshot, policy)
        .or_else(|| rivals::yields(entry, target, snapshot))
        .or_else(|| refusal::read_only(id, target, snapshot))
    {
        return Err(reason);
    }
    if entry.build(target).is_some() {
        return Ok(());
    }
    if snapshot.tried.contains(&(id.clone(), target.clone())) {
        let text = format!(
            "{id} failed for kernel {target}, and nothing that it is built from has changed since: it is not built again; \
             `dkms reconcile` tries it"
        );
        return Err(already(text));
    }
    refusal::build(id, target, snapshot).map_or(Ok(()), Err)
}

/// Whether something that a build was made from has changed, and it can be made again now.
fn may_be_renewed(id: &ModuleId, target: &Target, snapshot: &Snapshot) -> bool {
    snapshot.changed_since(id, target).is_some() && refusal::build(id, target, snapshot).is_none()
}

/// Whether an unsigned build can be signed now; that is a step of its build.
fn may_be_signed(id: &ModuleId, target: &Target, snapshot: &Snapshot) -> bool {
    snapshot.unsigned.contains(&(id.clone(), target.clone())) && refusal::build(id, target, snapshot).is_none()
}

/// Steps for the wanted modules, dependencies first, independent ones side by side.
pub(super) fn schedule(
    plan: &mut Plan,
    wanted: &BTreeMap<ModuleName, &ModuleEntry>,
    target: &Target,
    snapshot: &Snapshot,
    policy: &Policy,
    why: &str,
) {
    let order = dependencies(wanted, target, snapshot, policy).order();
    let mut last: BTreeMap<ModuleName, StepId> = BTreeMap::new();
    for name in &order.ready {
        let Some(entry) = wanted.get(name) else { continue };
        let needs = build_depends(&entry.id, target, snapshot);
        let after = needs.iter().filter_map(|need| last.get(need)).copied().collect();
        if let Some(step) = one(plan, entry, target, after, snapshot, why) {
            last.insert(name.clone(), step);
        }
    }
    for (name, blocked) in &order.blocked {
        let Some(entry) = wanted.get(name) else { continue };
        plan.omit(Some(entry.id.clone()), Some(target.clone()), blocked_reason(&entry.id, target, blocked));
    }
}

fn dependencies<'s>(
    wanted: &'s BTreeMap<ModuleName, &'s ModuleEntry>,
    target: &Target,
    snapshot: &'s Snapshot,
    policy: &Policy,
) -> Dependencies<'s> {
    let force = policy.has(Switch::Force);
    let needs = |entry: &ModuleEntry| if force { &[][..] } else { build_depends(&entry.id, target, snapshot) };
    Dependencies {
        wanted: wanted.iter().map(|(name, entry)| (name, needs(entry))).collect(),
        satisfied: snapshot
            .modules
            .iter()
            .map(|entry| &entry.id.name)
            .filter(|name| !wanted.contains_key(*name) && snapshot.installed(name, target).is_some())
            .collect(),
        registered: snapshot.modules.iter().filter(|entry| !entry.is_broken()).map(|entry| &entry.id.name).collect(),
    }
}

fn build_depends<'s>(id: &ModuleId, target: &Target, snapshot: &'s Snapshot) -> &'s [ModuleName] {
    match snapshot.conf(id, target) {
        Some(Ok(loaded)) => &loaded.conf.build_depends,
        _ => &[],
    }
}

/// Build (unless built) and install of one module.
fn one(
    plan: &mut Plan,
    entry: &ModuleEntry,
    target: &Target,
    mut after: Vec<StepId>,
    snapshot: &Snapshot,
    why: &str,
) -> Option<StepId> {
    let id = &entry.id;
    let changed = snapshot.changed_since(id, target).filter(|_| may_be_renewed(id, target, snapshot));
    let why = match changed {
        Some(changed) => format!("changed since it was built: {changed}"),
        None if may_be_signed(id, target, snapshot) => NOT_SIGNED.to_owned(),
        None if snapshot.has_earlier_build(id, target) => EARLIER_BUILD.to_owned(),
        None if snapshot.has_lost_files(id, target) => LOST.to_owned(),
        None => why.to_owned(),
    };
    let is_made = may_be_renewed(id, target, snapshot) || may_be_signed(id, target, snapshot);
    if entry.build(target).is_none() || is_made {
        if let Some(reason) = refusal::build(id, target, snapshot) {
            plan.omit(Some(id.clone()), Some(target.clone()), reason);
            return None;
        }
        let operation = crate::step::Operation::Build;
        after = vec![plan.push(id.clone(), Some(target.clone()), operation, why.clone(), after)];
    }
    put(plan, Making { id, target, after, why }, snapshot)
}

/// Why a module that cannot be built for this kernel is left out.
pub(super) fn blocked_reason(id: &ModuleId, target: &Target, blocked: &Blocked) -> Reason {
    match blocked {
        Blocked::Deferred { on } => Reason::Pending {
            on: on.to_string(),
            case: Kind::DependencyMissing,
            text: format!("{id} waits for the module {on}, which is not registered; it is built when {on} arrives"),
        },
        Blocked::Unmet { on } => refusal::dependency(id, target, std::slice::from_ref(on)),
        Blocked::Circular { path } => {
            let path = path.iter().map(ModuleName::as_str).collect::<Vec<_>>().join(" → ");
            refused(Kind::DependencyMissing, format!("{id} depends on itself: {path}"))
        }
    }
}
