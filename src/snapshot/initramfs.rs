//! What plans have to know of an initramfs. Listing one takes a second, so it is asked only when modules of its kernel
//! changed.

use std::collections::{BTreeMap, BTreeSet};

use super::{Snapshot, View};
use crate::ids::{ModuleId, ModuleName, Target};
use crate::kernel::builtin::plain_name;
use crate::kernel::initramfs;
use crate::kernel::wanted::wanted;

/// A module that is about to change under a kernel, or has changed there since its initramfs was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Changed {
    pub(crate) module: ModuleId,
    pub(crate) target: Target,
    /// The plain names of its module files, before and after.
    pub(crate) files: BTreeSet<String>,
    /// When: nanoseconds since 1970; None when it is not over.
    pub(crate) since: Option<u64>,
    /// What the kernel has of it.
    pub(crate) now: Now,
}

/// What a kernel has of a module after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Now {
    Installed,
    /// It has gone, and so has its source.
    Gone,
    /// It is not installed though its source is there: it has failed, or its package is not configured yet. An initramfs that
    /// holds it is worth more than one without it.
    Missing,
}

/// Whether some version's source is there. A module whose name begins like another's may count as it; then an initramfs is
/// left alone that could be made anew.
pub(crate) fn has_source(view: &View<'_>, name: &ModuleName) -> bool {
    let prefix = format!("{name}-");
    let entries = fs_err::read_dir(view.tree.layout().source_tree()).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
        .any(|entry| entry.path().join("dkms.conf").is_file())
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Image {
    /// There is none, or none whose maker is here: whoever makes it first sees the modules as they are.
    Absent,
    Unreadable {
        why: String,
    },
    Holds {
        modules: BTreeSet<String>,
        /// Those that it is to hold, as the settings of its maker say.
        wanted: BTreeSet<String>,
        /// When it was written: nanoseconds since 1970.
        made: u64,
    },
}

/// The plain names of a module's files under a kernel: those that are installed, those that are built, and those that its
/// dkms.conf names.
pub(crate) fn files_of(view: &View<'_>, snapshot: &Snapshot, id: &ModuleId, target: &Target) -> BTreeSet<String> {
    let name = |path: &std::path::Path| path.file_name().map(|name| plain_name(&name.to_string_lossy()));
    let installed = view.tree.installed(&id.name, target).map(|note| note.files).unwrap_or_default();
    let mut files: BTreeSet<String> = installed.iter().filter_map(|file| name(&file.place)).collect();
    let built = fs_err::read_dir(view.tree.layout().built(id, target).join("module")).into_iter().flatten().flatten();
    files.extend(built.filter_map(|entry| name(&entry.path())));
    if let Some(Ok(loaded)) = snapshot.conf(id, target) {
        files.extend(loaded.conf.modules.iter().map(|module| plain_name(&module.dest_name)));
    }
    files
}

/// Asks the initramfs of each kernel where something changed; when one lacks a module that changed, those of the other
/// kernels, too: one of them may show that it belongs there.
pub(crate) fn ask(view: &View<'_>, changed: &[Changed], kernels: &[Target]) -> BTreeMap<Target, Image> {
    let wanted: BTreeSet<&Target> = changed.iter().map(|changed| &changed.target).collect();
    let mut images: BTreeMap<Target, Image> =
        wanted.iter().map(|target| ((*target).clone(), image(view, target))).collect();
    let is_lacking = |changed: &Changed| match images.get(&changed.target) {
        Some(Image::Holds { modules, .. }) => modules.is_disjoint(&changed.files),
        _ => false,
    };
    if changed.iter().any(is_lacking) {
        let others: Vec<&Target> = kernels.iter().filter(|target| !wanted.contains(target)).collect();
        images.extend(others.into_iter().map(|target| (target.clone(), image(view, target))));
    }
    images
}

fn image(view: &View<'_>, target: &Target) -> Image {
    let Some(found) = initramfs::find(view.system, &target.kernel) else { return Image::Absent };
    match found.modules(view.system, &target.kernel) {
        Ok(modules) => Image::Holds {
            modules,
            wanted: wanted(view.system, &found.maker),
            made: found.made(view.system).unwrap_or(0),
        },
        Err(why) => Image::Unreadable { why },
    }
}
