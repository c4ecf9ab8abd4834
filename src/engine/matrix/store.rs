//! The store of a matrix: sources, packages with headers, what is wanted, and finished cells, each under the digest of what it is.
//!
//! It is a folder that several hosts may share. Everything is written aside and appears by a rename, so an entry is whole or not
//! there; whoever comes second with the same finds it there and drops his own. There is no lock, and nothing is ever changed.
//! What a host that died left aside is cleared away after a day.
//!
//! | place | holds |
//! | --- | --- |
//! | `sources/DIGEST/` | a source, as it is unpacked |
//! | `packages/DIGEST` | a package with headers |
//! | `headers/DIGEST.json` | what that package says of its kernel |
//! | `wanted/KEY.json` | a cell that somebody wants ([`Wanted`]) |
//! | `cells/KEY/` | a finished one: `cell.json` ([`Done`]), `module/`, `kernel.symvers`, `make.log` |

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use fs_err as fs;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::cell::{Done, Key, Wanted};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::package::io::digest;
use crate::sys::copy::copy_tree;
use crate::sys::fingerprint;
use crate::sys::fs::{at, create_folders, remove_tree, sync_folder, sync_tree, write_atomically};

const STAGED: &str = ".staged-";
/// No cell is put down for so long.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug, Clone)]
pub(crate) struct Store(PathBuf);

/// A kind of entry.
#[derive(Debug, Clone, Copy)]
enum Shelf {
    Sources,
    Packages,
    Headers,
    Wanted,
    Cells,
}

impl Shelf {
    const ALL: [Shelf; 5] = [Shelf::Sources, Shelf::Packages, Shelf::Headers, Shelf::Wanted, Shelf::Cells];

    fn name(self) -> &'static str {
        match self {
            Shelf::Sources => "sources",
            Shelf::Packages => "packages",
            Shelf::Headers => "headers",
            Shelf::Wanted => "wanted",
            Shelf::Cells => "cells",
        }
    }
}

/// What a finished cell consists of, before it is put into the store.
#[derive(Debug, Default)]
pub(crate) struct Products {
    /// The folder with the modules.
    pub(crate) modules: Option<PathBuf>,
    /// The lines of the kernel's Module.symvers that they need.
    pub(crate) symvers: String,
    pub(crate) log: Option<PathBuf>,
}

