//! A `.rpm` where a source is expected: rpm installs it, and what it brought is installed for the running kernel.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::report::Reporter;
use crate::sys::Output;

use crate::engine::app::App;

/// Installs the package. Its scripts may call dkms, so no lock is held meanwhile.
///
/// # Errors
///
/// [`Kind::RpmFailed`]
pub(crate) fn install(app: &App, file: &Path) -> Result<()> {
    app.reporter.note(format!("rpm installs {}", file.display()));
    let failed = || Error::new(Kind::RpmFailed, format!("rpm could not install {}", file.display()));
    let folder = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let command = app.system.command(&folder, "rpm").arg("-Uvh").arg(app.system.inside(file)).output(Output::Inherit);
    match app.system.run(&command) {
        Ok(finished) if finished.success() => Ok(()),
        Ok(finished) => {
            Err(failed().hint(format!("rpm ended with {}; what it printed above says why", finished.how())))
        }
        Err(error) => {
            Err(failed().caused_by(error).hint("is rpm installed? A source archive needs no package manager"))
        }
    }
}
