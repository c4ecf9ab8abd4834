//! Public modules that need more than the room gives, each with what was seen. framework.conf(5) has the settings for others.

use crate::ids::ModuleName;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    Network,
    /// Its makefile works in /usr/src/NAME-VERSION, wherever it is started: the build folder is shown there as well.
    BuildInSource,
    /// POST_BUILD writes into the tree.
    RootAfterwards,
    /// No room at all.
    Root,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Exception {
    name: &'static str,
    pub(super) needs: Needs,
    pub(super) why: &'static str,
}

const EXCEPTIONS: [Exception; 6] = [
    Exception {
        name: "alx-wol",
        needs: Needs::Network,
        why: "its PRE_BUILD downloads the kernel's source, so it has the network",
    },
    Exception {
        name: "recpt1",
        needs: Needs::Root,
        why: "its makefile installs a rule of udev, so it is built as root",
    },
    Exception {
        name: "snd_hda_macbookpro",
        needs: Needs::Network,
        why: "its PRE_BUILD downloads the kernel's source, so it has the network",
    },
    Exception {
        name: "v4l2-p010",
        needs: Needs::Network,
        why: "its PRE_BUILD downloads the kernel's source, so it has the network",
    },
    Exception {
        name: "west-chamber",
        needs: Needs::BuildInSource,
        why: "its makefile works in the source folder, where it finds its build folder",
    },
    Exception {
        name: "zfs",
        needs: Needs::RootAfterwards,
        why: "its POST_BUILD copies into the DKMS tree, so that script runs as root",
    },
];

pub(super) fn of(name: &ModuleName) -> Option<&'static Exception> {
    EXCEPTIONS.iter().find(|exception| exception.name == name.as_str())
}
