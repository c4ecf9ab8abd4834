//! What a build starts must not outlive us: two compilers of two runs in one folder make a module of two sources.
//!
//! Three nets, one below the other. All that builds run is in one process group, which the signals of [`super::interrupt`]
//! end. A warden leads the group: a shell that waits for the end of a pipe whose other end only we hold, and ends the group
//! however we die. And each of them inherits the descriptor of the lock, so that the lock is free only when none is left.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustix::io::{FdFlags, fcntl_dupfd_cloexec};
use rustix::process::{Pid, Signal};

use super::{groups, interrupt};

/// Scripts give their own files the numbers below.
const FIRST_DESCRIPTOR: RawFd = 100;

/// The end of its input says that we are gone. Only KILL ends it before.
const WARDEN: &str = "trap '' INT TERM HUP QUIT; read -r end; kill -KILL 0";

/// Holds what builds start; whatever of it is left ends with the last copy of the leash, or with [`Leash::end`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Leash {
    held: Arc<Held>,
}

#[derive(Debug, Default)]
struct Held {
    /// A descriptor of the lock.
    lock: Option<OwnedFd>,
    warden: OnceLock<Option<Mutex<Warden>>>,
}

#[derive(Debug)]
struct Warden {
    shell: Child,
    group: Pid,
    /// Its other end is the warden's input.
    _alive: Option<ChildStdin>,
}

impl Leash {
    /// Those on it keep this file's lock as long as one of them lives.
    pub(crate) fn new(lock: &File) -> io::Result<Self> {
        let lock = Some(fcntl_dupfd_cloexec(lock, FIRST_DESCRIPTOR)?);
        Ok(Self { held: Arc::new(Held { lock, warden: OnceLock::new() }) })
    }

    /// Puts a program that is about to be started on the leash. Without a shell to watch over it, it has the lock only.
    pub(super) fn hold(&self, command: &mut std::process::Command) {
        if let Some(group) = self.group() {
            command.process_group(group.as_raw_nonzero().get());
        }
        let lock = self.held.lock.as_ref().map(AsRawFd::as_raw_fd);
        // SAFETY: both are plain system calls, which the child of a process with threads may make before it runs its program;
        // the descriptor is open as long as `self`, and with it in the child.
        unsafe {
            command.pre_exec(move || {
                rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
                if let Some(lock) = lock {
                    rustix::io::fcntl_setfd(rustix::fd::BorrowedFd::borrow_raw(lock), FdFlags::empty())?;
                }
                Ok(())
            });
        }
    }

    /// Ends what was started a moment after a signal had ended the others.
    pub(super) fn catch_up(&self) {
        if interrupt::received().is_some()
            && let Some(group) = self.group()
        {
            groups::tell(group, Signal::TERM);
        }
    }

    /// Ends all that is left on it.
    pub(crate) fn end(&self) {
        self.held.end();
    }

    fn group(&self) -> Option<Pid> {
        let warden = self.held.warden.get_or_init(|| Warden::start().ok().map(Mutex::new));
        Some(warden.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner).group)
    }
}

impl Held {
    fn end(&self) {
        if let Some(Some(warden)) = self.warden.get() {
            warden.lock().unwrap_or_else(PoisonError::into_inner).end();
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.end();
    }
}

impl Warden {
    fn start() -> io::Result<Self> {
        let mut command = std::process::Command::new("/bin/sh");
        command.args(["-c", WARDEN]).env_clear().current_dir("/").process_group(0);
        let mut shell = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let group = Pid::from_child(&shell);
        groups::add(group);
        let alive = shell.stdin.take();
        Ok(Self { shell, group, _alive: alive })
    }

    fn end(&mut self) {
        if groups::end(self.group) {
            // It was killed: its end says nothing.
            drop(self.shell.wait());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::run::HostRunner;
    use crate::sys::{Command, Runner};
    use std::fs::TryLockError;
    use std::time::{Duration, Instant};

    fn becomes(what: &str, is_so: impl Fn() -> bool) {
        let begin = Instant::now();
        while !is_so() {
            assert!(begin.elapsed() < Duration::from_secs(10), "it never became so: {what}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn is_free(file: &std::path::Path) -> bool {
        !matches!(File::open(file).unwrap().try_lock(), Err(TryLockError::WouldBlock))
    }

    #[test]
    fn what_a_build_leaves_behind_ends_with_the_leash_and_then_the_lock_is_free() {
        let lock = tempfile::NamedTempFile::new().unwrap();
        let held = File::open(lock.path()).unwrap();
        held.try_lock().unwrap();
        let leash = Leash::new(&held).unwrap();
        drop(held);
        let line = "sleep 900 >/dev/null 2>&1 & echo $!; sh -c 'setsid sleep 1 >/dev/null 2>&1 &'";
        let finished = HostRunner.run(&Command::new("sh").args(["-c", line]).leashed(leash.clone())).unwrap();
        let child: u32 = finished.text().trim().parse().unwrap();
        assert!(!is_free(lock.path()), "a child has it");
        // Who has ended and is not asked for is a zombie.
        let stat = || fs_err::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        let runs = || !stat().is_empty() && !stat().contains(") Z ");
        assert!(runs());
        drop(leash);
        becomes("the child is gone", || !runs());
        becomes("who left the group has gone, too", || is_free(lock.path()));
    }
}
