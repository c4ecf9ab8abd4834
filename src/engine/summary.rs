//! What came of a plan, in a few lines for the end of a transaction: on standard error, where package managers show it,
//! and in the system's log, where it is found later.

use std::collections::BTreeMap;
use std::fmt;

use crate::error::{Error, failed};
use crate::ids::{ModuleId, Target};
use crate::report::Reporter;
use crate::step::{Omission, Operation, Outcome, Plan, StepId};
use crate::sys::System;
use crate::sys::journal::{self, Gravity};

use crate::engine::essential::Lack;
use crate::engine::pending;

/// What happened to modules, each with its kernels. Several plans may add to it.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    lines: Vec<Line>,
}

#[derive(Debug, PartialEq, Eq)]
struct Line {
    gravity: Gravity,
    text: String,
    /// What programs find it by in the system's log.
    fields: Vec<(&'static str, String)>,
}

/// What a line of the log is about, for `journalctl MESSAGE_ID=…` (dkms(8) lists them). They never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Installed,
    Removed,
    Failed,
    Waiting,
    Lacking,
    Untrusted,
    Initramfs,
}

impl About {
    fn id(self) -> &'static str {
        match self {
            About::Installed => "83d13827e4efb616568c09f84e0eb156",
            About::Removed => "9f68169f8ceb53397adcfdefed186bdb",
            About::Failed => "6402321a49e9e716937fbd8915e42d44",
            About::Waiting => "cab7cf3dfabea7ad015afa557c1988d2",
            About::Lacking => "85a74d1cc5a92f26243f085a9d32dae9",
            About::Untrusted => "743f9bd82f74a06bf86fbb9d4325451d",
            About::Initramfs => "2a632deb9ad8f480480c8a2aaefa330b",
        }
    }

    fn line(self, gravity: Gravity, text: String) -> Line {
        Line { gravity, text, fields: vec![("MESSAGE_ID", self.id().to_owned())] }
    }
}

impl Line {
    /// With the module and the kernels that it is about.
    fn of(mut self, module: Option<&ModuleId>, kernels: &[&Target]) -> Self {
        let named = module
            .into_iter()
            .flat_map(|id| [("MODULE", id.name.to_string()), ("MODULE_VERSION", id.version.to_string())]);
        self.fields.extend(named);
        self.fields.extend(kernels.iter().map(|target| ("KERNEL", target.kernel.to_string())));
        self
    }
}

/// What became of a module on a kernel; the order is that of the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Removed,
    Installed,
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fate::Installed => "installed",
            Fate::Removed => "removed",
        })
    }
}

impl Summary {
    /// Of one plan and its outcomes.
    pub(crate) fn of(
        plan: &Plan,
        outcomes: &[(StepId, Outcome)],
        is_unsigned: &dyn Fn(&ModuleId, &Target) -> bool,
    ) -> Self {
        let mut summary = Self::default();
        summary.add_done(plan, outcomes, is_unsigned);
        summary.add_initramfs(plan, outcomes);
        summary.add_failed(plan, outcomes);
        summary.add_pending(plan);
        summary
    }

    /// Of kernels that lack an essential module.
    pub(crate) fn of_lacks(lacks: &[Lack]) -> Self {
        let line = |lack: &Lack| About::Lacking.line(Gravity::Critical, lack.to_string()).of(None, &[&lack.target]);
        Self { lines: lacks.iter().map(line).collect() }
    }

    /// Of what is not tried again, since it has failed and nothing has changed.
    pub(crate) fn of_known(left_out: &[&Omission]) -> Self {
        let line = |left: &&Omission| {
            let line = About::Failed.line(Gravity::Warning, left.reason.text().to_owned());
            line.of(left.module.as_ref(), &Vec::from_iter(&left.target))
        };
        Self { lines: left_out.iter().map(line).collect() }
    }

    /// Of modules that their kernels would not load, a line for each reason.
    pub(crate) fn of_untrusted(lines: Vec<String>) -> Self {
        Self { lines: lines.into_iter().map(|text| About::Untrusted.line(Gravity::Warning, text)).collect() }
    }

