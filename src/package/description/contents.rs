//! Everything that a package holds, at its place on the installed system.

use crate::package::description::extra::Role;
use crate::package::description::info::PackageInfo;
use crate::package::input::payload::{EntryKind, Payload};

/// An entry at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placed<'a> {
    pub(crate) kind: &'a EntryKind,
    /// What it is to the package manager.
    pub(crate) role: Role,
    place: &'a str,
    below: &'a str,
}

impl Placed<'_> {
    /// The path from `/` on.
    pub(crate) fn path(&self) -> String {
        if self.below.is_empty() { self.place.to_owned() } else { format!("{}/{}", self.place, self.below) }
    }
}

/// Payload and extras, sorted by the bytes of their paths.
pub(crate) fn contents<'a>(info: &'a PackageInfo, payload: &'a Payload) -> Vec<Placed<'a>> {
    let own = payload.entries.iter().map(|entry| Placed {
        kind: &entry.kind,
        role: Role::Data,
        place: &info.place,
        below: &entry.path,
    });
    let extra =
        info.extras.iter().map(|extra| Placed { kind: &extra.kind, role: extra.role, place: &extra.path, below: "" });
    let mut all: Vec<Placed> = own.chain(extra).collect();
    all.sort_by_cached_key(Placed::path);
    all
}

/// The paths of all files and links.
pub(crate) fn paths(info: &PackageInfo, payload: &Payload) -> Vec<String> {
    let all = contents(info, payload);
    all.iter().filter(|entry| *entry.kind != EntryKind::Folder).map(Placed::path).collect()
}
