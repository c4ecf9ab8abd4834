//! `generate_mok`: the machine owner's key, made before the first build needs it.

use super::keys::{Ensured, KeyError, KeyFiles};
use crate::conf::Framework;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::report::Reporter;
use crate::sys::System;
use crate::tree::Tree;

/// Makes the signing key and its certificate if either is missing, and says where the certificate is.
///
/// # Errors
///
/// They are missing and could not be made, or are not ours to make.
pub fn generate_mok(system: &System, framework: &Framework, tree: &Tree, reporter: &dyn Reporter) -> Result<()> {
    let files = KeyFiles::locate(system, framework, tree.layout(), system.running_kernel());
    let certificate = &files.certificate;
    match files.ensure(system) {
        Ok(Ensured::Present) => {
            reporter.note(format!("there is a signing key already; its certificate is {certificate}"))
        }
        Ok(Ensured::Made) => {
            reporter.note(format!("a signing key was made; its certificate is {certificate}"));
            reporter.note(format!("with Secure Boot, enrol it by `mokutil --import {certificate}`"));
        }
        Err(error) => return Err(failed(error)),
    }
    Ok(())
}

fn failed(error: KeyError) -> Error {
    let message = "no signing key could be made";
    match error {
        KeyError::Unwritable(error) => Error::io(message, error),
        other => Error::new(Kind::InputOutput, message)
            .caused_by(other)
            .hint("see mok_signing_key and mok_certificate in /etc/dkms/framework.conf"),
    }
}
