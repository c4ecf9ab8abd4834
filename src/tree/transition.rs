//! Changes of the tree. Each is staged in a dot-named place on the same file system and appears by one rename.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use fs_err as fs;
use fs_err::os::unix::fs::symlink;

use super::records::Fingerprint;
use super::{Layout, TreeLock, walk};
use crate::ids::{ModuleId, ModuleName, Target};
use crate::sys::fs::{
    at, create_folders, is_real_folder, remove_if_empty, remove_tree, sync_file_system, sync_folder, sync_tree,
};
use crate::sys::rename::{failpoint, rename, replace};

/// Staged or discarded things of ours begin so; the shell original's `remove` sweeps `.tmp_ARCH_…` too.
pub(super) const STAGED: &str = ".tmp_";
/// A folder that waits to be put back if the run that replaces it dies. Behind it: the name of the folder.
pub(super) const RESCUE: &str = ".rescue_";
/// An empty file that says: the folder named behind it is being deleted. Only where it could not be renamed away.
pub(super) const DELETING: &str = ".delete_";
/// Stages and rescues in the source tree, which others use as well.
pub(super) const STAGED_SOURCE: &str = ".dkms_tmp_";
pub(super) const RESCUE_SOURCE: &str = ".dkms_rescue_";
/// Modules staged beside their places under a kernel.
pub(crate) const STAGED_MODULE: &str = ".dkms-";

/// The right to change the tree; had only from [`TreeLock::writer`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct TreeWriter<'lock> {
    pub(super) lock: &'lock TreeLock,
}

/// A build under way: `NAME/VERSION/KVER/.tmp_ARCH_XXXXXX` with `module/` and `log/` in it. Dropped without
/// [`TreeWriter::publish`], it vanishes.
#[derive(Debug)]
pub(crate) struct Stage {
    folder: tempfile::TempDir,
    // Behind the staged folder: dropped after it.
    _kernel: GoneIfEmpty,
    id: ModuleId,
    target: Target,
}

/// A kernel's folder that was made for a stage and goes with it, unless something else is in there by then.
#[derive(Debug)]
struct GoneIfEmpty(PathBuf);

impl Drop for GoneIfEmpty {
    fn drop(&mut self) {
        // Of a folder that is not empty the system refuses it, as is wanted.
        drop(std::fs::remove_dir(&self.0));
    }
}

impl Stage {
    /// Where the finished module files go, under their DEST names.
    pub(crate) fn modules(&self) -> PathBuf {
        self.folder().join("module")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder().join("log/make.log")
    }

    /// The staged folder itself (for `.dep_OTHER` files and Module.symvers).
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl<'lock> TreeWriter<'lock> {
    pub(crate) fn layout(&self) -> &'lock Layout {
        &self.lock.layout
    }

    /// Registers SOURCETREE/NAME-VERSION: makes `NAME/VERSION/source` → that folder (absolute, without the root). A
    /// link that is there already is replaced; a real folder there (a binaries-only module) is an error.
    pub(crate) fn register(&self, id: &ModuleId) -> io::Result<()> {
        let text = self.layout().source_tree_name().join(id.source_folder());
        self.register_at(id, &text)
    }

    /// The same of a source in any other place.
    pub(crate) fn register_at(&self, id: &ModuleId, text: &Path) -> io::Result<()> {
        let version = self.layout().version(id);
        if !is_real_folder(&version) {
            return self.add_version(id, |staged| symlink(text, staged.join("source")));
        }
        if is_real_folder(&self.layout().source_link(id)) {
            let reason = io::Error::new(io::ErrorKind::AlreadyExists, "it holds the sources of a binaries-only module");
            return Err(at(&self.layout().source_link(id), "replace", reason));
        }
        replace_link(text, &self.layout().source_link(id))
    }

    /// An empty folder in the tree for the `source` of a module without a source tree (binaries only).
    pub(crate) fn stage_own_source(&self) -> io::Result<tempfile::TempDir> {
        stage_in(&self.layout().tree(), &format!("{STAGED}source_"))
    }

