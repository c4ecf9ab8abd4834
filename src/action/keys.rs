//! `generate_mok`: the signing key and its certificate.

use serde::Serialize;

use crate::conf::Framework;
use crate::conf::signing::KeyFiles;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::report::Reporter;
use crate::sys::System;
use crate::tree::Layout;

use crate::action::compile::keys::{Ensured, without_pins};

/// The key and the certificate that sign modules, as a process inside the root names them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct KeyPair {
    pub(crate) key: String,
    pub(crate) certificate: String,
    /// Just now; else they were there.
    pub(crate) made: bool,
}

/// Makes the key and the certificate that sign modules, unless both are there, and says where they are.
pub(crate) fn ensure(
    system: &System,
    framework: &Framework,
    layout: &Layout,
    reporter: &dyn Reporter,
) -> Result<KeyPair> {
    let files = KeyFiles::locate(system, framework, layout, system.running_kernel());
    let ensured = files.ensure(system).map_err(|error| {
        Error::new(Kind::InputOutput, "there is no signing key, and none can be made").caused_by(error)
    })?;
    let what = if ensured == Ensured::Made { "made" } else { "there already" };
    let key = without_pins(&files.key);
    reporter.note(format!("signing key {key} and certificate {}: {what}", files.certificate));
    if ensured == Ensured::Made {
        reporter.note(format!("to let Secure Boot accept it, enrol it: mokutil --import {}", files.certificate));
    }
    Ok(KeyPair { key, certificate: files.certificate, made: ensured == Ensured::Made })
}
