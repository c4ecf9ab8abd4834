//! What mends what fsck found: steps where a module is to be made, put or taken away again, clearing for what is ours and
//! of no use, and a word for a person for everything else. What nobody can explain is never touched.

use std::path::{Path, PathBuf};

use crate::ids::{ModuleId, Target};
use crate::snapshot::Snapshot;
use crate::snapshot::damage::{Damage, Remains};
use crate::step::repair::{Clearing, Fault, Finding, Mend, Repairs};
use crate::step::{AddSource, Operation, Policy, StepId};
use crate::tree::difference::FileFault;
use crate::tree::intent::Doing;
use crate::tree::orphan::Orphan;
use crate::tree::stray::Stray;
use crate::tree::{Layout, ModuleEntry, VersionState};

use super::{refusal, succession, unmake, weak};

/// What is wrong and what mends it. Pure: both arguments were read before.
pub(crate) fn repairs(snapshot: &Snapshot, damage: &Damage, layout: &Layout, policy: &Policy) -> Repairs {
    let mut mending = Mending { snapshot, damage, layout, policy, repairs: Repairs::default() };
    mending.interrupted();
    mending.left_over();
    mending.sources();
    mending.gone_kernels();
    mending.strays();
    mending.files();
    mending.orphans();
    mending.remains();
    mending.notes();
    mending.repairs
}

/// What one finding is about.
#[derive(Default)]
struct About<'a> {
    module: Option<&'a ModuleId>,
    target: Option<&'a Target>,
    path: Option<&'a Path>,
}

struct Mending<'a> {
    snapshot: &'a Snapshot,
    damage: &'a Damage,
    layout: &'a Layout,
    policy: &'a Policy,
    repairs: Repairs,
}