    /// Registers a module whose source is a real folder `NAME/VERSION/source`, which was staged. An error when the tree
    /// knows that version already.
    pub(crate) fn register_own_source(&self, staged: tempfile::TempDir, id: &ModuleId) -> io::Result<()> {
        let source = self.layout().source_link(id);
        if fs::symlink_metadata(&source).is_ok() {
            return Err(at(&source, "make", io::ErrorKind::AlreadyExists.into()));
        }
        make_public(staged.path())?;
        sync_tree(staged.path())?;
        if is_real_folder(&self.layout().version(id)) {
            return rename(staged.path(), &source);
        }
        self.add_version(id, |version| rename(staged.path(), &version.join("source")))
    }

    /// Makes a version folder that has its content when it appears.
    fn add_version(&self, id: &ModuleId, fill: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
        let module = self.layout().module(&id.name);
        create_folders(&module)?;
        failpoint();
        let staged = stage_in(&module, &format!("{STAGED}add_"))?;
        make_public(staged.path())?;
        fill(staged.path())?;
        sync_folder(staged.path())?;
        failpoint();
        rename(staged.path(), &self.layout().version(id))
    }

    /// Makes an empty staging folder in the source tree, for a source that will become SOURCETREE/NAME-VERSION.
    pub(crate) fn stage_source(&self) -> io::Result<tempfile::TempDir> {
        create_folders(&self.layout().source_tree())?;
        stage_in(&self.layout().source_tree(), STAGED_SOURCE)
    }

    /// Lets a staged source appear as SOURCETREE/NAME-VERSION; an existing folder of that name is replaced (of a symlink
    /// only the link goes).
    pub(crate) fn publish_source(&self, staged: tempfile::TempDir, id: &ModuleId) -> io::Result<()> {
        make_public(staged.path())?;
        sync_file_system(staged.path())?;
        let rescue = self.layout().source_tree().join(format!("{RESCUE_SOURCE}{}", id.source_folder()));
        replace(staged.path(), &self.layout().source(id), &rescue)?;
        remove_tree(staged.path())
    }

    /// A staging folder for a finished build, with empty `module/` and `log/`.
    pub(crate) fn stage(&self, id: &ModuleId, target: &Target) -> io::Result<Stage> {
        let kernel = self.layout().version(id).join(&target.kernel);
        create_folders(&kernel)?;
        let folder = stage_in(&kernel, &format!("{STAGED}{}_", target.arch))?;
        create_folders(&folder.path().join("module"))?;
        create_folders(&folder.path().join("log"))?;
        Ok(Stage { folder, _kernel: GoneIfEmpty(kernel), id: id.clone(), target: target.clone() })
    }

    /// Lets the staged build appear as `NAME/VERSION/KVER/ARCH`, replacing an older one. At every moment the old or the
    /// new one is there, or comes back with [`TreeWriter::recover`].
    pub(crate) fn publish(&self, stage: Stage) -> io::Result<()> {
        let staged = stage.folder.path();
        make_public(staged)?;
        sync_tree(staged)?;
        failpoint();
        let place = self.layout().built(&stage.id, &stage.target);
        replace(staged, &place, &rescue_of(&place))?;
        remove_tree(staged)
    }

    /// The folder `NAME/VERSION/tarball`, made if it is not there.
    pub(crate) fn tarball_folder(&self, id: &ModuleId) -> io::Result<PathBuf> {
        let folder = self.layout().version(id).join("tarball");
        create_folders(&folder)?;
        Ok(folder)
    }

    /// Deletes `NAME/VERSION/KVER/ARCH` (renamed away first) and empty parents up to the version folder, and the note of
    /// what it was made from.
    pub(crate) fn delete_build(&self, id: &ModuleId, target: &Target) -> io::Result<()> {
        let place = self.layout().built(id, target);
        self.discard(&place)?;
        let kernel = self.layout().version(id).join(&target.kernel);
        remove_if_empty(&kernel)?;
        self.drop_record::<Fingerprint>(id, Some(target))
    }

    /// Points `NAME/kernel-KVER-ARCH` at this version, replacing any other.
    pub(crate) fn activate(&self, id: &ModuleId, target: &Target) -> io::Result<()> {
        let text = Path::new(id.version.as_str()).join(&target.kernel).join(&target.arch);
        replace_link(&text, &self.layout().active_link(&id.name, target))
    }

