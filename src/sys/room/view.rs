//! What is visible at level full: a root of its own, made of bind mounts of what the description names, at the same paths.
//!
//! Everything is opened (open_tree(2)) before anything is covered, and put into a small file system in memory, which
//! becomes the root. That works in a plain chroot as well, where pivot_root(2) does not.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use fs_err as fs;
use rustix::fs::{CWD, Mode, OFlags};
use rustix::mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree};

use super::calls::{change_root, check};
use super::description::{Network, Room, SCRATCH};
use super::layer;
use super::lent::Names;
use super::mounts::{
    MOUNT_ATTR_NODEV, MOUNT_ATTR_NOSUID, MOUNT_ATTR_RDONLY, attributes, bind, mapped, memory, mount, read_only,
};

/// Folders of the system that every build sees.
const SYSTEM: [&str; 10] =
    ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix/store", "/etc"];
const DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];
/// Where files that we made ourselves lie inside.
const OWN: &str = "/.room";
/// More links than this in one path are a ring (as the kernel counts, path_resolution(7)).
const MOST_LINKS: usize = 40;

/// Everything that will be visible, opened.
pub(super) struct View {
    mounts: Vec<Mount>,
    /// The folder that the new root covers.
    cover: &'static str,
}

struct Mount {
    path: PathBuf,
    /// Where links on the way lead.
    real: PathBuf,
    is_folder: bool,
    tree: OwnedFd,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Writable,
    ReadOnly,
    Device,
}

/// Moves this process into namespaces of its own and opens what the room will show.
pub(super) fn prepare(room: &Room) -> io::Result<View> {
    let lent: Vec<(&PathBuf, Option<Names>)> = room.lent.iter().map(|path| (path, Names::of(room, path))).collect();
    let network = if room.network == Network::None { libc::CLONE_NEWNET } else { 0 };
    // SAFETY: a plain call of a process with one thread.
    check(unsafe { libc::unshare(libc::CLONE_NEWNS | libc::CLONE_NEWPID | libc::CLONE_NEWIPC | network) })?;
    keep_to_ourselves()?;
    change_root(&room.root)?;
    let mut mounts = Vec::new();
    for path in SYSTEM.iter().map(Path::new).chain(room.readable.iter().map(PathBuf::as_path)) {
        mounts.extend(opened(path, Kind::ReadOnly)?);
    }
    for path in DEVICES {
        mounts.extend(opened(Path::new(path), Kind::Device)?);
    }
    for path in &room.writable {
        mounts.extend(opened(path, Kind::Writable)?);
    }
    for (path, names) in lent {
        let Some(mount) = opened(path, Kind::Writable)? else { continue };
        if let Some(names) = names {
            // A file system that cannot show its files as another user's shows them as they are.
            drop(mapped(mount.tree.as_fd(), names.namespace()));
        }
        mounts.push(mount);
    }
    for (folder, at) in &room.again {
        let again = opened(folder, Kind::Writable)?.filter(|_| at.is_dir());
        mounts.extend(again.map(|mount| Mount { path: at.clone(), ..mount }));
    }
    let cover = ["/srv", "/mnt", "/run", "/tmp", "/var", "/usr"].into_iter().find(|folder| Path::new(folder).is_dir());
    let cover = cover.ok_or_else(|| io::Error::other("no folder to lay the room's root over"))?;
    Ok(View { mounts, cover })
}

/// From here on this process and its children have mounts of their own. Only for a process with one thread.
pub(crate) fn apart() -> io::Result<()> {
    // SAFETY: a plain call of a process with one thread.
    check(unsafe { libc::unshare(libc::CLONE_NEWNS) })?;
    keep_to_ourselves()
}

/// No mount of this namespace is seen by others. A root that is no mount itself (chroot) says nothing of what it lies on:
/// that is found by walking up, which a working folder outside the root allows (chroot(2)).
fn keep_to_ourselves() -> io::Result<()> {
    let private = || mount(None, "/", None, libc::MS_REC | libc::MS_PRIVATE, None);
    if private().is_ok() {
        return Ok(());
    }
    let own = rustix::fs::open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let below = SYSTEM.iter().find(|folder| Path::new(folder).is_dir());
    rustix::process::chroot(*below.ok_or_else(|| io::Error::other("no folder to walk up from"))?)?;
    rustix::process::fchdir(&own)?;
    let place = |path: &str| rustix::fs::stat(path).map(|stat| (stat.st_dev, stat.st_ino));
    while place(".")? != place("..")? {
        rustix::process::chdir("..")?;
    }
    rustix::process::chroot(".")?;
    let done = private();
    rustix::process::fchdir(&own)?;
    rustix::process::chroot(".")?;
    done
}

