//! From outcomes to the exit code and the error that a command ends with.

use crate::error::Error;
use crate::exit::Kind;
use crate::request::Wish;
use crate::step::{Omission, Outcome, Plan, Reason, StepId};

/// How a command ends: the error that decides its code, if any, and the errors that are told besides.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Decides the exit code; told last.
    pub error: Option<Error>,
    /// Told before it.
    pub others: Vec<Error>,
}

/// Judges what came of a plan.
pub fn judge(wish: &Wish, plan: &Plan, outcomes: Vec<(StepId, Outcome)>) -> Verdict {
    let many = matches!(wish, Wish::Autoinstall { .. } | Wish::Match { .. } | Wish::KernelLeaves { .. });
    let mut failures = Vec::new();
    let mut skipped = 0;
    for (id, outcome) in outcomes {
        match outcome {
            Outcome::Done => {}
            Outcome::Failed(error) | Outcome::Refused(error) => failures.push((id.0, error)),
            Outcome::Skipped { .. } => skipped += 1,
        }
    }
    if many { judge_many(wish, plan, failures, skipped) } else { judge_one(plan, failures) }
}

/// One module: the first refusal or failure in the order of its kernels decides.
fn judge_one(plan: &Plan, failures: Vec<(usize, Error)>) -> Verdict {
    let refusals = plan.omissions.iter().filter_map(as_error);
    let mut errors: Vec<Error> = failures.into_iter().map(|(_, error)| error).chain(refusals).collect();
    if errors.is_empty() {
        return Verdict::default();
    }
    let error = errors.remove(0);
    Verdict { error: Some(error), others: errors }
}

/// Many modules: each failure is told, and the command ends with the code of the whole (11, 14 or 21).
fn judge_many(wish: &Wish, plan: &Plan, failures: Vec<(usize, Error)>, skipped: usize) -> Verdict {
    let leaves = matches!(wish, Wish::KernelLeaves { .. });
    let no_headers = plan.omissions.iter().find(|omission| omission_case(omission) == Some(Kind::HeadersMissing));
    let refusals = plan.omissions.iter().filter(|omission| counts_as_failure(omission)).filter_map(as_error);
    let others: Vec<Error> = failures
        .into_iter()
        .map(|(_, error)| error)
        .filter(|error| error.kind() != Kind::Excluded)
        .chain(refusals)
        .collect();
    if let Some(omission) = no_headers
        && !leaves
    {
        return Verdict { error: as_error(omission), others };
    }
    if others.is_empty() && skipped == 0 {
        return Verdict::default();
    }
    let failed = others.len() + skipped;
    let error = if leaves {
        Error::new(Kind::KernelEventFailed, format!("{failed} of the modules of this kernel could not be removed"))
    } else {
        Error::new(Kind::AutoinstallFailed, format!("{failed} of the modules could not be installed"))
    };
    Verdict { error: Some(error), others }
}

fn omission_case(omission: &Omission) -> Option<Kind> {
    match &omission.reason {
        Reason::Refused { case, .. } | Reason::Pending { case, .. } => Some(*case),
        Reason::AlreadySo { .. } => None,
    }
}

/// Autoinstall: excluded, broken and deferred modules are skipped, not failed.
fn counts_as_failure(omission: &Omission) -> bool {
    match &omission.reason {
        Reason::Refused { case, .. } => !matches!(case, Kind::Excluded | Kind::Broken),
        _ => false,
    }
}

fn as_error(omission: &Omission) -> Option<Error> {
    match &omission.reason {
        Reason::AlreadySo { .. } => None,
        Reason::Refused { case, text, hints } => {
            Some(hints.iter().fold(Error::new(*case, text.clone()), |error, hint| error.hint(hint.clone())))
        }
        Reason::Pending { on, case, text } => {
            Some(Error::new(*case, text.clone()).hint(format!("install {on}, then run this again")))
        }
    }
}
