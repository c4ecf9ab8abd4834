//! The vocabulary that both formats share, and how each of them spells it.
//!
//! [`names`] is the strict check that every name passes before it gets into a file or a script, and what packages are called
//! after modules. [`version`] maps a module's version to what deb or RPM takes, [`relations`] are the likes of Depends and
//! Requires ([`relations::parse`] reads them as people write them). [`profile`] is the table of distributions that `--for`
//! knows. [`date`] has the spellings of a time, [`size`] one of bytes.

pub(crate) mod date;
pub(crate) mod names;
pub(crate) mod profile;
pub(crate) mod relations;
pub(crate) mod size;
pub(crate) mod version;
