//! What vouches for bytes: [`digest`], the counts and sums of what streams by, and [`openpgp`], the signatures of packages and
//! repositories. Compression and the file that a package becomes are those of every archive: [`crate::archive`].

pub(crate) mod digest;
pub(crate) mod openpgp;
