//! On which root a run works: `--root`, else the one that dpkg names to maintainer scripts that it runs outside (DPKG_ROOT),
//! else the live one.

use std::path::{Path, PathBuf};

use crate::conf::Framework;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::sys::System;

/// The system of that root.
///
/// # Errors
///
/// [`Kind::BadOption`]: the root is no folder.
pub(crate) fn system(given: Option<&Path>) -> Result<System> {
    let host = System::host();
    let Some(root) = given.map(Path::to_path_buf).or_else(|| of_dpkg(&host)) else { return Ok(host) };
    System::of_root(&root).map_err(|error| {
        Error::new(Kind::BadOption, format!("{} is not a folder that can serve as root", root.display()))
            .caused_by(error)
    })
}

/// dpkg(1), `--force-script-chrootless`: its scripts are told the root instead of being run inside it. Only those: somebody
/// else's variable of that name is not ours.
fn of_dpkg(host: &System) -> Option<PathBuf> {
    host.variable("DPKG_MAINTSCRIPT_NAME")?;
    host.variable("DPKG_ROOT").map(PathBuf::from)
}

/// The trees that the command line names in place of framework.conf's.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Trees<'a> {
    /// `--dkmstree`
    pub(crate) dkms: Option<&'a Path>,
    /// `--sourcetree`
    pub(crate) source: Option<&'a Path>,
    /// `--installtree`
    pub(crate) install: Option<&'a Path>,
}

impl Trees<'_> {
    /// Puts them into the settings. They are places in the root; one that is relative starts at the working folder.
    pub(crate) fn replace_in(self, framework: &mut Framework) {
        for (place, given) in [
            (&mut framework.dkms_tree, self.dkms),
            (&mut framework.source_tree, self.source),
            (&mut framework.install_tree, self.install),
        ] {
            if let Some(given) = given {
                *place = std::path::absolute(given).unwrap_or_else(|_| given.to_path_buf());
            }
        }
    }
}

/// A file that was named on the command line and that programs of the root read as well: an opened path. It is one below
/// the root, with the root's own name in front or without.
pub(crate) fn file_of_root(system: &System, file: &Path) -> PathBuf {
    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf());
    if system.is_live() || absolute.starts_with(system.root()) { absolute } else { system.path(absolute) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_root_is_named_with_the_root_in_front_or_without() {
        let root = tempfile::tempdir().unwrap();
        let system = System::host().with_root(root.path());
        let config = root.path().join("boot/config");
        assert_eq!(file_of_root(&system, Path::new("/boot/config")), config);
        assert_eq!(file_of_root(&system, &config), config);
        assert_eq!(file_of_root(&System::host(), Path::new("/boot/config")), Path::new("/boot/config"));
    }
}
