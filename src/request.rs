//! What is wanted, whoever asked: a person on the command line or a package manager's event. Nothing is left open; no
//! flag is left to interpret.

use std::path::PathBuf;

use crate::ids::{ModuleId, Target};
use crate::plan;
use crate::snapshot::{Interest, Modules, Snapshot};
use crate::step::scope::{Extent, Only, Trial, Within};
use crate::step::{AddSource, Plan, Policy, Switch, TarballContent};

/// A wish with the policy under which it is carried out.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) wish: Wish,
    pub(crate) policy: Policy,
}

#[derive(Debug, Clone)]
pub(crate) enum Wish {
    Add {
        id: ModuleId,
        source: AddSource,
    },
    /// End *built* for each kernel.
    Build {
        id: ModuleId,
        /// Where its source is, should it have to be added.
        source: AddSource,
        targets: Vec<Target>,
    },
    /// End *installed* for each kernel.
    Install {
        id: ModuleId,
        /// Where its source is, should it have to be added.
        source: AddSource,
        targets: Vec<Target>,
    },
    /// Fall back to *built*.
    Uninstall {
        id: ModuleId,
        kernels: Kernels,
    },
    /// Fall back to *added*.
    Unbuild {
        id: ModuleId,
        kernels: Kernels,
    },
    /// Unbuild, and forget the version when no build is left.
    Remove {
        id: ModuleId,
        kernels: Kernels,
    },
    /// The newest version of every AUTOINSTALL module, installed for these kernels.
    Autoinstall {
        targets: Vec<Target>,
    },
    /// Install for one kernel what is installed for another.
    Match {
        /// The kernel that gets the modules.
        target: Target,
        /// The kernel that has them.
        template: Target,
        /// The one module that is meant, if not all are.
        only: Option<Only>,
    },
    /// A kernel leaves, or is about to be unpacked anew: take its builds away.
    KernelLeaves {
        target: Target,
        which: Leaving,
    },
    /// A package brought this module (new, changed or the same): end with it built from the source that is there now,
    /// installed for every kernel with headers and noted as waiting for the others, and with what the package brought
    /// before gone.
    ModuleArrived {
        id: ModuleId,
        /// Where its source is: in the source tree, or in an archive that the package brought.
        source: AddSource,
        /// Its kernels: every one.
        targets: Vec<Target>,
    },
    /// An archive of a module.
    MakeTarball {
        id: ModuleId,
        /// The kernels whose builds go into it.
        kernels: Kernels,
        content: TarballContent,
        /// Its file, if one was named.
        file: Option<PathBuf>,
    },
    /// Whatever is out of date on this root: kernels and packages that have gone, sources that packages brought, modules that are
    /// missing or were built from something else.
    Reconcile {
        targets: Vec<Target>,
        extent: Extent,
        /// What it is limited to.
        within: Within,
    },
    /// Build, in a tree that is thrown away, what kernels would get.
    Trial(Trial),
    /// Nothing at all, for a reason.
    Nothing {
        why: String,
    },
}

/// Which kernels an unmaking action is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kernels {
    Given(Vec<Target>),
    /// Every one the module is built for (`--all`).
    All,
}

/// Which modules leave with a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// Every one (prerm).
    Every,
    /// Those that the postinst will build again (preinst).
    AutoinstallOnly,
}

impl Request {
    /// A request that asks for nothing: a plain look at the tree.
    pub(crate) fn nothing() -> Self {
        Self { wish: Wish::Nothing { why: String::new() }, policy: Policy::default() }
    }

    /// The plan for this request, given what is on disk.
    pub(crate) fn plan(&self, snapshot: &Snapshot) -> Plan {
        let mut plan = self.plan_of_its_own(snapshot);
        plan::dependants::renew(&mut plan, snapshot, &self.policy);
        if matches!(self.wish, Wish::Trial(_)) {
            plan::trial::put_nothing_in_place(&mut plan);
        }
        if matches!(self.wish, Wish::Autoinstall { .. } | Wish::ModuleArrived { .. } | Wish::Reconcile { .. }) {
            plan::adoption::adopt(&mut plan, snapshot);
        }
        plan
    }

