//! What a package is called and what it needs, read from its file.

use std::io::BufReader;
use std::path::Path;

use rpm::PackageMetadata;

use super::control;
use super::error::RepositoryError;
use crate::package::Format;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Brief {
    pub(crate) name: String,
    /// With its revision or release.
    pub(crate) version: String,
    pub(crate) arch: String,
    /// Relations with commas, as Debian writes them.
    pub(crate) depends: String,
}

pub(crate) fn of(file: &Path, format: Format) -> Result<Brief, RepositoryError> {
    match format {
        Format::Rpm => of_rpm(file),
        Format::Deb | Format::Pac => of_deb(file),
    }
}

fn of_deb(file: &Path) -> Result<Brief, RepositoryError> {
    let paragraph = control::read(file)?;
    let text = |name: &str| paragraph.field_str(name).map(|text| text.trim().to_owned());
    let field = |name: &str| {
        let reason = || format!("its control file has no {name}");
        text(name).ok_or_else(|| RepositoryError::NoPackage { file: file.into(), reason: reason() })
    };
    Ok(Brief {
        name: field("Package")?,
        version: field("Version")?,
        arch: field("Architecture")?,
        depends: text("Depends").unwrap_or_default(),
    })
}

fn of_rpm(file: &Path) -> Result<Brief, RepositoryError> {
    let broken = |error: rpm::Error| RepositoryError::NoPackage { file: file.into(), reason: error.to_string() };
    let metadata = PackageMetadata::parse(&mut BufReader::new(fs_err::File::open(file)?)).map_err(broken)?;
    let is_exact = |flags: rpm::DependencyFlags| {
        flags.contains(rpm::DependencyFlags::EQUAL)
            && !flags.intersects(rpm::DependencyFlags::LESS | rpm::DependencyFlags::GREATER)
    };
    let requires = metadata.get_requires().map_err(broken)?.into_iter().map(|needed| match is_exact(needed.flags) {
        true => format!("{} (= {})", needed.name, needed.version),
        false => needed.name,
    });
    Ok(Brief {
        name: metadata.get_name().map_err(broken)?.to_owned(),
        version: format!("{}-{}", metadata.get_version().map_err(broken)?, metadata.get_release().map_err(broken)?),
        arch: metadata.get_arch().map_err(broken)?.to_owned(),
        depends: requires.collect::<Vec<_>>().join(", "),
    })
}
