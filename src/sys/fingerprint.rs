//! A fingerprint of a source folder: the same files with the same content give the same one.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sha2::{Digest, Sha256};

/// The SHA-256 over the sorted names, kinds, executable bits and contents of everything below the folder, as hex digits.
/// Times, owners and the place of the folder do not matter.
pub fn of_folder(folder: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    add_folder(&mut hash, folder, Path::new(""))?;
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
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
