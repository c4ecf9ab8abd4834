//! The words between plan and action: wish, policy, step, omission, outcome. Open to every layer, like `ids`.

pub(crate) mod repair;
pub(crate) mod scope;

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use crate::error::Error;
use crate::exit::Kind;
use crate::ids::{ModuleId, Target};

/// A switch of the command line or of framework.conf that changes how work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Switch {
    /// `--force`
    Force,
    /// `--force-version-override`
    SkipVersionCheck,
    /// `--rpm_safe_upgrade`
    RpmSafeUpgrade,
    /// `--no-depmod`
    NoDepmod,
    /// `--modprobe-on-install` or `modprobe_on_install`
    ModprobeOnInstall,
    /// At boot: what was missing when modules-load.d and devices asked for it is loaded once it is there.
    LoadWanted,
    /// `--symlink-modules` or `symlink_modules`
    SymlinkModules,
    /// Nobody in particular asks: what failed from all that is there now is not tried again.
    SkipKnownFailures,
    /// No script of a module is run before or after its install: what it changed would not be in the extension that is made.
    WithoutScripts,
    /// What preflight saw fail from the very same is not compiled to fail again.
    TrustPreflight,
    /// Preflight: how a build failed is kept for the event that comes.
    KeepFailures,
    /// `unbuild`: the build is not kept among the finished ones.
    DiscardBuild,
}

/// How the work is to be done, whoever asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Policy {
    /// The switches that are on.
    pub(crate) switches: BTreeSet<Switch>,
    /// `-j N`, else framework.conf's parallel_jobs; None: the number of processors. Some(0): no limit.
    pub(crate) jobs: Option<usize>,
    /// What overrides the kernel's and the module's own files.
    pub(crate) inputs: Inputs,
    /// What becomes of the initramfs of kernels whose modules change.
    pub(crate) initramfs: InitramfsCare,
}

/// What becomes of the initramfs of kernels whose modules change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum InitramfsCare {
    /// Nothing: a person changes modules.
    #[default]
    Leave,
    /// It is noted that it may be out of date: the end of the transaction sees to it.
    Note,
    /// It is made anew where it holds a module that changed; what is noted from before counts, too.
    Renew,
    /// Others see to that of this kernel: it is about to be made with the modules that are there by then, or goes.
    Others(Target),
}

impl Policy {
    /// Whether a switch is on.
    pub(crate) fn has(&self, switch: Switch) -> bool {
        self.switches.contains(&switch)
    }
}

/// Files and directives from the command line that replace those of the module or the kernel.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inputs {
    /// `-c FILE`: instead of the source's dkms.conf.
    pub(crate) conf: Option<PathBuf>,
    /// `--config FILE`: instead of the kernel's configuration.
    pub(crate) kernel_config: Option<PathBuf>,
    /// `--kernelsourcedir DIR`: instead of INSTALLTREE/KVER/build.
    pub(crate) kernel_source_dir: Option<PathBuf>,
    /// `--directive NAME=VALUE`, in order.
    pub(crate) directives: Vec<String>,
}

/// Where a source comes from that is to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AddSource {
    /// SOURCETREE/NAME-VERSION is there already.
    SourceTree,
    /// This folder is copied there first.
    Folder(PathBuf),
    /// An archive brings it, and maybe builds; it takes the place of what is there.
    Archive(Unpacked),
}

impl AddSource {
    /// Whether it brings a finished build for this kernel.
    pub(crate) fn brings(&self, target: &Target) -> bool {
        matches!(self, AddSource::Archive(unpacked) if unpacked.builds.iter().any(|(built, _)| built == target))
    }
}

/// An archive that is unpacked in a folder of ours for as long as the command runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unpacked {
    pub(crate) file: PathBuf,
    pub(crate) form: ArchiveForm,
    /// The source folder; None when there are only builds.
    pub(crate) source: Option<PathBuf>,
    /// The dkms.conf of a module that comes without source.
    pub(crate) lone_conf: Option<PathBuf>,
    /// The builds, each a folder with `module/` in it.
    pub(crate) builds: Vec<(Target, PathBuf)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArchiveForm {
    /// Anybody: a source with a dkms.conf somewhere in it.
    Plain,
    Dkms,
}

/// What mktarball is to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tarball {
    /// The file; a name without a slash lies in the module's own folder of the tree.
    pub(crate) file: PathBuf,
    pub(crate) content: TarballContent,
    /// The kernels whose builds go into it.
    pub(crate) targets: Vec<Target>,
}

/// Which halves of a module an archive gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TarballContent {
    Everything,
    /// `--source-only`
    SourceOnly,
    /// `--binaries-only`
    BinariesOnly,
}

/// One thing that is done to one module, and to one kernel unless it is `Add`, `Forget` or `MakeTarball`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Register the source; ends *added*.
    Add(AddSource),
    /// Compile; ends *built*. An existing build is replaced when the new one is ready.
    Build,
    /// Put the built modules under the kernel; ends *installed*.
    Install,
    /// Note the build as the one that the kernel has, for modules that build on it; nothing is put under the kernel. Only in a
    /// tree that is thrown away.
    Serve,
    /// Take them out again, restore originals; ends *built*.
    Uninstall,
    /// Delete the build of this kernel; ends *added* (or without this kernel).
    Unbuild,
    /// Forget the module/version; its source stays in SOURCETREE.
    Forget,
    /// Note what a build of another DKMS is made from, as it stands; nothing of it changes.
    Adopt,
    /// Have the kernel's initramfs made anew, as modules in it changed. The step's module is one of them.
    RenewInitramfs,
    /// Write an archive of source and builds; the state stays.
    MakeTarball(Tarball),
}

