//! `dkms fsck [--repair]`: what is wrong in the tree and in the kernels' folders, and what mends it. Without `--repair`
//! nothing is changed. With it, what will be done is said first; afterwards another look tells what became of it.

use std::collections::BTreeMap;

use crate::action::{self, install};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{ModuleId, Target};
use crate::plan::repair::repairs;
use crate::report::Reporter;
use crate::snapshot::damage::Damage;
use crate::snapshot::{Interest, Modules, Snapshot, View};
use crate::step::repair::{Finding, Mend, Repairs};
use crate::step::{Inputs, Outcome, Plan, Policy, StepId};
use crate::tree::TreeLock;
use crate::tree::difference::FileFault;
use crate::tree::lock::{self, Holder};

use super::legacy::Typed;
use crate::engine::app::App;
use crate::engine::document::Fate;
use crate::engine::{document, gather, preflight, work};

/// Ends with 0 when all is sound, 1 when something is wrong or left for a person, 2 when something could not be mended.
pub(crate) fn run(app: &App, typed: &Typed) -> Result<()> {
    let report = if typed.repair && !typed.dry_run { mend(app, typed.json) } else { look(app, typed.json) };
    if !typed.json {
        return report.and_then(|report| report.verdict().map_or(Ok(()), Err));
    }
    match report {
        Ok(report) => {
            let verdict = report.verdict();
            app.reporter.document(report.document(verdict.as_ref())?);
            verdict.map_or(Ok(()), Err)
        }
        Err(error) => {
            app.reporter.document(Report::default().document(Some(&error))?);
            Err(error)
        }
    }
}

/// What was found, and what became of it.
#[derive(Default)]
struct Report {
    findings: Vec<(Finding, Fate)>,
    plan: Plan,
    outcomes: Vec<(StepId, Outcome)>,
}

impl Report {
    fn verdict(&self) -> Option<Error> {
        let count = |fate: Fate| self.findings.iter().filter(|(_, became)| *became == fate).count();
        let (failed, found, left) = (count(Fate::Failed), count(Fate::Found), count(Fate::Left));
        if failed > 0 {
            let text = format!("{failed} of {} could not be mended", self.findings.len());
            return Some(Error::new(Kind::FsckFailed, text).hint("the errors above say why; `dkms fsck` looks again"));
        }
        if found > 0 {
            let hint = "`dkms fsck --repair` does what is said above";
            return Some(Error::new(Kind::FsckFound, format!("found: {}", found + left)).hint(hint));
        }
        (left > 0).then(|| Error::new(Kind::FsckFound, format!("left for you to mend: {left}")))
    }

    fn document(&self, error: Option<&Error>) -> Result<String> {
        document::fsck(error, &self.findings, &self.plan, &self.outcomes)
    }
}

fn look(app: &App, json: bool) -> Result<Report> {
    let holder = lock::dead_holder(app.tree.layout());
    // What another dkms is at looks like what a dead one left.
    let _lock = quiet_tree(app)?;
    let found = survey(app, holder)?;
    if !json {
        tell(app, &found);
    }
    let fate = |finding: &Finding| if finding.is_for_a_person() { Fate::Left } else { Fate::Found };
    let findings = found.findings.into_iter().map(|finding| (finding.clone(), fate(&finding))).collect();
    Ok(Report { findings, plan: found.plan, outcomes: Vec::new() })
}

fn mend(app: &App, json: bool) -> Result<Report> {
    if !app.system.is_superuser() {
        return Err(Error::new(Kind::NotRoot, "fsck --repair needs root").hint("run the command as root"));
    }
    preflight::sweep(app);
    let holder = lock::dead_holder(app.tree.layout());
    let lock = app.lock()?;
    let first = survey(app, holder)?;
    if !json {
        tell(app, &first);
    }
    if first.findings.iter().all(Finding::is_for_a_person) {
        let findings = first.findings.into_iter().map(|finding| (finding, Fate::Left)).collect();
        return Ok(Report { findings, plan: first.plan, outcomes: Vec::new() });
    }
    gather::recover(app, &lock)?;
    // What was completed or undone may have changed what else is to be done.
    let now = survey(app, None)?;
    for finding in &now.findings {
        if let Mend::Clear(clearing) = &finding.mend
            && let Err(error) = action::repair::clear(clearing, &lock)
        {
            app.reporter.tell_failure(&error);
        }
    }
    let outcomes = work::carry_out(app, &now.plan, &Policy::default(), &lock);
    for (_, outcome) in &outcomes {
        if let Outcome::Failed(error) | Outcome::Refused(error) = outcome {
            app.reporter.tell_failure(error);
        }
    }
    let last = survey(app, None)?;
    // The steps of a finding are those of the plan that was carried out.
    let planned =
        |finding: Finding| now.findings.iter().find(|other| other.is_same(&finding)).cloned().unwrap_or(finding);
    let findings = became(first.findings.into_iter().map(planned).collect(), &last.findings);
    let mended = findings.iter().filter(|(_, fate)| *fate == Fate::Repaired).count();
    app.reporter.note(format!("repaired: {mended}"));
    Ok(Report { findings, plan: now.plan, outcomes })
}

