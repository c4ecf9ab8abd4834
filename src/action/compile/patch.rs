//! The patches of a module: which may be named, where they come from, how they are applied.

use std::path::{Component, Path, PathBuf};

use crate::action::compile::log::BuildLog;
use crate::action::compile::shell::Shell;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::ModuleId;
use crate::sys::copy::copy_tree;
use crate::sys::{Finished, System};

/// Lays the administrator's patches, /etc/dkms/NAME/patches with its sub-folders, over those of the source.
pub(crate) fn overlay(system: &System, id: &ModuleId, build: &Path) -> Result<()> {
    let ours = system.path("/etc/dkms").join(&id.name).join("patches");
    if !ours.is_dir() {
        return Ok(());
    }
    copy_tree(&ours, &build.join("patches"))
        .map_err(|error| Error::io(format!("the patches of /etc/dkms for {id} cannot be copied"), error))
}

/// Applies the patches in order with `patch -p1` in the build folder. All are looked for before the first is applied.
///
/// # Errors
///
/// A patch is missing or its name leads out of `patches/`; a patch does not apply.
pub(crate) fn apply(
    system: &System,
    id: &ModuleId,
    patches: &[String],
    shell: &Shell,
    log: &mut BuildLog,
) -> Result<()> {
    let files = patches.iter().map(|name| find(id, name, &shell.folder)).collect::<Result<Vec<_>>>()?;
    if !files.is_empty() && !system.has_program("patch") {
        let text = format!("the patches of {id} cannot be applied: the program `patch` is not installed");
        return Err(Error::new(Kind::PatchFailed, text).hint("install the package `patch`"));
    }
    for file in files {
        let name = file.to_string_lossy();
        // -f: never ask on the terminal, and never take a patch that looks applied for one to be reverted.
        let command = shell.program(system, "patch").args(["-p1", "-f", "-i"]).arg(&file);
        let shown = format!("patch -p1 < {name}");
        let finished = log
            .run(system, "Applying a patch", &shown, Kind::PatchFailed, command)
            .map_err(|error| error.hint("install the package `patch`"))?;
        if !finished.success() {
            return Err(refused(system, id, &name, &finished, log));
        }
    }
    Ok(())
}

/// A patch that does not apply, in the last words of patch(1).
fn refused(system: &System, id: &ModuleId, name: &str, finished: &Finished, log: &BuildLog) -> Error {
    let said = log.last_words().unwrap_or_else(|| finished.how());
    Error::new(Kind::PatchFailed, format!("the patch {name} of {id} does not apply: {said}"))
        .hint(format!(
            "it is for another state of the source: correct it, or take it out of PATCH in the dkms.conf of {id}"
        ))
        .hint(format!("what patch said is in {}", system.inside(log.path()).display()))
}

/// The place of a patch, relative to the build folder.
fn find(id: &ModuleId, name: &str, build: &Path) -> Result<PathBuf> {
    let refuse = |why: String| Err(Error::new(Kind::PatchMissing, why));
    let inner = Path::new(name.trim_start_matches('/'));
    if inner.components().any(|part| part == Component::ParentDir) {
        return refuse(format!("the patch `{name}` of {id} leads out of the folder patches/ (its path holds `..`)"));
    }
    let file = Path::new("patches").join(inner);
    if !build.join(&file).is_file() {
        let error = refuse(format!("the patch `{name}` of {id} is not in the folder patches/ of the source"));
        return error.map_err(|error| error.hint(what_is_there(id, inner, build)));
    }
    Ok(file)
}

/// What the folder of patches holds instead.
fn what_is_there(id: &ModuleId, wanted: &Path, build: &Path) -> String {
    let entries = fs_err::read_dir(build.join("patches")).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    let lies_above = build.join(wanted).is_file().then(|| "it lies beside dkms.conf: move it into patches/".to_owned());
    let there = || match names.as_slice() {
        [] => "there is no folder patches/, or nothing is in it".to_owned(),
        names => format!("what is there: {}", names.join(", ")),
    };
    let there = lies_above.unwrap_or_else(there);
    format!("{there}; put the file there, or take it out of PATCH in the dkms.conf of {id}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Arch, KernelRelease, ModuleName, ModuleVersion, Target};

    fn id() -> ModuleId {
        ModuleId::new(ModuleName::new("foo").unwrap(), ModuleVersion::new("1").unwrap())
    }

    fn build() -> tempfile::TempDir {
        let build = tempfile::tempdir().unwrap();
        fs_err::create_dir_all(build.path().join("patches/sub")).unwrap();
        for name in ["one.patch", "sub/two..patch"] {
            let (old, new) = if name == "one.patch" { ("a", "b") } else { ("b", "c") };
            let text = format!("--- x/file\n+++ y/file\n@@ -1 +1 @@\n-{old}\n+{new}\n");
            fs_err::write(build.path().join("patches").join(name), text).unwrap();
        }
        fs_err::write(build.path().join("file"), "a\n").unwrap();
        build
    }

    fn apply_in(build: &Path, patches: &[&str]) -> Result<()> {
        let target = Target::new(KernelRelease::new("6.1").unwrap(), Arch::new("x86_64").unwrap());
        let mut log = BuildLog::start(&build.join("make.log"), &id(), &target).unwrap();
        let system = System::host();
        let environment = system.environment().clone();
        let leash = crate::sys::leash::Leash::default();
        let shell = Shell { folder: build.into(), environment, variables: Vec::new(), leash, room: None };
        let patches: Vec<String> = patches.iter().map(|name| (*name).to_owned()).collect();
        apply(&system, &id(), &patches, &shell, &mut log)
    }

    #[test]
    fn patches_apply_in_the_order_given() {
        let build = build();
        apply_in(build.path(), &["one.patch", "/sub/two..patch"]).unwrap();
        assert_eq!(fs_err::read_to_string(build.path().join("file")).unwrap(), "c\n");
    }

    #[test]
    fn a_patch_outside_its_folder_or_missing_is_refused_before_any_is_applied() {
        for name in ["../one.patch", "sub/../../file", "gone.patch", "sub", ""] {
            let build = build();
            let error = apply_in(build.path(), &["one.patch", name]).unwrap_err();
            assert_eq!(error.kind(), Kind::PatchMissing, "{name}");
            assert_eq!(fs_err::read_to_string(build.path().join("file")).unwrap(), "a\n", "{name}");
        }
    }

    #[test]
    fn a_patch_that_does_not_apply_or_is_applied_already_fails() {
        for patches in [&["sub/two..patch"][..], &["one.patch", "one.patch"]] {
            let build = build();
            assert_eq!(apply_in(build.path(), patches).unwrap_err().kind(), Kind::PatchFailed, "{patches:?}");
        }
    }

    #[test]
    fn the_administrators_patches_lie_over_those_of_the_source() {
        let (root, build) = (tempfile::tempdir().unwrap(), build());
        let ours = root.path().join("etc/dkms/foo/patches/sub");
        fs_err::create_dir_all(&ours).unwrap();
        fs_err::write(ours.join("two..patch"), "ours").unwrap();
        fs_err::write(ours.join("three.patch"), "ours").unwrap();
        overlay(&System::host().with_root(root.path()), &id(), build.path()).unwrap();
        for (name, text) in [("sub/two..patch", "ours"), ("sub/three.patch", "ours")] {
            assert_eq!(fs_err::read_to_string(build.path().join("patches").join(name)).unwrap(), text);
        }
        assert!(build.path().join("patches/one.patch").is_file());
    }
}
