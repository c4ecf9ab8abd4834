//! A module's configuration for one kernel: typed, with defaults filled in. The rules are in [`super::rules`].

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::ids::{ModuleName, ModuleVersion};

/// Directive → index → value, as evaluated.
pub(crate) type Directives = BTreeMap<String, BTreeMap<usize, String>>;

/// A dkms.conf for one kernel.
#[derive(Debug, Clone)]
pub(crate) struct ModuleConf {
    /// PACKAGE_NAME
    pub(crate) name: ModuleName,
    /// PACKAGE_VERSION
    pub(crate) version: ModuleVersion,
    pub(crate) modules: Vec<BuiltModule>,
    /// The make command for this kernel.
    pub(crate) make: MakeCommand,
    /// Patches for this kernel in order, file names below patches/.
    pub(crate) patches: Vec<String>,
    /// AUTOINSTALL
    pub(crate) autoinstall: bool,
    /// BUILD_DEPENDS
    pub(crate) build_depends: Vec<ModuleName>,
    /// BUILD_DEPENDS_REBUILD
    pub(crate) build_depends_rebuild: bool,
    /// OBSOLETE_BY
    pub(crate) obsolete_by: Option<String>,
    /// Hook scripts as written: script and arguments.
    pub(crate) scripts: Scripts,
    /// NO_WEAK_MODULES
    pub(crate) no_weak_modules: bool,
    /// What excludes the whole package from this kernel, if anything, in a sentence.
    pub(crate) excluded: Option<String>,
}

impl ModuleConf {
    /// What keeps the whole package from this kernel, in a sentence: a rule of the package, or one for each of its modules.
    pub(crate) fn exclusion(&self) -> Option<&str> {
        let every = || {
            let reasons: Option<Vec<&str>> = self.modules.iter().map(|module| module.excluded.as_deref()).collect();
            reasons.and_then(|reasons| reasons.first().copied())
        };
        self.excluded.as_deref().or_else(every)
    }
}

/// One module of the package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BuiltModule {
    pub(crate) built_name: String,
    /// BUILT_MODULE_LOCATION, relative to the source root, may be empty.
    pub(crate) built_location: PathBuf,
    pub(crate) dest_name: String,
    pub(crate) dest_location: String,
    /// STRIP
    pub(crate) strip: bool,
    /// What excludes this module from this kernel, if anything, in a sentence.
    pub(crate) excluded: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MakeCommand {
    /// `make -C KERNEL_SOURCE_DIR M=TREE/NAME/VERSION/build`
    Default,
    /// As dkms.conf says, after evaluation; still to be evaluated by the shell that runs it.
    Given(String),
}

/// Hook scripts: script and arguments in one string, or None.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Scripts {
    /// PRE_BUILD
    pub(crate) pre_build: Option<String>,
    /// POST_BUILD
    pub(crate) post_build: Option<String>,
    /// POST_ADD
    pub(crate) post_add: Option<String>,
    /// PRE_INSTALL
    pub(crate) pre_install: Option<String>,
    /// POST_INSTALL
    pub(crate) post_install: Option<String>,
    /// POST_REMOVE
    pub(crate) post_remove: Option<String>,
}
