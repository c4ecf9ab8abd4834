//! The files by which Debian and its kin know that a restart is open (Debian Policy, 9.12).

use std::io;

use crate::sys::System;
use crate::sys::fs::write_atomically;

/// Whoever finds it knows that a restart is open.
const REQUIRED: &str = "/run/reboot-required";
/// The packages on whose behalf, a name a line.
const PACKAGES: &str = "/run/reboot-required.pkgs";
/// Ours, as Debian's own packages of it are called.
const PACKAGE: &str = "dkms-rs";

/// Notes that a restart is open; what others noted stays.
pub(crate) fn require(system: &System) -> io::Result<()> {
    let required = system.path(REQUIRED);
    if !required.exists() {
        fs_err::write(&required, "*** System restart required ***\n")?;
    }
    let packages = system.path(PACKAGES);
    let listed = match fs_err::read_to_string(&packages) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        listed => listed?,
    };
    if listed.lines().any(|line| line == PACKAGE) {
        return Ok(());
    }
    write_atomically(&packages, 0o644, format!("{listed}{PACKAGE}\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_is_noted_once_and_others_notes_stay() {
        let root = tempfile::tempdir().unwrap();
        fs_err::create_dir_all(root.path().join("run")).unwrap();
        fs_err::create_dir_all(root.path().join("etc")).unwrap();
        fs_err::write(root.path().join("etc/os-release"), "ID=debian\n").unwrap();
        let system = System::of_root(root.path()).unwrap();
        fs_err::write(root.path().join("run/reboot-required.pkgs"), "linux-base\n").unwrap();
        require(&system).unwrap();
        require(&system).unwrap();
        let listed = fs_err::read_to_string(root.path().join("run/reboot-required.pkgs")).unwrap();
        assert_eq!(listed, "linux-base\ndkms-rs\n");
        assert!(root.path().join("run/reboot-required").exists());
    }
}