    fn plan_of_its_own(&self, snapshot: &Snapshot) -> Plan {
        let policy = &self.policy;
        match &self.wish {
            Wish::Add { id, source } => plan::lifecycle::add(id, source, snapshot, policy),
            Wish::Build { id, source, targets } => plan::lifecycle::build(id, source, targets, snapshot, policy),
            Wish::Install { id, source, targets } => plan::lifecycle::install(id, source, targets, snapshot, policy),
            Wish::Uninstall { id, kernels } => plan::unmake::uninstall(id, kernels.given(), snapshot),
            Wish::Unbuild { id, kernels } => plan::unmake::unbuild(id, kernels.given(), snapshot),
            Wish::Remove { id, kernels } => plan::unmake::remove(id, kernels.given(), snapshot),
            Wish::Autoinstall { targets } => plan::autoinstall::on_each(targets, snapshot, policy),
            Wish::Match { target, template, only } => {
                plan::autoinstall::like(target, template, only.as_ref(), snapshot, policy)
            }
            Wish::KernelLeaves { target, which: Leaving::Every } => {
                plan::unmake::kernel_leaves(target, snapshot, policy)
            }
            Wish::KernelLeaves { target, which: Leaving::AutoinstallOnly } => {
                plan::unmake::kernel_is_replaced(target, snapshot)
            }
            Wish::ModuleArrived { id, source, targets } => {
                plan::arrival::module_arrived(id, source, targets, snapshot, policy)
            }
            Wish::MakeTarball { id, kernels, content, file } => {
                let wanted =
                    plan::tarball::Wanted { targets: kernels.given(), content: *content, file: file.as_deref() };
                plan::tarball::make(id, wanted, snapshot)
            }
            Wish::Reconcile { targets, extent, within } => {
                plan::reconcile::reconcile(targets, *extent, within, snapshot, policy)
            }
            Wish::Trial(trial) => plan::trial::of(trial, snapshot, policy),
            Wish::Nothing { why } => Plan::nothing(why),
        }
    }

    /// The modules and kernels whose dkms.conf the plan has to know.
    pub(crate) fn interest(&self) -> Interest {
        self.interest_of_wish().that_remembers(self.policy.has(Switch::SkipKnownFailures))
    }

    fn interest_of_wish(&self) -> Interest {
        match &self.wish {
            Wish::Add { id, source } => Interest::module(id, source, &[]),
            Wish::Build { id, source, targets } => Interest::module(id, source, targets),
            Wish::Install { id, source, targets } | Wish::ModuleArrived { id, source, targets } => {
                Interest::module(id, source, targets).with_dependants()
            }
            Wish::Autoinstall { targets } => Interest::of(Modules::Newest, targets).with_dependants(),
            Wish::Reconcile { targets, extent: Extent::Everything, .. } => {
                Interest::of(Modules::Newest, targets).with_dependants().of_the_whole_disk()
            }
            Wish::Reconcile { extent: Extent::RemovalsOnly, .. } => Interest::none().of_the_whole_disk(),
            Wish::Match { target, template, .. } => {
                Interest::of(Modules::InstalledOn(template.clone()), std::slice::from_ref(target)).with_dependants()
            }
            Wish::KernelLeaves { target, which: Leaving::AutoinstallOnly } => {
                Interest::of(Modules::BuiltFor(target.clone()), std::slice::from_ref(target))
            }
            Wish::KernelLeaves { target, which: Leaving::Every } => {
                Interest::of(Modules::LinkedTo(target.clone()), &[])
            }
            Wish::Uninstall { id, .. } | Wish::Unbuild { id, .. } | Wish::Remove { id, .. } => Interest::unmade(id),
            Wish::Trial(trial) => {
                let targets = [&trial.coming[..], &trial.present].concat();
                Interest::of(Modules::Every, &targets)
            }
            _ => Interest::none(),
        }
    }
}

impl Kernels {
    /// The given ones; None for all.
    pub(crate) fn given(&self) -> Option<&[Target]> {
        match self {
            Kernels::Given(targets) => Some(targets),
            Kernels::All => None,
        }
    }
}
