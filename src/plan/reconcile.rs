//! Whatever is missing between the disk and what it asks for, whichever event was lost, late or told twice.

use std::collections::BTreeMap;

use crate::ids::{ModuleId, Target};
use crate::snapshot::Snapshot;
use crate::step::{AddSource, Operation, Plan, Policy, StepId};

use super::{arrival, autoinstall, unmake, weak};

/// How far a reconciliation goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All that the disk asks for.
    Everything,
    /// Only what has gone is taken away; nothing is built.
    RemovalsOnly,
}

/// What has gone leaves; what packages brought is registered; each kernel gets the newest version of every AUTOINSTALL
/// module, built from what is there now. A version whose package has gone leaves after its successor is in place.
pub fn reconcile(targets: &[Target], extent: Extent, snapshot: &Snapshot, policy: &Policy) -> Plan {
    let mut plan = Plan::default();
    for target in &snapshot.gone {
        let kept = match extent {
            Extent::Everything => weak::keep(&mut plan, target, snapshot.newest().into_values(), snapshot, policy),
            Extent::RemovalsOnly => weak::Kept::new(),
        };
        for entry in snapshot.modules.iter().filter(|entry| !snapshot.abandoned.contains(&entry.id)) {
            unmake::take_away_after(&mut plan, entry, target, "the kernel has gone", &kept);
        }
    }
    if extent == Extent::Everything {
        let added = register(&mut plan, snapshot);
        for target in targets.iter().filter(|target| !snapshot.gone.contains(target)) {
            install(&mut plan, target, &added, snapshot, policy);
        }
    }
    arrival::abandon(&mut plan, snapshot);
    plan
}

fn register(plan: &mut Plan, snapshot: &Snapshot) -> BTreeMap<ModuleId, StepId> {
    let mut added = BTreeMap::new();
    for id in &snapshot.arrivals {
        let step =
            plan.push(id.clone(), None, Operation::Add(AddSource::SourceTree), "a package brought it", Vec::new());
        added.insert(id.clone(), step);
    }
    added
}

fn install(plan: &mut Plan, target: &Target, added: &BTreeMap<ModuleId, StepId>, snapshot: &Snapshot, policy: &Policy) {
    let before = plan.steps.len();
    plan.append(autoinstall::autoinstall(target, snapshot, policy));
    for step in &mut plan.steps[before..] {
        step.after.extend(added.get(&step.module));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::sample::Sample;

    fn planned(sample: Sample, extent: Extent) -> String {
        let snapshot = sample.done();
        let targets: Vec<Target> = snapshot.kernels.keys().cloned().collect();
        let plan = reconcile(&targets, extent, &snapshot, &Policy::default());
        let line = |step: &crate::step::Step| {
            let kernel = step.target.as_ref().map(|target| format!(" {}", target.kernel)).unwrap_or_default();
            let after: String = step.after.iter().map(|id| format!(" <{}", id.0)).collect();
            format!("{}:{} {}{kernel}{after}", step.id.0, step.operation.verb(), step.module)
        };
        plan.steps.iter().map(line).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn the_difference_between_disk_and_wish_is_planned() {
        let two = || Sample::default().kernels(&["6.1", "6.2-"]);
        for (what, sample, expected) in [
            ("all is so", two().module("a/1", &["+6.1"]), ""),
            (
                "it is missing on one kernel, and another lacks headers",
                two().module("a/1", &[]),
                "0:build a/1 6.1; 1:install a/1 6.1 <0",
            ),
            ("a package brought it", two().arrival("a/1"), "0:add a/1; 1:build a/1 6.1 <0; 2:install a/1 6.1 <1 <0"),
            (
                "its kernel has gone",
                two().module("a/1", &["+6.1", "+5.9"]).gone("5.9"),
                "0:uninstall a/1 5.9; 1:unbuild a/1 5.9 <0",
            ),
            (
                "another kernel used the build of the one that has gone",
                two().module("a/1", &["+5.9"]).linked("6.1", "5.9").gone("5.9"),
                "0:build a/1 6.1; 1:install a/1 6.1 <0; 2:uninstall a/1 5.9 <0 <1; 3:unbuild a/1 5.9 <2",
            ),
            (
                "its package has gone",
                two().module("a/1", &["+6.1"]).broken().abandoned("a/1"),
                "0:uninstall a/1 6.1; 1:unbuild a/1 6.1 <0; 2:remove a/1 <1",
            ),
            (
                "another version takes its place",
                two().module("a/1", &["+6.1"]).broken().abandoned("a/1").arrival("a/2"),
                "0:add a/2; 1:build a/2 6.1 <0; 2:install a/2 6.1 <1 <0; 3:unbuild a/1 6.1 <2; 4:remove a/1 <3",
            ),
            ("it failed before in this transaction", two().module("a/1", &[]).tried("a/1", "6.1"), ""),
            ("its source was deleted by hand", two().module("a/1", &["+6.1"]).broken(), ""),
        ] {
            assert_eq!(planned(sample, Extent::Everything), expected, "{what}");
        }
    }

    #[test]
    fn when_ours_leaves_nothing_is_built_and_what_has_gone_leaves() {
        let sample = Sample::default().kernels(&["6.1"]).module("a/1", &["+5.9"]).gone("5.9").arrival("b/1");
        let sample = sample.module("c/1", &["+6.1"]).broken().abandoned("c/1");
        assert_eq!(
            planned(sample, Extent::RemovalsOnly),
            "0:uninstall a/1 5.9; 1:unbuild a/1 5.9 <0; 2:uninstall c/1 6.1; 3:unbuild c/1 6.1 <2; 4:remove c/1 <3"
        );
    }
}
