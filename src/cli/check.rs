//! `dkms check`: what is out of date, for monitoring and for people. Changes nothing, waits for nobody.

use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::report::Reporter;
use crate::request::Request;
use crate::step::scope::{Only, Within};
use crate::step::{InitramfsCare, Omission, Plan, Policy, Reason, Step};
use crate::tree::ModuleEntry;
use crate::tree::records::Failure;

use super::legacy::Typed;
use super::request;
use crate::engine::app::App;
use crate::engine::document::Checked;
use crate::engine::essential::{Essentials, Lack};
use crate::engine::{document, failures, pending};

/// Of all modules and kernels, or those that were named. Ends with 0 when nothing is out of date, 1 when something waits or
/// is to be done, 2 when something failed or cannot be had.
pub(crate) fn run(app: &App, typed: &Typed) -> Result<()> {
    let within = request::within(app, typed)?;
    let policy = Policy { initramfs: InitramfsCare::Renew, ..Policy::default() };
    let wish = request::reconciliation(app, within.clone())?;
    let plan = app.plan(&Request { wish, policy })?;
    let failures = still_wanted(app, &plan);
    let lacks = Essentials::now(app)?.lacks.into_iter().filter(|lack| is_within(&within, lack)).collect::<Vec<_>>();
    let verdict = verdict(&plan, &failures, &lacks);
    if typed.json {
        let found = Checked { lacking: &lacks, ..found(&plan, &failures, verdict.as_ref()) };
        app.reporter.answer(document::check(&found)?);
    } else {
        let modules = app.tree.modules().map_err(|error| Error::io("cannot read the DKMS tree", error))?;
        tell(&plan, &failures, &modules, &app.reporter);
        lacks.iter().for_each(|lack| app.reporter.warn(lack.to_string()));
    }
    verdict.map_or(Ok(()), Err)
}

fn is_within(within: &Within, lack: &Lack) -> bool {
    let is_named = |only: &Only| lack.modules.contains(&only.name);
    within.has_kernel(&lack.target) && (within.modules.is_empty() || within.modules.iter().any(is_named))
}

/// The failures of steps that are wanted still: what was built from an earlier source and works has not failed.
fn still_wanted(app: &App, plan: &Plan) -> Vec<Failure> {
    let is_wanted = |failure: &Failure| plan.steps.iter().any(|step| is_about(failure, step));
    failures::all(app.tree.layout()).into_iter().filter(is_wanted).collect()
}

fn is_about(failure: &Failure, step: &Step) -> bool {
    step.module == failure.module && step.target == failure.target
}

/// Whether it is a retry of what failed, or comes after one.
fn hangs_on_failed(step: &Step, plan: &Plan, failures: &[Failure]) -> bool {
    let before = step.after.iter().filter_map(|id| plan.steps.get(id.0));
    failures.iter().any(|failure| is_about(failure, step))
        || before.into_iter().any(|step| hangs_on_failed(step, plan, failures))
}

fn verdict(plan: &Plan, failures: &[Failure], lacks: &[Lack]) -> Option<Error> {
    let failed = failures.len() + refused(plan).count();
    let counts = [("failed", failed), ("kernels without an essential module", lacks.len())];
    let counts: Vec<String> =
        counts.iter().filter(|(_, count)| *count > 0).map(|(what, count)| format!("{what}: {count}")).collect();
    if !counts.is_empty() {
        let hint = "the next event tries again, and so does `dkms reconcile`";
        return Some(Error::new(Kind::CheckFailed, counts.join("; ")).hint(hint));
    }
    let open = plan.steps.len() + waiting(plan).count();
    let hint = "`dkms reconcile` does what can be done now";
    (open > 0).then(|| Error::new(Kind::CheckPending, format!("out of date or waiting: {open}")).hint(hint))
}

fn found<'a>(plan: &'a Plan, failed: &'a [Failure], verdict: Option<&'a Error>) -> Checked<'a> {
    let state = match verdict.map(Error::kind) {
        None => "as-wanted",
        Some(Kind::CheckFailed) => "failed",
        Some(_) => "pending",
    };
    Checked {
        error: verdict,
        state,
        to_do: plan.steps.iter().collect(),
        pending: waiting(plan).collect(),
        failed,
        refused: refused(plan).collect(),
        lacking: &[],
    }
}

/// A line for each thing; what failed is told once, and a retry of it is nothing new.
fn tell(plan: &Plan, failures: &[Failure], modules: &[ModuleEntry], reporter: &crate::report::human::Human) {
    failures::tell(failures, modules, reporter);
    for omission in refused(plan) {
        reporter.warn(omission.reason.text().to_owned());
    }
    for step in plan.steps.iter().filter(|step| !hangs_on_failed(step, plan, failures)) {
        let kernel = step.target.as_ref().map(|target| format!(" for {target}")).unwrap_or_default();
        reporter.answer(format!("to do: {} {}{kernel}: {}", step.operation.verb(), step.module, step.why));
    }
    pending::lines(&plan.omissions).into_iter().for_each(|line| reporter.answer(line));
}

fn waiting(plan: &Plan) -> impl Iterator<Item = &Omission> {
    plan.omissions.iter().filter(|omission| matches!(omission.reason, Reason::Pending { .. }))
}

/// Excluded modules are as their authors want it.
fn refused(plan: &Plan) -> impl Iterator<Item = &Omission> {
    let is_refused = |omission: &&Omission| match &omission.reason {
        Reason::Refused { case, .. } => *case != Kind::Excluded,
        _ => false,
    };
    // A broken module is told once, and not for each kernel.
    let mut told = std::collections::BTreeSet::new();
    plan.omissions.iter().filter(is_refused).filter(move |omission| told.insert(omission.reason.text()))
}
