//! `KVER/ARCH/.dep_OTHER`: which version of a dependency a build was made with. The shell original writes and reads them, too.

use std::collections::BTreeMap;

use super::Layout;
use crate::ids::{ModuleId, ModuleName, Target};

/// What every such file begins with.
const PREFIX: &str = ".dep_";

/// The versions that this build was made with, by module. A build without such files gives none.
pub(crate) fn recorded(layout: &Layout, id: &ModuleId, target: &Target) -> BTreeMap<ModuleName, String> {
    let Ok(entries) = fs_err::read_dir(layout.built(id, target)) else { return BTreeMap::new() };
    let read = |entry: fs_err::DirEntry| {
        let name = entry.file_name();
        let dependency = ModuleName::new(name.to_str()?.strip_prefix(PREFIX)?).ok()?;
        Some((dependency, fs_err::read_to_string(entry.path()).ok()?.trim().to_owned()))
    };
    entries.flatten().filter_map(read).collect()
}
