//! The story of one module on one kernel: where it stands, what was tried last and why it failed, what works, what comes next.

use std::path::PathBuf;

use serde::Serialize;

use crate::action;
use crate::engine::app::App;
use crate::engine::unlisted::{self, Unlisted};
use crate::ids::{ModuleId, Target};
use crate::step::scope::Within;
use crate::step::{Omission, Plan, Reason, Step};
use crate::tree::records::Failure;
use crate::tree::{ModuleEntry, logs};

/// All that is known of a module on a kernel.
#[derive(Debug, Serialize)]
pub(crate) struct Story {
    module: String,
    version: String,
    kernel: String,
    arch: String,
    /// `installed`, `built`, `added` or `broken`.
    standing: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<Attempt>,
    /// Kernels for which this module is installed or built, in words.
    good_for: Vec<String>,
    /// Whether its kernel loads what is installed, where that is not sure, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    loads: Option<String>,
    /// What would be done now, waits or cannot be, in words.
    next: Vec<String>,
}

/// The last attempt, which failed.
#[derive(Debug, Serialize)]
struct Attempt {
    operation: String,
    code: u8,
    /// Seconds since 1970-01-01 UTC.
    time: u64,
    error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<PathBuf>,
}

/// The stories of these modules on these kernels. Where no kernel is named: on those where something is to be told, or on all
/// that have it.
pub(crate) fn stories(
    app: &App,
    within: &Within,
    plan: &Plan,
    failures: &[Failure],
    modules: &[ModuleEntry],
) -> Vec<Story> {
    let kernels = if within.kernels.is_empty() { app.kernels().unwrap_or_default() } else { within.kernels.clone() };
    let is_told = |id: &ModuleId, target: &Target| within.has_module(id) && kernels.contains(target);
    let unlisted = unlisted::installed(app, modules, &is_told);
    let known = Known { app, plan, failures, modules, unlisted: &unlisted };
    let told = modules.iter().filter(|entry| within.has_module(&entry.id));
    let pairs = told.flat_map(|entry| kernels.iter().map(move |target| (entry, target)));
    pairs.map(|(entry, target)| story(entry, target, known)).collect()
}

/// What the stories are told from.
#[derive(Clone, Copy)]
struct Known<'a> {
    app: &'a App,
    plan: &'a Plan,
    failures: &'a [Failure],
    modules: &'a [ModuleEntry],
    unlisted: &'a [Unlisted],
}

fn story(entry: &ModuleEntry, target: &Target, Known { app, plan, failures, modules, unlisted }: Known<'_>) -> Story {
    let id = &entry.id;
    let is_it = |failure: &&Failure| failure.module == *id && failure.target.as_ref().is_none_or(|of| of == target);
    let standing = match entry {
        _ if entry.is_broken() => "broken",
        _ if entry.is_installed_on(target) => "installed",
        _ if entry.build(target).is_some() => "built",
        _ => "added",
    };
    Story {
        module: id.name.to_string(),
        version: id.version.to_string(),
        kernel: target.kernel.to_string(),
        arch: target.arch.to_string(),
        standing,
        failed: failures.iter().find(is_it).map(|failure| attempt(app, failure, target)),
        good_for: good_for(id, target, modules),
        loads: loads(id, target, unlisted),
        next: next(id, target, plan),
    }
}

fn attempt(app: &App, failure: &Failure, target: &Target) -> Attempt {
    let layout = app.tree.layout();
    let head = format!("for {} for kernel {target}", failure.module);
    let candidates = failure.log.iter().map(|log| app.system.path(log)).chain(
        // The next build of another kernel takes the place; the log before is kept.
        logs::kept(layout, &failure.module, target).into_iter().rev(),
    );
    let is_of_it = |log: &PathBuf| action::compile::begins_with(log, &head);
    let log = candidates.into_iter().find(is_of_it);
    let finding = log.as_ref().and_then(|log| action::compile::meaning(&app.system, &failure.module, target, log));
    Attempt {
        operation: failure.step.clone(),
        code: failure.code,
        time: failure.time,
        error: failure.error.clone(),
        line: finding.as_ref().map(|finding| finding.line.clone()),
        cause: finding.as_ref().and_then(|finding| Some(finding.cause.as_ref()?.0.clone())),
        hint: finding.and_then(|finding| finding.advice),
        log: log.map(|log| layout.named(&log)),
    }
}

