//! `dkms event …`: what a package manager says becomes requests. Its exit code is 0 whatever a module does: a driver that
//! does not compile must not leave a kernel half configured.

mod initramfs;
mod modules;
mod taking;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::event::planned::Manager;
use crate::event::{self, Bearing, Call, Event, EventError, Keep};
use crate::exit::Kind;
use crate::ids::{KernelRelease, Target};
use crate::report::Reporter;
use crate::request::{Leaving, Request, Wish};
use crate::step::scope::{Extent, Within};
use crate::step::{InitramfsCare, Policy, Switch};
use crate::tree::records::{self, Failure};

use crate::engine::app::App;
use crate::engine::essential::Essentials;
use crate::engine::guard;
use crate::engine::pipeline::Mode;
use crate::engine::policy;
use crate::engine::policy::Ended;
use crate::engine::preflight::hook;
use crate::engine::recording;
use crate::engine::recording::Recording;
use crate::engine::summary::Summary;
use crate::engine::untrusted;

use taking::{Taking, target};

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
            | Kind::PreflightStops
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
    if let Some(manager) = words.first().and_then(|word| Manager::of_word(word)) {
        return hook::take(app, manager, &words[1..]);
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
    let care = initramfs::care(app, event::rest(&call, &event), &event)?;
    let taking = Taking { app, mode, recording: RefCell::new(recording), ended: RefCell::default(), care };
    take_and_judge(&taking, event, bearing)
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
        initramfs::call_our_trigger(taking.app)?;
    }
    if taking.mode == Mode::Do && changes {
        let mut ended = taking.ended.borrow_mut();
        *ended = Ended { kernel, broke_off, essentials: Essentials::now(taking.app)?, ..std::mem::take(&mut *ended) };
        Summary::of_lacks(&ended.essentials.lacks).tell(&taking.app.system, &taking.app.reporter);
        let untrusted = untrusted::lines(&untrusted::of_unknown_key(taking.app)?);
        Summary::of_untrusted(untrusted).tell(&taking.app.system, &taking.app.reporter);
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
    let care = initramfs::care(app, event::rest(&recorded.call, &event), &event)?;
    let (recording, ended) = (RefCell::default(), RefCell::default());
    take(&Taking { app, mode: Mode::Show, recording, ended, care }, event)
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
            if mode == Mode::Do {
                guard::before_kernel(app, &kernel);
            }
            let target = target(app, &kernel)?;
            taking.meet(Wish::KernelLeaves { target, which: Leaving::Every }, Policy::default())
        }
        Event::ModuleArrived { id, manager, archives } => {
            let name = format!("{}.dkms.tar.gz", id.source_folder());
            let archive = archives.map(|folder| app.system.path(folder.join(name)));
            match archive.filter(|file| file.is_file()) {
                Some(archive) => modules::archive_arrived(taking, &id, &archive),
                None => modules::module_arrived(taking, &id, manager),
            }
        }
        Event::ModuleLeaves { id, manager } => modules::module_leaves(taking, &id, manager),
        Event::ModuleIsReplaced { id, manager } => modules::module_is_replaced(taking, &id, manager),
        Event::SourcesMayLeave { folders } => modules::sources_may_leave(taking, &folders),
        Event::SourcesLeaveWithOurs { folders } => modules::sources_leave(taking, &folders),
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
    let policy = Policy { switches: [Switch::SkipKnownFailures, Switch::LoadWanted].into(), ..Policy::default() };
    match taking.tell(Request { wish, policy })? {
        Some(error) => Err(Error::new(Kind::StartFailed, error.message())),
        None if taking.ended.borrow().failed.is_empty() => Ok(()),
        None => Err(Error::new(Kind::StartFailed, "not every module could be installed")),
    }
}

/// Whoever calls dkms_autoinstaller looks at its code. Without headers there is nothing that it could do.
fn autoinstall(taking: &Taking<'_>, kernel: &KernelRelease) -> Result<()> {
    let app = taking.app;
    let target = target(app, kernel)?;
    let wish = app.switched_off().unwrap_or(Wish::Autoinstall { targets: vec![target] });
    let policy = Policy { initramfs: taking.care.clone(), ..Policy::default() };
    match taking.tell(Request { wish, policy })? {
        Some(error) => Err(Error::new(Kind::StartFailed, format!("{} for kernel {kernel}", error.message()))),
        None => Ok(()),
    }
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
