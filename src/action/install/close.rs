//! The end of a kernel's installs and uninstalls: one depmod, and what has to wait for it.

use std::collections::{BTreeMap, BTreeSet};

use crate::action::Context;
use crate::error::Error;
use crate::exit::Kind;
use crate::ids::{KernelRelease, ModuleId, Target};
use crate::kernel::installed;
use crate::step::{StepId, Switch};
use crate::tree::intent::Doing;

use super::depmod::{self, DepmodError, Ran};
use super::{Change, Job, is_on, modprobe, place, take_back, uninstall};

/// Brings the kernel's module lists up to date, unless `--no-depmod`. Installs on which depmod fails are taken back; they
/// are returned with their errors. The notes of the changes end.
pub(crate) fn close(context: &Context<'_>, kernel: &KernelRelease, changes: Vec<Change>) -> Vec<(StepId, Error)> {
    let mut failed = Vec::new();
    // Their notes stay, so that the next run does what was not done.
    let mut open = BTreeSet::new();
    if !context.policy.has(Switch::NoDepmod) {
        match update(context, kernel, &changes) {
            Ok(Lists::UpToDate) => {}
            Ok(Lists::EmptyOnes) => open.extend(removals(&changes).map(|change| change.step)),
            Err(error) => failed = without_the_guilty(context, kernel, &changes, &error, &mut open),
        }
    }
    let good = |change: &&Change| !failed.iter().any(|(step, _)| *step == change.step);
    let is_install = |change: &&Change| change.intent.doing == Doing::Install;
    let installed = || changes.iter().filter(is_install).filter(good);
    let is_late = context.policy.has(Switch::LoadWanted);
    if (is_late || is_on(context, Switch::ModprobeOnInstall, "modprobe_on_install")) && installed().next().is_some() {
        modprobe::load_matching(context, kernel);
    }
    if is_late {
        let places = installed()
            .flat_map(|change| Job { context, id: &change.intent.id, target: &change.intent.target }.places());
        modprobe::load_listed(context, kernel, &places.collect::<Vec<_>>());
    }
    for change in &changes {
        let job = Job { context, id: &change.intent.id, target: &change.intent.target };
        if is_install(&change)
            && good(&change)
            && let Err(error) = context.lock.writer().note_build_installed(job.id, job.target, &job.places())
        {
            context.reporter.warn(format!("the next event installs {} for {} again: {error}", job.id, job.target));
        }
        if !open.contains(&change.step)
            && let Err(error) = job.end(&change.intent)
        {
            context.reporter.warn(format!("{error}: {}", error.causes().join(": ")));
        }
    }
    failed
}

/// What depmod and we leave.
enum Lists {
    UpToDate,
    /// Lists that name nothing, of a kernel without modules: they could not be removed.
    EmptyOnes,
}

fn removals(changes: &[Change]) -> impl Iterator<Item = &Change> {
    changes.iter().filter(|change| change.intent.doing != Doing::Install)
}

fn update(context: &Context<'_>, kernel: &KernelRelease, changes: &[Change]) -> Result<Lists, DepmodError> {
    match depmod::run(context.system, context.tree.layout(), kernel)? {
        Ran::Yes => {}
        Ran::NoLists => context.reporter.detail(format!("depmod was not run for {kernel}: it has no modules.dep")),
        Ran::OtherPlace => {
            context.reporter.warn(format!(
                "depmod was not run for {kernel}: the install tree {} is not lib/modules of any root",
                context.tree.layout().install_tree().display()
            ));
        }
    }
    if changes.iter().any(|change| change.intent.doing == Doing::Uninstall) {
        let folder = context.tree.layout().install_tree().join(kernel);
        let is_gone = installed::is_gone(context.tree.layout(), &folder);
        match depmod::remove_empty_lists(&folder, is_gone) {
            Ok(true) => context.reporter.detail(format!("removed the empty module lists of {kernel}")),
            Ok(false) => {}
            Err(error) => {
                context.reporter.warn(format!("the next dkms removes the empty module lists of {kernel}: {error}"));
                return Ok(Lists::EmptyOnes);
            }
        }
    }
    Ok(Lists::UpToDate)
}

