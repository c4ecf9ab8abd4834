//! BUILD_DEPENDS_REBUILD: a module that was built with another version of what is now installed is built again.

use crate::ids::{ModuleId, ModuleName, Target};
use crate::snapshot::Snapshot;
use crate::step::{Operation, Plan, Policy, StepId, Switch};
use crate::tree::ModuleEntry;
use crate::version;

use super::lifecycle::{Making, put};
use super::refusal::{self, already};

/// Appends a build and an install for every dependant of what the plan installs, and for theirs.
pub(crate) fn renew(plan: &mut Plan, snapshot: &Snapshot, policy: &Policy) {
    if policy.has(Switch::Force) {
        return;
    }
    let mut at = 0;
    while at < plan.steps.len() {
        let step = &plan.steps[at];
        if let (Operation::Install, Some(target)) = (&step.operation, step.target.clone()) {
            let (cause, after) = (step.module.clone(), step.id);
            for dependant in dependants(&cause.name, &target, snapshot) {
                again(plan, dependant, &target, (&cause, after), snapshot, policy);
            }
        }
        at += 1;
    }
}

/// The builds for this kernel whose modules ask to be renewed with this module; of each name one.
fn dependants<'s>(name: &ModuleName, target: &Target, snapshot: &'s Snapshot) -> Vec<&'s ModuleEntry> {
    let mut found: Vec<&ModuleEntry> = Vec::new();
    for entry in snapshot.modules.iter().filter(|entry| !entry.is_broken() && entry.id.name != *name) {
        let Some(build) = entry.build(target) else { continue };
        let asks = matches!(snapshot.conf(&entry.id, target), Some(Ok(loaded))
            if loaded.conf.build_depends_rebuild && loaded.conf.build_depends.contains(name));
        if !asks {
            continue;
        }
        match found.iter_mut().find(|other| other.id.name == entry.id.name) {
            None => found.push(entry),
            // The installed version, else the newest.
            Some(other) => {
                let other_is_installed = other.build(target).is_some_and(|build| build.installed);
                let is_newer = version::compare(entry.id.version.as_str(), other.id.version.as_str()).is_gt();
                if build.installed || (!other_is_installed && is_newer) {
                    *other = entry;
                }
            }
        }
    }
    found
}

fn again(
    plan: &mut Plan,
    entry: &ModuleEntry,
    target: &Target,
    (cause, after): (&ModuleId, StepId),
    snapshot: &Snapshot,
    policy: &Policy,
) {
    let id = &entry.id;
    let now = cause.version.as_str();
    let then = snapshot.built_with.get(&(id.clone(), target.clone())).and_then(|with| with.get(&cause.name));
    let is_built_here = |step: &crate::step::Step| {
        step.module == *id && step.target.as_ref() == Some(target) && step.operation == Operation::Build
    };
    if then.map(String::as_str) == Some(now) || plan.steps.iter().any(is_built_here) {
        return;
    }
    let inputs = &policy.inputs;
    if inputs.conf.is_some() || !inputs.directives.is_empty() {
        let text = format!(
            "{id} builds on {} and is not rebuilt now, because of -c or --directive; `dkms reconcile` rebuilds it",
            cause.name
        );
        return plan.omit(Some(id.clone()), Some(target.clone()), already(text));
    }
    let why = match then {
        Some(then) => format!("it was built with {} {then}, which is {now} now", cause.name),
        None => format!("it is not known with which {} it was built", cause.name),
    };
    if let Some(reason) = refusal::build(id, target, snapshot).or_else(|| refusal::read_only(id, target, snapshot)) {
        return plan.omit(Some(id.clone()), Some(target.clone()), reason);
    }
    let mut steps = vec![after];
    // One that only lacked its install gets it first where the plan says so.
    steps.extend(install_of(plan, id, target));
    let build = plan.push(id.clone(), Some(target.clone()), Operation::Build, why.clone(), steps);
    put(plan, Making { id, target, after: vec![build], why }, snapshot);
}

