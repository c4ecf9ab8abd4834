//! A module of the running kernel that is in use as it was before: who looks there is told that a restart is open. Debian and its
//! kin have a file for that (Debian Policy, 9.12); elsewhere nothing is written.

use std::path::{Path, PathBuf};

use crate::diagnose::Packages;
use crate::engine::app::App;
use crate::engine::mok;
use crate::ids::{ModuleId, Target};
use crate::kernel::ModInfo;
use crate::kernel::builtin::plain_name;
use crate::report::Reporter;
use crate::step::{Operation, Outcome, Plan, StepId};
use crate::sys::{System, reboot};

/// Notes it for what was installed just now, if the kernel holds another build of it in memory.
pub(super) fn note(app: &App, plan: &Plan, outcomes: &[(StepId, Outcome)]) {
    let system = &app.system;
    let os = system.os_release().cloned().unwrap_or_default();
    if !system.is_live() || Packages::of(&os.id, &os.id_like) != Packages::Apt {
        return;
    }
    let loaded: Vec<String> =
        installed(app, plan, outcomes).filter_map(|file| loaded_otherwise(system, &file)).collect();
    if loaded.is_empty() {
        return;
    }
    app.reporter.note(format!(
        "in use as it was before: {}; a restart (or unloading it, then modprobe) takes the new build",
        loaded.join(", ")
    ));
    if let Err(error) = reboot::require(system) {
        app.reporter.warn(format!("cannot note that a restart is open: {error}"));
    }
}

/// The files that were put under the running kernel.
fn installed<'a>(
    app: &'a App,
    plan: &'a Plan,
    outcomes: &'a [(StepId, Outcome)],
) -> impl Iterator<Item = PathBuf> + 'a {
    let running = app.running_kernel().cloned();
    let done = outcomes.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Done));
    let steps = done.filter_map(|(id, _)| plan.steps.get(id.0));
    let ours = steps.filter(|step| matches!(step.operation, Operation::Install));
    ours.filter_map(move |step| {
        let target = step.target.as_ref().filter(|target| Some(&target.kernel) == running.as_ref())?;
        Some(files(app, &step.module, target))
    })
    .flatten()
}

fn files(app: &App, id: &ModuleId, target: &Target) -> Vec<PathBuf> {
    let entry = app.tree.module(id).ok().flatten();
    entry.map(|entry| mok::files(app, &entry, target)).unwrap_or_default()
}

/// The name of a module of which the kernel holds another source than this file was made from. Where either does not tell its
/// srcversion, nothing is known.
fn loaded_otherwise(system: &System, file: &Path) -> Option<String> {
    let name = plain_name(&file.to_string_lossy());
    let loaded = fs_err::read_to_string(system.path(format!("/sys/module/{name}/srcversion"))).ok()?;
    let info = ModInfo::read(&system.path(file)).ok()?;
    (info.srcversion()? != loaded.trim()).then_some(name)
}
