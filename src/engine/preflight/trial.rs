//! The process that tries: makes its world, builds there what a real event would, and answers in a file.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::conf::TrySign;
use crate::error::{Error, Result};
use crate::report::Reporter;
use crate::request::{Request, Wish};
use crate::step::{Operation, Outcome, Plan, Policy, StepId, Switch};
use crate::sys::{interrupt, process};
use crate::tree::{finished, foreseen};

use super::verdict::{self, Standing, Trying, Verdict};
use super::{Found, Job, Places, makes_key, world};
use crate::engine::app::App;
use crate::engine::verdict::count_of;
use crate::engine::{gather, ourselves, work};

/// The job that the first process left in this folder.
pub(crate) fn job(folder: &Path) -> Result<Job> {
    ourselves::job(&Places::of(folder).job())
}

/// Does the job. Must be called in a process that has no threads yet.
pub(crate) fn run(app: App, job: &Job, folder: &Path) -> Result<()> {
    let places = Places::of(folder);
    let (mut app, is_real) = world::make(app, job, &places)?;
    if makes_key(&app, &[&job.trial.coming[..], &job.trial.present].concat()) {
        // It would go with this world.
        app.framework.try_sign = TrySign::No;
    }
    let failed = |error| Error::io("modules cannot be tried", error);
    let lock = app.lock()?;
    for (id, place) in &job.sources {
        let place = if is_real { place.clone() } else { unpacked(&app, &places, place) };
        lock.writer().register_at(id, &place).map_err(failed)?;
    }
    let request = Request { wish: Wish::Trial(job.trial.clone()), policy: policy(job) };
    let plan = request.plan(&gather::snapshot(&app, &request)?);
    announce(&app, &plan, job);
    let clock = Arc::new(AtomicBool::new(false));
    let outcomes = match job.untried {
        Some(_) => plan.steps.iter().map(|step| (step.id, Outcome::Done)).collect(),
        None => {
            watch_the_clock(Duration::from_secs(job.seconds), &clock);
            work::carry_out(&app, &plan, &request.policy, &lock)
        }
    };
    let trying = Trying { untried: job.untried.as_deref(), is_out_of_time: clock.load(Ordering::SeqCst) };
    let mut verdicts = verdict::all(&plan, &outcomes, trying);
    keep_logs(&app, &mut verdicts, &places).map_err(failed)?;
    if is_real && job.untried.is_none() {
        export(&app, &plan, &outcomes, &places).map_err(failed)?;
    }
    ourselves::leave(&places.found(), &Found { verdicts }).map_err(failed)
}

fn policy(job: &Job) -> Policy {
    Policy { jobs: job.jobs, switches: [Switch::TrustPreflight, Switch::KeepFailures].into(), ..Policy::default() }
}

/// A source that comes, where it was unpacked.
fn unpacked(app: &App, places: &Places, named: &Path) -> std::path::PathBuf {
    let name = named.file_name().unwrap_or_default();
    app.system.inside(&places.cargo().join("usr/src").join(name))
}

fn announce(app: &App, plan: &Plan, job: &Job) {
    let builds = plan.steps.iter().filter(|step| step.operation == Operation::Build).count();
    if builds > 0 && job.untried.is_none() {
        let modules = count_of(builds);
        let kernels: Vec<&str> = job.trial.coming.iter().map(|target| target.kernel.as_str()).collect();
        let of = match kernels.as_slice() {
            [] => "the kernels that are here".to_owned(),
            some => format!("kernel {}", some.join(", ")),
        };
        app.reporter.note(format!("dkms: building {modules} for {of} before anything is unpacked …"));
    }
}

/// After so long it is as if somebody had sent us a signal: what is under way ends, and what is done counts.
fn watch_the_clock(time: Duration, is_over: &Arc<AtomicBool>) {
    let is_over = Arc::clone(is_over);
    std::thread::spawn(move || {
        std::thread::sleep(time);
        is_over.store(interrupt::received().is_none(), Ordering::SeqCst);
        process::ask_ourselves_to_stop();
    });
}

/// The logs of builds that failed, where the first process finds them.
fn keep_logs(app: &App, verdicts: &mut [Verdict], places: &Places) -> std::io::Result<()> {
    for verdict in verdicts {
        let made = app.tree.layout().build_folder(&verdict.module).join("make.log");
        let Standing::Fails { log, .. } = &mut verdict.standing else { continue };
        if made.is_file() {
            let name = format!("{}-{}.log", verdict.module.source_folder(), verdict.target.kernel);
            fs_err::create_dir_all(places.logs())?;
            fs_err::copy(&made, places.logs().join(&name))?;
            *log = Some(places.logs().join(name));
        }
    }
    Ok(())
}

fn export(app: &App, plan: &Plan, outcomes: &[(StepId, Outcome)], places: &Places) -> std::io::Result<()> {
    let (layout, into) = (app.tree.layout(), places.finished());
    for (id, outcome) in outcomes {
        let step = plan.steps.get(id.0).filter(|step| step.operation == Operation::Build);
        let Some((step, target)) = step.and_then(|step| Some((step, step.target.as_ref()?))) else { continue };
        match outcome {
            Outcome::Done => drop(finished::export(layout, &step.module, target, &into)?),
            Outcome::Failed(_) => foreseen::export(layout, &step.module, target, &into)?,
            Outcome::Refused(_) | Outcome::Skipped { .. } => {}
        }
    }
    Ok(())
}
