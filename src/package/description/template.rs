//! Templates of a person's own, at the places of DKMS 2 and with its macros: a spec for `mkrpm` and `mkspec`, a debian folder
//! for `mkdeb` and `mkdsc`. What they say goes before what the source says; the command line goes before both.

mod condition;
pub(crate) mod debian;
mod expand;
pub(crate) mod spec;

use std::io;
use std::path::{Path, PathBuf};

use crate::ids::ModuleId;
use crate::package::Format;
use crate::package::description::changelog;
use crate::package::description::contents::Extra;
use crate::package::description::info::{PackageInfo, Wishes};
use crate::package::words::relations::{Kind, Relation, RelationError, Script};
use crate::sys::System;

/// Why a template cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TemplateError {
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A line of a spec.
    #[error("line {line} of {}: {reason}", .file.display())]
    Line {
        /// The spec.
        file: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A file of a debian folder.
    #[error("{}: {reason}", .file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
    #[error("{}: {source}", .file.display())]
    Relation {
        /// The template.
        file: PathBuf,
        /// What is wrong with it.
        source: RelationError,
    },
}

/// What a template says about a package.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    pub(crate) file: PathBuf,
    pub(crate) package_name: Option<String>,
    /// Its version, if it is not the module's.
    pub(crate) package_version: Option<String>,
    pub(crate) epoch: Option<u32>,
    pub(crate) release: Option<String>,
    pub(crate) architecture: Option<String>,
    pub(crate) summary: Option<String>,
    /// Paragraphs, an empty line between them.
    pub(crate) description: Option<String>,
    pub(crate) license: Option<String>,
    pub(crate) maintainer: Option<String>,
    pub(crate) vendor: Option<String>,
    pub(crate) url: Option<String>,
    /// What it needs and offers.
    pub(crate) relations: Vec<Relation>,
    pub(crate) scripts: Vec<Script>,
    pub(crate) changelog: Option<String>,
    /// Its copyright file (Debian).
    pub(crate) copyright: Option<String>,
    pub(crate) extras: Vec<Extra>,
    /// Parts that are not used.
    pub(crate) unused: Vec<String>,
}

impl Template {
    /// What is set about the package: by a person, else by the template.
    #[must_use]
    pub(crate) fn complete(&self, wishes: &Wishes, module: &ModuleId) -> Wishes {
        let or = |wish: &Option<String>, own: &Option<String>| wish.clone().or_else(|| own.clone());
        // The module's own version is mapped to what the format allows, like without a template.
        let version = self.package_version.clone().filter(|version| version != module.version.as_str());
        let entries = self.changelog.as_deref().and_then(|text| changelog::parse(text).ok());
        Wishes {
            package_name: or(&wishes.package_name, &self.package_name),
            package_version: or(&wishes.package_version, &version),
            epoch: wishes.epoch.or(self.epoch),
            release: or(&wishes.release, &self.release),
            architecture: or(&wishes.architecture, &self.architecture),
            summary: or(&wishes.summary, &self.summary),
            description: or(&wishes.description, &self.description),
            license: or(&wishes.license, &self.license),
            maintainer: or(&wishes.maintainer, &self.maintainer),
            vendor: or(&wishes.vendor, &self.vendor),
            url: or(&wishes.url, &self.url),
            changelog: if wishes.changelog.is_empty() { entries.unwrap_or_default() } else { wishes.changelog.clone() },
            ..wishes.clone()
        }
    }

    /// Puts relations, scripts and files in place of the usual ones. The rest of a template has gone into the wishes.
    pub(crate) fn apply(&self, info: &mut PackageInfo, wished: Vec<Relation>) {
        info.relations.clone_from(&self.relations);
        info.relations.extend(wished);
        if info.format == Format::Rpm && !self.scripts.is_empty() {
            info.relations.push(Relation::any(Kind::Requires, "/bin/sh"));
        }
        info.scripts.clone_from(&self.scripts);
        info.extras.extend(self.extras.iter().cloned());
        info.copyright.clone_from(&self.copyright);
    }
}

/// The spec template: `NAME-dkms-mkrpm.spec` of the source, else `/etc/dkms/template-dkms-mkrpm.spec`.
pub(crate) fn find_spec(source: &Path, module: &ModuleId, system: &System) -> Option<PathBuf> {
    let own = source.join(format!("{}-dkms-mkrpm.spec", module.name.as_str()));
    [own, system.path("/etc/dkms/template-dkms-mkrpm.spec")].into_iter().find(|file| is_plain_file(file))
}

/// The debian template: the folder `NAME-dkms-mkdeb` of the source, else `/etc/dkms/template-dkms-mkdeb`; for a source
/// package (`mkdsc`) those of that name first. What counts is the folder debian in it, if there is one.
pub(crate) fn find_debian(source: &Path, module: &ModuleId, system: &System, for_dsc: bool) -> Option<PathBuf> {
    let verbs = if for_dsc { vec!["mkdsc", "mkdeb"] } else { vec!["mkdeb"] };
    let own = verbs.iter().map(|verb| source.join(format!("{}-dkms-{verb}", module.name.as_str())));
    let general = verbs.iter().map(|verb| system.path(format!("/etc/dkms/template-dkms-{verb}")));
    let folder = own.chain(general).find(|folder| folder.is_dir() && !folder.is_symlink())?;
    let inner = folder.join("debian");
    Some(if inner.is_dir() && !inner.is_symlink() { inner } else { folder })
}

/// A link in a source could lead to any file of this machine.
fn is_plain_file(file: &Path) -> bool {
    fs_err::symlink_metadata(file).is_ok_and(|meta| meta.is_file())
}
