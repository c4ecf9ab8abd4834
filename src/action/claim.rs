//! Keeps a dkms that a hook script calls apart from the steps that its caller does meanwhile on other modules.
//!
//! Such a nested dkms works under the lock of its ancestor, so the tree's lock does not part the two. Each step of the
//! ancestor holds a shared flock(2) on the folders that it works in, each nested step an exclusive one. What the calling
//! step itself is at, is refused before it comes to this ([`super::caller`]).

use std::fs::{File, TryLockError};
use std::io;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::action::Context;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::step::{Operation, Step};

/// How long a nested step waits for one of its ancestor: longer than nearly every build. Not for ever, as scripts of two
/// modules could wait for each other's.
const PATIENCE: Duration = Duration::from_secs(600);
const BETWEEN_TRIES: Duration = Duration::from_millis(100);

/// The folders of a step, held until dropped.
#[derive(Debug)]
pub(super) struct Claim {
    // Only their locks matter, which end with them.
    _folders: Vec<File>,
}

impl Claim {
    /// Claims what the step works in. Steps of one plan never meet here: those that would are not run together.
    ///
    /// # Errors
    ///
    /// A step of an ancestor keeps it for too long; a folder cannot be opened.
    pub(super) fn take(context: &Context<'_>, step: &Step) -> Result<Self> {
        let mut folders = Vec::new();
        for place in places(context, step) {
            let folder = match File::open(&place) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                opened => opened.map_err(|error| failed(step, error))?,
            };
            if context.lock.is_nested() {
                take_alone(&folder, step)?;
            } else {
                folder.lock_shared().map_err(|error| failed(step, error))?;
            }
            folders.push(folder);
        }
        Ok(Self { _folders: folders })
    }
}

/// `NAME/VERSION` stands for its one build folder, `NAME/VERSION/KVER` for the build and install of that kernel.
fn places(context: &Context<'_>, step: &Step) -> Vec<PathBuf> {
    let version = context.tree.layout().version(&step.module);
    let kernel = step.target.as_ref().map(|target| version.join(&target.kernel));
    match step.operation {
        // A POST_ADD script may well build the module that was just added; packing only reads.
        Operation::Add(_) | Operation::Adopt | Operation::RenewInitramfs | Operation::MakeTarball(_) => Vec::new(),
        Operation::Build | Operation::Unbuild | Operation::Forget => std::iter::once(version).chain(kernel).collect(),
        Operation::Install | Operation::Serve | Operation::Uninstall => kernel.into_iter().collect(),
    }
}

fn take_alone(folder: &File, step: &Step) -> Result<()> {
    let start = Instant::now();
    loop {
        match folder.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(failed(step, error)),
            Err(TryLockError::WouldBlock) if start.elapsed() < PATIENCE => sleep(BETWEEN_TRIES),
            Err(TryLockError::WouldBlock) => {
                let verb = step.operation.verb();
                let message = format!("cannot {verb} {}: the dkms that runs this script is at work on it", step.module);
                return Err(Error::new(Kind::LockTimeout, message)
                    .hint("let the script do this after that dkms has ended, or leave it to that dkms"));
            }
        }
    }
}

fn failed(step: &Step, error: io::Error) -> Error {
    Error::io(format!("cannot claim the folder of {}", step.module), error)
}
