//! The process that installs modules where nothing is written: over the kernel's folder and the tree lie layers that take the
//! changes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::conf::TrySign;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::ModuleId;
use crate::report::Reporter;
use crate::request::{Request, Wish};
use crate::step::{AddSource, Operation, Outcome, Plan, Policy, StepId, Switch};
use crate::sys::world::{Layer, With, enter};

use super::copy::copy;
use super::{Job, Places};
use crate::engine::app::App;
use crate::engine::ourselves;
use crate::engine::pipeline::Mode;
use crate::engine::preflight::makes_key;

/// The job that the first process left in this folder.
pub(crate) fn job(folder: &Path) -> Result<Job> {
    ourselves::job(&Places(folder.to_path_buf()).job())
}

/// Does the job. Must be called in a process that has no threads yet.
pub(crate) fn run(mut app: App, job: &Job, folder: &Path) -> Result<()> {
    let places = Places(folder.to_path_buf());
    let kernel = fs::canonicalize(app.tree.layout().kernel_modules(&job.target))
        .map_err(|error| Error::io("the kernel has no folder of modules", error))?;
    let inside = below_usr(&app, &kernel)?;
    let changes = folder.join("kernel");
    lay(&app, &kernel, &changes, folder)?;
    keep_to_the_extension(&mut app, job);
    let request = Request { wish: wish(job), policy: policy(job) };
    let verdict = app.meet(&request, Mode::Do)?;
    let failed = |error| Error::io("the extension cannot be made", error);
    if let Some(error) = verdict.error {
        keep_logs(&app, &verdict.plan, &verdict.outcomes, &places).map_err(failed)?;
        verdict.others.into_iter().for_each(|other| app.reporter.tell_error(&without_log(other)));
        return Err(without_log(error));
    }
    let modules = installed(&verdict.plan, &verdict.outcomes, job)?;
    copy(&changes.join("upper"), &places.extension().join(inside)).map_err(failed)?;
    ourselves::leave(&places.found(), &modules).map_err(failed)
}

/// Logs of builds that failed, where the first process finds them: their tree goes.
fn keep_logs(app: &App, plan: &Plan, outcomes: &[(StepId, Outcome)], places: &Places) -> std::io::Result<()> {
    let has_failed = |outcome: &Outcome| matches!(outcome, Outcome::Failed(_));
    let steps = outcomes.iter().filter(|(_, outcome)| has_failed(outcome)).filter_map(|(id, _)| plan.steps.get(id.0));
    for step in steps.filter(|step| step.operation == Operation::Build) {
        let log = app.tree.layout().build_folder(&step.module).join("make.log");
        if log.is_file() {
            let kept = places.logs().join(&step.module.name).join(&step.module.version);
            fs::create_dir_all(&kept)?;
            fs::copy(log, kept.join("make.log"))?;
        }
    }
    Ok(())
}

/// An error that does not name the log: where it is kept is told by the first process.
fn without_log(error: Error) -> Error {
    let hints = error.hints().iter().filter(|hint| !hint.contains("/make.log")).cloned().collect();
    error.with_hints(hints)
}

/// The kernel's folder without the root, if an extension can hold it.
fn below_usr(app: &App, kernel: &Path) -> Result<PathBuf> {
    let inside = kernel.strip_prefix(app.system.root()).ok().filter(|inside| inside.starts_with("usr"));
    inside.map(Path::to_path_buf).ok_or_else(|| {
        let text = format!("{} is not below /usr, and systemd-sysext extends /usr and /opt only", kernel.display());
        Error::new(Kind::Usage, text).hint("where that folder can be written, `dkms install` is the way")
    })
}

fn lay(app: &App, kernel: &Path, changes: &Path, folder: &Path) -> Result<()> {
    let tree = fs::canonicalize(app.tree.layout().tree()).map_err(|error| Error::io("there is no DKMS tree", error))?;
    let layer = |at: &Path, changes: PathBuf| Layer { at: at.to_path_buf(), with: With::Changes(changes) };
    enter(&[layer(kernel, changes.to_path_buf()), layer(&tree, folder.join("tree"))]).map_err(|error| {
        Error::io("an extension cannot be made without layers over folders", error)
            .hint("do it as root, outside of containers that refuse mounts")
    })
}

/// Nothing but files of the kernel's folder goes into an extension: nothing is loaded, no hook of the administrator's called; a
/// key that would be made now would go with this process.
fn keep_to_the_extension(app: &mut App, job: &Job) {
    app.framework.switches.insert("modprobe_on_install", false);
    app.framework.post_transaction = None;
    if makes_key(app, std::slice::from_ref(&job.target)) {
        app.reporter
            .warn("there is no signing key yet, so the modules stay unsigned; `dkms generate_mok` makes one".into());
        app.framework.try_sign = TrySign::No;
    }
}

fn wish(job: &Job) -> Wish {
    let targets = vec![job.target.clone()];
    match &job.module {
        Some(id) => Wish::Install { id: id.clone(), source: AddSource::SourceTree, targets },
        None => Wish::Autoinstall { targets },
    }
}

fn policy(job: &Job) -> Policy {
    Policy { jobs: job.jobs, switches: [Switch::WithoutScripts].into(), ..Policy::default() }
}

/// What this run has put under the kernel. What the kernel had before is no part of an extension.
fn installed(plan: &Plan, outcomes: &[(StepId, Outcome)], job: &Job) -> Result<Vec<ModuleId>> {
    let done = outcomes.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Done));
    let steps = done.filter_map(|(id, _)| plan.steps.get(id.0)).filter(|step| step.operation == Operation::Install);
    let ids: BTreeSet<ModuleId> = steps.map(|step| step.module.clone()).collect();
    if ids.is_empty() {
        let text = format!("nothing that kernel {} lacks can be installed on it", job.target.kernel);
        return Err(Error::new(Kind::NothingInstalled, text)
            .hint("`dkms status` tells what it has, `dkms why` what keeps a module from it"));
    }
    Ok(ids.into_iter().collect())
}
