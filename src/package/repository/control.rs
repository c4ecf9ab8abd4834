//! The control file inside a Debian package (deb(5), deb-control(5)).

use std::io::{self, BufReader, Read};
use std::path::Path;

use debian_packaging::control::{ControlParagraph, ControlParagraphReader};

use super::error::RepositoryError;
use crate::archive::compression;

/// Bytes that control.tar may have: maintainer scripts are small, and a small file can claim to be any size.
const LIMIT: u64 = 16 << 20;

/// Reads it without touching the package's payload.
pub(super) fn read(file: &Path) -> Result<ControlParagraph<'static>, RepositoryError> {
    let broken = |reason: String| RepositoryError::NoPackage { file: file.into(), reason };
    let mut archive = ar::Archive::new(BufReader::new(fs_err::File::open(file)?));
    while let Some(member) = archive.next_entry() {
        let member = member.map_err(|error| broken(error.to_string()))?;
        let name = String::from_utf8_lossy(member.header().identifier()).trim_end_matches('/').to_owned();
        match name.as_str() {
            "debian-binary" => {}
            "control.tar" | "control.tar.gz" | "control.tar.xz" | "control.tar.zst" => {
                return paragraph(member).map_err(|error| broken(format!("{name}: {error}")));
            }
            _ => return Err(broken(format!("{name} stands where control.tar is expected"))),
        }
    }
    Err(broken("it has no control.tar".to_owned()))
}

fn paragraph(member: impl Read) -> io::Result<ControlParagraph<'static>> {
    let mut packed = Vec::new();
    member.take(LIMIT).read_to_end(&mut packed)?;
    let mut tar = tar::Archive::new(compression::decoded(io::Cursor::new(packed))?.take(LIMIT));
    for entry in tar.entries()? {
        let entry = entry?;
        let path = entry.path()?.into_owned();
        if path.strip_prefix(".").unwrap_or(&path) == Path::new("control") {
            let mut paragraphs = ControlParagraphReader::new(BufReader::new(entry));
            let paragraph = paragraphs.next().ok_or_else(|| io::Error::other("its control file is empty"))?;
            return paragraph.map_err(io::Error::other);
        }
    }
    Err(io::Error::other("it has no control file"))
}
