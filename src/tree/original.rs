//! The store of modules that ours replaced: NAME/original_module/KVER/ARCH/FILE, with `FILE.origin` beside it.
//!
//! The note holds one line, the absolute path that the file came from (seen with releases 3.2 and 3.4). Releases up to 3.0
//! wrote none: their files go to the place where the module would be installed. Release 2 put further copies of the
//! same name into `collisions/`; they stay there for reference.

use std::collections::BTreeSet;
use std::io;
use std::path::{Component, Path, PathBuf};

use fs_err as fs;

use super::transition::prune_empty;
use super::{Layout, TreeWriter, is_module_file};
use crate::ids::{Arch, KernelRelease, ModuleName, Target};
use crate::sys::fs::{copy_atomically, create_folders, remove_tree, sync_folder, write_atomically};
use crate::sys::rename::failpoint;

const NOTE: &str = ".origin";

/// One file of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Original {
    /// Where it is kept, opened.
    pub(crate) stored: PathBuf,
    /// Where it came from, opened; None when no release noted it, or the note leads out of the kernel's folder.
    pub(crate) place: Option<PathBuf>,
}

/// What the store keeps for this module on this kernel, by file name.
pub(crate) fn originals(layout: &Layout, name: &ModuleName, target: &Target) -> io::Result<Vec<Original>> {
    let entries = match fs::read_dir(layout.originals(name, target)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let is_file = !entry.file_type()?.is_dir();
        if is_file && entry.file_name().to_str().is_some_and(is_module_file) {
            let place = noted_place(layout, target, &entry.path());
            found.push(Original { stored: entry.path(), place });
        }
    }
    found.sort_by(|a, b| a.stored.cmp(&b.stored));
    Ok(found)
}

/// A note is foreign text: it counts only if it leads to a file name below INSTALLTREE/KVER.
/// The kernels for which something is saved of this module, sorted.
pub(crate) fn stores(layout: &Layout, name: &ModuleName) -> io::Result<Vec<Target>> {
    let top = layout.module(name).join("original_module");
    let mut targets = Vec::new();
    for kernel in super::walk::folders(&top, &[])? {
        for arch in super::walk::folders(&top.join(&kernel), &[])? {
            if let (Ok(kernel), Ok(arch)) = (KernelRelease::new(kernel.as_str()), Arch::new(arch)) {
                targets.push(Target::new(kernel, arch));
            }
        }
    }
    Ok(targets)
}

fn noted_place(layout: &Layout, target: &Target, stored: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(note_of(stored)).ok()?;
    let path = Path::new(text.lines().next()?.trim());
    let plain = path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    let names = [layout.install_tree_name(), Path::new("/lib/modules"), Path::new("/usr/lib/modules")];
    let inside = names.iter().find_map(|tree| path.strip_prefix(tree.join(&target.kernel)).ok())?;
    let is_file = inside.file_name()?.to_str().is_some_and(is_module_file);
    (plain && is_file).then(|| layout.kernel_modules(target).join(inside))
}

fn note_of(stored: &Path) -> PathBuf {
    let mut name = stored.as_os_str().to_owned();
    name.push(NOTE);
    name.into()
}

