//! A root that is not running (`--root`, DPKG_ROOT): what may be taken for known there, and what its programs need to run.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use rustix::mount::{MountPropagationFlags, mount_bind_recursive, mount_change};
use rustix::thread::{UnshareFlags, unshare_unsafe};

use super::{DEFAULT_PATH, System, fs};
use crate::ids::Arch;

/// Variables that are about this machine's places, or about what the package manager of this machine does.
const OF_THE_HOST: [&str; 3] = ["TMPDIR", "DPKG_ROOT", "LD_PRELOAD"];

impl System {
    /// The system of another root. Nothing of the running kernel is taken for its own; its architecture is that of its
    /// programs, which run inside it. `/` is the live system.
    ///
    /// As root, this puts the process into a mount namespace of its own if programs would lack /dev or /proc there, so it
    /// has to be called before there are threads.
    ///
    /// # Errors
    ///
    /// The folder cannot be found.
    pub(crate) fn of_root(folder: &Path) -> io::Result<Self> {
        let root = fs_err::canonicalize(folder)?;
        let host = Self::host();
        if root == Path::new("/") {
            return Ok(host);
        }
        if !root.is_dir() {
            return Err(fs::at(&root, "use", io::ErrorKind::NotADirectory.into()));
        }
        let environment = environment(host.environment());
        let unfurnished = if host.is_superuser() { furnish(&root).err() } else { None };
        let machine = host.machine().cloned();
        let mut system = host.with_root(root).with_environment(environment);
        system.unfurnished = unfurnished.map(Into::into);
        let machine = machine_of(&system).or(machine);
        Ok(system.with_running(None, machine))
    }
}

/// The caller's, with the folders in which any root keeps its programs.
fn environment(caller: &BTreeMap<OsString, OsString>) -> BTreeMap<OsString, OsString> {
    let mut environment = caller.clone();
    environment.retain(|name, _| !OF_THE_HOST.iter().any(|own| name == own));
    let own = environment.get(OsStr::new("PATH")).cloned().unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&own).filter(|folder| folder.is_absolute()).collect();
    for folder in std::env::split_paths(DEFAULT_PATH) {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    if let Ok(path) = std::env::join_paths(folders) {
        environment.insert("PATH".into(), path);
    }
    environment
}

/// What uname(2) calls the machine that the root's own shell is for. None when it has none, or one of an unknown kind.
pub(super) fn machine_of(system: &System) -> Option<Arch> {
    let mut head = [0; 20];
    let shell = ["/bin/sh", "/usr/bin/env"].into_iter().find_map(|file| fs_err::File::open(system.path(file)).ok());
    shell?.read_exact(&mut head).ok()?;
    Arch::new(machine(&head)?).ok()
}

/// The names of the machines of ELF files (elf(5), e_machine; the numbers are those of elf.h).
fn machine(head: &[u8; 20]) -> Option<&'static str> {
    let [0x7f, b'E', b'L', b'F', class, order, ..] = *head else { return None };
    let (is_64, is_little) = (class == 2, order == 1);
    let number = [head[18], head[19]];
    Some(match if is_little { u16::from_le_bytes(number) } else { u16::from_be_bytes(number) } {
        62 => "x86_64",
        3 => "i686",
        183 => "aarch64",
        40 => "armv7l",
        21 if is_little => "ppc64le",
        21 => "ppc64",
        20 => "ppc",
        22 => "s390x",
        243 if is_64 => "riscv64",
        243 => "riscv32",
        258 => "loongarch64",
        8 if is_64 => "mips64",
        8 => "mips",
        43 => "sparc64",
        _ => return None,
    })
}

