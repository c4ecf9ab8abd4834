//! The process groups that a signal for us ends as well.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};

static GROUPS: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

fn all() -> MutexGuard<'static, Vec<Pid>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// To be called before anything but its leader is in it.
pub(super) fn add(group: Pid) {
    all().push(group);
}

/// Ends a group for good; false when that was done before. Its number cannot be another's before its leader was waited for.
pub(super) fn end(group: Pid) -> bool {
    let mut groups = all();
    let Some(at) = groups.iter().position(|known| *known == group) else { return false };
    tell(group, Signal::KILL);
    groups.swap_remove(at);
    true
}

/// Sends a signal to every group.
pub(super) fn tell_all(signal: Signal) {
    all().iter().for_each(|group| tell(*group, signal));
}

/// Who is gone needs no signal.
pub(super) fn tell(group: Pid, signal: Signal) {
    if let Err(error) = kill_process_group(group, signal) {
        debug_assert_eq!(error, rustix::io::Errno::SRCH);
    }
}
