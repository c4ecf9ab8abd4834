//! What `--json` prints: one document per command, of a schema with a number in its name. dkms(8) describes each member;
//! within a number members are added, never changed or taken away.

use std::path::PathBuf;

use serde::Serialize;

use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{ModuleId, ModuleName, ModuleVersion, Target};
use crate::status::Row;
use crate::step::repair::{Fault, Finding, Mend};
use crate::step::{Omission, Operation, Outcome, Plan, Reason, Step, StepId};
use crate::tree::records::Failure;

use crate::action::keys::KeyPair;
use crate::engine::essential::Lack;
use crate::engine::unlisted::{Answer, Unlisted};
use crate::engine::unsigned::Unsigned;
use crate::engine::untrusted::Untrusted;
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
    text(&Document { schema: STATUS, modules: rows, failed, pending: pending.iter().map(omission).collect() })
}

/// What `check` found, by what it means.
pub(crate) struct Checked<'a> {
    /// What the command ends with, if not well.
    pub(crate) error: Option<&'a Error>,
    /// `as-wanted`, `pending` or `failed`.
    pub(crate) state: &'static str,
    /// Steps that would bring this root up to date.
    pub(crate) to_do: Vec<&'a Step>,
    /// What waits for something to arrive.
    pub(crate) pending: Vec<&'a Omission>,
    /// Steps that failed and were not done since.
    pub(crate) failed: &'a [Failure],
    /// Modules that cannot be had as they are.
    pub(crate) refused: Vec<&'a Omission>,
    /// Kernels that lack essential modules.
    pub(crate) lacking: &'a [Lack],
    /// Modules that are not for a kernel, which no retry changes.
    pub(crate) cannot_be: Vec<&'a Omission>,
    /// Installed modules without a signature.
    pub(crate) unsigned: &'a [Unsigned],
    /// Installed modules whose signature their kernel does not trust.
    pub(crate) untrusted: &'a [Untrusted],
    /// Installed modules on kernels without headers that would not be loaded, or of which that cannot be told.
    pub(crate) unlisted: &'a [Unlisted],
    /// What kernels have meanwhile of modules that are not as wanted.
    pub(crate) serves: Vec<(ModuleId, Target)>,
    /// How each module stands on each kernel.
    pub(crate) standings: Vec<Standing>,
}

/// How a module stands on a kernel, in a word that never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) module: ModuleId,
    pub(crate) target: Target,
    pub(crate) standing: &'static str,
}

impl Standing {
    pub(crate) const FINE: &'static str = "fine";
    pub(crate) const TO_DO: &'static str = "to-be-done";
    pub(crate) const WAITING: &'static str = "waiting";
    pub(crate) const FAILED: &'static str = "failed";
    pub(crate) const CANNOT_BE: &'static str = "cannot-be";
    pub(crate) const LACKING: &'static str = "lacking";
    pub(crate) const ALL: [&'static str; 6] =
        [Self::FINE, Self::TO_DO, Self::WAITING, Self::FAILED, Self::CANNOT_BE, Self::LACKING];
}

#[derive(Debug, Serialize)]
struct StandingEntry {
    #[serde(flatten)]
    subject: Subject,
    standing: &'static str,
}

impl From<&Standing> for StandingEntry {
    fn from(Standing { module, target, standing }: &Standing) -> Self {
        Self { subject: Subject::new(Some(module), Some(target)), standing }
    }
}

#[derive(Debug, Serialize)]
struct UnsignedEntry {
    #[serde(flatten)]
    subject: Subject,
    why: String,
    loads: bool,
}

impl From<&Unsigned> for UnsignedEntry {
    fn from(unsigned: &Unsigned) -> Self {
        let Unsigned { module, target, why, refused } = unsigned;
        Self { subject: Subject::new(Some(module), Some(target)), why: why.clone(), loads: refused.is_none() }
    }
}

#[derive(Debug, Serialize)]
struct UntrustedEntry {
    #[serde(flatten)]
    subject: Subject,
    why: String,
}

impl From<&Untrusted> for UntrustedEntry {
    fn from(untrusted: &Untrusted) -> Self {
        let Untrusted { module, target, why } = untrusted;
        Self { subject: Subject::new(Some(module), Some(target)), why: why.clone() }
    }
}

#[derive(Debug, Serialize)]
struct UnlistedEntry {
    #[serde(flatten)]
    subject: Subject,
    why: String,
    /// None: nobody can tell.
    loads: Option<bool>,
}

impl From<&Unlisted> for UnlistedEntry {
    fn from(Unlisted { module, target, answer }: &Unlisted) -> Self {
        let (why, loads) = match answer {
            Answer::Refused(why) => (why.clone(), Some(false)),
            Answer::Unknown(why) => (why.clone(), None),
        };
        Self { subject: Subject::new(Some(module), Some(target)), why, loads }
    }
}

/// The stories of modules on kernels.
pub(crate) fn why(stories: &[crate::engine::story::Story]) -> Result<String> {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        code: u8,
        stories: &'a [crate::engine::story::Story],
    }
    text(&Document { schema: WHY, code: 0, stories })
}

/// Whether all is as wanted.
pub(crate) fn check(found: &Checked<'_>) -> Result<String> {
    #[derive(Serialize)]
    struct Document {
        schema: &'static str,
        code: u8,
        error: Option<ErrorEntry>,
        state: &'static str,
        to_do: Vec<StepEntry>,
        pending: Vec<OmissionEntry>,
        failed: Vec<FailedEntry>,
        refused: Vec<OmissionEntry>,
        lacking: Vec<Subject>,
        cannot_be: Vec<OmissionEntry>,
        unsigned: Vec<UnsignedEntry>,
        untrusted: Vec<UntrustedEntry>,
        unlisted: Vec<UnlistedEntry>,
        serves: Vec<Subject>,
        standings: Vec<StandingEntry>,
    }
    text(&Document {
        schema: CHECK,
        code: found.error.map_or(0, |error| error.kind().code()),
        error: found.error.map(ErrorEntry::from),
        state: found.state,
        to_do: found.to_do.iter().map(|planned| step(planned, None)).collect(),
        pending: found.pending.iter().copied().map(omission).collect(),
        failed: found.failed.iter().map(failed).collect(),
        refused: found.refused.iter().copied().map(omission).collect(),
        lacking: found.lacking.iter().flat_map(lacking).collect(),
        cannot_be: found.cannot_be.iter().copied().map(omission).collect(),
        unsigned: found.unsigned.iter().map(UnsignedEntry::from).collect(),
        untrusted: found.untrusted.iter().map(UntrustedEntry::from).collect(),
        unlisted: found.unlisted.iter().map(UnlistedEntry::from).collect(),
        serves: found.serves.iter().map(|(id, target)| Subject::new(Some(id), Some(target))).collect(),
        standings: found.standings.iter().map(StandingEntry::from).collect(),
    })
}

/// One entry for each module.
fn lacking(lack: &Lack) -> Vec<Subject> {
    let subject = |name: &ModuleName| Subject { module: Some(name.clone()), ..Subject::new(None, Some(&lack.target)) };
    lack.modules.iter().map(subject).collect()
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
    text(&Document {
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
    text(&Document { schema: PLAN, steps, omissions: plan.omissions.iter().map(omission).collect() })
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
    text(&Document {
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
        Reason::AlreadySo { .. } => ("already-so", None, None, &[][..]),
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

fn text(document: &impl Serialize) -> Result<String> {
    crate::report::document(document)
        .map_err(|error| Error::new(Kind::Internal, "cannot write the answer as JSON").caused_by(error))
}
