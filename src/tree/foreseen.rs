//! Builds that preflight saw fail, kept as finished ones are ([`super::finished`]): the event that comes with the very same need
//! not compile it to see it fail again.
//!
//! `TREE/.finished/KEY/` holds what came of the build as `failure.json`, and its log as `make.log`; KEY says all that it was
//! made from. One of a module and kernel is kept, and taken once. Losing all of it costs time only.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::{Deserialize, Serialize};

use super::kept::{entries, entries_in, is_key};
use super::transition::STAGED;
use super::{Layout, TreeWriter};
use crate::ids::{ModuleId, Target};
use crate::sys::copy::copy_tree;
use crate::sys::fs::{create_folders, remove_tree, sync_tree, write_atomically};
use crate::sys::rename::{failpoint, rename};

/// What came of such a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Foreseen {
    pub(crate) module: ModuleId,
    pub(crate) target: Target,
    /// [`crate::exit::Kind::name`]
    pub(crate) case: String,
    pub(crate) message: String,
    pub(crate) causes: Vec<String>,
    pub(crate) hints: Vec<String>,
    /// Programs, and files by their path, for the want of which it failed.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) absent: BTreeSet<String>,
}

const NOTE: &str = "failure.json";
const LOG: &str = "make.log";

impl Foreseen {
    fn is_of(&self, id: &ModuleId, target: &Target) -> bool {
        self.module == *id && self.target == *target
    }
}

/// What is kept in this entry; None: it is a build, or not whole.
pub(super) fn read(entry: &Path) -> Option<Foreseen> {
    serde_json::from_slice(&fs::read(entry.join(NOTE)).ok()?).ok().filter(|_| entry.join(LOG).is_file())
}

/// What is kept of this module and kernel, with its entry.
fn of(layout: &Layout, id: &ModuleId, target: &Target) -> io::Result<Option<(PathBuf, Foreseen)>> {
    let all = entries(layout)?.into_iter().filter_map(|(_, entry)| Some((read(&entry)?, entry)));
    Ok(all.map(|(seen, entry)| (entry, seen)).find(|(_, seen)| seen.is_of(id, target)))
}

/// What is kept of this module and kernel, and its key.
pub(crate) fn known(layout: &Layout, id: &ModuleId, target: &Target) -> Option<(String, Foreseen)> {
    let (entry, seen) = of(layout, id, target).ok()??;
    Some((entry.file_name()?.to_str()?.to_owned(), seen))
}

/// Copies what is kept of this module and kernel into another folder.
pub(crate) fn export(layout: &Layout, id: &ModuleId, target: &Target, into: &Path) -> io::Result<()> {
    let Some((entry, _)) = of(layout, id, target)? else { return Ok(()) };
    let place = into.join(entry.file_name().unwrap_or_default());
    create_folders(&place)?;
    copy_tree(&entry, &place)
}

