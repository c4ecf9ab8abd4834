//! make.log of failed builds, kept when the next attempt clears the build folder: TREE/.logs/NAME/VERSION/KVER-ARCH.

use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use fs_err as fs;

use super::{Layout, TreeWriter};
use crate::ids::{Arch, KernelRelease, ModuleId, Target};
use crate::sys::fs::{create_folders, write_atomically};

/// How many logs are kept of one module on one kernel.
const KEPT: usize = 5;
/// Of a log that is longer, the end is kept: there the errors stand.
const MAX_LOG: u64 = 4 << 20;

/// The kept logs of this module on this kernel, oldest first.
pub(crate) fn kept(layout: &Layout, id: &ModuleId, target: &Target) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(layout.old_logs(id, target)) else { return Vec::new() };
    let mut logs: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .collect();
    logs.sort();
    logs
}

/// Begins the log of post_transaction, TREE/post_transaction.log, anew with the command in its head. Needs no lock: nothing
/// depends on it. Appending, so that lines of ours and of the command's cannot overwrite each other.
pub(crate) fn begin_post_transaction(layout: &Layout, command: &str) -> io::Result<(PathBuf, std::fs::File)> {
    let place = layout.tree().join("post_transaction.log");
    create_folders(&layout.tree())?;
    match fs::remove_file(&place) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut log = fs::OpenOptions::new().create(true).append(true).open(&place)?.into_parts().0;
    for line in command.lines() {
        writeln!(log, "# command: {line}")?;
    }
    Ok((place, log))
}

impl TreeWriter<'_> {
    /// Keeps the log of a build that failed elsewhere, in a tree that was thrown away; gives its place.
    pub(crate) fn keep_foreign_log(&self, id: &ModuleId, target: &Target, log: &Path) -> io::Result<PathBuf> {
        let (text, seconds) = read_end(log)?;
        self.put_log(id, target, &text, seconds)
    }

    /// Copies `build/make.log` to the kept ones, under the kernel that its head names, else under this one. NotFound when
    /// there is no log.
    pub(super) fn keep_log(&self, id: &ModuleId, target: &Target) -> io::Result<()> {
        let (text, seconds) = read_end(&self.layout().build_folder(id).join("make.log"))?;
        let target = named_target(&text).unwrap_or_else(|| target.clone());
        self.put_log(id, &target, &text, seconds).map(drop)
    }

    fn put_log(&self, id: &ModuleId, target: &Target, text: &[u8], seconds: u64) -> io::Result<PathBuf> {
        let folder = self.layout().old_logs(id, target);
        create_folders(&folder)?;
        let place = folder.join(format!("{seconds:012}.log"));
        write_atomically(&place, 0o644, text)?;
        let logs = kept(self.layout(), id, target);
        for old in &logs[..logs.len().saturating_sub(KEPT)] {
            fs::remove_file(old)?;
        }
        Ok(place)
    }
}

/// The end of a log and its time. The build folder was written by a foreign make: a symlink, fifo or device there is not
/// followed and not waited for.
fn read_end(file: &Path) -> io::Result<(Vec<u8>, u64)> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    let mut log = fs::OpenOptions::from_options(options).open(file)?;
    let meta = log.metadata()?;
    if !meta.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    if meta.len() > MAX_LOG {
        io::Seek::seek(&mut log, io::SeekFrom::End(-MAX_LOG.cast_signed()))?;
    }
    let mut text = Vec::new();
    log.take(MAX_LOG).read_to_end(&mut text)?;
    let seconds = meta.modified()?.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Ok((text, seconds))
}

/// The kernel in the first line of a log: `… for kernel KVER (ARCH)`.
fn named_target(log: &[u8]) -> Option<Target> {
    let head = String::from_utf8_lossy(&log[..log.len().min(1024)]);
    let (_, rest) = head.lines().next()?.split_once(" for kernel ")?;
    let (kernel, rest) = rest.split_once(" (")?;
    let (arch, _) = rest.split_once(')')?;
    Some(Target::new(KernelRelease::new(kernel).ok()?, Arch::new(arch).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_log_names_its_kernel_in_old_and_new_releases() {
        let target = Target::new(KernelRelease::new("6.1.0-50-amd64").unwrap(), Arch::new("x86_64").unwrap());
        for head in [
            "DKMS make.log for foo-1.0 for kernel 6.1.0-50-amd64 (x86_64)\nmore",
            "DKMS (dkms-3.2.2) make.log for foo/1.0 for kernel 6.1.0-50-amd64 (x86_64)",
        ] {
            assert_eq!(named_target(head.as_bytes()).as_ref(), Some(&target));
        }
        for other in ["", "make: error", " for kernel ", "x for kernel ../.. (x)", "x for kernel a b"] {
            assert_eq!(named_target(other.as_bytes()), None, "{other}");
        }
    }
}
