//! Who is left of a room that has no process namespace, and their end.
//!
//! A user alone does not say whose a process is: another dkms that shares the process table may have the same. So what is
//! ended is what descends from the process outside, which is root's, adopts all that is orphaned below it
//! (PR_SET_CHILD_SUBREAPER) and cannot be ended from inside. Sessions, groups and names can be changed by who runs; whose
//! child one is cannot. Only where every process of the user descends from us does one kill(2) reach all of them at once,
//! which no fork outruns.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::MetadataExt;

use super::calls::check;

/// A process, as /proc/PID/status tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Process {
    id: i32,
    parent: i32,
    user: u32,
    /// Bytes of memory that are its own, or shared with relatives, and no file's.
    memory: u64,
    threads: u64,
}

/// From now on this process adopts what is orphaned below it.
pub(super) fn adopt() -> io::Result<()> {
    // SAFETY: a plain call.
    check(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) })
}

/// Ends all that descends from this process, and waits for it. Must be called where [`adopt`] was, before the first child.
pub(super) fn end_descendants(user: u32) -> io::Result<()> {
    while reap(libc::WNOHANG)? {
        match processes() {
            None => end_all_of(user)?,
            Some(all) => {
                let own = descendants(&all, std::process::id() as i32);
                let is_foreign = |process: &Process| process.user == user && !own.contains(&process.id);
                if all.iter().any(is_foreign) { own.into_iter().for_each(kill) } else { end_all_of(user)? }
            }
        }
        reap(0)?;
    }
    Ok(())
}

/// Bytes of memory of all that descends from this process. None: that cannot be seen here.
pub(super) fn memory() -> Option<u64> {
    let all = processes()?;
    let own = descendants(&all, std::process::id() as i32);
    Some(all.iter().filter(|process| own.contains(&process.id)).map(|process| process.memory).sum())
}

/// Processes of this user, threads of theirs counted each as the kernel does (getrlimit(2)). None: that cannot be seen here.
pub(super) fn count(user: u32) -> Option<u64> {
    Some(processes()?.iter().filter(|process| process.user == user).map(|process| process.threads).sum())
}

/// Ends the processes of this user if all of them run in our own root and mounts, and gave up all privileges as who enters a
/// room does: then a dkms of this place started them.
pub(super) fn end_in_this_place(user: u32) {
    let Some(all) = processes() else { return };
    let own: Vec<i32> = all.iter().filter(|process| process.user == user).map(|process| process.id).collect();
    if own.iter().all(|id| is_in_this_place(*id)) {
        own.into_iter().for_each(kill);
    }
}

fn is_in_this_place(process: i32) -> bool {
    let mounts = |who: &str| std::fs::read_link(format!("/proc/{who}/ns/mnt")).ok();
    let root = |who: &str| std::fs::metadata(format!("/proc/{who}/root")).map(|root| (root.dev(), root.ino())).ok();
    let process = process.to_string();
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("NoNewPrivs:") && line.ends_with('1'))
        && mounts(&process).is_some()
        && mounts(&process) == mounts("self")
        && root(&process).is_some()
        && root(&process) == root("self")
}

/// Waits for children that have ended, or (without WNOHANG) for the next one that does; whether any is left.
fn reap(how: libc::c_int) -> io::Result<bool> {
    loop {
        // SAFETY: a plain call; nobody asks how they ended.
        let ended = unsafe { libc::waitpid(-1, std::ptr::null_mut(), how) };
        let error = io::Error::last_os_error();
        match ended {
            0 => return Ok(true),
            1.. if how == 0 => return Ok(true),
            1.. => {}
            _ if error.raw_os_error() == Some(libc::ECHILD) => return Ok(false),
            _ if error.kind() == io::ErrorKind::Interrupted => {}
            _ => return Err(error),
        }
    }
}

/// Every process that is seen. None: /proc is not there, or tells of other numbers than ours.
fn processes() -> Option<Vec<Process>> {
    let own = std::fs::read_link("/proc/self").ok()?;
    if own.to_str()?.parse() != Ok(std::process::id()) {
        return None;
    }
    let entries = std::fs::read_dir("/proc").ok()?.flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    // One that ended meanwhile is none.
    Some(ids.filter_map(|id: i32| parse(id, &std::fs::read_to_string(format!("/proc/{id}/status")).ok()?)).collect())
}

fn parse(id: i32, status: &str) -> Option<Process> {
    let number = |name: &str| status.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next();
    // Those of the kernel have none.
    let kibibytes = |name: &str| number(name).and_then(|number| number.parse::<u64>().ok()).unwrap_or(0);
    let memory = (kibibytes("RssAnon:") + kibibytes("RssShmem:")) << 10;
    let threads = number("Threads:").and_then(|number| number.parse().ok()).unwrap_or(1);
    Some(Process { id, parent: number("PPid:")?.parse().ok()?, user: number("Uid:")?.parse().ok()?, memory, threads })
}

fn descendants(all: &[Process], top: i32) -> BTreeSet<i32> {
    let mut found = BTreeSet::from([top]);
    loop {
        let more: Vec<i32> =
            all.iter().filter(|p| found.contains(&p.parent) && !found.contains(&p.id)).map(|p| p.id).collect();
        if more.is_empty() {
            found.remove(&top);
            return found;
        }
        found.extend(more);
    }
}

fn kill(process: i32) {
    // SAFETY: a plain call; one that has ended meanwhile is no error here.
    unsafe { libc::kill(process, libc::SIGKILL) };
}

/// Ends every process of this user that is seen, in one call.
fn end_all_of(user: u32) -> io::Result<()> {
    // SAFETY: this process has one thread; the child makes plain calls only.
    unsafe {
        let child = libc::fork();
        check(child)?;
        if child == 0 {
            let user = user as libc::uid_t;
            if libc::setresuid(user, user, user) == 0 {
                libc::kill(-1, libc::SIGKILL);
            }
            libc::_exit(0);
        }
        let mut status = 0;
        check(libc::waitpid(child, &mut status, 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_descends_from_a_process_is_below_it() {
        let process = |id, parent| Process { id, parent, user: 61184, memory: 0, threads: 1 };
        let all = [process(5, 4), process(2, 1), process(3, 2), process(4, 3), process(9, 8), process(8, 1)];
        assert_eq!(descendants(&all, 2), BTreeSet::from([3, 4, 5]));
        let status = "Name:\tx\nPPid:\t7\nUid:\t61184\t61184\t61184\t61184\nRssAnon:\t   4 kB\nThreads:\t3\n";
        let expected = Process { id: 5, parent: 7, user: 61184, memory: 4096, threads: 3 };
        assert_eq!(parse(5, status), Some(expected));
    }
}
