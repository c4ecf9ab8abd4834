//! What an install put where: TREE/.records/installed/NAME,KVER,ARCH.json. Written before the first file is touched, so
//! it tells a later run what an interrupted install was about to do, and an uninstall what to look for without a
//! dkms.conf.

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Layout, Tree, TreeWriter};
use crate::ids::{Arch, KernelRelease, ModuleName, ModuleVersion, Target};
use crate::sys;

/// The folder of these notes below TREE/.records.
pub(super) const KIND: &str = "installed";

/// The files that one module version has under one kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Installed {
    pub(crate) version: ModuleVersion,
    pub(crate) files: Vec<InstalledFile>,
    /// Files of the version before it that it does not replace; they go when the new ones are in place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) obsolete: Vec<InstalledFile>,
    /// What was there until now of another version: what a failed install puts back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<Box<Installed>>,
}

impl Installed {
    /// The places, without the root, at which something lies.
    pub(super) fn present(&self, layout: &Layout) -> Vec<PathBuf> {
        let is_there = |place: &PathBuf| fs_err::symlink_metadata(layout.opened(place)).is_ok();
        self.files.iter().map(|file| file.place.clone()).filter(is_there).collect()
    }
}

/// One module file under a kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InstalledFile {
    /// Where it is, without the root.
    pub(crate) place: PathBuf,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) module_version: Option<String>,
    /// The file that it replaced and that belongs into the store of originals, without the root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) original: Option<PathBuf>,
}

impl Tree {
    /// What is noted for this module and kernel; None when nothing is, or nothing that can be read. The note may be out
    /// of date: others change modules, too.
    pub(crate) fn installed(&self, name: &ModuleName, target: &Target) -> Option<Installed> {
        let text = fs_err::read(note(self.layout(), name, target)).ok()?;
        serde_json::from_slice(&text).ok()
    }
}

impl TreeWriter<'_> {
    /// Notes what is about to be installed; durable when this returns.
    pub(crate) fn note_installed(&self, name: &ModuleName, target: &Target, installed: &Installed) -> io::Result<()> {
        let file = note(self.layout(), name, target);
        sys::fs::create_folders(file.parent().unwrap_or(&file))?;
        sys::fs::write_atomically(&file, 0o644, &serde_json::to_vec(installed).map_err(io::Error::other)?)
    }

    /// Removes that note; no error when there is none.
    pub(crate) fn drop_installed(&self, name: &ModuleName, target: &Target) -> io::Result<()> {
        match fs_err::remove_file(note(self.layout(), name, target)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// The module and kernel that a note of this name is about.
pub(super) fn about(file_name: &str) -> Option<(ModuleName, Target)> {
    let mut words = file_name.strip_suffix(".json")?.split(',');
    let (name, kernel, arch) = (words.next()?, words.next()?, words.next()?);
    let target = Target::new(KernelRelease::new(kernel).ok()?, Arch::new(arch).ok()?);
    words.next().is_none().then_some((ModuleName::new(name).ok()?, target))
}

/// Names hold no comma, so different modules and kernels never share a file.
fn note(layout: &Layout, name: &ModuleName, target: &Target) -> PathBuf {
    layout.records().join(KIND).join(format!("{name},{},{}.json", target.kernel, target.arch))
}
