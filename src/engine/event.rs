//! `dkms event …`: what a package manager says becomes requests. Its exit code is 0 whatever a module does: a driver that
//! does not compile must not leave a kernel half configured.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::event::{self, Bearing, Call, Event, EventError, Keep, PackageManager, Rest};
use crate::exit::Kind;
use crate::ids::{KernelRelease, ModuleId, Target};
use crate::kernel::arch;
use crate::report::Reporter;
use crate::request::{Kernels, Leaving, Request, Wish};
use crate::snapshot::ownership;
use crate::step::scope::{Extent, Within};
use crate::step::{AddSource, InitramfsCare, Policy, Switch};
use crate::sys::{System, process};
use crate::tree::TreeLock;
use crate::tree::records::{self, Failure};

use crate::engine::app::App;
use crate::engine::archive;
use crate::engine::essential::Essentials;
use crate::engine::failures;
use crate::engine::initramfs;
use crate::engine::pipeline::Mode;
use crate::engine::policy;
use crate::engine::policy::Ended;
use crate::engine::recording;
use crate::engine::recording::Recording;
use crate::engine::summary::Summary;
use crate::engine::verdict::Verdict;

/// The cases in which an event ends with their code: words that no hook of ours gives, a package that brought nothing, the
/// start-up service, and faults of our own.
pub(crate) fn may_fail(case: Kind) -> bool {
    matches!(
        case,
        Kind::Usage
            | Kind::NameMissing
            | Kind::Internal
            | Kind::ArchiveNotLoaded
            | Kind::StartFailed
            | Kind::EventFailed
    )
}

/// How an event is taken: the options before its source.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// `--dry-run`: the plan is shown and nothing is done.
    pub(crate) dry_run: bool,
    /// `--record FILE`: what arrived is kept there.
    pub(crate) record: Option<PathBuf>,
}

/// Takes the words after `dkms event` and does what they ask for.
pub(crate) fn run(app: &App, options: &Options, words: &[String], program: &str) -> Result<()> {
    if words.first().is_some_and(|word| word == "replay") {
        return replay(app, words.get(1).map(String::as_str), options.dry_run);
    }
    let mut call = Call::new(words, app.system.environment());
    if call.has_input() {
        let keep = if options.record.is_some() { Keep::All } else { Keep::Telling };
        let input = crate::sys::standard_input();
        call.read(input, keep).map_err(|error| Error::io("cannot read the paths on standard input", error))?;
    }
    let recording = match &options.record {
        Some(place) => Some(Recording::begin(place, &call, &app.system, program)?),
        None => None,
    };
    let event = match event::parse(&call) {
        Ok(event) => event,
        Err(error) if must_never_fail(&call) => {
            app.reporter.tell_failure(&unreadable(error));
            return Ok(());
        }
        Err(error) => return Err(unreadable(error)),
    };
    let mode = if options.dry_run { Mode::Show } else { Mode::Do };
    let bearing = event::bearing(&call, &event);
    let care = care(app, event::rest(&call, &event), &event)?;
    let taking = Taking { app, mode, recording: RefCell::new(recording), ended: RefCell::default(), care };
    take_and_judge(&taking, event, bearing)
}

/// What becomes of the initramfs of kernels whose modules the event changes.
fn care(app: &App, rest: Rest, event: &Event) -> Result<InitramfsCare> {
    let is_mkinitcpio = || app.system.path("/usr/share/libalpm/hooks/90-mkinitcpio-install.hook").is_file();
    Ok(match rest {
        _ if !app.system.is_live() => InitramfsCare::Leave,
        Rest::Unconcerned => InitramfsCare::Leave,
        Rest::KernelHooks => match event {
            Event::KernelArrived { kernel } | Event::KernelLeaves { kernel } => {
                InitramfsCare::Others(target(app, kernel)?)
            }
            _ => InitramfsCare::Leave,
        },
        Rest::OurTrigger(manager) if has_our_trigger(&app.system, manager) => InitramfsCare::Note,
        Rest::MkinitcpioHook if is_mkinitcpio() => InitramfsCare::Leave,
        Rest::OurTrigger(_) | Rest::MkinitcpioHook | Rest::Nobody => InitramfsCare::Renew,
    })
}