/// Puts /dev and /proc of this machine into the root where it has none of its own, for this process and its children only:
/// compilers and shells write to /dev/null, and without the device they would leave a file of that name. The mounts go
/// with the last of these processes, however it ends.
///
/// # Errors
///
/// A sentence, when the root has no /dev/null afterwards.
fn furnish(root: &Path) -> Result<(), String> {
    let lacks_devices = !has_devices(root);
    let lacks_processes = !fs::opened(root, Path::new("/proc/self")).exists();
    if !lacks_devices && !lacks_processes {
        return Ok(());
    }
    let bind = |folder: &str, is_wanted: bool| match is_wanted {
        true => mount_bind_recursive(folder, fs::opened(root, Path::new(folder))),
        false => Ok(()),
    };
    let mounted =
        enter_namespace().and_then(|()| bind("/dev", lacks_devices)).and_then(|()| bind("/proc", lacks_processes));
    // Builds can do without /proc.
    if has_devices(root) {
        return Ok(());
    }
    let why = mounted.err().map_or_else(String::new, |error| format!(" ({error})"));
    let dev = root.join("dev");
    let dev = dev.display();
    Err(format!("{dev}/null is not a device, and /dev cannot be put there{why}; `mount --rbind /dev {dev}` does it"))
}

/// A device file on a file system without devices is none.
fn has_devices(root: &Path) -> bool {
    let null = fs::opened(root, Path::new("/dev/null"));
    fs_err::metadata(&null).is_ok_and(|meta| meta.file_type().is_char_device())
        && fs_err::OpenOptions::new().write(true).open(null).is_ok()
}

/// Why programs cannot work in the system's root: it has no /dev/null, as a root that somebody changed into may lack it.
pub(crate) fn lacks_devices(system: &System) -> Option<String> {
    match system.unfurnished.as_deref() {
        Some(why) => Some(why.to_owned()),
        None if system.is_live() && !has_devices(system.root()) => Some("/dev/null is not a device here".to_owned()),
        None => None,
    }
}

/// What is mounted from here on is seen by nobody else.
pub(super) fn enter_namespace() -> rustix::io::Result<()> {
    // SAFETY: only the mounts are unshared; open files and memory stay as they are.
    unsafe { unshare_unsafe(UnshareFlags::NEWNS) }?;
    mount_change("/", MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_that_of_the_roots_shell() {
        let head = |class: u8, order: u8, number: [u8; 2]| {
            let mut head = [0; 20];
            head[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', class, order]);
            head[18..].copy_from_slice(&number);
            head
        };
        for (class, order, number, expected) in [
            (2, 1, [62, 0], Some("x86_64")),
            (1, 1, [3, 0], Some("i686")),
            (2, 1, [183, 0], Some("aarch64")),
            (2, 1, [21, 0], Some("ppc64le")),
            (2, 2, [0, 21], Some("ppc64")),
            (2, 2, [0, 22], Some("s390x")),
            (2, 1, [243, 0], Some("riscv64")),
            (2, 1, [2, 1], Some("loongarch64")),
            (2, 1, [99, 99], None),
        ] {
            assert_eq!(machine(&head(class, order, number)), expected);
        }
        assert_eq!(machine(b"#!/bin/sh\nexec other"), None);
    }

    #[test]
    fn a_root_that_says_nothing_has_no_running_kernel_and_the_machine_of_the_host() {
        let root = tempfile::tempdir().unwrap();
        let system = System::of_root(root.path()).unwrap();
        assert_eq!(system.running_kernel(), None);
        assert_eq!(system.machine(), System::host().machine());
        assert!(!system.is_live());
        assert!(System::of_root(&root.path().join("missing")).is_err());
        assert!(System::of_root(Path::new("/usr/..")).unwrap().is_live());
    }

    #[test]
    fn the_roots_programs_are_found_whatever_the_callers_path_is() {
        let caller = [("PATH", "/nix/bin:relative"), ("TMPDIR", "/run/user/1"), ("DPKG_ROOT", "/target"), ("V", "1")];
        let caller = caller.map(|(name, value)| (name.into(), value.into())).into();
        let expected = [("PATH", "/nix/bin:/usr/sbin:/usr/bin:/sbin:/bin"), ("V", "1")];
        assert_eq!(environment(&caller), expected.map(|(name, value)| (name.into(), value.into())).into());
    }
}
