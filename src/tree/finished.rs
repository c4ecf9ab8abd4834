//! Finished builds that were taken away, kept for a while: whoever puts the same module and kernel back need not compile.
//!
//! `TREE/.finished/KEY/` holds the build's folder as `build/` and its fingerprint as `fingerprint.json`; KEY says all that
//! the build was made from. A build comes here by a rename as it leaves the tree and goes back by one, so an entry is whole
//! or not there. Losing all of it costs time only.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use fs_err as fs;

use super::foreseen;
use super::kept::{entries, entries_in, is_key};
use super::records::{self, Fingerprint};
use super::transition::{STAGED, rescue_of};
use super::{Layout, TreeWriter};
use crate::ids::{ModuleId, Target};
use crate::sys::copy::copy_tree;
use crate::sys::fingerprint;
use crate::sys::fs::{
    create_folders, free_space, is_real_folder, remove_tree, sync_folder, sync_tree, write_atomically,
};
use crate::sys::rename::{failpoint, rename, replace};

/// How much may lie there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) bytes: u64,
    /// Since a build was taken away.
    pub(crate) age: Duration,
    /// Bytes that must be free on the file system: a nearly full disk has better use for its last ones.
    pub(crate) free: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 512 << 20, age: Duration::from_secs(90 * 24 * 3600), free: 256 << 20 }
    }
}

const NOTE: &str = "fingerprint.json";

impl TreeWriter<'_> {
    /// [`TreeWriter::delete_build`], but the build is kept when its fingerprint says what it was made from, and is really
    /// about the build that lies there.
    pub(crate) fn retire_build(&self, id: &ModuleId, target: &Target, limits: Limits) -> io::Result<()> {
        let place = self.layout().built(id, target);
        let note = records::fingerprint(self.layout(), id, target);
        let note = note.map(|note| Fingerprint { before: None, ..note });
        let known = note.filter(|note| is_key(note.key.as_deref().unwrap_or_default()) && is_unchanged(note, &place));
        match known {
            Some(note) if free_space(&self.layout().tree()).is_some_and(|free| free >= limits.free) => {
                self.keep(&note, &place)?;
            }
            _ => {}
        }
        self.delete_build(id, target)
    }

    /// Puts a kept build back into the tree, in the place of one that may be there. False: there is none with this key, or
    /// it is no longer what it was.
    pub(crate) fn restore_build(&self, id: &ModuleId, target: &Target, key: &str) -> io::Result<bool> {
        let entry = self.layout().finished().join(key);
        let (build, note) = (entry.join("build"), read_note(&entry));
        let Some(mut note) = note.filter(|note| note.module == *id && note.target == *target && is_key(key)) else {
            return Ok(false);
        };
        if !is_unchanged(&note, &build) {
            remove_tree(&entry)?;
            return Ok(false);
        }
        let place = self.layout().built(id, target);
        create_folders(place.parent().unwrap_or(&place))?;
        note.stamp = records::stamp(&build);
        self.record(&note.clone().instead_of_the_present(self.layout()))?;
        match replace(&build, &place, &rescue_of(&place)) {
            // A folder of a lower overlayfs layer.
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => self.restore_copy(note, &build, &place)?,
            result => result?,
        }
        failpoint();
        remove_tree(&entry)?;
        Ok(true)
    }

    fn restore_copy(&self, mut note: Fingerprint, build: &Path, place: &Path) -> io::Result<()> {
        let staged = tempfile::Builder::new().prefix(STAGED).tempdir_in(place.parent().unwrap_or(place))?;
        let copy = staged.path().join("build");
        copy_tree(build, &copy)?;
        note.stamp = records::stamp(&copy);
        self.record(&note.instead_of_the_present(self.layout()))?;
        replace(&copy, place, &rescue_of(place))
    }

    /// Deletes what is kept of this module for this kernel: somebody wants it built anew.
    pub(crate) fn forget_finished(&self, id: &ModuleId, target: &Target) -> io::Result<()> {
        for (_, entry) in entries(self.layout())? {
            if subject(&entry).is_none_or(|(module, of)| module == *id && of == *target) {
                remove_tree(&entry)?;
            }
        }
        Ok(())
    }

    /// Takes over what [`export`] laid into this folder; says how many builds that were.
    pub(crate) fn take_finished(&self, from: &Path, limits: Limits) -> io::Result<usize> {
        let all = self.layout().finished();
        let mut taken = 0;
        for (_, entry) in entries_in(from)? {
            let Some(note) = read_note(&entry).filter(|note| is_key(note.key.as_deref().unwrap_or_default())) else {
                continue;
            };
            if free_space(&self.layout().tree()).is_none_or(|free| free < limits.free) {
                break;
            }
            create_folders(&all)?;
            let staged = tempfile::Builder::new().prefix(STAGED).tempdir_in(&all)?;
            copy_tree(&entry, staged.path())?;
            sync_tree(staged.path())?;
            failpoint();
            let place = all.join(note.key.as_deref().unwrap_or_default());
            remove_tree(&place)?;
            rename(staged.path(), &place)?;
            taken += 1;
        }
        self.trim_finished(limits)?;
        Ok(taken)
    }

    fn keep(&self, note: &Fingerprint, place: &Path) -> io::Result<()> {
        let all = self.layout().finished();
        create_folders(&all)?;
        let staged = tempfile::Builder::new().prefix(STAGED).tempdir_in(&all)?;
        write_atomically(&staged.path().join(NOTE), 0o644, &serde_json::to_vec(note).map_err(io::Error::other)?)?;
        match rename(place, &staged.path().join("build")) {
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => return Ok(()),
            result => result?,
        }
        sync_folder(staged.path())?;
        failpoint();
        let entry = all.join(note.key.as_deref().unwrap_or_default());
        remove_tree(&entry)?;
        rename(staged.path(), &entry)
    }

    /// Deletes what is too old, and the oldest until the rest is small enough: once, after builds were retired.
    pub(crate) fn trim_finished(&self, limits: Limits) -> io::Result<()> {
        let mut entries = entries(self.layout())?;
        entries.sort();
        let mut bytes = 0;
        for (since, entry) in entries.into_iter().rev() {
            bytes += size(&entry)?;
            let is_old = SystemTime::now().duration_since(since).is_ok_and(|age| age > limits.age);
            if is_old || bytes > limits.bytes || !is_whole(&entry) {
                remove_tree(&entry)?;
            }
        }
        Ok(())
    }
}

