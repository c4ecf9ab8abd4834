//! Every path of the tree and of the places it refers to. Pure, but for symlinks on the way into another root.

use std::path::{Path, PathBuf};

use crate::ids::{ModuleId, ModuleName, Target};
use crate::sys::fs;

/// The three trees, with the root in front (paths as this process opens them), and without (as links store them).
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    root: PathBuf,
    dkms: Place,
    source: Place,
    install: Place,
}

/// A tree by its two names.
#[derive(Debug, Clone)]
struct Place {
    named: PathBuf,
    opened: PathBuf,
}

impl Place {
    fn new(root: &Path, named: &Path) -> Self {
        Self { named: named.into(), opened: fs::opened(root, named) }
    }
}

impl Layout {
    /// Below this root, these absolute places: DKMS tree, source tree, install tree. Symlinks that lead to them are followed
    /// inside the root, here and once.
    pub(crate) fn new(root: &Path, dkms: &Path, source: &Path, install: &Path) -> Self {
        let place = |named| Place::new(root, named);
        Self { root: root.into(), dkms: place(dkms), source: place(source), install: place(install) }
    }

    /// Where an absolute path of this root is opened. What lies there may be a symlink, which is meant itself.
    pub(crate) fn opened(&self, absolute: &Path) -> PathBuf {
        fs::opened_entry(&self.root, absolute)
    }

    /// A path as links and notes store it: without the root, in the words of the settings.
    pub(crate) fn named(&self, opened: &Path) -> PathBuf {
        let in_tree = |tree: &Place| Some(tree.named.join(opened.strip_prefix(&tree.opened).ok()?));
        [&self.dkms, &self.source, &self.install].into_iter().find_map(in_tree).unwrap_or_else(|| {
            opened.strip_prefix(&self.root).map_or_else(|_| opened.to_path_buf(), |inside| Path::new("/").join(inside))
        })
    }

    /// The root that the three trees lie below.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// `/var/lib/dkms`, opened.
    pub(crate) fn tree(&self) -> PathBuf {
        self.dkms.opened.clone()
    }

    /// `/var/lib/dkms` as dkms.conf and MAKE lines name it (without the root).
    pub(crate) fn tree_name(&self) -> &Path {
        &self.dkms.named
    }

    /// `/usr/src` without the root.
    pub(crate) fn source_tree_name(&self) -> &Path {
        &self.source.named
    }

    /// `/lib/modules` without the root.
    pub(crate) fn install_tree_name(&self) -> &Path {
        &self.install.named
    }

    /// `/lib/modules`, opened.
    pub(crate) fn install_tree(&self) -> PathBuf {
        self.install.opened.clone()
    }

    /// `/usr/src`, opened.
    pub(crate) fn source_tree(&self) -> PathBuf {
        self.source.opened.clone()
    }

    /// `/usr/src/NAME-VERSION`, opened.
    pub(crate) fn source(&self, id: &ModuleId) -> PathBuf {
        self.source_tree().join(id.source_folder())
    }

    /// `TREE/NAME`
    pub(crate) fn module(&self, name: &ModuleName) -> PathBuf {
        self.tree().join(name)
    }

    /// `TREE/NAME/VERSION`
    pub(crate) fn version(&self, id: &ModuleId) -> PathBuf {
        self.module(&id.name).join(&id.version)
    }

    /// `TREE/NAME/VERSION/source`
    pub(crate) fn source_link(&self, id: &ModuleId) -> PathBuf {
        self.version(id).join("source")
    }

    /// `TREE/NAME/VERSION/build`
    pub(crate) fn build_folder(&self, id: &ModuleId) -> PathBuf {
        self.version(id).join("build")
    }

    /// `TREE/NAME/VERSION/KVER/ARCH`
    pub(crate) fn built(&self, id: &ModuleId, target: &Target) -> PathBuf {
        self.version(id).join(&target.kernel).join(&target.arch)
    }

    /// `TREE/NAME/VERSION/KVER/ARCH/module`
    pub(crate) fn built_modules(&self, id: &ModuleId, target: &Target) -> PathBuf {
        self.built(id, target).join("module")
    }

    /// `TREE/NAME/VERSION/KVER/ARCH/log/make.log`
    pub(crate) fn make_log(&self, id: &ModuleId, target: &Target) -> PathBuf {
        self.built(id, target).join("log/make.log")
    }

    /// `TREE/NAME/kernel-KVER-ARCH`
    pub(crate) fn active_link(&self, name: &ModuleName, target: &Target) -> PathBuf {
        self.module(name).join(format!("kernel-{}-{}", target.kernel, target.arch))
    }

    /// `TREE/NAME/original_module/KVER/ARCH`
    pub(crate) fn originals(&self, name: &ModuleName, target: &Target) -> PathBuf {
        self.module(name).join("original_module").join(&target.kernel).join(&target.arch)
    }

    /// `INSTALLTREE/KVER`, opened.
    pub(crate) fn kernel_modules(&self, target: &Target) -> PathBuf {
        self.install_tree().join(&target.kernel)
    }

    /// `TREE/.lock`: never removed, never replaced.
    pub(crate) fn lock(&self) -> PathBuf {
        self.tree().join(".lock")
    }

    /// `TREE/.intents`: one file per install or uninstall under way.
    pub(crate) fn intents(&self) -> PathBuf {
        self.tree().join(".intents")
    }

    /// `TREE/.records`: fingerprints, failures, pending work.
    pub(crate) fn records(&self) -> PathBuf {
        self.tree().join(".records")
    }

    /// `TREE/.finished`: builds that were taken away, by what they were made from.
    pub(crate) fn finished(&self) -> PathBuf {
        self.tree().join(".finished")
    }

    /// `TREE/.logs/NAME/VERSION/KVER-ARCH`: make.log of failed attempts, newest last.
    pub(crate) fn old_logs(&self, id: &ModuleId, target: &Target) -> PathBuf {
        self.old_logs_of(id).join(format!("{}-{}", target.kernel, target.arch))
    }

    /// `TREE/.logs`
    pub(crate) fn logs(&self) -> PathBuf {
        self.tree().join(".logs")
    }

    /// `TREE/.logs/NAME/VERSION`
    pub(crate) fn old_logs_of(&self, id: &ModuleId) -> PathBuf {
        self.logs().join(&id.name).join(&id.version)
    }
}
