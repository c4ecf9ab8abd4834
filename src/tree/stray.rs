//! What lies in the tree and is no part of a version's state: folders without the build that they are for, links to builds
//! that are not there, empty folders.

use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::walk::{NOT_KERNELS, folders, linked_target};
use super::{Layout, walk};
use crate::ids::{Arch, KernelRelease, ModuleId, ModuleName, ModuleVersion, Target};
use crate::sys::fs::is_real_folder;

/// One of them, with its path (opened).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stray {
    /// `NAME/VERSION/KVER/ARCH` without `module/`; it holds logs and notes of builds at most.
    HalfBuilt(ModuleId, Target, PathBuf),
    /// The same with something in it that is none of these.
    OddBuild(ModuleId, Target, PathBuf),
    /// `NAME/kernel-KVER-ARCH` that leads to no build.
    Link(ModuleId, Target, PathBuf),
    /// `NAME/kernel-…` that names no version, kernel and architecture.
    OddLink(ModuleName, PathBuf),
    /// A folder that holds nothing but empty folders.
    Empty(PathBuf),
    /// `NAME/VERSION` without a source that holds something all the same.
    Unknown(ModuleId, PathBuf),
    /// A file, or a link, where a module's or a version's folder belongs.
    File(PathBuf),
    /// Something else where the tree keeps a folder of notes.
    NoFolder(PathBuf),
}

/// Those that hide something from `status`, found by a look at names alone: files where folders belong, and links to builds
/// that are not there.
pub(crate) fn hiding(layout: &Layout) -> io::Result<Vec<Stray>> {
    let mut found = Vec::new();
    files(layout, &mut found)?;
    for name in folders(&layout.tree(), &[])? {
        if let Ok(name) = ModuleName::new(name) {
            links(layout, &name, &mut found)?;
        }
    }
    Ok(found)
}

/// Keys and logs lie in the tree as well.
const PLAIN_FILES: [&str; 8] = ["key", "pub", "priv", "pem", "der", "crt", "log", "x509"];

fn files(layout: &Layout, found: &mut Vec<Stray>) -> io::Result<()> {
    let is_odd = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        let is_known = Path::new(&name).extension().is_some_and(|end| PLAIN_FILES.iter().any(|known| end == *known));
        let is_hidden = name.to_string_lossy().starts_with('.');
        !is_hidden && !is_known && entry.file_type().is_ok_and(|kind| !kind.is_dir())
    };
    let top = match fs::read_dir(layout.tree()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?.collect::<io::Result<Vec<_>>>()?,
    };
    let mut odd: Vec<PathBuf> = top.iter().filter(|entry| is_odd(entry)).map(fs::DirEntry::path).collect();
    odd.sort();
    found.extend(odd.into_iter().map(Stray::File));
    for folder in [layout.records(), layout.intents(), layout.finished(), layout.logs()] {
        if fs::symlink_metadata(&folder).is_ok_and(|meta| !meta.is_dir()) {
            found.push(Stray::NoFolder(folder));
        }
    }
    Ok(())
}

/// Every one of them, in the order of a sorted walk.
pub(crate) fn find(layout: &Layout) -> io::Result<Vec<Stray>> {
    let mut found = Vec::new();
    files(layout, &mut found)?;
    for name in folders(&layout.tree(), &[])? {
        let Ok(name) = ModuleName::new(name) else { continue };
        if holds_nothing(&layout.module(&name))? && !holds_broken(layout, &name)? {
            found.push(Stray::Empty(layout.module(&name)));
            continue;
        }
        links(layout, &name, &mut found)?;
        for version in folders(&layout.module(&name), &["original_module"])? {
            let Ok(version) = ModuleVersion::new(version) else { continue };
            in_version(layout, &ModuleId::new(name.clone(), version), &mut found)?;
        }
    }
    Ok(found)
}

fn links(layout: &Layout, name: &ModuleName, found: &mut Vec<Stray>) -> io::Result<()> {
    let mut links = Vec::new();
    for entry in fs::read_dir(layout.module(name))? {
        let entry = entry?;
        let is_link = entry.file_type()?.is_symlink() && entry.file_name().to_string_lossy().starts_with("kernel-");
        links.extend(is_link.then(|| entry.path()));
    }
    links.sort();
    for link in links {
        match linked_target(&fs::read_link(&link)?) {
            Some((version, target)) if layout.active_link(name, &target) == link => {
                let id = ModuleId::new(name.clone(), version);
                if !is_real_folder(&layout.built_modules(&id, &target)) {
                    found.push(Stray::Link(id, target, link));
                }
            }
            _ => found.push(Stray::OddLink(name.clone(), link)),
        }
    }
    Ok(())
}

