//! What people say about a package, on the command line and in templates; what both leave open comes from the source.

use crate::package::description::changelog;
use crate::package::description::extra::Extra;
use crate::package::words::profile::Profile;
use crate::package::words::relations::Kind;

/// What one voice says. The names of the fields are those of the options.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) package_name: Option<String>,
    /// Without epoch and release.
    pub(crate) package_version: Option<String>,
    pub(crate) epoch: Option<u32>,
    pub(crate) release: Option<String>,
    pub(crate) architecture: Option<String>,
    pub(crate) summary: Option<String>,
    /// Paragraphs, an empty line between them.
    pub(crate) description: Option<String>,
    pub(crate) license: Option<String>,
    pub(crate) maintainer: Option<String>,
    pub(crate) vendor: Option<String>,
    pub(crate) url: Option<String>,
    /// Newest first.
    pub(crate) changelog: Vec<changelog::Entry>,
}

/// Who stands as the maintainer unless somebody is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packager {
    /// `Name <address>`
    pub(crate) person: String,
    /// Whether it is only the account, which nobody can write to from elsewhere.
    pub(crate) is_account: bool,
}

/// What the command line says, with DEBFULLNAME and DEBEMAIL.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wishes {
    pub(crate) said: Said,
    /// `--for`: the distribution; None: any that reads the format.
    pub(crate) profile: Option<Profile>,
    /// `--requires`, `--provides` and the like, as they were written.
    pub(crate) relations: Vec<(Kind, String)>,
    /// `--replaces`, as they were written.
    pub(crate) replaces: Vec<String>,
    /// `--mok-cert`: a public certificate in DER.
    pub(crate) certificate: Option<Vec<u8>>,
    /// Who makes the package, where nobody is named: git's user, else the account, with what a person should know of that.
    pub(crate) packager: Option<Packager>,
    /// `--beside-source`: a package of built modules that does not conflict with the one of their source.
    pub(crate) beside_source: bool,
    /// `--file`, and what else belongs to the package beside the source.
    pub(crate) files: Vec<Extra>,
}
