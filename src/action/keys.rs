//! `generate_mok`: the signing key and its certificate.

use std::path::Path;

use serde::Serialize;

use crate::conf::Framework;
use crate::conf::signing::{self, KeyFiles};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::report::Reporter;
use crate::sys::System;
use crate::sys::fs::copy_atomically;
use crate::sys::rename::rename;
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
    let what = match ensured {
        Ensured::Present => "there already",
        Ensured::Made => "made",
        Ensured::Replaced => "made anew, for only one of them was there",
    };
    let key = without_pins(&files.key);
    reporter.note(format!("signing key {key} and certificate {}: {what}", files.certificate));
    if ensured != Ensured::Present {
        reporter.note(format!(
            "with Secure Boot, `dkms mok enroll` lets the machine trust it (certificate: {})",
            files.certificate
        ));
    }
    Ok(KeyPair { key, certificate: files.certificate, made: ensured != Ensured::Present })
}

/// A pair that is to take the place of the one that signs.
pub(crate) struct Next(KeyFiles);

impl Next {
    /// Its certificate, as a process inside the root names it.
    pub(crate) fn certificate(&self) -> &str {
        &self.0.certificate
    }
}

fn next_to(files: &KeyFiles) -> KeyFiles {
    let next = |file: &str| signing::next_to(Path::new(file)).to_string_lossy().into_owned();
    KeyFiles { key: next(&files.key), certificate: next(&files.certificate), maker: files.maker }
}

/// Where the certificate stays that was replaced.
pub(crate) fn old(files: &KeyFiles) -> String {
    format!("{}.old", files.certificate)
}

/// The pair that waits for its turn, if there is one.
pub(crate) fn waiting(files: &KeyFiles, system: &System) -> Option<Next> {
    let next = next_to(files);
    system.path(&next.certificate).is_file().then_some(Next(next))
}

/// The pair that waits; made where there is none.
pub(crate) fn next(files: &KeyFiles, system: &System) -> Result<Next> {
    let next = next_to(files);
    // A run that died while it replaced the pair has moved the certificate already.
    if !system.path(&next.certificate).is_file() && system.path(&next.key).is_file() {
        return Ok(Next(next));
    }
    next.ensure(system).map_err(|error| Error::new(Kind::InputOutput, "no other key can be made").caused_by(error))?;
    Ok(Next(next))
}

/// Puts the pair in place. The old key goes; its certificate stays beside the new one, since the firmware still knows it.
pub(crate) fn replace(files: &KeyFiles, next: &Next, system: &System) -> Result<()> {
    let moved = || -> std::io::Result<()> {
        let place = |file: &str| system.path(file);
        if place(&next.0.certificate).is_file() {
            copy_atomically(&place(&files.certificate), &place(&old(files)), 0o644)?;
            rename(&place(&next.0.certificate), &place(&files.certificate))?;
        }
        rename(&place(&next.0.key), &place(&files.key))
    };
    moved().map_err(|error| Error::io("the new key cannot be put in place", error))
}
