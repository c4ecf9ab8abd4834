//! The key and the certificate that modules are signed with: where they lie, and making them when they are missing.

use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use tempfile::NamedTempFile;

use super::certificate::{self, CertificateError, Pair};
use crate::conf::Framework;
use crate::ids::KernelRelease;
use crate::sys::os_release::OsRelease;
use crate::sys::{self, System};
use crate::tree::Layout;

/// Ubuntu's machine owner key, which its own tools enrol.
const UBUNTU_KEYS: &str = "/var/lib/shim-signed/mok";

/// The two files, as a process inside the root names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFiles {
    /// The private key: a path, or a `pkcs11:` address.
    pub key: String,
    /// The certificate.
    pub certificate: String,
    /// Who makes them when they are missing.
    maker: Maker,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Maker {
    /// We do.
    Dkms,
    /// Ubuntu's update-secureboot-policy.
    Ubuntu,
    /// Their owner: a token, or the key of a kernel that he built himself.
    Owner,
}

/// Whether a pair was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ensured {
    /// Both files were there.
    Present,
    /// Both were made anew.
    Made,
}

/// Why there is no usable pair.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// One of the two is missing and is not ours to make.
    #[error("{missing} is missing, and dkms does not make it")]
    NotOurs {
        /// The file.
        missing: String,
    },
    /// Both settings name one file, which cannot be made.
    #[error("the signing key and the certificate are both to be {file}, which is missing")]
    SameFile {
        /// The file.
        file: String,
    },
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
    /// The pair that signs modules for this kernel, by framework.conf, the distribution's rule, or in the DKMS tree.
    pub fn locate(system: &System, framework: &Framework, layout: &Layout, kernel: Option<&KernelRelease>) -> Self {
        let own = |file: &str| layout.tree_name().join(file).to_string_lossy().into_owned();
        let release = kernel.map_or("", KernelRelease::as_str);
        let expand = |value: &String| Framework::expand(value, release);
        let configured =
            (framework.mok_signing_key.as_ref().map(expand), framework.mok_certificate.as_ref().map(expand));
        if configured == (None, None)
            && let Some(files) = of_distribution(system)
        {
            return files;
        }
        let key = configured.0.unwrap_or_else(|| own("mok.key"));
        let certificate = configured.1.unwrap_or_else(|| own("mok.pub"));
        let maker = if key.starts_with("pkcs11:") { Maker::Owner } else { Maker::Dkms };
        Self { key, certificate, maker }
    }

    /// Makes sure that both files are there; when either is missing, both are made anew. Their folders are never made.
    /// A run that is killed meanwhile leaves a lone file at most, which the next run replaces by a new pair.
    pub fn ensure(&self, system: &System) -> Result<Ensured, KeyError> {
        static MAKING: Mutex<()> = Mutex::new(());
        let _alone = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(missing) = self.missing(system) else { return Ok(Ensured::Present) };
        match self.maker {
            Maker::Owner => return Err(KeyError::NotOurs { missing: missing.to_owned() }),
            Maker::Ubuntu => self.ask_ubuntu(system)?,
            Maker::Dkms if self.key == self.certificate => return Err(KeyError::SameFile { file: self.key.clone() }),
            Maker::Dkms => self.make(system)?,
        }
        Ok(Ensured::Made)
    }

    fn missing(&self, system: &System) -> Option<&str> {
        let absent = |file: &&str| !file.starts_with("pkcs11:") && !system.path(file).is_file();
        [self.key.as_str(), self.certificate.as_str()].into_iter().find(absent)
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

/// Keys that a distribution keeps outside the DKMS tree.
fn of_distribution(system: &System) -> Option<KeyFiles> {
    let release = OsRelease::read(system)?;
    if release.family().starts_with("ubuntu") && system.has_program("update-secureboot-policy") {
        let file = |name: &str| format!("{UBUNTU_KEYS}/{name}");
        return Some(KeyFiles { key: file("MOK.priv"), certificate: file("MOK.der"), maker: Maker::Ubuntu });
    }
    if release.id == "gentoo" || release.family().starts_with("gentoo") {
        let key = portage_setting(system, "MODULES_SIGN_KEY")?;
        // One PEM file may hold both.
        let certificate = portage_setting(system, "MODULES_SIGN_CERT").unwrap_or_else(|| key.clone());
        return Some(KeyFiles { key, certificate, maker: Maker::Owner });
    }
    None
}

/// A setting of the environment, else of /etc/portage/make.conf (a file, or a folder of files; make.conf(5)).
fn portage_setting(system: &System, name: &str) -> Option<String> {
    if let Some(value) = system.variable(name) {
        return Some(value.to_string_lossy().into_owned());
    }
    let place = system.path("/etc/portage/make.conf");
    let mut files: Vec<PathBuf> = match fs_err::read_dir(&place) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => vec![place],
    };
    files.sort();
    let texts = files.iter().filter_map(|file| fs_err::read_to_string(file).ok());
    texts.filter_map(|text| last_assignment(&text, name)).next_back()
}

/// The value that a file of plain `NAME="VALUE"` lines gives a name.
fn last_assignment(text: &str, name: &str) -> Option<String> {
    let value = |line: &str| {
        let line = line.trim();
        let (found, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
        (found.trim() == name).then(|| value.trim().trim_matches(['"', '\'']).to_owned())
    };
    text.lines().filter_map(value).next_back().filter(|value| !value.is_empty())
}

fn host_name(system: &System) -> Option<String> {
    let text = fs_err::read_to_string(system.path("/etc/hostname")).ok()?;
    text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned)
}

#[cfg(test)]
#[path = "keys/tests.rs"]
mod tests;
#[cfg(test)]
pub(super) use tests::framework as test_framework;
