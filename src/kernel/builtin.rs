//! The modules that are part of a kernel's image, as its build lists them (Documentation/kbuild/kbuild.rst, modules.builtin).

use std::collections::BTreeSet;
use std::path::Path;

use super::Suffix;

/// Their names, with `_` for `-`; none where there is no list. `folder` is INSTALLTREE/KVER, opened.
pub(crate) fn modules(folder: &Path) -> BTreeSet<String> {
    let text = fs_err::read_to_string(folder.join("modules.builtin")).unwrap_or_default();
    let name = |line: &str| Some(name(line.rsplit('/').next()?.strip_suffix(".ko")?));
    text.lines().filter_map(name).collect()
}

/// A module's name as the kernel has it.
pub(crate) fn name(word: &str) -> String {
    word.replace('-', "_")
}

/// The same from the path of its file.
pub(crate) fn plain_name(file: &str) -> String {
    let file = file.rsplit('/').next().unwrap_or(file);
    name(Suffix::split(file).map_or(file, |(stem, _)| stem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_builtin_modules_are_those_of_their_files() {
        let folder = tempfile::tempdir().unwrap();
        assert!(modules(folder.path()).is_empty());
        fs_err::write(folder.path().join("modules.builtin"), "kernel/fs/ext4/ext4.ko\nkernel/a/i2c-dev.ko\n\n")
            .unwrap();
        assert_eq!(modules(folder.path()), ["ext4", "i2c_dev"].map(str::to_owned).into());
    }
}
