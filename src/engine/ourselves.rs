//! Our own program once more, for work that needs a process of its own: one whose mounts nobody else sees.

use std::path::Path;

use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::sys::leash::Leash;
use crate::sys::run::Output;
use crate::sys::{Command, Finished, System};
use crate::tree::TreeLock;

/// Runs a hidden action whose one word is the folder with its job; what it says goes where the system's programs write.
pub(super) fn run(system: &System, action: &str, folder: &Path) -> Result<Finished> {
    let program = std::env::current_exe().map_err(|error| Error::io("our own program cannot be found", error))?;
    let command = Command::new(program)
        .arg(action)
        .arg(folder)
        .env_remove(TreeLock::TOKEN)
        .output(Output::Inherit)
        .leashed(Leash::default());
    system.run(&command).map_err(|error| broke_off(error.to_string()))
}

/// It ended without what it was to leave.
pub(super) fn broke_off(why: String) -> Error {
    Error::new(Kind::Internal, format!("the process that does the work broke off: {why}"))
}
