//! An event that is being taken: what it has at hand, and how it talks with the engine and with whoever called it.

use std::cell::RefCell;

use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{KernelRelease, Target};
use crate::kernel::arch;
use crate::report::Reporter;
use crate::request::{Request, Wish};
use crate::step::{InitramfsCare, Omission, Policy, Switch};
use crate::sys::journal;

use crate::engine::app::App;
use crate::engine::failures::{self, Told};
use crate::engine::pipeline::Mode;
use crate::engine::policy::Ended;
use crate::engine::recording::Recording;
use crate::engine::summary::Summary;
use crate::engine::verdict::Verdict;

/// What every event has at hand.
pub(super) struct Taking<'a> {
    pub(super) app: &'a App,
    pub(super) mode: Mode,
    pub(super) recording: RefCell<Option<Recording>>,
    /// What is known so far of how it ends.
    pub(super) ended: RefCell<Ended>,
    /// What becomes of kernels' initramfs.
    pub(super) care: InitramfsCare,
}

impl Taking<'_> {
    /// Meets the request; what failed is told, and is no failure of the transaction.
    pub(super) fn meet(&self, wish: Wish, policy: Policy) -> Result<()> {
        let mut policy = Policy { initramfs: self.care.clone(), ..policy };
        // Of the disk as it is, events know no more than the one before them.
        policy.switches.extend(matches!(wish, Wish::Reconcile { .. }).then_some(Switch::SkipKnownFailures));
        if let Some(error) = self.tell(Request { wish, policy })? {
            self.app.reporter.tell_failure(&error);
        }
        Ok(())
    }

    /// An event that asks nothing of us, for this reason.
    pub(super) fn nothing(&self, why: String) -> Result<()> {
        self.meet(Wish::Nothing { why }, Policy::default())
    }

    /// Meets the request, tells what failed and what came of it; gives what is untold: how many could not be installed.
    pub(super) fn tell(&self, mut request: Request) -> Result<Option<Error>> {
        let app = self.app;
        request.policy.switches.insert(Switch::TrustPreflight);
        let request = &request;
        if self.mode != Mode::Do {
            return Ok(app.meet(request, self.mode)?.error.filter(is_a_count));
        }
        let met = app.do_it(request)?;
        if let Some(recording) = self.recording.borrow_mut().as_mut() {
            recording.decided(&met.verdict.plan)?;
        }
        let Verdict { error, others, failed, plan, .. } = met.verdict;
        let left_out = failures::left_out(app.tree.layout(), &plan);
        let told = Told::before(app.tree.layout());
        let is_news = |left: &&&Omission| !told.has(left);
        let news: Vec<&Omission> = left_out.iter().filter(is_news).copied().collect();
        match journal::has_stderr(&app.system) {
            true => Summary::of_known(&news).tell(&app.system, &app.reporter),
            false => news.iter().for_each(|left| app.reporter.note(format!("dkms: {}", left.reason.text()))),
        }
        let known = left_out.iter().filter_map(|omission| omission.module.as_ref()).map(|id| id.name.clone());
        self.ended.borrow_mut().failed.extend(failed.into_iter().chain(known));
        for error in others.iter().chain(&error) {
            match error.kind() {
                kind if kind.is_fact() => app.reporter.note(format!("dkms: {error}")),
                _ if is_a_count(error) || met.summary.logs(&app.system, error) => {}
                _ => app.reporter.tell_failure(error),
            }
        }
        met.summary.tell(&app.system, &app.reporter);
        Ok(error.filter(is_a_count))
    }
}

fn is_a_count(error: &Error) -> bool {
    error.kind() == Kind::AutoinstallFailed
}

pub(super) fn target(app: &App, kernel: &KernelRelease) -> Result<Target> {
    let arch = arch::of(&app.system, kernel).ok_or_else(|| {
        Error::new(Kind::ArchUnknown, "the architecture of this machine is not known").hint("give it with -a")
    })?;
    Ok(Target::new(kernel.clone(), arch))
}
