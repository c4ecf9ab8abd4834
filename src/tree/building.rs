//! Builds under way: the folder NAME/VERSION/build, and a note that says it is at work, `.intents/NAME,VERSION.build`.
//!
//! The folder of a build that failed stays, for its make.log; that of a run that died goes with the next one. The note
//! tells them apart.

use std::io;
use std::path::PathBuf;

use fs_err as fs;

use super::{Layout, TreeWriter};
use crate::ids::{ModuleId, ModuleName, ModuleVersion, Target};
use crate::sys::fs::{at, create_folders, write_atomically};
use crate::sys::process::ProcessId;

const NOTE: &str = "build";

/// A note, and whose folder it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Building {
    pub(super) id: ModuleId,
    pub(super) note: PathBuf,
}

/// Every one that neither this process nor one that it works for is at. To be read under the lock.
pub(super) fn left_over(layout: &Layout) -> io::Result<Vec<Building>> {
    let notes = read(layout)?.into_iter();
    Ok(notes.filter(|(_, by)| !by.is_some_and(ProcessId::is_ancestor)).map(|(building, _)| building).collect())
}

/// Whether a process that is no more was at one; without the lock.
pub(crate) fn was_left(layout: &Layout) -> bool {
    read(layout).is_ok_and(|notes| notes.into_iter().any(|(_, by)| !by.is_some_and(ProcessId::is_alive)))
}

fn note_of(layout: &Layout, id: &ModuleId) -> PathBuf {
    // Names hold no comma.
    layout.intents().join(format!("{},{}.{NOTE}", id.name, id.version))
}

fn read(layout: &Layout) -> io::Result<Vec<(Building, Option<ProcessId>)>> {
    let entries = match fs::read_dir(layout.intents()) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let words = name.to_str().and_then(|name| name.strip_suffix(".build")?.split_once(','));
        let Some((name, version)) = words else { continue };
        if let (Ok(name), Ok(version)) = (ModuleName::new(name), ModuleVersion::new(version)) {
            let by = fs::read(entry.path()).ok().and_then(|text| serde_json::from_slice(&text).ok());
            found.push((Building { id: ModuleId::new(name, version), note: entry.path() }, by));
        }
    }
    found.sort_by(|(one, _), (other, _)| one.note.cmp(&other.note));
    Ok(found)
}

impl TreeWriter<'_> {
    /// An empty `NAME/VERSION/build`, noted as being at work; what a former run left there goes, its make.log being kept in
    /// `old_logs`.
    pub(crate) fn start_build(&self, id: &ModuleId, target: &Target) -> io::Result<PathBuf> {
        let build = self.layout().build_folder(id);
        if let Err(error) = self.keep_log(id, target)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        create_folders(&self.layout().intents())?;
        let by = serde_json::to_vec(&ProcessId::own()).map_err(io::Error::other)?;
        write_atomically(&note_of(self.layout(), id), 0o644, &by)?;
        self.discard(&build)?;
        std::fs::create_dir(&build).map_err(|error| at(&build, "create", error))?;
        super::transition::make_public(&build)?;
        Ok(build)
    }

    /// Leaves `NAME/VERSION/build` as it is, for a person to look into.
    pub(crate) fn keep_build_folder(&self, id: &ModuleId) -> io::Result<()> {
        match fs::remove_file(note_of(self.layout(), id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes `NAME/VERSION/build`.
    pub(crate) fn end_build(&self, id: &ModuleId) -> io::Result<()> {
        self.discard(&self.layout().build_folder(id))?;
        self.keep_build_folder(id)
    }
}
