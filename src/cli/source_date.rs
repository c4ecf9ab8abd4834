//! The date that packages and repositories bear when they have to come out the same each time.

use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::sys::System;

/// SOURCE_DATE_EPOCH (reproducible-builds.org/specs/source-date-epoch).
pub(super) fn source_date(system: &System) -> Result<Option<u64>> {
    let Some(value) = system.variable("SOURCE_DATE_EPOCH") else { return Ok(None) };
    let text = value.to_string_lossy();
    text.parse().map(Some).map_err(|_| {
        Error::new(Kind::BadOption, format!("SOURCE_DATE_EPOCH is `{text}`, not a number of seconds since 1970"))
    })
}
