//! What is on disk now, read once: modules with their states, kernels with and without headers, what each dkms.conf of
//! interest says. Plans are made from it and from nothing else.

pub(crate) mod absent;
pub(crate) mod damage;
mod dependants;
pub(crate) mod initramfs;
pub(crate) mod inputs;
pub(crate) mod ownership;
pub(crate) mod prebuilt;
mod reading;
mod waiting;
mod whole;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

pub(crate) use dependants::BuiltWith;
use inputs::Making;
pub(crate) use whole::other_sources;

use crate::conf::{self, Commands, ConfError, Framework, Loaded};
use crate::ids::{ModuleId, ModuleName, Target};
use crate::kernel::prebuilt::Prebuilt;
use crate::kernel::{self, Headers, Kernel};
use crate::step::{AddSource, Inputs};
use crate::sys::os_release::OsRelease;
use crate::sys::{System, side_by_side};
use crate::tree::brought::Copies;
use crate::tree::digests::KnownDigests;
use crate::tree::intent::{self, Intent};
use crate::tree::leaving::{self, Leaving};
use crate::tree::{ModuleEntry, Tree, orphan};
use crate::version;

/// The disk as far as plans are concerned.
#[derive(Debug, Clone, Default)]
pub(crate) struct Snapshot {
    /// Every module version of the tree, in the order of a sorted directory walk.
    pub(crate) modules: Vec<ModuleEntry>,
    /// The kernels of interest and those present.
    pub(crate) kernels: BTreeMap<Target, Kernel>,
    /// Sources that are of interest, registered or not.
    pub(crate) sources: BTreeMap<ModuleId, Source>,
    /// dkms.conf of the modules of interest, by kernel.
    pub(crate) confs: BTreeMap<(ModuleId, Target), Result<Loaded, ConfError>>,
    /// Builds that something of ours is noted about, of which this has changed since ("source", "kernel headers" …).
    pub(crate) outdated: BTreeMap<(ModuleId, Target), Vec<String>>,
    /// Builds that were not put into their kernels since they were made.
    pub(crate) waiting: BTreeSet<(ModuleId, Target)>,
    /// Installed builds of which a file is missing under the kernel, or was replaced by one that nobody owns.
    pub(crate) lost: BTreeSet<(ModuleId, Target)>,
    /// Installed builds in whose place another module of ours was put since.
    pub(crate) displaced: BTreeMap<(ModuleId, Target), ModuleId>,
    /// Builds that were not installed, as what the kernel has counts more: what was found, in a sentence.
    pub(crate) served: BTreeMap<(ModuleId, Target), String>,
    /// What packages brought finished, where that may serve.
    pub(crate) prebuilt: BTreeMap<(ModuleName, Target), Prebuilt>,
    /// The names of the modules that are part of a kernel's image.
    pub(crate) builtin: BTreeMap<Target, BTreeSet<String>>,
    /// Builds that are not signed, and can be now.
    pub(crate) unsigned: BTreeSet<(ModuleId, Target)>,
    /// Those of them that are not installed and whose kernel loads signed modules only.
    pub(crate) barred: BTreeSet<(ModuleId, Target)>,
    /// Builds that nothing is noted about and whose modules say that they are for this kernel: another DKMS made them.
    pub(crate) adoptable: BTreeSet<(ModuleId, Target)>,
    /// Builds that are to be renewed with their dependencies, and the versions of those that they were made with.
    pub(crate) built_with: BuiltWith,
    /// Installs and uninstalls that a dead run left half done.
    pub(crate) interrupted: Vec<Intent>,
    pub(crate) os: OsRelease,
    /// Versions whose package is being replaced or has gone.
    pub(crate) leaving: Vec<Leaving>,
    /// Those of them whose source is there although their transaction is over: they stay.
    pub(crate) stayed: BTreeSet<ModuleId>,
    /// Notes of failures for kernels that have gone, and (without a kernel) of persons' removals of sources that have.
    pub(crate) moot: BTreeSet<(ModuleId, Option<Target>)>,
    /// Leaving versions without a source that a package holds all the same: a person deleted it.
    pub(crate) held: BTreeSet<ModuleId>,
    /// Names of modules that leave or are abandoned and of which another version has its source in place: a successor that is
    /// about to arrive, or that waits for somebody.
    pub(crate) succeeded: BTreeSet<ModuleName>,
    /// Sources that packages brought and that are registered nowhere yet; `modules` holds them as if they were.
    pub(crate) arrivals: BTreeSet<ModuleId>,
    /// Broken versions that a package brought and none holds any more.
    pub(crate) abandoned: BTreeSet<ModuleId>,
    /// Kernels that have gone and for which something is built.
    pub(crate) gone: BTreeSet<Target>,
    /// Digests that had to be taken, for later runs.
    pub(crate) learnt: KnownDigests,
    /// A version whose folder in the tree was deleted and that is installed all the same, if the interest is in that.
    pub(crate) orphan: Option<ModuleEntry>,
    /// Builds that failed, from all that is there now, in this very transaction, or before where nobody in particular asks.
    pub(crate) tried: BTreeSet<(ModuleId, Target)>,
}

