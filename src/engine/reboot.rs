//! A module of the running kernel that is in use as it was before: who looks there is told that a restart is open. Debian and its
//! kin have a file for that (Debian Policy, 9.12); elsewhere nothing is written.

use std::io;
use std::path::{Path, PathBuf};

use crate::diagnose::Packages;
use crate::engine::app::App;
use crate::engine::mok;
use crate::ids::{ModuleId, Target};
use crate::kernel::{ModInfo, Suffix};
use crate::report::Reporter;
use crate::step::{Operation, Outcome, Plan, StepId};
use crate::sys::System;

/// Whoever finds it knows that a restart is open.
const REQUIRED: &str = "/run/reboot-required";
/// The packages on whose behalf, a name a line.
const PACKAGES: &str = "/run/reboot-required.pkgs";
/// Ours, as Debian's own packages of it are called.
const PACKAGE: &str = "dkms-rs";

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
    if let Err(error) = require(system) {
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
    let (stem, _) = Suffix::split(file.file_name()?.to_str()?)?;
    let name = stem.replace('-', "_");
    let loaded = fs_err::read_to_string(system.path(format!("/sys/module/{name}/srcversion"))).ok()?;
    let info = ModInfo::read(&system.path(file)).ok()?;
    (info.srcversion()? != loaded.trim()).then_some(name)
}

fn require(system: &System) -> io::Result<()> {
    let required = system.path(REQUIRED);
    if !required.exists() {
        fs_err::write(&required, "*** System restart required ***\n")?;
    }
    let packages = system.path(PACKAGES);
    let listed = match fs_err::read_to_string(&packages) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        listed => listed?,
    };
    if listed.lines().any(|line| line == PACKAGE) {
        return Ok(());
    }
    fs_err::write(packages, format!("{listed}{PACKAGE}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_is_noted_once_and_others_notes_stay() {
        let root = tempfile::tempdir().unwrap();
        fs_err::create_dir_all(root.path().join("run")).unwrap();
        fs_err::create_dir_all(root.path().join("etc")).unwrap();
        fs_err::write(root.path().join("etc/os-release"), "ID=debian\n").unwrap();
        let system = System::of_root(root.path()).unwrap();
        fs_err::write(root.path().join("run/reboot-required.pkgs"), "linux-base\n").unwrap();
        require(&system).unwrap();
        require(&system).unwrap();
        let listed = fs_err::read_to_string(root.path().join("run/reboot-required.pkgs")).unwrap();
        assert_eq!(listed, "linux-base\ndkms-rs\n");
        assert!(root.path().join("run/reboot-required").exists());
    }
}
