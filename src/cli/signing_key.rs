//! The secret key that packages and repositories are signed with.

use std::path::Path;

use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::package::io::openpgp::{SigningError, SigningKey};

/// Reads a secret key; a passphrase never stands on a command line, where everybody could see it.
pub(crate) fn read(file: &Path, passphrase_file: Option<&Path>) -> Result<SigningKey> {
    let failed = |error| Error::io("cannot read the passphrase", error);
    let passphrase = passphrase_file.map(fs_err::read_to_string).transpose().map_err(failed)?.unwrap_or_default();
    SigningKey::read(file, passphrase.lines().next().unwrap_or_default()).map_err(refused)
}

pub(super) fn refused(error: SigningError) -> Error {
    let message = error.to_string();
    match error {
        SigningError::Read(cause) => Error::io(message, cause),
        error => Error::new(Kind::BadOption, message).caused_by(error).hint(
            "`gpg --export-secret-keys --armor KEY` writes such a file; a passphrase is read with --sign-passphrase-file",
        ),
    }
}