/// Whether a trigger of ours is going to be called at the end of the transaction that this process is part of.
fn has_our_trigger(system: &System, manager: PackageManager) -> bool {
    match manager {
        // deb-triggers(5); the file is dpkg's own list of interests in paths.
        PackageManager::Dpkg | PackageManager::DpkgCommon => {
            let interests = fs_err::read_to_string(system.path("/var/lib/dpkg/triggers/File")).unwrap_or_default();
            system.variable("DPKG_MAINTSCRIPT_PACKAGE").is_some()
                && interests.lines().any(|line| line.starts_with("/usr/src dkms-rs"))
        }
        // Lies in the package that has the file triggers.
        PackageManager::Rpm => system.path("/usr/lib/dkms/file-triggers").exists(),
    }
}

/// Has our own trigger called at the end of dpkg's run, also when that of the package's files has been called already. When
/// dpkg does not take it, what was left to it is done now.
fn call_our_trigger(app: &App) -> Result<()> {
    let is_noted = initramfs::is_open(app, &InitramfsCare::Renew);
    if !is_noted || app.system.variable("DPKG_MAINTSCRIPT_PACKAGE").is_none() {
        return Ok(());
    }
    let command = app.system.command(app.system.root(), "dpkg-trigger").args(["--no-await", "/usr/src"]);
    if app.system.run(&command).is_ok_and(|finished| finished.success()) {
        return Ok(());
    }
    let policy = Policy { initramfs: InitramfsCare::Renew, ..Policy::default() };
    app.do_it(&Request { wish: Wish::Nothing { why: "what is noted is seen to".into() }, policy }).map(|_| ())
}

/// Takes the event; its package manager learns of failures where the settings say so and the manager can take it.
fn take_and_judge(taking: &Taking<'_>, event: Event, bearing: Bearing) -> Result<()> {
    let (kernel, changes) = (kernel_of(&event), changes_modules(&event));
    let mut broke_off = None;
    let mut fails = None;
    match take(taking, event) {
        Ok(()) => {}
        Err(error) if may_fail(error.kind()) => fails = Some(error),
        Err(error) => {
            broke_off = Some(error.kind());
            let left = "what is missing is done when the system starts (dkms.service)";
            let error = if broke_off == Some(Kind::NotRoot) { error.hint(left) } else { error };
            taking.app.reporter.tell_failure(&error);
        }
    }
    if taking.mode == Mode::Do && taking.care == InitramfsCare::Note {
        call_our_trigger(taking.app)?;
    }
    if taking.mode == Mode::Do && changes {
        let mut ended = taking.ended.borrow_mut();
        *ended = Ended { kernel, broke_off, essentials: Essentials::now(taking.app)?, ..std::mem::take(&mut *ended) };
        Summary::of_lacks(&ended.essentials.lacks).tell(&taking.app.system, &taking.app.reporter);
        fails = fails.or_else(|| policy::judge(&taking.app.framework, bearing, &ended));
    }
    fails.map_or(Ok(()), Err)
}

/// The kernel that an event brings.
fn kernel_of(event: &Event) -> Option<KernelRelease> {
    match event {
        Event::KernelArrived { kernel } => Some(kernel.clone()),
        _ => None,
    }
}

/// Whether a kernel that stays may have another set of modules after the event.
fn changes_modules(event: &Event) -> bool {
    use Event::{Autoinstall, DiskChanged, KernelArrived, ModuleArrived, ModuleLeaves, Start};
    matches!(
        event,
        KernelArrived { .. }
            | ModuleArrived { .. }
            | ModuleLeaves { .. }
            | DiskChanged { .. }
            | Start
            | Autoinstall { .. }
    )
}

/// Shows what a recorded event would lead to here. It is never done: it happened elsewhere, or is over.
fn replay(app: &App, file: Option<&str>, dry_run: bool) -> Result<()> {
    let file = file.ok_or_else(|| Error::new(Kind::Usage, "replay needs the file that --record wrote"))?;
    if !dry_run {
        return Err(Error::new(Kind::Usage, "a recorded event can be shown, not done again")
            .hint(format!("dkms event replay {file} --dry-run")));
    }
    let recorded = recording::read(Path::new(file))?;
    app.reporter.answer(format!("# event: {}", recorded.call.words.join(" ")));
    if !recorded.decided.is_empty() {
        let decided: String = recorded.decided.iter().map(|line| format!("\n#   {line}")).collect();
        app.reporter.answer(format!("# decided when it was recorded:{decided}"));
    }
    let event = event::parse(&recorded.call).map_err(unreadable)?;
    let care = care(app, event::rest(&recorded.call, &event), &event)?;
    let (recording, ended) = (RefCell::default(), RefCell::default());
    take(&Taking { app, mode: Mode::Show, recording, ended, care }, event)
}