impl Operation {
    /// The verb as the command line spells it.
    pub(crate) fn verb(&self) -> &'static str {
        match self {
            Operation::Add(_) => "add",
            Operation::Build => "build",
            Operation::Install => "install",
            Operation::Serve => "serve",
            Operation::Uninstall => "uninstall",
            Operation::Unbuild => "unbuild",
            Operation::Forget => "remove",
            Operation::Adopt => "adopt",
            Operation::RenewInitramfs => "initramfs",
            Operation::MakeTarball(_) => "mktarball",
        }
    }
}

/// The place of a step in its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct StepId(pub(crate) usize);

/// One step of a plan.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) id: StepId,
    /// The module it works on.
    pub(crate) module: ModuleId,
    /// The kernel it works on; none for `Add`, `Forget` and `MakeTarball`.
    pub(crate) target: Option<Target>,
    pub(crate) operation: Operation,
    pub(crate) why: String,
    /// Steps that must have ended well before; when one did not, this one is skipped.
    pub(crate) after: Vec<StepId>,
}

/// Something that the plan leaves out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Omission {
    /// The module, when one is known.
    pub(crate) module: Option<ModuleId>,
    /// The kernel, when it is about one.
    pub(crate) target: Option<Target>,
    /// What is left out, where it would only follow other steps.
    pub(crate) follows: Option<Operation>,
    /// Why it is left out.
    pub(crate) reason: Reason,
}

/// Why a plan leaves something out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reason {
    /// It is so already, or there is nothing to do: success.
    AlreadySo { text: String },
    /// A package brought it finished: success.
    Brought { text: String },
    /// It cannot or may not be done: an error when a person asked for it, a skip when an event did.
    Refused {
        /// The case, which gives the exit code.
        case: Kind,
        text: String,
        /// What to do about it.
        hints: Vec<String>,
    },
    /// It will be done when something arrives.
    Pending {
        /// The package or thing that is missing, in the words of this distribution.
        on: String,
        /// The case that a plain command would end with.
        case: Kind,
        text: String,
    },
}

impl Reason {
    pub(crate) fn text(&self) -> &str {
        match self {
            Reason::AlreadySo { text }
            | Reason::Brought { text }
            | Reason::Refused { text, .. }
            | Reason::Pending { text, .. } => text,
        }
    }
}

/// What is to be done, in an order in which it could be done one by one, and what is not, each with its reason.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    /// The steps; `after` refers to earlier ones only.
    pub(crate) steps: Vec<Step>,
    pub(crate) omissions: Vec<Omission>,
}

impl Plan {
    /// Appends a step and gives its place.
    pub(crate) fn push(
        &mut self,
        module: ModuleId,
        target: Option<Target>,
        operation: Operation,
        why: impl Into<String>,
        after: Vec<StepId>,
    ) -> StepId {
        let id = StepId(self.steps.len());
        self.steps.push(Step { id, module, target, operation, why: why.into(), after });
        id
    }

    pub(crate) fn omit(&mut self, module: Option<ModuleId>, target: Option<Target>, reason: Reason) {
        self.omissions.push(Omission { module, target, follows: None, reason });
    }

    /// Names what does not follow the steps that are done for this kernel, and why.
    pub(crate) fn omit_after(&mut self, operation: Operation, module: ModuleId, target: Target, reason: Reason) {
        let (module, target, follows) = (Some(module), Some(target), Some(operation));
        self.omissions.push(Omission { module, target, follows, reason });
    }
}

impl Plan {
    /// A plan that does nothing, for this reason.
    pub(crate) fn nothing(why: &str) -> Self {
        let mut plan = Self::default();
        plan.omit(None, None, Reason::AlreadySo { text: why.to_owned() });
        plan
    }

    /// Appends another plan's steps and omissions, which come after those that are there.
    pub(crate) fn append(&mut self, other: Plan) {
        let offset = self.steps.len();
        for mut step in other.steps {
            step.id.0 += offset;
            step.after.iter_mut().for_each(|id| id.0 += offset);
            self.steps.push(step);
        }
        self.omissions.extend(other.omissions);
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            write!(f, "{:<9} {}", step.operation.verb(), step.module)?;
            if let Some(target) = &step.target {
                write!(f, " for {target}")?;
            }
            writeln!(f, ": {}", step.why)?;
        }
        for omission in &self.omissions {
            f.write_str("leave     ")?;
            if let Some(module) = &omission.module {
                write!(f, "{module}")?;
            }
            if let Some(target) = &omission.target {
                write!(f, " for {target}")?;
            }
            writeln!(f, ": {}", omission.reason.text())?;
        }
        if self.steps.is_empty() && self.omissions.is_empty() {
            writeln!(f, "nothing to do")?;
        }
        Ok(())
    }
}

/// What became of a step.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    Done,
    Failed(Error),
    /// The build found out that this kernel is excluded, or a later fact made it needless.
    Refused(Error),
    /// A step before it failed.
    Skipped {
        because: StepId,
    },
}
