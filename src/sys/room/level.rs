//! How much of a room this machine allows. It is tried, once a process: versions and capabilities tell little.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::user::User;
use super::{Limits, Network, Room, Terminal};

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
    /// The strongest level that works here.
    pub(crate) fn found() -> Self {
        static FOUND: OnceLock<Level> = OnceLock::new();
        *FOUND.get_or_init(|| [Self::Full, Self::User].into_iter().find(|level| level.works()).unwrap_or(Self::None))
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::User => "user",
            Self::None => "none",
        }
    }

    fn works(self) -> bool {
        // A test's own program would not enter a room but run tests.
        if cfg!(test) || rustix::process::geteuid().as_raw() != 0 {
            return false;
        }
        let user = User::claim();
        let room = Room {
            level: self,
            root: "/".into(),
            folder: "/".into(),
            writable: Vec::new(),
            readable: Vec::new(),
            hidden: Vec::new(),
            emptied: Vec::new(),
            again: Vec::new(),
            network: Network::None,
            user: user.id(),
            target: None,
            limits: Limits::default(),
            terminal: Terminal::None,
        };
        let Ok(mut enter) = room.entering("true".as_ref(), &[]) else { return false };
        enter.env_clear().env("PATH", "/usr/bin:/bin");
        let nothing = std::process::Stdio::null;
        enter.stdin(nothing()).stdout(nothing()).stderr(nothing()).status().is_ok_and(|status| status.success())
    }
}
