//! `dkms check`: what is out of date, for monitoring and for people. Changes nothing, waits for nobody.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{ModuleId, Target};
use crate::report::Reporter;
use crate::request::Request;
use crate::step::scope::{Only, Within};
use crate::step::{InitramfsCare, Omission, Plan, Policy, Reason, Step};
use crate::tree::ModuleEntry;
use crate::tree::records::Failure;

use super::legacy::{Format, Typed};
use super::{metrics, request};
use crate::engine::app::App;
use crate::engine::document::{Checked, Standing};
use crate::engine::essential::{Essentials, Lack};
use crate::engine::unlisted::{self, Answer, Unlisted};
use crate::engine::unsigned::{self, Unsigned};
use crate::engine::untrusted::{self, Untrusted};
use crate::engine::{document, failures, pending, serving};

/// What was found, each standing in a list of its own.
struct Found {
    plan: Plan,
    failures: Vec<Failure>,
    lacks: Vec<Lack>,
    unsigned: Vec<Unsigned>,
    untrusted: Vec<Untrusted>,
    unlisted: Vec<Unlisted>,
}

/// Of all modules and kernels, or those that were named. Ends with 0 when nothing is out of date, 1 when something waits or
/// is to be done, 2 when something failed, cannot be had, or would not be loaded.
pub(crate) fn run(app: &App, typed: &Typed) -> Result<()> {
    let within = request::within(app, typed)?;
    let modules = app.tree.modules().map_err(|error| Error::io("cannot read the DKMS tree", error))?;
    let found = Found::now(app, &within, &modules)?;
    let verdict = found.verdict();
    let document = || found.document(&modules, &within, verdict.as_ref());
    match typed.format {
        _ if typed.json => app.reporter.document(document::check(&document())?),
        Some(Format::Json) => app.reporter.document(document::check(&document())?),
        Some(Format::Openmetrics) => app.reporter.document(metrics::text(&document())),
        None | Some(Format::Text) => found.tell(&modules, &app.reporter),
    }
    verdict.map_or(Ok(()), Err)
}

impl Found {
    fn now(app: &App, within: &Within, modules: &[ModuleEntry]) -> Result<Self> {
        let policy = Policy { initramfs: InitramfsCare::Renew, ..Policy::default() };
        let wish = request::reconciliation(app, within.clone())?;
        let plan = app.plan(&Request { wish, policy })?;
        let failures = still_wanted(app, &plan);
        let is_within = |id: &ModuleId, target: &Target| within.has_kernel(target) && within.has_module(id);
        let is_meant = |found: &Unsigned| is_within(&found.module, &found.target);
        let unsigned = unsigned::installed(app)?.into_iter().filter(is_meant).collect::<Vec<_>>();
        let is_told = |found: &Untrusted, unsigned: &[Unsigned]| {
            unsigned.iter().any(|other| (&other.module, &other.target) == (&found.module, &found.target))
        };
        let mut untrusted = untrusted::installed(app, &is_within)?;
        untrusted.retain(|found| !is_told(found, &unsigned));
        let lacks = Essentials::now(app)?.lacks.into_iter().filter(|lack| is_lack_within(within, lack));
        let lacks = lacks.filter_map(|lack| without_served(lack, &plan)).collect();
        let unlisted = unlisted::installed(app, modules, &is_within);
        Ok(Self { plan, failures, lacks, unsigned, untrusted, unlisted })
    }

    /// What would not be loaded, whoever signed it.
    fn unfit(&self) -> impl Iterator<Item = &Unlisted> {
        self.unlisted.iter().filter(|found| matches!(found.answer, Answer::Refused(_)))
    }

    fn verdict(&self) -> Option<Error> {
        let refusing = self.unsigned.iter().filter(|found| found.refused.is_some()).count() + self.untrusted.len();
        let refusing = refusing + self.unfit().count();
        let failed = self.failures.len() + refused(&self.plan).count();
        let counts = [
            ("failed", failed),
            ("kernels without an essential module", self.lacks.len()),
            ("modules that their kernel does not load", refusing),
        ];
        let counts: Vec<String> =
            counts.iter().filter(|(_, count)| *count > 0).map(|(what, count)| format!("{what}: {count}")).collect();
        if !counts.is_empty() {
            return Some(Error::new(Kind::CheckFailed, counts.join("; ")).hint(self.advice(failed)));
        }
        let open = self.plan.steps.len() + waiting(&self.plan).count();
        let hint = "`dkms reconcile` does what can be done now";
        (open > 0).then(|| Error::new(Kind::CheckPending, format!("out of date or waiting: {open}")).hint(hint))
    }

