//! Snapshots made by hand, for tables of plans.

use std::path::PathBuf;

use crate::conf::{BuiltModule, ConfError, EvaluatedBy, Loaded, MakeCommand, ModuleConf};
use crate::ids::{Arch, KernelRelease, ModuleId, ModuleName, ModuleVersion, Target};
use crate::kernel::prebuilt::Prebuilt;
use crate::kernel::{Headers, Kernel};
use crate::snapshot::{Content, Snapshot, Source};
use crate::tree::{Build, ModuleEntry, VersionState};

/// `name/version`
pub(crate) fn id(words: &str) -> ModuleId {
    let (name, version) = words.split_once('/').expect("name/version");
    ModuleId::new(ModuleName::new(name).expect("a name"), ModuleVersion::new(version).expect("a version"))
}

/// A kernel of x86_64.
pub(crate) fn target(kernel: &str) -> Target {
    Target::new(KernelRelease::new(kernel).expect("a release"), Arch::new("x86_64").expect("an arch"))
}

/// Builds a snapshot word by word.
#[derive(Default)]
pub(crate) struct Sample {
    snapshot: Snapshot,
}

impl Sample {
    /// These kernels are there; one that ends with `-` lacks its headers, one that ends with `!` lies on a read-only file system.
    pub(crate) fn kernels(mut self, kernels: &[&str]) -> Self {
        for word in kernels {
            let read_only = word.ends_with('!');
            let target = target(word.trim_end_matches(['-', '!']));
            let folder = PathBuf::from("/lib/modules").join(&target.kernel);
            let build = folder.join("build");
            let headers = if word.ends_with('-') {
                Headers::Missing { folder: build, dangling: None }
            } else {
                Headers::Present { folder: build }
            };
            let kernel = Kernel { target: target.clone(), folder, present: true, read_only, headers, base: None };
            self.snapshot.kernels.insert(target, kernel);
        }
        self
    }

    /// A source that is not registered.
    pub(crate) fn source(mut self, module: &str) -> Self {
        let id = id(module);
        let folder = PathBuf::from("/usr/src").join(id.source_folder());
        self.snapshot
            .sources
            .insert(id.clone(), Source { folder, content: Content::Sources, has_conf: true, named_otherwise: None });
        for target in self.snapshot.kernels.keys() {
            self.snapshot.confs.insert((id.clone(), target.clone()), Ok(loaded(&id, "")));
        }
        self
    }

    /// A registered module. `builds`: kernels it is built for; a leading `+` means installed.
    pub(crate) fn module(mut self, module: &str, builds: &[&str]) -> Self {
        self = self.source(module);
        let id = id(module);
        let build = |word: &&str| Build {
            target: target(word.trim_start_matches('+')),
            stamp: None,
            installed: word.starts_with('+'),
            has_original: false,
            weak: Vec::new(),
        };
        let state = VersionState::Added { source: PathBuf::from("/usr/src").join(id.source_folder()) };
        self.snapshot.modules.push(ModuleEntry { id, state, builds: builds.iter().map(build).collect() });
        self
    }

    /// Links on this kernel lead to the build of the module added last for another one.
    pub(crate) fn linked(mut self, kernel: &str, to: &str) -> Self {
        let (linked, to) = (target(kernel), target(to));
        let builds = self.snapshot.modules.last_mut().into_iter().flat_map(|entry| &mut entry.builds);
        for build in builds.filter(|build| build.target == to) {
            build.weak.push((linked.kernel.clone(), linked.arch.clone()));
        }
        self
    }

    /// For its build for this kernel, a module of the kernel's own was put aside.
    pub(crate) fn original(mut self, kernel: &str) -> Self {
        let builds = self.snapshot.modules.last_mut().into_iter().flat_map(|entry| &mut entry.builds);
        builds.filter(|build| build.target == target(kernel)).for_each(|build| build.has_original = true);
        self
    }

    /// The module added last is broken.
    pub(crate) fn broken(mut self) -> Self {
        if let Some(entry) = self.snapshot.modules.last_mut() {
            entry.state = VersionState::Broken { why: "its source is gone".into() };
        }
        self
    }

    /// The module's dkms.conf says this on every kernel: words `noauto`, `excluded`, `bad`, `needs=OTHER`,
    /// `brings=MODULE`, `rebuild`.
    pub(crate) fn says(mut self, module: &str, words: &str) -> Self {
        let id = id(module);
        for target in self.snapshot.kernels.keys() {
            let conf = if words == "bad" {
                Err(ConfError::Invalid {
                    file: "dkms.conf".into(),
                    problems: vec!["PACKAGE_NAME is missing".to_owned().into()],
                })
            } else {
                Ok(loaded(&id, words))
            };
            self.snapshot.confs.insert((id.clone(), target.clone()), conf);
        }
        self
    }

