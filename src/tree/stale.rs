//! Notes about things that are no more: they cost nothing but room, and make people wonder.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde_json::Value;

use super::brought::{self, Brought};
use super::records::{Failure, Fingerprint, Record, Tried};
use super::{Layout, ModuleEntry, finished, installed, intent, leaving, upgrade};
use crate::ids::{ModuleId, ModuleName, Target};
use crate::sys::fs::is_real_folder;
use crate::sys::process::ProcessId;

/// A note that is of no use any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stale {
    /// Its file or folder (opened).
    pub(crate) path: PathBuf,
    /// Why, in a few words.
    pub(crate) why: String,
}

/// Every one of them, given what the tree holds. What an interrupted run still needs is none.
pub(crate) fn find(layout: &Layout, modules: &[ModuleEntry]) -> io::Result<Vec<Stale>> {
    let known =
        Known { layout, modules, unfinished: intent::all(layout)?.into_iter().map(|one| one.id.name).collect() };
    let mut found = Vec::new();
    // What could not even be added is known from its note only.
    let waits = |id: &ModuleId| !known.has(id) && layout.source(id).exists();
    known.judge::<Failure>(&mut found, |note| {
        known.gone(&note.module, note.target.as_ref()).filter(|_| !waits(&note.module))
    })?;
    known.judge::<Tried>(&mut found, |note| known.gone(&note.module, Some(&note.target)))?;
    known.judge::<Fingerprint>(&mut found, |note| {
        let is_there = is_real_folder(&layout.built_modules(&note.module, &note.target));
        (!is_there).then(|| format!("{} is not built for {} any more", note.module, note.target))
    })?;
    known.judge::<Brought>(&mut found, |note| known.gone(&note.module, None).filter(|_| !waits(&note.module)))?;
    known.copies_without_note(&mut found)?;
    known.installed(&mut found)?;
    known.leaving(&mut found)?;
    known.logs(&mut found)?;
    for entry in finished::useless(layout, finished::Limits::default())? {
        found.push(Stale { path: entry, why: "a build that was kept is too old, or not whole".to_owned() });
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

/// Notes within a package manager's transaction that is over. They disturb nobody: whoever has the lock clears them away.
pub(super) fn spent(layout: &Layout) -> io::Result<Vec<Stale>> {
    let known = Known { layout, modules: &[], unfinished: BTreeSet::new() };
    let mut found = Vec::new();
    let over = "its transaction is over";
    known.judge::<Tried>(&mut found, |note| {
        let is_over = note.transaction.as_ref().is_none_or(|transaction| !transaction.is_alive());
        (is_over && !note.is_lasting).then(|| over.to_owned())
    })?;
    // Those of `--rpm_safe_upgrade`, which name a process.
    known.each(upgrade::KIND, &mut found, |text| {
        let transaction: ProcessId = serde_json::from_str(text).ok()?;
        (!transaction.is_alive()).then(|| over.to_owned())
    })?;
    Ok(found)
}

struct Known<'a> {
    layout: &'a Layout,
    modules: &'a [ModuleEntry],
    /// Modules that an interrupted run has notes about.
    unfinished: BTreeSet<ModuleName>,
}

impl Known<'_> {
    fn has(&self, id: &ModuleId) -> bool {
        self.modules.iter().any(|entry| entry.id == *id)
    }

    /// Why a note about this version and kernel is of no use, if it is not.
    fn gone(&self, id: &ModuleId, target: Option<&Target>) -> Option<String> {
        if self.unfinished.contains(&id.name) {
            return None;
        }
        if !self.has(id) {
            return Some(format!("{id} is not in the tree any more"));
        }
        let kernel = target.filter(|target| !self.layout.kernel_modules(target).is_dir())?;
        Some(format!("kernel {} is not there any more", kernel.kernel))
    }

    fn folder(&self, kind: &str) -> PathBuf {
        self.layout.records().join(kind)
    }

    /// Judges every note of a kind; what is no JSON is of no use either. Notes of a later release are left alone.
    fn judge<R: Record>(&self, found: &mut Vec<Stale>, why: impl Fn(&R) -> Option<String>) -> io::Result<()> {
        self.each(R::KIND, found, |text| serde_json::from_str::<R>(text).ok().and_then(|note| why(&note)))
    }

    fn each(&self, kind: &str, found: &mut Vec<Stale>, why: impl Fn(&str) -> Option<String>) -> io::Result<()> {
        for path in files(&self.folder(kind))? {
            if path.extension() != Some(OsStr::new("json")) {
                continue;
            }
            let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
            let broken = || serde_json::from_str::<Value>(&text).is_err().then(|| "it cannot be read".to_owned());
            if let Some(why) = broken().or_else(|| why(&text)) {
                found.push(Stale { path, why });
            }
        }
        Ok(())
    }

    fn copies_without_note(&self, found: &mut Vec<Stale>) -> io::Result<()> {
        for path in files(&self.folder(Brought::KIND))? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let is_noted = |note: PathBuf| note.exists() && !found.iter().any(|stale| stale.path == note);
            if brought::note_of_copies(&name).is_some_and(|note| !is_noted(path.with_file_name(note))) {
                found.push(Stale { path, why: "no note says whose they are".to_owned() });
            }
        }
        Ok(())
    }

    /// `NAME,KVER,ARCH.json` is about the active version, and about none when no link says so. As long as a file of it lies
    /// under the kernel it is all that tells whose that is.
    fn installed(&self, found: &mut Vec<Stale>) -> io::Result<()> {
        for path in files(&self.folder(installed::KIND))? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let Some((module, target)) = installed::about(&name) else { continue };
            let link = self.layout.active_link(&module, &target);
            let has_files = || {
                let noted = serde_json::from_slice::<installed::Installed>(&fs::read(&path).unwrap_or_default());
                noted.is_ok_and(|noted| !noted.present(self.layout).is_empty())
            };
            if !self.unfinished.contains(&module) && fs::symlink_metadata(link).is_err() && !has_files() {
                found.push(Stale { path, why: format!("{module} is not installed for {target}") });
            }
        }
        Ok(())
    }

    fn leaving(&self, found: &mut Vec<Stale>) -> io::Result<()> {
        self.each(leaving::KIND, found, |text| {
            let note: leaving::Leaving = serde_json::from_str(text).ok()?;
            (!self.has(&note.id)).then(|| format!("{} has left", note.id))
        })
    }

    /// Logs of failed builds of versions that are not in the tree.
    fn logs(&self, found: &mut Vec<Stale>) -> io::Result<()> {
        let top = self.layout.logs();
        for module in files(&top)?.into_iter().filter(|path| path.is_dir()) {
            for version in files(&module)?.into_iter().filter(|path| path.is_dir()) {
                let is_of = |entry: &ModuleEntry| self.layout.old_logs_of(&entry.id) == version;
                if !self.modules.iter().any(is_of) {
                    let why = "the version that it is about is not in the tree any more".to_owned();
                    found.push(Stale { path: version, why });
                }
            }
        }
        Ok(())
    }
}

