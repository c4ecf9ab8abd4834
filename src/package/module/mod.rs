//! What a source is.
//!
//! [`survey`] looks through its files for what MODULE_AUTHOR and its kin say; [`license`] and [`machine`] make an SPDX
//! expression and architectures of that. [`declared`] reads the dkms.conf without running anything, [`identity`] settles name
//! and version out of it, the options and the archive's name; [`placeholder`] knows the marks that build systems fill in, [`readme`] the first sentence of a README, [`notice`] the words of licences, [`since`] which release of DKMS knows what a dkms.conf says.
//! [`authored`] is for a source without a dkms.conf: [`mkconf`] writes one from the makefiles. [`lint`] says what would fail,
//! is deprecated or is odd; its rules are a table. [`brought`] reads what a package is to bring besides the source.

pub(crate) mod authored;
pub(crate) mod brought;
pub(crate) mod declared;
pub(crate) mod identity;
pub(crate) mod instructions;
pub(crate) mod license;
pub(crate) mod lint;
pub(crate) mod machine;
pub(crate) mod mkconf;
pub(crate) mod notice;
pub(crate) mod placeholder;
pub(crate) mod readme;
pub(crate) mod since;
pub(crate) mod survey;
