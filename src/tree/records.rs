//! What we keep beside the tree's own entries: one JSON file per fact under TREE/.records/KIND/.
//!
//! Losing all of it costs time and neatness, never a working module. So a file that is missing, cut short or of a later
//! release is skipped, and facts about modules that are gone from the tree mean nothing and are swept.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use fs_err as fs;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::placed::{Placed, Whereabouts};
use super::{Layout, TreeWriter};
use crate::ids::{ModuleId, ModuleName, ModuleVersion, Target};
use crate::sys::fingerprint;
use crate::sys::fs::{create_folders, remove_tree, write_atomically};
use crate::sys::process::ProcessId;
use crate::sys::room::Level;

/// A kind of fact that has a folder of its own.
pub(crate) trait Record: Serialize + DeserializeOwned {
    /// The folder below TREE/.records.
    const KIND: &'static str;

    /// The module that it is about.
    fn module(&self) -> &ModuleId;

    /// The kernel that it is about, if it is about one. There is one fact of a kind per module and kernel.
    fn target(&self) -> Option<&Target>;
}

/// A step that failed and was not done since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) module: ModuleId,
    /// The kernel, if the step had one.
    pub(crate) target: Option<Target>,
    /// The step, as the command line spells it: "build", "install" …
    pub(crate) step: String,
    /// The exit code that a plain command ends with for this case.
    pub(crate) code: u8,
    /// The first error, one line.
    pub(crate) error: String,
    /// The log that tells more, as named inside the root.
    pub(crate) log: Option<PathBuf>,
    /// When: seconds since 1970-01-01 UTC.
    pub(crate) time: u64,
}

/// What a build was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint {
    pub(crate) module: ModuleId,
    pub(crate) target: Target,
    /// Name of an input ("source", "kernel headers" …) → its digest, so that a difference can be named.
    pub(crate) inputs: BTreeMap<String, String>,
    /// When its `module/` was last changed, in nanoseconds since 1970: a build that another DKMS put in its place has
    /// another stamp.
    #[serde(default)]
    pub(crate) stamp: Option<u64>,
    /// The digest of its `module/`.
    #[serde(default)]
    pub(crate) digest: Option<String>,
    /// What it is known by among the finished builds ([`super::finished`]); none: it is never restored.
    #[serde(default)]
    pub(crate) key: Option<String>,
    /// Why its modules have no signature although the kernel checks them; None: they have, or it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unsigned: Option<String>,
    /// The level of the room that it was built in; None: it was not said then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) room: Option<Level>,
    /// Whether it was not put into the kernel since it was made: an installed module that was built again waits for that.
    #[serde(default)]
    pub(crate) awaits_install: bool,
    /// The files that it has under the kernel, as they were put there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) placed: Vec<Placed>,
    /// That of the build whose place it takes. Of the two, the one whose stamp fits is about the build that is there.
    #[serde(default)]
    pub(crate) before: Option<Box<Fingerprint>>,
}

impl Fingerprint {
    /// Of the build that lies at `place`, which has no key yet.
    pub(crate) fn of(module: &ModuleId, target: &Target, place: &Path, inputs: BTreeMap<String, String>) -> Self {
        let digest = fingerprint::of_folder(&place.join("module")).ok();
        Self {
            module: module.clone(),
            target: target.clone(),
            inputs,
            stamp: stamp(place),
            digest,
            key: None,
            unsigned: None,
            room: None,
            awaits_install: false,
            placed: Vec::new(),
            before: None,
        }
    }

    /// As it is to be noted before its build takes the place of the one that is there.
    #[must_use]
    pub(crate) fn instead_of_the_present(self, layout: &Layout) -> Self {
        let before = fingerprint(layout, &self.module, &self.target).map(|before| Self { before: None, ..before });
        // The kernel has the files of that build until the new one is installed.
        let placed = before.as_ref().map(|before| before.placed.clone()).unwrap_or_default();
        Self { before: before.map(Box::new), awaits_install: true, placed, ..self }
    }
}

/// [`Fingerprint::stamp`] of the build that lies at `place`.
pub(crate) fn stamp(place: &Path) -> Option<u64> {
    stamp_of(&fs::metadata(place.join("module")).ok()?)
}

/// The same from what stat(2) says of its `module/`.
pub(super) fn stamp_of(meta: &std::fs::Metadata) -> Option<u64> {
    let changed = meta.modified().ok()?;
    u64::try_from(changed.duration_since(UNIX_EPOCH).ok()?.as_nanos()).ok()
}

