//! Folders for a while, outside the tree. Their names say who made them, so that the next run clears away what a killed one
//! left.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::fs::{at, is_real_folder, remove_tree};
use super::process::ProcessId;

const PREFIX: &str = "dkms.";

/// A folder below this one that goes when it is dropped, after a look for what dead runs of the same user left there.
pub(crate) fn make(below: &Path) -> io::Result<tempfile::TempDir> {
    sweep(below);
    let ProcessId { pid, started } = ProcessId::own();
    let prefix = format!("{PREFIX}{pid}.{started}.");
    tempfile::Builder::new().prefix(&prefix).tempdir_in(below).map_err(|error| at(below, "make a folder in", error))
}

/// A file of this content in such a folder, for programs that want one; both go with the folder.
pub(crate) fn file(below: &Path, content: &mut impl io::Read) -> io::Result<(tempfile::TempDir, PathBuf)> {
    let folder = make(below)?;
    let path = folder.path().join("content");
    let mut file = fs_err::File::create(&path)?;
    io::copy(content, &mut file)?;
    Ok((folder, path))
}

/// Takes away what dead runs of the same user left. What cannot be read or removed does no harm: it stays for the one after.
pub(crate) fn sweep(below: &Path) {
    let own = rustix::process::geteuid().as_raw();
    for entry in std::fs::read_dir(below).into_iter().flatten().flatten() {
        let is_dead = entry.file_name().to_str().and_then(maker).is_some_and(|maker| !maker.is_alive());
        let is_own = || entry.metadata().is_ok_and(|meta| meta.uid() == own) && is_real_folder(&entry.path());
        if is_dead && is_own() {
            drop(remove_tree(&entry.path()));
        }
    }
}

fn maker(name: &str) -> Option<ProcessId> {
    let mut words = name.strip_prefix(PREFIX)?.split('.');
    let process = ProcessId { pid: words.next()?.parse().ok()?, started: words.next()?.parse().ok()? };
    (words.next().is_some() && words.next().is_none()).then_some(process)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dead_run_left_goes_with_the_next_and_what_others_made_stays() {
        let top = tempfile::tempdir().unwrap();
        for name in ["dkms.1.18446744073709551615.abc", "dkms.1.x.abc", "dkms.1.2", "dkms-of-somebody", "dkms.1.2.a.b"]
        {
            fs_err::create_dir_all(top.path().join(name).join("sub")).unwrap();
        }
        let living = make(top.path()).unwrap();
        let second = make(top.path()).unwrap();
        assert!(living.path().is_dir() && second.path().is_dir());
        assert_eq!(fs_err::read_dir(top.path()).unwrap().count(), 6);
        assert!(!top.path().join("dkms.1.18446744073709551615.abc").exists());
    }
}
