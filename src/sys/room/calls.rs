//! System calls as Rust has them.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What a system call answered, as Rust has it.
pub(super) fn check(answer: libc::c_int) -> io::Result<()> {
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

pub(super) fn told(what: &str, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}

/// Paths as C has them.
pub(super) fn c_path(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| io::Error::other(format!("{} holds a NUL", path.display())))
}

/// Another root becomes this process' own.
pub(super) fn change_root(root: &Path) -> io::Result<()> {
    if root == Path::new("/") {
        return Ok(());
    }
    rustix::process::chroot(root).map_err(|error| told("its root cannot be entered", error.into()))?;
    std::env::set_current_dir("/")
}