/// What the build that is there now was made from; None when that is not known.
pub(crate) fn fingerprint(layout: &Layout, module: &ModuleId, target: &Target) -> Option<Fingerprint> {
    fingerprint_of(layout, module, target, stamp(&layout.built(module, target)))
}

/// What the build with this stamp was made from.
pub(crate) fn fingerprint_of(
    layout: &Layout,
    module: &ModuleId,
    target: &Target,
    present: Option<u64>,
) -> Option<Fingerprint> {
    let note: Fingerprint = one(layout, module, Some(target))?;
    if note.stamp == present {
        return Some(note);
    }
    note.before.map(|before| *before).filter(|before| before.stamp == present)
}

/// A module was not installed, as what the kernel has already counts more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Served {
    pub(crate) module: ModuleId,
    pub(crate) target: Target,
    /// The stamp of the build that was compared, as a fingerprint has it.
    pub(crate) stamp: Option<u64>,
    /// The files that serve, as they were then.
    pub(crate) by: Vec<Placed>,
    /// What was found, in a sentence.
    pub(crate) text: String,
}

impl Served {
    /// What is known to serve this kernel in a module's place, as long as it is as it was.
    pub(crate) fn known(layout: &Layout, module: &ModuleId, target: &Target) -> Option<Self> {
        one::<Self>(layout, module, Some(target)).filter(|served| served.is_so(layout))
    }

    pub(crate) fn is_so(&self, layout: &Layout) -> bool {
        self.by.iter().all(|file| file.whereabouts(layout) == Whereabouts::AsPut)
    }
}

impl Record for Served {
    const KIND: &'static str = "served";

    fn module(&self) -> &ModuleId {
        &self.module
    }

    fn target(&self) -> Option<&Target> {
        Some(&self.target)
    }
}

/// A person removed this version while a package holds its source: it stays removed until the source changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Removed {
    pub(crate) module: ModuleId,
    /// The digest of the source then.
    pub(crate) source: String,
}

/// A build that failed. Later events of its transaction need not try the same again, nor do those after it where make itself
/// has failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tried {
    pub(crate) module: ModuleId,
    pub(crate) target: Target,
    /// The package manager's transaction that it was part of.
    pub(crate) transaction: Option<ProcessId>,
    /// Whether the same would come of it at any time.
    #[serde(default)]
    pub(crate) is_lasting: bool,
    /// Name of an input → its digest, as a fingerprint has them.
    pub(crate) inputs: BTreeMap<String, String>,
    /// Programs, and files by their path, for the want of which it failed.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) absent: BTreeSet<String>,
}

/// The initramfs of a kernel may hold another module than is installed now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpenInitramfs {
    pub(crate) module: ModuleId,
    pub(crate) target: Target,
    /// The plain names of its module files.
    pub(crate) files: BTreeSet<String>,
    /// When it changed: nanoseconds since 1970; None while it changes.
    pub(crate) since: Option<u64>,
    /// How the last attempt to make the initramfs anew failed.
    #[serde(default)]
    pub(crate) failed: Option<Unmade>,
}

/// An initramfs that could not be made anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unmade {
    /// What was said, one line.
    pub(crate) error: String,
    /// The exit code of the case.
    pub(crate) code: u8,
    pub(crate) time: u64,
}

impl Record for OpenInitramfs {
    const KIND: &'static str = "initramfs";

    fn module(&self) -> &ModuleId {
        &self.module
    }

    fn target(&self) -> Option<&Target> {
        Some(&self.target)
    }
}

impl Record for Tried {
    const KIND: &'static str = "tried";

    fn module(&self) -> &ModuleId {
        &self.module
    }

    fn target(&self) -> Option<&Target> {
        Some(&self.target)
    }
}

impl Record for Removed {
    const KIND: &'static str = "removed";

    fn module(&self) -> &ModuleId {
        &self.module
    }

    fn target(&self) -> Option<&Target> {
        None
    }
}

impl Record for Failure {
    const KIND: &'static str = "failures";

    fn module(&self) -> &ModuleId {
        &self.module
    }

    fn target(&self) -> Option<&Target> {
        self.target.as_ref()
    }
}

impl Record for Fingerprint {
    const KIND: &'static str = "fingerprints";

    fn module(&self) -> &ModuleId {
        &self.module
    }

    fn target(&self) -> Option<&Target> {
        Some(&self.target)
    }
}

/// Every fact of this kind, in the byte order of module and kernel; what cannot be read is skipped.
pub(crate) fn all<R: Record>(layout: &Layout) -> Vec<R> {
    files::<R>(layout).iter().filter_map(|file| read(file)).collect()
}

