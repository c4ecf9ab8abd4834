//! From outcomes to the exit code and the error that a command ends with.

use std::collections::{BTreeMap, BTreeSet};

use crate::action::keys::KeyPair;
use crate::error::Error;
use crate::exit::Kind;
use crate::ids::{ModuleId, ModuleName};
use crate::request::Wish;
use crate::step::{Omission, Operation, Outcome, Plan, Reason, StepId};

/// How a command ends: the error that decides its code, if any, and the errors that are told besides.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// Decides the exit code; told last.
    pub(crate) error: Option<Error>,
    pub(crate) others: Vec<Error>,
    /// The modules that failed, or could not be made for a reason that is not going to pass by itself.
    pub(crate) failed: BTreeSet<ModuleName>,
    /// What was to be done, and what came of each step that was reached.
    pub(crate) plan: Plan,
    pub(crate) outcomes: Vec<(StepId, Outcome)>,
    /// The key that was asked for.
    pub(crate) key: Option<KeyPair>,
}

/// `1 module`, `2 modules`
pub(crate) fn count_of(modules: usize) -> String {
    if modules == 1 { "1 module".to_owned() } else { format!("{modules} modules") }
}

impl Verdict {
    /// With failures that decide nothing where something else does.
    fn with(mut self, failures: Vec<Error>) -> Self {
        let mut failures = failures.into_iter();
        if self.error.is_none() {
            self.error = failures.next();
        }
        self.others.extend(failures);
        self
    }
}

/// Judges what came of a plan.
pub(crate) fn judge(wish: &Wish, plan: Plan, outcomes: Vec<(StepId, Outcome)>) -> Verdict {
    let verdict = decide(wish, &plan, &outcomes);
    Verdict { plan, outcomes, ..verdict }
}

fn decide(wish: &Wish, plan: &Plan, outcomes: &[(StepId, Outcome)]) -> Verdict {
    let many = matches!(
        wish,
        Wish::Autoinstall { .. } | Wish::Match { .. } | Wish::KernelLeaves { .. } | Wish::Reconcile { .. }
    );
    let mut failures = Vec::new();
    let mut unmade = Vec::new();
    let mut failed = BTreeSet::new();
    let mut excluded = BTreeSet::new();
    let skipped = skips(outcomes);
    let module = |id: StepId| &plan.steps[id.0].module;
    let is_of_another_version =
        |one: StepId, other: StepId| module(one) != module(other) && module(one).name == module(other).name;
    for &(id, ref outcome) in outcomes {
        let is_initramfs = plan.steps[id.0].operation == Operation::RenewInitramfs;
        match outcome {
            Outcome::Done => {}
            // The modules themselves are as wanted.
            Outcome::Failed(error) if is_initramfs => unmade.push(error.clone()),
            Outcome::Skipped { .. } if is_initramfs => {}
            Outcome::Failed(error) | Outcome::Refused(error) => {
                if error.kind().is_no_failure() {
                    excluded.insert(id);
                } else {
                    failed.insert(module(id));
                }
                failures.push((id, error.clone()));
            }
            // The install of a module that turned out to be excluded; a module that builds on it has failed, though.
            Outcome::Skipped { because } if excluded.contains(because) && module(*because) == module(id) => {
                excluded.insert(id);
            }
            // It serves on until another version is in its place, which is what failed.
            Outcome::Skipped { because } if is_of_another_version(root(*because, &skipped), id) => {}
            Outcome::Skipped { .. } => {
                failed.insert(module(id));
            }
        }
    }
    let refused = plan.omissions.iter().filter(|omission| counts_as_failure(omission));
    let refused = refused.filter_map(|omission| Some(omission.module.as_ref()?.name.clone()));
    let names = failed.iter().map(|id| id.name.clone()).chain(refused).collect();
    let verdict = if many { judge_many(wish, plan, failures, failed.len()) } else { judge_one(wish, plan, failures) };
    Verdict { failed: names, ..verdict }.with(unmade)
}

/// Skipped steps, each with the one because of which it was.
fn skips(outcomes: &[(StepId, Outcome)]) -> BTreeMap<StepId, StepId> {
    let skip = |(id, outcome): &(StepId, Outcome)| match outcome {
        Outcome::Skipped { because } => Some((*id, *because)),
        _ => None,
    };
    outcomes.iter().filter_map(skip).collect()
}

/// The step with which it began: steps come after earlier ones only.
fn root(id: StepId, skipped: &BTreeMap<StepId, StepId>) -> StepId {
    skipped.get(&id).map_or(id, |because| root(*because, skipped))
}

