//! What is said of a plan before it is carried out.

use crate::exit::Kind;
use crate::report::Reporter;
use crate::request::Wish;
use crate::snapshot::Snapshot;
use crate::step::{Operation, Plan, Reason};

use crate::engine::app::App;

/// What is built again by itself is said, with what has changed.
pub(crate) fn renewals(app: &App, plan: &Plan, snapshot: &Snapshot) {
    for step in plan.steps.iter().filter(|step| step.operation == Operation::Build) {
        let changed = step.target.as_ref().and_then(|target| snapshot.changed_since(&step.module, target));
        if changed.is_some() {
            app.reporter.note(format!("{}: {}", step.module, step.why));
        }
    }
}

/// What a plan leaves out: what a person should know loudly, the rest to those who ask for details.
pub(crate) fn omissions(app: &App, plan: &Plan, wish: &Wish) {
    let reporter = &app.reporter;
    let is_reconcile = matches!(wish, Wish::Reconcile { .. });
    // The kernel goes either way: what others lose with it is no failure, but must be known.
    let is_loss = matches!(wish, Wish::KernelLeaves { .. });
    for omission in &plan.omissions {
        match &omission.reason {
            Reason::AlreadySo { text } if is_reconcile => reporter.detail(text.clone()),
            Reason::AlreadySo { text } => reporter.note(text.clone()),
            Reason::Pending { on, text, .. } if is_loss => reporter.warn(format!("{text}; {on} would help")),
            // Who asks for everything is told what is left out; who named the module gets an error.
            Reason::Refused { case: Kind::Excluded, text, .. } if matches!(wish, Wish::Autoinstall { .. }) => {
                reporter.note(text.clone());
            }
            Reason::Refused { case: Kind::Broken | Kind::Excluded, text, .. } => reporter.detail(text.clone()),
            _ => {}
        }
    }
}
