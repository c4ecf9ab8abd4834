//! Who reads a repository.

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reader {
    /// apt
    Apt,
    /// dnf and zypper
    Dnf,
}