/// What lies in a folder, sorted; none is an empty one.
pub(super) fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> = match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Vec::new(),
        Err(error) => return Err(error),
    };
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tests::{Sandbox, id, target};

    #[test]
    fn notes_about_what_is_no_more_are_found_and_the_others_are_not() {
        let s = Sandbox::new();
        s.added("a", "1");
        for kernel in ["6.1", "6.2"] {
            s.built("a", "1", kernel);
        }
        s.active_on("a", "1", "6.1");
        fs::create_dir_all(s.path("lib/modules/6.1")).unwrap();
        let lock = s.lock();
        let writer = lock.writer();
        let failure = |name: &str, kernel: &str| Failure {
            module: id(name, "1"),
            target: Some(target(kernel)),
            step: "build".into(),
            code: 10,
            error: String::new(),
            log: None,
            time: 0,
        };
        for note in [failure("a", "6.1"), failure("a", "5.9"), failure("b", "6.1")] {
            writer.record(&note).unwrap();
        }
        for (kernel, transaction) in [("6.1", ProcessId { pid: 1, started: u64::MAX }), ("6.2", ProcessId::own())] {
            let note = Tried {
                module: id("a", "1"),
                target: target(kernel),
                transaction: Some(transaction),
                is_lasting: false,
                inputs: Default::default(),
                absent: Default::default(),
            };
            writer.record(&note).unwrap();
        }
        for kernel in ["6.1", "6.3"] {
            let place = writer.layout().built(&id("a", "1"), &target(kernel));
            writer.record(&Fingerprint::of(&id("a", "1"), &target(kernel), &place, Default::default())).unwrap();
        }
        for name in ["a", "b"] {
            writer.record(&Brought { module: id(name, "1"), owner: None }).unwrap();
            writer.note_leaving(&id(name, "1"), None).unwrap();
            s.file(&format!(".logs/{name}/1/6.1-x86_64/1.log"), "");
        }
        for (file, text) in [
            (".records/failures/c,1.json", "{\"cut"),
            (".records/failures/d,1.json", "{\"of\":\"a later release\"}"),
            (".records/brought/c,1,kept/source/dkms.conf", ""),
            (".records/installed/a,6.1,x86_64.json", "{}"),
            (".records/installed/a,6.2,x86_64.json", "{}"),
            (".records/rpm/a@1.json", "{\"pid\":1,\"started\":18446744073709551615}"),
            (".finished/nonsense/build/x", ""),
            (&format!(".finished/{:064x}/fingerprint.json", 1), "{}"),
        ] {
            s.file(file, text);
        }
        let found = find(writer.layout(), &s.tree().modules().unwrap()).unwrap();
        let top = s.path("var/lib/dkms");
        let names: Vec<_> =
            found.iter().map(|note| note.path.strip_prefix(&top).unwrap().display().to_string()).collect();
        assert_eq!(
            names,
            [
                &*format!(".finished/{:064x}", 1),
                ".logs/b/1",
                ".records/brought/b,1.json",
                ".records/brought/c,1,kept",
                ".records/failures/a,1,5.9,x86_64.json",
                ".records/failures/b,1,6.1,x86_64.json",
                ".records/failures/c,1.json",
                ".records/fingerprints/a,1,6.3,x86_64.json",
                ".records/installed/a,6.2,x86_64.json",
                ".records/leaving/b@1.json",
                ".records/tried/a,1,6.2,x86_64.json",
            ],
            "{found:#?}"
        );
        let spent: Vec<_> = spent(writer.layout()).unwrap().into_iter().map(|note| note.path).collect();
        assert_eq!(spent, [".records/tried/a,1,6.1,x86_64.json", ".records/rpm/a@1.json"].map(|name| top.join(name)));
    }
}
