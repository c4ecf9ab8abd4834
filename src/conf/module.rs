//! A module's configuration for one kernel: typed, with defaults filled in. The rules are in [`super::rules`].

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::ids::{ModuleName, ModuleVersion};

/// Directive → index → value, as evaluated.
pub type Directives = BTreeMap<String, BTreeMap<usize, String>>;

/// A dkms.conf for one kernel.
#[derive(Debug, Clone)]
pub struct ModuleConf {
    /// PACKAGE_NAME
    pub name: ModuleName,
    /// PACKAGE_VERSION
    pub version: ModuleVersion,
    /// The modules by index.
    pub modules: Vec<BuiltModule>,
    /// The make command for this kernel.
    pub make: MakeCommand,
    /// Patches for this kernel in order, file names below patches/.
    pub patches: Vec<String>,
    /// AUTOINSTALL
    pub autoinstall: bool,
    /// BUILD_DEPENDS
    pub build_depends: Vec<ModuleName>,
    /// BUILD_DEPENDS_REBUILD
    pub build_depends_rebuild: bool,
    /// OBSOLETE_BY
    pub obsolete_by: Option<String>,
    /// Hook scripts as written: script and arguments.
    pub scripts: Scripts,
    /// NO_WEAK_MODULES
    pub no_weak_modules: bool,
    /// What excludes the whole package from this kernel, if anything, in a sentence.
    pub excluded: Option<String>,
}

impl ModuleConf {
    /// What keeps the whole package from this kernel, in a sentence: a rule of the package, or one for each of its modules.
    pub fn exclusion(&self) -> Option<&str> {
        let every = || {
            let reasons: Option<Vec<&str>> = self.modules.iter().map(|module| module.excluded.as_deref()).collect();
            reasons.and_then(|reasons| reasons.first().copied())
        };
        self.excluded.as_deref().or_else(every)
    }
}

/// One module of the package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltModule {
    /// BUILT_MODULE_NAME without suffix.
    pub built_name: String,
    /// BUILT_MODULE_LOCATION, relative to the source root, may be empty.
    pub built_location: PathBuf,
    /// DEST_MODULE_NAME without suffix.
    pub dest_name: String,
    /// DEST_MODULE_LOCATION as written.
    pub dest_location: String,
    /// STRIP
    pub strip: bool,
    /// What excludes this module from this kernel, if anything, in a sentence.
    pub excluded: Option<String>,
}

/// The make command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MakeCommand {
    /// `make -C KERNEL_SOURCE_DIR M=TREE/NAME/VERSION/build`
    Default,
    /// As dkms.conf says, after evaluation; still to be evaluated by the shell that runs it.
    Given(String),
}

/// Hook scripts: script and arguments in one string, or None.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scripts {
    /// PRE_BUILD
    pub pre_build: Option<String>,
    /// POST_BUILD
    pub post_build: Option<String>,
    /// POST_ADD
    pub post_add: Option<String>,
    /// PRE_INSTALL
    pub pre_install: Option<String>,
    /// POST_INSTALL
    pub post_install: Option<String>,
    /// POST_REMOVE
    pub post_remove: Option<String>,
}
