//! Which kernels need their initramfs made anew, because modules in it have changed. Once for each kernel, after all else.

use std::collections::{BTreeMap, BTreeSet};

use crate::conf::policy::InitramfsPolicy;
use crate::exit::Kind;
use crate::ids::{ModuleId, Target};
use crate::snapshot::initramfs::{Changed, Image, Now};
use crate::step::{Operation, Plan, Reason, Step, StepId};

use super::refusal::already;

/// The modules and kernels of which a plan changes what is installed.
pub(crate) fn changes(plan: &Plan) -> BTreeSet<(ModuleId, Target)> {
    let steps = plan.steps.iter().filter(|step| changes_files(step));
    steps.filter_map(|step| Some((step.module.clone(), step.target.clone()?))).collect()
}

/// Whether a step changes what is installed.
pub(crate) fn changes_files(step: &Step) -> bool {
    matches!(step.operation, Operation::Install | Operation::Uninstall)
}

/// Adds a step for each kernel whose initramfs holds, or should hold, something that changed; what is left out is named.
pub(crate) fn renew(plan: &mut Plan, changed: &[Changed], images: &BTreeMap<Target, Image>, policy: InitramfsPolicy) {
    let mut by_kernel: BTreeMap<&Target, Vec<&Changed>> = BTreeMap::new();
    for change in changed {
        by_kernel.entry(&change.target).or_default().push(change);
    }
    for (target, changed) in by_kernel {
        match verdict(target, &changed, images, policy) {
            Ok((module, why)) => {
                let is_of_it = |step: &&Step| changes_files(step) && step.target.as_ref() == Some(target);
                let after: Vec<StepId> = plan.steps.iter().filter(is_of_it).map(|step| step.id).collect();
                plan.push(module.clone(), Some(target.clone()), Operation::RenewInitramfs, why, after);
            }
            Err(reason) => {
                plan.omit_after(Operation::RenewInitramfs, changed[0].module.clone(), target.clone(), reason);
            }
        }
    }
}

/// Why it is made anew, and for which module, or why not.
fn verdict<'c>(
    target: &Target,
    changed: &[&'c Changed],
    images: &BTreeMap<Target, Image>,
    policy: InitramfsPolicy,
) -> Result<(&'c ModuleId, String), Reason> {
    let kernel = &target.kernel;
    let left = |why: String| Err(already(why));
    let none = BTreeSet::new();
    let (modules, wanted, made) = match images.get(target) {
        None | Some(Image::Absent) => return left(format!("kernel {kernel} has no initramfs that could be made anew")),
        Some(Image::Unreadable { why }) if policy == InitramfsPolicy::Auto => {
            return left(format!("what the initramfs of kernel {kernel} holds cannot be told: {why}"));
        }
        Some(Image::Unreadable { .. }) => (&none, &none, 0),
        Some(Image::Holds { modules, wanted, made }) => (modules, wanted, *made),
    };
    if changed.iter().all(|change| change.since.is_some_and(|since| since < made)) {
        return left(format!("the initramfs of kernel {kernel} was made after the change"));
    }
    let (missing, changed): (Vec<&Changed>, Vec<&Changed>) =
        changed.iter().partition(|change| change.now == Now::Missing);
    if let Some((module, found)) = held(&missing, modules) {
        let text = format!(
            "the initramfs of kernel {kernel} holds {found} of {module}, which is not installed now; it is not made \
             anew, as that would take the module out"
        );
        return Err(Reason::Pending { on: module.to_string(), case: Kind::InitramfsFailed, text });
    }
    let Some(first) = changed.first() else {
        return left(format!("the initramfs of kernel {kernel} holds nothing of {}", missing[0].module));
    };
    if let Some((module, found)) = held(&changed, modules) {
        return Ok((module, format!("the initramfs holds {found}")));
    }
    let installed: Vec<&Changed> = changed.iter().filter(|change| change.now == Now::Installed).copied().collect();
    if let Some((module, found)) = held(&installed, wanted) {
        return Ok((module, format!("it is to hold {found}, as the settings of its maker say, and does not")));
    }
    let elsewhere = images.iter().filter(|(other, _)| *other != target).find_map(|(other, image)| match image {
        Image::Holds { modules, .. } => Some((other, held(&installed, modules)?)),
        _ => None,
    });
    match elsewhere {
        Some((other, (module, found))) => {
            Ok((module, format!("the initramfs of kernel {} holds {found}, and this one does not", other.kernel)))
        }
        None if policy == InitramfsPolicy::Always => {
            Ok((&first.module, "framework.conf asks for it after every change".to_owned()))
        }
        None => {
            let files: BTreeSet<&str> = changed.iter().flat_map(|change| &change.files).map(String::as_str).collect();
            left(format!("no initramfs holds {}", Vec::from_iter(files).join(", ")))
        }
    }
}