/// A copy of what is mounted at a path, and below. None: nothing is there, or it is a symlink, which is made anew.
fn opened(path: &Path, kind: Kind) -> io::Result<Option<Mount>> {
    let Ok(found) = fs::canonicalize(path) else { return Ok(None) };
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
    let tree = open_tree(CWD, &found, flags)?;
    Ok(Some(Mount { path: path.to_path_buf(), is_folder: found.is_dir(), real: found, tree, kind }))
}

impl View {
    /// Makes the root and moves this process, the first of its process namespace, into it.
    pub(super) fn enter(self, room: &Room) -> io::Result<()> {
        memory(self.cover, 16 << 20, "0755")?;
        let root = Root { at: PathBuf::from(self.cover) };
        for folder in SCRATCH {
            let place = root.folder(Path::new(folder))?;
            memory(&place, room.limits.scratch, "1777")?;
        }
        let (late, early): (Vec<_>, Vec<_>) = self.mounts.into_iter().partition(|mount| mount.kind == Kind::Writable);
        let emptied: BTreeSet<&PathBuf> = room.emptied.iter().collect();
        for mount in &early {
            if emptied.iter().any(|folder| mount.path.starts_with(folder)) {
                continue;
            }
            root.put(mount)?;
        }
        for folder in &emptied {
            root.empty(folder)?;
        }
        for mount in early.iter().filter(|mount| emptied.iter().any(|folder| mount.path.starts_with(folder))) {
            root.put(mount)?;
        }
        for (number, folder) in room.layered.iter().enumerate() {
            layer::lay(&root.path(folder), &root.path(&Path::new(OWN).join(format!("layer{number}"))), room)?;
        }
        root.hide(&room.hidden)?;
        for mount in &late {
            root.put(mount)?;
        }
        root.furnish(room)?;
        std::env::set_current_dir(&root.at)?;
        rustix::process::chroot(".")?;
        std::env::set_current_dir("/")?;
        proc(room)?;
        let own = open_tree(CWD, "/", OpenTreeFlags::OPEN_TREE_CLOEXEC)?;
        attributes(own.as_fd(), 0, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)?;
        if room.network == Network::None {
            raise_loopback()?;
        }
        Ok(())
    }
}

/// The new root while it is made.
struct Root {
    at: PathBuf,
}

impl Root {
    fn path(&self, inside: &Path) -> PathBuf {
        self.at.join(inside.strip_prefix("/").unwrap_or(inside))
    }

    /// Makes a folder, and on the way the symlinks that stand in its path outside; gives where it lies while the root is made.
    fn folder(&self, path: &Path) -> io::Result<PathBuf> {
        self.place(path, |place| fs::create_dir(place))
    }

    fn file(&self, path: &Path) -> io::Result<PathBuf> {
        self.place(path, |place| fs::File::create(place).map(drop))
    }

    fn place(&self, path: &Path, make: impl Fn(&Path) -> io::Result<()>) -> io::Result<PathBuf> {
        let mut rest: Vec<PathBuf> = names(path);
        let (mut at, mut links) = (PathBuf::from("/"), 0);
        while let Some(name) = rest.pop() {
            if name.as_os_str() == ".." {
                at.pop();
                continue;
            }
            let next = at.join(&name);
            match fs::read_link(&next) {
                Ok(target) if links < MOST_LINKS => {
                    links += 1;
                    exists(symlink(&target, self.path(&next)))?;
                    if target.is_absolute() {
                        at = PathBuf::from("/");
                    }
                    rest.append(&mut names(&target));
                }
                Ok(_) => return Err(io::Error::from_raw_os_error(libc::ELOOP)),
                Err(_) => {
                    let place = self.path(&next);
                    exists(if rest.is_empty() { make(&place) } else { fs::create_dir(&place) })?;
                    at = next;
                }
            }
        }
        Ok(self.path(&at))
    }

