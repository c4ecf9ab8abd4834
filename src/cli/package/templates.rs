//! Templates of a person's own: found, read, refused.

use std::path::PathBuf;

use super::Product;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::package::Format;
use crate::package::description::template;
use crate::package::description::template::{Template, TemplateError};
use crate::package::input::payload::Entry;
use crate::package::make::{PackageRequest, Prepared};
use crate::sys::System;

/// The template of a package that is written here.
pub(super) fn own(
    product: Product,
    request: &PackageRequest,
    prepared: &Prepared,
    system: &System,
) -> Result<Option<Template>> {
    let (format, is_recipe) = (request.format, request.recipe().is_some());
    let (source, module) = (&prepared.source.folder, &prepared.module);
    if is_recipe {
        return Ok(None);
    }
    let read = match (product, format) {
        // Their words are for the tool that reads the recipe.
        (Product::Spec | Product::Dsc, _) | (_, Format::Pac) => return Ok(None),
        (_, Format::Rpm) => {
            template::find_spec(source, module, system).map(|file| template::spec::read(&file, module, prepared.date))
        }
        (_, Format::Deb) => template::find_debian(source, module, system, false)
            .map(|folder| template::debian::read(&folder, source, module, prepared.date)),
    };
    read.transpose().map_err(refused)
}

/// The template of a spec, as it is.
pub(super) fn spec(prepared: &Prepared, system: &System) -> Result<Option<String>> {
    let file = template::find_spec(&prepared.source.folder, &prepared.module, system);
    let read = |file: PathBuf| fs_err::read(file).map(|text| String::from_utf8_lossy(&text).into_owned());
    file.map(read).transpose().map_err(|error| refused(error.into()))
}

/// The template of a debian folder, filled.
pub(super) fn debian(prepared: &Prepared, system: &System) -> Result<Vec<Entry>> {
    let folder = template::find_debian(&prepared.source.folder, &prepared.module, system, true);
    let read = |folder: PathBuf| template::debian::entries(&folder, &prepared.module, prepared.date);
    folder.map(read).transpose().map(Option::unwrap_or_default).map_err(refused)
}

fn refused(error: TemplateError) -> Error {
    let message = "the template cannot be used";
    match error {
        TemplateError::Io(cause) => Error::io(message, cause),
        error @ TemplateError::Line { .. } => Error::new(Kind::BadOption, message)
            .caused_by(error)
            .hint("`dkms mkspec` writes the spec and its sources for rpmbuild, which understands all of it"),
        error => Error::new(Kind::BadOption, message).caused_by(error),
    }
}
