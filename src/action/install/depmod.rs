//! depmod(8): the lists by which modprobe finds modules.

use std::path::{Path, PathBuf};

use crate::ids::KernelRelease;
use crate::sys::{Command, RunError, System};
use crate::tree::Layout;

/// Why the lists could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum DepmodError {
    /// depmod ended badly.
    #[error("`{command}` ended with {how}{}", said(.stderr))]
    Failed {
        /// Program and arguments.
        command: String,
        /// "exit code 1".
        how: String,
        /// What it wrote to standard error.
        stderr: String,
    },
    /// depmod could not be started.
    #[error(transparent)]
    NotRun(#[from] RunError),
}

fn said(stderr: &str) -> String {
    if stderr.is_empty() { String::new() } else { format!(": {stderr}") }
}

/// Whether it was run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ran {
    /// Yes.
    Yes,
    /// No: the kernel has no modules.dep, so its package has not been set up yet (and will run depmod then), or is gone.
    NoLists,
    /// No: the install tree is not `lib/modules` of any root, and depmod can serve no other place.
    OtherPlace,
}

/// Runs `depmod -a KVER`, with `-F` where /boot has that kernel's System.map and `-b` for another root.
pub fn run(system: &System, layout: &Layout, kernel: &KernelRelease) -> Result<Ran, DepmodError> {
    if !layout.install_tree().join(kernel).join("modules.dep").exists() {
        return Ok(Ran::NoLists);
    }
    let Some(base) = base(layout) else { return Ok(Ran::OtherPlace) };
    let command = command(system, &base, kernel);
    let line = command.line();
    let finished = system.run(&command)?;
    if finished.success() {
        return Ok(Ran::Yes);
    }
    Err(DepmodError::Failed { command: line, how: finished.how(), stderr: finished.error_text() })
}

/// The folder below which depmod is to look for lib/modules.
fn base(layout: &Layout) -> Option<PathBuf> {
    let tree = layout.install_tree();
    let base = ["usr/lib/modules", "lib/modules"].iter().find_map(|end| {
        let folders = Path::new(end).components().count();
        tree.ends_with(end).then(|| tree.ancestors().nth(folders).unwrap_or(Path::new("/")).to_path_buf())
    });
    base.filter(|base| base.join("lib/modules").exists())
}

fn command(system: &System, base: &Path, kernel: &KernelRelease) -> Command {
    let mut command = Command::new(super::program(system, "depmod"));
    if base != Path::new("/") {
        command = command.arg("-b").arg(base);
    }
    command = command.arg("-a");
    let map = system.path(format!("/boot/System.map-{kernel}"));
    if map.is_file() {
        command = command.arg("-F").arg(map);
    }
    command.arg(kernel.as_str())
}

/// What depmod writes into a kernel's folder (depmod(8), kmod 34); the other modules.* files belong to the kernel.
const LISTS: [&str; 12] = [
    "modules.alias",
    "modules.alias.bin",
    "modules.builtin.alias.bin",
    "modules.builtin.bin",
    "modules.dep",
    "modules.dep.bin",
    "modules.devname",
    "modules.softdep",
    "modules.symbols",
    "modules.symbols.bin",
    "modules.weakdep",
    "modules.isapnpmap",
];

/// Removes depmod's lists and the kernel's folder when the last module has gone with ours: modules.dep is empty, as the
/// kernel's package is gone. Returns whether it did.
pub fn remove_empty_lists(kernel_folder: &Path) -> std::io::Result<bool> {
    // Nothing but modules of ours was ever there: headers without an image.
    if !kernel_folder.join("modules.dep").exists() {
        crate::sys::fs::remove_if_empty(kernel_folder)?;
        return Ok(false);
    }
    let is_empty = |name: &str| fs_err::metadata(kernel_folder.join(name)).map(|meta| meta.len() == 0);
    // A kernel without modules of its own says in modules.builtin that it is there.
    if !is_empty("modules.dep").unwrap_or(false) || !is_empty("modules.builtin").unwrap_or(true) {
        return Ok(false);
    }
    for list in LISTS {
        crate::sys::fs::remove_tree(&kernel_folder.join(list))?;
    }
    crate::sys::fs::remove_if_empty(kernel_folder)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(root: &Path, base: &Path) -> String {
        let system = System::host().with_root(root);
        command(&system, base, &KernelRelease::new("6.1").unwrap()).line().split_once(' ').unwrap().1.to_owned()
    }

    #[test]
    fn another_root_and_a_system_map_are_named() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(line(root.path(), Path::new("/")), "-a 6.1");
        let shown = root.path().display();
        assert_eq!(line(root.path(), root.path()), format!("-b {shown} -a 6.1"));
        fs_err::create_dir(root.path().join("boot")).unwrap();
        fs_err::write(root.path().join("boot/System.map-6.1"), "x").unwrap();
        assert_eq!(line(root.path(), root.path()), format!("-b {shown} -a -F {shown}/boot/System.map-6.1 6.1"));
    }

    #[test]
    fn the_base_is_what_lies_before_lib_modules() {
        let root = tempfile::tempdir().unwrap();
        fs_err::create_dir_all(root.path().join("usr/lib/modules")).unwrap();
        fs_err::create_dir_all(root.path().join("lib/modules")).unwrap();
        let base_of = |install: &str| {
            base(&Layout::new(root.path(), "/var/lib/dkms".as_ref(), "/usr/src".as_ref(), install.as_ref()))
        };
        assert_eq!(base_of("/lib/modules").as_deref(), Some(root.path()));
        assert_eq!(base_of("/usr/lib/modules").as_deref(), Some(root.path()));
        assert_eq!(base_of("/opt/modules"), None);
    }

    #[test]
    fn an_empty_folder_without_lists_goes_and_another_stays() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("6.1");
        fs_err::create_dir_all(folder.join("kernel")).unwrap();
        assert!(!remove_empty_lists(&folder).unwrap() && folder.exists());
        fs_err::remove_dir(folder.join("kernel")).unwrap();
        assert!(!remove_empty_lists(&folder).unwrap() && !folder.exists());
        assert!(!remove_empty_lists(&folder).unwrap(), "it is gone already");
    }

    #[test]
    fn an_empty_list_takes_its_kernels_folder_along_unless_the_kernel_is_still_there() {
        for (dep, builtin, gone) in
            [("", None, true), ("", Some(""), false), ("", Some("kernel/x.ko\n"), false), ("x.ko:\n", None, false)]
        {
            let root = tempfile::tempdir().unwrap();
            let folder = root.path().join("6.1");
            fs_err::create_dir(&folder).unwrap();
            fs_err::write(folder.join("modules.dep"), dep).unwrap();
            fs_err::write(folder.join("modules.alias"), "# x\n").unwrap();
            if let Some(text) = builtin {
                fs_err::write(folder.join("modules.builtin"), text).unwrap();
            }
            let removed = remove_empty_lists(&folder).unwrap();
            assert_eq!(removed, dep.is_empty() && builtin != Some("kernel/x.ko\n"), "{dep:?} {builtin:?}");
            assert_eq!(!folder.exists(), gone, "{dep:?} {builtin:?}");
        }
    }
}
