//! Kernels and modules that a person named, which must be among those that can be tried.

use std::collections::BTreeSet;

use crate::engine::app::App;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::near::nearest;
use crate::ids::{KernelRelease, Target};

use super::Asked;
use super::cargo::Cargo;

/// # Errors
///
/// [`Kind::HeadersMissing`], [`Kind::NotInTree`]: one of them is not there. The error names those that are.
pub(super) fn check(app: &App, asked: &Asked, cargo: &Cargo, kernels: &[&Target]) -> Result<()> {
    // What could not be read may hold it, and is told.
    if !cargo.unread.is_empty() {
        return Ok(());
    }
    kernels_are_there(asked, kernels)?;
    modules_are_there(app, asked, cargo)
}

fn kernels_are_there(asked: &Asked, kernels: &[&Target]) -> Result<()> {
    let there: BTreeSet<&str> = kernels.iter().map(|target| target.kernel.as_str()).collect();
    let is_missing = |kernel: &&KernelRelease| !there.contains(kernel.as_str());
    let Some(missing) = asked.kernels.iter().find(is_missing) else { return Ok(()) };
    let place = if asked.is_of_machine() { "on this machine" } else { "in what was named" };
    let error = Error::new(Kind::HeadersMissing, format!("there are no headers of kernel {missing} {place}"));
    Err(error.hint(found("there are those of", &there, missing.as_str()).unwrap_or_else(
        || match asked.is_of_machine() {
            true => "name the packages that bring them: `dkms preflight PACKAGE-FILE...`".to_owned(),
            false => "`dkms preflight --headers FOLDER -k KERNEL` takes a folder of headers".to_owned(),
        },
    )))
}

fn modules_are_there(app: &App, asked: &Asked, cargo: &Cargo) -> Result<()> {
    if asked.modules.is_empty() {
        return Ok(());
    }
    let registered = app.tree.modules().map_err(|error| Error::io("cannot read the DKMS tree", error))?;
    let all = registered.iter().map(|entry| &entry.id).chain(cargo.sources.iter().map(|(id, _)| id));
    let there: BTreeSet<&str> = all.map(|id| id.name.as_str()).collect();
    let Some(missing) = asked.modules.iter().find(|name| !there.contains(name.as_str())) else { return Ok(()) };
    let error = Error::new(Kind::NotInTree, format!("{missing} is not in the DKMS tree, and no package brings it"));
    Err(match found("there are", &there, missing.as_str()) {
        Some(hint) => error.hint(hint),
        None => error.hint("no module is in the tree; `dkms add` registers one"),
    })
}

/// What there is, the one first that was perhaps meant.
fn found(words: &str, there: &BTreeSet<&str>, given: &str) -> Option<String> {
    let all: Vec<&str> = there.iter().copied().collect();
    let meant = nearest(given, &all).map(|near| format!("did you mean {near}? ")).unwrap_or_default();
    (!all.is_empty()).then(|| format!("{meant}{words} {}", all.join(", ")))
}
