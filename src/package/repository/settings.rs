//! What the metadata say besides the packages.

use crate::package::io::openpgp::SigningKey;
use crate::package::repository::setup::Setup;

#[derive(Debug)]
pub(crate) struct Settings<'a> {
    /// Whose packages these are, `Origin:` and `Label:` of apt's Release.
    pub(crate) origin: &'a str,
    /// The time of the metadata in seconds since 1970.
    pub(crate) date: u64,
    pub(crate) key: Option<&'a SigningKey>,
    /// The package that sets the repository up on a host; only what is signed gets one.
    pub(crate) setup: Option<&'a Setup>,
}
