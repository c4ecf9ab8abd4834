//! What `--json` prints: one document per command, of a schema with a number in its name. dkms(8) describes each member;
//! within a number members are added, never changed or taken away.

mod checked;

use std::path::PathBuf;

pub(crate) use checked::{Checked, Standing, check};

use serde::Serialize;

use crate::error::{Error, Result};
use crate::ids::{ModuleId, ModuleName, ModuleVersion, Target};
use crate::status::Row;
use crate::step::repair::{Fault, Finding, Mend};
use crate::step::{Omission, Operation, Outcome, Plan, Reason, Step, StepId};
use crate::tree::records::Failure;

use crate::action::keys::KeyPair;
use crate::engine::verdict::Verdict;

/// `status --json`
pub(crate) const STATUS: &str = "dkms-status-1";
/// `check --json`
pub(crate) const CHECK: &str = "dkms-check-1";
/// `fsck --json`
pub(crate) const FSCK: &str = "dkms-fsck-1";
/// `why --json`
pub(crate) const WHY: &str = "dkms-why-1";
/// `--dry-run --json`
pub(crate) const PLAN: &str = "dkms-plan-1";
/// `ACTION --json`
pub(crate) const RESULT: &str = "dkms-result-1";

/// What a step, an omission or a failure is about.
#[derive(Debug, Default, Serialize)]
struct Subject {
    #[serde(skip_serializing_if = "Option::is_none")]
    module: Option<ModuleName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<ModuleVersion>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kernel: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arch: Option<String>,
}

impl Subject {
    fn new(module: Option<&ModuleId>, target: Option<&Target>) -> Self {
        Self {
            module: module.map(|id| id.name.clone()),
            version: module.map(|id| id.version.clone()),
            kernel: target.map(|target| target.kernel.to_string()),
            arch: target.map(|target| target.arch.to_string()),
        }
    }
}

#[derive(Debug, Serialize)]
struct StepEntry {
    id: usize,
    operation: &'static str,
    #[serde(flatten)]
    subject: Subject,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<PathBuf>,
    why: String,
    after: Vec<usize>,
    #[serde(flatten)]
    end: Option<End>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<&'static str>,
}

/// In which room a build was made.
type Rooms<'a> = &'a dyn Fn(&ModuleId, &Target) -> Option<&'static str>;

/// What became of a step.
#[derive(Debug, Serialize)]
struct End {
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<usize>,
}

#[derive(Debug, Serialize)]
struct OmissionEntry {
    #[serde(flatten)]
    subject: Subject,
    reason: &'static str,
    text: String,
    code: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    case: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hints: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ErrorEntry {
    code: u8,
    case: String,
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    causes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hints: Vec<String>,
}

impl From<&Error> for ErrorEntry {
    fn from(error: &Error) -> Self {
        Self {
            code: error.kind().code(),
            case: error.kind().name(),
            message: error.message().to_owned(),
            causes: error.causes(),
            hints: error.hints().to_vec(),
        }
    }
}

/// A failure that is not made good yet.
#[derive(Debug, Serialize)]
struct FailedEntry {
    #[serde(flatten)]
    subject: Subject,
    operation: String,
    code: u8,
    error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<PathBuf>,
    time: u64,
}

/// The states, what failed, and what waits for something to arrive.
pub(crate) fn status(rows: &[Row], failures: &[Failure], pending: &[Omission]) -> Result<String> {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        modules: &'a [Row],
        failed: Vec<FailedEntry>,
        pending: Vec<OmissionEntry>,
    }
    let failed = failures.iter().map(failed).collect();
    crate::report::document(&Document {
        schema: STATUS,
        modules: rows,
        failed,
        pending: pending.iter().map(omission).collect(),
    })
}

/// The stories of modules on kernels.
pub(crate) fn why(stories: &[crate::engine::story::Story]) -> Result<String> {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        code: u8,
        stories: &'a [crate::engine::story::Story],
    }
    crate::report::document(&Document { schema: WHY, code: 0, stories })
}

/// What became of something that fsck found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Fate {
    /// It is there; `--repair` would mend it.
    Found,
    Repaired,
    /// It is left for a person.
    Left,
    /// It could not be mended.
    Failed,
}

#[derive(Debug, Serialize)]
struct FindingEntry {
    #[serde(flatten)]
    subject: Subject,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<PathBuf>,
    fault: Fault,
    text: String,
    mend: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    by: Vec<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hints: Vec<String>,
    became: Fate,
}

/// What fsck found, the steps of its plan, and what became of both.
pub(crate) fn fsck(
    error: Option<&Error>,
    findings: &[(Finding, Fate)],
    plan: &Plan,
    outcomes: &[(StepId, Outcome)],
) -> Result<String> {
    #[derive(Serialize)]
    struct Document {
        schema: &'static str,
        code: u8,
        error: Option<ErrorEntry>,
        changed: bool,
        findings: Vec<FindingEntry>,
        steps: Vec<StepEntry>,
    }
    crate::report::document(&Document {
        schema: FSCK,
        code: error.map_or(0, |error| error.kind().code()),
        error: error.map(ErrorEntry::from),
        changed: has_changed(outcomes) || findings.iter().any(|(_, fate)| *fate == Fate::Repaired),
        findings: findings.iter().map(|(finding, fate)| found(finding, *fate)).collect(),
        steps: steps(plan, outcomes),
    })
}