    /// Where a mount has to go. None: what is there already shows it.
    fn lacking<'m>(&self, mount: &'m Mount) -> Option<&'m Path> {
        let shows = |path: &Path| fs::symlink_metadata(self.path(path)).is_ok();
        match (mount.kind, shows(&mount.path), shows(&mount.real)) {
            (Kind::ReadOnly, true, true) => None,
            (Kind::ReadOnly, true, false) => Some(&mount.real),
            _ => Some(&mount.path),
        }
    }

    fn put(&self, mount: &Mount) -> io::Result<()> {
        let Some(path) = self.lacking(mount) else { return Ok(()) };
        let place = if mount.is_folder { self.folder(path)? } else { self.file(path)? };
        if mount.kind != Kind::Writable {
            read_only(mount.tree.as_fd(), mount.kind == Kind::Device)?;
        } else {
            attributes(mount.tree.as_fd(), libc::AT_RECURSIVE, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)?;
        }
        move_mount(&mount.tree, "", CWD, &place, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", mount.path.display())))
    }

    /// Covers a folder, if it is there, with an empty one.
    fn empty(&self, folder: &Path) -> io::Result<()> {
        if !folder.is_dir() {
            return Ok(());
        }
        let place = self.folder(folder)?;
        memory(&place, 1 << 20, "0755")
    }

    fn hide(&self, hidden: &[PathBuf]) -> io::Result<()> {
        fs::create_dir_all(self.path(Path::new(OWN)))?;
        let nothing = self.path(&Path::new(OWN).join("nothing"));
        fs::write(&nothing, "")?;
        fs::set_permissions(&nothing, std::os::unix::fs::PermissionsExt::from_mode(0o000))?;
        for path in hidden {
            let place = self.path(path);
            match fs::symlink_metadata(&place) {
                Ok(found) if found.is_dir() => memory(&place, 1 << 12, "0000")?,
                Ok(found) if found.is_file() => bind(&nothing, &place)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Devices, the places of proc, and the files that tell who runs here and for which kernel.
    fn furnish(&self, room: &Room) -> io::Result<()> {
        fs::create_dir_all(self.path(Path::new("/proc")))?;
        fs::create_dir_all(self.path(Path::new("/dev")))?;
        for (name, target) in [("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")] {
            exists(symlink(format!("/proc/self/fd{target}"), self.path(&Path::new("/dev").join(name))))?;
        }
        let entry = |line: String, file: &str| -> io::Result<()> {
            let known = fs::read_to_string(file).unwrap_or_default();
            let own = self.path(&Path::new(OWN).join(file.trim_start_matches("/etc/")));
            fs::write(&own, format!("{}\n{line}\n", known.trim_end()))?;
            let place = self.path(Path::new(file));
            if place.is_file() { bind(&own, &place) } else { Ok(()) }
        };
        let user = room.user;
        entry(format!("dkms-build:x:{user}:{user}:module build:/tmp:/bin/sh"), "/etc/passwd")?;
        entry(format!("dkms-build:x:{user}:"), "/etc/group")?;
        if let Some(target) = &room.target {
            let own = |name: &str| self.path(&Path::new(OWN).join(name));
            fs::write(own("osrelease"), format!("{}\n", target.release))?;
            let version = target.version.clone();
            let version = version.unwrap_or_else(|| rustix::system::uname().version().to_string_lossy().into_owned());
            fs::write(own("version"), format!("Linux version {} (dkms) {version}\n", target.release))?;
        }
        Ok(())
    }
}

/// The names of a path, the last one first.
fn names(path: &Path) -> Vec<PathBuf> {
    let name = |part: Component<'_>| match part {
        Component::Normal(_) | Component::ParentDir => Some(PathBuf::from(part.as_os_str())),
        _ => None,
    };
    let mut names: Vec<PathBuf> = path.components().filter_map(name).collect();
    names.reverse();
    names
}

/// What is there already is as it should be.
fn exists(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// The processes of this namespace, with the release and version of the kernel that is built for.
fn proc(room: &Room) -> io::Result<()> {
    let flags = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
    mount(Some("proc"), "/proc", Some("proc"), flags, None)?;
    if room.target.is_some() {
        for (name, file) in [("osrelease", "/proc/sys/kernel/osrelease"), ("version", "/proc/version")] {
            bind(&Path::new(OWN).join(name), Path::new(file))?;
        }
    }
    for file in ["/proc/sysrq-trigger", "/proc/kcore", "/proc/keys"] {
        if Path::new(file).exists() {
            bind(Path::new("/dev/null"), Path::new(file))?;
        }
    }
    Ok(())
}

/// Sets the loopback of an empty network namespace up (netdevice(7)).
fn raise_loopback() -> io::Result<()> {
    // SAFETY: a structure of bytes and numbers; the socket is closed before the block ends.
    unsafe {
        let socket = libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0);
        check(socket)?;
        let mut request: libc::ifreq = std::mem::zeroed();
        for (place, byte) in request.ifr_name.iter_mut().zip(b"lo") {
            *place = *byte as libc::c_char;
        }
        request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
        let raised = check(libc::ioctl(socket, libc::SIOCSIFFLAGS, &request));
        check(libc::close(socket))?;
        raised
    }
}