impl TreeWriter<'_> {
    /// Moves a pre-existing module file into the store with a note of its place, the note first. `place` is opened as it
    /// is (with the root in front); the note holds it without the root. A file of that name that the store holds already
    /// stays; one at `place` that differs from it goes to `collisions/`.
    ///
    /// After a crash at any point the file is at its place, in the store, or in both.
    pub(crate) fn save_original(&self, name: &ModuleName, target: &Target, place: &Path) -> io::Result<()> {
        self.store_original(name, target, place)?;
        remove_tree(place)?;
        failpoint();
        place.parent().map_or(Ok(()), sync_folder)
    }

    /// The same for a file that is about to be replaced: it stays where it is until then.
    pub(crate) fn store_original(&self, name: &ModuleName, target: &Target, place: &Path) -> io::Result<()> {
        let store = self.layout().originals(name, target);
        let file_name = place.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let stored = store.join(file_name);
        let meta = fs::symlink_metadata(place)?;
        create_folders(&store)?;
        if fs::symlink_metadata(&stored).is_err() {
            let note = format!("{}\n", self.layout().named(place).display());
            write_atomically(&note_of(&stored), 0o644, note.as_bytes())?;
            failpoint();
            store_copy(place, &meta, &stored)?;
            failpoint();
        } else if !same(place, &stored)? {
            create_folders(&store.join("collisions"))?;
            store_copy(place, &meta, &free_name(&store.join("collisions").join(file_name)))?;
        }
        Ok(())
    }

    /// Puts copies of the saved originals back where they came from, and gives their places; the store keeps them until
    /// [`TreeWriter::drop_restored`].
    ///
    /// `fallback` says where a file goes whose place nobody noted (releases before 3.2): the folder in which the module
    /// is installed, opened. Without either, the file stays in the store. A restored file replaces what is at its place.
    pub(crate) fn restore_originals(
        &self,
        name: &ModuleName,
        target: &Target,
        fallback: &dyn Fn(&str) -> Option<PathBuf>,
    ) -> io::Result<Vec<PathBuf>> {
        let mut places = Vec::new();
        for original in originals(self.layout(), name, target)? {
            let file_name = original.stored.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let unnoted = || fallback(file_name).map(|folder| folder.join(file_name));
            let Some(place) = original.place.clone().or_else(unnoted) else { continue };
            restore(&original.stored, &place)?;
            places.push(place);
        }
        Ok(places)
    }

    /// Empties the store of what lies in these places again.
    pub(crate) fn drop_restored(
        &self,
        name: &ModuleName,
        target: &Target,
        places: &BTreeSet<PathBuf>,
    ) -> io::Result<()> {
        let names: BTreeSet<_> = places.iter().filter_map(|place| place.file_name()).collect();
        for original in originals(self.layout(), name, target)? {
            if original.stored.file_name().is_some_and(|file| names.contains(file)) {
                self.drop_original(&original)?;
                failpoint();
            }
        }
        self.drop_empty_store(name, target)
    }

    /// Deletes one original, without putting it back: what it belonged to is gone.
    pub(crate) fn drop_original(&self, original: &Original) -> io::Result<()> {
        fs::remove_file(&original.stored)?;
        remove_tree(&note_of(&original.stored))
    }

    /// Gives one original to the store of another module, which lies in its place now; what that one had saved of the same
    /// name was what gives it.
    pub(crate) fn hand_over(&self, original: &Original, to: &ModuleName, target: &Target) -> io::Result<()> {
        let store = self.layout().originals(to, target);
        let stored = store.join(original.stored.file_name().unwrap_or_default());
        create_folders(&store)?;
        let note = fs::read(note_of(&original.stored))?;
        write_atomically(&note_of(&stored), 0o644, &note)?;
        failpoint();
        let meta = fs::symlink_metadata(&original.stored)?;
        if meta.is_symlink() {
            remove_tree(&stored)?;
        }
        store_copy(&original.stored, &meta, &stored)?;
        failpoint();
        self.drop_original(original)
    }

    /// Deletes what the store keeps for this kernel, without putting it back (the kernel is gone). Also `collisions/`.
    pub(crate) fn drop_originals(&self, name: &ModuleName, target: &Target) -> io::Result<()> {
        self.discard(&self.layout().originals(name, target))?;
        self.drop_empty_store(name, target)
    }

    /// Notes without a file go too: they are what a run leaves that died between the two.
    fn drop_empty_store(&self, name: &ModuleName, target: &Target) -> io::Result<()> {
        let store = self.layout().originals(name, target);
        for entry in fs::read_dir(&store).into_iter().flatten() {
            let note = entry?.path();
            let of_nothing = note.to_str().and_then(|text| text.strip_suffix(NOTE));
            if of_nothing.is_some_and(|stored| fs::symlink_metadata(stored).is_err()) {
                fs::remove_file(&note)?;
            }
        }
        prune_empty(&self.layout().module(name).join("original_module"), 2).map(drop)
    }
}

/// The place may lie on another file system, so files are always copied, and the one at the source goes last. A saved
/// symlink is saved as its text.
fn store_copy(from: &Path, meta: &std::fs::Metadata, to: &Path) -> io::Result<()> {
    if meta.is_symlink() {
        fs_err::os::unix::fs::symlink(fs::read_link(from)?, to)?;
        return to.parent().map_or(Ok(()), sync_folder);
    }
    use std::os::unix::fs::PermissionsExt;
    copy_atomically(from, to, meta.permissions().mode() & 0o777)
}

fn restore(stored: &Path, place: &Path) -> io::Result<()> {
    let meta = fs::symlink_metadata(stored)?;
    if let Some(folder) = place.parent() {
        create_folders(folder)?;
    }
    if meta.is_symlink() {
        remove_tree(place)?;
    }
    store_copy(stored, &meta, place)?;
    failpoint();
    Ok(())
}

/// This path, or with the first number behind it that is free.
fn free_name(wanted: &Path) -> PathBuf {
    let numbered = |n: u32| PathBuf::from(format!("{}.{n}", wanted.display()));
    let taken = |path: &PathBuf| fs::symlink_metadata(path).is_ok();
    std::iter::once(wanted.to_path_buf()).chain((2..).map(numbered)).find(|path| !taken(path)).unwrap_or_default()
}

fn same(one: &Path, other: &Path) -> io::Result<bool> {
    match (fs::read_link(one), fs::read_link(other)) {
        (Ok(one), Ok(other)) => Ok(one == other),
        (Err(_), Err(_)) => crate::sys::fs::same_content(one, other),
        _ => Ok(false),
    }
}

#[cfg(test)]
mod tests;
