//! Users that nobody has, one for each room that is open: limits count by user, and so does what is ended with a room.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

/// systemd leaves these to dynamic users (systemd.io, "Users, Groups, UIDs and GIDs").
const FIRST: u32 = 61184;
const LAST: u32 = 65519;

/// A user that no other room has as long as this lives.
#[derive(Debug)]
pub(crate) struct User {
    id: u32,
    /// An abstract socket: its name is free again as soon as we are gone, however we end.
    _claim: Option<UnixListener>,
}

impl User {
    /// The first that is free. Where none is, or nothing can be claimed, one by our process number.
    pub(crate) fn claim() -> Self {
        let claimed = (FIRST..=LAST).find_map(|id| {
            let name = SocketAddr::from_abstract_name(format!("dkms-room-{id}")).ok()?;
            Some(Self { id, _claim: Some(UnixListener::bind_addr(&name).ok()?) })
        });
        claimed.unwrap_or_else(|| Self { id: FIRST + std::process::id() % (LAST - FIRST), _claim: None })
    }

    pub(crate) fn id(&self) -> u32 {
        self.id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_that_are_open_at_once_have_users_of_their_own() {
        let (one, two) = (User::claim(), User::claim());
        assert_ne!(one.id(), two.id());
        assert!((FIRST..=LAST).contains(&one.id()) && (FIRST..=LAST).contains(&two.id()));
    }
}
