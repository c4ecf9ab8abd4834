//! Gather, decide, do, tell: the way of every request, whoever made it.

use crate::action;
use crate::error::Result;
use crate::ids::{KernelRelease, ModuleId, Target};
use crate::plan;
use crate::report::Reporter;
use crate::request::{Request, Wish};
use crate::snapshot::Snapshot;
use crate::step::{InitramfsCare, Operation, Outcome, Plan, Step, StepId};
use crate::sys::{shutdown, trace};
use crate::tree::TreeLock;
use crate::tree::digests::KnownDigests;

use crate::engine::app::{App, Noting};
use crate::engine::summary::Summary;
use crate::engine::verdict::{self, Verdict};
use crate::engine::{
    advice, document, gather, initramfs, leavers, provenance, reboot, replacing, rpm_upgrade, telling, unsigned, work,
};

/// What came of a request.
#[derive(Debug, Default)]
pub(crate) struct Met {
    pub(crate) verdict: Verdict,
    /// What a transaction is told at its end.
    pub(crate) summary: Summary,
}

impl Met {
    fn new(app: &App, wish: &Wish, plan: Plan, outcomes: Vec<(StepId, Outcome)>) -> Self {
        let unsigned = |id: &ModuleId, target: &Target| unsigned::why(app.tree.layout(), id, target).is_some();
        Self { summary: Summary::of(&plan, &outcomes, &unsigned), verdict: verdict::judge(wish, plan, outcomes) }
    }
}

/// How a request is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The plan is carried out.
    Do,
    /// The plan is carried out, and what came of it is printed as JSON.
    DoJson,
    Show,
    /// The plan is printed as JSON.
    ShowJson,
}

impl App {
    /// Carries a request out, or shows what that would be.
    pub(crate) fn meet(&self, request: &Request, mode: Mode) -> Result<Verdict> {
        let mut verdict = match mode {
            Mode::Do | Mode::DoJson => self.do_it(request)?.verdict,
            Mode::Show | Mode::ShowJson => self.show(request, mode)?,
        };
        advice::complete(self, &mut verdict);
        Ok(verdict)
    }

    /// Carries a request out, and gives all that came of it.
    pub(crate) fn do_it(&self, request: &Request) -> Result<Met> {
        let wish = &request.wish;

        // Gather. Where nothing is to be changed no lock is taken: a hook with nothing to do waits for nobody, and a refusal
        // leaves no trace.
        let mut seen = gather::look(self, request)?;
        if let Some(seen) = &mut seen
            && let Some(plan) = self.nothing_to_do(request, &seen.snapshot)
        {
            trace::tell(|| format!("decided:\n{}", plan.to_string().trim_end()));
            telling::omissions(self, &plan, wish);
            self.keep_digests(std::mem::take(&mut seen.snapshot.learnt));
            return Ok(Met::new(self, wish, plan, Vec::new()));
        }
        let lock = self.lock()?;
        if rpm_upgrade::cancels(request, &lock, &self.reporter)? || replacing::keeps(self, request, &lock)? {
            return Ok(Met::default());
        }
        let snapshot = gather::sound(self, request, &lock, seen)?;

        // Decide.
        let plan = self.decide(request, &snapshot)?;
        trace::tell(|| format!("decided:\n{}", plan.to_string().trim_end()));
        telling::omissions(self, &plan, wish);
        telling::renewals(self, &plan, &snapshot);

        // Do, with notes before it for the case that we die in it, and after it of what became of it.
        let (noting, care) = (Noting { app: self, lock: &lock }, self.care(request));
        provenance::note_arrivals(&plan, wish, &snapshot, &noting)?;
        provenance::note_departures(&plan, wish, &noting)?;
        let noted = initramfs::begin(&plan, &care, &snapshot, &self.view(&request.policy.inputs), &noting)?;
        let delay = self.delay_of_shutdown(&plan, &lock);
        let outcomes = work::carry_out(self, &plan, &request.policy, &lock);
        telling::refusals(self, &outcomes, wish);
        telling::left_initramfs(self, &plan, &outcomes, wish);
        leavers::forget_leavers(&plan, &outcomes, wish, &lock)?;
        leavers::forget_what_is_over(&snapshot, &lock)?;
        initramfs::end(&plan, &outcomes, &care, &noted, &noting)?;
        provenance::note(&plan, &outcomes, &snapshot, &noting)?;
        provenance::note_tried(&plan, &outcomes, &snapshot, &noting)?;
        drop(lock);
        drop(delay);

        // Tell.
        self.afterwards(wish, &plan, &outcomes);
        Ok(Met::new(self, wish, plan, outcomes))
    }

    /// Has a shutdown wait while what a plan changes changes; who works under another's lock is waited for with that.
    fn delay_of_shutdown(&self, plan: &Plan, lock: &TreeLock) -> Option<shutdown::Delay> {
        let changes = plan.steps.iter().any(|step| !matches!(step.operation, Operation::Adopt | Operation::Serve));
        if lock.is_nested() || !changes {
            return None;
        }
        shutdown::delay(&self.system).unwrap_or_else(|error| {
            self.reporter.detail(format!("a shutdown would not wait for this: systemd-inhibit did not run: {error}"));
            None
        })
    }

