//! Failed steps, kept until they are done: an event's exit code tells nobody, so `status` does.

use std::io;

use crate::error::{Error, failed};
use crate::exit::Kind;
use crate::ids::{ModuleId, Target};
use crate::report::Reporter;
use crate::status::Row;
use crate::step::{Omission, Operation, Outcome, Plan, Reason, Step, StepId};
use crate::sys::process;
use crate::tree::records::{self, Failure, OpenInitramfs, Served, Tried, Unmade};
use crate::tree::{Layout, ModuleEntry, TreeLock, TreeWriter};

use crate::engine::serving;

/// Notes what failed, and takes back the notes of what is done now.
pub(crate) fn note(plan: &Plan, outcomes: &[(StepId, Outcome)], lock: &TreeLock) -> io::Result<()> {
    for (id, outcome) in outcomes {
        let Some(step) = plan.steps.get(id.0) else { continue };
        match outcome {
            // Kept with the note that it is to be made.
            _ if step.operation == Operation::RenewInitramfs => {}
            // It says nothing about the module.
            Outcome::Failed(error) if error.kind() == Kind::Interrupted => {}
            Outcome::Failed(error) => lock.writer().record(&failure(step, error, lock.writer().layout()))?,
            Outcome::Done => settle(step, lock.writer())?,
            // It is a fact now, whatever failed before.
            Outcome::Refused(error) if error.kind().is_fact() => {
                lock.writer().drop_record::<Failure>(&step.module, step.target.as_ref())?;
            }
            Outcome::Refused(_) | Outcome::Skipped { .. } => {}
        }
    }
    Ok(())
}

/// A build that is done settles only the failure of a build: that of an install stands until it is installed.
fn settle(step: &Step, writer: TreeWriter<'_>) -> io::Result<()> {
    let target = step.target.as_ref();
    if step.operation == Operation::Install {
        writer.drop_record::<Served>(&step.module, target)?;
    }
    if target.is_some() && is_added(step) {
        writer.drop_record::<Failure>(&step.module, None)?;
    }
    let Some(known) = records::one::<Failure>(writer.layout(), &step.module, target) else { return Ok(()) };
    if step.operation == Operation::Adopt {
        return Ok(());
    }
    if step.operation == Operation::Build && known.step != Operation::Build.verb() {
        return Ok(());
    }
    writer.drop_record::<Failure>(&step.module, target)
}

/// Whether a version with which this was done is added: then it matters no more that it once could not be.
fn is_added(step: &Step) -> bool {
    matches!(step.operation, Operation::Build | Operation::Install | Operation::Adopt)
}

fn failure(step: &Step, error: &Error, layout: &Layout) -> Failure {
    let log = layout.build_folder(&step.module).join("make.log");
    let has_log = step.operation == Operation::Build && log.is_file();
    Failure {
        module: step.module.clone(),
        target: step.target.clone(),
        step: step.operation.verb().to_owned(),
        code: error.kind().code(),
        // The line that ended a build; why it did is read from the log again.
        error: match error.kind() {
            Kind::MakeFailed => error.message().to_owned(),
            _ => error.in_one_line(),
        },
        log: has_log.then(|| layout.named(&log)),
        time: crate::sys::now(),
    }
}

/// Everything that failed and was not done since.
pub(crate) fn all(layout: &Layout) -> Vec<Failure> {
    let unmade = records::all::<OpenInitramfs>(layout).into_iter().filter_map(|open| {
        let Unmade { error, code, time } = open.failed?;
        let step = Operation::RenewInitramfs.verb().to_owned();
        Some(Failure { module: open.module, target: Some(open.target), step, code, error, log: None, time })
    });
    records::all::<Failure>(layout).into_iter().chain(unmade).collect()
}

/// What a plan leaves out for kernels for which it failed and was not done since: an earlier event has tried.
pub(crate) fn left_out<'p>(layout: &Layout, plan: &'p Plan) -> Vec<&'p Omission> {
    let failures = records::all::<Failure>(layout);
    let is_left_out = |omission: &&Omission| {
        let is_it =
            |failure: &Failure| omission.module.as_ref() == Some(&failure.module) && omission.target == failure.target;
        let is_step_of_its_own = omission.follows.is_none();
        is_step_of_its_own && matches!(omission.reason, Reason::AlreadySo { .. }) && failures.iter().any(is_it)
    };
    plan.omissions.iter().filter(is_left_out).collect()
}

/// What failed in the transaction that this process is part of, which has told it.
pub(crate) struct Told(Vec<Tried>);

impl Told {
    pub(crate) fn before(layout: &Layout) -> Self {
        let mut tried = records::all::<Tried>(layout);
        tried.retain(|tried| tried.transaction.is_some());
        if !tried.is_empty() {
            let now = process::transaction();
            tried.retain(|tried| tried.transaction == now);
        }
        Self(tried)
    }

    pub(crate) fn has(&self, omission: &Omission) -> bool {
        let is_it = |tried: &Tried| {
            omission.module.as_ref() == Some(&tried.module) && omission.target.as_ref() == Some(&tried.target)
        };
        self.0.iter().any(is_it)
    }
}

/// The failures about what these rows show: their modules, on kernels that are still there.
pub(crate) fn shown(layout: &Layout, rows: &[Row], kernels: &[String]) -> Vec<Failure> {
    let is_shown = |id: &ModuleId| rows.iter().any(|row| row.is_of(id));
    let is_wanted = |target: &Target| {
        let named = |word: &String| word.split('/').next() == Some(target.kernel.as_str());
        layout.kernel_modules(target).is_dir() && (kernels.is_empty() || kernels.iter().any(named))
    };
    let failures = all(layout).into_iter();
    failures.filter(|failure| is_shown(&failure.module) && failure.target.as_ref().is_none_or(is_wanted)).collect()
}

/// One line each, on standard error, with what serves meanwhile.
pub(crate) fn tell(failures: &[Failure], modules: &[ModuleEntry], reporter: &dyn Reporter) {
    for failure in failures {
        let Failure { module, target, step, error, .. } = failure;
        let instead = serving::instead(failure, modules);
        let kernel = target.as_ref().map(|target| format!(" for {}", target.kernel)).unwrap_or_default();
        let only = target.as_ref().map(|target| format!(" -k {}", target.kernel)).unwrap_or_default();
        let line = failed(&format!("the last {step} of {module}{kernel}"), &in_short(error));
        reporter.warn(format!("{line}; `dkms why {module}{only}` tells more{instead}"));
    }
}

/// What ended it says more than that it failed, and a line of a screen or two is enough.
fn in_short(error: &str) -> String {
    const LONGEST: usize = 150;
    let said = error.split_once(" failed: ").map_or(error, |(_, said)| said);
    match said.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &said[..end]),
        None => said.to_owned(),
    }
}
