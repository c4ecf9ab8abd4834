//! Module files that we put under kernels and whose version is no more in the tree: somebody deleted its folder by hand. What
//! is noted of their install is all that tells whose they are.

use std::io;
use std::path::PathBuf;

use fs_err as fs;

use super::installed::{self, Installed};
use super::{Build, Layout, ModuleEntry, VersionState, stale};
use crate::ids::{ModuleId, ModuleName, Target};

/// The files of such a version under one kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Orphan {
    pub(crate) id: ModuleId,
    pub(crate) target: Target,
    /// Those that are there still, without the root.
    pub(crate) files: Vec<PathBuf>,
}

/// Every one.
pub(crate) fn all(layout: &Layout, modules: &[ModuleEntry]) -> io::Result<Vec<Orphan>> {
    let mut found = noted(layout, None)?;
    found.retain(|orphan| !modules.iter().any(|entry| entry.id == orphan.id));
    Ok(found)
}

/// Those of a version as an entry of the tree, by which they are taken away; None when the tree has the version, or none is
/// there.
pub(crate) fn entry(layout: &Layout, id: &ModuleId) -> io::Result<Option<ModuleEntry>> {
    if layout.version(id).exists() {
        return Ok(None);
    }
    let build = |orphan: Orphan| Build {
        has_original: layout.originals(&id.name, &orphan.target).is_dir(),
        target: orphan.target,
        stamp: None,
        installed: true,
        weak: Vec::new(),
    };
    let found = noted(layout, Some(&id.name))?.into_iter().filter(|orphan| orphan.id == *id);
    let builds: Vec<Build> = found.map(build).collect();
    let state = VersionState::Broken { why: "its folder in the DKMS tree was deleted".to_owned() };
    Ok((!builds.is_empty()).then(|| ModuleEntry { id: id.clone(), state, builds }))
}

/// What is noted of installs and lies under its kernel still.
fn noted(layout: &Layout, only: Option<&ModuleName>) -> io::Result<Vec<Orphan>> {
    let mut found = Vec::new();
    for note in stale::files(&layout.records().join(installed::KIND))? {
        let name = note.file_name().unwrap_or_default().to_string_lossy();
        let Some((name, target)) = installed::about(&name) else { continue };
        if only.is_some_and(|only| *only != name) {
            continue;
        }
        let Ok(noted) = serde_json::from_slice::<Installed>(&fs::read(&note)?) else { continue };
        let files = noted.present(layout);
        if !files.is_empty() {
            found.push(Orphan { id: ModuleId::new(name, noted.version), target, files });
        }
    }
    found.sort_by(|one, other| (&one.id, &one.target).cmp(&(&other.id, &other.target)));
    Ok(found)
}
