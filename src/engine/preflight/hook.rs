//! What a package manager says before it unpacks anything. It is stopped only where framework.conf wants that; whatever goes
//! wrong with us, it goes on.

use std::collections::BTreeSet;
use std::io::{BufRead, Read};
use std::os::fd::FromRawFd;

use crate::conf::policy::PreflightPolicy;
use crate::error::Result;
use crate::event::planned::{self, Manager, Planned};
use crate::ids::{ModuleId, Target};
use crate::report::Reporter;
use crate::sys::journal::{self, Gravity};
use crate::sys::{self, process};
use crate::version;

use super::verdict::{Standing, Told, Verdict};
use super::{Asked, Report, dialogue, files, hold};
use crate::engine::app::App;
use crate::engine::guard;

/// The variable that says for one run what `preflight` says for all.
const VARIABLE: &str = "DKMS_PREFLIGHT";

/// Takes what this manager says, and judges.
///
/// # Errors
///
/// [`crate::exit::Kind::PreflightStops`], and nothing else: the transaction is to end here.
pub(crate) fn take(app: &App, manager: Manager, words: &[String]) -> Result<()> {
    let policy = policy(app);
    match manager {
        // They wait for our answers, whatever these are.
        Manager::Zypper => dialogue::zypper(&mut |body| unstoppable(app, judge(app, policy, &planned::zypper(body)))),
        Manager::Dnf5 => {
            let answer = dialogue::dnf5_ask().unwrap_or_default();
            judge(app, policy, &planned::dnf5(&answer)).map_err(|error| dialogue::dnf5_stop(&error))
        }
        Manager::Apt => judge(app, policy, &planned::apt(&lines_of_apt(app))),
        Manager::Dnf => judge(app, policy, &planned::dnf(words)),
        Manager::Pacman => {
            let lines = sys::standard_input().lines().map_while(std::result::Result::ok).collect::<Vec<_>>();
            judge(app, policy, &planned::pacman(&lines))
        }
    }
}

fn policy(app: &App) -> PreflightPolicy {
    let word = app.system.variable(VARIABLE).map(|word| word.to_string_lossy().into_owned());
    let policies = &app.framework.policies;
    policies.preflight(word.as_deref()).unwrap_or_else(|why| {
        app.reporter.warn(format!("{VARIABLE}: {why}; ignored"));
        policies.preflight(None).unwrap_or(PreflightPolicy::Warn)
    })
}

/// A manager that cannot be stopped is told.
fn unstoppable(app: &App, judged: Result<()>) {
    if let Err(error) = judged {
        app.reporter.tell_failure(&error);
    }
}

/// The lines on the descriptor that apt names, after its configuration. With none there is nothing to be read.
fn lines_of_apt(app: &App) -> Vec<String> {
    let number = app.system.variable("APT_HOOK_INFO_FD").and_then(|number| number.to_str()?.parse::<i32>().ok());
    let Some(number) = number.filter(|number| *number > 2) else { return Vec::new() };
    // SAFETY: apt opened it for us and nobody else in this process knows of it.
    let mut file = unsafe { std::fs::File::from_raw_fd(number) };
    let mut text = Vec::new();
    if let Err(error) = file.read_to_end(&mut text) {
        app.reporter.warn(format!("what apt says cannot be read: {error}"));
    }
    String::from_utf8_lossy(&text).lines().map(str::to_owned).collect()
}

fn judge(app: &App, policy: PreflightPolicy, planned: &Planned) -> Result<()> {
    if policy == PreflightPolicy::Off || app.switched_off().is_some() {
        return Ok(());
    }
    guard::before(app, &planned.leaving);
    let packages = files::of_interest(app, planned);
    if packages.is_empty() {
        return Ok(());
    }
    let leaving = files::modules_of(app, &planned.leaving);
    let asked = Asked { packages: packages.clone(), leaving, is_of_hook: true, ..Asked::default() };
    let report = match super::run(app, &asked) {
        Ok(report) => report,
        Err(error) => {
            app.reporter.warn(format!("modules were not tried before the transaction: {}", error.in_one_line()));
            return Ok(());
        }
    };
    let bearing = Bearing { app, policy, boots: boots(app, &report, planned) };
    let stopping = report.verdicts.iter().find(|verdict| bearing.stops(verdict));
    let is_dropped = stopping.is_some() && is_unattended();
    let stopping = stopping.filter(|_| !is_dropped);
    tell(&bearing, &report, stopping);
    if is_dropped {
        let text = "this is unattended-upgrades, which would drop the steps that follow: nothing is stopped";
        app.reporter.note(format!("dkms: {text}"));
    }
    let told = stopping.and_then(|verdict| Some((verdict, bearing.told(verdict)?)));
    told.map_or(Ok(()), |(verdict, told)| Err(hold::error(planned.manager, planned, verdict, &told)))
}

