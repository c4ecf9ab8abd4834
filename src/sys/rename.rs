//! Renames that replace a folder: by one exchange where the file system can, in steps that survive a crash where not.

use std::io;
use std::path::Path;

use fs_err as fs;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::copy::{copy_entry, copy_tree};
use super::fs::{at, folder_of, is_real_folder, remove_tree, sync_folder, sync_tree};
use super::trace;

/// Lets the folder `staged` appear as `place`. What was at `place` before is at `staged` afterwards, or gone.
///
/// Where the file system cannot exchange two names, the old one waits at `rescue` (same folder) until the new one is in
/// place. After a crash in between, [`bring_back`] puts it where it was.
pub(crate) fn replace(staged: &Path, place: &Path, rescue: &Path) -> io::Result<()> {
    if fs::symlink_metadata(place).is_err() {
        return rename(staged, place);
    }
    match renameat_with(CWD, staged, CWD, place, RenameFlags::EXCHANGE) {
        Ok(()) => {
            trace::tell(|| format!("{} took the place of {}", staged.display(), place.display()));
            failpoint();
            sync_parent(place)
        }
        // EINVAL, ENOSYS: this file system or kernel has no exchange; EXDEV: the folder lies in a lower overlayfs layer.
        Err(Errno::INVAL | Errno::NOSYS | Errno::XDEV | Errno::OPNOTSUPP) => replace_in_steps(staged, place, rescue),
        Err(error) => Err(at(place, "replace", error.into())),
    }
}

/// [`replace`] without an exchange.
fn replace_in_steps(staged: &Path, place: &Path, rescue: &Path) -> io::Result<()> {
    move_aside(place, rescue)?;
    rename(staged, place)?;
    // Back to the name of the stage, which says "rubbish" to a later run; the rescue's name says "put it back".
    rename(rescue, staged)
}

/// Completes or undoes a [`replace`] that died: what waits at `rescue` goes back to `place`. Returns whether there was
/// anything.
pub(crate) fn bring_back(place: &Path, rescue: &Path) -> io::Result<bool> {
    if fs::symlink_metadata(rescue).is_err() {
        return Ok(false);
    }
    remove_tree(place)?;
    rename(rescue, place)?;
    Ok(true)
}

/// Renames, with an fsync of the folder. The target must not exist (an empty folder may).
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    trace::tell(|| format!("renamed {} to {}", from.display(), to.display()));
    failpoint();
    sync_parent(to)
}

/// Renames a folder or file; one that cannot be renamed because it lies in a lower overlayfs layer is copied completely
/// first and then deleted.
pub(crate) fn move_aside(from: &Path, to: &Path) -> io::Result<()> {
    match rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {}
        result => return result,
    }
    let copy = tempfile::Builder::new()
        .prefix(".tmp_copy_")
        .tempdir_in(to.parent().unwrap_or(Path::new(".")))
        .map_err(|error| at(to, "make a folder beside", error))?;
    let inner = copy.path().join("copy");
    if is_real_folder(from) {
        copy_tree(from, &inner)?;
        sync_tree(&inner)?;
    } else {
        copy_entry(from, &inner)?;
    }
    failpoint();
    rename(&inner, to)?;
    remove_tree(from)?;
    failpoint();
    Ok(())
}

fn sync_parent(path: &Path) -> io::Result<()> {
    sync_folder(folder_of(path))
}

/// A place where a test may let the process die, as kill -9 would.
#[cfg(not(test))]
#[inline]
pub(crate) fn failpoint() {}

#[cfg(test)]
pub(crate) use tests::failpoint;

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Dies at the N-th call when DKMS_TEST_DIE_AT=N is set (in a child process made for that).
    pub(crate) fn failpoint() {
        static SEEN: AtomicUsize = AtomicUsize::new(0);
        let Some(die_at) = std::env::var("DKMS_TEST_DIE_AT").ok().and_then(|n| n.parse::<usize>().ok()) else { return };
        if SEEN.fetch_add(1, Ordering::SeqCst) + 1 == die_at {
            std::process::abort();
        }
    }

    fn folder(path: &Path, text: &str) {
        fs::create_dir(path).unwrap();
        fs::write(path.join("f"), text).unwrap();
    }

    fn text(path: &Path) -> Option<String> {
        fs::read_to_string(path.join("f")).ok()
    }

    #[test]
    fn the_new_folder_takes_the_place_of_the_old_one_with_and_without_exchange() {
        for replace in [replace, replace_in_steps] {
            let top = tempfile::tempdir().unwrap();
            let (staged, place, rescue) = (top.path().join("s"), top.path().join("p"), top.path().join("r"));
            folder(&staged, "new");
            folder(&place, "old");
            replace(&staged, &place, &rescue).unwrap();
            assert_eq!((text(&place), text(&staged), text(&rescue)), (Some("new".into()), Some("old".into()), None));
        }
    }

    #[test]
    #[ignore = "the child of the test below"]
    fn child() {
        let top = std::path::PathBuf::from(std::env::var("RENAME_TEST").unwrap());
        replace_in_steps(&top.join("s"), &top.join("p"), &top.join("r")).unwrap();
    }

    #[test]
    fn a_death_between_the_steps_leaves_the_old_folder_or_the_new_one() {
        let mut deaths = 0;
        loop {
            let top = tempfile::tempdir().unwrap();
            folder(&top.path().join("s"), "new");
            folder(&top.path().join("p"), "old");
            let child = std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "sys::rename::tests::child", "--ignored"])
                .env("RENAME_TEST", top.path())
                .env("DKMS_TEST_DIE_AT", (deaths + 1).to_string())
                .output()
                .unwrap();
            if child.status.success() {
                break;
            }
            deaths += 1;
            let (place, rescue) = (top.path().join("p"), top.path().join("r"));
            let expected = if bring_back(&place, &rescue).unwrap() { "old" } else { "new" };
            assert_eq!(text(&place).as_deref(), Some(expected), "death {deaths}");
        }
        assert_eq!(deaths, 3);
    }

    #[test]
    fn a_first_folder_needs_nothing_to_replace() {
        let top = tempfile::tempdir().unwrap();
        let (staged, place) = (top.path().join("s"), top.path().join("p"));
        folder(&staged, "new");
        replace(&staged, &place, &top.path().join("r")).unwrap();
        assert_eq!((text(&place), text(&staged)), (Some("new".into()), None));
    }

    #[test]
    fn what_waits_is_brought_back_over_a_half_deleted_or_a_new_one() {
        for half in [true, false] {
            let top = tempfile::tempdir().unwrap();
            let (place, rescue) = (top.path().join("p"), top.path().join("r"));
            folder(&rescue, "old");
            if half {
                folder(&place, "half");
            }
            assert!(bring_back(&place, &rescue).unwrap());
            assert_eq!((text(&place), text(&rescue)), (Some("old".into()), None));
            assert!(!bring_back(&place, &rescue).unwrap());
        }
    }
}
