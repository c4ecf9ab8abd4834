//! The store of modules that ours replaced: NAME/original_module/KVER/ARCH with a note of each file's place.

use std::io;
use std::path::{Path, PathBuf};

use crate::ids::{ModuleName, Target};

use super::TreeWriter;

impl TreeWriter<'_> {
    /// Moves a pre-existing module file into the store with a note of its place (`FILE.origin`), the note first.
    /// `place` is opened as it is (with the root in front); the note holds it without the root.
    pub fn save_original(&self, _name: &ModuleName, _target: &Target, _place: &Path) -> io::Result<()> {
        todo!()
    }

    /// Puts the saved originals back where they came from and empties the store. Returns their places.
    /// Reads the notes of older releases as well.
    pub fn restore_originals(&self, _name: &ModuleName, _target: &Target) -> io::Result<Vec<PathBuf>> {
        todo!()
    }
}
