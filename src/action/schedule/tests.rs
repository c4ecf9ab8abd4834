use super::*;
use crate::exit::Kind;
use crate::ids::{Arch, ModuleId, ModuleName, ModuleVersion, Target};

fn module(name: &str) -> ModuleId {
    ModuleId::new(ModuleName::new(name).unwrap(), ModuleVersion::new("1").unwrap())
}

fn kernel(release: &str) -> KernelRelease {
    KernelRelease::new(release).unwrap()
}

fn on(release: &str) -> Option<Target> {
    Some(Target::new(kernel(release), Arch::new("x86_64").unwrap()))
}

/// Build and install of each (module, kernel), the install after its build.
fn builds_and_installs(pairs: &[(&str, &str)]) -> Plan {
    let mut plan = Plan::default();
    for (name, release) in pairs {
        let built = plan.push(module(name), on(release), Operation::Build, "", vec![]);
        plan.push(module(name), on(release), Operation::Install, "", vec![built]);
    }
    plan
}

#[test]
fn an_initramfs_is_made_after_its_kernels_lists_and_whatever_else_failed() {
    let mut plan = builds_and_installs(&[("a", "k1"), ("b", "k1"), ("c", "k2")]);
    for (kernel, after) in [("k1", vec![StepId(1), StepId(3)]), ("k2", vec![StepId(5)]), ("k3", vec![])] {
        plan.push(module("a"), on(kernel), Operation::RenewInitramfs, "", after);
    }
    let (told, outcomes) = alone(&plan, &[2, 4]);
    let place = |word: &str| told.iter().position(|other| other == word);
    assert!(place("close k1").unwrap() < place("initramfs a k1").unwrap(), "{told:?}");
    assert!(place("initramfs a k3").is_some(), "it was noted before: {told:?}");
    assert_eq!(place("initramfs a k2"), None, "nothing changed there: {told:?}");
    assert!(matches!(outcomes[7].1, Outcome::Skipped { because: StepId(5) }), "{outcomes:?}");
}

/// "build a k1", "close k1", "wait", "over".
fn word(task: &Task<'_>) -> String {
    match task {
        Task::Step { step, .. } => format!(
            "{} {} {}",
            step.operation.verb(),
            step.module.name,
            step.target.as_ref().map_or("-", |target| target.kernel.as_str())
        ),
        Task::Close(kernel) => format!("close {kernel}"),
        Task::Wait => "wait".to_owned(),
        Task::Over => "over".to_owned(),
    }
}

/// Runs a plan with one worker; `fails` are steps that fail.
fn alone(plan: &Plan, fails: &[usize]) -> (Vec<String>, Vec<(StepId, Outcome)>) {
    let mut schedule = Schedule::new(plan, 1);
    let mut told = Vec::new();
    loop {
        let task = schedule.next();
        told.push(word(&task));
        match task {
            Task::Step { step, .. } if fails.contains(&step.id.0) => {
                schedule.end(step, Outcome::Failed(Error::new(Kind::MakeFailed, "no")), false);
            }
            Task::Step { step, .. } => schedule.end(step, Outcome::Done, step.operation == Operation::Install),
            Task::Close(kernel) => schedule.closed(&kernel, vec![]),
            Task::Wait => panic!("one worker never waits: {told:?}"),
            Task::Over => return (told, schedule.into_outcomes()),
        }
    }
}

#[test]
fn one_kernel_is_closed_once_after_its_last_install() {
    let plan = builds_and_installs(&[("a", "k1"), ("b", "k1"), ("a", "k2")]);
    let (told, _) = alone(&plan, &[]);
    assert_eq!(told.iter().filter(|word| *word == "close k1").count(), 1, "{told:?}");
    let at = |what: &str| told.iter().position(|word| word == what).unwrap();
    assert!(at("close k1") > at("install b k1") && at("close k2") > at("install a k2"), "{told:?}");
}

#[test]
fn steps_after_a_failed_one_are_skipped_and_the_others_go_on() {
    let plan = builds_and_installs(&[("a", "k1"), ("b", "k1")]);
    let (told, outcomes) = alone(&plan, &[0]);
    assert_eq!(told, ["build a k1", "build b k1", "install b k1", "close k1", "over"]);
    assert!(matches!(outcomes[1].1, Outcome::Skipped { because: StepId(0) }));
    assert!(matches!(outcomes[3].1, Outcome::Done));
}

