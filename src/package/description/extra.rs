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
    /// The text of a licence, which no installation leaves out (RPM's %license).
    License,
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

/// Where files of packages go. The source's own places are the package's business.
const PLACES: [&str; 4] = ["/etc/", "/usr/", "/lib/", "/opt/"];

impl Extra {
    /// A file at a place that a person names; the error says what is wrong with that. The place decides what it is to the
    /// package manager.
    pub(crate) fn placed(place: &str, file: File) -> Result<Self, String> {
        let is_plain = place.chars().all(|c| c.is_ascii_graphic() && !"\"'\\`$*?[]{}<>|;&".contains(c));
        let is_clean = place.split('/').skip(1).all(|part| !["", ".", ".."].contains(&part));
        if !is_plain || !is_clean || !PLACES.iter().any(|start| place.starts_with(start)) {
            return Err(format!(
                "{place} is no place for a file of a package; it is a whole path below /etc, /usr or /opt"
            ));
        }
        // One and the same folder wherever these packages can be installed; dpkg would take it for two.
        let path = if place.starts_with("/lib/") { format!("/usr{place}") } else { place.to_owned() };
        if path.starts_with("/usr/src/") || path.starts_with("/usr/lib/modules/") {
            return Err(format!("{place} is where DKMS itself puts things"));
        }
        let role = match path.as_str() {
            path if path.starts_with("/etc/") => Role::Config,
            path if path.starts_with("/usr/share/doc/") => Role::Document,
            path if path.starts_with("/usr/share/licenses/") => Role::License,
            _ => Role::Data,
        };
        Ok(Self { path, kind: EntryKind::File(file), role })
    }

    /// What it is called where the files of several folders lie in one: its own name, unless another one has that, too.
    pub(crate) fn flat_name(&self, all: &[Self]) -> String {
        let own = |extra: &Self| extra.path.rsplit('/').next().map(str::to_owned).unwrap_or_default();
        let name = own(self);
        let is_single = all.iter().filter(|extra| own(extra) == name).count() < 2;
        if is_single { name } else { self.path.trim_start_matches('/').replace('/', "-") }
    }

    /// A file that holds these bytes.
    pub(crate) fn file(path: impl Into<String>, role: Role, bytes: Vec<u8>) -> Self {
        Self { path: path.into(), kind: EntryKind::File(File::of(bytes)), role }
    }

    /// A folder that belongs to the package.
    pub(crate) fn folder(path: impl Into<String>) -> Self {
        Self { path: path.into(), kind: EntryKind::Folder, role: Role::Data }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_decide_what_a_file_is_to_the_package_manager() {
        for (place, role) in [
            ("/etc/modprobe.d/a.conf", Role::Config),
            ("/usr/share/doc/a/a.conf", Role::Document),
            ("/usr/share/licenses/a/COPYING", Role::License),
            ("/usr/lib/udev/rules.d/60-a.rules", Role::Data),
        ] {
            assert_eq!(Extra::placed(place, File::of(Vec::new())).unwrap().role, role, "{place}");
        }
        assert_eq!(Extra::placed("/lib/firmware/a", File::of(Vec::new())).unwrap().path, "/usr/lib/firmware/a");
        for place in
            ["etc/a", "/etc/../a", "/etc//a", "/etc/a b", "/home/a", "/usr/src/a", "/lib/modules/a", "/etc/$(x)", ""]
        {
            assert!(Extra::placed(place, File::of(Vec::new())).is_err(), "{place}");
        }
    }

    #[test]
    fn files_of_one_name_are_told_apart_by_their_folders() {
        let all: Vec<Extra> = ["/etc/modprobe.d/a.conf", "/usr/lib/modules-load.d/a.conf", "/etc/b"]
            .map(|place| Extra::placed(place, File::of(Vec::new())).unwrap())
            .into();
        let names: Vec<String> = all.iter().map(|extra| extra.flat_name(&all)).collect();
        assert_eq!(names, ["etc-modprobe.d-a.conf", "usr-lib-modules-load.d-a.conf", "b"]);
    }
}
