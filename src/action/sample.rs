//! A place for the tests of actions: a DKMS tree, a source tree and an install tree below one folder, and the lock of the tree.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::action::Context;
use crate::conf::Framework;
use crate::ids::{Arch, KernelRelease, ModuleId, ModuleName, ModuleVersion, Target};
use crate::report::{Message, Recorded};
use crate::step::Policy;
use crate::sys::System;
use crate::tree::{Layout, Tree, TreeLock};

pub(crate) const KERNEL: &str = "6.1.0-1";

pub(crate) struct Site {
    pub(crate) folder: PathBuf,
    /// Deletes the folder at the end; none for a second view of one.
    _owned: Option<tempfile::TempDir>,
    pub(crate) system: System,
    pub(crate) framework: Framework,
    pub(crate) tree: Tree,
    pub(crate) lock: TreeLock,
    pub(crate) reporter: Recorded,
    pub(crate) policy: Policy,
}

impl Site {
    pub(crate) fn new() -> Self {
        let owned = tempfile::tempdir().unwrap();
        let folder = owned.path().to_path_buf();
        Self { _owned: Some(owned), ..Self::open(folder) }
    }

    /// What lies there already, in a process of its own.
    pub(crate) fn open(folder: PathBuf) -> Self {
        // A child that another test is just starting may hold a copy of the last lock for a moment.
        let lock = TreeLock::acquire(&layout(&folder), Duration::from_secs(10), None, &mut |_| {}).unwrap();
        Self::assemble(folder, lock)
    }

    /// The same site as a dkms sees it that a hook script calls.
    pub(crate) fn beside(site: &Self) -> Self {
        Self::assemble(site.folder.clone(), site.lock.nested_for_tests())
    }

    /// Gives up the lock but keeps the folder.
    pub(crate) fn unlocked(self) -> (PathBuf, Option<tempfile::TempDir>) {
        (self.folder, self._owned)
    }

    fn assemble(folder: PathBuf, lock: TreeLock) -> Self {
        let system = System::host();
        let (framework, _) = Framework::read(&system.clone().with_root(&folder));
        let (reporter, policy) = (Recorded::default(), Policy::default());
        Self { _owned: None, system, framework, tree: Tree::new(layout(&folder)), lock, reporter, policy, folder }
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            system: &self.system,
            framework: &self.framework,
            tree: &self.tree,
            lock: &self.lock,
            reporter: &self.reporter,
            policy: &self.policy,
            memo: Default::default(),
        }
    }

    /// An executable script in a module's source; gives its name.
    pub(crate) fn script_of(&self, id: &ModuleId, name: &str, text: &str) -> String {
        let file = self.tree.layout().source(id).join(name);
        fs_err::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs_err::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        name.to_owned()
    }

    pub(crate) fn warnings(&self) -> Vec<String> {
        let warning = |message| if let Message::Warning(text) = message { Some(text) } else { None };
        self.reporter.messages().into_iter().filter_map(warning).collect()
    }
}

fn layout(folder: &Path) -> Layout {
    let place = |name: &str| folder.join(name);
    Layout::new(Path::new("/"), &place("dkms"), &place("src"), &place("lib/modules"))
}

pub(crate) fn id(name: &str, version: &str) -> ModuleId {
    ModuleId::new(ModuleName::new(name).unwrap(), ModuleVersion::new(version).unwrap())
}

pub(crate) fn target() -> Target {
    Target::new(KernelRelease::new(KERNEL).unwrap(), Arch::new("x86_64").unwrap())
}
