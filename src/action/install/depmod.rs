//! depmod(8): the lists by which modprobe finds modules.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::ids::KernelRelease;
use crate::kernel::installed::LISTS;
use crate::sys::fs::resolve;
use crate::sys::{Command, Finished, RunError, System};
use crate::tree::Layout;

/// Why the lists could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DepmodError {
    #[error("`{command}` ended with {how}{}", said(.stderr))]
    Failed {
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ran {
    Yes,
    /// No: the kernel has no modules.dep, so its package has not been set up yet (and will run depmod then), or is gone.
    NoLists,
    /// No: the install tree is not `lib/modules` of any root, and depmod can serve no other place.
    OtherPlace,
}

/// Runs `depmod -a KVER`, with `-F` where /boot has that kernel's System.map and `-b` for another root.
pub(crate) fn run(system: &System, layout: &Layout, kernel: &KernelRelease) -> Result<Ran, DepmodError> {
    if !layout.install_tree().join(kernel).join("modules.dep").exists() {
        return Ok(Ran::NoLists);
    }
    let Some(base) = base(layout) else { return Ok(Ran::OtherPlace) };
    let command = command(system, &base, kernel);
    let line = command.line();
    let folder = layout.install_tree().join(kernel);
    let before = stamps(&folder);
    let finished = system.run(&command)?;
    judge(line, &finished, unwritten(&before, &stamps(&folder)))
}

/// Whether a depmod that ended so, and did not write this list, did its work. It says so and ends with 0 all the same when
/// there is no room for a file (kmod 30).
fn judge(command: String, finished: &Finished, unwritten: Option<&str>) -> Result<Ran, DepmodError> {
    let stderr = finished.error_text();
    let how = match unwritten {
        _ if !finished.success() => finished.how(),
        Some(list) if stderr.contains("ERROR") => format!("{}, but without writing {list}", finished.how()),
        _ => return Ok(Ran::Yes),
    };
    Err(DepmodError::Failed { command, how, stderr })
}

/// Lists that modprobe reads and that depmod always makes anew.
const ALWAYS_WRITTEN: [&str; 4] = ["modules.dep", "modules.dep.bin", "modules.alias.bin", "modules.symbols.bin"];

/// Which file each of [`ALWAYS_WRITTEN`] is: it changes when depmod puts another in its place.
type Stamps = [Option<(u64, i64, i64)>; ALWAYS_WRITTEN.len()];

fn stamps(folder: &Path) -> Stamps {
    ALWAYS_WRITTEN.map(|list| {
        let meta = fs_err::metadata(folder.join(list)).ok()?;
        Some((meta.ino(), meta.ctime(), meta.ctime_nsec()))
    })
}

/// A list that is the same file as before.
fn unwritten(before: &Stamps, after: &Stamps) -> Option<&'static str> {
    (0..ALWAYS_WRITTEN.len()).find(|at| before[*at] == after[*at]).map(|at| ALWAYS_WRITTEN[at])
}

/// The folder below which depmod is to look for lib/modules.
fn base(layout: &Layout) -> Option<PathBuf> {
    let tree = layout.install_tree();
    // A link inside another root may lead to a place of any name.
    if resolve(layout.root(), Path::new("/lib/modules")).is_some_and(|modules| modules == tree) {
        return Some(layout.root().to_path_buf());
    }
    let base = ["usr/lib/modules", "lib/modules"].iter().find_map(|end| {
        let folders = Path::new(end).components().count();
        tree.ends_with(end).then(|| tree.ancestors().nth(folders).unwrap_or(Path::new("/")).to_path_buf())
    });
    base.filter(|base| base.join("lib/modules").exists())
}

fn command(system: &System, base: &Path, kernel: &KernelRelease) -> Command {
    let map = Path::new("/boot").join(format!("System.map-{kernel}"));
    let opened = system.path(&map);
    let (command, map) = if is_own(system, base) {
        (system.command(&system.path("/"), "depmod"), map)
    } else {
        (of_this_machine(system, base), opened.clone())
    };
    let command = command.arg("-a");
    let command = if opened.is_file() { command.arg("-F").arg(map) } else { command };
    command.arg(kernel.as_str())
}

/// Whether another root's own depmod does it: that one knows how its modules are compressed, and the order in which its
/// modprobe looks for them.
fn is_own(system: &System, base: &Path) -> bool {
    !system.is_live() && base == system.root() && system.is_superuser() && system.has_program("depmod")
}

/// With `-b` the program would still read the settings of the root that it runs in (kmod 30), so that it is told the other's.
fn of_this_machine(system: &System, base: &Path) -> Command {
    let command = system.here(super::program(system, "depmod"));
    if base == Path::new("/") {
        return command;
    }
    let command = command.arg("-b").arg(base);
    if system.is_live() {
        return command;
    }
    let settings = ["/run/depmod.d", "/etc/depmod.d", "/usr/local/lib/depmod.d", "/lib/depmod.d"];
    let settings = settings.map(|folder| system.path(folder)).into_iter().filter(|folder| folder.is_dir());
    settings.fold(command, |command, folder| command.arg("-C").arg(folder))
}

