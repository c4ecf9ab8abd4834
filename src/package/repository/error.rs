//! Why a folder did not become a repository.

use std::io;
use std::path::PathBuf;

use crate::package::description::resolve::InfoError;
use crate::package::format::rpm::RpmError;
use crate::package::io::openpgp::SigningError;

/// Why a folder did not become a repository.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RepositoryError {
    /// Reading packages or writing metadata.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A file is not the package that its name promises.
    #[error("{} is not a package: {reason}", .file.display())]
    NoPackage {
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Two files are the same package.
    #[error("{} and {} are both {package}", .first.display(), .second.display())]
    Twice {
        /// The file that came first.
        first: PathBuf,
        second: PathBuf,
        package: String,
    },
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// A signature cannot be written.
    #[error("the metadata of {} cannot be signed", .folder.display())]
    Signature {
        folder: PathBuf,
        #[source]
        source: pgp::errors::Error,
    },
    /// The package that sets the repository up cannot be described.
    #[error("the package that sets the repository up cannot be made")]
    Setup(#[from] InfoError),
    #[error("the package that sets the repository up cannot be written")]
    SetupRpm(#[from] RpmError),
    /// It is there, and says something else.
    #[error("{} exists and holds something else", .0.display())]
    Changed(PathBuf),
    /// There is no package at all.
    #[error("{} holds no .deb and no .rpm file", .0.display())]
    Empty(PathBuf),
}
