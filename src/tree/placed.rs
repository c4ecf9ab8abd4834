//! Whether a module file lies under its kernel as it was put there: one lstat(2), no reading.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Layout;

/// Where a file was put, and what lstat(2) said of it then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Placed {
    /// The place, without the root.
    pub(crate) place: PathBuf,
    size: u64,
    /// Seconds and nanoseconds since 1970 of the last change of its content.
    modified: (i64, i64),
    inode: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whereabouts {
    AsPut,
    Gone,
    /// Another file has its name, or it was written or copied since.
    Touched,
}

impl Placed {
    /// As the file lies there now.
    pub(crate) fn now(layout: &Layout, place: &Path) -> io::Result<Self> {
        let meta = fs_err::symlink_metadata(layout.opened(place))?;
        let modified = (meta.mtime(), meta.mtime_nsec());
        Ok(Self { place: place.to_path_buf(), size: meta.len(), modified, inode: meta.ino() })
    }

    /// What became of it. What cannot be looked at counts as it was.
    pub(crate) fn whereabouts(&self, layout: &Layout) -> Whereabouts {
        match Self::now(layout, &self.place) {
            Ok(now) if now == *self => Whereabouts::AsPut,
            Ok(_) => Whereabouts::Touched,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Whereabouts::Gone
            }
            Err(_) => Whereabouts::AsPut,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tests::Sandbox;

    #[test]
    fn a_file_that_went_or_was_written_or_replaced_is_noticed() {
        let s = Sandbox::new();
        let layout = s.tree().layout().clone();
        s.file("a.ko", "module");
        let file = layout.tree().join("a.ko");
        let place = layout.named(&file);
        let put = Placed::now(&layout, &place).unwrap();
        assert_eq!(put.whereabouts(&layout), Whereabouts::AsPut);
        fs_err::write(&file, "other!!").unwrap();
        assert_eq!(put.whereabouts(&layout), Whereabouts::Touched);
        fs_err::remove_file(&file).unwrap();
        assert_eq!(put.whereabouts(&layout), Whereabouts::Gone);
        assert!(Placed::now(&layout, &place).is_err());
    }
}
