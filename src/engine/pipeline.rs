//! Gather, decide, do, tell: the way of every request, whoever made it.

use crate::action;
use crate::conf::Framework;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{KernelRelease, ModuleId, Target};
use crate::kernel::{arch, headers, installed};
use crate::plan;
use crate::report::Reporter;
use crate::report::human::Human;
use crate::request::{Request, Wish};
use crate::snapshot::{self, Snapshot, View};
use crate::step::{InitramfsCare, Inputs, Operation, Outcome, Plan, Reason, Step, StepId, Switch};
use crate::sys::{System, chroot};
use crate::tree::digests::KnownDigests;
use crate::tree::records::{Failure, Removed, Tried};
use crate::tree::{Layout, LockError, Tree, TreeLock};

use crate::engine::provenance;
use crate::engine::provenance::Noting;
use crate::engine::summary::Summary;
use crate::engine::verdict;
use crate::engine::verdict::Verdict;
use crate::engine::{document, failures, initramfs, rpm_upgrade};

/// What to do about a tree that cannot be written by anybody.
pub(crate) const READ_ONLY: &str = "remount its file system writable, or name another tree with --dkmstree";

/// What every command has at hand.
pub(crate) struct App {
    pub(crate) system: System,
    pub(crate) framework: Framework,
    pub(crate) tree: Tree,
    pub(crate) reporter: Human,
}

/// What came of a request.
#[derive(Debug, Default)]
pub(crate) struct Met {
    pub(crate) verdict: Verdict,
    /// What a transaction is told at its end.
    pub(crate) summary: Summary,
    pub(crate) plan: Plan,
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
    pub(crate) fn new(system: System, framework: Framework, reporter: Human) -> Self {
        let layout = Layout::new(system.root(), &framework.dkms_tree, &framework.source_tree, &framework.install_tree);
        Self { tree: Tree::new(layout), system, framework, reporter }
    }

    pub(crate) fn meet(&self, request: &Request, mode: Mode) -> Result<Verdict> {
        if matches!(mode, Mode::Show | Mode::ShowJson) {
            return self.show(request, mode);
        }
        Ok(self.do_it(request)?.verdict)
    }

    /// Carries a request out, and gives all that came of it.
    pub(crate) fn do_it(&self, request: &Request) -> Result<Met> {
        if let Some(met) = self.nothing_to_do(request)? {
            return Ok(met);
        }
        let lock = self.lock()?;
        if rpm_upgrade::cancels(request, &lock, &self.reporter)? {
            return Ok(Met::default());
        }
        self.recover(request, &lock)?;
        let snapshot = self.snapshot(request)?;
        let plan = self.decide(request, &snapshot)?;
        self.tell_omissions(&plan, &request.wish);
        self.tell_renewals(&plan, &snapshot);
        let noting = Noting { app: self, lock: &lock };
        provenance::note_arrivals(&plan, &request.wish, &snapshot, &noting)?;
        let care = self.care(request);
        let noted = initramfs::begin(&plan, &care, &snapshot, &self.view(request), &noting)?;
        let outcomes = self.carry_out(&plan, request, &lock);
        forget_leavers(&plan, &outcomes, request, &lock)?;
        forget_what_is_over(&snapshot, &lock)?;
        initramfs::end(&plan, &outcomes, &care, &noted, &noting)?;
        provenance::note(&plan, &outcomes, &request.wish, &snapshot, &noting)?;
        provenance::note_tried(&plan, &outcomes, &noting)?;
        let changed = outcomes.iter().any(|(id, outcome)| changes(&plan, *id, outcome));
        drop(lock);
        if changed {
            action::post_transaction::run(&self.system, &self.framework, only_kernel(&plan), &self.reporter);
        }
        let summary = Summary::of(&plan, &outcomes);
        Ok(Met { verdict: verdict::judge(&request.wish, &plan, outcomes), summary, plan })
    }

