//! The vocabulary that both formats share: names, versions, dates, relations, profiles of distributions.

pub(crate) mod date;
pub(crate) mod names;
pub(crate) mod profile;
pub(crate) mod relations;
pub(crate) mod version;