    /// This build was made with these versions of other modules: `NAME=VERSION` words.
    pub(crate) fn built_with(mut self, module: &str, kernel: &str, words: &str) -> Self {
        let pair = |word: &str| {
            let (name, version) = word.split_once('=').expect("name=version");
            (ModuleName::new(name).expect("a name"), version.to_owned())
        };
        let versions = words.split_whitespace().map(pair).collect();
        self.snapshot.built_with.insert((id(module), target(kernel)), versions);
        self
    }

    /// This input of this build has changed.
    pub(crate) fn outdated(mut self, module: &str, kernel: &str, input: &str) -> Self {
        self.snapshot.outdated.insert((id(module), target(kernel)), vec![input.into()]);
        self
    }

    /// Another DKMS made this build.
    pub(crate) fn of_another_dkms(mut self, module: &str, kernel: &str) -> Self {
        self.snapshot.adoptable.insert((id(module), target(kernel)));
        self
    }

    /// A package brought this version finished for this kernel.
    pub(crate) fn prebuilt(mut self, module: &str, kernel: &str) -> Self {
        let module = id(module);
        let package = format!("{}-modules", module.name);
        let found = Prebuilt { package, module: module.clone(), files: Vec::new() };
        self.snapshot.prebuilt.insert((module.name, target(kernel)), found);
        self
    }

    /// The package of this version is being replaced.
    pub(crate) fn leaving(mut self, module: &str) -> Self {
        self.snapshot.leaving.push(crate::tree::leaving::Leaving { id: id(module), transaction: None });
        self
    }

    /// A package holds the source of this version, whether or not it is there.
    pub(crate) fn held(mut self, module: &str) -> Self {
        self.snapshot.held.insert(id(module));
        self
    }

    /// Another version of this module has its source in place.
    pub(crate) fn succeeded(mut self, name: &str) -> Self {
        self.snapshot.succeeded.insert(ModuleName::new(name).expect("a name"));
        self
    }

    /// A source that a package brought and nobody registered.
    pub(crate) fn arrival(mut self, module: &str) -> Self {
        self = self.module(module, &[]);
        self.snapshot.arrivals.insert(id(module));
        self
    }

    /// The package of this version has gone.
    pub(crate) fn abandoned(mut self, module: &str) -> Self {
        self.snapshot.abandoned.insert(id(module));
        self
    }

    /// Its build failed in this very transaction.
    pub(crate) fn tried(mut self, module: &str, kernel: &str) -> Self {
        self.snapshot.tried.insert((id(module), target(kernel)));
        self
    }

    pub(crate) fn gone(mut self, kernel: &str) -> Self {
        self.snapshot.gone.insert(target(kernel));
        self
    }

    pub(crate) fn done(self) -> Snapshot {
        self.snapshot
    }
}

fn brought(name: &str) -> BuiltModule {
    BuiltModule {
        built_name: name.to_owned(),
        built_location: PathBuf::new(),
        dest_name: name.to_owned(),
        dest_location: "/extra".to_owned(),
        strip: true,
        excluded: None,
    }
}

fn loaded(id: &ModuleId, words: &str) -> Loaded {
    let depends = words.split(' ').filter_map(|word| word.strip_prefix("needs="));
    let conf = ModuleConf {
        name: id.name.clone(),
        version: id.version.clone(),
        modules: words.split(' ').filter_map(|word| word.strip_prefix("brings=")).map(brought).collect(),
        make: MakeCommand::Default,
        patches: Vec::new(),
        autoinstall: !words.contains("noauto"),
        build_depends: depends.map(|name| ModuleName::new(name).expect("a name")).collect(),
        build_depends_rebuild: words.contains("rebuild"),
        obsolete_by: None,
        scripts: crate::conf::module::Scripts::default(),
        no_weak_modules: false,
        excluded: words.contains("excluded").then(|| "it says so".to_owned()),
    };
    Loaded {
        conf,
        raw: Default::default(),
        evaluated_by: EvaluatedBy::Static,
        needs: Vec::new(),
        duplicates: Vec::new(),
        notices: Vec::new(),
        origins: Default::default(),
        file: PathBuf::from("dkms.conf"),
    }
}
