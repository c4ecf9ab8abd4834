//! The one lock of the tree: an flock(2) on TREE/.lock, which is made once and never replaced or removed.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use super::{Layout, TreeWriter};
use crate::sys::fs::{at, create_folders};
use crate::sys::leash::Leash;
use crate::sys::process::ProcessId;

/// How often a waiting process asks again. flock(2) cannot wait with a limit.
const POLL: Duration = Duration::from_millis(100);
/// The holder's line is one write of this size at most, so that readers never see half of it.
const MAX_LINE: usize = 512;

/// Who holds the lock, as written into the lock file by the holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) pid: u32,
    /// Start time of that process in clock ticks since boot (proc_pid_stat(5), field 22): tells a re-used pid.
    pub(crate) started: u64,
    pub(crate) command: String,
}

/// Why the lock could not be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LockError {
    /// Somebody else kept it for the whole time.
    #[error("{} still holds the lock {} after {} s", describe(.holder.as_ref()), .lock.display(), .waited.as_secs())]
    Timeout {
        /// Who, if the lock file tells.
        holder: Option<Holder>,
        lock: PathBuf,
        /// How long this process waited.
        waited: Duration,
    },
    /// The tree cannot be written: not root, a read-only file system, a full disk.
    #[error("cannot lock the DKMS tree")]
    Unwritable(#[source] io::Error),
}

/// What the lock file looked like at some time. Who takes the lock signs in it and clears the line when done, so a file that
/// looks the same was held by nobody since. None where that cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark(Option<Look>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    inode: u64,
    length: u64,
    written: SystemTime,
}

impl Mark {
    /// As it looks now. File times move in steps: a file that was written just now can be written again and look the same.
    pub(crate) fn of(layout: &Layout) -> Self {
        const STEP: Duration = Duration::from_millis(50);
        let look = std::fs::symlink_metadata(layout.lock()).ok().and_then(|meta| Look::of(&meta));
        Self(look.filter(|look| look.written.elapsed().is_ok_and(|age| age > STEP)))
    }
}

impl Look {
    fn of(meta: &Metadata) -> Option<Self> {
        Some(Self { inode: meta.ino(), length: meta.len(), written: meta.modified().ok()? })
    }
}

/// The process that the lock file names and that is no more: it ended without clearing its line. None when there is no
/// such line, or it may not be read.
pub(crate) fn dead_holder(layout: &Layout) -> Option<Holder> {
    let mut options = OpenOptions::new();
    let mut file = options.read(true).custom_flags(libc::O_NOFOLLOW).open(layout.lock()).ok()?;
    let holder = read_holder(&mut file)?;
    (!ProcessId { pid: holder.pid, started: holder.started }.is_alive()).then_some(holder)
}

fn describe(holder: Option<&Holder>) -> String {
    holder.map_or("another dkms".to_owned(), |holder| {
        format!("another dkms (process {}: {})", holder.pid, holder.command)
    })
}

/// The lock, held until dropped. A process whose ancestor holds it (a hook script calling dkms) works under the
/// ancestor's lock: see [`TreeLock::TOKEN`].
#[derive(Debug)]
pub(crate) struct TreeLock {
    pub(super) layout: Layout,
    /// This process, or the ancestor under whose lock it works.
    holder: Holder,
    /// None when an ancestor holds it.
    file: Option<File>,
    /// The tree's folder, locked as well: the file might be deleted and made anew while we hold it.
    _folder: Option<File>,
    leash: Leash,
    /// What the file looked like before this process signed in it.
    found: Option<Look>,
    /// Whether this run leaves something for whoever takes the lock next.
    leaves_something: AtomicBool,
}

impl TreeLock {
    /// Environment variable that hands the holder's `PID:STARTTIME` to hook scripts and post-transaction commands.
    pub(crate) const TOKEN: &'static str = "DKMS_LOCK_HOLDER";

    /// Takes the lock, making the tree's folder if needed. Waits up to `timeout`; `waiting` is called once, when
    /// somebody else turns out to hold it. `token` is the value of [`TreeLock::TOKEN`] in this process' environment; it
    /// is believed only if it names an ancestor of this process that really holds the lock.
    pub(crate) fn acquire(
        layout: &Layout,
        timeout: Duration,
        token: Option<&str>,
        waiting: &mut dyn FnMut(&Holder),
    ) -> Result<Self, LockError> {
        let path = layout.lock();
        let mut file = open(layout).map_err(LockError::Unwritable)?;
        let begin = Instant::now();
        let mut told = false;
        loop {
            if let Some(folder) = try_both(layout, &file)? {
                return Self::taken(layout, file, folder);
            }
            let holder = read_holder(&mut file);
            if let Some(holder) = holder.as_ref().filter(|holder| is_our_ancestor(holder, token)) {
                let found = file.metadata().ok().and_then(|meta| Look::of(&meta));
                return Ok(Self::under(layout, holder.clone(), found));
            }
            let waited = begin.elapsed();
            if waited >= timeout {
                return Err(LockError::Timeout { holder, lock: path, waited });
            }
            // A holder that has just begun has not signed yet: its name comes with the next look.
            if let Some(holder) = holder.filter(|_| !told) {
                told = true;
                waiting(&holder);
            }
            std::thread::sleep(POLL.min(timeout - waited));
        }
    }