impl Store {
    /// Opens it, or makes it.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Error::new(Kind::NoWritePermission, format!("the store {} cannot be written", folder.display()))
                    .caused_by(error)
                    .hint("--store names another folder")
            }
            _ => Error::io(format!("the store {} cannot be used", folder.display()), error),
        };
        create_folders(folder).map_err(failed)?;
        let store = Self(fs::canonicalize(folder).map_err(failed)?);
        for shelf in Shelf::ALL {
            create_folders(&store.shelf(shelf)).map_err(failed)?;
        }
        store.sweep();
        Ok(store)
    }

    /// A folder of it that everybody can write, and so decide what hosts install.
    pub(crate) fn open_to_all(&self) -> Option<PathBuf> {
        let mut folders = std::iter::once(self.0.clone()).chain(Shelf::ALL.map(|shelf| self.shelf(shelf)));
        folders.find(|folder| fs::metadata(folder).is_ok_and(|meta| meta.mode() & 0o002 != 0))
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    fn shelf(&self, shelf: Shelf) -> PathBuf {
        self.0.join(shelf.name())
    }

    /// A folder beside all entries, which goes when it is dropped.
    pub(crate) fn aside(&self) -> Result<tempfile::TempDir> {
        tempfile::Builder::new().prefix(STAGED).tempdir_in(&self.0).map_err(unwritable)
    }

    pub(crate) fn source(&self, digest: &str) -> PathBuf {
        self.shelf(Shelf::Sources).join(digest)
    }

    pub(crate) fn package(&self, digest: &str) -> PathBuf {
        self.shelf(Shelf::Packages).join(digest)
    }

    pub(crate) fn cell(&self, key: &Key) -> PathBuf {
        self.shelf(Shelf::Cells).join(key.as_str())
    }

    /// The file whose presence says that a cell is finished.
    pub(crate) fn mark(&self, key: &Key) -> PathBuf {
        self.cell(key).join("cell.json")
    }

    pub(crate) fn modules(&self, key: &Key) -> PathBuf {
        self.cell(key).join("module")
    }

    pub(crate) fn symvers(&self, key: &Key) -> PathBuf {
        self.cell(key).join("kernel.symvers")
    }

    /// None: nothing was built, so that there is none.
    pub(crate) fn log(&self, key: &Key) -> Option<PathBuf> {
        // It is shown to whoever sees the output: a link would show another file.
        let is_file = |log: &PathBuf| fs::symlink_metadata(log).is_ok_and(|meta| meta.is_file());
        Some(self.cell(key).join("make.log")).filter(is_file)
    }

    /// Takes a source that lies in a folder aside; gives its digest.
    pub(crate) fn take_source(&self, folder: &Path) -> Result<String> {
        let digest = fingerprint::of_folder(folder).map_err(unwritable)?;
        if !self.has_source(&digest) {
            self.take_away(&self.source(&digest))?;
            self.settle(folder, &self.source(&digest)).map_err(unwritable)?;
        }
        Ok(digest)
    }

    /// Whether the source is there, and what it should be.
    fn has_source(&self, digest: &str) -> bool {
        fingerprint::of_folder(&self.source(digest)).is_ok_and(|found| found == digest)
    }

    /// Copies a source to where it is built, if it is still what it was.
    pub(crate) fn lay_source(&self, digest: &str, place: &Path) -> io::Result<()> {
        create_folders(place.parent().unwrap_or(place))?;
        copy_tree(&self.source(digest), place)?;
        match fingerprint::of_folder(place)? == digest {
            true => Ok(()),
            false => Err(at(&self.source(digest), "use", io::Error::other("the source is no longer what it was"))),
        }
    }

    /// Takes a package that was fetched; gives its digest.
    pub(crate) fn take_package(&self, file: &Path) -> Result<String> {
        let digest = digest_of(file).map_err(unwritable)?;
        self.keep_package(file, &digest)?;
        Ok(digest)
    }

    /// The same of one whose digest is known.
    pub(crate) fn keep_package(&self, file: &Path, digest: &str) -> Result<()> {
        if !self.has_package(digest) {
            self.take_away(&self.package(digest))?;
            crate::sys::fs::copy_atomically(file, &self.package(digest), 0o644).map_err(unwritable)?;
        }
        Ok(())
    }

    /// Whether the package is there, and what it should be.
    pub(crate) fn has_package(&self, digest: &str) -> bool {
        digest_of(&self.package(digest)).is_ok_and(|found| found == digest)
    }

    pub(crate) fn note_headers(&self, digest: &str, facts: &impl Serialize) -> Result<()> {
        self.write(Shelf::Headers, digest, facts)
    }

    pub(crate) fn noted_headers<T: DeserializeOwned>(&self, digest: &str) -> Option<T> {
        self.read(Shelf::Headers, digest)
    }

    pub(crate) fn want(&self, wanted: &Wanted) -> Result<()> {
        self.write(Shelf::Wanted, wanted.key().as_str(), wanted)
    }

    pub(crate) fn wanted(&self, key: &Key) -> Result<Wanted> {
        let wanted: Option<Wanted> = self.read(Shelf::Wanted, key.as_str());
        wanted.filter(|wanted| wanted.key() == *key).ok_or_else(|| {
            Error::new(Kind::NotInTree, format!("the store {} wants no cell {key}", self.0.display())).hint(
                "`dkms mkmatrix SOURCE... --kernels SELECTOR --jobs-for make` notes the cells that are wanted there",
            )
        })
    }

    fn write(&self, shelf: Shelf, name: &str, what: &impl Serialize) -> Result<()> {
        let text = serde_json::to_vec_pretty(what)
            .map_err(|error| Error::new(Kind::Internal, "an entry of the store cannot be written").caused_by(error))?;
        write_atomically(&self.shelf(shelf).join(format!("{name}.json")), 0o644, &text).map_err(unwritable)
    }

    fn read<T: DeserializeOwned>(&self, shelf: Shelf, name: &str) -> Option<T> {
        serde_json::from_slice(&fs::read(self.shelf(shelf).join(format!("{name}.json"))).ok()?).ok()
    }

    /// A finished cell. What lies in its place and is none, or none any more, is taken away: it would be in the way of the next.
    pub(crate) fn done(&self, key: &Key) -> Option<Done> {
        let is_nothing = |error: &io::Error| {
            matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory)
        };
        let done = match fs::read(self.mark(key)) {
            Ok(text) => serde_json::from_slice::<Done>(&text).ok(),
            Err(error) if is_nothing(&error) => None,
            // It may be readable the next time.
            Err(_) => return None,
        };
        let is_whole = |done: &Done| match &done.digest {
            Some(digest) => fingerprint::of_folder(&self.modules(key)).is_ok_and(|found| found == *digest),
            None => true,
        };
        let done = done.filter(|done| done.parts.key() == *key && is_whole(done));
        if done.is_none() {
            // Somebody else may be doing the same.
            drop(self.take_away(&self.cell(key)));
        }
        done
    }

    /// Takes an entry away, at once: what is killed meanwhile leaves no half of it in its place.
    fn take_away(&self, place: &Path) -> Result<()> {
        if fs::symlink_metadata(place).is_err() {
            return Ok(());
        }
        let aside = self.aside()?;
        match fs::rename(place, aside.path().join("away")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unwritable(error)),
            _ => Ok(()),
        }
    }

    /// Puts a finished cell where everybody finds it. One that is there already stays.
    pub(crate) fn put(&self, done: &Done, products: &Products) -> Result<()> {
        let staged =
            tempfile::Builder::new().prefix(STAGED).tempdir_in(self.shelf(Shelf::Cells)).map_err(unwritable)?;
        let fill = || {
            if let Some(modules) = &products.modules {
                copy_tree(modules, &staged.path().join("module"))?;
                fs::write(staged.path().join("kernel.symvers"), &products.symvers)?;
            }
            if let Some(log) = &products.log {
                fs::copy(log, staged.path().join("make.log"))?;
            }
            fs::write(staged.path().join("cell.json"), serde_json::to_vec_pretty(done)?)?;
            fs::set_permissions(staged.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
            self.settle(staged.path(), &self.cell(&done.parts.key()))
        };
        fill().map_err(unwritable)
    }

    /// Forgets a finished cell, so that it is built again.
    pub(crate) fn forget(&self, key: &Key) -> Result<()> {
        self.take_away(&self.cell(key))
    }

    fn settle(&self, staged: &Path, place: &Path) -> io::Result<()> {
        if place.is_dir() {
            return Ok(());
        }
        sync_tree(staged)?;
        match fs::rename(staged, place) {
            Ok(()) => sync_folder(place.parent().unwrap_or(&self.0)),
            // Another host was first.
            Err(_) if place.is_dir() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// What hosts that died left aside. What cannot be read or removed does no harm.
    fn sweep(&self) {
        let folders = std::iter::once(self.0.clone()).chain(Shelf::ALL.map(|shelf| self.shelf(shelf)));
        let entries = folders.flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten());
        let is_old = |entry: &std::fs::DirEntry| {
            let changed = entry.metadata().and_then(|meta| meta.modified());
            changed.is_ok_and(|time| SystemTime::now().duration_since(time).is_ok_and(|age| age > ABANDONED))
        };
        for entry in entries.filter(|entry| entry.file_name().as_encoded_bytes().starts_with(STAGED.as_bytes())) {
            if is_old(&entry) {
                drop(remove_tree(&entry.path()));
            }
        }
    }
}

pub(super) fn digest_of(file: &Path) -> io::Result<String> {
    let mut content = digest::sha256(fs::File::open(file)?);
    io::copy(&mut content, &mut io::sink())?;
    Ok(content.finish().1)
}

fn unwritable(error: io::Error) -> Error {
    Error::io("the store cannot be written", error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::matrix::cell::Parts;
    use crate::engine::preflight::verdict::Standing;
    use crate::ids::{Arch, KernelRelease, ModuleId, ModuleName, ModuleVersion, Target};
    use crate::sys::sample::tree;

    fn done(part: &str) -> Done {
        let mut parts = Parts::default();
        parts.set("source", part);
        Done {
            module: ModuleId::new(ModuleName::new("a").unwrap(), ModuleVersion::new("1").unwrap()),
            target: Target::new(KernelRelease::new("6.1").unwrap(), Arch::new("x86_64").unwrap()),
            standing: Standing::Builds,
            digest: None,
            date: 0,
            parts,
            absent: std::collections::BTreeSet::new(),
        }
    }

    fn built(part: &str, content: &str) -> (tempfile::TempDir, Done, Products) {
        let made = tree(&[("module/a.ko", content)]);
        let digest = fingerprint::of_folder(&made.path().join("module")).unwrap();
        let products = Products { modules: Some(made.path().join("module")), ..Products::default() };
        (made, Done { digest: Some(digest), ..done(part) }, products)
    }

    #[test]
    fn who_comes_second_with_the_same_cell_changes_nothing_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let (_first, one, products) = built("s", "first");
        store.put(&one, &products).unwrap();
        let (_second, other, products) = built("s", "second");
        store.put(&other, &products).unwrap();
        let key = one.parts.key();
        assert_eq!(store.done(&key), Some(one));
        assert_eq!(fs::read_to_string(store.modules(&key).join("a.ko")).unwrap(), "first");
        assert_eq!(fs::read_dir(folder.path().join("cells")).unwrap().count(), 1, "nothing lies aside");
    }

    #[test]
    fn a_cell_that_was_damaged_or_lies_under_a_foreign_key_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let (_made, one, products) = built("s", "module");
        store.put(&one, &products).unwrap();
        let (key, foreign) = (one.parts.key(), done("other").parts.key());
        copy_tree(&store.cell(&key), &store.cell(&foreign)).unwrap();
        assert_eq!(store.done(&foreign), None);
        fs::write(store.modules(&key).join("a.ko"), "modul").unwrap();
        assert_eq!(store.done(&key), None);
        assert!(!store.cell(&key).exists(), "it does not stand in the way of the next");
    }

    #[test]
    fn what_lies_in_the_place_of_a_cell_and_is_none_is_not_in_the_way_of_one() {
        type Lay = fn(&Path);
        let in_the_way: [(&str, Lay); 6] = [
            ("an empty folder", |place| fs::create_dir(place).unwrap()),
            ("a mark that was cut", |place| {
                fs::create_dir(place).unwrap();
                fs::write(place.join("cell.json"), "{").unwrap();
            }),
            ("a folder as its mark", |place| fs::create_dir_all(place.join("cell.json")).unwrap()),
            ("a file", |place| fs::write(place, "").unwrap()),
            ("a link to nothing", |place| std::os::unix::fs::symlink("/nosuch", place).unwrap()),
            ("a link to a folder", |place| std::os::unix::fs::symlink("/", place).unwrap()),
        ];
        for (what, lay) in in_the_way {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open(folder.path()).unwrap();
            let (_made, one, products) = built("s", "module");
            let key = one.parts.key();
            lay(&store.cell(&key));
            assert_eq!(store.done(&key), None, "{what}");
            store.put(&one, &products).unwrap();
            assert_eq!(store.done(&key), Some(one), "{what}");
            store.forget(&key).unwrap();
            assert_eq!(fs::read_dir(folder.path().join("cells")).unwrap().count(), 0, "{what}");
        }
    }

    #[test]
    fn a_link_in_the_place_of_a_log_is_none_and_a_store_of_everybody_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let key = done("s").parts.key();
        fs::create_dir_all(store.cell(&key)).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", store.cell(&key).join("make.log")).unwrap();
        assert_eq!(store.log(&key), None);
        assert_eq!(store.open_to_all(), None);
        let sources = store.shelf(Shelf::Sources);
        fs::set_permissions(&sources, std::os::unix::fs::PermissionsExt::from_mode(0o1777)).unwrap();
        assert_eq!(store.open_to_all(), Some(sources));
    }

    #[test]
    fn a_source_that_was_changed_is_not_built_and_is_taken_anew() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let take = || {
            let source = tree(&[("source/a.c", "int a;")]);
            store.take_source(&source.path().join("source")).unwrap()
        };
        let digest = take();
        fs::write(store.source(&digest).join("a.c"), "int b;").unwrap();
        assert!(store.lay_source(&digest, &folder.path().join("one")).is_err());
        assert_eq!(take(), digest);
        store.lay_source(&digest, &folder.path().join("other")).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("other/a.c")).unwrap(), "int a;");
    }

    #[test]
    fn a_package_that_was_cut_is_fetched_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let file = folder.path().join("a.deb");
        fs::write(&file, "package").unwrap();
        let digest = store.take_package(&file).unwrap();
        assert!(store.has_package(&digest));
        fs::write(store.package(&digest), "pack").unwrap();
        assert!(!store.has_package(&digest));
        store.take_package(&file).unwrap();
        assert!(store.has_package(&digest));
    }
}
