//! What comes in becomes a payload: the files that a package carries, with their modes, in a fixed order.
//!
//! [`source`] opens what a person named, an archive or a folder, and finds the dkms.conf in it. [`checkout`] asks a git work
//! tree, without git, for the files that are tracked and for the tag that names the version. [`payload`] walks the folder under
//! limits and says what it left out. How archives are unpacked: [`crate::archive::unpack`].

pub(crate) mod checkout;
pub(crate) mod payload;
pub(crate) mod source;
