//! The words of fsck between plan and action: what is wrong on disk, and what mends it.

use std::path::PathBuf;

use super::{Plan, StepId};
use crate::ids::{KernelRelease, ModuleId, ModuleName, Target};

/// What kind of thing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Fault {
    /// A version whose source is gone.
    SourceMissing,
    /// A version whose source is there and whose link to it is not.
    SourceUnlinked,
    /// An install or uninstall that a dead run left half done.
    Interrupted,
    /// What a dead run staged.
    LeftOver,
    /// A folder for a kernel without the build that it should hold.
    HalfBuilt,
    /// A module file that is not in its build.
    BuiltMissing,
    /// A module file that is not under its kernel.
    InstalledMissing,
    /// A module file under a kernel that is not the one that was built.
    InstalledDiffers,
    /// A module under a kernel that we put there, of a version that is not in the tree any more.
    EntryMissing,
    /// A link that names a build as installed which is not there.
    LinkDangling,
    /// Something of a kernel that has gone.
    KernelGone,
    /// A folder that holds nothing.
    Empty,
    /// Something in the tree that is no version of a module.
    Unknown,
    /// A note about something that is no more.
    StaleRecord,
    /// A lock file that names a process which is no more.
    StaleLock,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) fault: Fault,
    /// The module that it is about, if it is about one.
    pub(crate) module: Option<ModuleId>,
    /// The kernel that it is about, if it is about one.
    pub(crate) target: Option<Target>,
    /// The file or folder, without the root.
    pub(crate) path: Option<PathBuf>,
    /// What is wrong, in a sentence.
    pub(crate) text: String,
    pub(crate) mend: Mend,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mend {
    /// These steps of the plan.
    Steps(Vec<StepId>),
    /// What every run under the lock does first: completing or undoing what a dead one left.
    Recovery,
    /// Taking something away that is ours and of no use.
    Clear(Clearing),
    /// A person: what to do. It is not ours, or nobody can tell whose it is.
    Person(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Clearing {
    /// A file or folder of the tree (opened).
    OfTree(PathBuf),
    /// The link that says what is installed of a module on a kernel.
    ActiveLink(ModuleName, Target),
    /// depmod's lists and empty folders of a kernel that has gone.
    ListsOf(KernelRelease),
}

/// What is wrong, and the steps that mend what steps can mend.
#[derive(Debug, Clone, Default)]
pub(crate) struct Repairs {
    /// In the order of the disk.
    pub(crate) findings: Vec<Finding>,
    pub(crate) plan: Plan,
}

impl Finding {
    /// Whether a person has to mend it.
    pub(crate) fn is_for_a_person(&self) -> bool {
        matches!(self.mend, Mend::Person(_))
    }

    /// Whether this is what another look found before.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let about =
            |finding: &Self| (finding.fault, finding.module.clone(), finding.target.clone(), finding.path.clone());
        about(self) == about(other)
    }
}
