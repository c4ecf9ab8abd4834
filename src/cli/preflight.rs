//! `dkms preflight`: would modules build for a kernel that is not installed yet?

use std::path::Path;

use crate::engine::app::App;
use crate::engine::preflight::verdict::{Standing, Verdict};
use crate::engine::preflight::{self, Asked, Report, document, trial};
use crate::error::Result;
use crate::ids::{KernelRelease, ModuleName};
use crate::report::Reporter;
use crate::report::human::{Human, Loudness, Notes};

use super::legacy::Typed;
use super::operand;

/// Ends with 0 when every module builds or is not meant for its kernel, 1 when something cannot be told, 2 when something
/// fails.
pub(crate) fn run(app: &App, typed: &Typed) -> Result<()> {
    let report = preflight::run(app, &asked(typed)?)?;
    if typed.json {
        app.reporter.document(document::of(&report)?);
    } else {
        tell(&report, &app.reporter);
    }
    report.error().map_or(Ok(()), Err)
}

fn asked(typed: &Typed) -> Result<Asked> {
    let release = |word: &String| KernelRelease::new(word.split('/').next().unwrap_or(word));
    let module = |word: &String| ModuleName::new(operand::split(word).0.unwrap_or_default());
    Ok(Asked {
        packages: typed.words.iter().map(Into::into).collect(),
        headers: typed.headers.clone(),
        kernels: typed.kernels.iter().map(release).collect::<std::result::Result<_, _>>()?,
        modules: typed.modules.iter().map(module).collect::<std::result::Result<_, _>>()?,
        jobs: typed.jobs,
        from_repositories: typed.from_repos,
        ..Asked::default()
    })
}

fn tell(report: &Report, reporter: &Human) {
    for (package, why) in &report.unread {
        reporter.warn(format!("{}: {why}", package.display()));
    }
    for verdict in &report.verdicts {
        lines(verdict).into_iter().for_each(|line| reporter.answer(line));
    }
    if report.verdicts.is_empty() && report.unread.is_empty() {
        reporter.answer("no module is to be built for these kernels");
    }
    if report.kept > 0 {
        let kept = if report.kept == 1 { "1 build is".to_owned() } else { format!("{} builds are", report.kept) };
        reporter.detail(format!("{kept} kept for the day when the kernel comes"));
    }
}

fn lines(verdict: &Verdict) -> Vec<String> {
    let subject = format!("{} for {}: {}", verdict.module, verdict.target, verdict.standing.name());
    match &verdict.standing {
        Standing::Builds => vec![subject],
        Standing::Excluded { why } | Standing::Unknown { why } => vec![format!("{subject}: {why}")],
        Standing::Fails { why, hints, log, .. } => {
            let log = log.iter().map(|log| format!("the whole log is {}", log.display()));
            let hints = hints.iter().cloned().chain(log).map(|hint| format!("    {hint}"));
            std::iter::once(format!("{subject}: {why}")).chain(hints).collect()
        }
    }
}

/// What the process does that the first one starts.
pub(crate) fn inside(words: &[String]) -> u8 {
    super::in_folder(words, work)
}

fn work(folder: &Path) -> Result<()> {
    let job = trial::job(folder)?;
    // Nothing may be written to standard output: it may be a package manager's.
    let typed = Typed { json: true, ..Typed::on(&job.ground) };
    let app = super::open(&typed, Human::new(Loudness::Normal, Notes::Stderr))?;
    trial::run(app, &job, folder)
}
