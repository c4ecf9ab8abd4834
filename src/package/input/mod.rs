//! What comes in: archives (tar, zip), folders and git checkouts, under limits, become a payload.

pub(crate) mod archive;
pub(crate) mod checkout;
pub(crate) mod filter;
pub(crate) mod payload;
pub(crate) mod source;