impl Mending<'_> {
    fn find(&mut self, fault: Fault, about: About<'_>, text: impl Into<String>, mend: Mend) {
        self.repairs.findings.push(Finding {
            fault,
            module: about.module.cloned(),
            target: about.target.cloned(),
            path: about.path.map(|path| self.layout.named(path)),
            text: text.into(),
            mend,
        });
    }

    /// The versions that are really there; those that packages brought and nobody registered are no fault.
    fn entries(&self) -> Vec<ModuleEntry> {
        let registered = |entry: &&ModuleEntry| !self.snapshot.arrivals.contains(&entry.id);
        self.snapshot.modules.iter().filter(registered).cloned().collect()
    }

    fn interrupted(&mut self) {
        for intent in &self.snapshot.interrupted {
            let what = match &intent.doing {
                Doing::Install => "an install was begun and not ended",
                Doing::Uninstall => "an uninstall was begun and not ended",
                Doing::TakeBack { .. } => "an install was being taken back, and that not ended",
            };
            let about = About { module: Some(&intent.id), target: Some(&intent.target), path: None };
            self.find(Fault::Interrupted, about, what, Mend::Recovery);
        }
    }

    fn left_over(&mut self) {
        for path in &self.damage.left_over {
            let about = About { path: Some(path), ..About::default() };
            self.find(Fault::LeftOver, about, "a run that was interrupted left it", Mend::Recovery);
        }
        if let Some(holder) = &self.damage.dead_holder {
            let path = self.layout.lock();
            let text = format!("it names process {} ({}), which is no more", holder.pid, holder.command);
            self.find(Fault::StaleLock, About { path: Some(&path), ..About::default() }, text, Mend::Recovery);
        }
    }

    fn sources(&mut self) {
        for entry in self.entries() {
            let VersionState::Broken { why } = &entry.state else { continue };
            if self.waits_for_its_successor(&entry) {
                continue;
            }
            let about = About { module: Some(&entry.id), ..About::default() };
            let plan = &mut self.repairs.plan;
            let before = plan.steps.len();
            let fault = if self.damage.unlinked.contains(&entry.id) {
                let operation = Operation::Add(AddSource::SourceTree);
                plan.push(entry.id.clone(), None, operation, "its source is there", Vec::new());
                Fault::SourceUnlinked
            } else {
                if self.snapshot.abandoned.contains(&entry.id) {
                    succession::abandon(plan, &entry.id, self.snapshot, &|_| true);
                }
                Fault::SourceMissing
            };
            let steps = self.steps_since(before);
            let mend = if steps.is_empty() { Mend::Person(advice(&entry)) } else { Mend::Steps(steps) };
            self.find(fault, about, why.clone(), mend);
        }
    }

    /// A version that left with its package serves its kernels until another one is in its place.
    fn waits_for_its_successor(&self, entry: &ModuleEntry) -> bool {
        let leaves = self.snapshot.abandoned.contains(&entry.id);
        let is_built = entry.builds.iter().any(|build| !self.snapshot.gone.contains(&build.target));
        leaves && is_built && self.snapshot.has_successor(&entry.id)
    }

    fn gone_kernels(&mut self) {
        for target in &self.snapshot.gone {
            let entries = self.entries();
            let stays = |entry: &&ModuleEntry| !self.snapshot.abandoned.contains(&entry.id);
            let newest =
                self.snapshot.newest().into_values().filter(|entry| !self.snapshot.arrivals.contains(&entry.id));
            let kept = weak::keep(&mut self.repairs.plan, target, newest, self.snapshot, self.policy);
            for entry in entries.iter().filter(stays).filter(|entry| entry.build(target).is_some()) {
                let before = self.repairs.plan.steps.len();
                let plan = &mut self.repairs.plan;
                unmake::take_away_after(plan, entry, target, "the kernel has gone", &kept);
                let mend = Mend::Steps(self.steps_since(before));
                let about = About { module: Some(&entry.id), target: Some(target), path: None };
                self.find(Fault::KernelGone, about, "it is built for a kernel that has gone", mend);
            }
        }
    }

    fn strays(&mut self) {
        for stray in &self.damage.strays {
            match stray {
                Stray::HalfBuilt(id, target, path) => {
                    let about = About { module: Some(id), target: Some(target), path: Some(path) };
                    self.find(Fault::HalfBuilt, about, "it holds no build", clear(path));
                }
                Stray::OddBuild(id, target, path) => {
                    let about = About { module: Some(id), target: Some(target), path: Some(path) };
                    let advice = "look into it, and delete it if it is of no use".to_owned();
                    self.find(Fault::HalfBuilt, about, "it holds no build, but something else", Mend::Person(advice));
                }
                Stray::Link(id, target, path) => self.dangling(id, target, path),
                Stray::OddLink(_, path) => {
                    let about = About { path: Some(path), ..About::default() };
                    let advice = "delete it if nobody needs it".to_owned();
                    let text = "it names no version, kernel and architecture";
                    self.find(Fault::LinkDangling, about, text, Mend::Person(advice));
                }
                Stray::Empty(path) => {
                    let about = About { path: Some(path), ..About::default() };
                    self.find(Fault::Empty, about, "it is empty", clear(path));
                }
                Stray::File(path) => {
                    let about = About { path: Some(path), ..About::default() };
                    let advice = "move it away: nothing of DKMS lies there".to_owned();
                    self.find(Fault::Unknown, about, "it is no folder of a module", Mend::Person(advice));
                }
                Stray::NoFolder(path) => {
                    let about = About { path: Some(path), ..About::default() };
                    self.find(Fault::Unknown, about, "the tree keeps its notes in a folder of this name", clear(path));
                }
                Stray::Unknown(id, path) => {
                    let about = About { module: Some(id), path: Some(path), target: None };
                    let advice = format!("put its source back and run `dkms add {id}`, or delete the folder");
                    let text = "it is not a version of a module: there is no source, and no link to one";
                    self.find(Fault::Unknown, about, text, Mend::Person(advice));
                }
            }
        }
    }

    /// A link to a build that is not there: where it can be built it is; a module that works without its build is not taken
    /// away.
    fn dangling(&mut self, id: &ModuleId, target: &Target, path: &Path) {
        let about = About { module: Some(id), target: Some(target), path: Some(path) };
        let text = "it says that a build is installed which is not there";
        let has_kernel = self.layout.kernel_modules(target).is_dir();
        let mend = if !has_kernel {
            Mend::Clear(Clearing::ActiveLink(id.name.clone(), target.clone()))
        } else if self.is_usable(id) && refusal::build(id, target, self.snapshot).is_none() {
            Mend::Steps(self.make_again(id, target, "its build has gone"))
        } else {
            let why = "its module under the kernel, if it is there, stays; it cannot be built now";
            Mend::Person(format!("{why}: `dkms install {id} -k {}` when it can be", target.kernel))
        };
        self.find(Fault::LinkDangling, about, text, mend);
    }

    fn files(&mut self) {
        for ((id, target), faults) in &self.damage.files {
            if self.snapshot.gone.contains(target) {
                continue;
            }
            let mends = self.mends(id, target, faults);
            for (fault, mend) in faults.iter().zip(mends) {
                let (kind, place, text) = describe(fault);
                let opened = place.map(|place| self.layout.opened(&place));
                let about = About { module: Some(id), target: Some(target), path: opened.as_deref() };
                self.find(kind, about, text, mend);
            }
        }
    }

    fn orphans(&mut self) {
        for Orphan { id, target, files } in &self.damage.orphans {
            let kernel = &target.kernel;
            let take_out = format!("`dkms uninstall {id} -k {kernel}` takes it out");
            let advice = if self.layout.source(id).join("dkms.conf").is_file() {
                format!("`dkms install {id} -k {kernel}` has it in the tree again, {take_out}")
            } else {
                take_out
            };
            let opened = files.first().map(|file| self.layout.opened(file));
            let about = About { module: Some(id), target: Some(target), path: opened.as_deref() };
            let text = "it is installed, and its folder in the DKMS tree was deleted";
            self.find(Fault::EntryMissing, about, text, Mend::Person(advice));
        }
    }

    /// One install puts every missing or damaged file of a build in its place, one build makes what lacks from it.
    fn mends(&mut self, id: &ModuleId, target: &Target, faults: &[FileFault]) -> Vec<Mend> {
        let foreign = faults.iter().find(|fault| matches!(fault, FileFault::Foreign { .. }));
        if foreign.is_some() {
            let advice = format!(
                "`dkms install --force {id} -k {0}` puts what was built in its place, `dkms uninstall {id} -k {0}` leaves it",
                target.kernel
            );
            return faults.iter().map(|_| Mend::Person(advice.clone())).collect();
        }
        let lacks = faults.iter().any(|fault| matches!(fault, FileFault::BuiltMissing { .. }));
        let mend = if !lacks {
            let why = "its file under the kernel is not the one that was built";
            let step = self.repairs.plan.push(id.clone(), Some(target.clone()), Operation::Install, why, Vec::new());
            Mend::Steps(vec![step])
        } else if let Some(reason) = self.unbuildable(id, target) {
            Mend::Person(reason)
        } else {
            Mend::Steps(self.make_again(id, target, "a module is missing in its build"))
        };
        faults.iter().map(|_| mend.clone()).collect()
    }

    fn unbuildable(&self, id: &ModuleId, target: &Target) -> Option<String> {
        if !self.is_usable(id) {
            return Some(format!("put the source of {id} back, then run fsck again"));
        }
        refusal::build(id, target, self.snapshot).map(|reason| format!("it cannot be built now: {}", reason.text()))
    }

    fn is_usable(&self, id: &ModuleId) -> bool {
        self.snapshot.module(id).is_some_and(|entry| !entry.is_broken())
    }

    /// Builds, and installs what is said to be installed.
    fn make_again(&mut self, id: &ModuleId, target: &Target, why: &str) -> Vec<StepId> {
        let is_only_built =
            self.snapshot.module(id).and_then(|entry| entry.build(target)).is_some_and(|build| !build.installed);
        let plan = &mut self.repairs.plan;
        let build = plan.push(id.clone(), Some(target.clone()), Operation::Build, why, Vec::new());
        if is_only_built {
            return vec![build];
        }
        vec![build, plan.push(id.clone(), Some(target.clone()), Operation::Install, why, vec![build])]
    }

    fn remains(&mut self) {
        for remains in &self.damage.remains {
            // What is installed for it goes by steps, and takes the folder along.
            let has_steps = self.repairs.findings.iter().any(|finding| {
                let kernel = finding.target.as_ref().map(|target| &target.kernel);
                kernel == Some(&remains.kernel) && matches!(finding.mend, Mend::Steps(_))
            });
            if !has_steps {
                let about = About { path: Some(&remains.folder), ..About::default() };
                self.find(Fault::KernelGone, about, "the kernel has gone", remainder(remains, self.layout));
            }
        }
        for (name, target, path) in &self.damage.lost_originals {
            if !self.snapshot.gone.contains(target) {
                let about = About { target: Some(target), path: Some(path), module: None };
                let text = format!("modules that {name} replaced on a kernel that has gone");
                self.find(Fault::KernelGone, about, text, clear(path));
            }
        }
    }

    fn notes(&mut self) {
        for stale in &self.damage.stale {
            let about = About { path: Some(&stale.path), ..About::default() };
            self.find(Fault::StaleRecord, about, stale.why.clone(), clear(&stale.path));
        }
    }

    fn steps_since(&self, before: usize) -> Vec<StepId> {
        self.repairs.plan.steps[before..].iter().map(|step| step.id).collect()
    }
}

