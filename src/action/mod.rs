//! Runs a plan: a pool of workers over the dependency graph, one outcome per step.

pub(crate) mod add;
mod adopt;
mod caller;
mod claim;
pub(crate) mod compile;
pub(crate) mod hook;
mod initramfs;
pub(crate) mod install;
pub(crate) mod jobs;
pub(crate) mod keys;
mod memo;
mod module_conf;
pub(crate) mod post_transaction;
pub(crate) mod remove;
pub(crate) mod repair;
#[cfg(test)]
mod sample;
mod schedule;
mod tarball;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::conf::Framework;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{KernelRelease, Target};
use crate::report::{Message, Reporter};
use crate::snapshot::View;
use crate::step::{Operation, Outcome, Plan, Policy, Step, StepId};
use crate::sys::environment::left_out;
use crate::sys::{System, interrupt};
use crate::tree::finished::Limits;
use crate::tree::intent::{self, Doing, Intent};
use crate::tree::{Tree, TreeLock};

use claim::Claim;
use install::Change;
use jobs::{Job, Jobs};
pub(crate) use memo::Memo;
use schedule::{Schedule, Task};

/// What every action has at hand.
pub(crate) struct Context<'a> {
    pub(crate) system: &'a System,
    pub(crate) framework: &'a Framework,
    pub(crate) tree: &'a Tree,
    /// The lock, which gives the writer.
    pub(crate) lock: &'a TreeLock,
    pub(crate) reporter: &'a dyn Reporter,
    /// How the work is to be done.
    pub(crate) policy: &'a Policy,
    pub(crate) memo: Memo,
}

impl<'a> Context<'a> {
    pub(crate) fn view(&self) -> View<'a> {
        View { system: self.system, framework: self.framework, tree: self.tree, inputs: &self.policy.inputs }
    }
}

/// Whether a step is done for the first time or completes what a dead run began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    First,
    Again,
}

/// Carries out every step whose predecessors ended well, several at once where the plan lets them (the outcomes come in
/// the plan's order). One depmod per kernel at the end of the installs and uninstalls that asked for it; where it fails,
/// the installs that it fails on are taken back and count as failed.
pub(crate) fn run(plan: &Plan, context: &Context<'_>) -> Vec<(StepId, Outcome)> {
    tell_environment(plan, context);
    let builds = plan.steps.iter().filter(|step| step.operation == Operation::Build);
    let modules: std::collections::BTreeSet<_> = builds.map(|step| &step.module).collect();
    // One build at a time per module version, so more could never run together.
    let jobs = Jobs::new(context.system, context.framework, context.policy, modules.len());
    let pool = Pool {
        plan,
        context,
        interrupted: interrupted(context),
        shared: Mutex::new(Shared { schedule: Schedule::new(plan, jobs.builds()), changes: BTreeMap::new() }),
        jobs,
        ended: Condvar::new(),
    };
    // Two more than builds, so that what is built gets installed while the rest is still building.
    let workers = (pool.jobs.builds() + 2).min(plan.steps.len().max(1));
    std::thread::scope(|scope| {
        for _ in 1..workers {
            scope.spawn(|| pool.work());
        }
        pool.work();
    });
    trim_finished(plan, context);
    pool.shared.into_inner().unwrap_or_else(PoisonError::into_inner).schedule.into_outcomes()
}

/// Who wonders why a variable has no effect finds the answer with `--verbose`.
fn tell_environment(plan: &Plan, context: &Context<'_>) {
    let left_out = left_out(context.system.environment(), &context.framework.pass_environment);
    if !plan.steps.is_empty() && !left_out.is_empty() {
        let names = left_out.join(" ");
        context.reporter.detail(format!(
            "builds and scripts do not find these variables: {names} (pass_environment in framework.conf(5) lets them)"
        ));
    }
}

/// Builds that were taken away are kept for a while, but not too many.
fn trim_finished(plan: &Plan, context: &Context<'_>) {
    if plan.steps.iter().any(|step| step.operation == Operation::Unbuild)
        && let Err(error) = context.lock.writer().trim_finished(Limits::default())
    {
        context.reporter.warn(format!("old finished builds cannot be deleted: {error}"));
    }
}

