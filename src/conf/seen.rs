//! What foreign code does not see, and the room in which a bash evaluates a dkms.conf.

use std::path::{Path, PathBuf};

use super::room::{RoomSettings, Wish};
use super::{Context, Framework, signing};
use crate::ids::ModuleId;
use crate::sys::System;
use crate::sys::room::user::User;
use crate::sys::room::{Level, Network, Room, Terminal, Uts, level};

/// Kernels' folders: only that of the target is there.
pub(crate) const EMPTIED: [&str; 2] = ["/lib/modules", "/usr/lib/modules"];

/// Passwords, keys, and what tells of the network.
const SECRETS: [&str; 21] = [
    "/etc/NetworkManager",
    "/etc/crypttab",
    "/etc/cryptsetup-keys.d",
    "/etc/gshadow",
    "/etc/gshadow-",
    "/etc/ipsec.d",
    "/etc/ipsec.secrets",
    "/etc/krb5.keytab",
    "/etc/letsencrypt",
    "/etc/netplan",
    "/etc/openvpn",
    "/etc/pacman.d/gnupg",
    "/etc/ppp",
    "/etc/security/opasswd",
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/ssh",
    "/etc/ssl/private",
    "/etc/sudoers",
    "/etc/sudoers.d",
    "/etc/wireguard",
];

/// What is not there, wherever it lies.
pub(crate) fn hidden(system: &System, framework: &Framework, kernel: &str, network: Network) -> Vec<PathBuf> {
    // Certificates of authorities lie beside keys there; who may use the network needs them.
    let certified = (network == Network::None).then(|| PathBuf::from("/etc/pki"));
    let keys = signing::private_keys(system, framework, kernel);
    SECRETS.iter().map(PathBuf::from).chain(keys).chain(certified).collect()
}

/// Folders that are shown to a dkms.conf besides the system's own: what asks for packages reads them.
const DATABASES: [&str; 2] = ["/var/lib/dpkg", "/var/lib/rpm"];

/// The walls around the commands of one dkms.conf. It writes nothing, and has no network.
#[derive(Debug, Clone)]
pub(super) struct Walls {
    settings: RoomSettings,
    readable: Vec<PathBuf>,
    hidden: Vec<PathBuf>,
    target: Option<Uts>,
}

impl Walls {
    /// Those of this file. None: its commands run as we do.
    pub(super) fn of(system: &System, framework: &Framework, file: &Path, context: &Context<'_>) -> Option<Self> {
        let id =
            context.module.zip(context.version).map(|(name, version)| ModuleId::new(name.clone(), version.clone()));
        let settings = id.map(|id| framework.room.of_module(system, &id).0).unwrap_or_else(|| framework.room.clone());
        if !system.is_superuser() || settings.wish == Wish::Only(Level::None) {
            return None;
        }
        let kernel = context.target.map(|target| &target.kernel);
        let of_kernel = kernel.map(|kernel| Path::new(EMPTIED[0]).join(kernel));
        let headers = fs_err::canonicalize(system.path(&context.kernel_source_dir)).ok();
        let readable = file.parent().map(|folder| system.inside(folder)).into_iter().chain(of_kernel);
        let readable = readable.chain([context.kernel_source_dir.clone(), context.kernel_config.clone()]);
        let readable = readable.chain(headers.map(|headers| system.inside(&headers)));
        let readable = readable.chain([framework.dkms_tree.clone(), framework.source_tree.clone()]);
        let path = system.variable("PATH").map(ToOwned::to_owned).unwrap_or_default();
        let programs: Vec<PathBuf> = std::env::split_paths(&path).collect();
        let readable = readable.chain(DATABASES.map(PathBuf::from)).chain(programs);
        let kernel_name = kernel.map_or("", |kernel| kernel.as_str());
        let is_running = kernel.is_none() || system.running_kernel() == kernel;
        Some(Self {
            // The root itself would be everything.
            readable: readable.filter(|path| path.is_absolute() && path.parent().is_some()).collect(),
            hidden: hidden(system, framework, kernel_name, Network::None),
            target: (!is_running).then(|| Uts { release: kernel_name.to_owned(), version: None }),
            settings,
        })
    }

    /// The levels to be tried, the strongest first.
    pub(super) fn levels(&self) -> Vec<Level> {
        match self.settings.wish {
            Wish::Only(level) => vec![level],
            Wish::Auto => [Level::Full, Level::User].into_iter().filter(|level| *level >= level::found()).collect(),
        }
    }

    /// Whether its commands may run without walls where none can be had.
    pub(super) fn may_be_lacking(&self) -> bool {
        self.settings.wish == Wish::Auto
    }

    /// A room of this level. `file` as the root names it.
    pub(super) fn room(&self, level: Level, root: &Path, file: &Path, user: &User) -> Room {
        // Where we are is where the file's own words may look, if that is its folder.
        let here = std::env::current_dir().ok().filter(|folder| Some(folder.as_path()) == file.parent());
        Room {
            folder: here.unwrap_or_else(|| PathBuf::from("/")),
            readable: self.readable.clone(),
            hidden: self.hidden.clone(),
            emptied: EMPTIED.map(PathBuf::from).to_vec(),
            target: self.target.clone(),
            limits: self.settings.limits,
            terminal: Terminal::Untouched,
            ..Room::bare(level, root, user.id())
        }
    }
}

/// Whether any user may read a file in a room: on level full its folder is shown alone.
pub(super) fn is_readable(file: &Path, level: Level) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let has =
        |path: &Path, bits: u32| std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & bits == bits);
    let mut folders = file.ancestors().skip(1);
    let may_pass = match level {
        Level::Full => folders.next().is_none_or(|folder| has(folder, 0o001)),
        Level::User | Level::None => folders.all(|folder| has(folder, 0o001)),
    };
    may_pass && has(file, 0o004)
}
