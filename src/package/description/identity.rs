//! What a package is called and where its payload lies: settled first, since scripts and relations speak of it.

use crate::ids::{ModuleId, Target};
use crate::package::Format;

/// Who does the work when the package comes and goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Scriptlets {
    /// The package's own scripts, which work beside any DKMS.
    #[default]
    Portable,
    /// The triggers of the installed DKMS; the package requires the capability `dkms-triggers`.
    None,
}

/// The part of a description that its scripts and relations are made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) format: Format,
    /// The module that it carries.
    pub(crate) module: ModuleId,
    /// The kernel that its modules are built for, if they are.
    pub(crate) target: Option<Target>,
    pub(crate) name: String,
    /// Whether a person chose that name, so that another package may carry the same module.
    pub(crate) named_by_hand: bool,
    /// The version without epoch and release.
    pub(crate) version: String,
    pub(crate) epoch: Option<u32>,
    /// The release (RPM) or revision (Debian).
    pub(crate) release: String,
    pub(crate) scriptlets: Scriptlets,
    /// The folder in which the payload lies once it is installed.
    pub(crate) place: String,
    /// Where its public Secure Boot certificate lies, if it brings one.
    pub(crate) certificate: Option<String>,
}

impl Identity {
    /// `EPOCH:VERSION-RELEASE`, the epoch only if there is one.
    pub(crate) fn full_version(&self) -> String {
        let epoch = self.epoch.map_or(String::new(), |epoch| format!("{epoch}:"));
        format!("{epoch}{}-{}", self.version, self.release)
    }
}