/// Removes the lists and empty folders of a kernel that has gone, and its folder. Whatever else lies there is an error, and
/// then nothing is removed.
pub(crate) fn remove_lists_of_gone(kernel_folder: &Path) -> std::io::Result<()> {
    let is_list = |name: &std::ffi::OsStr| LISTS.iter().any(|list| name == *list);
    let mut folders = Vec::new();
    for entry in fs_err::read_dir(kernel_folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            folders.push(entry.path());
        } else if !is_list(&entry.file_name()) {
            let text = format!("{} is none of depmod's lists", entry.path().display());
            return Err(std::io::Error::new(std::io::ErrorKind::DirectoryNotEmpty, text));
        }
    }
    for folder in folders {
        remove_empty_tree(&folder)?;
    }
    for list in LISTS {
        crate::sys::fs::remove_tree(&kernel_folder.join(list))?;
    }
    fs_err::remove_dir(kernel_folder)
}

fn remove_empty_tree(folder: &Path) -> std::io::Result<()> {
    for entry in fs_err::read_dir(folder)? {
        remove_empty_tree(&entry?.path())?;
    }
    fs_err::remove_dir(folder)
}

/// Removes depmod's lists and the kernel's folder when the last module has gone with ours: modules.dep is empty, as the
/// kernel's package is gone. Of a kernel that has gone, folders that a dead run emptied go as well. Returns whether lists
/// were removed.
pub(crate) fn remove_empty_lists(kernel_folder: &Path, has_gone: bool) -> std::io::Result<bool> {
    if has_gone && kernel_folder.is_dir() {
        crate::sys::fs::remove_empty_folders(kernel_folder)?;
    }
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
    fn lists_that_were_not_written_are_a_failure_whatever_the_exit_code() {
        let complaint = "depmod: ERROR: openat(modules.dep): No space left on device";
        for (code, stderr, unwritten, expected) in [
            (0, "", None, None),
            // A broken module of somebody else is no reason.
            (0, "depmod: ERROR: failed to load symbols from a.ko", None, None),
            // A stand-in that does nothing, and says nothing.
            (0, "", Some("modules.dep"), None),
            (0, complaint, Some("modules.dep"), Some("exit code 0, but without writing modules.dep: depmod: ERROR")),
            (1, "", None, Some("exit code 1")),
            (1, complaint, Some("modules.dep"), Some("exit code 1: depmod: ERROR")),
        ] {
            let finished = Finished { code: Some(code), stderr: stderr.into(), ..Finished::default() };
            let failed = judge("depmod -a".to_owned(), &finished, unwritten).err().map(|error| error.to_string());
            let is_told = failed.as_deref().is_some_and(|text| expected.is_some_and(|words| text.contains(words)));
            assert_eq!(failed.is_some(), expected.is_some(), "{code} {stderr} {unwritten:?}");
            assert_eq!(is_told, expected.is_some(), "{failed:?}");
        }
    }

    #[test]
    fn a_list_was_written_when_another_file_is_in_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let write = |list: &str| {
            let staged = folder.path().join("new");
            fs_err::write(&staged, "x").unwrap();
            fs_err::rename(&staged, folder.path().join(list)).unwrap();
        };
        let before = stamps(folder.path());
        assert_eq!(unwritten(&before, &before), Some("modules.dep"), "none is there");
        ALWAYS_WRITTEN.iter().for_each(|list| write(list));
        let between = stamps(folder.path());
        assert_eq!(unwritten(&before, &between), None);
        ALWAYS_WRITTEN[..3].iter().for_each(|list| write(list));
        assert_eq!(unwritten(&between, &stamps(folder.path())), Some("modules.symbols.bin"));
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
        assert!(!remove_empty_lists(&folder, false).unwrap() && folder.exists());
        fs_err::remove_dir(folder.join("kernel")).unwrap();
        assert!(!remove_empty_lists(&folder, false).unwrap() && !folder.exists());
        assert!(!remove_empty_lists(&folder, false).unwrap(), "it is gone already");
        fs_err::create_dir_all(folder.join("updates/dkms")).unwrap();
        assert!(!remove_empty_lists(&folder, false).unwrap() && folder.exists());
        assert!(!remove_empty_lists(&folder, true).unwrap() && !folder.exists(), "a dead run emptied it");
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
            let removed = remove_empty_lists(&folder, false).unwrap();
            assert_eq!(removed, dep.is_empty() && builtin != Some("kernel/x.ko\n"), "{dep:?} {builtin:?}");
            assert_eq!(!folder.exists(), gone, "{dep:?} {builtin:?}");
        }
    }
}