/// Copies a build, if it is one that can be restored, as an entry into another folder.
pub(crate) fn export(layout: &Layout, id: &ModuleId, target: &Target, into: &Path) -> io::Result<bool> {
    let place = layout.built(id, target);
    let note = records::fingerprint(layout, id, target).map(|note| Fingerprint { before: None, ..note });
    let Some(note) = note.filter(|note| is_unchanged(note, &place)) else { return Ok(false) };
    let Some(key) = note.key.as_deref().filter(|key| is_key(key)) else { return Ok(false) };
    let entry = into.join(key);
    create_folders(&entry)?;
    copy_tree(&place, &entry.join("build"))?;
    write_atomically(&entry.join(NOTE), 0o644, &serde_json::to_vec(&note).map_err(io::Error::other)?)?;
    Ok(true)
}

/// What is kept too long, or is not whole.
pub(super) fn useless(layout: &Layout, limits: Limits) -> io::Result<Vec<PathBuf>> {
    let is_of_use = |(since, entry): &(SystemTime, PathBuf)| {
        let is_old = SystemTime::now().duration_since(*since).is_ok_and(|age| age > limits.age);
        !is_old && is_whole(entry) && subject(entry).is_some()
    };
    Ok(entries(layout)?.into_iter().filter(|entry| !is_of_use(entry)).map(|(_, entry)| entry).collect())
}

/// Whether the modules are those that the fingerprint was taken of.
fn is_unchanged(note: &Fingerprint, build: &Path) -> bool {
    let digest = fingerprint::of_folder(&build.join("module")).ok();
    digest.is_some() && digest == note.digest
}

fn read_note(entry: &Path) -> Option<Fingerprint> {
    serde_json::from_slice(&fs::read(entry.join(NOTE)).ok()?).ok()
}

/// What an entry is about.
fn subject(entry: &Path) -> Option<(ModuleId, Target)> {
    let of_build = read_note(entry).map(|note| (note.module, note.target));
    of_build.or_else(|| foreseen::read(entry).map(|seen| (seen.module, seen.target)))
}

fn is_whole(entry: &Path) -> bool {
    is_real_folder(&entry.join("build")) || foreseen::read(entry).is_some()
}