/// The files of the changed modules that are among these, and the first module that has one.
fn held<'c>(changed: &[&'c Changed], among: &BTreeSet<String>) -> Option<(&'c ModuleId, String)> {
    let holders: Vec<&&Changed> = changed.iter().filter(|change| !change.files.is_disjoint(among)).collect();
    let found: BTreeSet<&str> =
        holders.iter().flat_map(|change| change.files.intersection(among)).map(String::as_str).collect();
    Some((&holders.first()?.module, Vec::from_iter(found).join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::sample::{id, target};

    fn words(text: &str) -> BTreeSet<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn image(text: &str) -> Image {
        match text {
            "absent" => Image::Absent,
            "unreadable" => Image::Unreadable { why: "`lsinitramfs` ended with exit code 1".into() },
            modules => {
                let (holds, wanted) = modules.split_once('<').unwrap_or((modules, ""));
                Image::Holds { modules: words(holds), wanted: words(wanted), made: 100 }
            }
        }
    }

    /// What becomes of 6.1 after blink changed there, when the images of 6.1 and 6.2 are so.
    fn planned(own: &str, other: &str, since: Option<u64>, policy: InitramfsPolicy) -> String {
        let images = [(target("6.1"), image(own)), (target("6.2"), image(other))].into();
        let files = words("blink wink");
        let changed = [Changed { module: id("blink/1"), target: target("6.1"), files, since, now: Now::Installed }];
        let mut plan = Plan::default();
        renew(&mut plan, &changed, &images, policy);
        plan.to_string().trim_end().to_owned()
    }

    #[test]
    fn what_the_images_hold_decides_unless_the_settings_do() {
        use InitramfsPolicy::{Always, Auto};
        let renewed = |why: &str| format!("initramfs blink/1 for 6.1 (x86_64): {why}");
        let left = |why: &str| format!("leave     blink/1 for 6.1 (x86_64): {why}");
        for (own, other, since, policy, expected) in [
            ("blink ext4", "", None, Auto, renewed("the initramfs holds blink")),
            ("wink blink", "", Some(200), Auto, renewed("the initramfs holds blink, wink")),
            ("ext4", "ext4", None, Auto, left("no initramfs holds blink, wink")),
            ("ext4", "wink", None, Auto, renewed("the initramfs of kernel 6.2 holds wink, and this one does not")),
            (
                "ext4 < wink",
                "ext4",
                None,
                Auto,
                renewed("it is to hold wink, as the settings of its maker say, and does not"),
            ),
            ("ext4 < ext4", "ext4", None, Auto, left("no initramfs holds blink, wink")),
            ("absent", "blink", None, Auto, left("kernel 6.1 has no initramfs that could be made anew")),
            ("absent", "blink", None, Always, left("kernel 6.1 has no initramfs that could be made anew")),
            (
                "unreadable",
                "",
                None,
                Auto,
                left("what the initramfs of kernel 6.1 holds cannot be told: `lsinitramfs` ended with exit code 1"),
            ),
            ("unreadable", "", None, Always, renewed("framework.conf asks for it after every change")),
            ("ext4", "", None, Always, renewed("framework.conf asks for it after every change")),
            ("blink", "", Some(50), Auto, left("the initramfs of kernel 6.1 was made after the change")),
        ] {
            assert_eq!(planned(own, other, since, policy), expected, "{own}, {other}, {since:?}, {policy:?}");
        }
    }

    /// In an initramfs the old module may be the only one that is left.
    #[test]
    fn one_that_holds_what_is_missing_now_is_left_alone() {
        for (image_holds, a, b, expected) in [
            ("a", Now::Gone, Now::Installed, "initramfs a/1 for 6.1 (x86_64): the initramfs holds a"),
            ("a b", Now::Installed, Now::Missing, "would take the module out"),
            ("b", Now::Installed, Now::Missing, "holds b of b/1, which is not installed now"),
            ("a", Now::Installed, Now::Missing, "initramfs a/1 for 6.1 (x86_64): the initramfs holds a"),
            ("", Now::Missing, Now::Missing, "holds nothing of a/1"),
        ] {
            let images = [(target("6.1"), image(image_holds))].into();
            let change = |module: &str, now| Changed {
                module: id(module),
                target: target("6.1"),
                files: words(&module[..1]),
                since: None,
                now,
            };
            let mut plan = Plan::default();
            renew(&mut plan, &[change("a/1", a), change("b/1", b)], &images, InitramfsPolicy::Auto);
            assert!(plan.to_string().contains(expected), "{image_holds}, {a:?}, {b:?}: {plan}");
        }
    }

    #[test]
    fn a_kernel_gets_one_step_after_all_of_its_changes() {
        let mut plan = Plan::default();
        let mut changed = Vec::new();
        for (module, kernel) in [("a/1", "6.1"), ("b/1", "6.1"), ("a/1", "6.2")] {
            let target = target(kernel);
            plan.push(id(module), Some(target.clone()), Operation::Install, "", Vec::new());
            changed.push(Changed { module: id(module), target, files: words("a b"), since: None, now: Now::Installed });
        }
        let images = [(target("6.1"), image("a")), (target("6.2"), image("a"))].into();
        assert_eq!(changes(&plan).len(), 3);
        renew(&mut plan, &changed, &images, InitramfsPolicy::Auto);
        let added: Vec<(String, Vec<usize>)> = plan.steps[3..]
            .iter()
            .map(|step| (step.module.to_string(), step.after.iter().map(|id| id.0).collect()))
            .collect();
        assert_eq!(added, [("a/1".to_owned(), vec![0, 1]), ("a/1".to_owned(), vec![2])]);
    }
}