    /// Removes `NAME/kernel-KVER-ARCH`; no error when it is not there.
    pub(crate) fn deactivate(&self, name: &ModuleName, target: &Target) -> io::Result<()> {
        let link = self.layout().active_link(name, target);
        match fs::remove_file(&link) {
            Ok(()) => sync_folder(&self.layout().module(name)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Deletes the version folder when no build is left in it, and the module's folder when it is empty. Returns whether
    /// the version is gone. The source in SOURCETREE stays.
    pub(crate) fn forget(&self, id: &ModuleId) -> io::Result<bool> {
        if !walk::built_for(self.layout(), id)?.is_empty() {
            return Ok(false);
        }
        self.discard(&self.layout().version(id))?;
        remove_tree(&self.layout().old_logs_of(id))?;
        self.drop_records_of(id)?;
        let module = self.layout().module(&id.name);
        prune_empty(&module.join("original_module"), 2)?;
        remove_if_empty(&module)?;
        Ok(true)
    }

    /// Takes something of the tree away that is of no use, and the folders above it that are empty then. The tree itself
    /// and what is not in it are refused.
    pub(crate) fn clear_away(&self, place: &Path) -> io::Result<()> {
        let tree = self.layout().tree();
        let is_inside = place.strip_prefix(&tree).is_ok_and(|inside| {
            let mut parts = inside.components();
            inside != Path::new("") && parts.all(|part| matches!(part, std::path::Component::Normal(_)))
        });
        if !is_inside || place == self.layout().lock() {
            let reason =
                io::Error::new(io::ErrorKind::InvalidInput, "it is not something in the DKMS tree that may be removed");
            return Err(at(place, "remove", reason));
        }
        self.discard(place)?;
        for folder in place.ancestors().skip(1).take_while(|folder| *folder != tree) {
            if !remove_if_empty(folder)? {
                break;
            }
        }
        Ok(())
    }

    /// Renames something away and deletes it then; nothing there is no error. Of a symlink only the link goes.
    pub(super) fn discard(&self, place: &Path) -> io::Result<()> {
        if fs::symlink_metadata(place).is_err() {
            return Ok(());
        }
        let folder = place.parent().unwrap_or(place);
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        let away = match stage_in(folder, &format!("{STAGED}{name}_")) {
            // Deleting needs no room, and makes some.
            Err(error) if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
                return remove_tree(place);
            }
            staged => staged?,
        };
        match rename(place, &away.path().join("discarded")) {
            // A folder of a lower overlayfs layer.
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => delete_in_place(place),
            result => result,
        }?;
        remove_tree(away.path())
    }
}

/// Deletes without a rename: a note beside it lets a later run complete what a dead one began.
fn delete_in_place(place: &Path) -> io::Result<()> {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    let note = place.with_file_name(format!("{DELETING}{name}"));
    fs::File::create(&note)?.sync_all()?;
    sync_folder(note.parent().unwrap_or(place))?;
    failpoint();
    remove_tree(place)?;
    failpoint();
    fs::remove_file(&note)
}

/// Where a folder waits while it is replaced on a file system that cannot exchange.
pub(super) fn rescue_of(place: &Path) -> PathBuf {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    place.with_file_name(format!("{RESCUE}{name}"))
}

fn stage_in(folder: &Path, prefix: &str) -> io::Result<tempfile::TempDir> {
    tempfile::Builder::new().prefix(prefix).tempdir_in(folder).map_err(|error| at(folder, "make a folder in", error))
}

/// A staging folder is ours alone; what appears in its place is for everybody to read.
pub(super) fn make_public(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))
}

/// Makes a symlink, or puts one in the place of what is there, by one rename.
fn replace_link(text: &Path, link: &Path) -> io::Result<()> {
    let folder = link.parent().unwrap_or(Path::new("/"));
    create_folders(folder)?;
    let staged = stage_in(folder, &format!("{STAGED}link_"))?;
    let new = staged.path().join("link");
    symlink(text, &new)?;
    failpoint();
    rename(&new, link)
}

/// Deletes empty folders below this one, and itself, down to this depth.
pub(super) fn prune_empty(folder: &Path, depth: usize) -> io::Result<bool> {
    if !is_real_folder(folder) {
        return Ok(false);
    }
    if depth > 0 {
        for entry in fs::read_dir(folder)? {
            prune_empty(&entry?.path(), depth - 1)?;
        }
    }
    remove_if_empty(folder)
}

#[cfg(test)]
mod tests;
