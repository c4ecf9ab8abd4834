//! INT, TERM, HUP and QUIT while something is under way: what builds run is ended, and whoever works stops where nothing is
//! half done. A second signal ends us at once.

use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use super::groups;

const SIGNALS: [libc::c_int; 4] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT];
/// How long what builds run has to end by itself.
const GRACE: Duration = Duration::from_secs(3);

/// The first signal; 0 for none.
static RECEIVED: AtomicI32 = AtomicI32::new(0);
/// Where the handler says that one came; -1 before anybody listens.
static BELL: AtomicI32 = AtomicI32::new(-1);
static WATCHED: OnceLock<io::PipeWriter> = OnceLock::new();

/// A signal that asks us to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Signal(libc::c_int);

impl Signal {
    /// As people know it.
    pub(crate) fn name(self) -> &'static str {
        match self.0 {
            libc::SIGINT => "SIGINT",
            libc::SIGTERM => "SIGTERM",
            libc::SIGHUP => "SIGHUP",
            _ => "SIGQUIT",
        }
    }
}

/// The signal that asked us to stop, if one did since [`watch`].
pub(crate) fn received() -> Option<Signal> {
    Some(RECEIVED.load(Ordering::SeqCst)).filter(|signal| *signal != 0).map(Signal)
}

/// Whether signals are waited for: then only we decide what a terminal's Ctrl-C ends.
pub(crate) fn is_watched() -> bool {
    WATCHED.get().is_some()
}

/// From now on the four signals are noted instead of ending us. Those that the caller ignores stay ignored (nohup).
pub(crate) fn watch() -> io::Result<()> {
    if is_watched() {
        return Ok(());
    }
    let (mut reader, writer) = io::pipe()?;
    BELL.store(writer.as_raw_fd(), Ordering::SeqCst);
    if WATCHED.set(writer).is_err() {
        return Ok(());
    }
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        if reader.read_exact(&mut [0]).is_ok() {
            groups::tell_all(rustix::process::Signal::TERM);
            std::thread::sleep(GRACE);
            groups::tell_all(rustix::process::Signal::KILL);
        }
    })?;
    SIGNALS.into_iter().try_for_each(handle)
}

/// A file that grows beyond the limit of the caller's shell is an error with a path, and no reason to die half-way.
pub(crate) fn survive_file_size_limit() {
    // SAFETY: ignoring a signal runs no code of ours.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}

fn handle(signal: libc::c_int) -> io::Result<()> {
    let done = |code| if code == 0 { Ok(()) } else { Err(io::Error::last_os_error()) };
    // SAFETY: `sigaction` is a plain structure of the C library, for which all zeroes are a valid value; the handler does
    // only what signal-safety(7) allows.
    unsafe {
        let mut before: libc::sigaction = std::mem::zeroed();
        done(libc::sigaction(signal, std::ptr::null(), &mut before))?;
        if before.sa_sigaction == libc::SIG_IGN {
            return Ok(());
        }
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = note as extern "C" fn(libc::c_int) as libc::sighandler_t;
        action.sa_flags = libc::SA_RESTART;
        done(libc::sigaction(signal, &action, std::ptr::null_mut()))
    }
}

extern "C" fn note(signal: libc::c_int) {
    // SAFETY: write, signal and raise are among the functions that a handler may call (signal-safety(7)); errno is put back.
    unsafe {
        let errno = *libc::__errno_location();
        if RECEIVED.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            libc::write(BELL.load(Ordering::SeqCst), [0_u8].as_ptr().cast(), 1);
        } else {
            libc::signal(signal, libc::SIG_DFL);
            libc::raise(signal);
        }
        *libc::__errno_location() = errno;
    }
}