impl TreeWriter<'_> {
    /// Keeps how a build failed whose log lies in its build folder.
    pub(crate) fn foresee(&self, key: &str, seen: &Foreseen) -> io::Result<()> {
        let staged = tempfile::tempdir_in(self.layout().tree())?;
        let log = self.layout().build_folder(&seen.module).join(LOG);
        fs::copy(log, staged.path().join(LOG))?;
        write_atomically(&staged.path().join(NOTE), 0o644, &serde_json::to_vec(seen).map_err(io::Error::other)?)?;
        self.put_foreseen(staged.path(), key)
    }

    /// Takes over what [`export`] laid into this folder.
    pub(crate) fn take_foreseen(&self, from: &Path) -> io::Result<()> {
        for (_, entry) in entries_in(from)? {
            self.put_foreseen(&entry, &entry.file_name().unwrap_or_default().to_string_lossy())?;
        }
        Ok(())
    }

    /// Copies an entry to its place, instead of another about the same; nothing where it is none.
    fn put_foreseen(&self, entry: &Path, key: &str) -> io::Result<()> {
        let Some(seen) = read(entry).filter(|_| is_key(key)) else { return Ok(()) };
        let all = self.layout().finished();
        create_folders(&all)?;
        let staged = tempfile::Builder::new().prefix(STAGED).tempdir_in(&all)?;
        copy_tree(entry, staged.path())?;
        sync_tree(staged.path())?;
        failpoint();
        if let Some((old, _)) = of(self.layout(), &seen.module, &seen.target)? {
            remove_tree(&old)?;
        }
        rename(staged.path(), &all.join(key))
    }

    /// Lays its log into the build folder, as if it had been made there.
    pub(crate) fn lay_foreseen_log(&self, key: &str, seen: &Foreseen) -> io::Result<()> {
        let log = self.layout().finished().join(key).join(LOG);
        let folder = self.start_build(&seen.module, &seen.target)?;
        fs::copy(log, folder.join(LOG))?;
        self.keep_build_folder(&seen.module)
    }

    /// It is a failure like any other now.
    pub(crate) fn forget_foreseen(&self, key: &str) -> io::Result<()> {
        remove_tree(&self.layout().finished().join(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::finished::Limits;
    use crate::tree::tests::{Sandbox, id, target};

    fn seen(message: &str) -> Foreseen {
        Foreseen {
            module: id("a", "1"),
            target: target("6.1"),
            case: "make-failed".to_owned(),
            message: message.to_owned(),
            causes: Vec::new(),
            hints: Vec::new(),
            absent: BTreeSet::new(),
        }
    }

    fn key(n: u8) -> String {
        format!("{n:064x}")
    }

    #[test]
    fn the_last_failure_of_a_module_and_kernel_is_kept_and_goes_like_a_finished_build() {
        let s = Sandbox::new();
        s.added("a", "1");
        let (lock, a, kernel) = (s.lock(), id("a", "1"), target("6.1"));
        let writer = lock.writer();
        let known = || known(writer.layout(), &a, &kernel).map(|(key, seen)| (key, seen.message));
        for n in [1, 2] {
            s.file("a/1/build/make.log", "it failed");
            writer.foresee(&key(n), &seen(&format!("failure {n}"))).unwrap();
        }
        assert_eq!(known(), Some((key(2), "failure 2".to_owned())));
        writer.trim_finished(Limits::default()).unwrap();
        writer.forget_finished(&id("b", "1"), &kernel).unwrap();
        assert!(known().is_some(), "it is of another module");
        writer.clear_away(&s.path("var/lib/dkms/a/1/build")).unwrap();
        writer.lay_foreseen_log(&key(2), &seen("failure 2")).unwrap();
        assert_eq!(fs::read_to_string(s.path("var/lib/dkms/a/1/build/make.log")).unwrap(), "it failed");
        let old = Limits { age: std::time::Duration::ZERO, ..Limits::default() };
        writer.trim_finished(old).unwrap();
        assert_eq!(known(), None);
    }

    #[test]
    fn what_is_not_whole_is_not_known() {
        let s = Sandbox::new();
        s.added("a", "1");
        let (lock, a, kernel) = (s.lock(), id("a", "1"), target("6.1"));
        s.file("a/1/build/make.log", "it failed");
        for lost in [NOTE, LOG] {
            lock.writer().foresee(&key(1), &seen("why")).unwrap();
            fs::remove_file(s.path(&format!("var/lib/dkms/.finished/{}/{lost}", key(1)))).unwrap();
            assert_eq!(known(lock.writer().layout(), &a, &kernel), None, "without {lost}");
            lock.writer().trim_finished(Limits::default()).unwrap();
            assert!(!s.path(&format!("var/lib/dkms/.finished/{}", key(1))).exists());
        }
        lock.writer().foresee("..", &seen("why")).unwrap();
        assert_eq!(known(lock.writer().layout(), &a, &kernel), None, "a key is no path");
    }
}
