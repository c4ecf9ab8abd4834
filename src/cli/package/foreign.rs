//! Recipes of other ecosystems.

use crate::conf::Framework;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::package::format::recipe;
use crate::package::input::payload::Content;
use crate::package::make::{Made, PackageRequest, Prepared};
use crate::package::module::instructions;
use crate::sys::System;

/// Makes one; what dkms.conf says is read as it is packaged.
pub(super) fn make(
    prepared: &Prepared,
    request: &PackageRequest,
    (system, framework): (&System, &Framework),
) -> Result<Made> {
    let Some(recipe) = request.recipe() else { return Err(Error::new(Kind::Internal, "there is no recipe")) };
    let failed = |error| Error::io("cannot read dkms.conf", error);
    let folder = tempfile::tempdir_in(system.path(&framework.tmp_location)).map_err(failed)?;
    let file = match prepared.payload.find("dkms.conf").map(|file| &file.content) {
        Some(Content::Disk(path)) => path.clone(),
        Some(Content::Bytes(bytes)) => {
            let file = folder.path().join("dkms.conf");
            fs_err::write(&file, bytes).map_err(failed)?;
            file
        }
        None => return Err(Error::new(Kind::ConfMissing, "the source has no dkms.conf")),
    };
    let instructions = instructions::read(system, framework, &file, &prepared.module)?;
    recipe::foreign(prepared, request, recipe, &instructions)
}