/// What every event has at hand.
struct Taking<'a> {
    app: &'a App,
    mode: Mode,
    recording: RefCell<Option<Recording>>,
    /// What is known so far of how it ends.
    ended: RefCell<Ended>,
    /// What becomes of kernels' initramfs.
    care: InitramfsCare,
}

fn take(taking: &Taking<'_>, event: Event) -> Result<()> {
    let Taking { app, mode, .. } = *taking;
    match event {
        Event::KernelArrived { kernel } => kernel_arrived(taking, &kernel),
        Event::Start => start(taking),
        Event::Autoinstall { kernel } => match kernel.as_ref().or(app.running_kernel()) {
            Some(kernel) => autoinstall(taking, kernel),
            None => taking.nothing("no kernel was named, and none of this root runs".into()),
        },
        Event::KernelLeaves { kernel } => {
            let target = target(app, &kernel)?;
            taking.meet(Wish::KernelLeaves { target, which: Leaving::Every }, Policy::default())
        }
        Event::ModuleArrived { id, manager, archives } => {
            let name = format!("{}.dkms.tar.gz", id.source_folder());
            let archive = archives.map(|folder| app.system.path(folder.join(name)));
            match archive.filter(|file| file.is_file()) {
                Some(archive) => archive_arrived(taking, &id, &archive),
                None => module_arrived(taking, &id, manager),
            }
        }
        Event::ModuleLeaves { id, manager } => module_leaves(taking, &id, manager),
        Event::ModuleIsReplaced { id, manager } => module_is_replaced(taking, &id, manager),
        Event::SourcesMayLeave { folders } => sources_may_leave(taking, &folders),
        Event::DiskChanged { why } => disk_changed(taking, &why),
        Event::OursLeaves { .. } => ours_leaves(taking),
        // Of no use to somebody who looks at a transaction; a dry run says it.
        Event::Nothing { why } if mode == Mode::Do => {
            app.reporter.detail(why);
            Ok(())
        }
        Event::Nothing { why } => taking.nothing(why),
    }
}

/// Sources whose managers stop other packages' work on any code but 0: whatever they say, and be it nothing that we know.
fn must_never_fail(call: &Call) -> bool {
    let source = call.words.first().map(String::as_str);
    matches!(source, Some("kernel-install" | "dpkg-self" | "rpm-self" | "rpm-trigger" | "pacman"))
}

/// Maintainer scripts know 1 as the code of a common.postinst that lacks a name.
fn unreadable(error: EventError) -> Error {
    let kind = match &error {
        EventError::Missing { event, .. } if event == "common-postinst" => Kind::NameMissing,
        _ => Kind::Usage,
    };
    Error::new(kind, error.to_string()).hint("this command is for package managers' hooks; see dkms(8)")
}

/// What other kernels have is none of this event's business.
fn kernel_arrived(taking: &Taking<'_>, kernel: &KernelRelease) -> Result<()> {
    let app = taking.app;
    let targets = vec![target(app, kernel)?];
    let within = Within { kernels: targets.clone(), ..Within::default() };
    let reconcile = Wish::Reconcile { targets, extent: Extent::Everything, within };
    taking.meet(app.switched_off().unwrap_or(reconcile), Policy::default())
}

/// The start-up service is no package manager: it may fail, so that the system's log shows it.
fn start(taking: &Taking<'_>) -> Result<()> {
    let app = taking.app;
    if let Some(off) = app.switched_off() {
        return taking.meet(off, Policy::default());
    }
    let failed: BTreeSet<Target> =
        records::all::<Failure>(app.tree.layout()).into_iter().filter_map(|failure| failure.target).collect();
    let runs = |target: &Target| app.running_kernel() == Some(&target.kernel);
    let mut targets = app.kernels()?;
    // What failed for a kernel that is not needed now would fail at every boot, and the boot waits: later events try it.
    targets.retain(|target| runs(target) || !failed.contains(target));
    targets.sort_by_key(|target| !runs(target));
    let wish = Wish::Reconcile { targets, extent: Extent::Everything, within: Within::default() };
    let policy = Policy { switches: [Switch::SkipKnownFailures].into(), ..Policy::default() };
    let has_failed = taking.tell(&Request { wish, policy })? == Some(Kind::AutoinstallFailed);
    if has_failed || !taking.ended.borrow().failed.is_empty() {
        return Err(Error::new(Kind::StartFailed, "not every module could be installed"));
    }
    Ok(())
}