#[test]
fn skipping_reaches_the_steps_after_the_skipped_ones() {
    let mut plan = builds_and_installs(&[("a", "k1")]);
    plan.push(module("b"), on("k1"), Operation::Build, "", vec![StepId(1)]);
    let (_, outcomes) = alone(&plan, &[0]);
    assert!(matches!(outcomes[2].1, Outcome::Skipped { because: StepId(1) }));
}

#[test]
fn builds_of_one_module_never_run_together_but_those_of_others_do() {
    let plan = builds_and_installs(&[("a", "k1"), ("a", "k2"), ("b", "k1")]);
    let mut schedule = Schedule::new(&plan, 4);
    let told: Vec<_> = (0..3).map(|_| word(&schedule.next())).collect();
    assert_eq!(told, ["build a k1", "build b k1", "wait"]);
}

#[test]
fn no_more_builds_run_than_allowed() {
    let plan = builds_and_installs(&[("a", "k1"), ("b", "k1"), ("c", "k1")]);
    let mut schedule = Schedule::new(&plan, 2);
    let told: Vec<_> = (0..3).map(|_| word(&schedule.next())).collect();
    assert_eq!(told, ["build a k1", "build b k1", "wait"]);
}

#[test]
fn our_own_job_goes_to_one_build_at_a_time_and_on_to_the_next_when_that_ends() {
    let mut plan = Plan::default();
    for name in ["a", "b", "c", "d"] {
        plan.push(module(name), on("k1"), Operation::Build, "", vec![]);
    }
    let mut schedule = Schedule::new(&plan, 2);
    let mut begin = |ended: &[usize]| {
        for id in ended {
            schedule.end(&plan.steps[*id], Outcome::Done, false);
        }
        let Task::Step { job, .. } = schedule.next() else { panic!("a step") };
        job
    };
    let jobs = [begin(&[]), begin(&[]), begin(&[0]), begin(&[1])];
    assert_eq!(jobs, [Job::Own, Job::Pooled, Job::Own, Job::Pooled]);
}

#[test]
fn two_installs_change_one_kernel_one_after_the_other() {
    let mut plan = Plan::default();
    for (name, release) in [("a", "k1"), ("b", "k1"), ("c", "k2")] {
        plan.push(module(name), on(release), Operation::Install, "", vec![]);
    }
    let mut schedule = Schedule::new(&plan, 2);
    let told: Vec<_> = (0..3).map(|_| word(&schedule.next())).collect();
    assert_eq!(told, ["install a k1", "install c k2", "wait"]);
}

#[test]
fn forgetting_a_version_waits_until_its_successor_cannot_be_taken_back_any_more() {
    let mut plan = builds_and_installs(&[("a", "k1"), ("b", "k1")]);
    plan.push(module("a"), None, Operation::Forget, "", vec![StepId(1)]);
    let (told, _) = alone(&plan, &[]);
    assert_eq!(told, ["build a k1", "install a k1", "build b k1", "install b k1", "close k1", "remove a -", "over"]);
}

#[test]
fn steps_that_wait_for_each_others_kernels_end_nevertheless() {
    let mut plan = builds_and_installs(&[("a", "k1")]);
    plan.push(module("b"), on("k2"), Operation::Install, "", vec![StepId(1)]);
    plan.push(module("c"), on("k1"), Operation::Install, "", vec![StepId(2)]);
    let (told, outcomes) = alone(&plan, &[]);
    assert_eq!(told.iter().filter(|word| *word == "close k1").count(), 2, "{told:?}");
    assert!(outcomes.iter().all(|(_, outcome)| matches!(outcome, Outcome::Done)));
    assert_eq!(outcomes.len(), 4);
}

#[test]
fn an_install_taken_back_at_the_end_counts_as_failed() {
    let plan = builds_and_installs(&[("a", "k1")]);
    let mut schedule = Schedule::new(&plan, 1);
    for _ in 0..2 {
        let Task::Step { step, .. } = schedule.next() else { panic!("a step") };
        schedule.end(step, Outcome::Done, true);
    }
    let Task::Close(kernel) = schedule.next() else { panic!("the kernel is to be closed") };
    schedule.closed(&kernel, vec![(StepId(1), Error::new(Kind::DepmodFailed, "no"))]);
    assert!(matches!(schedule.next(), Task::Over));
    assert!(matches!(schedule.into_outcomes()[1].1, Outcome::Failed(_)));
}