/// What the last look does not find any more is repaired; what it finds beyond the first is told, too.
fn became(first: Vec<Finding>, last: &[Finding]) -> Vec<(Finding, Fate)> {
    let still = |finding: &Finding| match last.iter().find(|other| other.is_same(finding)) {
        None => Fate::Repaired,
        Some(other) if other.is_for_a_person() => Fate::Left,
        Some(_) => Fate::Failed,
    };
    let new = last.iter().filter(|other| !first.iter().any(|finding| finding.is_same(other)));
    let new: Vec<(Finding, Fate)> = new.map(|finding| (finding.clone(), still(finding))).collect();
    first.into_iter().map(|finding| (finding.clone(), still(&finding))).chain(new).collect()
}

/// The lock, when there is one to take: looking makes nothing, and who may not write may look all the same.
fn quiet_tree(app: &App) -> Result<Option<TreeLock>> {
    if !app.tree.layout().lock().exists() || app.may_write().is_err() {
        return Ok(None);
    }
    app.lock().map(Some)
}

/// `holder`: who the lock file named before it was taken.
fn survey(app: &App, holder: Option<Holder>) -> Result<Repairs> {
    let inputs = Inputs::default();
    let view = View { system: &app.system, framework: &app.framework, tree: &app.tree, inputs: &inputs };
    let unreadable = |error| Error::io("cannot read the DKMS tree", error);
    let interest = Interest::of(Modules::Every, &app.kernels()?).of_the_whole_disk();
    let snapshot = Snapshot::take(&view, &interest).map_err(unreadable)?;
    let mut damage = Damage::survey(&view, &snapshot).map_err(unreadable)?;
    damage.files = files(app, &snapshot);
    damage.dead_holder = holder;
    Ok(repairs(&snapshot, &damage, app.tree.layout(), &Policy::default()))
}

/// What is wrong with module files, by the rules by which they were put there.
fn files(app: &App, snapshot: &Snapshot) -> BTreeMap<(ModuleId, Target), Vec<FileFault>> {
    let mut found = BTreeMap::new();
    for entry in &snapshot.modules {
        for build in &entry.builds {
            let (id, target) = (&entry.id, &build.target);
            let loaded = snapshot.conf(id, target).and_then(|conf| conf.as_ref().ok());
            let noted = app.tree.installed(&id.name, target);
            let layout = app.tree.layout();
            let faults = install::file_faults(&app.system, layout, entry, build, loaded, noted.as_ref());
            if !faults.is_empty() {
                found.insert((id.clone(), target.clone()), faults);
            }
        }
    }
    found
}

/// Two lines for each: what is wrong, and what mends it.
fn tell(app: &App, found: &Repairs) {
    for finding in &found.findings {
        let module = finding.module.as_ref().map(ToString::to_string);
        let kernel = finding.target.as_ref().map(|target| format!("for {target}"));
        let path = finding.path.as_ref().map(|path| path.display().to_string());
        let about: Vec<String> = [module, kernel, path].into_iter().flatten().collect();
        let what = match &finding.mend {
            Mend::Steps(steps) => format!("repair: {}", steps_in_words(found, steps)),
            Mend::Recovery => "repair: complete or undo it".to_owned(),
            Mend::Clear(_) => "repair: remove it".to_owned(),
            Mend::Person(advice) => format!("left: {advice}"),
        };
        app.reporter.answer(format!("{}: {}\n  {what}", about.join(" "), finding.text));
    }
}

fn steps_in_words(found: &Repairs, steps: &[StepId]) -> String {
    let steps = steps.iter().filter_map(|id| found.plan.steps.get(id.0));
    let line = |step: &crate::step::Step| format!("{} ({})", step.operation.verb(), step.why);
    steps.map(line).collect::<Vec<_>>().join(", ")
}
