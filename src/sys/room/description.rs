//! What a room is, as data, and what starts the program that enters it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The name under which dkms enters a room: `dkms-room DESCRIPTION PROGRAM [ARGUMENT…]`.
pub(crate) const PROGRAM: &str = "dkms-room";

/// How the log of a build begins to say that its room was ended: by us, or by the kernel.
pub(crate) const ENDED: &str = "dkms: the room was ended: ";
/// What follows where there was no more memory to be had, whatever the settings.
pub(crate) const MEMORY_RAN_OUT: &str = "memory ran out";
/// The exit code of a room that could not be entered; what went wrong is on its standard error. As env(1) and its kin
/// have it for their own failures.
pub(crate) const NOT_ENTERED: u8 = 125;

/// Folders for temporary files: private ones at level full; elsewhere what is left there goes with the room.
pub(crate) const SCRATCH: [&str; 3] = ["/tmp", "/var/tmp", "/dev/shm"];

/// From the strongest to none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// Own mounts, processes, network and user.
    Full,
    /// Own user, with what Landlock and seccomp can do: mounts are refused here.
    User,
    /// As root, as ever.
    None,
}

impl Level {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::User => "user",
            Self::None => "none",
        }
    }
}

/// A place to run a program in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Room {
    pub(crate) level: Level,
    /// The root that it is in; all other paths are those of this root.
    pub(crate) root: PathBuf,
    /// Where its program begins.
    pub(crate) folder: PathBuf,
    /// Folders that may be written; they belong to [`Room::user`].
    pub(crate) writable: Vec<PathBuf>,
    /// Folders of somebody else that may be written as well: what is made there is their owner's (level full).
    pub(crate) lent: Vec<PathBuf>,
    /// Folders that may be written, with everything below them, and are as before afterwards (level full).
    pub(crate) layered: Vec<PathBuf>,
    /// What is visible besides the system's own folders.
    pub(crate) readable: Vec<PathBuf>,
    /// Files and folders that are not there, wherever they lie: keys, passwords.
    pub(crate) hidden: Vec<PathBuf>,
    /// Folders of which only what [`Room::readable`] names is there: those of the kernels.
    pub(crate) emptied: Vec<PathBuf>,
    /// Writable folders that are there a second time, under this name (level full).
    pub(crate) again: Vec<(PathBuf, PathBuf)>,
    pub(crate) network: Network,
    /// User and group id. No other room that is open has it.
    pub(crate) user: u32,
    pub(crate) target: Option<Uts>,
    pub(crate) limits: Limits,
    pub(crate) terminal: Terminal,
}

impl Room {
    /// One that writes nothing, sees the system's folders and has no network.
    pub(crate) fn bare(level: Level, root: &Path, user: u32) -> Self {
        Self {
            level,
            root: root.into(),
            folder: "/".into(),
            writable: Vec::new(),
            lent: Vec::new(),
            layered: Vec::new(),
            readable: Vec::new(),
            hidden: Vec::new(),
            emptied: Vec::new(),
            again: Vec::new(),
            network: Network::None,
            user,
            target: None,
            limits: Limits::default(),
            terminal: Terminal::None,
        }
    }

    /// What enters the room and runs this program in it.
    pub(crate) fn entering(&self, program: &OsStr, arguments: &[OsString]) -> std::io::Result<std::process::Command> {
        let description = serde_json::to_string(self)?;
        let mut command = std::process::Command::new(own_program());
        command.arg0(PROGRAM).arg(description).arg(program).args(arguments).current_dir("/");
        Ok(command)
    }
}

/// This program's file, also where no /proc is.
fn own_program() -> PathBuf {
    let own = Path::new("/proc/self/exe");
    if own.exists() {
        return own.into();
    }
    // SAFETY: the kernel puts a text that ends with a NUL there for every process (getauxval(3)); 0 where it did not.
    let name = unsafe {
        let name = libc::getauxval(libc::AT_EXECFN) as *const libc::c_char;
        if name.is_null() { c"" } else { std::ffi::CStr::from_ptr(name) }
    };
    PathBuf::from(OsStr::from_bytes(name.to_bytes()))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Network {
    /// One of its own, with a loopback and nothing else.
    None,
    /// The machine's.
    Host,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Terminal {
    None,
    /// A person sits at it (`dkms room`).
    Kept,
    /// It stays in the group of processes that it was started in, with which it may be ended.
    Untouched,
}

/// What uname(2) tells inside: the kernel that is built for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Uts {
    pub(crate) release: String,
    /// None: as the running kernel has it.
    pub(crate) version: Option<String>,
}

/// How much a room may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Limits {
    pub(crate) processes: u64,
    /// Bytes of one file.
    pub(crate) file_size: u64,
    /// Bytes of address space of one process.
    pub(crate) memory: u64,
    /// Bytes of the private scratch folders together.
    pub(crate) scratch: u64,
    /// Bytes of memory of all processes together; the most that can be said: as much as leaves the machine some.
    pub(crate) together: u64,
    /// Bytes on disk of its writable folders; the most that can be said: as much as leaves the disk some.
    pub(crate) disk: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            processes: 4096,
            file_size: 64 << 30,
            memory: u64::MAX,
            scratch: 4 << 30,
            together: u64::MAX,
            disk: u64::MAX,
        }
    }
}
