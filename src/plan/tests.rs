use super::sample::{Sample, id, target};
use crate::ids::Target;
use crate::snapshot::Snapshot;
use crate::step::{AddSource, Plan, Policy, Reason, Switch};

/// A plan in short: `verb module@kernel<after …`, then `-module@kernel:code` for omissions (0: nothing to do).
fn short(plan: &Plan) -> String {
    let place = |target: &Option<Target>| target.as_ref().map_or(String::new(), |target| format!("@{}", target.kernel));
    let steps = plan.steps.iter().map(|step| {
        let after: Vec<String> = step.after.iter().map(|id| id.0.to_string()).collect();
        let after = if after.is_empty() { String::new() } else { format!("<{}", after.join(",")) };
        format!("{} {}{}{after}", step.operation.verb(), step.module.name, place(&step.target))
    });
    let omissions = plan.omissions.iter().map(|omission| {
        let code = match &omission.reason {
            Reason::AlreadySo { .. } | Reason::Brought { .. } => 0,
            Reason::Refused { case, .. } | Reason::Pending { case, .. } => case.code(),
        };
        let name = omission.module.as_ref().map_or(String::new(), |id| id.name.to_string());
        format!("-{name}{}:{code}", place(&omission.target))
    });
    steps.chain(omissions).collect::<Vec<_>>().join("; ")
}

fn policy(switches: &[Switch]) -> Policy {
    Policy { switches: switches.iter().copied().collect(), ..Policy::default() }
}

fn install(snapshot: &Snapshot, kernels: &[&str], switches: &[Switch]) -> String {
    let targets: Vec<Target> = kernels.iter().map(|kernel| target(kernel)).collect();
    short(&super::lifecycle::install(&id("a/1"), &AddSource::SourceTree, &targets, snapshot, &policy(switches)))
}

#[test]
fn install_does_what_is_missing_and_no_more() {
    let base = || Sample::default().kernels(&["5", "6", "7-"]);
    for (snapshot, kernels, expected) in [
        (base().source("a/1").done(), &["5"][..], "add a; build a@5<0; install a@5<0,1"),
        (base().module("a/1", &[]).done(), &["5"], "build a@5; install a@5<0"),
        (base().module("a/1", &["5"]).done(), &["5"], "install a@5"),
        (base().module("a/1", &["+5"]).done(), &["5"], "-a@5:0"),
        (base().module("a/1", &["+5"]).done(), &["5", "6"], "build a@6; install a@6<0; -a@5:0"),
        (base().module("a/1", &[]).done(), &["7"], "-a@7:21"),
        (base().module("a/1", &[]).done(), &["7", "5"], "build a@5; install a@5<0; -a@7:21"),
        (base().module("a/1", &[]).says("a/1", "excluded").done(), &["5"], "-a@5:77"),
        (base().module("a/1", &[]).says("a/1", "bad").done(), &["5"], "-a@5:8"),
        (base().module("a/1", &[]).says("a/1", "needs=b").done(), &["5"], "-a@5:13"),
        (
            base().module("b/1", &["+5"]).module("a/1", &[]).says("a/1", "needs=b").done(),
            &["5"],
            "build a@5; install a@5<0",
        ),
        (base().module("a/1", &["+5"]).broken().done(), &["5"], "-a:4"),
    ] {
        assert_eq!(install(&snapshot, kernels, &[]), expected);
    }
}

#[test]
fn nothing_is_compiled_for_a_kernel_whose_folder_can_be_written_nowhere() {
    let base = || Sample::default().kernels(&["5", "6!"]);
    for (snapshot, expected) in [
        (base().module("a/1", &[]).done(), "build a@5; install a@5<0; -a@6:74"),
        (base().module("a/1", &["6"]).done(), "build a@5; install a@5<0; -a@6:74"),
        (base().module("a/1", &["+5", "+6"]).done(), "-a@5:0; -a@6:0"),
        (base().source("a/1").done(), "add a; build a@5<0; install a@5<0,1; -a@6:74"),
    ] {
        assert_eq!(install(&snapshot, &["5", "6"], &[]), expected);
    }
    let arrived = base().module("a/1", &[]).done();
    let plan = super::autoinstall::on_each(&[target("5"), target("6")], &arrived, &policy(&[]));
    assert_eq!(short(&plan), "build a@5; install a@5<0; -a@6:74");
    let build = super::lifecycle::build(&id("a/1"), &AddSource::SourceTree, &[target("6")], &arrived, &policy(&[]));
    assert_eq!(short(&build), "build a@6");
}

