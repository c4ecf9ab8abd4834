//! What is said of a module and a kernel that is not there yet.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::exit::Kind;
use crate::ids::{ModuleId, Target};
use crate::step::{Operation, Outcome, Plan, Reason, StepId};

/// A module on a kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Verdict {
    pub(crate) module: ModuleId,
    pub(crate) target: Target,
    pub(crate) standing: Standing,
}

/// A sentence about one, and what to do.
pub(super) struct Told {
    pub(super) text: String,
    pub(super) hints: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub(crate) enum Standing {
    Builds,
    /// It is not meant for this kernel, or the kernel has it.
    Excluded {
        why: String,
    },
    Fails {
        case: String,
        why: String,
        hints: Vec<String>,
        log: Option<PathBuf>,
    },
    /// It cannot be told: something is missing, or there was no time.
    Unknown {
        why: String,
    },
}

impl Standing {
    /// As documents and lines name it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Standing::Builds => "builds",
            Standing::Excluded { .. } => "excluded",
            Standing::Fails { .. } => "fails",
            Standing::Unknown { .. } => "cannot tell",
        }
    }

    fn of(outcome: &Outcome, trying: Trying<'_>) -> Self {
        match outcome {
            Outcome::Done => match trying.untried {
                Some(why) => Standing::Unknown { why: format!("not tried: {why}") },
                None => Standing::Builds,
            },
            Outcome::Refused(error) => Standing::Excluded { why: error.in_one_line() },
            Outcome::Failed(error) if error.kind() == Kind::Interrupted && trying.is_out_of_time => {
                Standing::Unknown { why: "it took longer than preflight_timeout allows".to_owned() }
            }
            Outcome::Failed(error) => Self::of_error(error),
            Outcome::Skipped { .. } => {
                Standing::Unknown { why: "a module that it builds on does not build".to_owned() }
            }
        }
    }

    fn of_error(error: &Error) -> Self {
        use Kind::{
            DependencyMissing, DiskFull, HeadersMissing, InputOutput, Internal, Interrupted, LockTimeout, NoRoom,
            NotRoot,
        };
        let kind = error.kind();
        if kind == Interrupted {
            return Standing::Unknown { why: error.message().to_owned() };
        }
        if matches!(
            kind,
            DependencyMissing | DiskFull | HeadersMissing | InputOutput | Internal | LockTimeout | NoRoom | NotRoot
        ) {
            return Standing::Unknown { why: error.in_one_line() };
        }
        // The log that they name goes with the tree that was thrown away.
        let hints = error.hints().iter().filter(|hint| !hint.contains("make.log")).cloned().collect();
        Standing::Fails { case: kind.name(), why: error.in_one_line(), hints, log: None }
    }

    /// None: nothing was to be tried.
    fn of_reason(reason: &Reason) -> Option<Self> {
        Some(match reason {
            Reason::AlreadySo { .. } | Reason::Brought { .. } => return None,
            Reason::Pending { text, .. } => Standing::Unknown { why: text.clone() },
            Reason::Refused { case, text, .. } if case.is_fact() => Standing::Excluded { why: text.clone() },
            Reason::Refused { case: Kind::DependencyMissing | Kind::HeadersMissing, text, .. } => {
                Standing::Unknown { why: text.clone() }
            }
            Reason::Refused { case, text, hints } => {
                Standing::Fails { case: case.name(), why: text.clone(), hints: hints.clone(), log: None }
            }
        })
    }
}

/// How builds were tried.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Trying<'a> {
    /// Why nothing was built, so that every build is untried.
    pub(crate) untried: Option<&'a str>,
    /// Whether it was the clock that ended what was under way.
    pub(crate) is_out_of_time: bool,
}

/// What a plan and its outcomes say; by kernel, then by module.
pub(crate) fn all(plan: &Plan, outcomes: &[(StepId, Outcome)], trying: Trying<'_>) -> Vec<Verdict> {
    let of_steps = outcomes.iter().filter_map(|(id, outcome)| {
        let step = plan.steps.get(id.0).filter(|step| step.operation == Operation::Build)?;
        let standing = Standing::of(outcome, trying);
        Some(Verdict { module: step.module.clone(), target: step.target.clone()?, standing })
    });
    let of_omissions = plan.omissions.iter().filter_map(|omission| {
        let (module, target) = (omission.module.clone()?, omission.target.clone()?);
        Some(Verdict { module, target, standing: Standing::of_reason(&omission.reason)? })
    });
    let mut all: Vec<Verdict> = of_steps.chain(of_omissions).collect();
    all.sort_by(|one, other| (&one.target, &one.module).cmp(&(&other.target, &other.module)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Arch, KernelRelease, ModuleName, ModuleVersion};

    fn id(name: &str) -> ModuleId {
        ModuleId::new(ModuleName::new(name).unwrap(), ModuleVersion::new("1").unwrap())
    }

    #[test]
    fn each_end_of_a_build_has_its_verdict() {
        let target = Target::new(KernelRelease::new("6.1").unwrap(), Arch::new("x86_64").unwrap());
        let error = |kind| Error::new(kind, "why").hint("the whole log is /var/lib/dkms/a/1/build/make.log");
        let ends = [
            (Outcome::Done, "builds"),
            (Outcome::Failed(error(Kind::MakeFailed)), "fails"),
            (Outcome::Failed(error(Kind::OtherKernel)), "fails"),
            (Outcome::Failed(error(Kind::Interrupted)), "cannot tell"),
            (Outcome::Failed(error(Kind::DiskFull)), "cannot tell"),
            (Outcome::Refused(error(Kind::Excluded)), "excluded"),
            (Outcome::Skipped { because: StepId(0) }, "cannot tell"),
        ];
        for (outcome, expected) in ends {
            let mut plan = Plan::default();
            let step = plan.push(id("a"), Some(target.clone()), Operation::Build, "", Vec::new());
            let found = all(&plan, &[(step, outcome)], Trying::default());
            assert_eq!(found[0].standing.name(), expected);
            if let Standing::Fails { hints, .. } = &found[0].standing {
                assert!(hints.is_empty(), "a log that is gone is not named: {hints:?}");
            }
        }
        for (is_out_of_time, why) in
            [(true, "it took longer than preflight_timeout allows"), (false, "interrupted by SIGTERM")]
        {
            let mut plan = Plan::default();
            let step = plan.push(id("a"), Some(target.clone()), Operation::Build, "", Vec::new());
            let outcome = Outcome::Failed(Error::new(Kind::Interrupted, "interrupted by SIGTERM"));
            let found = all(&plan, &[(step, outcome)], Trying { is_out_of_time, ..Trying::default() });
            assert_eq!(found[0].standing, Standing::Unknown { why: why.to_owned() });
        }
        let mut plan = Plan::default();
        let excluded = Reason::Refused { case: Kind::Excluded, text: "no".into(), hints: Vec::new() };
        plan.omit(Some(id("b")), Some(target.clone()), excluded);
        plan.omit(Some(id("c")), Some(target), Reason::AlreadySo { text: "installed".into() });
        let found = all(&plan, &[], Trying::default());
        assert_eq!(found.iter().map(|verdict| verdict.standing.name()).collect::<Vec<_>>(), ["excluded"]);
    }
}
