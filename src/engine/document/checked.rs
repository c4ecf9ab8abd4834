//! What `dkms check` found, as its document.

use serde::Serialize;

use super::{CHECK, ErrorEntry, FailedEntry, OmissionEntry, StepEntry, Subject, failed, omission, step};
use crate::engine::essential::Lack;
use crate::engine::unlisted::{Answer, Unlisted};
use crate::engine::unsigned::Unsigned;
use crate::engine::untrusted::Untrusted;
use crate::error::{Error, Result};
use crate::ids::{ModuleId, ModuleName, Target};
use crate::step::{Omission, Step};
use crate::tree::records::Failure;

/// What `check` found, by what it means.
pub(crate) struct Checked<'a> {
    /// What the command ends with, if not well.
    pub(crate) error: Option<&'a Error>,
    /// `as-wanted`, `pending` or `failed`.
    pub(crate) state: &'static str,
    /// Steps that would bring this root up to date.
    pub(crate) to_do: Vec<&'a Step>,
    /// What waits for something to arrive.
    pub(crate) pending: Vec<&'a Omission>,
    /// Steps that failed and were not done since.
    pub(crate) failed: &'a [Failure],
    /// Modules that cannot be had as they are.
    pub(crate) refused: Vec<&'a Omission>,
    /// Kernels that lack essential modules.
    pub(crate) lacking: &'a [Lack],
    /// Modules that are not for a kernel, which no retry changes.
    pub(crate) cannot_be: Vec<&'a Omission>,
    /// Installed modules without a signature.
    pub(crate) unsigned: &'a [Unsigned],
    /// Installed modules whose signature their kernel does not trust.
    pub(crate) untrusted: &'a [Untrusted],
    /// Installed modules on kernels without headers that would not be loaded, or of which that cannot be told.
    pub(crate) unlisted: &'a [Unlisted],
    /// What kernels have meanwhile of modules that are not as wanted.
    pub(crate) serves: Vec<(ModuleId, Target)>,
    /// How each module stands on each kernel.
    pub(crate) standings: Vec<Standing>,
}

/// How a module stands on a kernel, in a word that never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) module: ModuleId,
    pub(crate) target: Target,
    pub(crate) standing: &'static str,
}

impl Standing {
    pub(crate) const FINE: &'static str = "fine";
    pub(crate) const TO_DO: &'static str = "to-be-done";
    pub(crate) const WAITING: &'static str = "waiting";
    pub(crate) const FAILED: &'static str = "failed";
    pub(crate) const CANNOT_BE: &'static str = "cannot-be";
    pub(crate) const LACKING: &'static str = "lacking";
    pub(crate) const ALL: [&'static str; 6] =
        [Self::FINE, Self::TO_DO, Self::WAITING, Self::FAILED, Self::CANNOT_BE, Self::LACKING];
}

#[derive(Debug, Serialize)]
struct StandingEntry {
    #[serde(flatten)]
    subject: Subject,
    standing: &'static str,
}

impl From<&Standing> for StandingEntry {
    fn from(Standing { module, target, standing }: &Standing) -> Self {
        Self { subject: Subject::new(Some(module), Some(target)), standing }
    }
}

#[derive(Debug, Serialize)]
struct UnsignedEntry {
    #[serde(flatten)]
    subject: Subject,
    why: String,
    loads: bool,
}

impl From<&Unsigned> for UnsignedEntry {
    fn from(unsigned: &Unsigned) -> Self {
        let Unsigned { module, target, why, refused } = unsigned;
        Self { subject: Subject::new(Some(module), Some(target)), why: why.clone(), loads: refused.is_none() }
    }
}

#[derive(Debug, Serialize)]
struct UntrustedEntry {
    #[serde(flatten)]
    subject: Subject,
    why: String,
}

impl From<&Untrusted> for UntrustedEntry {
    fn from(untrusted: &Untrusted) -> Self {
        let Untrusted { module, target, why } = untrusted;
        Self { subject: Subject::new(Some(module), Some(target)), why: why.clone() }
    }
}

#[derive(Debug, Serialize)]
struct UnlistedEntry {
    #[serde(flatten)]
    subject: Subject,
    why: String,
    /// None: nobody can tell.
    loads: Option<bool>,
}

impl From<&Unlisted> for UnlistedEntry {
    fn from(Unlisted { module, target, answer }: &Unlisted) -> Self {
        let (why, loads) = match answer {
            Answer::Refused(why) => (why.clone(), Some(false)),
            Answer::Unknown(why) => (why.clone(), None),
        };
        Self { subject: Subject::new(Some(module), Some(target)), why, loads }
    }
}

/// Whether all is as wanted.
pub(crate) fn check(found: &Checked<'_>) -> Result<String> {
    #[derive(Serialize)]
    struct Document {
        schema: &'static str,
        code: u8,
        error: Option<ErrorEntry>,
        state: &'static str,
        to_do: Vec<StepEntry>,
        pending: Vec<OmissionEntry>,
        failed: Vec<FailedEntry>,
        refused: Vec<OmissionEntry>,
        lacking: Vec<Subject>,
        cannot_be: Vec<OmissionEntry>,
        unsigned: Vec<UnsignedEntry>,
        untrusted: Vec<UntrustedEntry>,
        unlisted: Vec<UnlistedEntry>,
        serves: Vec<Subject>,
        standings: Vec<StandingEntry>,
    }
    crate::report::document(&Document {
        schema: CHECK,
        code: found.error.map_or(0, |error| error.kind().code()),
        error: found.error.map(ErrorEntry::from),
        state: found.state,
        to_do: found.to_do.iter().map(|planned| step(planned, None)).collect(),
        pending: found.pending.iter().copied().map(omission).collect(),
        failed: found.failed.iter().map(failed).collect(),
        refused: found.refused.iter().copied().map(omission).collect(),
        lacking: found.lacking.iter().flat_map(lacking).collect(),
        cannot_be: found.cannot_be.iter().copied().map(omission).collect(),
        unsigned: found.unsigned.iter().map(UnsignedEntry::from).collect(),
        untrusted: found.untrusted.iter().map(UntrustedEntry::from).collect(),
        unlisted: found.unlisted.iter().map(UnlistedEntry::from).collect(),
        serves: found.serves.iter().map(|(id, target)| Subject::new(Some(id), Some(target))).collect(),
        standings: found.standings.iter().map(StandingEntry::from).collect(),
    })
}

/// One entry for each module.
fn lacking(lack: &Lack) -> Vec<Subject> {
    let subject = |name: &ModuleName| Subject { module: Some(name.clone()), ..Subject::new(None, Some(&lack.target)) };
    lack.modules.iter().map(subject).collect()
}
