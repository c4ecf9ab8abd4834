//! Who reads a repository.

use crate::package::Format;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reader {
    /// apt
    Apt,
    /// dnf and zypper
    Dnf,
}

impl Reader {
    /// What it installs.
    pub(crate) fn format(self) -> Format {
        match self {
            Self::Apt => Format::Deb,
            Self::Dnf => Format::Rpm,
        }
    }
}