/// One module: the first refusal or failure in the order of its kernels decides.
fn judge_one(wish: &Wish, plan: &Plan, failures: Vec<(StepId, Error)>) -> Verdict {
    // What a package brings before the headers waits, what is not for a kernel is told, and neither has failed.
    let waits = |omission: &Omission| {
        let is_fact = omission_case(omission).is_some_and(Kind::is_fact);
        matches!(wish, Wish::ModuleArrived { .. }) && (is_fact || matches!(omission.reason, Reason::Pending { .. }))
    };
    let refusals = plan.omissions.iter().filter(|omission| !waits(omission));
    let refusals = refusals.filter_map(|omission| Some((omission.module.as_ref(), as_error(omission)?)));
    let failures = failures.into_iter().map(|(id, error)| (Some(&plan.steps[id.0].module), error));
    let mut errors = once(failures.chain(refusals)).into_iter();
    Verdict { error: errors.next(), others: errors.collect(), ..Verdict::default() }
}

/// What is wrong with a source keeps it from being added, and from being built for each kernel: once is enough.
fn once<'p>(errors: impl Iterator<Item = (Option<&'p ModuleId>, Error)>) -> Vec<Error> {
    let mut told = BTreeSet::new();
    let is_new = |(module, error): &(Option<&'p ModuleId>, Error)| {
        !error.kind().is_of_source() || told.insert((*module, error.kind().name()))
    };
    errors.filter(is_new).map(|(_, error)| error).collect()
}

/// Many modules: each failure is told, and the command ends with the code of the whole (11, 14 or 21).
fn judge_many(wish: &Wish, plan: &Plan, failures: Vec<(StepId, Error)>, failed: usize) -> Verdict {
    let leaves = matches!(wish, Wish::KernelLeaves { .. });
    let no_headers = plan.omissions.iter().find(|omission| omission_case(omission) == Some(Kind::HeadersMissing));
    let refusals = plan.omissions.iter().filter(|omission| counts_as_failure(omission));
    let refusals = once(refusals.filter_map(|omission| Some((omission.module.as_ref(), as_error(omission)?))));
    let failed = failed + refusals.len();
    let others: Vec<Error> = failures
        .into_iter()
        .map(|(_, error)| error)
        .filter(|error| !error.kind().is_no_failure())
        .chain(refusals)
        .collect();
    if let Some(omission) = no_headers
        && !leaves
        && !matches!(wish, Wish::Reconcile { .. })
    {
        return Verdict { error: as_error(omission), others, ..Verdict::default() };
    }
    if failed == 0 {
        return Verdict::default();
    }
    // A name that stands for nothing is the caller's mistake.
    let unknown = plan.omissions.iter().any(|omission| omission_case(omission) == Some(Kind::NotInTree));
    if unknown || matches!(wish, Wish::Match { .. }) {
        let mut others = others.into_iter();
        return Verdict { error: others.next(), others: others.collect(), ..Verdict::default() };
    }
    let modules = count_of(failed);
    let error = if leaves {
        Error::new(Kind::KernelEventFailed, format!("{modules} could not be removed from this kernel"))
    } else {
        Error::new(Kind::AutoinstallFailed, format!("{modules} could not be installed"))
    };
    Verdict { error: Some(error), others, ..Verdict::default() }
}

fn omission_case(omission: &Omission) -> Option<Kind> {
    match &omission.reason {
        Reason::Refused { case, .. } | Reason::Pending { case, .. } => Some(*case),
        Reason::AlreadySo { .. } | Reason::Brought { .. } => None,
    }
}

/// Autoinstall: modules that are not for a kernel, broken and deferred ones are skipped, not failed.
fn counts_as_failure(omission: &Omission) -> bool {
    match &omission.reason {
        Reason::Refused { case, .. } => !case.is_fact() && *case != Kind::Broken,
        _ => false,
    }
}

