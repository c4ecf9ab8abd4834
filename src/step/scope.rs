//! What a wish is limited to.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::ids::{ModuleId, ModuleName, ModuleVersion, Target};

/// A module, in one version or in any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Only {
    pub(crate) name: ModuleName,
    /// Its version, if that is limited, too.
    pub(crate) version: Option<ModuleVersion>,
}

impl Only {
    pub(crate) fn means(&self, id: &ModuleId) -> bool {
        self.name == id.name && self.version.as_ref().is_none_or(|version| *version == id.version)
    }
}

impl std::fmt::Display for Only {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.version {
            Some(version) => write!(f, "{}/{version}", self.name),
            None => write!(f, "{}", self.name),
        }
    }
}

/// How far a reconciliation goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All that is out of date on this root.
    Everything,
    /// Only what has gone is taken away; nothing is built.
    RemovalsOnly,
}

/// What a reconciliation is limited to; an empty list limits nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Within {
    pub(crate) modules: Vec<Only>,
    pub(crate) kernels: Vec<Target>,
}

impl Within {
    pub(crate) fn has_module(&self, id: &ModuleId) -> bool {
        self.modules.is_empty() || self.modules.iter().any(|only| only.means(id))
    }

    pub(crate) fn has_kernel(&self, target: &Target) -> bool {
        self.kernels.is_empty() || self.kernels.contains(target)
    }
}

/// What is tried before it is there.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Trial {
    /// The kernels that come: every AUTOINSTALL module is tried for them.
    pub(crate) coming: Vec<Target>,
    /// The kernels that are there: sources that come are tried for them.
    pub(crate) present: Vec<Target>,
    /// Sources that come. Other versions of their modules leave.
    pub(crate) fresh: BTreeSet<ModuleId>,
    pub(crate) leaving: BTreeSet<ModuleId>,
    /// The modules that are meant; all where none is named.
    pub(crate) only: BTreeSet<ModuleName>,
}