    /// Tells it: to the reporter what it has not told yet, to the live system's log all of it.
    pub(crate) fn tell(&self, system: &System, reporter: &dyn Reporter) {
        for line in &self.lines {
            journal::tell(system, reporter, line.gravity, &line.text, &line.fields);
        }
    }

    /// Whether the log gets this error by a line of the summary.
    pub(crate) fn logs(&self, system: &System, error: &Error) -> bool {
        let has = |line: &Line| line.gravity == Gravity::Error && line.text.contains(error.message());
        journal::has_stderr(system) && self.lines.iter().any(has)
    }

    fn add_done(
        &mut self,
        plan: &Plan,
        outcomes: &[(StepId, Outcome)],
        is_unsigned: &dyn Fn(&ModuleId, &Target) -> bool,
    ) {
        let mut done: BTreeMap<(Fate, &ModuleId), Vec<&Target>> = BTreeMap::new();
        for step in
            outcomes.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Done)).map(|(id, _)| &plan.steps[id.0])
        {
            let Some(target) = &step.target else { continue };
            let fate = match step.operation {
                Operation::Install => Fate::Installed,
                Operation::Uninstall | Operation::Unbuild => Fate::Removed,
                _ => continue,
            };
            let kernels = done.entry((fate, &step.module)).or_default();
            if !kernels.contains(&target) {
                kernels.push(target);
            }
        }
        for ((fate, module), kernels) in &done {
            let later = done.get(&(Fate::Installed, *module));
            // What was taken out to make place for itself is there again.
            let about = if *fate == Fate::Installed { About::Installed } else { About::Removed };
            let told = kernels.clone();
            let kernels: Vec<String> = kernels
                .iter()
                .filter(|kernel| *fate == Fate::Installed || !later.is_some_and(|later| later.contains(kernel)))
                .map(|kernel| match *fate == Fate::Installed && is_unsigned(module, kernel) {
                    true => format!("{} (unsigned)", kernel.kernel),
                    false => kernel.kernel.to_string(),
                })
                .collect();
            if !kernels.is_empty() {
                let text = format!("{module} {fate} for {}", kernels.join(", "));
                self.lines.push(about.line(Gravity::Info, text).of(Some(module), &told));
            }
        }
    }

    fn add_initramfs(&mut self, plan: &Plan, outcomes: &[(StepId, Outcome)]) {
        let done =
            outcomes.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Done)).map(|(id, _)| &plan.steps[id.0]);
        for step in done.filter(|step| step.operation == Operation::RenewInitramfs) {
            let Some(target) = &step.target else { continue };
            let text = format!("initramfs of {} made anew: {}", target.kernel, step.why);
            self.lines.push(About::Initramfs.line(Gravity::Info, text).of(None, &[target]));
        }
    }

    fn add_failed(&mut self, plan: &Plan, outcomes: &[(StepId, Outcome)]) {
        for (id, outcome) in outcomes {
            let (step, Outcome::Failed(error)) = (&plan.steps[id.0], outcome) else { continue };
            let kernel = step.target.as_ref().map(|target| format!(" for {}", target.kernel)).unwrap_or_default();
            let why = error.in_one_line();
            let text = match step.operation {
                Operation::RenewInitramfs => why,
                _ => {
                    let only = step.target.as_ref().map(|target| format!(" -k {}", target.kernel)).unwrap_or_default();
                    let more = format!("; `dkms why {}{only}` tells more", step.module);
                    // What failed is said once.
                    let is_named = error.message().contains(&step.module.to_string());
                    let what = format!("{} of {}{kernel}", step.operation.verb(), step.module);
                    format!("{}{more}", if is_named { why } else { failed(&what, &why) })
                }
            };
            let kernels: Vec<&Target> = step.target.iter().collect();
            self.lines.push(About::Failed.line(Gravity::Error, text).of(Some(&step.module), &kernels));
        }
    }

    fn add_pending(&mut self, plan: &Plan) {
        let line = |text| About::Waiting.line(Gravity::Warning, text);
        self.lines.extend(pending::lines(&plan.omissions).into_iter().map(line));
    }
}