/// depmod failed: takes every install of this kernel back, then lets each in again alone, so that only those on which
/// depmod fails stay out. When depmod fails without any of them, all stay out. Of removals, and of installs of what was
/// installed before, nothing is undone: they are complete but for the lists, which the next run brings up to date. `open`:
/// what is left for it.
fn without_the_guilty(
    context: &Context<'_>,
    kernel: &KernelRelease,
    changes: &[Change],
    error: &DepmodError,
    open: &mut BTreeSet<StepId>,
) -> Vec<(StepId, Error)> {
    // The last change of a module counts: an uninstall after an install has taken it out already.
    let last: BTreeMap<(&ModuleId, &Target), &Change> =
        changes.iter().map(|change| ((&change.intent.id, &change.intent.target), change)).collect();
    let can_go_back = |change: &&Change| change.intent.doing == Doing::Install && !change.intent.repeats;
    let mut installs: Vec<_> = last.into_values().filter(can_go_back).collect();
    installs.sort_by_key(|change| change.step);
    let unlisted = |error: &DepmodError| {
        let staying = changes.iter().filter(|change| !can_go_back(change));
        staying.map(|change| (change.step, not_listed(change, error))).collect::<Vec<_>>()
    };
    if installs.is_empty() {
        open.extend(changes.iter().map(|change| change.step));
        return unlisted(error);
    }
    let notes: Vec<_> =
        installs.iter().map(|change| context.tree.installed(&change.intent.id.name, &change.intent.target)).collect();
    let mut failed = Vec::new();
    for change in installs.iter().rev() {
        take_out(context, change, open);
    }
    let baseline = depmod::run(context.system, context.tree.layout(), kernel);
    for (change, note) in installs.iter().zip(notes) {
        let job = Job { context, id: &change.intent.id, target: &change.intent.target };
        let again = || {
            baseline.as_ref().ok().filter(|_| installs.len() > 1)?;
            let note = note.as_ref().filter(|_| !open.contains(&change.step))?;
            job.begin(job.intent(Doing::Install)).ok()?;
            place::put(&job, note, change.replaced.as_ref()).ok()?;
            depmod::run(context.system, context.tree.layout(), kernel).ok()
        };
        if again().is_none() {
            if installs.len() > 1 && baseline.is_ok() {
                take_out(context, change, open);
            }
            failed.push((change.step, taken_back(change, error)));
            after_take_back(context, change);
        }
    }
    let last = match baseline {
        Ok(_) if installs.len() > 1 => depmod::run(context.system, context.tree.layout(), kernel),
        other => other,
    };
    if let Err(error) = last {
        open.extend(changes.iter().map(|change| change.step));
        failed.extend(unlisted(&error));
        context.reporter.warn(format!("the module lists of {kernel} were not brought up to date: {error}"));
    }
    failed
}

fn take_out(context: &Context<'_>, change: &Change, open: &mut BTreeSet<StepId>) {
    let job = Job { context, id: &change.intent.id, target: &change.intent.target };
    if let Err(error) = take_back::undo(&job, change.replaced.as_ref()) {
        open.insert(change.step);
        context.reporter.warn(error.in_one_line());
    }
}

fn after_take_back(context: &Context<'_>, change: &Change) {
    let job = Job { context, id: &change.intent.id, target: &change.intent.target };
    uninstall::run_post_remove(&job, uninstall::conf(&job));
}

fn not_listed(change: &Change, error: &DepmodError) -> Error {
    let (id, target) = (&change.intent.id, &change.intent.target);
    let what = if change.intent.repeats { "is still installed for" } else { "was taken out of" };
    Error::new(Kind::DepmodFailed, format!("{id} {what} {target}, but depmod failed: {error}"))
        .hint("find out why depmod fails; then `dkms reconcile` brings the module lists up to date")
}

fn taken_back(change: &Change, error: &DepmodError) -> Error {
    let message = format!(
        "the install of {} for {} was taken back, as depmod failed: {error}",
        change.intent.id, change.intent.target
    );
    let hint = "find out why depmod fails, then run the install again; `--no-depmod` installs without it";
    Error::new(Kind::DepmodFailed, message).hint(hint)
}
