//! Preflight: would modules build for a kernel that is not installed yet?
//!
//! What packages would install is unpacked into a folder that goes afterwards ([`cargo`]). A process of its own sees it where
//! it will be ([`world`]), over the system as it is, and builds there as a real event would ([`trial`]). What came of it are
//! [`verdict`]s; builds that ended well are kept among the finished ones, under the key that the real event will ask for.

pub(crate) mod cargo;
mod dialogue;
pub(crate) mod document;
mod files;
mod hold;
pub(crate) mod hook;
mod moment;
mod named;
mod repos;
pub(crate) mod trial;
pub(crate) mod verdict;
mod world;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::conf::signing::{self, KeyFiles, Maker};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{KernelRelease, ModuleId, ModuleName, Target};
use crate::kernel::installed;
use crate::report::Reporter;
use crate::step::scope::Trial;
use crate::sys::scratch;
use crate::tree::finished::Limits;

use crate::engine::app::App;
use crate::engine::ourselves::{self, Ground};
use cargo::Cargo;
use verdict::{Standing, Verdict};

/// The hidden action that does the work; its one word is the folder with the job.
pub(crate) const INSIDE: &str = "preflight-inside";

/// What is to be tried.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// Packages with headers or sources.
    pub(crate) packages: Vec<PathBuf>,
    /// Folders with headers.
    pub(crate) headers: Vec<PathBuf>,
    /// The kernels that are meant; all where none is named.
    pub(crate) kernels: Vec<KernelRelease>,
    /// The modules that are meant; all where none is named.
    pub(crate) modules: BTreeSet<ModuleName>,
    /// What the same transaction takes away.
    pub(crate) leaving: BTreeSet<ModuleId>,
    pub(crate) jobs: Option<usize>,
    /// Whether the repositories are asked what they would bring.
    pub(crate) from_repositories: bool,
    /// A package manager waits, and its transaction builds what we cannot keep for it.
    pub(crate) is_of_hook: bool,
}

impl Asked {
    /// Whether it is about the kernels that are installed.
    fn is_of_machine(&self) -> bool {
        self.packages.is_empty() && self.headers.is_empty()
    }
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) verdicts: Vec<Verdict>,
    /// Builds that the real event need not repeat.
    pub(crate) kept: usize,
    /// The kernels that come, oldest first.
    pub(crate) kernels: Vec<Target>,
    /// Packages that could not be read, and why.
    pub(crate) unread: Vec<(PathBuf, String)>,
}

impl Report {
    /// What a command ends with, if not with 0.
    pub(crate) fn error(&self) -> Option<Error> {
        let count = |is: fn(&Standing) -> bool| self.verdicts.iter().filter(|verdict| is(&verdict.standing)).count();
        let fails = count(|standing| matches!(standing, Standing::Fails { .. }));
        let unknown = count(|standing| matches!(standing, Standing::Unknown { .. })) + self.unread.len();
        match (fails, unknown) {
            (0, 0) => None,
            (0, unknown) => Some(Error::new(
                Kind::PreflightOpen,
                format!("of {unknown}, named above, it cannot be told whether modules would build"),
            )),
            (fails, _) => Some(Error::new(Kind::PreflightFailed, format!("{fails} would not build, as told above"))),
        }
    }
}

/// What the process that does the work is told, in `job.json`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) ground: Ground,
    pub(crate) trial: Trial,
    /// The places of the sources that come, as they will be named.
    pub(crate) sources: Vec<(ModuleId, PathBuf)>,
    pub(crate) jobs: Option<usize>,
    /// Seconds for all builds together.
    pub(crate) seconds: u64,
    /// Why nothing is to be built.
    pub(crate) untried: Option<String>,
}

/// What it answers, in `found.json`.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Found {
    verdicts: Vec<Verdict>,
}

/// The parts of the folder that both processes use.
#[derive(Debug, Clone)]
pub(crate) struct Places(PathBuf);

impl Places {
    pub(crate) fn of(folder: &Path) -> Self {
        Self(folder.to_path_buf())
    }

    /// What packages bring, as below a root.
    pub(crate) fn cargo(&self) -> PathBuf {
        self.0.join("root")
    }

    /// What repositories gave.
    fn fetched(&self) -> PathBuf {
        self.0.join("fetched")
    }

    fn changes(&self) -> PathBuf {
        self.0.join("changes")
    }

    fn finished(&self) -> PathBuf {
        self.0.join("finished")
    }

    fn logs(&self) -> PathBuf {
        self.0.join("logs")
    }

    pub(crate) fn job(&self) -> PathBuf {
        self.0.join("job.json")
    }

    pub(crate) fn found(&self) -> PathBuf {
        self.0.join("found.json")
    }
}