/// How verdicts are taken.
struct Bearing<'a> {
    app: &'a App,
    policy: PreflightPolicy,
    /// The kernel that would boot after the transaction.
    boots: Option<Target>,
}

impl Bearing<'_> {
    fn is_essential(&self, id: &ModuleId) -> bool {
        self.app.framework.policies.essential_modules.contains(&id.name)
    }

    /// Whether it means that an essential module is not there for this kernel.
    fn takes_away(&self, verdict: &Verdict) -> bool {
        match verdict.standing {
            Standing::Fails { .. } => true,
            Standing::Excluded { .. } => self.is_essential(&verdict.module),
            _ => false,
        }
    }

    /// What a person reads. None: all is well.
    fn told(&self, verdict: &Verdict) -> Option<Told> {
        let (module, kernel) = (&verdict.module, &verdict.target.kernel);
        let (text, hints) = match &verdict.standing {
            Standing::Fails { why, hints, log, .. } => {
                let log = log.as_ref().map(|log| format!("the whole log is {}", log.display()));
                let hints = hints.iter().cloned().chain(log).collect();
                (format!("{module} would not build for kernel {kernel}: {why}"), hints)
            }
            Standing::Excluded { why } if self.is_essential(module) => {
                (format!("kernel {kernel} would lack the essential {}: {why}", module.name), Vec::new())
            }
            Standing::Unknown { why } => {
                (format!("whether {module} builds for kernel {kernel} cannot be told: {why}"), Vec::new())
            }
            _ => return None,
        };
        Some(Told { text, hints })
    }

    fn stops(&self, verdict: &Verdict) -> bool {
        let boots = self.boots.as_ref() == Some(&verdict.target);
        match self.policy {
            PreflightPolicy::Off | PreflightPolicy::Warn => false,
            PreflightPolicy::Essential => boots && self.is_essential(&verdict.module) && self.takes_away(verdict),
            PreflightPolicy::Strict => self.takes_away(verdict),
        }
    }
}

/// The newest of those that are there afterwards.
fn boots(app: &App, report: &Report, planned: &Planned) -> Option<Target> {
    let stays =
        |target: &Target| !planned.leaving.iter().any(|package| planned::is_image_of(package, target.kernel.as_str()));
    let there = app.kernels().unwrap_or_default().into_iter().filter(stays);
    let newest = |one: &Target, other: &Target| version::compare(one.kernel.as_str(), other.kernel.as_str());
    there.chain(report.kernels.iter().cloned()).max_by(newest)
}

/// A line for each module that would not build, and what to do; in the system's log as well. The one that stops the
/// transaction is told with that.
fn tell(bearing: &Bearing<'_>, report: &Report, stopping: Option<&Verdict>) {
    let reporter = &bearing.app.reporter;
    for (package, why) in &report.unread {
        reporter.note(format!("dkms: {} cannot be looked into: {why}", package.display()));
    }
    for verdict in &report.verdicts {
        let Some(Told { text, hints }) = bearing.told(verdict) else { continue };
        let (module, kernel) = (&verdict.module, &verdict.target.kernel);
        let fields = [
            ("MODULE", module.name.to_string()),
            ("MODULE_VERSION", module.version.to_string()),
            ("KERNEL", kernel.to_string()),
        ];
        let system = &bearing.app.system;
        if stopping == Some(verdict) {
            if !journal::has_stderr(system) {
                journal::log(system, reporter, Gravity::Warning, &text, &fields);
            }
        } else {
            journal::tell(system, reporter, Gravity::Warning, &text, &fields);
            hints.iter().for_each(|hint| reporter.note(format!("dkms:   {hint}")));
        }
    }
}

/// unattended-upgrades calls apt's hooks for each small step, and an abort ends the run with a traceback.
fn is_unattended() -> bool {
    let names: BTreeSet<&str> = ["unattended-upgrade", "unattended-upgrades"].into();
    let is_it = |word: &String| names.contains(word.rsplit('/').next().unwrap_or(word));
    process::above().any(|program| program.words.iter().any(is_it))
}
