//! A fingerprint of a source folder: the same files with the same content give the same one.

use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

/// The SHA-256 over the sorted names, kinds, executable bits and contents of everything below the folder, as hex digits.
/// Times, owners and the place of the folder do not matter.
pub(crate) fn of_folder(folder: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    add_folder(&mut hash, folder, Path::new(""))?;
    Ok(hex(hash.finalize()))
}

pub(crate) fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A digest over what stat(2) tells of everything below the folder: names, inodes, sizes and the times of the last change
/// of content and of the inode itself. The latter nobody can set, so while this is the same, [`of_folder`] is, too. None
/// when something was changed less than two seconds before `now`: the next change might bear the same time.
pub(crate) fn stamp_of_folder(folder: &Path, now: SystemTime) -> io::Result<Option<String>> {
    let mut hash = Sha256::new();
    let newest = add_stamps(&mut hash, folder)?;
    Ok(is_old(newest, now).then(|| hex(hash.finalize())))
}

/// A digest over the names and sizes of everything below these folders, which need not lie where they lay.
pub(crate) fn shape_of_folders(folders: &[PathBuf]) -> io::Result<String> {
    let mut hash = Sha256::new();
    folders.iter().try_for_each(|folder| add_shape(&mut hash, folder))?;
    Ok(hex(hash.finalize()))
}

/// The same of one file, or of the one that a symlink leads to.
pub(crate) fn stamp_of_file(file: &Path, now: SystemTime) -> io::Result<Option<String>> {
    let mut hash = Sha256::new();
    let meta = fs_err::metadata(file)?;
    add_stamp(&mut hash, &meta);
    Ok(is_old(meta.ctime(), now).then(|| hex(hash.finalize())))
}

/// Whether a change at this time, in seconds since 1970, was long enough ago for the next one to bear another time.
fn is_old(changed: i64, now: SystemTime) -> bool {
    let now = now.duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
    changed + 2 < now
}

fn add_stamp(hash: &mut Sha256, meta: &std::fs::Metadata) {
    let numbers = [meta.ino(), meta.len(), u64::from(meta.mode()), meta.dev()];
    let times = [meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()];
    numbers.iter().for_each(|number| hash.update(number.to_le_bytes()));
    times.iter().for_each(|time| hash.update(time.to_le_bytes()));
}

/// Gives the newest time of change, in seconds since 1970.
fn add_stamps(hash: &mut Sha256, folder: &Path) -> io::Result<i64> {
    let mut newest = fs_err::metadata(folder)?.ctime();
    let mut entries = fs_err::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs_err::DirEntry::file_name);
    for entry in entries {
        let meta = fs_err::symlink_metadata(entry.path())?;
        add(hash, b's', Path::new(&entry.file_name()));
        add_stamp(hash, &meta);
        newest = newest.max(meta.ctime());
        if meta.is_dir() {
            newest = newest.max(add_stamps(hash, &entry.path())?);
            hash.update([b'.']);
        }
    }
    Ok(newest)
}

fn add_shape(hash: &mut Sha256, folder: &Path) -> io::Result<()> {
    let mut entries = fs_err::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs_err::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type()?;
        add(hash, if kind.is_dir() { b'd' } else { b's' }, Path::new(&entry.file_name()));
        if kind.is_dir() {
            add_shape(hash, &entry.path())?;
        } else {
            hash.update(entry.metadata()?.len().to_le_bytes());
        }
    }
    hash.update([b'.']);
    Ok(())
}

fn add_folder(hash: &mut Sha256, folder: &Path, below: &Path) -> io::Result<()> {
    let mut entries = fs_err::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs_err::DirEntry::file_name);
    for entry in entries {
        let name = below.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            add(hash, b'd', &name);
            add_folder(hash, &entry.path(), &name)?;
        } else if kind.is_symlink() {
            add(hash, b'l', &name);
            add(hash, b'>', &fs_err::read_link(entry.path())?);
        } else if kind.is_file() {
            let executable = entry.metadata()?.permissions().mode() & 0o111 != 0;
            add(hash, if executable { b'x' } else { b'f' }, &name);
            add_content(hash, &entry.path())?;
        }
    }
    Ok(())
}

fn add(hash: &mut Sha256, kind: u8, name: &Path) {
    let name = name.as_os_str().as_encoded_bytes();
    hash.update([kind]);
    hash.update((name.len() as u64).to_le_bytes());
    hash.update(name);
}

fn add_content(hash: &mut Sha256, file: &Path) -> io::Result<()> {
    let mut file = fs_err::File::open(file)?;
    hash.update(file.metadata()?.len().to_le_bytes());
    io::copy(&mut file, hash).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_changes_with_every_write_even_when_its_time_is_set_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("sub/a");
        std::fs::create_dir(folder.path().join("sub")).expect("a folder");
        std::fs::write(&file, "1").expect("a file");
        let later = SystemTime::now() + std::time::Duration::from_secs(10);
        let stamp = || stamp_of_folder(folder.path(), later).expect("a folder");
        let first = stamp();
        assert!(first.is_some());
        assert_eq!(stamp_of_folder(folder.path(), SystemTime::now()).expect("a folder"), None, "too fresh");
        assert_eq!(stamp(), first);
        let written = std::fs::metadata(&file).and_then(|meta| meta.modified()).expect("a time");
        std::thread::sleep(std::time::Duration::from_millis(20));
        std::fs::write(&file, "2").expect("the same size");
        std::fs::File::options().write(true).open(&file).and_then(|file| file.set_modified(written)).expect("its time");
        assert_ne!(stamp(), first);
    }

    #[test]
    fn only_names_kinds_and_contents_count() {
        let print = |files: &[(&str, &str)]| {
            let folder = tempfile::tempdir().expect("a folder");
            for (name, text) in files {
                let file = folder.path().join(name);
                std::fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
                std::fs::write(file, text).expect("a file");
            }
            of_folder(folder.path()).expect("a fingerprint")
        };
        let one = print(&[("a", "1"), ("b/c", "2")]);
        assert_eq!(one, print(&[("b/c", "2"), ("a", "1")]));
        for other in
            [&[("a", "2"), ("b/c", "2")][..], &[("a", "1"), ("b/d", "2")], &[("a", "1")], &[("a", "1b"), ("b/c", "2")]]
        {
            assert_ne!(one, print(other), "{other:?}");
        }
    }
}
