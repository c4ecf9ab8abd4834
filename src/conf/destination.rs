//! Where a distribution wants modules, whatever DEST_MODULE_LOCATION says.

use crate::sys::System;

/// Distributions that replace every DEST_MODULE_LOCATION, by the beginning of the word that os-release gives.
const BY_DISTRIBUTION: [(&[&str], &str); 3] = [
    (&["fedora", "rhel", "ovm", "centos", "rocky", "almalinux", "ol"], "/extra"),
    (&["suse", "opensuse", "sles", "sled", "sle"], "/updates"),
    (&["debian", "ubuntu", "arch"], "/updates/dkms"),
];

/// The location that replaces every DEST_MODULE_LOCATION here, if this system has one: `ADDON_MODULES_DIR` (environment
/// or /etc/sysconfig/module-init-tools), else the distribution's.
pub(crate) fn replacement(system: &System) -> Option<String> {
    let given = system.variable("ADDON_MODULES_DIR").map(|folder| folder.to_string_lossy().into_owned());
    given.or_else(|| configured(system)).or_else(|| {
        let release = system.os_release()?;
        let family = release.family().to_owned();
        let found = BY_DISTRIBUTION.iter().find(|(starts, _)| starts.iter().any(|start| family.starts_with(start)));
        found.map(|(_, location)| (*location).to_owned())
    })
}

fn configured(system: &System) -> Option<String> {
    let text = fs_err::read_to_string(system.path("/etc/sysconfig/module-init-tools")).ok()?;
    let value = text.lines().filter_map(|line| line.trim().strip_prefix("ADDON_MODULES_DIR=")).next_back()?;
    Some(value.trim_matches(['"', '\'']).to_owned()).filter(|value| !value.is_empty())
}