    /// Where nothing is to be changed no lock is taken: a hook with nothing to do waits for nobody, and a refusal leaves no
    /// trace.
    fn nothing_to_do(&self, request: &Request) -> Result<Option<Met>> {
        if request.policy.has(Switch::RpmSafeUpgrade) {
            return Ok(None);
        }
        let snapshot = self.snapshot(request)?;
        let mut plan = request.plan(&snapshot);
        let left_over = plan::interrupted::complete(&snapshot);
        // Where nothing can be noted, what another DKMS built is well as it is.
        let only_notes = plan.steps.iter().all(|step| step.operation == Operation::Adopt);
        if only_notes && left_over.steps.is_empty() && !plan.steps.is_empty() && self.may_write().is_err() {
            plan.steps.clear();
        }
        if !plan.steps.is_empty() || !left_over.steps.is_empty() || self.has_rest(request, &snapshot) {
            return Ok(None);
        }
        self.tell_omissions(&plan, &request.wish);
        self.keep_digests(snapshot.learnt);
        let summary = Summary::of(&plan, &[]);
        Ok(Some(Met { verdict: verdict::judge(&request.wish, &plan, Vec::new()), summary, plan }))
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
            (&self.reporter as &dyn Reporter).detail(format!("what was read was not kept for later: {error}"));
        }
    }

    /// Whether notes of versions that were to leave are out of date, an initramfs is, or a run died that may have left files.
    fn has_rest(&self, request: &Request, snapshot: &Snapshot) -> bool {
        let is_dead = || TreeLock::was_abandoned(self.tree.layout());
        let is_over = !snapshot.stayed.is_empty() || !snapshot.moot.is_empty();
        let is_noted = is_over || initramfs::is_open(self, &self.care(request));
        returns(request, snapshot) || (is_noted && self.may_write().is_ok()) || is_dead()
    }

    /// Whether the tree, or the folder in which it would be made, can be written.
    pub(crate) fn may_write(&self) -> std::io::Result<()> {
        let tree = self.tree.layout().tree();
        let Some(existing) = tree.ancestors().find(|folder| folder.exists()) else { return Ok(()) };
        Ok(rustix::fs::access(existing, rustix::fs::Access::WRITE_OK)?)
    }

    /// Takes the tree's lock, telling who holds it when that takes a while.
    pub(crate) fn lock(&self) -> Result<TreeLock> {
        let token = self.system.variable(TreeLock::TOKEN).and_then(|token| token.to_str());
        let reporter: &dyn Reporter = &self.reporter;
        let patience = self.framework.policies.lock_timeout;
        TreeLock::acquire(self.tree.layout(), patience, token, &mut |holder| {
            let (pid, command, seconds) = (holder.pid, &holder.command, patience.as_secs());
            reporter.warn(format!("waiting for another dkms (process {pid}: {command}), for {seconds} s at most"));
        })
        .map_err(lock_error)
    }

    /// The running kernel, if it is one of this root: in another root, in a chroot and in a container it is none unless it
    /// has its folder there.
    pub(crate) fn running_kernel(&self) -> Option<&KernelRelease> {
        let has_folder = |kernel: &&KernelRelease| self.tree.layout().install_tree().join(kernel).is_dir();
        self.system.running_kernel().filter(|kernel| has_folder(kernel) || chroot::certain(&self.system).is_none())
    }

    /// Every kernel of the root whose headers are there.
    pub(crate) fn kernels_with_headers(&self) -> Result<Vec<Target>> {
        let has_headers = |target: &Target| headers::find(self.tree.layout(), target, None).is_present();
        Ok(self.kernels()?.into_iter().filter(has_headers).collect())
    }

    /// Every kernel of the root, with headers or without. A folder that holds no more than modules from outside and
    /// depmod's lists is none any more.
    pub(crate) fn kernels(&self) -> Result<Vec<Target>> {
        let Some(arch) = self.system.machine() else { return Ok(Vec::new()) };
        let layout = self.tree.layout();
        let kernels = installed::kernels(layout, arch).map_err(|error| Error::io("cannot list the kernels", error))?;
        let targets = kernels.into_iter().map(|kernel| kernel.target);
        let named = |target: Target| match arch::of(&self.system, &target.kernel) {
            Some(arch) => Target { arch, ..target },
            None => target,
        };
        Ok(targets.filter(|target| !installed::has_gone(layout, target)).map(named).collect())
    }

    /// /etc/dkms/no-autoinstall switches off what happens by itself.
    pub(crate) fn switched_off(&self) -> Option<Wish> {
        let file = self.system.path("/etc/dkms/no-autoinstall");
        let why = || format!("{} is there: nothing is installed by itself", file.display());
        file.exists().then(|| Wish::Nothing { why: why() })
    }

    /// What a build of this module for this kernel would be made from now.
    pub(crate) fn inputs_of(&self, id: &ModuleId, target: &Target) -> Option<snapshot::inputs::Digests> {
        let none = Inputs::default();
        let view = View { system: &self.system, framework: &self.framework, tree: &self.tree, inputs: &none };
        snapshot::inputs_of(&view, id, target)
    }

    /// What would be done, from the disk as it is.
    pub(crate) fn plan(&self, request: &Request) -> Result<Plan> {
        let snapshot = self.snapshot(request)?;
        let mut plan = plan::interrupted::complete(&snapshot);
        plan.append(self.decide(request, &snapshot)?);
        Ok(plan)
    }

    /// The plan for a request, with what it means for the kernels' initramfs.
    fn decide(&self, request: &Request, snapshot: &Snapshot) -> Result<Plan> {
        let mut plan = request.plan(snapshot);
        // With a note, or another hook that makes it, the end of the transaction sees to it and tells.
        if self.care(request) == InitramfsCare::Renew {
            let policy = self.framework.policies.initramfs;
            initramfs::renew(&mut plan, policy, snapshot, &self.view(request), &self.kernels()?);
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

    fn view<'a>(&'a self, request: &'a Request) -> View<'a> {
        View { system: &self.system, framework: &self.framework, tree: &self.tree, inputs: &request.policy.inputs }
    }

    fn show(&self, request: &Request, mode: Mode) -> Result<Verdict> {
        let plan = self.plan(request)?;
        let text = if mode == Mode::ShowJson { document::plan(&plan)? } else { plan.to_string().trim_end().to_owned() };
        self.reporter.answer(text);
        Ok(verdict::judge(&request.wish, &plan, Vec::new()))
    }

    /// Brings what a dead run left half done to an end, so that the plan starts from a sound tree.
    pub(crate) fn recover(&self, request: &Request, lock: &TreeLock) -> Result<()> {
        let reporter: &dyn Reporter = &self.reporter;
        let removed =
            lock.writer().recover().map_err(|error| Error::io("cannot clear up after an earlier run", error))?;
        for path in removed {
            reporter
                .detail(format!("removed {}: an interrupted run left it, or it is of no use any more", path.display()));
        }
        let plan = plan::interrupted::complete(&self.snapshot(&Request::nothing())?);
        for step in &plan.steps {
            reporter.note(format!("{}: {}", step.module, step.why));
        }
        let outcomes = self.carry_out(&plan, request, lock);
        forget_leavers(&plan, &outcomes, request, lock)?;
        for (_, outcome) in outcomes {
            if let Outcome::Failed(error) | Outcome::Refused(error) = outcome {
                reporter.warn(error.to_string());
            }
        }
        Ok(())
    }

    fn snapshot(&self, request: &Request) -> Result<Snapshot> {
        Snapshot::take(&self.view(request), &request.interest())
            .map_err(|error| Error::io("cannot read the DKMS tree", error))
    }

    pub(crate) fn carry_out(&self, plan: &Plan, request: &Request, lock: &TreeLock) -> Vec<(StepId, Outcome)> {
        let context = action::Context {
            system: &self.system,
            framework: &self.framework,
            tree: &self.tree,
            lock,
            reporter: &self.reporter,
            policy: &request.policy,
            memo: action::Memo::default(),
        };
        let outcomes = action::run(plan, &context);
        if let Err(error) = failures::note(plan, &outcomes, lock) {
            context.reporter.warn(format!("what failed could not be noted: {error}"));
        }
        outcomes
    }

    /// What is built again by itself is said, with what has changed.
    fn tell_renewals(&self, plan: &Plan, snapshot: &Snapshot) {
        let reporter: &dyn Reporter = &self.reporter;
        for step in plan.steps.iter().filter(|step| step.operation == Operation::Build) {
            let changed = step.target.as_ref().and_then(|target| snapshot.changed_since(&step.module, target));
            if changed.is_some() {
                reporter.note(format!("{}: {}", step.module, step.why));
            }
        }
    }

    fn tell_omissions(&self, plan: &Plan, wish: &Wish) {
        let reporter: &dyn Reporter = &self.reporter;
        let is_reconcile = matches!(wish, Wish::Reconcile { .. });
        // The kernel goes either way: what others lose with it is no failure, but must be known.
        let is_loss = matches!(wish, Wish::KernelLeaves { .. });
        for omission in &plan.omissions {
            match &omission.reason {
                Reason::AlreadySo { text } if is_reconcile => reporter.detail(text),
                Reason::AlreadySo { text } => reporter.note(text),
                Reason::Pending { on, text, .. } if is_loss => reporter.warn(format!("{text}; {on} would help")),
                Reason::Refused { case: Kind::Broken | Kind::Excluded, text, .. } => reporter.detail(text),
                _ => {}
            }
        }
    }
}

/// The kernel that a plan is about, when it is one.
fn only_kernel(plan: &Plan) -> Option<&KernelRelease> {
    let mut kernels = plan.steps.iter().filter_map(|step| Some(&step.target.as_ref()?.kernel));
    let first = kernels.next()?;
    kernels.all(|kernel| kernel == first).then_some(first)
}

impl Request {
    /// A request that asks for nothing: a plain look at the tree.
    pub(crate) fn nothing() -> Self {
        Self { wish: Wish::Nothing { why: String::new() }, policy: crate::step::Policy::default() }
    }
}

/// A step that changes what a kernel has calls for post_transaction; a mere add or build does not.
fn changes(plan: &Plan, id: StepId, outcome: &Outcome) -> bool {
    use Operation::{Add, Adopt, Build, MakeTarball, RenewInitramfs};
    let changes_nothing =
        |step: &Step| matches!(step.operation, Add(_) | Adopt | Build | RenewInitramfs | MakeTarball(_));
    matches!(outcome, Outcome::Done) && plan.steps.get(id.0).is_some_and(|step| !changes_nothing(step))
}

/// Notes of leaving versions go when the version is forgotten, or added again.
fn forget_leavers(plan: &Plan, outcomes: &[(StepId, Outcome)], request: &Request, lock: &TreeLock) -> Result<()> {
    let done = outcomes.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Done));
    let settles = |step: &&Step| matches!(step.operation, Operation::Add(_) | Operation::Forget);
    let settled = done.filter_map(|(id, _)| plan.steps.get(id.0)).filter(settles);
    let arrived = match &request.wish {
        Wish::ModuleArrived { id, .. } => Some(id),
        _ => None,
    };
    for id in settled.map(|step| &step.module).chain(arrived) {
        lock.writer().forget_leaving(id).map_err(|error| Error::io("cannot clear a note", error))?;
    }
    Ok(())
}

