//! `repodata/` as dnf, yum and zypper read it: primary, filelists and other, each named by its digest, and repomd.xml, which
//! vouches for them. The format is the one that createrepo_c writes; its schema is in the sources of openSUSE's libzypp.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::RepositoryError;
use super::files::{Indices, Progress, earlier, plain_files};
use super::settings::Settings;
use super::yum_package::Described;
use crate::archive::stream::{Compression, Compressor};
use crate::sys::fs::{remove_tree, sync_tree, write_atomically};
use crate::sys::rename;

pub(super) const FOLDER: &str = "repodata";
const STAGED: &str = ".repodata.new";
const RESCUE: &str = ".repodata.old";

/// Writes the metadata beside the old ones; they appear by one rename, with the lists that the last run's index names.
pub(super) fn publish(
    folder: &Path,
    files: &[PathBuf],
    settings: &Settings<'_>,
    progress: &Progress<'_>,
) -> Result<(), RepositoryError> {
    let packages = described(files, progress)?;
    let (staged, place, rescue) = (folder.join(STAGED), folder.join(FOLDER), folder.join(RESCUE));
    rename::bring_back(&place, &rescue)?;
    remove_tree(&staged)?;
    fs_err::create_dir(&staged)?;
    let (repomd, names) = fill(&staged, &packages, settings.date)?;
    keep(&place, &staged, &names)?;
    if let Some(key) = settings.key {
        let signature = key.detached(repomd.as_bytes(), settings.date)?.armored();
        let signature = signature.map_err(|source| RepositoryError::Signature { folder: folder.into(), source })?;
        write_atomically(&staged.join("repomd.xml.asc"), 0o644, signature.as_bytes())?;
        write_atomically(&staged.join("repomd.xml.key"), 0o644, key.certificate()?.as_bytes())?;
    }
    sync_tree(&staged)?;
    rename::replace(&staged, &place, &rescue)?;
    Ok(remove_tree(&staged)?)
}

fn described(files: &[PathBuf], progress: &Progress<'_>) -> Result<Vec<Described>, RepositoryError> {
    let mut packages: Vec<Described> = Vec::new();
    for file in files {
        let package = Described::read(file)?;
        progress.read(file)?;
        if let Some((at, _)) = packages.iter().enumerate().find(|(_, known)| known.identity == package.identity) {
            let (first, second) = (files[at].clone(), file.clone());
            return Err(RepositoryError::Twice { first, second, package: package.identity });
        }
        packages.push(package);
    }
    Ok(packages)
}

/// Takes lists along that clients may still ask for.
fn keep(old: &Path, new: &Path, names: &[String]) -> io::Result<()> {
    let before = earlier(&old.join("repomd.xml"))?;
    let indices = Indices { before: &before, now: names };
    let is_list = |name: &String| name.ends_with(".xml.gz") && !names.contains(name);
    for name in plain_files(old)?.into_iter().filter(|name| is_list(name) && indices.keep(name)) {
        fs_err::copy(old.join(&name), new.join(&name))?;
    }
    Ok(())
}

/// The three lists and repomd.xml in this folder; gives the latter's text and the names of the lists.
fn fill(folder: &Path, packages: &[Described], date: u64) -> io::Result<(String, Vec<String>)> {
    type Part = fn(&Described) -> &str;
    let lists: [(&str, &str, Part); 3] = [
        (
            "primary",
            r#"metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm""#,
            |it| &it.primary,
        ),
        ("filelists", r#"filelists xmlns="http://linux.duke.edu/metadata/filelists""#, |it| &it.filelists),
        ("other", r#"otherdata xmlns="http://linux.duke.edu/metadata/other""#, |it| &it.other),
    ];
    let mut repomd = String::from(HEAD);
    repomd +=
        "<repomd xmlns=\"http://linux.duke.edu/metadata/repo\" xmlns:rpm=\"http://linux.duke.edu/metadata/rpm\">\n";
    repomd += &format!("  <revision>{date}</revision>\n");
    let mut names = Vec::new();
    for (kind, root, part) in lists {
        let mut text = format!("{HEAD}<{root} packages=\"{}\">\n", packages.len());
        packages.iter().for_each(|package| text += part(package));
        text += &format!("</{}>\n", root.split(' ').next().unwrap_or(root));
        let list = List::new(kind, &text)?;
        write_atomically(&folder.join(&list.name), 0o644, &list.packed)?;
        repomd += &list.entry(date);
        names.push(list.name);
    }
    repomd += "</repomd>\n";
    write_atomically(&folder.join("repomd.xml"), 0o644, repomd.as_bytes())?;
    Ok((repomd, names))
}

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// One list as repomd.xml tells of it.
struct List {
    kind: &'static str,
    /// With the digest in it, so that a client with an older repomd.xml never gets a newer list under the old name.
    name: String,
    packed: Vec<u8>,
    digest: String,
    open_digest: String,
    open_size: usize,
}

impl List {
    fn new(kind: &'static str, text: &str) -> io::Result<Self> {
        let mut compressor = Compressor::new(Compression::Gzip, Vec::new())?;
        compressor.write_all(text.as_bytes())?;
        let packed = compressor.finish()?;
        let digest = sha256(&packed);
        let (open_digest, open_size) = (sha256(text.as_bytes()), text.len());
        Ok(Self { kind, name: format!("{digest}-{kind}.xml.gz"), packed, digest, open_digest, open_size })
    }

    fn entry(&self, date: u64) -> String {
        let Self { kind, name, packed, digest, open_digest, open_size } = self;
        format!(
            "  <data type=\"{kind}\">\n    <checksum type=\"sha256\">{digest}</checksum>\n    \
             <open-checksum type=\"sha256\">{open_digest}</open-checksum>\n    <location href=\"{FOLDER}/{name}\"/>\n    \
             <timestamp>{date}</timestamp>\n    <size>{}</size>\n    <open-size>{open_size}</open-size>\n  </data>\n",
            packed.len()
        )
    }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
