//! What a person may set for a package.

use super::changelog;
use super::profile::Profile;
use super::relations::Kind;

/// What a person may set for a package; what is left open comes from the source.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// `--package-name`
    pub package_name: Option<String>,
    /// `--package-version`
    pub package_version: Option<String>,
    /// `--epoch`
    pub epoch: Option<u32>,
    /// `--release`
    pub release: Option<String>,
    /// `--arch`
    pub architecture: Option<String>,
    /// `--summary`
    pub summary: Option<String>,
    /// `--description`
    pub description: Option<String>,
    /// `--license`
    pub license: Option<String>,
    /// `--maintainer`, else DEBFULLNAME and DEBEMAIL
    pub maintainer: Option<String>,
    /// `--vendor`
    pub vendor: Option<String>,
    /// `--url`
    pub url: Option<String>,
    /// `--for`: the distribution; None: any that reads the format.
    pub profile: Option<Profile>,
    /// `--requires`, `--provides` and the like, as they were written.
    pub relations: Vec<(Kind, String)>,
    /// `--replaces`, as they were written.
    pub replaces: Vec<String>,
    /// `--changelog`
    pub changelog: Vec<changelog::Entry>,
    /// `--mok-cert`: a public certificate in DER.
    pub certificate: Option<Vec<u8>>,
}
