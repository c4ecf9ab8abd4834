//! Modules that a package brought finished (framework.conf's `prebuilt`): the source stands back.

use std::collections::BTreeSet;

use crate::ids::{ModuleId, ModuleName, Target};
use crate::kernel::prebuilt::Prebuilt;
use crate::snapshot::Snapshot;
use crate::step::{Operation, Plan, Policy, Reason, Switch};

/// Leaves this version to the package that brought it, or a newer one, for this kernel, and takes out what ours put there. False:
/// nobody brought it, and it is built as ever.
pub(super) fn stands_back(
    plan: &mut Plan,
    id: &ModuleId,
    target: &Target,
    snapshot: &Snapshot,
    policy: &Policy,
) -> bool {
    if policy.has(Switch::Force) || is_needed(&id.name, target, snapshot, &mut BTreeSet::new()) {
        return false;
    }
    let Some(found) = brought(id, target, snapshot) else { return false };
    let why = format!("{} has it", found.package);
    for (other, build) in snapshot.versions(&id.name).filter_map(|entry| Some((&entry.id, entry.build(target)?))) {
        let mut push = |operation, after| plan.push(other.clone(), Some(target.clone()), operation, why.clone(), after);
        let out = build.installed.then(|| push(Operation::Uninstall, Vec::new()));
        // Its own build is there for the day when that package goes.
        if other != id {
            push(Operation::Unbuild, out.into_iter().collect());
        }
    }
    plan.omit(Some(id.clone()), Some(target.clone()), Reason::Brought { text: found.told(id, target) });
    true
}

/// What a package brought of this version or a newer one.
fn brought<'s>(id: &ModuleId, target: &Target, snapshot: &'s Snapshot) -> Option<&'s Prebuilt> {
    let found = snapshot.prebuilt.get(&(id.name.clone(), target.clone()));
    found.filter(|found| found.covers(&id.version))
}

/// Whether a module that is built for this kernel is built on it: then its symbols have to be here.
fn is_needed(name: &ModuleName, target: &Target, snapshot: &Snapshot, seen: &mut BTreeSet<ModuleName>) -> bool {
    if !seen.insert(name.clone()) {
        return false;
    }
    snapshot.newest().into_values().filter(|entry| entry.id.name != *name).any(|entry| {
        let Some(Ok(loaded)) = snapshot.conf(&entry.id, target) else { return false };
        let is_built = loaded.conf.autoinstall && loaded.conf.exclusion().is_none();
        is_built
            && loaded.conf.build_depends.contains(name)
            && (brought(&entry.id, target, snapshot).is_none() || is_needed(&entry.id.name, target, snapshot, seen))
    })
}

#[cfg(test)]
mod tests {
    use crate::plan::autoinstall::autoinstall;
    use crate::plan::sample::{Sample, target};
    use crate::step::{Policy, Switch};

    fn planned(sample: Sample, policy: &Policy) -> String {
        let plan = autoinstall(&target("6.1"), &sample.done(), policy);
        let steps = plan.steps.iter().map(|step| format!("{} {}", step.operation.verb(), step.module));
        let told = plan.omissions.iter().map(|omission| omission.reason.text().to_owned());
        steps.chain(told).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn what_a_package_brought_is_not_built_and_what_was_built_goes() {
        let one = || Sample::default().kernels(&["6.1"]).module("a/1.1", &[]);
        let had = "a/1.1 for 6.1: a-modules has it, nothing to compile";
        for (what, sample, expected) in [
            ("nobody brought it", one(), "build a/1.1; install a/1.1".to_owned()),
            ("the same", one().prebuilt("a/1.1", "6.1"), had.to_owned()),
            ("a newer one", one().prebuilt("a/1.10", "6.1"), had.to_owned()),
            ("an older one", one().prebuilt("a/1.0", "6.1"), "build a/1.1; install a/1.1".to_owned()),
            ("for another kernel", one().prebuilt("a/1.1", "6.2"), "build a/1.1; install a/1.1".to_owned()),
            (
                "it was built first, since the package came later",
                Sample::default().kernels(&["6.1"]).module("a/1.1", &["+6.1"]).prebuilt("a/1.1", "6.1"),
                format!("uninstall a/1.1; {had}"),
            ),
            (
                "and so was the version before",
                Sample::default()
                    .kernels(&["6.1"])
                    .module("a/1.0", &["+6.1"])
                    .module("a/1.1", &[])
                    .prebuilt("a/1.1", "6.1"),
                format!("uninstall a/1.0; unbuild a/1.0; {had}"),
            ),
            (
                "another one is built on it",
                one().module("b/1", &[]).says("b/1", "needs=a").prebuilt("a/1.1", "6.1"),
                "build a/1.1; install a/1.1; build b/1; install b/1".to_owned(),
            ),
            (
                "which came finished, too",
                one().module("b/1", &[]).says("b/1", "needs=a").prebuilt("a/1.1", "6.1").prebuilt("b/1", "6.1"),
                format!("{had}; b/1 for 6.1: b-modules has it, nothing to compile"),
            ),
        ] {
            assert_eq!(planned(sample, &Policy::default()), expected, "{what}");
        }
        let force = Policy { switches: [Switch::Force].into(), ..Policy::default() };
        assert_eq!(planned(one().prebuilt("a/1.1", "6.1"), &force), "build a/1.1; install a/1.1");
        let noauto = one().says("a/1.1", "noauto").prebuilt("a/1.1", "6.1");
        assert!(!planned(noauto, &Policy::default()).contains("has it"), "nobody would build it anyhow");
    }
}