    fn taken(layout: &Layout, mut file: File, folder: File) -> Result<Self, LockError> {
        let holder = Holder::this_process();
        let found = file.metadata().ok().and_then(|meta| Look::of(&meta));
        let unwritable = |doing, error| LockError::Unwritable(at(&layout.lock(), doing, error));
        match write_holder(&mut file, &holder) {
            // The line is a courtesy, and what we are asked for may be what makes room.
            Err(error) if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {}
            written => written.map_err(|error| unwritable("write", error))?,
        }
        let leaves_something = AtomicBool::default();
        let leash = Leash::new(&file).map_err(|error| unwritable("share", error))?;
        Ok(Self {
            layout: layout.clone(),
            holder,
            file: Some(file),
            _folder: Some(folder),
            leash,
            found,
            leaves_something,
        })
    }

    fn under(layout: &Layout, holder: Holder, found: Option<Look>) -> Self {
        let (leash, leaves_something) = (Leash::default(), AtomicBool::default());
        Self { layout: layout.clone(), holder, file: None, _folder: None, leash, found, leaves_something }
    }

    /// For what builds run: none of it outlives the lock.
    pub(crate) fn leash(&self) -> Leash {
        self.leash.clone()
    }

    /// Whether the run that held the lock last did not clear its line: it died with the lock, or could not put right what it
    /// had begun. That is for whoever takes the lock next. False when it cannot be told.
    pub(crate) fn was_abandoned(layout: &Layout) -> bool {
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(libc::O_NOFOLLOW);
        let is_signed = std::fs::metadata(layout.lock()).is_ok_and(|meta| meta.len() > 0);
        is_signed && options.open(layout.lock()).is_ok_and(|file| file.try_lock().is_ok())
    }

    /// This run ends without having put right all that it had begun, as the disk did not let it: the next one looks.
    pub(crate) fn leave_to_the_next(&self) {
        self.leaves_something.store(true, Ordering::Relaxed);
    }

    /// What a child must find in [`TreeLock::TOKEN`].
    pub(crate) fn token(&self) -> String {
        format!("{}:{}", self.holder.pid, self.holder.started)
    }

    /// Whether nobody else has held the lock since the mark was taken.
    pub(crate) fn follows(&self, mark: &Mark) -> bool {
        mark.0.is_some() && mark.0 == self.found
    }

    /// Whether an ancestor holds the lock and this process only works under it.
    pub(crate) fn is_nested(&self) -> bool {
        self.file.is_none()
    }

    /// The same lock as a process sees it that works under it.
    #[cfg(test)]
    pub(crate) fn nested_for_tests(&self) -> Self {
        Self::under(&self.layout, self.holder.clone(), self.found)
    }

    /// The right to change the tree.
    pub(crate) fn writer(&self) -> TreeWriter<'_> {
        TreeWriter { lock: self }
    }
}

impl Drop for TreeLock {
    fn drop(&mut self) {
        self.leash.end();
        if let Some(file) = &self.file {
            // Only a courtesy to readers: the lock itself goes with the descriptor, and the line is never believed
            // without it.
            if !self.leaves_something.load(Ordering::Relaxed) {
                drop(file.set_len(0));
            }
            // For every process that has the descriptor: a daemon that a build has left must not keep the lock.
            drop(file.unlock());
        }
    }
}

impl Holder {
    fn this_process() -> Self {
        let ProcessId { pid, started } = ProcessId::own();
        let words: Vec<_> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        Self { pid, started, command: words.join(" ").chars().map(plain).take(100).collect() }
    }

    fn parse(line: &str) -> Option<Self> {
        let mut words = line.strip_suffix('\n')?.splitn(3, ' ');
        let (pid, started) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        Some(Self { pid, started, command: words.next()?.to_owned() })
    }
}

/// Locks the file and the tree's folder; gives the folder, or None when somebody else has one of them.
fn try_both(layout: &Layout, file: &File) -> Result<Option<File>, LockError> {
    let failed = |path: PathBuf, error| LockError::Unwritable(at(&path, "lock", error));
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(failed(layout.lock(), error)),
    }
    let folder = File::open(layout.tree()).map_err(|error| failed(layout.tree(), error))?;
    match folder.try_lock() {
        Ok(()) => Ok(Some(folder)),
        Err(TryLockError::Error(error)) => Err(failed(layout.tree(), error)),
        Err(TryLockError::WouldBlock) => {
            // Its holder will want the file when it lets go.
            file.unlock().map_err(|error| failed(layout.lock(), error))?;
            Ok(None)
        }
    }
}

/// Mode 0600: whoever can open a file for reading can also flock it, and could keep everybody out.
fn open(layout: &Layout) -> io::Result<File> {
    create_folders(&layout.tree())?;
    let path = layout.lock();
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.custom_flags(libc::O_NOFOLLOW).open(&path).map_err(|error| at(&path, "open", error))
}

fn write_holder(file: &mut File, holder: &Holder) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(format!("{} {} {}\n", holder.pid, holder.started, holder.command).as_bytes())
}

fn read_holder(file: &mut File) -> Option<Holder> {
    let mut line = [0; MAX_LINE];
    file.rewind().ok()?;
    let length = file.read(&mut line).ok()?;
    Holder::parse(&String::from_utf8_lossy(&line[..length]))
}

fn is_our_ancestor(holder: &Holder, token: Option<&str>) -> bool {
    let Some((pid, started)) = token.and_then(|token| token.split_once(':')) else { return false };
    let process = ProcessId { pid: holder.pid, started: holder.started };
    pid.parse() == Ok(process.pid)
        && started.parse() == Ok(process.started)
        && process != ProcessId::own()
        && process.is_ancestor()
}

#[cfg(test)]
mod tests;
