//! Making a kernel's initramfs anew.

use crate::action::Context;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::Target;
use crate::kernel::initramfs::{self, Initramfs};
use crate::tree::TreeLock;

/// How many lines of what the maker said are kept: the last ones tell why it gave up.
const LAST_LINES: usize = 5;

/// Runs what makes it, and what makes a unified image of that unless the first did. Hooks of theirs may call us: they
/// work under our lock.
pub(super) fn renew(context: &Context<'_>, target: &Target) -> Result<()> {
    let kernel = &target.kernel;
    let found = initramfs::find(context.system, kernel).ok_or_else(|| failed(target, "it has gone".to_owned()))?;
    let before = initramfs::unified_of(context.system, kernel, &found).and_then(|unified| unified.made(context.system));
    make(context, target, &found)?;
    match initramfs::unified_of(context.system, kernel, &found) {
        Some(unified) if unified.made(context.system) == before => make(context, target, &unified),
        _ => Ok(()),
    }
}

fn failed(target: &Target, how: String) -> Error {
    let kernel = &target.kernel;
    Error::new(Kind::InitramfsFailed, format!("the initramfs of kernel {kernel} was not made anew: {how}"))
}

fn make(context: &Context<'_>, target: &Target, image: &Initramfs) -> Result<()> {
    let command = image.making(context.system, &target.kernel).env(TreeLock::TOKEN, context.lock.token());
    let line = command.line();
    let finished = context
        .system
        .run(&command)
        .map_err(|error| failed(target, format!("`{line}` did not run")).caused_by(error))?;
    if finished.success() {
        return Ok(());
    }
    let said = finished.error_text();
    let lines: Vec<&str> = said.lines().collect();
    let error = failed(target, format!("`{line}` ended with {}", finished.how()));
    let error = if lines.is_empty() {
        error
    } else {
        error.caused_by(lines[lines.len().saturating_sub(LAST_LINES)..].join("; "))
    };
    Err(error.hint("find out why it fails; the next event tries it again, and so does `dkms reconcile`"))
}
