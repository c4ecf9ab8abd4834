//! Who the program is, and how much it may use.

use std::io;

use super::calls::check;
use super::description::{Limits, Room, Terminal};

/// Gives up what root has. Order matters: limits while they may be raised, groups before the user, the death signal last,
/// since a change of user clears it (prctl(2)).
pub(super) fn become_user(room: &Room) -> io::Result<()> {
    limit(&room.limits)?;
    let user = room.user as libc::uid_t;
    // SAFETY: plain calls of this single-threaded process; the list of groups is empty.
    unsafe {
        libc::umask(0o022);
        check(libc::setgroups(0, std::ptr::null()))?;
        check(libc::setresgid(user, user, user))?;
        check(libc::setresuid(user, user, user))?;
    }
    no_new_privileges()?;
    if room.terminal == Terminal::None {
        // SAFETY: a plain call. It fails for the leader of a group, which a forked child never is.
        check(unsafe { libc::setsid() })?;
    }
    die_with_parent()
}

/// The program ends when its parent does, even by SIGKILL.
pub(super) fn die_with_parent() -> io::Result<()> {
    // SAFETY: a plain call.
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) })
}

pub(super) fn no_new_privileges() -> io::Result<()> {
    // SAFETY: a plain call.
    check(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) })
}

fn limit(limits: &Limits) -> io::Result<()> {
    let all = [
        (libc::RLIMIT_NPROC, limits.processes),
        (libc::RLIMIT_FSIZE, limits.file_size),
        (libc::RLIMIT_AS, limits.memory),
        (libc::RLIMIT_CORE, 0),
    ];
    for (which, most) in all {
        let mut old = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: the structures live through the calls.
        unsafe {
            check(libc::getrlimit(which, &mut old))?;
            let most = most.min(old.rlim_max);
            check(libc::setrlimit(which, &libc::rlimit { rlim_cur: most, rlim_max: most }))?;
        }
    }
    Ok(())
}