fn size(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        bytes += if entry.file_type()?.is_dir() { size(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tests::{Sandbox, id, target};

    const GENEROUS: Limits = Limits { bytes: 1 << 20, age: Duration::from_secs(3600), free: 0 };

    fn key(n: u8) -> String {
        format!("{n:064x}")
    }

    /// A build of a/1 with its fingerprint under this key.
    fn built(s: &Sandbox, writer: TreeWriter<'_>, kernel: &str, n: u8) {
        s.built("a", "1", kernel);
        let place = writer.layout().built(&id("a", "1"), &target(kernel));
        let note = Fingerprint {
            key: Some(key(n)),
            ..Fingerprint::of(&id("a", "1"), &target(kernel), &place, std::collections::BTreeMap::default())
        };
        writer.record(&note).unwrap();
    }

    fn kept(s: &Sandbox) -> Vec<String> {
        let folder = s.path("var/lib/dkms/.finished");
        let mut names: Vec<String> = fs::read_dir(folder)
            .map(|entries| entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
            .unwrap_or_default();
        names.sort();
        names
    }

    #[test]
    fn a_build_comes_back_with_its_key_and_with_no_other() {
        let s = Sandbox::new();
        s.added("a", "1");
        let (lock, id, kernel) = (s.lock(), id("a", "1"), target("6.1"));
        built(&s, lock.writer(), "6.1", 7);
        lock.writer().retire_build(&id, &kernel, GENEROUS).unwrap();
        assert_eq!((s.states(), kept(&s)), (vec!["a/1 added".to_owned()], vec![key(7)]));
        for other in [key(8), "..".to_owned(), String::new()] {
            assert!(!lock.writer().restore_build(&id, &kernel, &other).unwrap(), "{other}");
        }
        assert!(!lock.writer().restore_build(&id, &target("6.2"), &key(7)).unwrap(), "another kernel");
        assert!(lock.writer().restore_build(&id, &kernel, &key(7)).unwrap());
        assert_eq!((s.states(), kept(&s)), (vec!["a/1 added".into(), "  6.1 (x86_64) built".into()], Vec::new()));
        assert!(records::fingerprint(lock.writer().layout(), &id, &kernel).is_some(), "its fingerprint is back, too");
    }

    #[test]
    fn what_somebody_changed_is_neither_kept_nor_brought_back() {
        let s = Sandbox::new();
        s.added("a", "1");
        let (lock, id, kernel) = (s.lock(), id("a", "1"), target("6.1"));
        built(&s, lock.writer(), "6.1", 1);
        s.file("a/1/6.1/x86_64/module/a.ko", "tampered");
        lock.writer().retire_build(&id, &kernel, GENEROUS).unwrap();
        assert_eq!((s.states(), kept(&s).len()), (vec!["a/1 added".to_owned()], 0));

        built(&s, lock.writer(), "6.1", 2);
        lock.writer().retire_build(&id, &kernel, GENEROUS).unwrap();
        s.file(&format!(".finished/{}/build/module/a.ko", key(2)), "tampered");
        assert!(!lock.writer().restore_build(&id, &kernel, &key(2)).unwrap());
        assert_eq!((s.states(), kept(&s).len()), (vec!["a/1 added".to_owned()], 0));
    }

    #[test]
    fn the_oldest_go_when_it_gets_too_much_and_all_go_in_time() {
        let s = Sandbox::new();
        s.added("a", "1");
        let lock = s.lock();
        let retire = |kernel: &str, n: u8, limits: Limits| {
            built(&s, lock.writer(), kernel, n);
            lock.writer().retire_build(&id("a", "1"), &target(kernel), limits).unwrap();
            lock.writer().trim_finished(limits).unwrap();
            std::thread::sleep(Duration::from_millis(20));
        };
        retire("6.1", 1, GENEROUS);
        let one = size(&s.path(&format!("var/lib/dkms/.finished/{}", key(1)))).unwrap();
        let two_fit = Limits { bytes: 2 * one + 1, ..GENEROUS };
        retire("6.2", 2, two_fit);
        retire("6.3", 3, two_fit);
        assert_eq!(kept(&s), [key(2), key(3)]);
        retire("6.4", 4, Limits { free: u64::MAX, ..GENEROUS });
        assert_eq!(kept(&s), [key(2), key(3)], "a full disk keeps nothing");
        retire("6.5", 5, Limits { age: Duration::ZERO, ..GENEROUS });
        assert!(kept(&s).is_empty());
    }

    #[test]
    fn without_a_key_a_build_just_goes() {
        let s = Sandbox::new();
        s.added("a", "1");
        s.built("a", "1", "6.1");
        let lock = s.lock();
        lock.writer().retire_build(&id("a", "1"), &target("6.1"), GENEROUS).unwrap();
        lock.writer().retire_build(&id("a", "1"), &target("6.1"), GENEROUS).unwrap();
        assert_eq!((s.states(), kept(&s).len()), (vec!["a/1 added".to_owned()], 0));
    }
}