    /// What others are to know or to do when all is done.
    fn afterwards(&self, wish: &Wish, plan: &Plan, outcomes: &[(StepId, Outcome)]) {
        if matches!(wish, Wish::ModuleArrived { .. }) {
            reboot::note(self, plan, outcomes);
        }
        if outcomes.iter().any(|(id, outcome)| changes(plan, *id, outcome)) {
            action::post_transaction::run(&self.system, &self.framework, only_kernel(plan), &self.reporter);
        }
    }

    /// What would be done, from the disk as it is.
    pub(crate) fn plan(&self, request: &Request) -> Result<Plan> {
        let snapshot = gather::snapshot(self, request)?;
        let mut plan = plan::interrupted::complete(&snapshot);
        plan.append(self.decide(request, &snapshot)?);
        Ok(plan)
    }

    fn show(&self, request: &Request, mode: Mode) -> Result<Verdict> {
        let plan = self.plan(request)?;
        match mode {
            Mode::ShowJson => self.reporter.document(document::plan(&plan)?),
            _ => self.reporter.answer(plan.to_string().trim_end().to_owned()),
        }
        Ok(verdict::judge(&request.wish, plan, Vec::new()))
    }

    /// The plan for a request, with what it means for the kernels' initramfs.
    fn decide(&self, request: &Request, snapshot: &Snapshot) -> Result<Plan> {
        let mut plan = request.plan(snapshot);
        // With a note, or another hook that makes it, the end of the transaction sees to it and tells.
        if self.care(request) == InitramfsCare::Renew {
            let policy = self.framework.policies.initramfs;
            initramfs::renew(&mut plan, policy, snapshot, &self.view(&request.policy.inputs), &self.kernels()?);
        }
        Ok(plan)
    }

    /// Whoever builds an image makes its initramfs when all is in place.
    fn care(&self, request: &Request) -> InitramfsCare {
        match self.system.is_live() {
            true => initramfs::care(self.framework.policies.initramfs, request),
            false => InitramfsCare::Leave,
        }
    }

    /// A plan without steps, where nothing else is left to be seen to either.
    fn nothing_to_do(&self, request: &Request, snapshot: &Snapshot) -> Option<Plan> {
        let mut plan = request.plan(snapshot);
        let left_over = plan::interrupted::complete(snapshot);
        // Where nothing can be noted, what another DKMS built is well as it is.
        let only_notes = plan.steps.iter().all(|step| step.operation == Operation::Adopt);
        if only_notes && left_over.steps.is_empty() && !plan.steps.is_empty() && self.may_write().is_err() {
            plan.steps.clear();
        }
        let is_nothing = plan.steps.is_empty() && left_over.steps.is_empty() && !self.has_rest(request, snapshot);
        is_nothing.then_some(plan)
    }

    /// Whether notes of versions that were to leave are out of date, or an initramfs is.
    fn has_rest(&self, request: &Request, snapshot: &Snapshot) -> bool {
        let is_over = !snapshot.stayed.is_empty() || !snapshot.moot.is_empty();
        let is_noted = is_over || initramfs::is_open(self, &self.care(request));
        returns(request, snapshot) || (is_noted && self.may_write().is_ok())
    }

    /// For the next event with nothing to do; when somebody else is at work, or nothing can be kept, it reads again.
    fn keep_digests(&self, learnt: KnownDigests) {
        if learnt.is_empty() {
            return;
        }
        let token = self.system.variable(TreeLock::TOKEN).and_then(|token| token.to_str());
        let kept = TreeLock::acquire(self.tree.layout(), std::time::Duration::ZERO, token, &mut |_| {})
            .map_err(std::io::Error::other)
            .and_then(|lock| lock.writer().keep_digests(learnt));
        if let Err(error) = kept {
            self.reporter.detail(format!("what was read was not kept for later: {error}"));
        }
    }
}

/// The kernel that a plan is about, when it is one.
fn only_kernel(plan: &Plan) -> Option<&KernelRelease> {
    let mut kernels = plan.steps.iter().filter_map(|step| Some(&step.target.as_ref()?.kernel));
    let first = kernels.next()?;
    kernels.all(|kernel| kernel == first).then_some(first)
}

/// A step that changes what a kernel has calls for post_transaction; a mere add or build does not.
fn changes(plan: &Plan, id: StepId, outcome: &Outcome) -> bool {
    use Operation::{Add, Adopt, Build, MakeTarball, RenewInitramfs};
    let changes_nothing =
        |step: &Step| matches!(step.operation, Add(_) | Adopt | Build | RenewInitramfs | MakeTarball(_));
    matches!(outcome, Outcome::Done) && plan.steps.get(id.0).is_some_and(|step| !changes_nothing(step))
}

/// Whether a module arrives that was noted to leave.
fn returns(request: &Request, snapshot: &Snapshot) -> bool {
    matches!(&request.wish, Wish::ModuleArrived { id, .. } if snapshot.leaving.iter().any(|note| note.id == *id))
}
