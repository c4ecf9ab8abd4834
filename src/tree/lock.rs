//! The one lock of the tree: an flock(2) on TREE/.lock, which is made once and never replaced or removed.

use std::io;
use std::time::Duration;

use super::{Layout, TreeWriter};

/// Who holds the lock, as written into the lock file by the holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// Start time of that process in clock ticks since boot (proc_pid_stat(5), field 22): tells a re-used pid.
    pub started: u64,
    /// Its command line, shortened.
    pub command: String,
}

/// Why the lock could not be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else kept it for the whole time.
    #[error("another dkms (process {}: {}) holds the lock {} since more than {} s", .holder.pid, .holder.command, .lock.display(), .waited.as_secs())]
    Timeout {
        /// Who.
        holder: Holder,
        /// The lock file.
        lock: std::path::PathBuf,
        /// How long this process waited.
        waited: Duration,
    },
    /// The tree cannot be written: not root, a read-only file system, a full disk.
    #[error("cannot lock the DKMS tree")]
    Unwritable(#[source] io::Error),
}

/// The lock, held until dropped. A process whose ancestor holds it (a hook script calling dkms) works under the
/// ancestor's lock: see [`TreeLock::TOKEN`].
#[derive(Debug)]
pub struct TreeLock {
    pub(super) layout: Layout,
    /// None when an ancestor holds it.
    pub(super) file: Option<std::fs::File>,
}

impl TreeLock {
    /// Environment variable that hands the holder's `PID:STARTTIME` to hook scripts and post-transaction commands.
    pub const TOKEN: &'static str = "DKMS_LOCK_HOLDER";

    /// Takes the lock, making the tree's folder if needed. Waits up to `timeout`; `waiting` is called once, when
    /// somebody else turns out to hold it. `token` is the value of [`TreeLock::TOKEN`] in this process' environment.
    pub fn acquire(
        _layout: &Layout,
        _timeout: Duration,
        _token: Option<&str>,
        _waiting: &mut dyn FnMut(&Holder),
    ) -> Result<Self, LockError> {
        todo!()
    }

    /// What a child must find in [`TreeLock::TOKEN`].
    pub fn token(&self) -> String {
        todo!()
    }

    /// The right to change the tree.
    pub fn writer(&self) -> TreeWriter<'_> {
        todo!()
    }
}
