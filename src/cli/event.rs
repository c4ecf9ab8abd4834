//! `dkms event …`: what a package manager says becomes requests. Its exit code is 0 whatever a module does: a driver that
//! does not compile must not leave a kernel half configured.

use std::path::Path;

use crate::error::{Error, Result};
use crate::event::{self, Event, EventError, PackageManager};
use crate::exit::Kind;
use crate::ids::{KernelRelease, ModuleId, Target};
use crate::report::Reporter;
use crate::request::{Kernels, Leaving, Request, Wish};
use crate::step::{AddSource, Policy, Switch};
use crate::sys::Command;

use super::operand;
use super::pipeline::{App, Mode};
use super::request::switched_off;
use super::verdict::Verdict;

/// The cases in which an event ends with their code: words that no hook of ours gives, a package that brought nothing, the
/// start-up service, and faults of our own.
pub fn may_fail(case: Kind) -> bool {
    matches!(case, Kind::Usage | Kind::NameMissing | Kind::Internal | Kind::ArchiveNotLoaded | Kind::StartFailed)
}

/// Takes the words after `dkms event` and does what they ask for.
pub fn run(app: &App, words: &[String], mode: Mode) -> Result<()> {
    let event = event::parse(words).map_err(unreadable)?;
    match event {
        Event::KernelArrived { kernel } => kernel_arrived(app, &kernel, mode),
        Event::Start { kernel } => match kernel.as_ref().or(app.system.running_kernel()) {
            Some(kernel) => start(app, kernel, mode),
            None => Ok(()),
        },
        Event::KernelLeaves { kernel } => {
            let target = target(app, &kernel)?;
            meet(app, Wish::KernelLeaves { target, which: Leaving::Every }, Policy::default(), mode)
        }
        Event::ModuleArrived { id, manager, archives } => {
            let archive = archives.map(|folder| folder.join(format!("{}.dkms.tar.gz", id.source_folder())));
            match archive.filter(|file| file.is_file()) {
                Some(archive) => archive_arrived(app, &id, &archive, mode),
                None => module_arrived(app, &id, manager, mode),
            }
        }
        Event::ModuleLeaves { id, manager } => module_leaves(app, &id, manager, mode),
        Event::ModuleIsReplaced { id, manager } => module_is_replaced(app, &id, manager, mode),
        // Of no use to somebody who looks at a transaction; a dry run says it.
        Event::Nothing { why } if mode == Mode::Do => {
            (&app.reporter as &dyn Reporter).detail(why);
            Ok(())
        }
        Event::Nothing { why } => meet(app, Wish::Nothing { why }, Policy::default(), mode),
    }
}

/// Maintainer scripts know 1 as the code of a common.postinst that lacks a name.
fn unreadable(error: EventError) -> Error {
    let kind = match &error {
        EventError::Missing { event, .. } if event == "common-postinst" => Kind::NameMissing,
        _ => Kind::Usage,
    };
    Error::new(kind, error.to_string()).hint("this command is for package managers' hooks; see dkms(8)")
}

fn kernel_arrived(app: &App, kernel: &KernelRelease, mode: Mode) -> Result<()> {
    let target = target(app, kernel)?;
    meet(app, switched_off(app).unwrap_or(Wish::Autoinstall { target }), Policy::default(), mode)
}

/// The start-up service is no package manager: it may fail, so that the system's log shows it. Without headers there is
/// nothing that it could do.
fn start(app: &App, kernel: &KernelRelease, mode: Mode) -> Result<()> {
    let target = target(app, kernel)?;
    let wish = switched_off(app).unwrap_or(Wish::Autoinstall { target });
    match tell(app, &Request { wish, policy: Policy::default() }, mode)? {
        Some(Kind::AutoinstallFailed) => {
            Err(Error::new(Kind::StartFailed, format!("not every module could be installed for kernel {kernel}")))
        }
        _ => Ok(()),
    }
}

fn module_arrived(app: &App, id: &ModuleId, manager: PackageManager, mode: Mode) -> Result<()> {
    if !app.tree.layout().source(id).join("dkms.conf").is_file() {
        let why = format!("{id} has no source any more");
        return meet(app, Wish::Nothing { why }, Policy::default(), mode);
    }
    let targets = app.kernels_with_headers()?;
    let mut policy = Policy::default();
    if manager != PackageManager::DpkgCommon {
        // A package that says which module it brings means it: also over a newer version that it replaces.
        policy.switches.insert(Switch::SkipVersionCheck);
    }
    let arrived = Wish::ModuleArrived { id: id.clone(), source: AddSource::SourceTree, targets };
    meet(app, switched_off(app).unwrap_or(arrived), policy, mode)
}

