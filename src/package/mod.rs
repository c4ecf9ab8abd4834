//! Packages of module sources: archives and folders in, RPM and Debian packages out. Knows nothing of the DKMS tree; without
//! the feature `packages` none of it is there.
//!
//! [`make`] reads like the manual: open the input, settle the names, look through it, describe the package, write it. [`built`]
//! does the same for modules that are built already, [`follower`] makes what follows the newest of those, [`summary`] tells what came out, [`provenance`] writes down what went in. What they need lies in rooms:
//!
//! * [`words`]: names, versions, dates, relations, profiles of distributions, which both formats share.
//! * [`io`]: sums and signatures. Archives, compression and output files are the engine's, too: [`crate::archive`].
//! * [`input`]: an archive, a folder or a git checkout becomes a payload.
//! * [`kbuild`]: what makefiles say. Imports nothing from the rest of the crate.
//! * [`module`]: what a source is: who it says it is, the dkms.conf that it has or lacks, and what is wrong with that.
//! * [`description`]: everything that a package says about itself, settled once.
//! * [`format`]: deb, RPM, pacman's, spec files and Debian source packages.
//! * [`repository`]: folders of packages for apt, dnf and zypper.

pub(crate) mod built;
pub(crate) mod description;
pub(crate) mod follower;
pub(crate) mod format;
pub(crate) mod input;
pub(crate) mod io;
pub(crate) mod kbuild;
pub(crate) mod make;
pub(crate) mod module;
pub(crate) mod provenance;
pub(crate) mod repository;
pub(crate) mod summary;
pub(crate) mod words;

/// How a package is written.
#[derive(Clone, Copy)]
pub(crate) struct Writing<'a> {
    pub(crate) compression: crate::archive::stream::Compression,
    /// What signs its header, and through the digests in there the rest (RPM only).
    pub(crate) key: Option<&'a io::openpgp::SigningKey>,
    /// Hears of the bytes of files that are written so far.
    pub(crate) progress: &'a dyn Fn(u64),
}

/// The kinds of packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// deb(5)
    Deb,
    /// RPM, format 4
    Rpm,
    /// pacman's, of Arch Linux
    Pac,
}
