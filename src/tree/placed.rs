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
        Ok(Self::of(place, &fs_err::symlink_metadata(layout.opened(place))?))
    }

    fn of(place: &Path, meta: &std::fs::Metadata) -> Self {
        let modified = (meta.mtime(), meta.mtime_nsec());
        Self { place: place.to_path_buf(), size: meta.len(), modified, inode: meta.ino() }
    }

    /// Whether it lies there as it was put, and `built`, of which it is a copy, was not touched since either: then the two
    /// have the same bytes. The time of a status change cannot be set back as that of a content's can.
    pub(crate) fn is_still(&self, layout: &Layout, built: &Path) -> bool {
        let changed = |meta: &std::fs::Metadata| (meta.ctime(), meta.ctime_nsec());
        let (Ok(there), Ok(built)) = (fs_err::symlink_metadata(layout.opened(&self.place)), fs_err::metadata(built))
        else {
            return false;
        };
        Self::of(&self.place, &there) == *self
            && built.is_file()
            && built.len() == self.size
            && changed(&built) < changed(&there)
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
    fn a_copy_is_known_to_have_the_bytes_of_its_build_while_neither_was_touched() {
        let s = Sandbox::new();
        let layout = s.tree().layout().clone();
        let (built, installed) = (layout.tree().join("built.ko"), layout.tree().join("a.ko"));
        let pause = || std::thread::sleep(std::time::Duration::from_millis(20));
        let put = || {
            fs_err::write(&built, "module").unwrap();
            pause();
            fs_err::copy(&built, &installed).unwrap();
            let put = Placed::now(&layout, &layout.named(&installed)).unwrap();
            assert!(put.is_still(&layout, &built));
            pause();
            put
        };
        let when = fs_err::metadata(layout.tree()).unwrap().modified().unwrap();
        // The same size, and the time of the content set back.
        let tamper = |file: &Path| {
            fs_err::write(file, "edulom").unwrap();
            fs_err::File::options().write(true).open(file).unwrap().file().set_modified(when).unwrap();
        };
        let cases: [(&str, &dyn Fn()); 4] = [
            ("the build changed", &|| tamper(&built)),
            ("the copy changed", &|| tamper(&installed)),
            ("the build went", &|| fs_err::remove_file(&built).unwrap()),
            ("the copy went", &|| fs_err::remove_file(&installed).unwrap()),
        ];
        for (what, change) in cases {
            let put = put();
            change();
            assert!(!put.is_still(&layout, &built), "{what}");
        }
    }

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
