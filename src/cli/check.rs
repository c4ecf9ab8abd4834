//! `dkms check`: whether all is as the disk asks for, for monitoring and for people. Changes nothing, waits for nobody.

use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{ModuleId, Target};
use crate::plan::reconcile::Extent;
use crate::report::Reporter;
use crate::request::{Request, Wish};
use crate::step::{Plan, Policy, Reason};
use crate::tree::records::{self, Failure};

use super::failures;
use super::pipeline::{App, Mode};

/// Ends with 0 when all is as wanted, 1 when something waits or is to be done, 2 when something failed.
pub fn run(app: &App, mode: Mode) -> Result<()> {
    let wish = Wish::Reconcile { targets: app.kernels()?, extent: Extent::Everything };
    let plan = app.plan(&Request { wish, policy: Policy::default() })?;
    let failures = still_wanted(app, &plan);
    failures::tell(&failures, &app.reporter);
    let open = open(&plan, &failures);
    for line in open.iter().filter(|_| !matches!(mode, Mode::DoJson | Mode::ShowJson)) {
        app.reporter.answer(line);
    }
    if !failures.is_empty() {
        return Err(Error::new(Kind::CheckFailed, format!("failed: {}", failures.len()))
            .hint("the next event tries again, and so does `dkms reconcile`"));
    }
    if open.is_empty() {
        return Ok(());
    }
    Err(Error::new(Kind::CheckPending, format!("not as wanted: {}", open.len()))
        .hint("`dkms reconcile` does what can be done now"))
}

/// The failures of steps that are wanted still: what was built from an earlier source and works has not failed.
fn still_wanted(app: &App, plan: &Plan) -> Vec<Failure> {
    let is_wanted = |failure: &Failure| {
        plan.steps.iter().any(|step| step.module == failure.module && step.target == failure.target)
    };
    records::all::<Failure>(app.tree.layout()).into_iter().filter(is_wanted).collect()
}

/// What is to be done or waits, one line each; what failed is told already, and a retry of it is nothing new.
fn open(plan: &Plan, failures: &[Failure]) -> Vec<String> {
    let has_failed = |module: &ModuleId, target: Option<&Target>| {
        failures.iter().any(|failure| failure.module == *module && failure.target.as_ref() == target)
    };
    let steps = plan.steps.iter().filter(|step| !has_failed(&step.module, step.target.as_ref())).map(|step| {
        let kernel = step.target.as_ref().map(|target| format!(" for {target}")).unwrap_or_default();
        format!("to do: {} {}{kernel}: {}", step.operation.verb(), step.module, step.why)
    });
    let waiting = plan.omissions.iter().filter_map(|omission| match &omission.reason {
        Reason::Pending { on, text, .. } => Some(format!("waiting for {on}: {text}")),
        _ => None,
    });
    steps.chain(waiting).collect()
}
