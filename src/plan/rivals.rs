//! Packages that bring a module of the same name: a kernel can load one of them, and it is the same one on every kernel.

use std::collections::BTreeSet;

use crate::conf::ModuleConf;
use crate::exit::Kind;
use crate::ids::{ModuleId, Target};
use crate::kernel::builtin::name;
use crate::snapshot::Snapshot;
use crate::step::Reason;
use crate::tree::ModuleEntry;
use crate::version;

use super::refusal::{self, refused_with};

/// Why nothing is done about a package that a kernel has, and whose modules it does not have: another one took their place.
pub(super) fn displaced(id: &ModuleId, target: &Target, snapshot: &Snapshot) -> Option<Reason> {
    let other = snapshot.displaced.get(&(id.clone(), target.clone()))?;
    let text = format!("{id} is not what kernel {} has: {}", target.kernel, taken_by(other));
    Some(refused_with(Kind::NothingInstalled, text, decision(id, other)))
}

/// Which one it was, in words.
pub(super) fn took_the_place_of(id: &ModuleId, target: &Target, snapshot: &Snapshot) -> Option<String> {
    snapshot.displaced.get(&(id.clone(), target.clone())).map(taken_by)
}

fn taken_by(other: &ModuleId) -> String {
    format!("{other} took its place, and only one can be loaded")
}

fn decision(one: &ModuleId, other: &ModuleId) -> String {
    format!("`dkms remove {other} --all` or `dkms remove {one} --all` decides between the two")
}

/// Why a package is left out for a kernel that does not have it: others that come before it bring all of its modules. That of
/// the greater version comes first; of two of one version, that of the lesser name.
pub(super) fn yields(entry: &ModuleEntry, target: &Target, snapshot: &Snapshot) -> Option<Reason> {
    if entry.is_installed_on(target) {
        return None;
    }
    let own = modules(entry, target, snapshot).filter(|own| !own.is_empty())?;
    let newest = snapshot.newest();
    let before = newest.values().filter(|other| other.id.name != entry.id.name && comes_before(other, entry));
    let brings = |other: &&&ModuleEntry| {
        let theirs = modules(other, target, snapshot).unwrap_or_default();
        let is_possible = || other.is_installed_on(target) || is_possible(other, target, snapshot);
        !theirs.is_disjoint(&own) && is_possible()
    };
    let rivals: Vec<&&ModuleEntry> = before.filter(brings).collect();
    let theirs: BTreeSet<String> =
        rivals.iter().filter_map(|other| modules(other, target, snapshot)).flatten().collect();
    let (first, id) = (&rivals.first()?.id, &entry.id);
    own.is_subset(&theirs).then(|| {
        let names = own.into_iter().collect::<Vec<_>>().join(", ");
        let text = format!(
            "{id} is left out for kernel {}: {first} brings {names}, too, and only one can be loaded",
            target.kernel
        );
        refused_with(Kind::NothingInstalled, text, decision(id, first))
    })
}

fn comes_before(one: &ModuleEntry, other: &ModuleEntry) -> bool {
    let by_version = version::compare(one.id.version.as_str(), other.id.version.as_str());
    by_version.then_with(|| other.id.name.cmp(&one.id.name)).is_gt()
}

/// What failed in this transaction, or cannot be built, makes no place for itself.
fn is_possible(entry: &ModuleEntry, target: &Target, snapshot: &Snapshot) -> bool {
    let is_tried = snapshot.tried.contains(&(entry.id.clone(), target.clone()));
    entry.build(target).is_some() || (!is_tried && refusal::build(&entry.id, target, snapshot).is_none())
}

/// The names under which a package's modules are installed for a kernel; None where it brings none by itself.
fn modules(entry: &ModuleEntry, target: &Target, snapshot: &Snapshot) -> Option<BTreeSet<String>> {
    let conf: &ModuleConf = &snapshot.conf(&entry.id, target)?.as_ref().ok()?.conf;
    let brings = conf.autoinstall && conf.exclusion().is_none();
    let names = conf.modules.iter().filter(|module| module.excluded.is_none()).map(|module| name(&module.dest_name));
    brings.then(|| names.collect())
}

#[cfg(test)]
mod tests {
    use crate::plan::autoinstall::autoinstall;
    use crate::plan::sample::{Sample, target};
    use crate::step::Policy;

    fn planned(sample: Sample) -> String {
        let plan = autoinstall(&target("6.1"), &sample.done(), &Policy::default());
        plan.steps
            .iter()
            .map(|step| format!("{} {}", step.operation.verb(), step.module))
            .collect::<Vec<_>>()
            .join("; ")
    }

    #[test]
    fn of_two_packages_with_one_module_a_kernel_gets_the_one_of_the_greater_version() {
        let two = || Sample::default().kernels(&["6.1"]).module("a/1", &[]).module("b/2", &[]);
        let both = || two().says("a/1", "brings=x").says("b/2", "brings=x");
        for (what, sample, expected) in [
            (
                "two modules",
                two().says("a/1", "brings=x").says("b/2", "brings=y"),
                "build a/1; install a/1; build b/2; install b/2",
            ),
            ("one name", both(), "build b/2; install b/2"),
            ("spelt in two ways", two().says("a/1", "brings=x-y").says("b/2", "brings=x_y"), "build b/2; install b/2"),
            (
                "it is not for this kernel",
                two().says("a/1", "brings=x").says("b/2", "brings=x excluded"),
                "build a/1; install a/1",
            ),
            ("nobody wants it", two().says("a/1", "brings=x").says("b/2", "brings=x noauto"), "build a/1; install a/1"),
            ("it failed in this transaction", both().tried("b/2", "6.1"), "build a/1; install a/1"),
            (
                "it has another one besides",
                two().says("a/1", "brings=x brings=z").says("b/2", "brings=x"),
                "build a/1; install a/1; build b/2; install b/2",
            ),
        ] {
            assert_eq!(planned(sample), expected, "{what}");
        }
        let same = Sample::default().kernels(&["6.1"]).module("a/1", &[]).module("b/1", &[]);
        assert_eq!(planned(same.says("a/1", "brings=x").says("b/1", "brings=x")), "build a/1; install a/1");
    }
}
