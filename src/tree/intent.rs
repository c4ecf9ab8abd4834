//! Notes of installs and uninstalls under way. One that outlives its process tells the next run what to complete.

use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use fs_err as fs;
use serde::{Deserialize, Serialize};

use super::{Layout, TreeWriter};
use crate::ids::{ModuleId, ModuleVersion, Target};
use crate::sys::fs::{create_folders, sync_folder, write_atomically};
use crate::sys::process::ProcessId;
use crate::sys::rename::failpoint;

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Doing {
    /// Files of a finished build were being put under the kernel.
    Install,
    /// They were being taken out.
    Uninstall,
    /// An install was being taken back.
    TakeBack {
        /// The version that was active before it.
        before: Option<ModuleVersion>,
    },
}

/// An install or uninstall of one module on one kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Intent {
    pub(crate) doing: Doing,
    pub(crate) id: ModuleId,
    pub(crate) target: Target,
    /// Of an install: this version was installed before, so that there is nothing to go back to, and what is there serves.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) repeats: bool,
}

/// The file: what is under way, and which process is at it.
#[derive(Serialize, Deserialize)]
struct Note {
    #[serde(flatten)]
    intent: Intent,
    by: Option<ProcessId>,
}

impl Note {
    /// Whether this process or one that it works for (a hook script's dkms under its caller's lock) is at it now.
    fn is_ours(&self) -> bool {
        self.by.is_some_and(ProcessId::is_ancestor)
    }
}

impl Intent {
    pub(crate) fn new(doing: Doing, id: &ModuleId, target: &Target) -> Self {
        Self { doing, id: id.clone(), target: target.clone(), repeats: false }
    }

    /// Names hold no comma, so different modules and kernels never share a file. An uninstall takes the place of an
    /// install that it undoes: the last wish counts.
    fn file(&self, layout: &Layout) -> PathBuf {
        let (id, target) = (&self.id, &self.target);
        layout.intents().join(format!("{},{},{},{}.json", id.name, id.version, target.kernel, target.arch))
    }
}

/// Every note that a dead run left, oldest first; unreadable ones are skipped, and so are those of this process and its
/// ancestors. To be read under the lock: what another holder is doing looks the same.
pub(crate) fn left_over(layout: &Layout) -> io::Result<Vec<Intent>> {
    let notes = read(layout)?.into_iter();
    Ok(notes.filter(|note| !note.is_ours()).map(|note| note.intent).collect())
}

/// Every note, whoever is at it.
pub(crate) fn all(layout: &Layout) -> io::Result<Vec<Intent>> {
    Ok(read(layout)?.into_iter().map(|note| note.intent).collect())
}

fn read(layout: &Layout) -> io::Result<Vec<Note>> {
    let entries = match fs::read_dir(layout.intents()) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        entries => entries?,
    };
    let mut notes: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in entries {
        let entry = entry?;
        let is_note = entry.path().extension().is_some_and(|extension| extension == "json");
        if let Ok(meta) = entry.metadata()
            && is_note
        {
            notes.push((meta.modified().unwrap_or(SystemTime::UNIX_EPOCH), entry.path()));
        }
    }
    notes.sort();
    let read = |path: PathBuf| serde_json::from_slice::<Note>(&fs::read(path).ok()?).ok();
    Ok(notes.into_iter().filter_map(|(_, path)| read(path)).collect())
}

impl TreeWriter<'_> {
    /// Writes down that an install or uninstall begins; durable when this returns.
    pub(crate) fn begin(&self, intent: &Intent) -> io::Result<()> {
        create_folders(&self.layout().intents())?;
        let note = Note { intent: intent.clone(), by: Some(ProcessId::own()) };
        let note = serde_json::to_vec(&note).map_err(io::Error::other)?;
        write_atomically(&intent.file(self.layout()), 0o644, &note)?;
        failpoint();
        Ok(())
    }

    /// Removes that note: it ended, well or not.
    pub(crate) fn end(&self, intent: &Intent) -> io::Result<()> {
        match fs::remove_file(intent.file(self.layout())) {
            Ok(()) => sync_folder(&self.layout().intents()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }
}