/// A package that brings its module as an archive: without it, it has brought nothing, so that a failure is one.
fn archive_arrived(app: &App, id: &ModuleId, archive: &Path, mode: Mode) -> Result<()> {
    if let Some(off) = switched_off(app) {
        return meet(app, off, Policy::default(), mode);
    }
    let not_loaded = || Error::new(Kind::ArchiveNotLoaded, format!("{id} was not loaded from {}", archive.display()));
    let subject = operand::from_archive(&app.system, &app.framework, archive)
        .map_err(|error| not_loaded().hint(error.to_string()))?;
    if subject.id != *id {
        return Err(not_loaded().hint(format!("it holds {}", subject.id)));
    }
    let wish =
        Wish::ModuleArrived { id: id.clone(), source: subject.source.clone(), targets: app.kernels_with_headers()? };
    meet(app, wish, Policy::default(), mode)?;
    let is_added = || app.tree.module(id).is_ok_and(|entry| entry.is_some_and(|entry| !entry.is_broken()));
    if mode == Mode::Do && !is_added() { Err(not_loaded()) } else { Ok(()) }
}

fn module_leaves(app: &App, id: &ModuleId, manager: PackageManager, mode: Mode) -> Result<()> {
    if manager == PackageManager::Rpm && other_owners(app, id) > 1 {
        let why = format!("another package holds the source of {id}, too");
        return meet(app, Wish::Nothing { why }, Policy::default(), mode);
    }
    let known = app.tree.module(id).map_err(|error| Error::io("cannot read the DKMS tree", error))?.is_some();
    let wish = if known {
        Wish::Remove { id: id.clone(), kernels: Kernels::All }
    } else {
        Wish::Nothing { why: format!("{id} is not in the DKMS tree") }
    };
    meet(app, wish, Policy::default(), mode)
}

/// Nothing is taken out yet: the new package's own script has the new version in place first.
fn module_is_replaced(app: &App, id: &ModuleId, manager: PackageManager, mode: Mode) -> Result<()> {
    if manager == PackageManager::Rpm && other_owners(app, id) > 1 {
        let why = format!("the new package brings {id} again");
        return meet(app, Wish::Nothing { why }, Policy::default(), mode);
    }
    if mode == Mode::Do {
        let lock = app.lock()?;
        lock.writer().note_leaving(id).map_err(|error| Error::io("cannot keep a note in the DKMS tree", error))?;
    }
    let why = format!("{id} stays until its successor is in place");
    meet(app, Wish::Nothing { why }, Policy::default(), mode)
}

/// How many instances of packages own the module's dkms.conf, as rpm's database says.
fn other_owners(app: &App, id: &ModuleId) -> usize {
    let file = app.tree.layout().source_tree_name().join(id.source_folder()).join("dkms.conf");
    let query = Command::new("rpm").args(["-qf", "--qf", "x"]).arg(file);
    app.system.run(&query).map_or(0, |finished| if finished.success() { finished.text().trim().len() } else { 0 })
}

fn target(app: &App, kernel: &KernelRelease) -> Result<Target> {
    let arch = app.system.machine().cloned().ok_or_else(|| {
        Error::new(Kind::ArchUnknown, "the architecture of this machine is not known").hint("give it with -a")
    })?;
    Ok(Target::new(kernel.clone(), arch))
}

/// Meets the request; what failed is told, and is no failure of the transaction.
fn meet(app: &App, wish: Wish, policy: Policy, mode: Mode) -> Result<()> {
    tell(app, &Request { wish, policy }, mode).map(|_| ())
}

/// Meets the request and tells what failed; gives the case that decides a plain command's exit code.
fn tell(app: &App, request: &Request, mode: Mode) -> Result<Option<Kind>> {
    let Verdict { error, others } = app.meet(request, mode)?;
    let reporter: &dyn Reporter = &app.reporter;
    for error in others.iter().chain(&error) {
        match error.kind() {
            Kind::Excluded => reporter.detail(error.to_string()),
            _ => app.reporter.tell_failure(error),
        }
    }
    Ok(error.map(|error| error.kind()))
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
            let error = event::parse(&words).map_err(unreadable).expect_err("not an event");
            assert_eq!(error.kind().code(), code, "{words:?}");
        }
    }
}