fn found(finding: &Finding, became: Fate) -> FindingEntry {
    let (mend, by, hints) = match &finding.mend {
        Mend::Steps(steps) => ("steps", steps.iter().map(|id| id.0).collect(), Vec::new()),
        Mend::Recovery => ("recovery", Vec::new(), Vec::new()),
        Mend::Clear(_) => ("removal", Vec::new(), Vec::new()),
        Mend::Person(advice) => ("person", Vec::new(), vec![advice.clone()]),
    };
    FindingEntry {
        subject: Subject::new(finding.module.as_ref(), finding.target.as_ref()),
        path: finding.path.clone(),
        fault: finding.fault,
        text: finding.text.clone(),
        mend,
        by,
        hints,
        became,
    }
}

pub(crate) fn plan(plan: &Plan) -> Result<String> {
    #[derive(Serialize)]
    struct Document {
        schema: &'static str,
        steps: Vec<StepEntry>,
        omissions: Vec<OmissionEntry>,
    }
    let steps = plan.steps.iter().map(|planned| step(planned, None)).collect();
    crate::report::document(&Document { schema: PLAN, steps, omissions: plan.omissions.iter().map(omission).collect() })
}

/// What came of a command.
pub(crate) fn result(verdict: &Verdict, rooms: Rooms<'_>) -> Result<String> {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        code: u8,
        error: Option<ErrorEntry>,
        changed: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        key: Option<&'a KeyPair>,
        steps: Vec<StepEntry>,
        omissions: Vec<OmissionEntry>,
    }
    let error = verdict.error.as_ref();
    let is_made = verdict.key.as_ref().is_some_and(|key| key.made);
    let mut steps = steps(&verdict.plan, &verdict.outcomes);
    for (entry, step) in steps.iter_mut().zip(&verdict.plan.steps) {
        if entry.end.as_ref().is_some_and(|end| end.outcome == "done") && step.operation == Operation::Build {
            entry.room = step.target.as_ref().and_then(|target| rooms(&step.module, target));
        }
    }
    crate::report::document(&Document {
        schema: RESULT,
        changed: is_made || has_changed(&verdict.outcomes),
        key: verdict.key.as_ref(),
        code: error.map_or(0, |error| error.kind().code()),
        error: error.map(ErrorEntry::from),
        steps,
        omissions: verdict.plan.omissions.iter().map(omission).collect(),
    })
}

/// Whether a step was done: what is done changes something.
fn has_changed(outcomes: &[(StepId, Outcome)]) -> bool {
    outcomes.iter().any(|(_, outcome)| matches!(outcome, Outcome::Done))
}

/// The document of a command that was refused before there was a plan.
pub(crate) fn refusal(error: &Error) -> Result<String> {
    result(&Verdict { error: Some(error.clone()), ..Verdict::default() }, &|_, _| None)
}

/// The steps of a plan, with what became of those that were reached.
fn steps(plan: &Plan, outcomes: &[(StepId, Outcome)]) -> Vec<StepEntry> {
    let ended = |id: StepId| outcomes.iter().find(|(ended, _)| *ended == id).map(|(_, outcome)| end(outcome));
    plan.steps.iter().map(|planned| step(planned, ended(planned.id))).collect()
}

fn step(planned: &Step, end: Option<End>) -> StepEntry {
    StepEntry {
        id: planned.id.0,
        operation: planned.operation.verb(),
        subject: Subject::new(Some(&planned.module), planned.target.as_ref()),
        file: match &planned.operation {
            Operation::MakeTarball(tarball) => Some(tarball.file.clone()),
            _ => None,
        },
        why: planned.why.clone(),
        after: planned.after.iter().map(|id| id.0).collect(),
        end,
        room: None,
    }
}

fn end(outcome: &Outcome) -> End {
    let (outcome, error, because) = match outcome {
        Outcome::Done => ("done", None, None),
        Outcome::Failed(error) => ("failed", Some(error), None),
        Outcome::Refused(error) => ("refused", Some(error), None),
        Outcome::Skipped { because } => ("skipped", None, Some(because.0)),
    };
    End { outcome, error: error.map(ErrorEntry::from), because }
}

fn omission(omission: &Omission) -> OmissionEntry {
    let (reason, case, on, hints) = match &omission.reason {
        Reason::AlreadySo { .. } | Reason::Brought { .. } => ("already-so", None, None, &[][..]),
        Reason::Refused { case, hints, .. } => ("refused", Some(case), None, &hints[..]),
        Reason::Pending { on, case, .. } => ("pending", Some(case), Some(on.clone()), &[][..]),
    };
    OmissionEntry {
        subject: Subject::new(omission.module.as_ref(), omission.target.as_ref()),
        reason,
        text: omission.reason.text().to_owned(),
        code: case.map_or(0, |case| case.code()),
        case: case.map(|case| case.name()),
        on,
        hints: hints.to_vec(),
    }
}

fn failed(failure: &Failure) -> FailedEntry {
    FailedEntry {
        subject: Subject::new(Some(&failure.module), failure.target.as_ref()),
        operation: failure.step.clone(),
        code: failure.code,
        error: failure.error.clone(),
        log: failure.log.clone(),
        time: failure.time,
    }
}
