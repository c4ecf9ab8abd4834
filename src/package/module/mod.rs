//! What a source is: who it says it is, what stands in it, the dkms.conf that it has or lacks.

pub(crate) mod authored;
pub(crate) mod declared;
pub(crate) mod identity;
pub(crate) mod license;
pub(crate) mod lint;
pub(crate) mod machine;
pub(crate) mod mkconf;
pub(crate) mod placeholder;
pub(crate) mod survey;
