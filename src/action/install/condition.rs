//! Whether what was built is still there, and is what lies under the kernel.

use std::path::{Path, PathBuf};

use crate::conf::Loaded;
use crate::kernel::Suffix;
use crate::kernel::modinfo::{ModInfo, read_module};
use crate::sys::System;
use crate::tree::difference::{self, Condition, FileFault};
use crate::tree::installed::Installed;
use crate::tree::placed::Placed;
use crate::tree::{Build, Layout, ModuleEntry};

use super::destination;
use super::files::{built_file, built_files, other_suffixes};

/// Compares the files of a build with those under its kernel. `common` is [`destination::common`]; `loaded` is the module's
/// dkms.conf, as far as it can be read: without it, what is in the build counts as all that should be there. Files that cannot
/// be read are no difference; those that were `placed` from this build and not touched since need not be read.
pub(crate) fn check_files(
    (layout, common): (&Layout, Option<&Path>),
    (entry, build): (&ModuleEntry, &Build),
    loaded: Option<&Loaded>,
    placed: &[Placed],
) -> Condition {
    let is_untouched = |built: &Path, installed: &Path| {
        let place = layout.named(installed);
        placed.iter().any(|placed| placed.place == place && placed.is_still(layout, built))
    };
    let pairs = pairs((layout, common), (entry, build), loaded).into_iter();
    let pairs: Vec<_> =
        pairs.filter(|(built, place)| !place.as_ref().is_some_and(|place| is_untouched(built, place))).collect();
    let pairs = pairs.iter().map(|(built, installed)| (built.as_path(), installed.as_deref()));
    difference::compare(pairs).unwrap_or(Condition::Sound)
}

/// Each built file with its place under the kernel, if it is to have one; `common` is [`destination::common`].
fn pairs(
    (layout, common): (&Layout, Option<&Path>),
    (entry, build): (&ModuleEntry, &Build),
    loaded: Option<&Loaded>,
) -> Vec<(PathBuf, Option<PathBuf>)> {
    let folder = layout.built_modules(&entry.id, &build.target);
    let kernel = layout.kernel_modules(&build.target);
    let place = |file: &Path, location: Option<PathBuf>| {
        let folder = common.map(Path::to_path_buf).or(location).filter(|_| build.installed)?;
        Some(kernel.join(folder).join(file.file_name()?))
    };
    match loaded {
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
    }
}

/// Where the files of an installed build lie, without the root; parameters as those of [`check_files`].
pub(crate) fn places(
    (layout, common): (&Layout, Option<&Path>),
    of: (&ModuleEntry, &Build),
    loaded: Option<&Loaded>,
) -> Vec<PathBuf> {
    pairs((layout, common), of, loaded).into_iter().filter_map(|(_, place)| Some(layout.named(&place?))).collect()
}

/// What is wrong with the files of a build, for those who mend it. What the install noted about their places counts before
/// what would be chosen now. A module that was only signed, stripped of its signature or compressed is the same module.
pub(crate) fn file_faults(
    system: &System,
    layout: &Layout,
    entry: &ModuleEntry,
    build: &Build,
    loaded: Option<&Loaded>,
    noted: Option<&Installed>,
) -> Vec<FileFault> {
    let noted = noted.filter(|noted| noted.version == entry.id.version);
    let place_of = |built: &Path, chosen: PathBuf| {
        let places = noted.into_iter().flat_map(|noted| &noted.files).map(|file| layout.opened(&file.place));
        places.into_iter().find(|place| stem(place) == stem(built)).unwrap_or(chosen)
    };
    let common = destination::common(system);
    let pairs = pairs((layout, common.as_deref()), (entry, build), loaded).into_iter();
    pairs.filter_map(|(built, place)| fault(layout, &built, place.map(|place| place_of(&built, place)))).collect()
}

/// The module's name: that of its file without suffixes.
fn stem(file: &Path) -> Option<String> {
    let name = file.file_name()?.to_string_lossy().into_owned();
    Some(Suffix::split(&name).map_or(name.clone(), |(stem, _)| stem.to_owned()))
}

fn fault(layout: &Layout, built: &Path, place: Option<PathBuf>) -> Option<FileFault> {
    if !built.is_file() {
        return Some(FileFault::BuiltMissing { name: stem(built)? });
    }
    let place = place?;
    let there = std::iter::once(place.clone()).chain(other_suffixes(&place));
    let Some(found) = there.into_iter().find(|file| fs_err::symlink_metadata(file).is_ok()) else {
        return Some(FileFault::Missing { place: layout.named(&place) });
    };
    if difference::same(built, &found).unwrap_or(false) {
        return None;
    }
    let place = layout.named(&found);
    let (ours, theirs) = match (read_module(built), read_module(&found)) {
        (Ok(ours), Ok(theirs)) => (ours, theirs),
        (Err(_), _) => return None,
        (_, Err(error)) => return Some(FileFault::Damaged { place, why: format!("it cannot be read: {error}") }),
    };
    let says = match ModInfo::parse(&theirs) {
        Ok(says) => says,
        Err(why) => return Some(FileFault::Damaged { place, why: format!("it is not a kernel module: {why}") }),
    };
    if unsigned(&ours) == unsigned(&theirs) {
        return None;
    }
    let (own, identity) = (ModInfo::parse(&ours).unwrap_or_default(), |info: &ModInfo| {
        (info.version().map(str::to_owned), info.srcversion().map(str::to_owned))
    });
    let is_same_source = own.srcversion().is_some() && identity(&own) == identity(&says);
    Some(if is_same_source { FileFault::OtherBuild { place } } else { FileFault::Foreign { place, says: told(&says) } })
}

/// The module without the signature at its end.
fn unsigned(module: &[u8]) -> &[u8] {
    let length = ModInfo::parse(module).ok().and_then(|info| info.signature).map(|signature| signature.unsigned);
    module.get(..length.unwrap_or(module.len())).unwrap_or(module)
}

fn told(info: &ModInfo) -> String {
    match (info.version(), info.srcversion()) {
        (Some(version), _) => format!("one of version {version}"),
        (None, Some(source)) => format!("one of another source ({source})"),
        (None, None) => "one that says no version".to_owned(),
    }
}
