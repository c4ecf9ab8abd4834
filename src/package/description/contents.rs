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
        role: if is_license(&entry.path) { Role::License } else { Role::Data },
        place: &info.place,
        below: &entry.path,
    });
    let extra =
        info.extras.iter().map(|extra| Placed { kind: &extra.kind, role: extra.role, place: &extra.path, below: "" });
    let mut all: Vec<Placed> = own.chain(extra).collect();
    all.sort_by_cached_key(Placed::path);
    all
}

/// Whether a file of a source is the text of a licence, by its name: at the top, or in the folder that REUSE and the kernel have.
pub(crate) fn is_license(path: &str) -> bool {
    let name = path.strip_prefix("LICENSES/").or_else(|| path.strip_prefix("LICENSES/preferred/"));
    let usual = ["COPYING", "LICENSE", "LICENCE", "COPYRIGHT"];
    let upper = path.to_ascii_uppercase();
    let ends = |rest: &str| rest.is_empty() || rest.starts_with(['.', '-', '_']);
    let is_text = ![".c", ".h", ".o", ".sh", ".py"].iter().any(|end| path.ends_with(end));
    let named = usual.iter().any(|word| upper.strip_prefix(word).is_some_and(ends));
    name.is_some_and(|name| !name.is_empty()) || named && is_text && !path.contains('/')
}

/// The paths of all files and links.
pub(crate) fn paths(info: &PackageInfo, payload: &Payload) -> Vec<String> {
    let all = contents(info, payload);
    all.iter().filter(|entry| *entry.kind != EntryKind::Folder).map(Placed::path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_licences_are_known_by_their_names() {
        for path in ["COPYING", "LICENSE.txt", "license.md", "COPYING-GPL", "LICENSES/GPL-2.0-only.txt", "Copyright"] {
            assert!(is_license(path), "{path}");
        }
        for path in ["license.c", "licensed.txt", "doc/COPYING", "LICENSES/", "README", "copying.h", ""] {
            assert!(!is_license(path), "{path}");
        }
    }
}