fn as_error(omission: &Omission) -> Option<Error> {
    match &omission.reason {
        Reason::AlreadySo { .. } | Reason::Brought { .. } => None,
        Reason::Refused { case, text, hints } => {
            Some(hints.iter().fold(Error::new(*case, text.clone()), |error, hint| error.hint(hint.clone())))
        }
        Reason::Pending { on, case, text } => {
            Some(Error::new(*case, text.clone()).hint(format!("install {on}, then run this again")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Arch, KernelRelease, ModuleId, ModuleName, ModuleVersion, Target};

    /// The code of an autoinstall of one module whose build ends so.
    fn code(build: Outcome) -> Option<(u8, String)> {
        let id = |name: &str| ModuleId::new(ModuleName::new(name).unwrap(), ModuleVersion::new("1").unwrap());
        let target = Target::new(KernelRelease::new("6.1").unwrap(), Arch::new("x86_64").unwrap());
        let mut plan = Plan::default();
        let first = plan.push(id("a"), Some(target.clone()), Operation::Build, "", Vec::new());
        let second = plan.push(id("a"), Some(target.clone()), Operation::Install, "", vec![first]);
        let outcomes = vec![(first, build), (second, Outcome::Skipped { because: first })];
        let verdict = judge(&Wish::Autoinstall { targets: vec![target] }, plan, outcomes);
        verdict.error.map(|error| (error.kind().code(), error.message().to_owned()))
    }

    #[test]
    fn a_module_counts_once_however_many_of_its_steps_were_left_out() {
        let failed = Outcome::Failed(Error::new(Kind::MakeFailed, "make"));
        assert_eq!(code(failed), Some((11, "1 module could not be installed".to_owned())));
    }

    #[test]
    fn a_version_that_stays_because_its_successor_fails_has_not_failed() {
        let id = |version: &str| ModuleId::new(ModuleName::new("a").unwrap(), ModuleVersion::new(version).unwrap());
        let target = Target::new(KernelRelease::new("6.1").unwrap(), Arch::new("x86_64").unwrap());
        let mut plan = Plan::default();
        let build = plan.push(id("2"), Some(target.clone()), Operation::Build, "", Vec::new());
        let unbuild = plan.push(id("1"), Some(target.clone()), Operation::Unbuild, "", vec![build]);
        let forget = plan.push(id("1"), None, Operation::Forget, "", vec![unbuild]);
        let failed = Outcome::Failed(Error::new(Kind::MakeFailed, "make"));
        let skipped = |because| Outcome::Skipped { because };
        let outcomes = vec![(build, failed), (unbuild, skipped(build)), (forget, skipped(unbuild))];
        let verdict = judge(&Wish::Autoinstall { targets: vec![target] }, plan, outcomes);
        assert_eq!(verdict.error.unwrap().message(), "1 module could not be installed");
    }

    #[test]
    fn a_module_that_turns_out_to_be_excluded_is_no_failure() {
        assert_eq!(code(Outcome::Refused(Error::new(Kind::Excluded, "not for this kernel"))), None);
    }

    #[test]
    fn what_a_package_brings_before_the_headers_waits_and_a_person_is_told_what_is_missing() {
        let id = ModuleId::new(ModuleName::new("a").unwrap(), ModuleVersion::new("1").unwrap());
        let source = crate::step::AddSource::SourceTree;
        let mut plan = Plan::default();
        let (on, text) = ("linux-headers-6.1".to_owned(), "no headers".to_owned());
        plan.omit(Some(id.clone()), None, Reason::Pending { on, case: Kind::HeadersMissing, text });
        let code = |wish: &Wish| judge(wish, plan.clone(), Vec::new()).error.map(|error| error.kind().code());
        let targets = Vec::new();
        assert_eq!(
            code(&Wish::ModuleArrived { id: id.clone(), source: source.clone(), targets: targets.clone() }),
            None
        );
        assert_eq!(code(&Wish::Install { id, source, targets }), Some(21));
    }

    #[test]
    fn what_two_steps_fail_of_is_told_once() {
        let id = |name: &str| ModuleId::new(ModuleName::new(name).unwrap(), ModuleVersion::new("1").unwrap());
        let told = |kind: Kind, modules: &[&str]| {
            let mut plan = Plan::default();
            let step = |name: &&str| plan.push(id(name), None, Operation::Build, "", Vec::new());
            let steps: Vec<StepId> = modules.iter().map(step).collect();
            let failures = steps.into_iter().map(|id| (id, Error::new(kind, format!("step {}", id.0)))).collect();
            let verdict = judge_one(&Wish::Nothing { why: String::new() }, &plan, failures);
            (verdict.error.map(|error| error.message().to_owned()), verdict.others.len())
        };
        let first = || Some("step 0".to_owned());
        assert_eq!(told(Kind::BadConf, &["a", "a", "a"]), (first(), 0), "a dkms.conf is bad for every kernel");
        assert_eq!(told(Kind::BadConf, &["a", "b"]), (first(), 1));
        assert_eq!(told(Kind::HeadersMissing, &["a", "a"]), (first(), 1), "of two kernels");
    }
}