fn install_of(plan: &Plan, id: &ModuleId, target: &Target) -> Option<StepId> {
    let is_it = |step: &&crate::step::Step| {
        step.module == *id && step.target.as_ref() == Some(target) && step.operation == Operation::Install
    };
    plan.steps.iter().find(is_it).map(|step| step.id)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, id, target};
    use super::*;
    use crate::step::AddSource;

    fn install(module: &str, snapshot: &Snapshot, policy: &Policy) -> String {
        let mut plan =
            super::super::lifecycle::install(&id(module), &AddSource::SourceTree, &[target("5")], snapshot, policy);
        renew(&mut plan, snapshot, policy);
        let steps = plan.steps.iter().map(|step| {
            let after: Vec<String> = step.after.iter().map(|id| id.0.to_string()).collect();
            format!("{} {}<{}", step.operation.verb(), step.module.name, after.join(","))
        });
        let omissions = plan.omissions.iter().map(|omission| match &omission.reason {
            crate::step::Reason::Refused { case, .. } | crate::step::Reason::Pending { case, .. } => {
                format!("-{}", case.code())
            }
            crate::step::Reason::AlreadySo { .. } | crate::step::Reason::Brought { .. } => "-0".to_owned(),
        });
        steps.chain(omissions).collect::<Vec<_>>().join("; ")
    }

    fn base() -> Sample {
        Sample::default().kernels(&["5"]).module("a/1", &["5"])
    }

    #[test]
    fn what_was_built_with_another_version_is_built_again() {
        let renews = |with: &str| {
            base().module("d/1", &["+5"]).says("d/1", "needs=a rebuild").built_with("d/1", "5", with).done()
        };
        for (snapshot, expected) in [
            (renews("a=1"), "install a<"),
            (renews("a=0.9"), "install a<; build d<0; install d<1"),
            (renews(""), "install a<; build d<0; install d<1"),
            (base().module("d/1", &["5"]).says("d/1", "needs=a rebuild").done(), "install a<; build d<0; install d<1"),
            (base().module("d/1", &[]).says("d/1", "needs=a rebuild").done(), "install a<"),
            (base().module("d/1", &["+5"]).says("d/1", "needs=a").done(), "install a<"),
            (base().module("d/1", &["+5"]).says("d/1", "needs=b rebuild").done(), "install a<"),
            (base().module("d/1", &["+5"]).broken().says("d/1", "needs=a rebuild").done(), "install a<"),
            (base().module("d/1", &["+5"]).says("d/1", "needs=a rebuild excluded").done(), "install a<; -77"),
            (
                base().module("d/1", &["+5"]).says("d/1", "needs=a rebuild").module("d/2", &["5"]).done(),
                "install a<; build d<0; install d<1",
            ),
        ] {
            assert_eq!(install("a/1", &snapshot, &Policy::default()), expected);
        }
    }

    #[test]
    fn the_version_that_is_installed_counts_and_not_the_highest_that_is_registered() {
        for (with, expected) in [("a=2", "install a<; build d<0; install d<1"), ("a=1", "install a<")] {
            let dependant = base().module("a/2", &[]).module("d/1", &["+5"]).says("d/1", "needs=a rebuild");
            let snapshot = dependant.built_with("d/1", "5", with).done();
            assert_eq!(install("a/1", &snapshot, &Policy::default()), expected, "{with}");
        }
    }

    #[test]
    fn a_chain_is_renewed_to_its_end_and_a_circle_ends() {
        let chain = base()
            .module("d/1", &["+5"])
            .says("d/1", "needs=a rebuild")
            .module("e/1", &["+5"])
            .says("e/1", "needs=d rebuild")
            .done();
        let expected = "install a<; build d<0; install d<1; build e<2; install e<3";
        assert_eq!(install("a/1", &chain, &Policy::default()), expected);
        let circle = base().says("a/1", "needs=d rebuild").module("d/1", &["+5"]).says("d/1", "needs=a rebuild").done();
        let expected = "install a<; build d<0; install d<1; build a<2,0; install a<3";
        assert_eq!(install("a/1", &circle, &Policy::default()), expected);
    }

    #[test]
    fn force_and_another_conf_leave_dependants_alone() {
        let snapshot = base().module("d/1", &["+5"]).says("d/1", "needs=a rebuild").done();
        let force = Policy { switches: [Switch::Force].into(), ..Policy::default() };
        assert_eq!(install("a/1", &snapshot, &force), "install a<");
        let inputs = crate::step::Inputs { conf: Some("x".into()), ..Default::default() };
        assert_eq!(install("a/1", &snapshot, &Policy { inputs, ..Policy::default() }), "install a<; -0");
    }
}
