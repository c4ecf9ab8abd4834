//! What a package holds besides its payload: settings, keys, documents, folders.

use crate::package::input::payload::{EntryKind, File};

/// What a file is to the package manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Role {
    #[default]
    Data,
    /// A person may edit it, and keeps the edits (dpkg's conffiles, RPM's %config(noreplace)).
    Config,
    /// A document, which installations may leave out (RPM's %doc).
    Document,
}

/// An entry beside the payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Extra {
    /// Where it lies on the installed system, from `/` on.
    pub(crate) path: String,
    pub(crate) kind: EntryKind,
    /// What it is to the package manager.
    pub(crate) role: Role,
}

impl Extra {
    /// A file that holds these bytes.
    pub(crate) fn file(path: impl Into<String>, role: Role, bytes: Vec<u8>) -> Self {
        Self { path: path.into(), kind: EntryKind::File(File::of(bytes)), role }
    }

    /// A folder that belongs to the package.
    pub(crate) fn folder(path: impl Into<String>) -> Self {
        Self { path: path.into(), kind: EntryKind::Folder, role: Role::Data }
    }
}