    /// A hint has to help: not every failure is one that a retry mends.
    fn advice(&self, failed: usize) -> &'static str {
        let is_fact = |lack: &Lack| lack.modules.iter().any(|name| fact(&self.plan, name, &lack.target).is_some());
        if failed == 0 && self.unsigned.iter().any(|found| found.refused.is_some()) {
            return "mend what keeps them from being signed, then run `dkms reconcile`";
        }
        if failed == 0 && !self.untrusted.is_empty() {
            return "`dkms mok status` says what to do";
        }
        if failed == 0 && self.unfit().next().is_some() {
            return "with the headers of that kernel it is built again: `dkms why` names what it waits for";
        }
        if failed == 0 && !self.lacks.is_empty() && self.lacks.iter().all(is_fact) {
            return "no retry changes that: boot another kernel, or install a version of the module that is for this one";
        }
        if failed > 0
            && self.failures.is_empty()
            && refused(&self.plan).all(|omission| case(omission) == Some(Kind::NotInTree))
        {
            return "`dkms status` lists the modules that are there";
        }
        "the next event tries again when something has changed, and `dkms reconcile` in any case"
    }

    fn document<'f>(&'f self, modules: &[ModuleEntry], within: &Within, verdict: Option<&'f Error>) -> Checked<'f> {
        let state = match verdict.map(Error::kind) {
            None => "as-wanted",
            Some(Kind::CheckFailed) => "failed",
            Some(_) => "pending",
        };
        Checked {
            error: verdict,
            state,
            to_do: self.plan.steps.iter().collect(),
            pending: waiting(&self.plan).collect(),
            failed: &self.failures,
            refused: refused(&self.plan).collect(),
            lacking: &self.lacks,
            cannot_be: facts(&self.plan).collect(),
            unsigned: &self.unsigned,
            untrusted: &self.untrusted,
            unlisted: &self.unlisted,
            serves: self.serves(modules),
            standings: self.standings(modules, within),
        }
    }

    /// How each module stands on each kernel: the first list counts that it is in, else it is installed there.
    fn standings(&self, modules: &[ModuleEntry], within: &Within) -> Vec<Standing> {
        let mut found: BTreeMap<(ModuleId, Target), &'static str> = BTreeMap::new();
        let mut note = |id: &ModuleId, target: Option<&Target>, standing| {
            if let Some(target) = target {
                found.entry((id.clone(), target.clone())).or_insert(standing);
            }
        };
        for failure in &self.failures {
            note(&failure.module, failure.target.as_ref(), Standing::FAILED);
        }
        for found in &self.untrusted {
            note(&found.module, Some(&found.target), Standing::LACKING);
        }
        for found in self.unsigned.iter().filter(|found| found.refused.is_some()) {
            note(&found.module, Some(&found.target), Standing::LACKING);
        }
        for found in self.unfit() {
            note(&found.module, Some(&found.target), Standing::LACKING);
        }
        for omission in &self.plan.omissions {
            let Some(id) = &omission.module else { continue };
            let standing = match &omission.reason {
                Reason::Pending { .. } => Standing::WAITING,
                Reason::Refused { case, .. } if case.is_fact() => Standing::CANNOT_BE,
                Reason::Refused { .. } => Standing::FAILED,
                Reason::AlreadySo { .. } | Reason::Brought { .. } => continue,
            };
            note(id, omission.target.as_ref(), standing);
        }
        for step in &self.plan.steps {
            note(&step.module, step.target.as_ref(), Standing::TO_DO);
        }
        let is_meant = |entry: &&ModuleEntry| within.has_module(&entry.id);
        for entry in modules.iter().filter(is_meant) {
            for build in entry.builds.iter().filter(|build| build.installed && within.has_kernel(&build.target)) {
                note(&entry.id, Some(&build.target), Standing::FINE);
            }
        }
        found.into_iter().map(|((module, target), standing)| Standing { module, target, standing }).collect()
    }

    /// What kernels have meanwhile of what is to be done, waits or failed.
    fn serves(&self, modules: &[ModuleEntry]) -> Vec<(ModuleId, Target)> {
        let steps = self.plan.steps.iter().filter_map(|step| Some((&step.module, step.target.as_ref()?)));
        let waiting =
            waiting(&self.plan).filter_map(|omission| Some((omission.module.as_ref()?, omission.target.as_ref()?)));
        let failed = self.failures.iter().filter_map(|failure| Some((&failure.module, failure.target.as_ref()?)));
        let wanted = steps.chain(waiting).chain(failed);
        let serving =
            wanted.filter_map(|(id, target)| Some((serving::on(target, &id.name, modules)?.clone(), target.clone())));
        let mut found: Vec<_> = serving.collect();
        found.sort();
        found.dedup();
        found
    }

    /// A line for each thing; what failed is told once, and a retry of it is nothing new. What cannot be is told to those
    /// who ask for details.
    fn tell(&self, modules: &[ModuleEntry], reporter: &crate::report::human::Human) {
        failures::tell(&self.failures, modules, reporter);
        for omission in refused(&self.plan) {
            reporter.warn(omission.reason.text().to_owned());
        }
        for step in self.plan.steps.iter().filter(|step| !hangs_on_failed(step, &self.plan, &self.failures)) {
            let kernel = step.target.as_ref().map(|target| format!(" for {target}")).unwrap_or_default();
            reporter.answer(format!("to do: {} {}{kernel}: {}", step.operation.verb(), step.module, step.why));
        }
        pending::lines(&self.plan.omissions).into_iter().for_each(|line| reporter.answer(line));
        for omission in facts(&self.plan) {
            reporter.detail(format!("cannot be: {}", omission.reason.text()));
        }
        for found in &self.unsigned {
            match found.refused {
                Some(_) => reporter.warn(found.to_string()),
                None => reporter.answer(format!("unsigned: {found}")),
            }
        }
        untrusted::lines(&self.untrusted).into_iter().for_each(|line| reporter.warn(line));
        for found in &self.unlisted {
            match found.answer {
                Answer::Refused(_) => reporter.warn(found.to_string()),
                Answer::Unknown(_) => reporter.detail(found.to_string()),
            }
        }
        for lack in &self.lacks {
            let because = lack.modules.iter().filter_map(|name| fact(&self.plan, name, &lack.target));
            let because: String = because.map(|text| format!("; {text}")).collect();
            reporter.warn(format!("{lack}{because}"));
        }
    }
}

