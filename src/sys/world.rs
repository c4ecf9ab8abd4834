//! The system as it would be with other files in it: read-only overlays, seen by this process and its children and by nobody
//! else. They go with the last of these processes, however it ends.

use std::ffi::CString;
use std::io;
use std::path::{Path, PathBuf};

use rustix::mount::{MountFlags, mount};

use super::fs::{at, create_folders};
use super::room;

/// One folder that is seen otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layer {
    pub(crate) at: PathBuf,
    pub(crate) with: With,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum With {
    /// What this folder holds lies over it; nothing can be changed there.
    Files(PathBuf),
    /// What is changed goes into this folder, and the file system itself stays as it is.
    Changes(PathBuf),
    /// This folder is there instead.
    #[cfg(feature = "packages")]
    Folder(PathBuf),
}

/// Lays them over what is there. Only for a process with one thread.
pub(crate) fn enter(layers: &[Layer]) -> io::Result<()> {
    room::apart()?;
    layers.iter().try_for_each(|layer| lay(layer).map_err(|error| at(&layer.at, "lay something over", error)))
}

fn lay(layer: &Layer) -> io::Result<()> {
    match &layer.with {
        With::Files(files) => over(files, &layer.at, &layer.at),
        #[cfg(feature = "packages")]
        With::Folder(folder) => Ok(rustix::mount::mount_bind(folder, &layer.at)?),
        With::Changes(folder) => changing(&layer.at, folder).or_else(|_| {
            // The folder's own file system may be of a kind that takes no changes of an overlay.
            mount("changes", folder, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, None)?;
            changing(&layer.at, folder)
        }),
    }
}

/// Shows at a place what two folders hold together; of what both have, the upper one's. Nothing can be changed there.
pub(super) fn over(upper: &Path, lower: &Path, place: &Path) -> io::Result<()> {
    overlay(place, &format!("lowerdir={}:{}", escaped(upper)?, escaped(lower)?))
}

fn changing(place: &Path, folder: &Path) -> io::Result<()> {
    let (upper, work) = (folder.join("upper"), folder.join("work"));
    create_folders(&upper)?;
    create_folders(&work)?;
    let [below, upper, work] = [place, &upper, &work].map(escaped);
    overlay(place, &format!("lowerdir={},upperdir={},workdir={}", below?, upper?, work?))
}

fn overlay(place: &Path, options: &str) -> io::Result<()> {
    let options = CString::new(options)?;
    Ok(mount("dkms", place, "overlay", MountFlags::NODEV, options.as_c_str())?)
}

/// A path among the options of an overlay (kernel, Documentation/filesystems/overlayfs.rst).
fn escaped(path: &Path) -> io::Result<String> {
    let text = path.to_str().ok_or_else(|| io::Error::other(format!("{} is no text", path.display())))?;
    Ok(text.replace('\\', "\\\\").replace(':', "\\:").replace(',', "\\,"))
}
