//! A module with the place of its source, as an operand or an event names it; an archive is unpacked for it.

use std::path::Path;

use crate::action::add;
use crate::conf::Framework;
use crate::error::{Error, Result};
use crate::ids::ModuleId;
use crate::step::AddSource;
use crate::sys::System;

/// A module with the place of its source. An unpacked archive stays as long as this does.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) id: ModuleId,
    /// Its source, should it have to be added.
    pub(crate) source: AddSource,
    _unpacked: Option<tempfile::TempDir>,
}

impl Subject {
    /// One that needs nothing to be unpacked.
    pub(crate) fn new(id: ModuleId, source: AddSource) -> Self {
        Self { id, source, _unpacked: None }
    }
}

/// The module that an archive holds. The archive stays unpacked as long as the subject lives.
pub(crate) fn from_archive(system: &System, framework: &Framework, file: &Path) -> Result<Subject> {
    let folder = crate::sys::scratch::make(&system.path(&framework.tmp_location))
        .map_err(|error| Error::io(format!("cannot unpack {}", file.display()), error))?;
    let (id, unpacked) = add::identify(system, framework, file, folder.path())?;
    Ok(Subject { id, source: AddSource::Archive(unpacked), _unpacked: Some(folder) })
}
