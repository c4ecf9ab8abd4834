//! The module files below INSTALLTREE/KVER, and which of them have a given module's name.

use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::Suffix;

/// Headers may be real folders there (Arch), and weak-updates holds links that belong to weak-modules.
const NOT_MODULES: [&str; 3] = ["build", "source", "weak-updates"];
/// Deeper than any kernel nests its modules.
const MAX_DEPTH: usize = 32;

/// Every module file of one kernel, read once.
#[derive(Debug, Clone, Default)]
pub(crate) struct ModuleFiles {
    folder: PathBuf,
    /// Sorted: a folder's files in byte order of their whole path.
    files: Vec<PathBuf>,
}

impl ModuleFiles {
    /// Reads the names below INSTALLTREE/KVER (opened). Symlinks to files count, folders behind symlinks are not entered.
    /// A folder that does not exist holds nothing.
    pub(crate) fn scan(folder: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        match collect(folder, MAX_DEPTH, &mut files) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !folder.exists() => {}
            result => result?,
        }
        files.sort();
        Ok(Self { folder: folder.to_path_buf(), files })
    }

    /// The files of the module with this name (without suffix), the one that counts first: directly in /extra, in
    /// /updates, in DEST_MODULE_LOCATION (`dest`, such as `/kernel/drivers/net`), then anywhere.
    ///
    /// Any suffix counts. As for the kernel and modprobe, `-` and `_` are the same: two files that differ only in that
    /// cannot both be loaded. In one folder the file that is spelt the same comes first.
    pub(crate) fn named(&self, module: &str, dest: &Path) -> Vec<&Path> {
        let preferred = [Path::new("extra"), Path::new("updates"), dest.strip_prefix("/").unwrap_or(dest)];
        let rank = |file: &Path| {
            let folder = file.parent().and_then(|folder| folder.strip_prefix(&self.folder).ok());
            let place = preferred.iter().position(|place| folder == Some(place)).unwrap_or(preferred.len());
            (place, module_name(file) != Some(module))
        };
        let mut found: Vec<&Path> =
            self.files.iter().map(PathBuf::as_path).filter(|file| is_named(file, module)).collect();
        found.sort_by_key(|file| rank(file));
        found
    }
}

fn module_name(file: &Path) -> Option<&str> {
    Some(Suffix::split(file.file_name()?.to_str()?)?.0)
}

fn is_named(file: &Path, module: &str) -> bool {
    let same = |a: u8, b: u8| a == b || (matches!(a, b'-' | b'_') && matches!(b, b'-' | b'_'));
    module_name(file)
        .is_some_and(|name| name.len() == module.len() && name.bytes().zip(module.bytes()).all(|(a, b)| same(a, b)))
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let is_top = depth == MAX_DEPTH;
        if entry.file_type()?.is_dir() {
            if depth > 0 && !(is_top && NOT_MODULES.contains(&name)) {
                collect(&entry.path(), depth - 1, files)?;
            }
        } else if Suffix::split(name).is_some() {
            files.push(entry.path());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kernel(files: &[&str]) -> tempfile::TempDir {
        let top = tempfile::tempdir().unwrap();
        for file in files {
            let file = top.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        top
    }

    fn named(top: &tempfile::TempDir, module: &str, dest: &str) -> Vec<String> {
        let files = ModuleFiles::scan(top.path()).unwrap();
        let inside = |file: &Path| file.strip_prefix(top.path()).unwrap().display().to_string();
        files.named(module, Path::new(dest)).into_iter().map(inside).collect()
    }

    #[test]
    fn extra_goes_before_updates_before_the_destination_before_anywhere() {
        let top = kernel(&[
            "updates/dkms/dummy.ko",
            "extra/sub/dummy.ko",
            "kernel/drivers/net/dummy.ko.xz",
            "updates/dummy.ko.gz",
            "extra/dummy.ko.zst",
            "extra/dummy2.ko",
            "extra/dummy.ko.orig",
        ]);
        let expected = [
            "extra/dummy.ko.zst",
            "updates/dummy.ko.gz",
            "kernel/drivers/net/dummy.ko.xz",
            "extra/sub/dummy.ko",
            "updates/dkms/dummy.ko",
        ];
        assert_eq!(named(&top, "dummy", "/kernel/drivers/net"), expected);
    }

    #[test]
    fn dash_and_underscore_are_the_same_and_the_exact_spelling_is_first() {
        let top = kernel(&["extra/a-b_c.ko", "extra/a_b_c.ko.xz", "extra/a-b.ko"]);
        assert_eq!(named(&top, "a_b_c", ""), ["extra/a_b_c.ko.xz", "extra/a-b_c.ko"]);
        assert_eq!(named(&top, "a-b_c", ""), ["extra/a-b_c.ko", "extra/a_b_c.ko.xz"]);
    }

    #[test]
    fn headers_weak_links_and_linked_folders_are_not_searched() {
        let top = kernel(&["build/samples/x.ko", "source/x.ko", "weak-updates/x.ko", "kernel/build/x.ko"]);
        std::os::unix::fs::symlink("build", top.path().join("link")).unwrap();
        assert_eq!(named(&top, "x", "/extra"), ["kernel/build/x.ko"]);
        assert!(ModuleFiles::scan(Path::new("/nowhere")).unwrap().named("x", Path::new("/extra")).is_empty());
    }
}
