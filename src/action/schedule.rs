//! Which step of a plan may start now: dependencies, what must not run beside each other, and when a kernel is closed.
//! Pure: it starts nothing itself.

use std::collections::BTreeSet;

use crate::error::Error;
use crate::exit::Kind;
use crate::ids::KernelRelease;
use crate::step::{Operation, Outcome, Plan, Step, StepId};

use super::jobs::Job;

/// What a worker is to do next.
#[derive(Debug)]
pub(super) enum Task<'p> {
    Step {
        step: &'p Step,
        /// On which job it runs if it is a build.
        job: Job,
    },
    /// depmod and what follows it, for this kernel.
    Close(KernelRelease),
    /// Nothing can start before something that runs has ended.
    Wait,
    Over,
}

#[derive(Debug)]
enum State {
    Waiting,
    Running,
    Ended(Outcome),
}

/// The progress of one plan.
#[derive(Debug)]
pub(super) struct Schedule<'p> {
    plan: &'p Plan,
    states: Vec<State>,
    /// Kernels with changes for which depmod has not run yet.
    open: BTreeSet<KernelRelease>,
    closing: BTreeSet<KernelRelease>,
    /// How many builds may run at once.
    builds: usize,
    /// The build that runs on our own job.
    on_own_job: Option<StepId>,
    /// Removals that are complete but for the module lists: what comes after them goes on.
    unlisted: Vec<(StepId, Error)>,
}

impl<'p> Schedule<'p> {
    /// Nothing has started. `builds`: how many of them may run at once.
    pub(super) fn new(plan: &'p Plan, builds: usize) -> Self {
        let states = plan.steps.iter().map(|_| State::Waiting).collect();
        let (open, closing) = (BTreeSet::new(), BTreeSet::new());
        Self { plan, states, open, closing, builds: builds.max(1), on_own_job: None, unlisted: Vec::new() }
    }

