//! What a package brought: whose it was, and copies of what its removal needs once the package has taken its files along.
//!
//! `TREE/.records/brought/NAME,VERSION.json` is the note, `TREE/.records/brought/NAME,VERSION,kept/` the copies: `source/` with
//! dkms.conf and the POST_REMOVE script, `overrides/` with the files of /etc/dkms. The copies appear by one rename before
//! the note says that they are there.

use std::io;
use std::path::{Component, Path, PathBuf};

use fs_err as fs;
use serde::{Deserialize, Serialize};

use super::records::Record;
use super::transition::{STAGED, rescue_of};
use super::{Layout, TreeWriter};
use crate::ids::{ModuleId, Target};
use crate::sys::fs::{create_folders, remove_tree, sync_tree};
use crate::sys::rename::{failpoint, replace};

/// A package brought the source of this version: when none holds it any more, the version leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Brought {
    pub(crate) module: ModuleId,
    /// The name of the package, as its manager gives it; None in notes of earlier releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) owner: Option<String>,
}

impl Record for Brought {
    const KIND: &'static str = "brought";

    fn module(&self) -> &ModuleId {
        &self.module
    }

    fn target(&self) -> Option<&Target> {
        None
    }
}

/// The copies of one version.
#[derive(Debug, Clone)]
pub(crate) struct Copies {
    folder: PathBuf,
}

impl Copies {
    /// Of this version, if there are any.
    pub(crate) fn of(layout: &Layout, id: &ModuleId) -> Option<Self> {
        let folder = place(layout, id);
        folder.join("source/dkms.conf").is_file().then_some(Self { folder })
    }

    /// What stands in for the source folder.
    pub(crate) fn source(&self) -> PathBuf {
        self.folder.join("source")
    }

    /// What stands in for /etc/dkms.
    pub(crate) fn overrides(&self) -> PathBuf {
        self.folder.join("overrides")
    }
}

/// What is to be copied.
#[derive(Debug, Clone, Default)]
pub(crate) struct Originals {
    pub(crate) conf: PathBuf,
    /// Files of /etc/dkms for this version.
    pub(crate) overrides: Vec<PathBuf>,
    /// Scripts: each as its directive names it, and where it lies.
    pub(crate) scripts: Vec<(PathBuf, PathBuf)>,
}

impl TreeWriter<'_> {
    /// Keeps the note and the copies, in place of earlier ones. A script whose name leaves the source is not copied.
    pub(crate) fn keep_brought(&self, note: &Brought, originals: &Originals) -> io::Result<()> {
        let place = place(self.layout(), &note.module);
        let all = place.parent().unwrap_or(&place);
        create_folders(all)?;
        let staged = tempfile::Builder::new().prefix(STAGED).tempdir_in(all)?;
        let (source, overrides) = (staged.path().join("source"), staged.path().join("overrides"));
        copy(&originals.conf, &source.join("dkms.conf"))?;
        for file in &originals.overrides {
            copy(file, &overrides.join(file.file_name().unwrap_or_default()))?;
        }
        let stays = |name: &Path| name.components().all(|part| matches!(part, Component::Normal(_)));
        for (name, file) in originals.scripts.iter().filter(|(name, _)| stays(name)) {
            copy(file, &source.join(name))?;
        }
        sync_tree(staged.path())?;
        failpoint();
        replace(staged.path(), &place, &rescue_of(&place))?;
        failpoint();
        self.record(note)
    }

    /// Drops both; none is no error.
    pub(super) fn drop_brought(&self, id: &ModuleId) -> io::Result<()> {
        self.discard(&place(self.layout(), id))?;
        self.drop_record::<Brought>(id, None)
    }
}

/// Names hold no comma, so no two versions share it, and no note is called so.
fn place(layout: &Layout, id: &ModuleId) -> PathBuf {
    layout.records().join(Brought::KIND).join(format!("{},{}{KEPT}", id.name, id.version))
}

const KEPT: &str = ",kept";

/// The name of the note that copies in a folder of this name belong to; None: they are no copies.
pub(super) fn note_of_copies(folder_name: &str) -> Option<String> {
    folder_name.strip_suffix(KEPT).map(|version| format!("{version}.json"))
}

/// With its mode, and nothing else of it.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    create_folders(to.parent().unwrap_or(to))?;
    // Of two directives that name one script, the first has copied it.
    remove_tree(to)?;
    fs::copy(from, to).map(drop)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::tree::records;
    use crate::tree::tests::{Sandbox, id};

    fn originals(s: &Sandbox) -> Originals {
        for (file, text) in [("src/dkms.conf", "conf"), ("etc/a.conf", "override"), ("src/post.sh", "script")] {
            fs::create_dir_all(s.path(file).parent().unwrap()).unwrap();
            fs::write(s.path(file), text).unwrap();
        }
        fs::set_permissions(s.path("src/post.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
        Originals {
            conf: s.path("src/dkms.conf"),
            overrides: vec![s.path("etc/a.conf")],
            scripts: vec![
                ("scripts/post.sh".into(), s.path("src/post.sh")),
                ("../escaped.sh".into(), s.path("src/post.sh")),
            ],
        }
    }

    #[test]
    fn copies_stand_in_for_the_source_and_the_overrides_and_stay_inside() {
        let s = Sandbox::new();
        let lock = s.lock();
        let (writer, layout) = (lock.writer(), lock.writer().layout());
        let note = Brought { module: id("a", "1"), owner: Some("a-dkms".into()) };
        assert!(Copies::of(layout, &note.module).is_none());
        for _ in 0..2 {
            writer.keep_brought(&note, &originals(&s)).unwrap();
        }
        let copies = Copies::of(layout, &note.module).unwrap();
        assert_eq!(fs::read_to_string(copies.source().join("dkms.conf")).unwrap(), "conf");
        assert_eq!(fs::read_to_string(copies.overrides().join("a.conf")).unwrap(), "override");
        assert!(crate::sys::fs::is_executable(&copies.source().join("scripts/post.sh")));
        assert_eq!(records::one::<Brought>(layout, &note.module, None), Some(note.clone()));
        assert_eq!(records::all::<Brought>(layout), std::slice::from_ref(&note), "the copies are no notes");
        let names: Vec<_> = fs::read_dir(layout.records().join("brought")).unwrap().flatten().collect();
        assert_eq!(names.len(), 2, "{names:?}");
        writer.drop_brought(&note.module).unwrap();
        assert_eq!(fs::read_dir(layout.records().join("brought")).unwrap().count(), 0);
        writer.drop_brought(&note.module).unwrap();
    }

    #[test]
    fn what_a_dead_run_staged_is_swept_and_what_it_replaced_comes_back() {
        let s = Sandbox::new();
        s.added("a", "1");
        let lock = s.lock();
        let writer = lock.writer();
        let note = Brought { module: id("a", "1"), owner: None };
        writer.keep_brought(&note, &originals(&s)).unwrap();
        let folder = writer.layout().records().join("brought");
        fs::rename(folder.join("a,1,kept"), folder.join(".rescue_a,1,kept")).unwrap();
        fs::create_dir(folder.join(".tmp_x")).unwrap();
        writer.recover().unwrap();
        assert!(Copies::of(writer.layout(), &note.module).is_some());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
    }

    #[test]
    fn the_note_of_an_earlier_release_is_understood() {
        let text = r#"{"module":{"name":"a","version":"1"}}"#;
        let note = Brought { module: id("a", "1"), owner: None };
        assert_eq!(serde_json::from_str::<Brought>(text).unwrap(), note);
    }
}