/// The modules about which there is a fact of this kind and kernel, by the names of the files alone; in the order of [`all`].
pub(crate) fn modules_noted<R: Record>(layout: &Layout, target: &Target) -> Vec<ModuleId> {
    let end = format!(",{},{}.json", target.kernel, target.arch);
    let module = |file: &PathBuf| {
        let (name, version) = file.file_name()?.to_str()?.strip_suffix(&end)?.split_once(',')?;
        Some(ModuleId::new(ModuleName::new(name).ok()?, ModuleVersion::new(version).ok()?))
    };
    files::<R>(layout).iter().filter_map(module).collect()
}

fn files<R: Record>(layout: &Layout) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(layout.records().join(R::KIND)) else { return Vec::new() };
    let mut files: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    files
}

/// The fact of this kind about this module and kernel.
pub(crate) fn one<R: Record>(layout: &Layout, module: &ModuleId, target: Option<&Target>) -> Option<R> {
    let record: R = read(&file::<R>(layout, module, target))?;
    (record.module() == module && record.target() == target).then_some(record)
}

/// No record is larger, and most are read with one call.
const MAX_RECORD: u64 = 1 << 20;

fn read<R: Record>(file: &Path) -> Option<R> {
    let mut text = Vec::with_capacity(4096);
    fs::File::open(file).ok()?.take(MAX_RECORD).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

/// Names hold no comma, so no two facts share a file.
fn file<R: Record>(layout: &Layout, module: &ModuleId, target: Option<&Target>) -> PathBuf {
    let of_kernel = target.map_or(String::new(), |target| format!(",{},{}", target.kernel, target.arch));
    let name = format!("{},{}{of_kernel}.json", module.name, module.version);
    layout.records().join(R::KIND).join(name)
}

impl TreeWriter<'_> {
    /// Keeps a fact, in place of an older one about the same module and kernel.
    pub(crate) fn record<R: Record>(&self, record: &R) -> io::Result<()> {
        let file = file::<R>(self.layout(), record.module(), record.target());
        create_folders(&self.layout().records().join(R::KIND))?;
        let text = serde_json::to_vec_pretty(record).map_err(io::Error::other)?;
        write_atomically(&file, 0o644, &text)
    }

    /// Notes that the build that is there now is what the kernel has, at these places (without the root).
    pub(crate) fn note_build_installed(
        &self,
        module: &ModuleId,
        target: &Target,
        places: &[PathBuf],
    ) -> io::Result<()> {
        let Some(note) = fingerprint(self.layout(), module, target) else { return Ok(()) };
        let placed = places.iter().map(|place| Placed::now(self.layout(), place)).collect::<io::Result<Vec<_>>>()?;
        if !note.awaits_install && note.placed == placed {
            return Ok(());
        }
        self.record(&Fingerprint { awaits_install: false, placed, ..note })
    }

    /// Drops the fact of this kind about this module and kernel; none is no error.
    pub(crate) fn drop_record<R: Record>(&self, module: &ModuleId, target: Option<&Target>) -> io::Result<()> {
        remove_tree(&file::<R>(self.layout(), module, target))
    }

    /// Drops every failure and fingerprint of a module, as its version is forgotten.
    pub(super) fn drop_records_of(&self, module: &ModuleId) -> io::Result<()> {
        self.drop_all::<Failure>(module)?;
        self.drop_all::<Tried>(module)?;
        self.drop_brought(module)?;
        self.drop_all::<Fingerprint>(module)
    }

    fn drop_all<R: Record>(&self, module: &ModuleId) -> io::Result<()> {
        for record in all::<R>(self.layout()).iter().filter(|record| record.module() == module) {
            self.drop_record::<R>(module, record.target())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tests::{Sandbox, id, target};

    fn failure(name: &str, kernel: Option<&str>) -> Failure {
        Failure {
            module: id(name, "1.0"),
            target: kernel.map(target),
            step: "build".into(),
            code: 10,
            error: "foo.c:1: error".into(),
            log: Some("/var/lib/dkms/a/1.0/build/make.log".into()),
            time: 1,
        }
    }

    #[test]
    fn facts_come_back_one_per_module_and_kernel() {
        let s = Sandbox::new();
        let (lock, tree) = (s.lock(), s.tree());
        let writer = lock.writer();
        assert!(all::<Failure>(tree.layout()).is_empty());
        for record in [failure("b", None), failure("a", Some("6.1")), failure("a", Some("6.2"))] {
            writer.record(&record).unwrap();
            writer.record(&Failure { time: 2, ..record }).unwrap();
        }
        let found = all::<Failure>(tree.layout());
        let about: Vec<_> = found.iter().map(|f| (f.module.name.as_str(), f.target.clone(), f.time)).collect();
        assert_eq!(about, [("a", Some(target("6.1")), 2), ("a", Some(target("6.2")), 2), ("b", None, 2)]);
        assert_eq!(one::<Failure>(tree.layout(), &id("b", "1.0"), None), Some(found[2].clone()));
        writer.drop_record::<Failure>(&id("b", "1.0"), None).unwrap();
        writer.drop_record::<Failure>(&id("b", "1.0"), None).unwrap();
        assert_eq!(one::<Failure>(tree.layout(), &id("b", "1.0"), None), None);
        assert!(s.states().is_empty(), "they look like no module");
    }

    #[test]
    fn what_is_broken_or_unknown_is_skipped() {
        let s = Sandbox::new();
        let lock = s.lock();
        lock.writer().record(&failure("a", None)).unwrap();
        s.file(".records/failures/b,1.json", "{\"module\":");
        s.file(".records/failures/c,1.json", "{}");
        s.file(".records/failures/.tmp_x", "");
        s.file(".records/later/x.json", "{}");
        assert_eq!(all::<Failure>(s.tree().layout()).len(), 1);
    }

    #[test]
    fn facts_about_modules_that_were_deleted_by_hand_are_swept() {
        let s = Sandbox::new();
        s.added("b", "1.0");
        s.active_on("b", "1.0", "6.1");
        fs::create_dir_all(s.path("lib/modules/6.1")).unwrap();
        let lock = s.lock();
        let writer = lock.writer();
        for record in [failure("a", Some("6.1")), failure("a", None), failure("b", Some("6.1"))] {
            writer.record(&record).unwrap();
        }
        for name in ["a", "b", "unfinished"] {
            s.file(&format!(".records/installed/{name},6.1,x86_64.json"), "{}");
        }
        let doing = crate::tree::intent::Doing::Install;
        writer.begin(&crate::tree::intent::Intent::new(doing, &id("unfinished", "1"), &target("6.1"))).unwrap();
        let gone = writer.recover().unwrap();
        let names: Vec<_> = gone.iter().map(|file| file.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["a,1.0,6.1,x86_64.json", "a,1.0.json", "a,6.1,x86_64.json"]);
    }

    #[test]
    fn of_a_build_and_the_one_that_takes_its_place_each_is_known_by_its_stamp() {
        let s = Sandbox::new();
        let (lock, layout) = (s.lock(), s.tree().layout().clone());
        let (writer, a, kernel) = (lock.writer(), id("a", "1"), target("6.1"));
        let place = layout.built(&a, &kernel);
        let of = |place: &Path, source: &str| {
            let inputs = BTreeMap::from([("source".to_owned(), source.to_owned())]);
            Fingerprint::of(&a, &kernel, place, inputs)
        };
        let known =
            || fingerprint(&layout, &a, &kernel).map(|note| (note.inputs["source"].clone(), note.awaits_install));
        // Two builds are never made within one tick of the clock of the file system; two folders are.
        let built_at = |place: &Path, second: u64| {
            create_folders(&place.join("module")).unwrap();
            let time = UNIX_EPOCH + std::time::Duration::from_secs(second);
            std::fs::File::open(place.join("module")).unwrap().set_modified(time).unwrap();
        };
        built_at(&place, 1);
        writer.record(&of(&place, "old")).unwrap();
        let staged = layout.tree().join("staged");
        built_at(&staged, 2);
        writer.record(&of(&staged, "new").instead_of_the_present(&layout)).unwrap();
        assert_eq!(known(), Some(("old".to_owned(), false)), "it died before");
        fs::rename(&place, layout.tree().join("away")).unwrap();
        assert_eq!(known(), None);
        fs::rename(&staged, &place).unwrap();
        assert_eq!(known(), Some(("new".to_owned(), true)));
        writer.note_build_installed(&a, &kernel, &[]).unwrap();
        assert_eq!(known(), Some(("new".to_owned(), false)));
    }

    #[test]
    fn a_field_of_a_later_release_does_not_disturb() {
        let text =
            r#"{"module":{"name":"a","version":"1"},"target":{"kernel":"6.1","arch":"x"},"inputs":{},"later":true}"#;
        assert_eq!(serde_json::from_str::<Fingerprint>(text).unwrap().module, id("a", "1"));
    }
}
