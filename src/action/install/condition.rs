//! Whether what was built is still there, and is what lies under the kernel.

use std::path::{Path, PathBuf};

use crate::conf::Loaded;
use crate::kernel::Suffix;
use crate::sys::System;
use crate::tree::difference::{self, Condition};
use crate::tree::{Build, Layout, ModuleEntry};

use super::candidates::built_files;
use super::destination;

/// Compares the files of a build with those under its kernel. `loaded` is the module's dkms.conf, as far as it can be
/// read: without it, what is in the build counts as all that should be there. Files that cannot be read are no difference.
pub fn check_files(
    system: &System,
    layout: &Layout,
    entry: &ModuleEntry,
    build: &Build,
    loaded: Option<&Loaded>,
) -> Condition {
    let folder = layout.built_modules(&entry.id, &build.target);
    let kernel = layout.kernel_modules(&build.target);
    let common = destination::common(system);
    let place = |file: &Path, location: Option<PathBuf>| {
        let folder = common.clone().or(location).filter(|_| build.installed)?;
        Some(kernel.join(folder).join(file.file_name()?))
    };
    let pairs: Vec<(PathBuf, Option<PathBuf>)> = match loaded {
        Some(loaded) => {
            let modules = loaded.conf.modules.iter().filter(|module| module.excluded.is_none());
            let pair = |module: &crate::conf::BuiltModule| {
                let built = built_file(&folder, &module.dest_name).unwrap_or_else(|| folder.join(&module.dest_name));
                let place = place(&built, destination::below(&module.dest_location));
                (built, place)
            };
            modules.map(pair).collect()
        }
        None => built_files(&folder).into_iter().map(|built| (built.clone(), place(&built, None))).collect(),
    };
    let pairs = pairs.iter().map(|(built, installed)| (built.as_path(), installed.as_deref()));
    difference::compare(pairs).unwrap_or(Condition::Sound)
}

/// The built file of a module, whatever its compression.
pub(super) fn built_file(folder: &Path, name: &str) -> Option<PathBuf> {
    let file = |suffix: &Suffix| folder.join(format!("{name}{}", suffix.as_str()));
    Suffix::ALL.iter().map(file).find(|file| file.is_file())
}
