//! Whatever is missing between the disk and what it asks for, whichever event was lost, late or told twice.

use std::collections::BTreeMap;

use crate::exit::Kind;
use crate::ids::{ModuleId, Target};
use crate::snapshot::Snapshot;
use crate::step::scope::{Extent, Within};
use crate::step::{AddSource, Operation, Plan, Policy, StepId};
use crate::tree::ModuleEntry;

use super::refusal::{already, refused_with};
use super::{autoinstall, succession, unmake, weak};

/// What has gone leaves; what packages brought is registered; each kernel gets the newest version of every AUTOINSTALL
/// module, built from what is there now. A version whose package has gone leaves after its successor is in place.
pub(crate) fn reconcile(
    targets: &[Target],
    extent: Extent,
    within: &Within,
    snapshot: &Snapshot,
    policy: &Policy,
) -> Plan {
    let mut plan = Plan::default();
    tell_unknown(&mut plan, within, snapshot);
    for target in snapshot.gone.iter().filter(|target| within.has_kernel(target)) {
        let leave = |entry: &&ModuleEntry| within.has_module(&entry.id);
        let kept = match extent {
            Extent::Everything => {
                let newest = snapshot.newest().into_values().filter(leave);
                weak::keep(&mut plan, target, newest, snapshot, policy)
            }
            Extent::RemovalsOnly => weak::Kept::new(),
        };
        let leavers = snapshot.modules.iter().filter(|entry| !snapshot.abandoned.contains(&entry.id)).filter(leave);
        for entry in leavers {
            unmake::take_away_after(&mut plan, entry, target, "the kernel has gone", &kept);
        }
    }
    if extent == Extent::Everything {
        let added = register(&mut plan, within, snapshot);
        for target in targets.iter().filter(|target| !snapshot.gone.contains(target)) {
            install(&mut plan, target, within, &added, snapshot, policy);
        }
    }
    abandon(&mut plan, within, snapshot);
    plan
}

/// Modules that were named and are not there, or are not those that kernels get.
fn tell_unknown(plan: &mut Plan, within: &Within, snapshot: &Snapshot) {
    let newest = snapshot.newest();
    for only in &within.modules {
        let known = snapshot.modules.iter().find(|entry| only.means(&entry.id));
        let taken = newest.get(&only.name).map(|entry| &entry.id);
        match (known, taken) {
            (None, _) => {
                let text = format!("{only} is not in the DKMS tree, and no package holds a source of it");
                plan.omit(None, None, refused_with(Kind::NotInTree, text, "`dkms status` lists what is there"));
            }
            (Some(_), Some(taken)) if !only.means(taken) => {
                plan.omit(None, None, already(format!("{only} is not the newest version: kernels get {taken}")));
            }
            _ => {}
        }
    }
}

/// Versions whose package has gone leave the kernels that are meant.
fn abandon(plan: &mut Plan, within: &Within, snapshot: &Snapshot) {
    for id in snapshot.abandoned.iter().filter(|id| within.has_module(id)) {
        succession::abandon(plan, id, snapshot, &|target| within.has_kernel(target));
    }
}

fn register(plan: &mut Plan, within: &Within, snapshot: &Snapshot) -> BTreeMap<ModuleId, StepId> {
    let mut added = BTreeMap::new();
    for id in snapshot.arrivals.iter().filter(|id| within.has_module(id)) {
        let step =
            plan.push(id.clone(), None, Operation::Add(AddSource::SourceTree), "a package brought it", Vec::new());
        added.insert(id.clone(), step);
    }
    added
}