/// What the workers of one run share.
struct Pool<'a> {
    plan: &'a Plan,
    context: &'a Context<'a>,
    /// What a dead run began.
    interrupted: Vec<Intent>,
    jobs: Jobs,
    shared: Mutex<Shared<'a>>,
    ended: Condvar,
}

struct Shared<'a> {
    schedule: Schedule<'a>,
    /// What was changed under each kernel since its last depmod.
    changes: BTreeMap<KernelRelease, Vec<Change>>,
}

impl<'a> Pool<'a> {
    /// One worker: takes tasks until there are none.
    fn work(&self) {
        let mut shared = self.lock();
        loop {
            if let Some(signal) = interrupt::received() {
                shared.schedule.stop(|step| interrupted_by(signal, step, "nothing of it was begun"));
            }
            match shared.schedule.next() {
                Task::Over => break,
                Task::Wait => {
                    shared = self.ended.wait(shared).unwrap_or_else(PoisonError::into_inner);
                    continue;
                }
                Task::Step { step, job } => {
                    drop(shared);
                    let (outcome, change) = self.perform(step, job);
                    shared = self.lock();
                    shared.schedule.end(step, outcome, change.is_some());
                    if let (Some(change), Some(target)) = (change, &step.target) {
                        shared.changes.entry(target.kernel.clone()).or_default().push(change);
                    }
                }
                Task::Close(kernel) => {
                    let changes = shared.changes.remove(&kernel).unwrap_or_default();
                    drop(shared);
                    let failed = self.close(&kernel, changes);
                    shared = self.lock();
                    shared.schedule.closed(&kernel, failed);
                }
            }
            self.ended.notify_all();
        }
        drop(shared);
        self.ended.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Shared<'a>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does one step. A panic in it is that step's failure, so that the other workers do not wait for it for ever.
    fn perform(&self, step: &Step, job: Job) -> (Outcome, Option<Change>) {
        let doing = doing(&step.operation);
        let told = |how: Option<String>| {
            let (module, target) = (step.module.clone(), step.target.clone());
            self.context.reporter.tell(match how {
                None => Message::Started { module, target, doing },
                Some(how) => Message::Finished { module, target, doing, how },
            });
        };
        // A build tells its own beginning and end.
        let told = |how| {
            if !matches!(step.operation, Operation::Build | Operation::Serve) {
                told(how);
            }
        };
        told(None);
        let result = catch_unwind(AssertUnwindSafe(|| self.operate(step, job)))
            .unwrap_or_else(|panic| Err(internal(step, &*panic)));
        let result = result.map_err(|error| match interrupt::received() {
            Some(signal) if step.operation == Operation::Build => {
                interrupted_by(signal, step, "it was stopped, and its build folder removed")
            }
            _ => error,
        });
        let (outcome, change) = match result {
            Ok(change) => (Outcome::Done, change),
            Err(error) if error.kind().is_no_failure() => (Outcome::Refused(error), None),
            Err(error) => (Outcome::Failed(error), None),
        };
        told(Some(format!("{}{}", how_it_ended(&outcome), self.destination(step, &outcome))));
        (outcome, change)
    }

    /// Where an install has put its module.
    fn destination(&self, step: &Step, outcome: &Outcome) -> String {
        let is_done = matches!(outcome, Outcome::Done) && step.operation == Operation::Install;
        let Some(target) = step.target.as_ref().filter(|_| is_done) else { return String::new() };
        let files = self.context.tree.installed(&step.module.name, target).map(|installed| installed.files);
        match files.as_deref() {
            Some([only]) => format!(": {}", only.place.display()),
            Some([first, more @ ..]) => format!(": {} and {} more", first.place.display(), more.len()),
            _ => String::new(),
        }
    }

    fn operate(&self, step: &Step, job: Job) -> Result<Option<Change>> {
        let context = self.context;
        caller::refuse(context.system, context.lock, step)?;
        let _claim = Claim::take(context, step)?;
        match &step.operation {
            Operation::Add(source) => add::add(context, &step.module, source, self.on_the_way_to(step)).map(|()| None),
            Operation::Forget => remove::forget(context, &step.module).map(|()| None),
            Operation::Build => {
                let _slot = self
                    .jobs
                    .slot(job)
                    .map_err(|error| Error::io("cannot take part in the jobserver of make", error))?;
                compile::build(context, &step.module, target(step)?, &self.jobs).map(|()| None)
            }
            Operation::Install => {
                install::install(context, step.id, &step.module, target(step)?, self.attempt(step)).map(Some)
            }
            Operation::Serve => {
                let served = context.lock.writer().activate(&step.module, target(step)?);
                served.map_err(|error| Error::io("the tree cannot be written", error)).map(|()| None)
            }
            Operation::Uninstall => {
                install::uninstall(context, step.id, &step.module, target(step)?, self.attempt(step))
            }
            Operation::Unbuild => remove::unbuild(context, step.id, &step.module, target(step)?),
            Operation::Adopt => {
                adopt::adopt(context, &step.module, target(step)?);
                Ok(None)
            }
            Operation::RenewInitramfs => initramfs::renew(context, target(step)?).map(|()| None),
            Operation::MakeTarball(wanted) => tarball::make(context, &step.module, wanted).map(|()| None),
        }
    }

    /// An install or uninstall that a dead run began is completed instead of begun.
    fn attempt(&self, step: &Step) -> Attempt {
        let is_this = |intent: &Intent| {
            (intent.doing == Doing::Install) == (step.operation == Operation::Install)
                && intent.id == step.module
                && Some(&intent.target) == step.target.as_ref()
        };
        if self.interrupted.iter().any(is_this) { Attempt::Again } else { Attempt::First }
    }

    /// The kernel for which a module is built right after it was added, if that is why.
    fn on_the_way_to(&self, add: &Step) -> Option<&Target> {
        let next = self.plan.steps.iter().find(|step| step.module == add.module && step.after.contains(&add.id))?;
        next.target.as_ref()
    }

    fn close(&self, kernel: &KernelRelease, changes: Vec<Change>) -> Vec<(StepId, Error)> {
        let steps: Vec<_> = changes.iter().map(|change| change.step).collect();
        catch_unwind(AssertUnwindSafe(|| install::close(self.context, kernel, changes))).unwrap_or_else(|_| {
            let failed = || Error::new(Kind::Internal, format!("updating the module lists of {kernel} broke off"));
            steps.into_iter().map(|id| (id, failed())).collect()
        })
    }
}

/// Under an ancestor's lock the notes are that one's, and not left over. Notes that cannot be read cannot be completed.
fn interrupted(context: &Context<'_>) -> Vec<Intent> {
    if context.lock.is_nested() {
        return Vec::new();
    }
    intent::left_over(context.tree.layout()).unwrap_or_else(|error| {
        context.reporter.warn(format!("the notes of interrupted installs cannot be read: {error}"));
        Vec::new()
    })
}

fn target(step: &Step) -> Result<&Target> {
    let missing =
        || Error::new(Kind::Internal, format!("the step to {} {} has no kernel", step.operation.verb(), step.module));
    step.target.as_ref().ok_or_else(missing)
}

fn doing(operation: &Operation) -> &'static str {
    match operation {
        Operation::Add(_) => "adding",
        Operation::Build => "building",
        Operation::Install => "installing",
        Operation::Serve => "noting",
        Operation::Uninstall => "uninstalling",
        Operation::Unbuild => "unbuilding",
        Operation::Forget => "removing",
        Operation::Adopt => "taking over",
        Operation::RenewInitramfs => "renewing the initramfs with",
        Operation::MakeTarball(_) => "packing",
    }
}

fn how_it_ended(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Failed(error) if error.kind() == Kind::Interrupted => "interrupted",
        Outcome::Failed(_) => "failed",
        Outcome::Refused(_) => "refused",
        Outcome::Skipped { .. } => "skipped",
    }
}

/// `became`: what there is, or is no more, of this step.
fn interrupted_by(signal: interrupt::Signal, step: &Step, became: &str) -> Error {
    let target = step.target.as_ref().map(|target| format!(" for {target}")).unwrap_or_default();
    let what = format!("{} {}{target}", doing(&step.operation), step.module);
    Error::new(Kind::Interrupted, format!("interrupted by {}: {what}: {became}", signal.name()))
        .hint("what was done before stays; the same command does the rest")
}

fn internal(step: &Step, panic: &(dyn std::any::Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    Error::new(Kind::Internal, format!("the step to {} {} broke off: {text}", step.operation.verb(), step.module))
}
