//! /etc/dkms/NAME….conf: what the administrator adds to a module's dkms.conf, in order.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::ops::Bound;
use std::path::{Path, PathBuf};

use crate::ids::{ModuleName, ModuleVersion, Target};
use crate::sys::System;
use crate::sys::fs::opened;

const PLACE: &str = "/etc/dkms";

/// /etc/dkms, whose entries are read once for the many names that may be in it.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
    entries: BTreeSet<OsString>,
}

impl Folder {
    /// Of this system; without entries when it cannot be read.
    pub(crate) fn read(system: &System) -> Self {
        let entries = fs_err::read_dir(system.path(PLACE)).into_iter().flatten().flatten();
        Self { root: system.root().to_path_buf(), entries: entries.map(|entry| entry.file_name()).collect() }
    }

    /// The override files that exist for this module (and kernel), the weakest first. Later ones win. One that is not here
    /// any more is taken from `copies`, if it is there.
    pub(crate) fn files(
        &self,
        name: &ModuleName,
        version: Option<&ModuleVersion>,
        target: Option<&Target>,
        copies: Option<&Path>,
    ) -> Vec<PathBuf> {
        if copies.is_none() && !self.has_some_of(name) {
            return Vec::new();
        }
        let file = |name: String| {
            let copy = copies.map(|folder| folder.join(&name));
            self.entry(&name).into_iter().chain(copy).find(|file| file.is_file())
        };
        names(name, version, target).into_iter().filter_map(file).collect()
    }

    fn has_some_of(&self, name: &ModuleName) -> bool {
        let begins = |entry: &OsString| entry.as_encoded_bytes().starts_with(name.as_str().as_bytes());
        self.entries
            .range::<OsStr, _>((Bound::Included(OsStr::new(name.as_str())), Bound::Unbounded))
            .next()
            .is_some_and(begins)
    }

    /// The place of an entry that is here.
    pub(crate) fn entry(&self, name: &str) -> Option<PathBuf> {
        self.entries.contains(OsStr::new(name)).then(|| opened(&self.root, &Path::new(PLACE).join(name)))
    }
}

/// Every override file of /etc/dkms that is about this version, for whichever kernel.
pub(crate) fn all(system: &System, name: &ModuleName, version: &ModuleVersion) -> Vec<PathBuf> {
    let Ok(entries) = fs_err::read_dir(system.path(PLACE)) else { return Vec::new() };
    let (of_kernel, of_version) = (format!("{name}--"), format!("{name}-{version}"));
    let is_of = |file: &str| {
        file == name.as_str()
            || file == of_version
            || file.starts_with(&of_kernel)
            || file.strip_prefix(&of_version).is_some_and(|rest| rest.starts_with('-'))
    };
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_str().and_then(|file| file.strip_suffix(".conf")).is_some_and(is_of))
        .map(|entry| entry.path())
        .filter(|file| file.is_file())
        .collect();
    files.sort();
    files
}

fn names(name: &ModuleName, version: Option<&ModuleVersion>, target: Option<&Target>) -> Vec<String> {
    let mut names = vec![format!("{name}.conf")];
    if let Some(version) = version {
        names.push(format!("{name}-{version}.conf"));
        if let Some(Target { kernel, arch }) = target {
            names.push(format!("{name}-{version}-{kernel}.conf"));
            names.push(format!("{name}-{version}-{kernel}-{arch}.conf"));
        }
    }
    if let Some(Target { kernel, arch }) = target {
        names.push(format!("{name}--{kernel}.conf"));
        names.push(format!("{name}--{kernel}-{arch}.conf"));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Arch, KernelRelease};

    #[test]
    fn a_copy_stands_in_for_a_file_that_has_gone() {
        let root = tempfile::tempdir().unwrap();
        let path = |inside: &str| root.path().join(inside);
        let write = |inside: &str| {
            fs_err::create_dir_all(path(inside).parent().unwrap()).unwrap();
            fs_err::write(path(inside), "").unwrap();
        };
        let system = System::host().with_root(root.path());
        let (name, version) = (ModuleName::new("m").unwrap(), ModuleVersion::new("1").unwrap());
        for file in
            ["etc/dkms/m.conf", "copies/m.conf", "copies/m-1.conf", "etc/dkms/m-12.conf", "etc/dkms/m-1-6.1.conf"]
        {
            write(file);
        }
        let found = |copies: Option<&Path>| Folder::read(&system).files(&name, Some(&version), None, copies);
        assert_eq!(found(None), [path("etc/dkms/m.conf")]);
        assert_eq!(found(Some(&path("copies"))), [path("etc/dkms/m.conf"), path("copies/m-1.conf")]);
        assert_eq!(all(&system, &name, &version), [path("etc/dkms/m-1-6.1.conf"), path("etc/dkms/m.conf")]);
    }

    #[test]
    fn a_symlink_of_another_root_is_followed_inside_it() {
        let root = tempfile::tempdir().unwrap();
        let inside = root.path().join("own/m.conf");
        for folder in ["etc/dkms", "own"] {
            fs_err::create_dir_all(root.path().join(folder)).unwrap();
        }
        fs_err::write(&inside, "").unwrap();
        fs_err::os::unix::fs::symlink("/own/m.conf", root.path().join("etc/dkms/m.conf")).unwrap();
        let system = System::host().with_root(root.path());
        let name = ModuleName::new("m").unwrap();
        assert_eq!(Folder::read(&system).files(&name, None, None, None), [inside]);
    }

    #[test]
    fn later_files_are_closer_to_the_kernel() {
        let name = ModuleName::new("m").unwrap();
        let version = ModuleVersion::new("1").unwrap();
        let target = Target::new(KernelRelease::new("6.1").unwrap(), Arch::new("x86_64").unwrap());
        let all =
            ["m", "m-1", "m-1-6.1", "m-1-6.1-x86_64", "m--6.1", "m--6.1-x86_64"].map(|name| format!("{name}.conf"));
        assert_eq!(names(&name, Some(&version), Some(&target)), all);
        assert_eq!(names(&name, Some(&version), None), all[..2]);
        assert_eq!(names(&name, None, None), all[..1]);
    }
}
