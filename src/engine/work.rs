//! A plan is carried out, and what failed is noted.

use crate::action;
use crate::exit::Kind;
use crate::report::Reporter;
use crate::step::{Outcome, Plan, Policy, StepId};
use crate::tree::TreeLock;

use crate::engine::app::App;
use crate::engine::failures;

pub(crate) fn carry_out(app: &App, plan: &Plan, policy: &Policy, lock: &TreeLock) -> Vec<(StepId, Outcome)> {
    let context = action::Context {
        system: &app.system,
        framework: &app.framework,
        tree: &app.tree,
        lock,
        reporter: &app.reporter,
        policy,
        memo: action::Memo::default(),
    };
    let outcomes = action::run(plan, &context);
    let is_full =
        |(_, outcome): &(StepId, Outcome)| matches!(outcome, Outcome::Failed(error) if error.kind() == Kind::DiskFull);
    // Where the disk is full, that it was is told by the step.
    if let Err(error) = failures::note(plan, &outcomes, lock)
        && !outcomes.iter().any(is_full)
    {
        app.reporter.warn(format!("what failed could not be noted: {error}"));
    }
    if outcomes.iter().any(|(_, outcome)| is_the_disks(outcome)) {
        lock.leave_to_the_next();
    }
    outcomes
}

/// Whether the disk did not let a step be done: what the step wanted to clear away may be there, too.
fn is_the_disks(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed(error) if matches!(error.kind(), Kind::DiskFull | Kind::InputOutput))
}
