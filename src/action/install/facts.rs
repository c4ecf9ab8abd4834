//! MODULE_VERSION and srcversion of a module file, compressed or not.

use std::path::Path;

use crate::kernel::modinfo::{ModInfo, ModInfoError};

use super::version_check::Facts;

/// Reads them. A file that is no module says nothing of itself.
///
/// # Errors
///
/// The file cannot be read or unpacked.
pub(crate) fn read(file: &Path) -> Result<Facts, ModInfoError> {
    match ModInfo::read(file) {
        Ok(info) => Ok(of(&info)),
        Err(ModInfoError::NoModule { .. }) => Ok(Facts::default()),
        Err(error) => Err(error),
    }
}

/// Of one that was read.
pub(super) fn of(info: &ModInfo) -> Facts {
    let owned = |value: Option<&str>| value.map(str::to_owned);
    Facts { version: owned(info.version()), srcversion: owned(info.srcversion()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_module_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        fs_err::write(folder.path().join("a.ko"), "text").unwrap();
        assert_eq!(read(&folder.path().join("a.ko")).unwrap(), Facts::default());
        assert!(read(&folder.path().join("missing.ko")).is_err());
    }
}
