//! The key and the certificate that modules are signed with: making them when they are missing.

use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use tempfile::NamedTempFile;

use crate::action::compile::certificate;
use crate::action::compile::certificate::{CertificateError, Pair};
use crate::conf::signing::{KeyFiles, Maker, Pairs};
use crate::sys::{self, System};

/// Whether a pair was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ensured {
    Present,
    Made,
    /// One of the two was there, and has gone.
    Replaced,
}

/// Why there is no usable pair.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    /// One of the two is missing and is not ours to make.
    #[error("{missing} is missing, and dkms does not make it")]
    NotOurs { missing: String },
    /// What is there is a folder, or a device.
    #[error("{file} is no file")]
    NoFile { file: String },
    /// Of the pair that signs as well only one file is named.
    #[error("second_signing_key and second_certificate belong together, and only one of them is set")]
    HalfOfASecond,
    /// Both settings name one file, which cannot be made.
    #[error("the signing key and the certificate are both to be {file}, which is missing")]
    SameFile { file: String },
    /// A folder is not there; it is never made.
    #[error("the folder {} does not exist", .0.display())]
    NoFolder(PathBuf),
    /// The files could not be written.
    #[error("the signing key or certificate cannot be written")]
    Unwritable(#[source] io::Error),
    /// The pair could not be computed.
    #[error(transparent)]
    Generate(#[from] CertificateError),
    /// Ubuntu's tool did not make them.
    #[error("`update-secureboot-policy --new-key` did not make the key: {0}")]
    Ubuntu(String),
}

impl KeyFiles {
    /// Makes sure that both files are there; when either is missing, both are made anew. Their folders are never made.
    /// A run that is killed meanwhile leaves a lone file at most, which the next run replaces by a new pair.
    pub(crate) fn ensure(&self, system: &System) -> Result<Ensured, KeyError> {
        static MAKING: Mutex<()> = Mutex::new(());
        let _alone = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(missing) = self.missing(system) else { return Ok(Ensured::Present) };
        let is_half = [&self.key, &self.certificate].into_iter().any(|file| system.path(file).is_file());
        match self.maker {
            Maker::Owner if missing.is_empty() => return Err(KeyError::HalfOfASecond),
            Maker::Owner if system.path(missing).exists() => return Err(KeyError::NoFile { file: missing.to_owned() }),
            Maker::Owner => return Err(KeyError::NotOurs { missing: missing.to_owned() }),
            Maker::Ubuntu => self.ask_ubuntu(system)?,
            Maker::Dkms if self.key == self.certificate => return Err(KeyError::SameFile { file: self.key.clone() }),
            Maker::Dkms => self.make(system)?,
        }
        Ok(if is_half { Ensured::Replaced } else { Ensured::Made })
    }

    fn make(&self, system: &System) -> Result<(), KeyError> {
        let (key, certificate) = (system.path(&self.key), system.path(&self.certificate));
        // Looked for first: computing a key for nothing takes a second.
        for file in [&key, &certificate] {
            if let Some(folder) = file.parent().filter(|folder| !folder.is_dir()) {
                return Err(KeyError::NoFolder(folder.to_path_buf()));
            }
        }
        let pair = certificate::generate(host_name(system).as_deref(), SystemTime::now())?;
        write_pair(&pair, &key, &certificate).map_err(KeyError::Unwritable)
    }

    fn ask_ubuntu(&self, system: &System) -> Result<(), KeyError> {
        let command =
            system.command(&system.path("/"), "update-secureboot-policy").arg("--new-key").env("SHIM_NOTRIGGER", "y");
        let finished = system.run(&command).map_err(|error| KeyError::Ubuntu(error.source.to_string()))?;
        match self.missing(system) {
            None => Ok(()),
            Some(_) => Err(KeyError::Ubuntu(format!("{} {}", finished.how(), finished.error_text()))),
        }
    }
}

impl Pairs {
    /// Makes sure that all of them are there ([`KeyFiles::ensure`]), and says how the first one was found. Where the second is
    /// not, which nobody makes, no first one is made for it.
    pub(crate) fn ensure(&self, system: &System) -> Result<Ensured, KeyError> {
        self.second.as_ref().map_or(Ok(Ensured::Present), |second| second.ensure(system))?;
        self.first.ensure(system)
    }
}

/// A text as others may read it: without the values of PINs in `pkcs11:` addresses (RFC 7512, 2.4).
pub(crate) fn without_pins(text: &str) -> String {
    const PIN: &str = "pin-value=";
    let mut parts = text.split(PIN);
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| c.is_whitespace() || "&;'\"`,".contains(c)).unwrap_or(part.len());
        shown.push_str(PIN);
        shown.push('*');
        shown.push_str(&part[end..]);
    }
    shown
}

/// Both are staged beside their places. The one that exists already is replaced first: at no point do an old file and a
/// new one look like a pair.
fn write_pair(pair: &Pair, key: &Path, certificate: &Path) -> io::Result<()> {
    let staged_key = stage(key, 0o600, &pair.key)?;
    let staged_certificate = stage(certificate, 0o644, &pair.certificate)?;
    let place = |staged: NamedTempFile, file: &Path| {
        staged.persist(file).map_err(|error| error.error)?;
        sys::fs::sync_folder(file.parent().unwrap_or(Path::new("/")))
    };
    if key.exists() {
        place(staged_key, key)?;
        place(staged_certificate, certificate)
    } else {
        place(staged_certificate, certificate)?;
        place(staged_key, key)
    }
}

fn stage(file: &Path, mode: u32, content: &[u8]) -> io::Result<NamedTempFile> {
    let folder = file.parent().unwrap_or(Path::new("/"));
    let mode = std::fs::Permissions::from_mode(mode);
    let mut staged = tempfile::Builder::new().prefix(".tmp_").permissions(mode.clone()).tempfile_in(folder)?;
    staged.write_all(content)?;
    staged.as_file().set_permissions(mode)?;
    staged.as_file().sync_all()?;
    Ok(staged)
}

fn host_name(system: &System) -> Option<String> {
    let text = fs_err::read_to_string(system.path("/etc/hostname")).ok()?;
    text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned)
}

#[cfg(test)]
#[path = "keys/tests.rs"]
mod tests;
#[cfg(test)]
pub(crate) use crate::action::compile::keys::tests::framework as test_framework;
