//! The notes by which no initramfs is forgotten: kept before modules change, dropped when it holds what they are now.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::conf::policy::InitramfsPolicy;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{ModuleId, Target};
use crate::plan;
use crate::request::Request;
use crate::snapshot::initramfs::{self as images, Changed, Now};
use crate::snapshot::{Snapshot, View};
use crate::step::{InitramfsCare, Omission, Operation, Outcome, Plan, Reason, StepId};
use crate::tree::records::{self, OpenInitramfs, Unmade};
use crate::tree::{Layout, TreeWriter};

use crate::engine::app::{App, Noting};

pub(crate) type Noted = BTreeSet<(ModuleId, Target)>;

/// What is to be done about an initramfs for this request, as framework.conf lets it.
pub(crate) fn care(policy: InitramfsPolicy, request: &Request) -> InitramfsCare {
    match policy {
        InitramfsPolicy::Never => InitramfsCare::Leave,
        InitramfsPolicy::Auto | InitramfsPolicy::Always => request.policy.initramfs.clone(),
    }
}

/// Whether something is noted that the request is to see to.
pub(crate) fn is_open(app: &App, care: &InitramfsCare) -> bool {
    let is_meant = |open: &OpenInitramfs| match care {
        InitramfsCare::Leave | InitramfsCare::Note => false,
        InitramfsCare::Renew => true,
        InitramfsCare::Others(target) => open.target == *target,
    };
    records::all::<OpenInitramfs>(app.tree.layout()).iter().any(is_meant)
}

/// Adds to a plan what it means for the kernels' initramfs.
pub(crate) fn renew(
    plan: &mut Plan,
    policy: InitramfsPolicy,
    snapshot: &Snapshot,
    view: &View<'_>,
    kernels: &[Target],
) {
    let changed = changed(plan, snapshot, view);
    if !changed.is_empty() {
        let images = images::ask(view, &changed, kernels);
        plan::initramfs::renew(plan, &changed, &images, policy);
    }
}

/// What the plan is about to change, and what is noted from before.
fn changed(plan: &Plan, snapshot: &Snapshot, view: &View<'_>) -> Vec<Changed> {
    let mut all: BTreeMap<(ModuleId, Target), (BTreeSet<String>, Option<u64>)> = BTreeMap::new();
    for OpenInitramfs { module, target, files, since, .. } in records::all::<OpenInitramfs>(view.tree.layout()) {
        all.insert((module, target), (files, since));
    }
    for (module, target) in plan::initramfs::changes(plan) {
        let files = images::files_of(view, snapshot, &module, &target);
        let known = all.entry((module, target)).or_default();
        known.0.extend(files);
        known.1 = None;
    }
    let with_state = |((module, target), (files, since)): ((ModuleId, Target), (BTreeSet<String>, Option<u64>))| {
        let now = now(plan, snapshot, view, &module, &target);
        Changed { module, target, files, since, now }
    };
    all.into_iter().map(with_state).collect()
}

/// What the kernel has of the module when the plan is done.
fn now(plan: &Plan, snapshot: &Snapshot, view: &View<'_>, module: &ModuleId, target: &Target) -> Now {
    let last = plan.steps.iter().rev().find(|step| {
        step.module.name == module.name
            && step.target.as_ref() == Some(target)
            && matches!(step.operation, Operation::Install | Operation::Uninstall)
    });
    let is_forgotten = plan.steps.iter().any(|step| step.module == *module && step.operation == Operation::Forget);
    match last.map(|step| &step.operation) {
        Some(Operation::Install) => Now::Installed,
        None if snapshot.installed(&module.name, target).is_some() => Now::Installed,
        _ if is_forgotten || !images::has_source(view, &module.name) => Now::Gone,
        _ => Now::Missing,
    }
}

/// Notes what is about to change, before it does: a run that dies leaves it to the next. Gives what was not noted before.
pub(crate) fn begin(
    plan: &Plan,
    care: &InitramfsCare,
    snapshot: &Snapshot,
    view: &View<'_>,
    noting: &Noting<'_>,
) -> Result<Noted> {
    let mut noted = Noted::new();
    if !matches!(care, InitramfsCare::Note | InitramfsCare::Renew) {
        return Ok(noted);
    }
    for (module, target) in plan::initramfs::changes(plan) {
        let files = images::files_of(view, snapshot, &module, &target);
        let known = records::one::<OpenInitramfs>(view.tree.layout(), &module, Some(&target));
        if known.is_none() {
            noted.insert((module.clone(), target.clone()));
        }
        let files = known.into_iter().flat_map(|known| known.files).chain(files).collect();
        keep(noting, &OpenInitramfs { module, target, files, since: None, failed: None })?;
    }
    Ok(noted)
}