fn loads(id: &ModuleId, target: &Target, unlisted: &[Unlisted]) -> Option<String> {
    unlisted.iter().find(|found| found.module == *id && found.target == *target).map(ToString::to_string)
}

fn good_for(id: &ModuleId, target: &Target, modules: &[ModuleEntry]) -> Vec<String> {
    let same = modules.iter().filter(|entry| entry.id.name == id.name);
    let builds = same.flat_map(|entry| entry.builds.iter().map(move |build| (entry, build)));
    let others = builds.filter(|(entry, build)| entry.id != *id || build.target != *target);
    let said = others.map(|(entry, build)| {
        let state = if build.installed { "installed" } else { "built" };
        format!("{} for {}: {state}", entry.id, build.target)
    });
    said.collect()
}

fn next(id: &ModuleId, target: &Target, plan: &Plan) -> Vec<String> {
    let is_step = |step: &&Step| step.module == *id && step.target.as_ref().is_none_or(|of| of == target);
    let steps = plan.steps.iter().filter(is_step).map(|step| format!("{}: {}", step.operation.verb(), step.why));
    let is_omission = |omission: &&Omission| {
        omission.module.as_ref() == Some(id) && omission.target.as_ref().is_none_or(|of| of == target)
    };
    let omissions = plan.omissions.iter().filter(is_omission).map(|omission| match &omission.reason {
        Reason::Pending { on, text, .. } => format!("waits for {on}: {text}"),
        reason => reason.text().to_owned(),
    });
    steps.chain(omissions).collect()
}

impl std::fmt::Display for Story {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { module, version, kernel, arch, standing, .. } = self;
        write!(f, "{module}/{version} for {kernel} ({arch}): {standing}")?;
        if let Some(Attempt { operation, code, time, error, line, cause, hint, log }) = &self.failed {
            let ago = ago(crate::sys::now().saturating_sub(*time));
            write!(f, "\n  failed:   the last {operation}, {ago} (exit status {code})")?;
            let rows = [("why", line.as_ref().or(Some(error))), ("cause", cause.as_ref()), ("hint", hint.as_ref())];
            for (title, text) in rows.into_iter().filter_map(|(title, text)| Some((title, text?))) {
                write!(f, "\n  {:<9} {text}", format!("{title}:"))?;
            }
            if let Some(log) = log {
                write!(f, "\n  log:      {}", log.display())?;
            }
        }
        if let Some(loads) = &self.loads {
            write!(f, "\n  loads:    {loads}")?;
        }
        for good in &self.good_for {
            write!(f, "\n  good for: {good}")?;
        }
        if self.next.is_empty() {
            return write!(f, "\n  next:     nothing is to be done");
        }
        self.next.iter().try_for_each(|next| write!(f, "\n  next:     {next}"))
    }
}

/// How long ago something was that happened so many seconds ago, in the largest unit of which there are two or more.
fn ago(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match () {
        () if days >= 2 => format!("{days} days ago"),
        () if hours >= 2 => format!("{hours} hours ago"),
        () if minutes >= 2 => format!("{minutes} minutes ago"),
        () => "a moment ago".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::ago;

    #[test]
    fn an_attempt_is_told_in_the_unit_that_a_person_would_use() {
        let cases = [
            (0, "a moment ago"),
            (119, "a moment ago"),
            (120, "2 minutes ago"),
            (7_199, "119 minutes ago"),
            (7_200, "2 hours ago"),
            (172_799, "47 hours ago"),
            (172_800, "2 days ago"),
        ];
        for (seconds, told) in cases {
            assert_eq!(ago(seconds), told, "{seconds}");
        }
    }
}
