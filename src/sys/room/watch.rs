//! What a room takes of memory, processes and disk, looked at while it runs: the kernel's limits count each process, or each
//! file, by itself, and cgroups are rarely ours to make. A look costs a fiftieth of the time at most.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::description::{Limits, MEMORY_RAN_OUT, Room};
use super::left;
use crate::sys::memory;

/// Between two looks.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(2);
const SHARE: u32 = 50;
/// Bytes that a disk keeps free of builds that are larger than [`SMALL`].
const RESERVE: u64 = 16 << 20;
const SMALL: u64 = 64 << 20;

pub(super) struct Watch {
    folders: Vec<PathBuf>,
    user: u32,
    limits: Limits,
    next: Instant,
    /// That the kernel had made for want of memory before.
    kills: Option<u64>,
}

impl Watch {
    pub(super) fn over(room: &Room) -> Self {
        Self {
            folders: room.writable.clone(),
            user: room.user,
            limits: room.limits,
            next: Instant::now() + SHORTEST,
            kills: memory::kills(),
        }
    }

    /// Until the next look.
    pub(super) fn pause(&self) -> Duration {
        self.next.saturating_duration_since(Instant::now())
    }

    /// Why the room has to end. None: it has not, or it is too early for another look.
    pub(super) fn look(&mut self) -> Option<String> {
        let begin = Instant::now();
        if begin < self.next {
            return None;
        }
        let found = self.memory().or_else(|| self.processes()).or_else(|| self.disk());
        self.next = Instant::now() + (begin.elapsed() * SHARE).clamp(SHORTEST, LONGEST);
        found
    }

    fn memory(&self) -> Option<String> {
        memory::bounds().into_iter().find_map(|bound| {
            let (set, nearly_all) = (self.limits.together, bound.all / 8 * 7);
            let most = set.min(nearly_all);
            // The room cannot have more than all have together.
            let is_over = bound.used > most && left::memory().is_some_and(|memory| memory > most);
            is_over.then(|| match most >> 20 {
                most if set < nearly_all => format!("its processes took more than {most} MiB of memory (room_memory)"),
                most => format!("{MEMORY_RAN_OUT}: its processes took more than {most} MiB of {}", bound.all >> 20),
            })
        })
    }

    /// Whether the kernel ended a process for want of memory since this room was entered.
    pub(super) fn has_memory_run_out(&self) -> bool {
        matches!((self.kills, memory::kills()), (Some(before), Some(now)) if now > before)
    }

    /// The kernel starts no more of them than it may; but what only starts others never ends by that.
    fn processes(&self) -> Option<String> {
        let most = self.limits.processes;
        let nearly = most - most / 16;
        let is_over = all_threads()? >= nearly && left::count(self.user).is_some_and(|count| count >= nearly);
        is_over.then(|| format!("it started as many processes as it may, {most} (room_processes)"))
    }

    fn disk(&self) -> Option<String> {
        let Limits { disk, .. } = self.limits;
        let taken = |most: u64| self.folders.iter().try_fold(0, |sum, folder| usage(folder, sum, most)).is_none();
        if disk < u64::MAX && taken(disk) {
            return Some(format!("its files took more than {} MiB of the disk (room_disk)", disk >> 20));
        }
        let is_full = self.folders.iter().any(|folder| free(folder).is_some_and(|free| free < RESERVE));
        (is_full && taken(SMALL))
            .then(|| format!("it left less than {} MiB of the disk free (room_disk)", RESERVE >> 20))
    }
}

/// Of the whole machine (proc_loadavg(5)).
fn all_threads() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().nth(3)?.split_once('/')?.1.parse().ok()
}

/// Bytes on disk of everything below a folder, added to `sum`. None: more than `most`. What vanishes meanwhile takes none.
fn usage(path: &Path, sum: u64, most: u64) -> Option<u64> {
    let Ok(meta) = std::fs::symlink_metadata(path) else { return Some(sum) };
    let sum = sum + meta.blocks() * 512;
    if sum > most {
        return None;
    }
    let below = meta.is_dir().then(|| std::fs::read_dir(path).ok()).flatten();
    below.into_iter().flatten().flatten().try_fold(sum, |sum, entry| usage(&entry.path(), sum, most))
}

fn free(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}