/// Whoever calls dkms_autoinstaller looks at its code. Without headers there is nothing that it could do.
fn autoinstall(taking: &Taking<'_>, kernel: &KernelRelease) -> Result<()> {
    let app = taking.app;
    let target = target(app, kernel)?;
    let wish = app.switched_off().unwrap_or(Wish::Autoinstall { targets: vec![target] });
    let policy = Policy { initramfs: taking.care.clone(), ..Policy::default() };
    match taking.tell(&Request { wish, policy })? {
        Some(Kind::AutoinstallFailed) => {
            Err(Error::new(Kind::StartFailed, format!("not every module could be installed for kernel {kernel}")))
        }
        _ => Ok(()),
    }
}

fn module_arrived(taking: &Taking<'_>, id: &ModuleId, manager: PackageManager) -> Result<()> {
    let app = taking.app;
    if !app.tree.layout().source(id).join("dkms.conf").is_file() {
        let why = format!("{id} has no source any more");
        return taking.nothing(why);
    }
    let targets = app.kernels()?;
    let mut policy = Policy::default();
    if manager != PackageManager::DpkgCommon {
        // A package that says which module it brings means it: also over a newer version that it replaces.
        policy.switches.insert(Switch::SkipVersionCheck);
    }
    let arrived = Wish::ModuleArrived { id: id.clone(), source: AddSource::SourceTree, targets };
    taking.meet(app.switched_off().unwrap_or(arrived), policy)
}

/// A package that brings its module as an archive: without it, it has brought nothing, so that a failure is one.
fn archive_arrived(taking: &Taking<'_>, id: &ModuleId, archive: &Path) -> Result<()> {
    let app = taking.app;
    if let Some(off) = app.switched_off() {
        return taking.meet(off, Policy::default());
    }
    let not_loaded = || Error::new(Kind::ArchiveNotLoaded, format!("{id} was not loaded from {}", archive.display()));
    let subject = archive::from_archive(&app.system, &app.framework, archive)
        .map_err(|error| not_loaded().hint(error.to_string()))?;
    if subject.id != *id {
        return Err(not_loaded().hint(format!("it holds {}", subject.id)));
    }
    let wish = Wish::ModuleArrived { id: id.clone(), source: subject.source.clone(), targets: app.kernels()? };
    taking.meet(wish, Policy::default())?;
    let is_added = || app.tree.module(id).is_ok_and(|entry| entry.is_some_and(|entry| !entry.is_broken()));
    if taking.mode == Mode::Do && !is_added() { Err(not_loaded()) } else { Ok(()) }
}

fn module_leaves(taking: &Taking<'_>, id: &ModuleId, manager: PackageManager) -> Result<()> {
    let app = taking.app;
    if manager == PackageManager::Rpm && other_owners(app, id) > 1 {
        let why = format!("another package holds the source of {id}, too");
        return taking.nothing(why);
    }
    let known = app.tree.module(id).map_err(|error| Error::io("cannot read the DKMS tree", error))?.is_some();
    let wish = if known {
        Wish::Remove { id: id.clone(), kernels: Kernels::All }
    } else {
        Wish::Nothing { why: format!("{id} is not in the DKMS tree") }
    };
    taking.meet(wish, Policy::default())
}

/// Nothing is taken out yet: the new package's own script has the new version in place first.
fn module_is_replaced(taking: &Taking<'_>, id: &ModuleId, manager: PackageManager) -> Result<()> {
    let app = taking.app;
    if manager == PackageManager::Rpm && other_owners(app, id) > 1 {
        let why = format!("the new package brings {id} again");
        return taking.nothing(why);
    }
    if taking.mode == Mode::Do {
        let lock = app.lock()?;
        note_leaving(&lock, id)?;
    }
    let why = format!("{id} stays until its successor is in place");
    taking.nothing(why)
}

fn note_leaving(lock: &TreeLock, id: &ModuleId) -> Result<()> {
    let noted = lock.writer().note_leaving(id, process::transaction());
    noted.map_err(|error| Error::io("cannot keep a note in the DKMS tree", error))
}

/// How many instances of packages own the module's dkms.conf, as rpm's database says.
fn other_owners(app: &App, id: &ModuleId) -> usize {
    let file = app.tree.layout().source_tree_name().join(id.source_folder()).join("dkms.conf");
    ownership::rpm_owners(&app.system, &file)
}

fn target(app: &App, kernel: &KernelRelease) -> Result<Target> {
    let arch = arch::of(&app.system, kernel).ok_or_else(|| {
        Error::new(Kind::ArchUnknown, "the architecture of this machine is not known").hint("give it with -a")
    })?;
    Ok(Target::new(kernel.clone(), arch))
}