/// The source of one module version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) folder: PathBuf,
    pub(crate) content: Content,
    /// Whether a dkms.conf (or `-c FILE`) is there.
    pub(crate) has_conf: bool,
    /// How a folder that was named differs from the source of that name and version that is registered.
    pub(crate) named_otherwise: Option<String>,
}

/// What a source folder holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// The folder does not exist.
    Nothing,
    /// dkms.conf at most: nothing to build.
    ConfOnly,
    /// The same, of a module that came as builds alone.
    OnlyBuilds,
    Sources,
}

/// The modules and kernels whose dkms.conf a plan has to know.
#[derive(Debug, Clone)]
pub(crate) struct Interest {
    pub(crate) modules: Modules,
    pub(crate) targets: Vec<Target>,
    /// A version that is to be taken away: also where its folder in the tree was deleted.
    pub(crate) unmade: Option<ModuleId>,
    /// Whether those that were built with them are, too.
    pub(crate) dependants: bool,
    /// Whether sources that nobody registered, and kernels and packages that have gone, are looked for.
    pub(crate) whole: bool,
    /// Whether builds that failed in earlier transactions count as tried.
    pub(crate) remembers: bool,
}

/// Which modules are of interest.
#[derive(Debug, Clone)]
pub(crate) enum Modules {
    None,
    /// One, with the place of its source should it not be registered.
    One(ModuleId, AddSource),
    /// The newest version of every module.
    Newest,
    /// Every version of every module.
    Every,
    /// Those installed on this kernel.
    InstalledOn(Target),
    /// Those built for this kernel.
    BuiltFor(Target),
    /// Those that other kernels use by links to this kernel's build; those kernels are of interest, too.
    LinkedTo(Target),
}

impl Interest {
    pub(crate) fn none() -> Self {
        Self {
            modules: Modules::None,
            targets: Vec::new(),
            unmade: None,
            dependants: false,
            whole: false,
            remembers: false,
        }
    }

    /// What of this version is to be taken away, whether or not the tree knows it.
    pub(crate) fn unmade(id: &ModuleId) -> Self {
        Self { unmade: Some(id.clone()), ..Self::none() }
    }

    /// One module on these kernels.
    pub(crate) fn module(id: &ModuleId, source: &AddSource, targets: &[Target]) -> Self {
        Self::of(Modules::One(id.clone(), source.clone()), targets)
    }

    /// These modules on these kernels.
    pub(crate) fn of(modules: Modules, targets: &[Target]) -> Self {
        Self { modules, targets: targets.to_vec(), ..Self::none() }
    }

    /// With the modules that were built with them.
    #[must_use]
    pub(crate) fn with_dependants(self) -> Self {
        Self { dependants: true, ..self }
    }

    /// With what is known to have failed.
    #[must_use]
    pub(crate) fn that_remembers(self, remembers: bool) -> Self {
        Self { remembers, ..self }
    }

    /// With a look at the whole disk.
    #[must_use]
    pub(crate) fn of_the_whole_disk(self) -> Self {
        Self { whole: true, ..self }
    }
}

/// What a snapshot is taken of.
pub(crate) struct View<'a> {
    pub(crate) system: &'a System,
    pub(crate) framework: &'a Framework,
    pub(crate) tree: &'a Tree,
    /// What the command line puts in place of the module's and kernel's files.
    pub(crate) inputs: &'a Inputs,
}