fn clear(path: &Path) -> Mend {
    Mend::Clear(Clearing::OfTree(path.to_path_buf()))
}

fn advice(entry: &ModuleEntry) -> String {
    let id = &entry.id;
    format!("put its source back and run `dkms add {id}`, or delete its folder in the DKMS tree to forget it")
}

/// Lists of depmod and empty folders are nobody's; a file that is left may be somebody's work.
fn remainder(remains: &Remains, layout: &Layout) -> Mend {
    if let Some(owner) = &remains.owner {
        return Mend::Person(format!("the package {owner} holds the folder: remove it, or install its kernel again"));
    }
    if remains.files.is_empty() {
        return Mend::Clear(Clearing::ListsOf(remains.kernel.clone()));
    }
    let named = |file: &PathBuf| layout.named(file).display().to_string();
    let shown: Vec<String> = remains.files.iter().take(3).map(named).collect();
    let more = if remains.files.len() > 3 { format!(" and {} more", remains.files.len() - 3) } else { String::new() };
    Mend::Person(format!("delete what nobody needs: {}{more}", shown.join(", ")))
}

fn describe(fault: &FileFault) -> (Fault, Option<PathBuf>, String) {
    match fault {
        FileFault::BuiltMissing { name } => {
            (Fault::BuiltMissing, None, format!("the module {name} is not in its build"))
        }
        FileFault::Missing { place } => (Fault::InstalledMissing, Some(place.clone()), "it is not there".to_owned()),
        FileFault::Damaged { place, why } => (Fault::InstalledDiffers, Some(place.clone()), why.clone()),
        FileFault::OtherBuild { place } => {
            let text = "it was built from the same source, but is not the file that is in the tree";
            (Fault::InstalledDiffers, Some(place.clone()), text.to_owned())
        }
        FileFault::Foreign { place, says } => {
            (Fault::InstalledDiffers, Some(place.clone()), format!("it is not the module that was built, but {says}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::sample::{Sample, id, target};

    /// `FAULT: MEND` of each finding, then the steps.
    fn planned(sample: Sample, damage: &Damage) -> String {
        let snapshot = sample.done();
        let layout = Layout::new("/".as_ref(), "/d".as_ref(), "/s".as_ref(), "/nowhere".as_ref());
        let repairs = repairs(&snapshot, damage, &layout, &Policy::default());
        let mend = |mend: &Mend| match mend {
            Mend::Steps(steps) => format!("{:?}", steps.iter().map(|step| step.0).collect::<Vec<_>>()),
            Mend::Recovery => "recovery".to_owned(),
            Mend::Clear(_) => "clear".to_owned(),
            Mend::Person(_) => "person".to_owned(),
        };
        let findings = repairs.findings.iter().map(|finding| format!("{:?}: {}", finding.fault, mend(&finding.mend)));
        let steps = repairs.plan.steps.iter().map(|step| format!("{} {}", step.operation.verb(), step.module));
        findings.chain(steps).collect::<Vec<_>>().join("; ")
    }

    fn with_files(module: &str, kernel: &str, faults: &[FileFault]) -> Damage {
        let files = [((id(module), target(kernel)), faults.to_vec())];
        Damage { files: files.into(), ..Damage::default() }
    }

    #[test]
    fn what_can_be_explained_is_mended_and_the_rest_is_for_a_person() {
        let machine = || Sample::default().kernels(&["6.1", "6.2-"]).module("a/1", &["+6.1", "6.2"]);
        let place = || std::path::PathBuf::from("/lib/modules/6.1/updates/dkms/a.ko");
        let missing = || FileFault::Missing { place: place() };
        let lacks = || FileFault::BuiltMissing { name: "a".into() };
        let foreign = || FileFault::Foreign { place: place(), says: "one of version 9".into() };
        let stray = |stray: Stray| Damage { strays: vec![stray], ..Damage::default() };
        let path = || std::path::PathBuf::from("/d/a/1/6.1/x86_64");
        let unlinked = Damage { unlinked: [id("a/1")].into(), ..Damage::default() };
        for (what, sample, damage, expected) in [
            ("all is sound", machine(), Damage::default(), ""),
            (
                "a file is missing",
                machine(),
                with_files("a/1", "6.1", &[missing()]),
                "InstalledMissing: [0]; install a/1",
            ),
            (
                "two are: one install puts both",
                machine(),
                with_files("a/1", "6.1", &[missing(), FileFault::OtherBuild { place: place() }]),
                "InstalledMissing: [0]; InstalledDiffers: [0]; install a/1",
            ),
            (
                "somebody's own",
                machine(),
                with_files("a/1", "6.1", &[foreign(), missing()]),
                "InstalledDiffers: person; InstalledMissing: person",
            ),
            (
                "the build lacks it",
                machine(),
                with_files("a/1", "6.1", &[lacks(), missing()]),
                "BuiltMissing: [0, 1]; InstalledMissing: [0, 1]; build a/1; install a/1",
            ),
            ("and has no headers", machine(), with_files("a/1", "6.2", &[lacks()]), "BuiltMissing: person"),
            (
                "and is not installed",
                Sample::default().kernels(&["6.1"]).module("a/1", &["6.1"]),
                with_files("a/1", "6.1", &[lacks()]),
                "BuiltMissing: [0]; build a/1",
            ),
            ("its source is gone", machine().broken(), Damage::default(), "SourceMissing: person"),
            (
                "its successor is not in its place",
                machine().broken().abandoned("a/1").module("a/2", &[]),
                Damage::default(),
                "",
            ),
            (
                "its successor is",
                Sample::default()
                    .kernels(&["6.1"])
                    .module("a/1", &[])
                    .broken()
                    .abandoned("a/1")
                    .module("a/2", &["+6.1"]),
                Damage::default(),
                "SourceMissing: [0]; remove a/1",
            ),
            ("its link is", machine().broken(), unlinked, "SourceUnlinked: [0]; add a/1"),
            (
                "its package took it along",
                machine().broken().abandoned("a/1"),
                Damage::default(),
                "SourceMissing: [0, 1, 2, 3]; uninstall a/1; unbuild a/1; unbuild a/1; remove a/1",
            ),
            (
                "a kernel has gone",
                machine().gone("6.2"),
                with_files("a/1", "6.2", &[lacks()]),
                "KernelGone: [0]; unbuild a/1",
            ),
            ("not registered yet", Sample::default().kernels(&["6.1"]).arrival("b/1"), Damage::default(), ""),
            ("no build", machine(), stray(Stray::HalfBuilt(id("a/1"), target("6.1"), path())), "HalfBuilt: clear"),
            (
                "something else",
                machine(),
                stray(Stray::OddBuild(id("a/1"), target("6.1"), path())),
                "HalfBuilt: person",
            ),
            (
                "a link to nothing, of no kernel",
                machine(),
                stray(Stray::Link(id("a/1"), target("6.1"), path())),
                "LinkDangling: clear",
            ),
        ] {
            assert_eq!(planned(sample, &damage), expected, "{what}");
        }
    }

    #[test]
    fn of_a_kernel_that_has_gone_lists_are_removed_and_files_and_what_a_package_holds_are_named() {
        let remains = |files: &[&str], owner: Option<&str>| Damage {
            remains: vec![Remains {
                kernel: target("6.0").kernel,
                folder: "/lib/modules/6.0".into(),
                files: files.iter().map(std::path::PathBuf::from).collect(),
                owner: owner.map(str::to_owned),
            }],
            ..Damage::default()
        };
        for (damage, expected) in [
            (remains(&[], None), "KernelGone: clear"),
            (remains(&["/lib/modules/6.0/extra/mine.ko"], None), "KernelGone: person"),
            (remains(&[], Some("linux-image-6.0")), "KernelGone: person"),
        ] {
            assert_eq!(planned(Sample::default(), &damage), expected);
        }
        let sample = Sample::default().module("a/1", &["+6.0"]).gone("6.0");
        let expected = "KernelGone: [0, 1]; uninstall a/1; unbuild a/1";
        assert_eq!(
            planned(sample, &remains(&["/lib/modules/6.0/updates/dkms/a.ko"], None)),
            expected,
            "its steps do it"
        );
    }
}
