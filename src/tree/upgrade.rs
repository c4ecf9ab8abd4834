//! Notes of `--rpm_safe_upgrade`: which version a transaction has added, by the process that runs it.

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Layout, TreeWriter};
use crate::ids::ModuleId;
use crate::sys::fs::{create_folders, write_atomically};
use crate::sys::process::ProcessId;

/// The folder of these notes below TREE/.records.
pub(super) const KIND: &str = "rpm";

#[derive(Debug, Serialize, Deserialize)]
struct Note {
    id: ModuleId,
    #[serde(flatten)]
    transaction: ProcessId,
}

impl TreeWriter<'_> {
    /// Notes that this transaction has added the version.
    pub(crate) fn note_added(&self, id: &ModuleId, transaction: ProcessId) -> io::Result<()> {
        let file = file(self.layout(), id);
        create_folders(&self.layout().records().join(KIND))?;
        write_atomically(&file, 0o600, &serde_json::to_vec(&Note { id: id.clone(), transaction })?)
    }

    /// Takes the note away, if this very transaction has left it. Says whether it has.
    pub(crate) fn take_added(&self, id: &ModuleId, transaction: ProcessId) -> io::Result<bool> {
        let file = file(self.layout(), id);
        let note: Option<Note> = fs_err::read(&file).ok().and_then(|text| serde_json::from_slice(&text).ok());
        let is_ours = note.is_some_and(|note| note.transaction == transaction);
        if is_ours {
            fs_err::remove_file(&file)?;
        }
        Ok(is_ours)
    }
}

fn file(layout: &Layout, id: &ModuleId) -> PathBuf {
    layout.records().join(KIND).join(format!("{}@{}.json", id.name, id.version))
}