impl Snapshot {
    pub(crate) fn take(view: &View<'_>, interest: &Interest) -> io::Result<Self> {
        let layout = view.tree.layout();
        let mut snapshot = Self {
            modules: view.tree.modules()?,
            interrupted: intent::left_over(layout)?,
            leaving: leaving::all(layout)?,
            os: view.system.os_release().cloned().unwrap_or_default(),
            ..Self::default()
        };
        snapshot.succeeded = whole::successors(view, snapshot.leaving.iter().map(|note| &note.id));
        snapshot.held = snapshot.held_by_packages(view);
        if let Some(id) = &interest.unmade {
            snapshot.orphan = orphan::entry(layout, id)?;
        }
        if interest.whole {
            snapshot.look_at_all(view);
        }
        let targets = snapshot.targets_of_interest(interest);
        snapshot.read_kernels(view, &targets);
        let memo = inputs::Memo::of_earlier_runs(layout, SystemTime::now());
        let of_interest = snapshot.of_interest(&interest.modules);
        for reading in
            side_by_side::map(&of_interest, |module| snapshot.read(view, module, (&targets, interest.remembers), &memo))
        {
            snapshot.take_in(reading);
        }
        if interest.dependants {
            snapshot.read_dependants(view, &targets);
        }
        snapshot.learnt = memo.learnt();
        Ok(snapshot)
    }

    /// One module version of the tree.
    pub(crate) fn module(&self, id: &ModuleId) -> Option<&ModuleEntry> {
        self.modules.iter().find(|entry| entry.id == *id)
    }

    /// Every version of a module.
    pub(crate) fn versions<'s>(&'s self, name: &'s ModuleName) -> impl Iterator<Item = &'s ModuleEntry> {
        self.modules.iter().filter(move |entry| entry.id.name == *name)
    }

    /// The version of a module that is installed on a kernel, weak-modules links included.
    pub(crate) fn installed<'s>(&'s self, name: &'s ModuleName, target: &Target) -> Option<&'s ModuleId> {
        self.versions(name).find(|entry| entry.is_installed_on(target)).map(|entry| &entry.id)
    }

    /// The newest version of every module that is not broken, by name.
    pub(crate) fn newest(&self) -> BTreeMap<ModuleName, &ModuleEntry> {
        let mut newest: BTreeMap<ModuleName, &ModuleEntry> = BTreeMap::new();
        for entry in self.modules.iter().filter(|entry| !entry.is_broken()) {
            let known = newest.entry(entry.id.name.clone()).or_insert(entry);
            if version::compare(entry.id.version.as_str(), known.id.version.as_str()).is_gt() {
                *known = entry;
            }
        }
        newest
    }

    /// Whether another version of the module is there, or about to be, that is to take this one's place.
    pub(crate) fn has_successor(&self, id: &ModuleId) -> bool {
        let is_other = |entry: &ModuleEntry| entry.id != *id && !entry.is_broken();
        self.succeeded.contains(&id.name) || self.versions(&id.name).any(is_other)
    }

    /// What dkms.conf of a module says for a kernel; None when it was not of interest.
    pub(crate) fn conf(&self, id: &ModuleId, target: &Target) -> Option<&Result<Loaded, ConfError>> {
        self.confs.get(&(id.clone(), target.clone()))
    }

    /// Whether the kernel's headers are there.
    pub(crate) fn has_headers(&self, target: &Target) -> bool {
        self.kernels.get(target).is_some_and(|kernel| matches!(kernel.headers, Headers::Present { .. }))
    }

    fn read_kernels(&mut self, view: &View<'_>, wanted: &[Target]) {
        for target in wanted {
            let source_dir = view.inputs.kernel_source_dir.as_deref();
            let kernel = kernel::installed::kernel(view.tree.layout(), target, source_dir);
            self.builtin.insert(target.clone(), kernel::builtin::modules(&kernel.folder));
            self.kernels.insert(target.clone(), kernel);
        }
    }

    fn held_by_packages(&self, view: &View<'_>) -> BTreeSet<ModuleId> {
        let broken = |id: &&ModuleId| self.module(id).is_some_and(ModuleEntry::is_broken);
        let conf = |id: &ModuleId| whole::named_conf(view.tree.layout(), id);
        let leaving = self.leaving.iter().map(|note| &note.id).filter(broken);
        leaving.filter(|id| ownership::is_owned(view.system, &conf(id))).cloned().collect()
    }