#[test]
fn force_installs_again_without_a_new_build_and_disregards_dependencies() {
    let base = || Sample::default().kernels(&["5"]);
    assert_eq!(install(&base().module("a/1", &["+5"]).done(), &["5"], &[Switch::Force]), "install a@5");
    let needy = base().module("a/1", &[]).says("a/1", "needs=b").done();
    assert_eq!(install(&needy, &["5"], &[Switch::Force]), "build a@5; install a@5<0");
}

#[test]
fn build_says_when_it_is_built_and_builds_again_by_force() {
    let snapshot = Sample::default().kernels(&["5"]).module("a/1", &["5"]).done();
    let plan = |switches: &[Switch]| {
        short(&super::lifecycle::build(
            &id("a/1"),
            &AddSource::SourceTree,
            &[target("5")],
            &snapshot,
            &policy(switches),
        ))
    };
    assert_eq!(plan(&[]), "-a@5:0");
    assert_eq!(plan(&[Switch::Force]), "build a@5");
}

#[test]
fn add_refuses_what_is_added_and_mends_what_is_broken() {
    let base = || Sample::default().kernels(&["5"]);
    for (snapshot, expected) in [
        (base().source("a/1").done(), "add a"),
        (base().module("a/1", &[]).done(), "-a:3"),
        (base().module("a/1", &[]).broken().done(), "add a"),
    ] {
        assert_eq!(
            short(&super::lifecycle::add(&id("a/1"), &AddSource::SourceTree, &snapshot, &policy(&[]))),
            expected
        );
    }
}

#[test]
fn removal_takes_away_what_is_there_and_forgets_when_nothing_is_left() {
    let snapshot = Sample::default().kernels(&["5", "6"]).module("a/1", &["+5", "6"]).done();
    let (five, both) = ([target("5")], [target("5"), target("6")]);
    for (plan, expected) in [
        (super::unmake::uninstall(&id("a/1"), Some(&both), &snapshot), "uninstall a@5; -a@6:0"),
        (super::unmake::unbuild(&id("a/1"), Some(&five), &snapshot), "uninstall a@5; unbuild a@5<0"),
        (super::unmake::remove(&id("a/1"), Some(&five), &snapshot), "uninstall a@5; unbuild a@5<0"),
        (super::unmake::remove(&id("a/1"), None, &snapshot), "uninstall a@5; unbuild a@5<0; unbuild a@6; remove a<1,2"),
        (super::unmake::remove(&id("b/1"), None, &snapshot), "-b:3"),
        (super::unmake::kernel_leaves(&target("6"), &snapshot, &policy(&[])), "unbuild a@6"),
    ] {
        assert_eq!(short(&plan), expected);
    }
}

#[test]
fn autoinstall_takes_the_newest_of_each_in_the_order_of_their_dependencies() {
    let base = || Sample::default().kernels(&["5"]);
    let plan =
        |snapshot: Snapshot| short(&super::autoinstall::autoinstall(&target("5"), &snapshot, &Policy::default()));
    for (snapshot, expected) in [
        (base().done(), ""),
        (base().module("a/1.9", &[]).module("a/1.10", &[]).done(), "build a@5; install a@5<0"),
        (base().module("a/1", &["+5"]).done(), "-a@5:0"),
        (base().module("a/1", &["5"]).done(), "install a@5"),
        (base().module("a/1", &[]).says("a/1", "noauto").done(), "-a@5:0"),
        (base().module("a/1", &["+5"]).outdated("a/1", "5", "source").done(), "build a@5; install a@5<0"),
        (base().module("a/1", &["5"]).outdated("a/1", "5", "source").done(), "build a@5; install a@5<0"),
        (base().module("a/1", &["+5"]).outdated("a/1", "5", "source").says("a/1", "excluded").done(), "-a@5:0"),
        (base().module("a/1", &["+5"]).outdated("a/1", "5", "source").says("a/1", "noauto").done(), "-a@5:0"),
        (base().module("a/1", &[]).broken().done(), "-a:4"),
        (base().module("a/1", &[]).says("a/1", "excluded").done(), "-a@5:77"),
        (
            base().module("a/1", &[]).says("a/1", "needs=b").module("b/1", &[]).done(),
            "build b@5; install b@5<0; build a@5<1; install a@5<2",
        ),
        (base().module("a/1", &[]).says("a/1", "needs=gone").done(), "-a@5:13"),
        (
            base().module("a/1", &[]).says("a/1", "needs=b").module("b/1", &[]).says("b/1", "noauto").done(),
            "-b@5:0; -a@5:13",
        ),
    ] {
        assert_eq!(plan(snapshot), expected);
    }
}