pub(crate) fn end(
    plan: &Plan,
    outcomes: &[(StepId, Outcome)],
    care: &InitramfsCare,
    noted: &Noted,
    noting: &Noting<'_>,
) -> Result<()> {
    let layout = noting.app.tree.layout();
    if *care == InitramfsCare::Leave {
        return Ok(());
    }
    if let InitramfsCare::Others(target) = care {
        // What was called to make it calls us: whoever called that knows how it ends.
        if noting.lock.is_nested() {
            return Ok(());
        }
        return drop_all(layout, noting.lock.writer(), |open| open.target == *target);
    }
    stamp(plan, outcomes, noted, noting)?;
    if *care == InitramfsCare::Note {
        return Ok(());
    }
    for (id, outcome) in outcomes {
        let step = &plan.steps[id.0];
        if let (Operation::RenewInitramfs, Outcome::Failed(error), Some(target)) =
            (&step.operation, outcome, &step.target)
            && let Some(open) = records::one::<OpenInitramfs>(layout, &step.module, Some(target))
        {
            let failed =
                Some(Unmade { error: error.in_one_line(), code: error.kind().code(), time: crate::sys::now() });
            keep(noting, &OpenInitramfs { failed, ..open })?;
        }
    }
    let failed = outcomes
        .iter()
        .filter(|(_, outcome)| !matches!(outcome, Outcome::Done))
        .map(|(id, _)| &plan.steps[id.0])
        .filter(|step| step.operation == Operation::RenewInitramfs)
        .map(|step| &step.target);
    let waits = |omission: &&Omission| matches!(omission.reason, Reason::Pending { case: Kind::InitramfsFailed, .. });
    let waiting = plan.omissions.iter().filter(waits).map(|omission| &omission.target);
    let open: BTreeSet<&Target> = failed.chain(waiting).flatten().collect();
    drop_all(layout, noting.lock.writer(), |noted| !open.contains(&noted.target))
}

/// What did not happen needs no note; what did has its time.
fn stamp(plan: &Plan, outcomes: &[(StepId, Outcome)], noted: &Noted, noting: &Noting<'_>) -> Result<()> {
    let done: BTreeSet<(&ModuleId, Option<&Target>)> = outcomes
        .iter()
        .filter(|(_, outcome)| matches!(outcome, Outcome::Done))
        .map(|(id, _)| &plan.steps[id.0])
        .filter(|step| matches!(step.operation, Operation::Install | Operation::Uninstall))
        .map(|step| (&step.module, step.target.as_ref()))
        .collect();
    for (module, target) in plan::initramfs::changes(plan) {
        let Some(open) = records::one::<OpenInitramfs>(noting.app.tree.layout(), &module, Some(&target)) else {
            continue;
        };
        if done.contains(&(&module, Some(&target))) {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
            keep(noting, &OpenInitramfs { since: u64::try_from(now).ok(), ..open })?;
        } else if noted.contains(&(module.clone(), target.clone())) {
            noting.lock.writer().drop_record::<OpenInitramfs>(&module, Some(&target)).map_err(not_kept)?;
        }
    }
    Ok(())
}

fn drop_all(layout: &Layout, writer: TreeWriter<'_>, which: impl Fn(&OpenInitramfs) -> bool) -> Result<()> {
    for open in records::all::<OpenInitramfs>(layout).iter().filter(|open| which(open)) {
        writer.drop_record::<OpenInitramfs>(&open.module, Some(&open.target)).map_err(not_kept)?;
    }
    Ok(())
}

fn keep(noting: &Noting<'_>, open: &OpenInitramfs) -> Result<()> {
    noting.lock.writer().record(open).map_err(not_kept)
}

fn not_kept(error: std::io::Error) -> Error {
    Error::io("cannot keep a note in the DKMS tree", error)
}
