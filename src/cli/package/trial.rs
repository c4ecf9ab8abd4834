//! `mkconf --try -k KERNEL`: one build with the file that was written, in a place that is thrown away. The one thing here that
//! runs code of the source, and only where a person types it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::ModuleId;
use crate::package::input::payload::Payload;
use crate::sys::System;
use crate::sys::run::Command;

/// What is built, and where.
pub(super) struct Trial<'a> {
    pub(super) module: &'a ModuleId,
    pub(super) payload: &'a Payload,
    pub(super) conf: &'a str,
    pub(super) kernel: &'a str,
    pub(super) temporary: &'a Path,
    pub(super) system: &'a System,
}

/// Builds with this very program. The sentence says for which kernel it works.
///
/// # Errors
///
/// With what the build said, if it does not.
pub(super) fn run(trial: &Trial<'_>) -> Result<String> {
    let io = |error| Error::io("cannot prepare the trial build", error);
    let place = tempfile::Builder::new().prefix("dkms-try-").tempdir_in(trial.temporary).map_err(io)?;
    // The build's own user reads the source.
    fs_err::set_permissions(place.path(), std::fs::Permissions::from_mode(0o755)).map_err(io)?;
    let (sources, tree) = (place.path().join("src"), place.path().join("tree"));
    let own = sources.join(trial.module.source_folder());
    write(trial, &own).map_err(io)?;
    fs_err::create_dir_all(&tree).map_err(io)?;
    let program = std::env::current_exe().map_err(|error| Error::io("cannot find this program", error))?;
    let words = ["build", &trial.module.to_string(), "-k", trial.kernel].map(str::to_owned);
    let command = Command::new(program).args(words).arg("--dkmstree").arg(&tree).arg("--sourcetree").arg(&sources);
    let result = trial
        .system
        .run(&command)
        .map_err(|error| Error::new(Kind::Internal, "the trial build cannot be started").caused_by(error))?;
    if result.success() {
        return Ok(format!("{} builds for {} with this dkms.conf", trial.module, trial.kernel));
    }
    // What speaks of the place speaks of what is gone by now.
    let gone = place.path().display().to_string();
    let texts = [result.text(), result.error_text()];
    let told: Vec<String> = texts.iter().flat_map(|text| text.lines()).map(str::to_owned).collect();
    let told: Vec<String> = told.into_iter().filter(|line| !line.contains(&gone)).collect();
    let last = told[told.len().saturating_sub(20)..].join("\n  ");
    let message = format!("{} does not build for {} with this dkms.conf:\n  {last}", trial.module, trial.kernel);
    Err(Error::new(Kind::LintFailed, message))
}

/// The source with its new dkms.conf.
fn write(trial: &Trial<'_>, folder: &Path) -> std::io::Result<()> {
    trial.payload.write(folder)?;
    fs_err::write(folder.join("dkms.conf"), trial.conf)
}