fn is_lack_within(within: &Within, lack: &Lack) -> bool {
    let is_named = |only: &Only| lack.modules.contains(&only.name);
    within.has_kernel(&lack.target) && (within.modules.is_empty() || within.modules.iter().any(is_named))
}

/// What the kernel has itself, or gets from another package, it does not lack.
fn without_served(lack: Lack, plan: &Plan) -> Option<Lack> {
    let is_served = |name: &crate::ids::ModuleName| {
        facts(plan)
            .any(|omission| is_of(omission, name, &lack.target) && case(omission) == Some(Kind::NothingInstalled))
    };
    let modules: Vec<_> = lack.modules.iter().filter(|name| !is_served(name)).cloned().collect();
    (!modules.is_empty()).then_some(Lack { modules, ..lack })
}

/// Why a kernel cannot have a module, if that is a fact.
fn fact<'p>(plan: &'p Plan, name: &crate::ids::ModuleName, target: &Target) -> Option<&'p str> {
    facts(plan).find(|omission| is_of(omission, name, target)).map(|omission| omission.reason.text())
}

fn is_of(omission: &Omission, name: &crate::ids::ModuleName, target: &Target) -> bool {
    omission.module.as_ref().is_some_and(|id| id.name == *name) && omission.target.as_ref() == Some(target)
}

/// The failures of steps that are wanted still: what was built from an earlier source and works has not failed.
fn still_wanted(app: &App, plan: &Plan) -> Vec<Failure> {
    let is_wanted = |failure: &Failure| plan.steps.iter().any(|step| is_about(failure, step));
    failures::all(app.tree.layout()).into_iter().filter(is_wanted).collect()
}

fn is_about(failure: &Failure, step: &Step) -> bool {
    step.module == failure.module && step.target == failure.target
}

/// Whether it is a retry of what failed, or comes after one.
fn hangs_on_failed(step: &Step, plan: &Plan, failures: &[Failure]) -> bool {
    let before = step.after.iter().filter_map(|id| plan.steps.get(id.0));
    failures.iter().any(|failure| is_about(failure, step))
        || before.into_iter().any(|step| hangs_on_failed(step, plan, failures))
}

fn waiting(plan: &Plan) -> impl Iterator<Item = &Omission> {
    plan.omissions.iter().filter(|omission| matches!(omission.reason, Reason::Pending { .. }))
}

fn case(omission: &Omission) -> Option<Kind> {
    match &omission.reason {
        Reason::Refused { case, .. } => Some(*case),
        _ => None,
    }
}

/// What is not for a kernel: as its authors want it, or as the kernel and other packages have it.
fn facts(plan: &Plan) -> impl Iterator<Item = &Omission> {
    plan.omissions.iter().filter(|omission| case(omission).is_some_and(Kind::is_fact))
}

/// What cannot be had as it is, and could be.
fn refused(plan: &Plan) -> impl Iterator<Item = &Omission> {
    let is_refused = |omission: &&Omission| case(omission).is_some_and(|case| !case.is_fact());
    // A broken module is told once, and not for each kernel.
    let mut told = std::collections::BTreeSet::new();
    plan.omissions.iter().filter(is_refused).filter(move |omission| told.insert(omission.reason.text()))
}