/// Tries what is asked for. Nothing of the system changes but the kept builds and logs.
///
/// # Errors
///
/// The throw-away folder cannot be filled, or the process that does the work broke off.
pub(crate) fn run(app: &App, asked: &Asked) -> Result<Report> {
    let place = ourselves::place(app);
    let failed = |error| full(&place, Error::io("modules cannot be tried before they are needed", error));
    let folder = scratch::make(&place).map_err(failed)?;
    let places = Places::of(folder.path());
    let mut asked = asked.clone();
    if asked.from_repositories {
        let fetched = places.fetched();
        fs_err::create_dir(&fetched).map_err(failed)?;
        asked.packages.extend(repos::fetch(app, &fetched)?);
        if asked.packages.is_empty() {
            return Ok(Report::default());
        }
    }
    let asked = &asked;
    let cargo = Cargo::unpack(app, asked, &places).map_err(|error| full(&place, error))?;
    let trial = trial_of(app, asked, &cargo)?;
    let mut report = Report { kernels: trial.coming.clone(), unread: cargo.unread, ..Report::default() };
    if trial.coming.is_empty() && trial.present.is_empty() {
        return Ok(report);
    }
    let job = Job {
        ground: Ground::of(app),
        trial,
        sources: cargo.sources,
        jobs: asked.jobs,
        seconds: app.framework.policies.preflight.timeout.as_secs(),
        untried: moment::untried(app),
    };
    ourselves::leave(&places.job(), &job).map_err(failed)?;
    let Found { verdicts } = have_it_done(app, folder.path(), &places)?;
    report.verdicts = verdicts;
    if let Err(error) = keep(app, &places, &mut report) {
        app.reporter.warn(format!("builds that are ready could not be kept: {}", error.in_one_line()));
    }
    Ok(report)
}

/// Clears away what killed runs left.
pub(crate) fn sweep(app: &App) {
    scratch::sweep(&ourselves::place(app));
}

/// Where the disk is full, which one and how much it takes.
fn full(place: &Path, error: Error) -> Error {
    if error.kind() != Kind::DiskFull {
        return error;
    }
    let place = place.display();
    let text = format!(
        "kernel headers and builds take some 200 MB in {place} for a while: `df -h {place}` tells what is free"
    );
    error.with_hints(vec![text, "then run the command again; nothing was changed".to_owned()])
}

/// Kernels and modules, as the disk and the packages have them.
fn trial_of(app: &App, asked: &Asked, cargo: &Cargo) -> Result<Trial> {
    let is_meant = |target: &Target| asked.kernels.is_empty() || asked.kernels.contains(&target.kernel);
    let is_of_machine = asked.is_of_machine();
    let fresh: BTreeSet<ModuleId> = cargo.sources.iter().map(|(id, _)| id.clone()).collect();
    let mut present = Vec::new();
    if is_of_machine || !fresh.is_empty() {
        present = app.kernels_with_headers()?;
    }
    let mut coming = if is_of_machine { present.clone() } else { cargo.kernels.clone() };
    named::check(app, asked, cargo, &coming.iter().chain(&present).collect::<Vec<_>>())?;
    coming.retain(|target| is_meant(target));
    present.retain(|target| is_meant(target) && !is_of_machine);
    if asked.is_of_hook && makes_key(app, &present) {
        // Nothing would be kept, and all be built twice.
        present.clear();
    }
    Ok(Trial { coming, present, fresh, leaving: asked.leaving.clone(), only: asked.modules.clone() })
}

/// Whether the first signature for one of these kernels would make the key: what is signed here would bear another one.
pub(in crate::engine) fn makes_key(app: &App, kernels: &[Target]) -> bool {
    let layout = app.tree.layout();
    let takes_signatures = |target: &Target| {
        let config = installed::kernel(layout, target, None).config(None).ok().flatten();
        config.is_some_and(|config| config.takes_signatures())
    };
    let files = KeyFiles::locate(&app.system, &app.framework, layout, kernels.first().map(|target| &target.kernel));
    let is_missing = files.maker != Maker::Owner && !app.system.path(&files.key).is_file();
    is_missing && signing::unwanted(&app.system, &app.framework).is_none() && kernels.iter().any(takes_signatures)
}

/// Runs ourselves once more, as the process whose mounts nobody else sees. All that it tells goes to standard error.
fn have_it_done(app: &App, folder: &Path, places: &Places) -> Result<Found> {
    let finished = ourselves::run(&app.system.clone().on_standard_error(), INSIDE, folder)?;
    ourselves::answer(&places.found(), &finished)
}

/// Builds that are ready and logs of those that failed go into the tree: both are there for whoever comes next.
fn keep(app: &App, places: &Places, report: &mut Report) -> Result<()> {
    let has_something = places.finished().is_dir() || places.logs().is_dir();
    if !has_something || !app.tree.layout().tree().is_dir() {
        return Ok(());
    }
    let lock = app.lock()?;
    let failed = |error| Error::io("the DKMS tree cannot be written", error);
    lock.writer().take_foreseen(&places.finished()).map_err(failed)?;
    report.kept = lock.writer().take_finished(&places.finished(), Limits::default()).map_err(failed)?;
    for verdict in &mut report.verdicts {
        if let Standing::Fails { log, .. } = &mut verdict.standing
            && let Some(foreign) = log.take()
        {
            let kept = lock.writer().keep_foreign_log(&verdict.module, &verdict.target, &foreign);
            *log = kept.ok().map(|place| app.system.inside(&place));
        }
    }
    Ok(())
}
