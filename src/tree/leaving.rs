//! Notes of versions whose package is being replaced or removed: the run that has their successor in place takes them away.
//! A version whose source is there when the transaction is over has stayed: its note goes.

use std::io;

use serde::{Deserialize, Serialize};

use crate::ids::ModuleId;
use crate::sys::fs::write_atomically;
use crate::sys::process::ProcessId;

use super::{Layout, TreeWriter};

/// A version that its package is about to take along.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Leaving {
    pub(crate) id: ModuleId,
    /// The package manager's process; None when it is not known.
    #[serde(default)]
    pub(crate) transaction: Option<ProcessId>,
}

impl Leaving {
    /// Whether the transaction has ended, as far as can be told.
    pub(crate) fn is_over(&self) -> bool {
        self.transaction.is_none_or(|process| ProcessId::of(process.pid) != Some(process))
    }
}

/// Every such note; unreadable ones are skipped.
pub(crate) fn all(layout: &Layout) -> io::Result<Vec<Leaving>> {
    let entries = match fs_err::read_dir(folder(layout)) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let mut notes: Vec<Leaving> = entries
        .flatten()
        .filter_map(|entry| fs_err::read(entry.path()).ok())
        .filter_map(|text| serde_json::from_slice(&text).ok())
        .collect();
    notes.sort_by(|left, right| left.id.cmp(&right.id));
    Ok(notes)
}

impl TreeWriter<'_> {
    /// Notes that this version leaves with the transaction of this process.
    pub(crate) fn note_leaving(&self, id: &ModuleId, transaction: Option<ProcessId>) -> io::Result<()> {
        let folder = folder(self.layout());
        fs_err::create_dir_all(&folder)?;
        let note = serde_json::to_vec(&Leaving { id: id.clone(), transaction })?;
        write_atomically(&folder.join(file_name(id)), 0o644, &note)
    }

    /// Takes the note back: the version is gone, or its package came again.
    pub(crate) fn forget_leaving(&self, id: &ModuleId) -> io::Result<()> {
        match fs_err::remove_file(folder(self.layout()).join(file_name(id))) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// The folder of these notes below TREE/.records.
pub(super) const KIND: &str = "leaving";

fn folder(layout: &Layout) -> std::path::PathBuf {
    layout.records().join(KIND)
}

fn file_name(id: &ModuleId) -> String {
    format!("{}@{}.json", id.name, id.version)
}