fn in_version(layout: &Layout, id: &ModuleId, found: &mut Vec<Stray>) -> io::Result<()> {
    let folder = layout.version(id);
    if holds_nothing(&folder)? {
        found.extend((!is_unlinked(layout, id)).then_some(Stray::Empty(folder)));
        return Ok(());
    }
    if walk::module(layout, id)?.is_none() {
        found.push(Stray::Unknown(id.clone(), folder));
        return Ok(());
    }
    for kernel in folders(&folder, &NOT_KERNELS)? {
        let Ok(release) = KernelRelease::new(&kernel) else { continue };
        let place = folder.join(&kernel);
        if holds_nothing(&place)? {
            found.push(Stray::Empty(place));
            continue;
        }
        for arch in folders(&place, &[])? {
            let Ok(arch) = Arch::new(arch) else { continue };
            let target = Target::new(release.clone(), arch);
            let built = layout.built(id, &target);
            if is_real_folder(&built.join("module")) {
                continue;
            }
            let stray = if holds_nothing(&built)? {
                Stray::Empty(built)
            } else if is_half_built(&built)? {
                Stray::HalfBuilt(id.clone(), target, built)
            } else {
                Stray::OddBuild(id.clone(), target, built)
            };
            found.push(stray);
        }
    }
    Ok(())
}

/// Whether it is a version whose link to its source somebody removed: it is broken, and no remains of ours.
fn is_unlinked(layout: &Layout, id: &ModuleId) -> bool {
    layout.source(id).join("dkms.conf").is_file()
}

fn holds_broken(layout: &Layout, name: &ModuleName) -> io::Result<bool> {
    let versions = folders(&layout.module(name), &["original_module"])?;
    let ids = versions.into_iter().filter_map(|version| ModuleVersion::new(version).ok());
    Ok(ids.map(|version| ModuleId::new(name.clone(), version)).any(|id| is_unlinked(layout, &id)))
}

/// Whether there is nothing but what builds leave beside the modules.
fn is_half_built(folder: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if !(name == "log" || name == "Module.symvers" || name == "make.log" || name.starts_with(".dep_")) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether there is no file and no link in it, however deep.
fn holds_nothing(folder: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() || !holds_nothing(&entry.path())? {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tests::Sandbox;

    #[test]
    fn what_is_no_part_of_a_state_is_found_and_what_is_one_is_not() {
        let s = Sandbox::new();
        s.added("a", "1");
        s.built("a", "1", "6.1");
        s.active_on("a", "1", "6.1");
        s.active_on("a", "2", "6.2");
        s.link("a/kernel-6.3-x86_64", "nonsense");
        s.file("a/1/6.4/x86_64/log/make.log", "");
        s.file("a/1/6.4/x86_64/.dep_b", "");
        s.file("a/1/6.5/x86_64/notes.txt", "");
        s.file("a/1/build/make.log", "");
        s.file("a/1/tarball/a.tar.gz", "");
        s.file("f2", "");
        s.file("mok.key", "");
        s.file(".logs", "");
        s.file("a/original_module/6.1/x86_64/a.ko", "");
        s.file("a/3/6.1/x86_64/module/a.ko", "");
        for folder in ["a/1/6.6/x86_64", "a/1/6.7", "a/4", "b/1", ".records/x"] {
            fs::create_dir_all(s.path("var/lib/dkms").join(folder)).unwrap();
        }
        let top = s.path("var/lib/dkms");
        let told: Vec<String> = find(s.tree().layout())
            .unwrap()
            .iter()
            .map(|stray| {
                let (kind, path) = match stray {
                    Stray::File(path) => ("file", path),
                    Stray::NoFolder(path) => ("no folder", path),
                    Stray::HalfBuilt(_, _, path) => ("half built", path),
                    Stray::OddBuild(_, _, path) => ("odd", path),
                    Stray::Link(_, _, path) => ("link", path),
                    Stray::OddLink(_, path) => ("odd link", path),
                    Stray::Empty(path) => ("empty", path),
                    Stray::Unknown(_, path) => ("unknown", path),
                };
                format!("{kind}: {}", path.strip_prefix(&top).unwrap().display())
            })
            .collect();
        assert_eq!(
            told,
            [
                "file: f2",
                "no folder: .logs",
                "link: a/kernel-6.2-x86_64",
                "odd link: a/kernel-6.3-x86_64",
                "half built: a/1/6.4/x86_64",
                "odd: a/1/6.5/x86_64",
                "empty: a/1/6.6",
                "empty: a/1/6.7",
                "unknown: a/3",
                "empty: a/4",
                "empty: b",
            ]
        );
    }
}
