//! Our own program once more, for work that needs a process of its own: one whose mounts nobody else sees. Both have a folder in
//! which one leaves a job and the other what came of it.

use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::app::App;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::sys::leash::Leash;
use crate::sys::run::Output;
use crate::sys::{Command, Finished, System};
use crate::tree::TreeLock;

/// Where throw-away folders lie: kernel headers have 100 MB, and /tmp is memory on many machines.
const PLACE: &str = "/var/tmp";

/// The root that the other process is to work in, and the trees in it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ground {
    pub(crate) root: PathBuf,
    /// DKMS tree, source tree, install tree.
    pub(crate) trees: [PathBuf; 3],
}

impl Ground {
    pub(super) fn of(app: &App) -> Self {
        let framework = &app.framework;
        Self {
            root: app.system.root().to_path_buf(),
            trees: [&framework.dkms_tree, &framework.source_tree, &framework.install_tree].map(Clone::clone),
        }
    }
}

/// Where throw-away folders lie in this root.
pub(super) fn place(app: &App) -> PathBuf {
    let usual = app.system.path(PLACE);
    if usual.is_dir() { usual } else { app.system.path(&app.framework.tmp_location) }
}

/// Leaves something for the other process.
pub(super) fn leave(file: &Path, what: &impl Serialize) -> io::Result<()> {
    fs_err::write(file, serde_json::to_vec(what)?)
}

/// The job that the first process left in this file.
pub(super) fn job<T: DeserializeOwned>(file: &Path) -> Result<T> {
    let failed = |error| Error::io("the job cannot be read", error);
    let text = fs_err::read(file).map_err(failed)?;
    serde_json::from_slice(&text).map_err(|error| failed(error.into()))
}

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

/// What a process that has ended so left in this file.
pub(super) fn answer<T: DeserializeOwned>(file: &Path, finished: &Finished) -> Result<T> {
    let text = fs_err::read(file).map_err(|_| broke_off(finished.how()))?;
    serde_json::from_slice(&text).map_err(|error| broke_off(error.to_string()))
}

/// It ended without what it was to leave.
fn broke_off(why: String) -> Error {
    Error::new(Kind::Internal, format!("the process that does the work broke off: {why}"))
}