    fn targets_of_interest(&self, interest: &Interest) -> Vec<Target> {
        let mut targets = interest.targets.clone();
        if let Modules::LinkedTo(target) = &interest.modules {
            let linked: BTreeSet<Target> = self.modules.iter().flat_map(|entry| entry.links_to(target)).collect();
            targets.extend(linked);
        }
        targets
    }

    fn of_interest(&self, modules: &Modules) -> Vec<(ModuleId, AddSource)> {
        let registered = |entry: &ModuleEntry| (entry.id.clone(), AddSource::SourceTree);
        match modules {
            Modules::None => Vec::new(),
            Modules::One(id, source) => vec![(id.clone(), source.clone())],
            Modules::Every => self.modules.iter().map(registered).collect(),
            Modules::Newest => self.newest().values().map(|entry| registered(entry)).collect(),
            Modules::InstalledOn(target) => {
                self.modules.iter().filter(|entry| entry.is_installed_on(target)).map(registered).collect()
            }
            Modules::LinkedTo(target) => {
                let is_linked = |entry: &&ModuleEntry| entry.links_to(target).next().is_some();
                self.modules.iter().filter(is_linked).map(registered).collect()
            }
            Modules::BuiltFor(target) => {
                self.modules.iter().filter(|entry| entry.build(target).is_some()).map(registered).collect()
            }
        }
    }

    /// Whether the kernel has this version, but from an earlier build than the one that is there now.
    pub(crate) fn has_earlier_build(&self, id: &ModuleId, target: &Target) -> bool {
        let installed = self.module(id).and_then(|entry| entry.build(target)).is_some_and(|build| build.installed);
        installed && self.waiting.contains(&(id.clone(), target.clone()))
    }

    /// Whether files of an installed build are to be put back.
    pub(crate) fn has_lost_files(&self, id: &ModuleId, target: &Target) -> bool {
        self.lost.contains(&(id.clone(), target.clone()))
    }

    /// What a build was made from that is no longer so, in words; None when nothing is known to have changed.
    pub(crate) fn changed_since(&self, id: &ModuleId, target: &Target) -> Option<String> {
        self.outdated.get(&(id.clone(), target.clone())).map(|changed| changed.join(", "))
    }
}

/// What a build of a module for a kernel would be made from now, apart from the modules that it builds on.
pub(crate) fn inputs_of(view: &View<'_>, id: &ModuleId, target: &Target) -> Option<inputs::Digests> {
    let kernel = kernel::installed::kernel(view.tree.layout(), target, None);
    let source = view.tree.layout().source_link(id);
    inputs::digests(view, &Making { id, kernel: &kernel, source: &source, depends: &[] }, &inputs::Memo::default()).ok()
}

/// Evaluates a dkms.conf for a module and a kernel with what the command line says.
pub(crate) fn load(
    view: &View<'_>,
    file: &Path,
    (id, target): (&ModuleId, &Target),
    commands: Commands,
    memo: &inputs::Memo,
) -> Result<Loaded, ConfError> {
    load_with(view, file, (id, target), (commands, None), memo)
}

/// Evaluates what is kept of a module whose source has gone with its package.
pub(crate) fn load_copy(view: &View<'_>, copies: &Copies, id: &ModuleId, target: &Target) -> Result<Loaded, ConfError> {
    let (file, overrides) = (copies.source().join("dkms.conf"), copies.overrides());
    load_with(view, &file, (id, target), (Commands::Run, Some(&overrides)), &inputs::Memo::default())
}

fn load_with(
    view: &View<'_>,
    file: &Path,
    (id, target): (&ModuleId, &Target),
    (commands, copies): (Commands, Option<&Path>),
    memo: &inputs::Memo,
) -> Result<Loaded, ConfError> {
    let (kernel_source_dir, kernel_config) = memo.places(view, target);
    let context = conf::Context {
        target: Some(target),
        kernel_source_dir,
        kernel_config,
        module: Some(&id.name),
        version: Some(&id.version),
        parallel_jobs: crate::sys::processors(),
        directives: &view.inputs.directives,
        copies,
        memo: Some(&memo.confs),
    };
    conf::load(view.system, view.framework, file, &context, commands)
}
