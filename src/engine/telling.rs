//! What is said of a plan before it is carried out, and of what it left out after that.

use crate::exit::Kind;
use crate::plan;
use crate::report::Reporter;
use crate::request::Wish;
use crate::snapshot::Snapshot;
use crate::step::{Omission, Operation, Outcome, Plan, Reason, StepId};

use crate::engine::app::App;
use crate::engine::failures::Told;

/// What is built again by itself is said, with what has changed.
pub(crate) fn renewals(app: &App, plan: &Plan, snapshot: &Snapshot) {
    for step in plan.steps.iter().filter(|step| step.operation == Operation::Build) {
        let Some(target) = &step.target else { continue };
        if snapshot.changed_since(&step.module, target).is_some() {
            app.reporter.note(format!("{} for {}: {}", step.module, target.kernel, step.why));
        }
    }
}

/// What a plan leaves out: what a person should know loudly, the rest to those who ask for details.
pub(crate) fn omissions(app: &App, plan: &Plan, wish: &Wish) {
    let told = Told::before(app.tree.layout());
    for omission in plan.omissions.iter().filter(|omission| omission.follows.is_none()) {
        left_out(app, omission, wish, &told);
    }
}

/// Which initramfs are left as they are, of kernels for which something was installed or removed: now, or noted before.
pub(crate) fn left_initramfs(app: &App, plan: &Plan, outcomes: &[(StepId, Outcome)], wish: &Wish) {
    let changes = |omission: &Omission| {
        let of_it = |id: &StepId| {
            let step = &plan.steps[id.0];
            plan::initramfs::changes_files(step) && step.target == omission.target
        };
        let mut tried = outcomes.iter().filter(|(id, _)| of_it(id)).peekable();
        tried.peek().is_none() || tried.any(|(_, outcome)| matches!(outcome, Outcome::Done))
    };
    let told = Told::before(app.tree.layout());
    for omission in plan.omissions.iter().filter(|omission| omission.follows.is_some() && changes(omission)) {
        left_out(app, omission, wish, &told);
    }
}

fn left_out(app: &App, omission: &Omission, wish: &Wish, told: &Told) {
    let reporter = &app.reporter;
    let is_reconcile = matches!(wish, Wish::Reconcile { .. });
    // The kernel goes either way: what others lose with it is no failure, but must be known.
    let is_loss = matches!(wish, Wish::KernelLeaves { .. });
    match &omission.reason {
        Reason::AlreadySo { text } if is_reconcile || told.has(omission) => reporter.detail(text.clone()),
        Reason::AlreadySo { text } => reporter.note(text.clone()),
        // Of every kernel it would be said by each event.
        Reason::Brought { text } => match wish {
            Wish::Reconcile { within, .. } if within.kernels.is_empty() => reporter.detail(text.clone()),
            _ => reporter.note(text.clone()),
        },
        Reason::Pending { on, text, .. } if is_loss => reporter.warn(format!("{text}; {on} would help")),
        Reason::Pending { case: Kind::DependencyMissing, text, .. } if matches!(wish, Wish::Autoinstall { .. }) => {
            reporter.warn(text.clone());
        }
        Reason::Refused { case, text, .. } if case.is_fact() && tells_facts(wish) => reporter.note(text.clone()),
        Reason::Refused { case, text, .. } if case.is_fact() && is_reconcile => reporter.detail(text.clone()),
        Reason::Refused { case: Kind::Broken | Kind::Excluded, text, .. } => reporter.detail(text.clone()),
        _ => {}
    }
}

/// Who asks for everything on a kernel, or brings something, is told what is not for a kernel; who named the module gets an
/// error, and a look at the whole disk would say the same each time.
fn tells_facts(wish: &Wish) -> bool {
    match wish {
        Wish::Autoinstall { .. } | Wish::ModuleArrived { .. } => true,
        Wish::Reconcile { within, .. } => !within.kernels.is_empty(),
        _ => false,
    }
}

/// What turned out not to be for a kernel while it was done for many.
pub(crate) fn refusals(app: &App, outcomes: &[(StepId, Outcome)], wish: &Wish) {
    if !matches!(wish, Wish::Autoinstall { .. } | Wish::Reconcile { .. }) {
        return;
    }
    for (_, outcome) in outcomes {
        if let Outcome::Refused(error) = outcome
            && error.kind().is_fact()
        {
            app.reporter.note(error.message().to_owned());
        }
    }
}