#[test]
fn a_module_that_waits_for_an_unknown_one_is_pending_and_one_that_waits_for_a_known_one_is_refused() {
    let base = || Sample::default().kernels(&["5"]).module("a/1", &[]).says("a/1", "needs=b");
    let plan = |snapshot: Snapshot| super::autoinstall::autoinstall(&target("5"), &snapshot, &Policy::default());
    let unknown = plan(base().done());
    assert!(matches!(unknown.omissions[0].reason, Reason::Pending { .. }), "{unknown}");
    let known = plan(base().module("b/1", &[]).says("b/1", "noauto").done());
    let of_a = known.omissions.iter().find(|omission| omission.module == Some(id("a/1"))).expect("an omission");
    assert!(matches!(of_a.reason, Reason::Refused { .. }), "{known}");
}

#[test]
fn what_a_gone_package_left_is_taken_away_unless_a_successor_will_do_it() {
    let base = || Sample::default().kernels(&["5"]).module("a/1", &["+5"]).broken();
    for (snapshot, expected) in [
        (base().done(), ""),
        (base().leaving("a/1").done(), "uninstall a@5; unbuild a@5<0; remove a<1"),
        (base().leaving("a/1").succeeded("a").done(), ""),
        (base().leaving("a/1").held("a/1").done(), ""),
    ] {
        assert_eq!(short(&super::interrupted::complete(&snapshot)), expected);
    }
}

#[test]
fn what_a_package_brings_is_built_anew_only_when_its_source_changed_and_replaces_what_it_brought_before() {
    let base = || Sample::default().kernels(&["5", "6"]);
    let plan = |snapshot: &Snapshot| {
        let targets = [target("5"), target("6")];
        short(&super::arrival::module_arrived(
            &id("a/2"),
            &AddSource::SourceTree,
            &targets,
            snapshot,
            &Policy::default(),
        ))
    };
    for (snapshot, expected) in [
        (base().source("a/2").done(), "add a; build a@5<0; install a@5<0,1; build a@6<0; install a@6<0,3"),
        (base().module("a/2", &["+5", "+6"]).done(), "-a@5:0; -a@6:0"),
        (base().module("a/2", &["+5", "+6"]).outdated("a/2", "5", "source").done(), "build a@5; install a@5<0; -a@6:0"),
        (
            base().module("a/1", &["+5"]).broken().leaving("a/1").module("a/2", &[]).done(),
            "build a@5; install a@5<0; build a@6; install a@6<2; unbuild a@5<1; remove a<4",
        ),
        (
            Sample::default()
                .kernels(&["5", "6-"])
                .module("a/1", &["+5", "+6"])
                .broken()
                .leaving("a/1")
                .source("a/2")
                .done(),
            "add a; build a@5<0; install a@5<0,1; unbuild a@5<2; -a@6:21; -a@6:0",
        ),
        (
            base().module("a/1", &["+5"]).leaving("a/1").module("a/2", &[]).says("a/2", "excluded").done(),
            "-a@5:77; -a@6:77; -a@5:0",
        ),
        (
            base()
                .module("a/1", &["+5"])
                .original("5")
                .leaving("a/1")
                .module("a/2", &[])
                .says("a/2", "excluded")
                .done(),
            "uninstall a@5; unbuild a@5<0; remove a<1; -a@5:77; -a@6:77",
        ),
        (base().module("a/2", &["+5"]).says("a/2", "excluded").done(), "-a@5:77; -a@5:0; -a@6:77"),
        (
            base().module("a/2", &["+5"]).original("5").says("a/2", "excluded").done(),
            "uninstall a@5; unbuild a@5<0; -a@5:77; -a@6:77",
        ),
        (
            base().module("a/1", &["+5"]).leaving("a/1").module("a/2", &[]).says("a/2", "noauto").done(),
            "-a@5:0; -a@6:0; -a@5:0",
        ),
        (
            base().module("a/1", &["5"]).leaving("a/1").module("a/2", &[]).says("a/2", "noauto").done(),
            "unbuild a@5; remove a<0; -a@5:0; -a@6:0",
        ),
        (base().module("a/2", &[]).says("a/2", "noauto").done(), "-a@5:0; -a@6:0"),
        (Sample::default().kernels(&["5", "6-"]).source("a/2").done(), "add a; build a@5<0; install a@5<0,1; -a@6:21"),
        (base().module("a/2", &[]).says("a/2", "needs=nobody").done(), "-a@5:13; -a@6:13"),
    ] {
        assert_eq!(plan(&snapshot), expected);
    }
}

