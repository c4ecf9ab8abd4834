//! A flat repository of apt: Packages, its compressed forms, and Release, which vouches for them (the format is that of
//! wiki.debian.org/DebianRepository/Format; the signatures' places are those of apt-secure(8)).

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use md5::Md5;
use sha2::{Digest, Sha256};

use super::control;
use super::error::RepositoryError;
use super::files::{Indices, Progress, earlier, name, plain_files, remove};
use super::settings::Settings;
use crate::archive::stream::{Compression, Compressor};
use crate::package::io::digest::{md5, sha256};
use crate::package::words::date;
use crate::sys::fs::write_atomically;

/// The folder with copies of the lists under the names of their digests (Acquire-By-Hash in Release).
pub(super) const BY_HASH: &str = "by-hash";

/// Writes the metadata: the lists first, under all their names, then what vouches for them. Copies that the last run made
/// stay until the next change.
pub(super) fn publish(
    folder: &Path,
    files: &[PathBuf],
    settings: &Settings<'_>,
    progress: &Progress<'_>,
) -> Result<(), RepositoryError> {
    let mut stanzas = String::new();
    let mut architectures = BTreeSet::new();
    let mut seen: BTreeMap<String, &Path> = BTreeMap::new();
    for file in files {
        let stanza = Stanza::read(file)?;
        progress.read(file)?;
        if let Some(first) = seen.insert(stanza.identity.clone(), file) {
            let (first, second) = (first.to_path_buf(), file.clone());
            return Err(RepositoryError::Twice { first, second, package: stanza.identity });
        }
        architectures.insert(stanza.architecture.clone());
        stanzas += &stanza.text;
        stanzas.push('\n');
    }
    let lists = [
        ("Packages", stanzas.clone().into_bytes()),
        ("Packages.gz", compressed(Compression::Gzip, &stanzas)?),
        ("Packages.xz", compressed(Compression::Xz, &stanzas)?),
    ];
    let release = release(&lists, &architectures, settings);
    let copies = folder.join(BY_HASH).join("SHA256");
    fs_err::create_dir_all(&copies)?;
    let now: Vec<String> = lists.iter().map(|(_, bytes)| hexadecimal::<Sha256>(bytes)).collect();
    let before = earlier(&folder.join("Release"))?;
    for (digest, (name, bytes)) in now.iter().zip(&lists) {
        write_atomically(&copies.join(digest), 0o644, bytes)?;
        write_atomically(&folder.join(name), 0o644, bytes)?;
    }
    sign(folder, &release, settings)?;
    write_atomically(&folder.join("Release"), 0o644, release.as_bytes())?;
    let indices = Indices { before: &before, now: &now };
    for name in plain_files(&copies)?.into_iter().filter(|name| !indices.keep(name)) {
        remove(&copies.join(name))?;
    }
    Ok(())
}

/// Release with its signatures; those of an earlier run, which would not fit any more, go when nothing signs.
fn sign(folder: &Path, release: &str, settings: &Settings<'_>) -> Result<(), RepositoryError> {
    let (inline, detached) = (folder.join("InRelease"), folder.join("Release.gpg"));
    let Some(key) = settings.key else {
        remove(&inline)?;
        return Ok(remove(&detached)?);
    };
    let signature = key.detached(release.as_bytes(), settings.date)?;
    let armored = signature.armored().map_err(|source| RepositoryError::Signature { folder: folder.into(), source })?;
    write_atomically(&inline, 0o644, key.clear_signed(release, settings.date)?.as_bytes())?;
    Ok(write_atomically(&detached, 0o644, armored.as_bytes())?)
}

/// What Packages says of one package.
struct Stanza {
    identity: String,
    architecture: String,
    text: String,
}

impl Stanza {
    fn read(file: &Path) -> Result<Self, RepositoryError> {
        let paragraph = control::read(file)?;
        let field = |name: &str| {
            let value = paragraph.field_str(name).map(str::trim).filter(|value| !value.is_empty());
            let reason = || format!("its control file has no {name}");
            value.map(str::to_owned).ok_or_else(|| RepositoryError::NoPackage { file: file.into(), reason: reason() })
        };
        let architecture = field("Architecture")?;
        let identity = format!("{} {} ({architecture})", field("Package")?, field("Version")?);
        let mut text = Vec::new();
        paragraph.write(&mut text)?;
        let mut text = String::from_utf8_lossy(&text).trim_end().to_owned();
        text += &format!("\nFilename: ./{}\n{}", name(file)?, digests(file)?);
        Ok(Self { identity, architecture, text })
    }
}

/// Size and digests of a package as lines.
fn digests(file: &Path) -> io::Result<String> {
    let mut stream = md5(sha256(fs_err::File::open(file)?));
    io::copy(&mut stream, &mut io::sink())?;
    let (inner, md5, size) = stream.finish();
    let (_, sha256, _) = inner.finish();
    Ok(format!("Size: {size}\nMD5sum: {md5}\nSHA256: {sha256}\n"))
}

fn compressed(compression: Compression, text: &str) -> io::Result<Vec<u8>> {
    let mut compressor = Compressor::new(compression, Vec::new())?;
    compressor.write_all(text.as_bytes())?;
    compressor.finish()
}

fn release(lists: &[(&str, Vec<u8>)], architectures: &BTreeSet<String>, settings: &Settings<'_>) -> String {
    let architectures: Vec<&str> = architectures.iter().map(String::as_str).collect();
    let mut text = format!("Origin: {0}\nLabel: {0}\n", settings.origin);
    // apt takes "+0000" only from release 1.9 on.
    text += &format!("Date: {}\n", date::rfc5322(settings.date).replace("+0000", "UTC"));
    text += &format!("Architectures: {}\nAcquire-By-Hash: yes\n", architectures.join(" "));
    for (field, digest) in [("MD5Sum", hexadecimal::<Md5> as fn(&[u8]) -> String), ("SHA256", hexadecimal::<Sha256>)] {
        text += &format!("{field}:\n");
        for (name, bytes) in lists {
            text += &format!(" {} {:>10} {name}\n", digest(bytes), bytes.len());
        }
    }
    text
}

fn hexadecimal<D: Digest>(bytes: &[u8]) -> String {
    D::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