    /// Chooses the next task and counts it as running.
    pub(super) fn next(&mut self) -> Task<'p> {
        self.skip_after_failures();
        if let Some(kernel) = self.closable() {
            return self.close(kernel);
        }
        if let Some(step) = self.startable() {
            self.states[step.id.0] = State::Running;
            return Task::Step { step, job: self.job(step) };
        }
        if self.running().next().is_some() || !self.closing.is_empty() {
            return Task::Wait;
        }
        // A step waits for a kernel whose own last steps wait for that step: close the kernel early, and again at the end.
        match self.open.pop_first() {
            Some(kernel) => self.close(kernel),
            None => Task::Over,
        }
    }

    /// A step has ended; with `changed`, its kernel needs depmod.
    pub(super) fn end(&mut self, step: &Step, outcome: Outcome, changed: bool) {
        self.states[step.id.0] = State::Ended(outcome);
        self.on_own_job.take_if(|id| *id == step.id);
        if let Some(target) = step.target.as_ref().filter(|_| changed) {
            self.open.insert(target.kernel.clone());
        }
    }

    /// A kernel is closed; these steps turned out to have failed.
    pub(super) fn closed(&mut self, kernel: &KernelRelease, failed: Vec<(StepId, Error)>) {
        self.closing.remove(kernel);
        for (id, error) in failed {
            match self.plan.steps[id.0].operation {
                Operation::Uninstall | Operation::Unbuild => self.unlisted.push((id, error)),
                _ => self.states[id.0] = State::Ended(Outcome::Failed(error)),
            }
        }
    }

    /// Nothing further is started: the first step that has not begun, or the one that was stopped, says why, and the others
    /// are left for its sake. What was changed is closed all the same.
    pub(super) fn stop(&mut self, why: impl FnOnce(&Step) -> Error) {
        let is_stopped =
            |state: &State| matches!(state, State::Ended(Outcome::Failed(error)) if error.kind() == Kind::Interrupted);
        let is_waiting = |state: &State| matches!(state, State::Waiting);
        let first = self.states.iter().position(is_stopped).or_else(|| {
            let first = self.states.iter().position(is_waiting)?;
            self.states[first] = State::Ended(Outcome::Failed(why(&self.plan.steps[first])));
            Some(first)
        });
        let Some(first) = first else { return };
        for state in self.states.iter_mut().filter(|state| is_waiting(state)) {
            *state = State::Ended(Outcome::Skipped { because: StepId(first) });
        }
    }

    /// What became of each step, in the plan's order.
    pub(super) fn into_outcomes(mut self) -> Vec<(StepId, Outcome)> {
        for (id, error) in std::mem::take(&mut self.unlisted) {
            self.states[id.0] = State::Ended(Outcome::Failed(error));
        }
        let outcome = |(index, state)| match state {
            State::Ended(outcome) => Some((StepId(index), outcome)),
            State::Waiting | State::Running => None,
        };
        self.states.into_iter().enumerate().filter_map(outcome).collect()
    }

    fn close(&mut self, kernel: KernelRelease) -> Task<'p> {
        self.open.remove(&kernel);
        self.closing.insert(kernel.clone());
        Task::Close(kernel)
    }

    /// The first build that finds our own job free takes it.
    fn job(&mut self, step: &Step) -> Job {
        if step.operation != Operation::Build || self.on_own_job.is_some() {
            return Job::Pooled;
        }
        self.on_own_job = Some(step.id);
        Job::Own
    }

    fn skip_after_failures(&mut self) {
        for step in &self.plan.steps {
            if !matches!(self.states[step.id.0], State::Waiting) {
                continue;
            }
            if step.operation == Operation::RenewInitramfs {
                self.skip_without_a_change(step);
                continue;
            }
            let ended_badly = |id: &&StepId| match &self.states[id.0] {
                State::Ended(outcome) => !matches!(outcome, Outcome::Done),
                State::Waiting | State::Running => false,
            };
            if let Some(because) = step.after.iter().find(ended_badly).copied() {
                self.states[step.id.0] = State::Ended(Outcome::Skipped { because });
            }
        }
    }

    /// An initramfs is made anew when anything at all has changed, whatever else failed.
    fn skip_without_a_change(&mut self, step: &Step) {
        let ended = |id: &StepId| match &self.states[id.0] {
            State::Ended(outcome) => Some(matches!(outcome, Outcome::Done)),
            State::Waiting | State::Running => None,
        };
        let ends: Option<Vec<bool>> = step.after.iter().map(ended).collect();
        if let (Some(ends), Some(because)) = (ends, step.after.last())
            && !ends.contains(&true)
        {
            self.states[step.id.0] = State::Ended(Outcome::Skipped { because: *because });
        }
    }

    /// Every change of its kernel is over, and its module lists are written.
    fn may_renew_initramfs(&self, step: &Step) -> bool {
        let is_over = |id: &StepId| matches!(self.states[id.0], State::Ended(_));
        let kernel = step.target.as_ref().map(|target| &target.kernel);
        let is_open = kernel.is_some_and(|kernel| self.open.contains(kernel) || self.closing.contains(kernel));
        step.after.iter().all(is_over) && !is_open
    }

    fn running(&self) -> impl Iterator<Item = &'p Step> {
        self.plan.steps.iter().filter(|step| matches!(self.states[step.id.0], State::Running))
    }

    /// A kernel with changes and no further step to come.
    fn closable(&self) -> Option<KernelRelease> {
        let ended = |step: &Step| matches!(self.states[step.id.0], State::Ended(_));
        let steps_ended =
            |kernel: &&KernelRelease| self.plan.steps.iter().filter(|s| changes_kernel(s, kernel)).all(ended);
        self.open.iter().find(steps_ended).cloned()
    }

    fn startable(&self) -> Option<&'p Step> {
        let building = self.running().filter(|step| step.operation == Operation::Build).count();
        self.plan.steps.iter().find(|step| {
            matches!(self.states[step.id.0], State::Waiting)
                && match step.operation {
                    Operation::RenewInitramfs => self.may_renew_initramfs(step),
                    _ => step.after.iter().all(|id| self.is_settled(*id, step)),
                }
                && (step.operation != Operation::Build || building < self.builds)
                && !self.closing.iter().any(|kernel| changes_kernel(step, kernel))
                && !self.running().any(|other| in_the_way(step, other))
        })
    }

    /// Whether `id` is done for good as far as `for_step` is concerned. An install may still be taken back when its
    /// kernel is closed; steps for the same kernel need not wait for that, as they are taken back with it.
    fn is_settled(&self, id: StepId, for_step: &Step) -> bool {
        let kernel = |step: &Step| step.target.as_ref().map(|target| target.kernel.clone());
        let done = matches!(self.states[id.0], State::Ended(Outcome::Done));
        let before = &self.plan.steps[id.0];
        let is_open = |kernel: &KernelRelease| self.open.contains(kernel) || self.closing.contains(kernel);
        done && (before.operation != Operation::Install
            || kernel(before) == kernel(for_step)
            || !kernel(before).is_some_and(|kernel| is_open(&kernel)))
    }
}

/// Whether the step changes what lies under this kernel.
fn changes_kernel(step: &Step, kernel: &KernelRelease) -> bool {
    matches!(step.operation, Operation::Install | Operation::Uninstall | Operation::Unbuild)
        && step.target.as_ref().is_some_and(|target| target.kernel == *kernel)
}

/// Whether the two must not run at the same time: NAME/VERSION/build is one place, a kernel's module folder another, and
/// the module's own folder (with its last version, it goes) a third.
fn in_the_way(step: &Step, other: &Step) -> bool {
    let changes_module = |step: &Step| matches!(step.operation, Operation::Add(_) | Operation::Forget);
    let changes_build =
        |step: &Step| matches!(step.operation, Operation::Build | Operation::Unbuild | Operation::Adopt);
    let same_kernel = step.target.as_ref().is_some_and(|target| changes_kernel(other, &target.kernel));
    // One at a time: each takes all that memory and disk can give.
    if step.operation == Operation::RenewInitramfs && other.operation == Operation::RenewInitramfs {
        return true;
    }
    if changes_module(step) || changes_module(other) {
        return step.module.name == other.module.name;
    }
    if step.module == other.module && changes_build(step) && changes_build(other) {
        return true;
    }
    // A build reads the kernel's folder but never changes it.
    same_kernel && step.operation != Operation::Build
}

#[cfg(test)]
mod tests;