/// Notes of leaving go, too, when the version is seen to have stayed, and others when what they are about has gone.
fn forget_what_is_over(snapshot: &Snapshot, lock: &TreeLock) -> Result<()> {
    let failed = |error| Error::io("cannot clear a note", error);
    for id in &snapshot.stayed {
        lock.writer().forget_leaving(id).map_err(failed)?;
    }
    for (id, target) in &snapshot.moot {
        match target {
            Some(_) => {
                lock.writer().drop_record::<Failure>(id, target.as_ref()).map_err(failed)?;
                lock.writer().drop_record::<Tried>(id, target.as_ref()).map_err(failed)?;
            }
            None => lock.writer().drop_record::<Removed>(id, None).map_err(failed)?,
        }
    }
    Ok(())
}

/// Whether a module arrives that was noted to leave.
fn returns(request: &Request, snapshot: &Snapshot) -> bool {
    matches!(&request.wish, Wish::ModuleArrived { id, .. } if snapshot.leaving.iter().any(|note| note.id == *id))
}

fn lock_error(error: LockError) -> Error {
    match error {
        LockError::Timeout { .. } => Error::new(Kind::LockTimeout, error.to_string())
            .hint("wait for it to end, or end that process: the lock goes with it, and the next dkms clears up after it")
            .hint("then `dkms reconcile` does what was not done here; lock_timeout in framework.conf(5) is how long to wait"),
        LockError::Unwritable(cause) => match cause.kind() {
            std::io::ErrorKind::PermissionDenied => Error::new(Kind::NotRoot, "no write access to the DKMS tree")
                .caused_by(cause)
                .hint("run the command as root"),
            std::io::ErrorKind::ReadOnlyFilesystem => Error::new(Kind::NotRoot, "the DKMS tree is read-only")
                .caused_by(cause)
                .hint(READ_ONLY),
            _ => Error::io("cannot lock the DKMS tree", cause),
        },
    }
}

/// The switches that framework.conf turns on.
pub(crate) fn framework_switches(framework: &Framework) -> Vec<Switch> {
    [("symlink_modules", Switch::SymlinkModules), ("modprobe_on_install", Switch::ModprobeOnInstall)]
        .into_iter()
        .filter(|(name, _)| framework.switches.get(name).copied().unwrap_or(false))
        .map(|(_, switch)| switch)
        .collect()
}
