//! What a person may set for a package.

use crate::package::description::changelog;
use crate::package::words::profile::Profile;
use crate::package::words::relations::Kind;

/// What a person may set for a package; what is left open comes from the source.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wishes {
    /// `--package-name`
    pub(crate) package_name: Option<String>,
    /// `--package-version`
    pub(crate) package_version: Option<String>,
    /// `--epoch`
    pub(crate) epoch: Option<u32>,
    /// `--release`
    pub(crate) release: Option<String>,
    /// `--arch`
    pub(crate) architecture: Option<String>,
    /// `--summary`
    pub(crate) summary: Option<String>,
    /// `--description`
    pub(crate) description: Option<String>,
    /// `--license`
    pub(crate) license: Option<String>,
    /// `--maintainer`, else DEBFULLNAME and DEBEMAIL
    pub(crate) maintainer: Option<String>,
    /// `--vendor`
    pub(crate) vendor: Option<String>,
    /// `--url`
    pub(crate) url: Option<String>,
    /// `--for`: the distribution; None: any that reads the format.
    pub(crate) profile: Option<Profile>,
    /// `--requires`, `--provides` and the like, as they were written.
    pub(crate) relations: Vec<(Kind, String)>,
    /// `--replaces`, as they were written.
    pub(crate) replaces: Vec<String>,
    /// `--changelog`
    pub(crate) changelog: Vec<changelog::Entry>,
    /// `--mok-cert`: a public certificate in DER.
    pub(crate) certificate: Option<Vec<u8>>,
}
