//! Modules that a kernel has, or could have, without a signature.

use crate::error::{Error, Result};
use crate::ids::{ModuleId, Target};
use crate::kernel::{enforcement, installed};
use crate::tree::Layout;
use crate::tree::records::{self, Fingerprint};

use crate::engine::app::App;

/// An installed module that is not signed although its kernel looks at signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unsigned {
    pub(crate) module: ModuleId,
    pub(crate) target: Target,
    /// Why it is not signed.
    pub(crate) why: String,
    /// Why this kernel does not load it; None: it does.
    pub(crate) refused: Option<&'static str>,
}

impl std::fmt::Display for Unsigned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} for {} is not signed: {}", self.module, self.target, self.why)?;
        match self.refused {
            Some(refused) => write!(f, "; this kernel loads signed modules only: {refused}"),
            None => Ok(()),
        }
    }
}

/// Why the build that is there has no signature; None: it has one, or needs none.
pub(crate) fn why(layout: &Layout, id: &ModuleId, target: &Target) -> Option<String> {
    records::fingerprint(layout, id, target)?.unsigned
}

/// All that are installed.
pub(crate) fn installed(app: &App) -> Result<Vec<Unsigned>> {
    let layout = app.tree.layout();
    let noted = records::all::<Fingerprint>(layout).into_iter().filter_map(|noted| {
        let why = why(layout, &noted.module, &noted.target)?;
        Some((noted.module, noted.target, why))
    });
    let modules = app.tree.modules().map_err(|error| Error::io("cannot read the DKMS tree", error))?;
    let is_there = |id: &ModuleId, target: &Target| {
        let entry = modules.iter().find(|entry| entry.id == *id);
        entry.is_some_and(|entry| entry.build(target).is_some_and(|build| build.installed))
    };
    let noted = noted.filter(|(id, target, _)| is_there(id, target));
    Ok(noted
        .map(|(module, target, why)| {
            let config = installed::kernel(layout, &target, None).config(None).ok().flatten().unwrap_or_default();
            let refused = enforcement::reason(&app.system, &target, &config);
            Unsigned { module, target, why, refused }
        })
        .collect())
}