/// The event says that something changed; what is to be done comes from the disk.
fn disk_changed(taking: &Taking<'_>, why: &str) -> Result<()> {
    let app = taking.app;
    app.reporter.detail(why.to_owned());
    let extent = if app.switched_off().is_some() { Extent::RemovalsOnly } else { Extent::Everything };
    taking.meet(Wish::Reconcile { targets: app.kernels()?, extent, within: Within::default() }, Policy::default())
}

/// What has gone with the same transaction is taken away, since nothing of ours runs later. What stays is named.
fn ours_leaves(taking: &Taking<'_>) -> Result<()> {
    let app = taking.app;
    let (targets, extent, within) = (Vec::new(), Extent::RemovalsOnly, Within::default());
    taking.meet(Wish::Reconcile { targets, extent, within }, Policy::default())?;
    let entries = app.tree.modules().map_err(|error| Error::io("cannot read the DKMS tree", error))?;
    let stay: Vec<String> = entries
        .iter()
        .filter(|entry| entry.builds.iter().any(|build| build.installed))
        .map(|entry| entry.id.to_string())
        .collect();
    if !stay.is_empty() {
        let names = stay.join(", ");
        app.reporter.note(format!("dkms: {names}: stay installed as they are; new kernels get none without dkms"));
    }
    Ok(())
}

/// Sources that may go are noted, so that what is not there any more at the end of the transaction can be told from what
/// somebody deleted.
fn sources_may_leave(taking: &Taking<'_>, folders: &BTreeSet<String>) -> Result<()> {
    let app = taking.app;
    let unreadable = |error| Error::io("cannot read the DKMS tree", error);
    let may_leave: Vec<ModuleId> = app
        .tree
        .modules()
        .map_err(unreadable)?
        .into_iter()
        .map(|entry| entry.id)
        .filter(|id| folders.contains(&id.source_folder()))
        .collect();
    if may_leave.is_empty() {
        return taking.nothing("no module of these sources is in the DKMS tree".into());
    }
    if taking.mode == Mode::Do {
        let lock = app.lock()?;
        for id in &may_leave {
            note_leaving(&lock, id)?;
        }
    }
    let names = may_leave.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    taking.nothing(format!("{names}: kept until the transaction is over, which may bring it back"))
}

impl Taking<'_> {
    /// Meets the request; what failed is told, and is no failure of the transaction.
    fn meet(&self, wish: Wish, policy: Policy) -> Result<()> {
        let mut policy = Policy { initramfs: self.care.clone(), ..policy };
        // Of the disk as it is, events know no more than the one before them.
        policy.switches.extend(matches!(wish, Wish::Reconcile { .. }).then_some(Switch::SkipKnownFailures));
        self.tell(&Request { wish, policy }).map(|_| ())
    }

    /// An event that asks nothing of us, for this reason.
    fn nothing(&self, why: String) -> Result<()> {
        self.meet(Wish::Nothing { why }, Policy::default())
    }

    /// Meets the request, tells what failed and what came of it; gives the case that decides a plain command's exit code.
    fn tell(&self, request: &Request) -> Result<Option<Kind>> {
        let app = self.app;
        if self.mode != Mode::Do {
            return Ok(app.meet(request, self.mode)?.error.map(|error| error.kind()));
        }
        let met = app.do_it(request)?;
        if let Some(recording) = self.recording.borrow_mut().as_mut() {
            recording.decided(&met.verdict.plan)?;
        }
        let Verdict { error, others, failed, plan, .. } = met.verdict;
        let left_out = failures::left_out(app.tree.layout(), &plan);
        left_out.iter().for_each(|omission| app.reporter.note(format!("dkms: {}", omission.reason.text())));
        let known = left_out.iter().filter_map(|omission| omission.module.as_ref()).map(|id| id.name.clone());
        self.ended.borrow_mut().failed.extend(failed.into_iter().chain(known));
        for error in others.iter().chain(&error) {
            match error.kind() {
                kind if kind.is_fact() => app.reporter.note(format!("dkms: {error}")),
                _ => app.reporter.tell_failure(error),
            }
        }
        met.summary.tell(&app.system, &app.reporter);
        Ok(error.map(|error| error.kind()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_common_postinst_without_name_or_version_ends_with_1_and_other_unknown_words_with_64() {
        for (words, code) in [
            (&["common-postinst"][..], 1),
            (&["common-postinst", "blink"], 1),
            (&["common-postinst", "blink", ""], 1),
            (&["kernel", "postinst"], 64),
            (&["nonsense"], 64),
        ] {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let error =
                event::parse(&Call::new(&words, &Default::default())).map_err(unreadable).expect_err("not an event");
            assert_eq!(error.kind().code(), code, "{words:?}");
        }
    }
}