#[test]
fn what_another_dkms_built_is_adopted_unless_it_is_made_anew_or_taken_away() {
    let base = || Sample::default().kernels(&["5"]);
    let adopted = |mut plan: Plan, snapshot: &Snapshot| {
        super::adoption::adopt(&mut plan, snapshot);
        short(&plan)
    };
    let autoinstall = |snapshot: &Snapshot| {
        adopted(super::autoinstall::autoinstall(&target("5"), snapshot, &Policy::default()), snapshot)
    };
    let arrival = |snapshot: &Snapshot| {
        let (source, targets) = (AddSource::SourceTree, [target("5")]);
        let plan = super::arrival::module_arrived(&id("a/1"), &source, &targets, snapshot, &Policy::default());
        adopted(plan, snapshot)
    };
    let other = base().module("a/1", &["+5"]).of_another_dkms("a/1", "5").done();
    assert_eq!(autoinstall(&other), "adopt a@5; -a@5:0");
    assert_eq!(arrival(&other), "adopt a@5; -a@5:0");
    let not_yet_installed = base().module("a/1", &["5"]).of_another_dkms("a/1", "5").done();
    assert_eq!(autoinstall(&not_yet_installed), "install a@5; adopt a@5");
    let excluded = base().module("a/1", &["+5"]).of_another_dkms("a/1", "5").says("a/1", "excluded").done();
    assert_eq!(arrival(&excluded), "adopt a@5; -a@5:77; -a@5:0");
}

#[test]
fn kernels_that_use_the_build_of_a_leaving_one_get_their_own_before() {
    let base = || Sample::default().kernels(&["5", "6", "7-"]);
    let plan = |sample: Sample| short(&super::unmake::kernel_leaves(&target("5"), &sample.done(), &policy(&[])));
    for (sample, expected) in [
        (base().module("a/1", &["+5"]), "uninstall a@5; unbuild a@5<0"),
        (base().module("a/1", &["+5"]).linked("6", "5"), "build a@6; install a@6<0; uninstall a@5<0,1; unbuild a@5<2"),
        (base().module("a/1", &["+5", "6"]).linked("6", "5"), "install a@6; uninstall a@5<0; unbuild a@5<1"),
        (base().module("a/1", &["+5", "+6"]).linked("6", "5"), "uninstall a@5; unbuild a@5<0"),
        // Nobody has headers: the loss is named.
        (base().module("a/1", &["+5"]).linked("7", "5"), "uninstall a@5; unbuild a@5<0; -a@7:21"),
        // weak-modules links 7 to what 6 gets.
        (
            base().module("a/1", &["+5"]).linked("6", "5").linked("7", "5"),
            "build a@6; install a@6<0; uninstall a@5<0,1; unbuild a@5<2",
        ),
        (
            base().module("a/1", &["+5"]).linked("6", "5").says("a/1", "excluded"),
            "uninstall a@5; unbuild a@5<0; -a@6:77",
        ),
        (
            base()
                .module("a/1", &["+5"])
                .linked("6", "5")
                .says("a/1", "needs=b")
                .module("b/1", &["+5"])
                .linked("6", "5"),
            "build b@6; install b@6<0; build a@6<1; install a@6<2; uninstall a@5<2,3; unbuild a@5<4; uninstall b@5<0,1; unbuild b@5<6",
        ),
    ] {
        assert_eq!(plan(sample), expected);
    }
    let replaced = base().module("a/1", &["+5"]).linked("6", "5").done();
    let plan = super::unmake::kernel_is_replaced(&target("5"), &replaced);
    assert_eq!(short(&plan), "uninstall a@5; unbuild a@5<0", "it comes back, and with it what the links lead to");
}