fn install(
    plan: &mut Plan,
    target: &Target,
    within: &Within,
    added: &BTreeMap<ModuleId, StepId>,
    snapshot: &Snapshot,
    policy: &Policy,
) {
    let before = plan.steps.len();
    plan.append(autoinstall::autoinstall_of(&|id| within.has_module(id), target, snapshot, policy));
    for step in &mut plan.steps[before..] {
        step.after.extend(added.get(&step.module));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::sample::{Sample, id, target};
    use crate::step::scope::Only;

    fn planned(sample: Sample, extent: Extent) -> String {
        planned_within(sample, extent, &Within::default())
    }

    fn planned_within(sample: Sample, extent: Extent, within: &Within) -> String {
        let snapshot = sample.done();
        let targets: Vec<Target> =
            snapshot.kernels.keys().filter(|target| within.has_kernel(target)).cloned().collect();
        let plan = reconcile(&targets, extent, within, &snapshot, &Policy::default());
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
            (
                "and it cannot be built for one kernel yet",
                two().module("a/1", &["+6.1", "+6.2"]).broken().abandoned("a/1").arrival("a/2"),
                "0:add a/2; 1:build a/2 6.1 <0; 2:install a/2 6.1 <1 <0; 3:unbuild a/1 6.1 <2",
            ),
            (
                "later there is nothing to do until the headers come",
                two().module("a/1", &["+6.2"]).broken().abandoned("a/1").module("a/2", &["+6.1"]),
                "",
            ),
            (
                "and that kernel has gone",
                two().module("a/1", &["+5.9"]).broken().abandoned("a/1").module("a/2", &["+6.1"]).gone("5.9"),
                "0:uninstall a/1 5.9; 1:unbuild a/1 5.9 <0; 2:remove a/1 <1",
            ),
            ("it failed before in this transaction", two().module("a/1", &[]).tried("a/1", "6.1"), ""),
            (
                "and the version before serves",
                two().module("a/1", &["+6.1", "+6.2"]).broken().abandoned("a/1").module("a/2", &[]).tried("a/2", "6.1"),
                "",
            ),
            (
                "it is there already on one kernel, and failed on the other",
                Sample::default()
                    .kernels(&["6.1", "6.2"])
                    .module("a/1", &["6.1", "+6.2"])
                    .broken()
                    .abandoned("a/1")
                    .module("a/2", &["+6.1"])
                    .tried("a/2", "6.2"),
                "0:unbuild a/1 6.1",
            ),
            (
                "a successor that nobody has registered, as a person removed it",
                two().module("a/1", &["+6.1"]).broken().abandoned("a/1").succeeded("a"),
                "",
            ),
            (
                "a successor that is broken is none",
                two().module("a/1", &["+6.1"]).broken().abandoned("a/1").module("a/2", &[]).broken(),
                "0:uninstall a/1 6.1; 1:unbuild a/1 6.1 <0; 2:remove a/1 <1",
            ),
            ("its source was deleted by hand", two().module("a/1", &["+6.1"]).broken(), ""),
        ] {
            assert_eq!(planned(sample, Extent::Everything), expected, "{what}");
        }
    }

    #[test]
    fn named_modules_and_kernels_limit_it() {
        let sample = || {
            let sample = Sample::default().kernels(&["6.1", "6.2"]).module("a/1", &["+5.9"]).module("b/1", &["+5.9"]);
            sample.gone("5.9").arrival("c/1").module("d/1", &["+6.1"]).broken().abandoned("d/1")
        };
        let only = |word: &str| {
            let (name, version) = word.split_once('/').map_or((word, None), |(name, version)| (name, Some(version)));
            let (id, version) = (id(&format!("{name}/{}", version.unwrap_or("1"))), version.is_some());
            Only { name: id.name, version: version.then_some(id.version) }
        };
        for (modules, kernels, expected) in [
            (
                &["a"][..],
                &[][..],
                "0:uninstall a/1 5.9; 1:unbuild a/1 5.9 <0; 2:build a/1 6.1; 3:install a/1 6.1 <2; \
                 4:build a/1 6.2; 5:install a/1 6.2 <4",
            ),
            (&["a/1"], &["6.2"], "0:build a/1 6.2; 1:install a/1 6.2 <0"),
            (&["a/2"], &["6.2"], ""),
            (&["b"], &["5.9"], "0:uninstall b/1 5.9; 1:unbuild b/1 5.9 <0"),
            (&["c"], &["6.1"], "0:add c/1; 1:build c/1 6.1 <0; 2:install c/1 6.1 <1 <0"),
            (&["d"], &[], "0:uninstall d/1 6.1; 1:unbuild d/1 6.1 <0; 2:remove d/1 <1"),
            (&["d"], &["6.1"], "0:uninstall d/1 6.1; 1:unbuild d/1 6.1 <0; 2:remove d/1 <1"),
            (&["d"], &["6.2"], ""),
            (&["a", "b"], &["6.1"], "0:build a/1 6.1; 1:install a/1 6.1 <0; 2:build b/1 6.1; 3:install b/1 6.1 <2"),
        ] {
            let within = Within {
                modules: modules.iter().map(|word| only(word)).collect(),
                kernels: kernels.iter().map(|kernel| target(kernel)).collect(),
            };
            assert_eq!(planned_within(sample(), Extent::Everything, &within), expected, "{modules:?} {kernels:?}");
        }
    }

    #[test]
    fn what_is_done_for_one_kernel_takes_nothing_from_another() {
        let kernels = || Sample::default().kernels(&["6.1-", "6.2", "6.3"]);
        let before = || kernels().module("a/1", &["+6.1", "+6.2"]).broken().abandoned("a/1");
        let at = |sample: Sample, kernel: &str| {
            let within = Within { kernels: vec![target(kernel)], ..Within::default() };
            planned_within(sample, Extent::Everything, &within)
        };
        assert_eq!(at(before().module("a/2", &[]), "6.3"), "0:build a/2 6.3; 1:install a/2 6.3 <0");
        let own = "0:build a/2 6.2; 1:install a/2 6.2 <0; 2:unbuild a/1 6.2 <1";
        assert_eq!(at(before().module("a/2", &[]), "6.2"), own);
        assert_eq!(at(before().module("a/2", &[]).tried("a/2", "6.2"), "6.2"), "");
        assert_eq!(at(before(), "6.3"), "", "its package has gone without a successor");
    }

    #[test]
    fn a_start_that_leaves_out_what_failed_keeps_what_serves_there() {
        let sample = Sample::default().kernels(&["6.1", "6.2"]).module("a/1", &["+6.1", "+6.2"]).broken();
        let snapshot = sample.abandoned("a/1").module("a/2", &[]).done();
        let plan = reconcile(&[target("6.2")], Extent::Everything, &Within::default(), &snapshot, &Policy::default());
        let taken: Vec<_> = plan.steps.iter().filter(|step| step.module == id("a/1")).collect();
        assert!(taken.iter().all(|step| step.target == Some(target("6.2")) && !step.after.is_empty()), "{plan}");
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
