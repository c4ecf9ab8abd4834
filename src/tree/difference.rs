//! Whether an installed build is still what lies under the kernel.

use std::io;
use std::path::{Path, PathBuf};

use crate::sys::fs::same_content;

/// What became of a build's files, the words of `status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Condition {
    /// Every file is where it belongs.
    Sound,
    /// The file under the kernel is gone or has other bytes: "Differences between built and installed modules".
    Differs,
    /// A module's file is gone from the build: "Built modules are missing in the kernel modules folder".
    BuiltMissing,
}

/// What is wrong with one module file of a build.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FileFault {
    /// It is not in the build.
    BuiltMissing { name: String },
    /// It is not under the kernel.
    Missing {
        /// Where it should be, without the root.
        place: PathBuf,
    },
    /// What lies there is no module that can be read: a cut or damaged file, a link that leads nowhere.
    Damaged {
        /// The place, without the root.
        place: PathBuf,
        /// Why it cannot be read.
        why: String,
    },
    /// The same source was built otherwise: the modules say the same of themselves and differ.
    OtherBuild {
        /// The place, without the root.
        place: PathBuf,
    },
    /// A module of another source: somebody put it there.
    Foreign {
        /// The place, without the root.
        place: PathBuf,
        /// What it says of itself.
        says: String,
    },
}

/// Compares each built file with the installed one (None: nothing is installed, only the built one must be there). Sizes
/// are compared before bytes; a symlink to the built file is the same file. A built file that is missing outweighs a
/// difference. A file that cannot be read is an error, not a difference.
pub(crate) fn compare<'a>(pairs: impl IntoIterator<Item = (&'a Path, Option<&'a Path>)>) -> io::Result<Condition> {
    let mut worst = Condition::Sound;
    for (built, installed) in pairs {
        let condition = match installed {
            _ if !built.is_file() => Condition::BuiltMissing,
            Some(installed) if !same(built, installed)? => Condition::Differs,
            _ => Condition::Sound,
        };
        worst = worst.max(condition);
    }
    Ok(worst)
}

/// Whether the two are the same file, or have the same bytes. One that is not there is another.
pub(crate) fn same(built: &Path, installed: &Path) -> io::Result<bool> {
    match same_content(built, installed) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(false),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fs_err as fs;

    #[test]
    fn missing_outweighs_different_outweighs_sound() {
        let top = tempfile::tempdir().unwrap();
        let path = |name: &str| top.path().join(name);
        for (name, text) in [("built", "one"), ("same", "one"), ("other", "two"), ("longer", "one more")] {
            fs::write(path(name), text).unwrap();
        }
        std::os::unix::fs::symlink("built", path("link")).unwrap();
        std::os::unix::fs::symlink("nowhere", path("dangling")).unwrap();
        let condition = |pairs: &[(&str, Option<&str>)]| {
            let paths: Vec<_> = pairs.iter().map(|(built, other)| (path(built), other.map(path))).collect();
            compare(paths.iter().map(|(built, other)| (built.as_path(), other.as_deref()))).unwrap()
        };
        for installed in ["same", "link"] {
            assert_eq!(condition(&[("built", Some(installed))]), Condition::Sound, "{installed}");
        }
        for installed in ["other", "longer", "none", "dangling", "same/below"] {
            assert_eq!(condition(&[("built", Some(installed))]), Condition::Differs, "{installed}");
        }
        assert_eq!(condition(&[]), Condition::Sound);
        assert_eq!(condition(&[("built", None)]), Condition::Sound);
        assert_eq!(condition(&[("none", None), ("built", Some("other"))]), Condition::BuiltMissing);
    }
}
