//! Templates of a person's own, at the places of DKMS 2 and with its macros: a spec for `mkrpm` and `mkspec`, a debian folder
//! for `mkdeb` and `mkdsc`. What they say goes before what the source says; the command line goes before both.

mod condition;
pub(crate) mod debian;
mod expand;
pub(crate) mod spec;

use std::io;
use std::path::{Path, PathBuf};

use crate::ids::ModuleId;
use crate::package::description::extra::Extra;
use crate::package::description::wishes::Said;
use crate::package::words::relations::parse::RelationError;
use crate::package::words::relations::{Relation, Script};
use crate::sys::System;

/// Why a template cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TemplateError {
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A line of a spec.
    #[error("line {line} of {}: {reason}", .file.display())]
    Line {
        file: PathBuf,
        /// Counted from 1.
        line: usize,
        reason: String,
    },
    /// A file of a debian folder.
    #[error("{}: {reason}", .file.display())]
    File { file: PathBuf, reason: String },
    #[error("{}: {source}", .file.display())]
    Relation {
        file: PathBuf,
        /// What is wrong with it.
        source: RelationError,
    },
}

/// What a template says about a package.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    pub(crate) file: PathBuf,
    pub(crate) said: Said,
    /// What it needs and offers.
    pub(crate) relations: Vec<Relation>,
    pub(crate) scripts: Vec<Script>,
    /// Its copyright file (Debian).
    pub(crate) copyright: Option<String>,
    pub(crate) extras: Vec<Extra>,
    /// Parts that are not used.
    pub(crate) unused: Vec<String>,
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
