//! uninstall, unbuild and remove of one module, and the leaving of a kernel.

use crate::ids::{ModuleId, Target};
use crate::snapshot::Snapshot;
use crate::step::{Operation, Plan, Policy, StepId};
use crate::tree::state::is_usual_release;
use crate::tree::{Build, ModuleEntry};

use super::refusal::{already, not_in_tree};
use super::weak::{self, Kept};

/// Takes the module out of these kernels (None: every one it is installed on).
pub(crate) fn uninstall(id: &ModuleId, targets: Option<&[Target]>, snapshot: &Snapshot) -> Plan {
    let mut plan = Plan::default();
    let Some(entry) = usable(&mut plan, id, snapshot) else { return plan };
    for target in chosen(entry, targets) {
        if entry.build(&target).is_some_and(|build| build.installed) {
            plan.push(id.clone(), Some(target), Operation::Uninstall, "asked for", Vec::new());
        } else {
            let text = format!("{id} is not installed on kernel {target}");
            plan.omit(Some(id.clone()), Some(target), already(text));
        }
    }
    plan
}

/// Deletes the builds for these kernels (None: every one).
pub(crate) fn unbuild(id: &ModuleId, targets: Option<&[Target]>, snapshot: &Snapshot) -> Plan {
    let mut plan = Plan::default();
    let Some(entry) = usable(&mut plan, id, snapshot) else { return plan };
    for target in chosen(entry, targets) {
        if take_away(&mut plan, entry, &target, "asked for").is_none() {
            let text = format!("{id} is not built for kernel {target}");
            plan.omit(Some(id.clone()), Some(target), already(text));
        }
    }
    plan
}

/// Deletes the builds for these kernels (None: every one), and forgets the version when none is left.
pub(crate) fn remove(id: &ModuleId, targets: Option<&[Target]>, snapshot: &Snapshot) -> Plan {
    let mut plan = Plan::default();
    let Some(entry) = usable(&mut plan, id, snapshot) else { return plan };
    let chosen = chosen(entry, targets);
    if !entry.builds.is_empty() {
        for target in chosen.iter().filter(|target| entry.build(target).is_none()) {
            let text =
                format!("{id} is not built for kernel {target}; `dkms remove {id} --all` takes it from every kernel");
            plan.omit(Some(id.clone()), Some(target.clone()), already(text));
        }
    }
    let gone: Vec<StepId> =
        chosen.iter().filter_map(|target| take_away(&mut plan, entry, target, "asked for")).collect();
    if entry.builds.iter().all(|build| chosen.contains(&build.target)) {
        plan.push(id.clone(), None, Operation::Forget, "no build is left", gone);
    } else if targets.is_none() {
        plan.omit(Some(id.clone()), None, already(oddly_named(entry)));
    }
    plan
}

/// Takes away what is built for a kernel that leaves. Kernels that use it by links get builds of their own first.
pub(crate) fn kernel_leaves(target: &Target, snapshot: &Snapshot, policy: &Policy) -> Plan {
    let mut plan = Plan::default();
    let kept = weak::keep(&mut plan, target, snapshot.modules.iter(), snapshot, policy);
    for entry in &snapshot.modules {
        take_away_after(&mut plan, entry, target, "the kernel is leaving", &kept);
    }
    plan
}

/// Takes away what is built for a kernel that is about to be unpacked anew, of modules that come back by autoinstall.
pub(crate) fn kernel_is_replaced(target: &Target, snapshot: &Snapshot) -> Plan {
    let mut plan = Plan::default();
    for entry in &snapshot.modules {
        if matches!(snapshot.conf(&entry.id, target), Some(Ok(loaded)) if loaded.conf.autoinstall) {
            take_away(&mut plan, entry, target, "the kernel is about to be replaced");
        }
    }
    plan
}

/// The steps that end *added* for one kernel: uninstall if installed, then unbuild. None when nothing is built.
pub(super) fn take_away(plan: &mut Plan, entry: &ModuleEntry, target: &Target, why: &str) -> Option<StepId> {
    take_away_after(plan, entry, target, why, &Kept::new())
}

/// The same, after what keeps the module in use elsewhere.
pub(super) fn take_away_after(
    plan: &mut Plan,
    entry: &ModuleEntry,
    target: &Target,
    why: &str,
    kept: &Kept,
) -> Option<StepId> {
    let build = entry.build(target)?;
    let id = &entry.id;
    let mut after = kept.get(id).cloned().unwrap_or_default();
    if build.installed {
        after = vec![plan.push(id.clone(), Some(target.clone()), Operation::Uninstall, why, after)];
    }
    Some(plan.push(id.clone(), Some(target.clone()), Operation::Unbuild, why, after))
}

/// Why `remove --all` leaves a module registered.
fn oddly_named(entry: &ModuleEntry) -> String {
    let odd = |build: &&Build| !is_usual_release(&build.target.kernel);
    let kernels: Vec<&str> = entry.builds.iter().filter(odd).map(|build| build.target.kernel.as_str()).collect();
    let kernels = kernels.join(", ");
    format!(
        "{} stays registered: it has builds for {kernels}, which --all leaves out, as no kernel is called so; name them with -k",
        entry.id
    )
}

/// A source that is gone keeps no module in, and neither does a folder of the tree that is: it goes by what is recorded and on
/// disk.
fn usable<'s>(plan: &mut Plan, id: &ModuleId, snapshot: &'s Snapshot) -> Option<&'s ModuleEntry> {
    let entry = snapshot.module(id).or(snapshot.orphan.as_ref());
    if entry.is_none() {
        plan.omit(Some(id.clone()), None, not_in_tree(id, snapshot));
    }
    entry
}

fn chosen(entry: &ModuleEntry, targets: Option<&[Target]>) -> Vec<Target> {
    targets.map_or_else(|| of_usual_kernels(entry), <[Target]>::to_vec)
}

/// What `--all` means: the kernels it is built for whose names begin as releases do.
pub(super) fn of_usual_kernels(entry: &ModuleEntry) -> Vec<Target> {
    let usual = |build: &&Build| is_usual_release(&build.target.kernel);
    entry.builds.iter().filter(usual).map(|build| build.target.clone()).collect()
}
