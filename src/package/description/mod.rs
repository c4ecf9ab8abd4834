//! Everything that a package says about itself, and the scripts that it carries.

pub(crate) mod carrier;
pub(crate) mod carries;
pub(crate) mod certificate;
pub(crate) mod changelog;
pub(crate) mod contents;
pub(crate) mod info;
pub(crate) mod scripts;
pub(crate) mod template;
pub(crate) mod wishes;
