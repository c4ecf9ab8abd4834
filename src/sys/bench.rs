//! A bench: programs of one root and everything else of another, seen as one root by what is built (`--toolchain`). It is made of
//! mounts that this process and its children see, and goes with the last of them, however it ends.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use fs_err as fs;
use rustix::fs::CWD;
use rustix::mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree};

use super::copy::copy_tree;
use super::fs::{at, followed, is_real_folder, opened_entry, resolve};
use super::other_root::{enter_namespace, machine_of};
use super::room::mounts::{memory, read_only};
use super::{System, world};
use crate::ids::Arch;

/// Folders of a root that hold programs and what these need.
const PROGRAMS: [&str; 9] = ["bin", "lib", "lib32", "lib64", "libx32", "nix", "opt", "sbin", "usr"];
/// What programs need of /etc: the linker's list of libraries, and which program goes by a common name.
const OF_ETC: [&str; 2] = ["etc/ld.so.cache", "etc/alternatives"];
/// What is the root's own all the same: its kernels, its sources, and its name.
const OWN: [&str; 4] = ["/usr/src", "/lib/modules", "/usr/lib/modules", "/usr/lib/os-release"];
/// Folders of a root that no program of it needs while modules are built: one of them is covered.
const COVERED: [&str; 4] = ["mnt", "media", "srv", "opt"];
/// Where mount points lie that a folder of programs lacks.
const POINTS: &str = ".points";

/// Where it stands, and what its programs run on.
#[derive(Debug, Clone)]
pub(crate) struct Bench {
    /// The root whose programs these are.
    pub(crate) tools: PathBuf,
    pub(super) place: PathBuf,
    pub(super) machine: Option<Arch>,
}

/// Lays a bench for a root with the programs of another. `own` are further places of the root (trees, headers) that builds use.
/// Only for root, and for a process with one thread.
///
/// # Errors
///
/// Mounts are refused here, or the root has no folder that can be covered.
pub(crate) fn lay(system: &System, tools: &Path, own: &[PathBuf]) -> io::Result<Bench> {
    let root = system.root();
    let points = points(root, tools, own);
    let used = points.values().cloned().chain(own.iter().map(|path| followed(root, path)));
    let place = place(root, &used.chain([tools.to_path_buf()]).collect::<Vec<_>>())?;
    enter_namespace()?;
    memory(&place, 64 << 20, "0755")?;
    let laid = Laid { root, tools, place: &place, points: &points };
    laid.everything_else()?;
    laid.programs()?;
    laid.etc()?;
    for (point, source) in &points {
        show(source, &place.join(point), Whose::Root)?;
    }
    let machine = machine_of(&system.clone().with_root(tools)).or_else(|| system.machine().cloned());
    Ok(Bench { tools: tools.to_path_buf(), place, machine })
}

/// Where in the folders of programs what is the root's own is seen (without the root) → where it lies.
fn points(root: &Path, tools: &Path, own: &[PathBuf]) -> BTreeMap<PathBuf, PathBuf> {
    let fixed = OWN.iter().map(PathBuf::from).chain(own.iter().cloned());
    let mut points = BTreeMap::new();
    for path in fixed.chain(links(root, own)) {
        let Some(source) = resolve(root, &path) else { continue };
        let point = followed(tools, &path);
        let point = point.strip_prefix(tools).unwrap_or(&point).to_path_buf();
        if is_of_programs(&point) && !is_shown(&points, &point, &source) {
            points.insert(point, source);
        }
    }
    points
}

/// Where entries of the kernels' headers lead (scripts and programs that come in packages of their own).
fn links(root: &Path, own: &[PathBuf]) -> Vec<PathBuf> {
    let below = |folder: &str| entries(&followed(root, Path::new(folder)));
    let kernels =
        below("/lib/modules").into_iter().flat_map(|kernel| ["build", "source"].map(|name| kernel.join(name)));
    let given = own.iter().map(|path| followed(root, path));
    let folders = below("/usr/src").into_iter().chain(kernels).chain(given);
    let found = folders.filter_map(|folder| resolve(root, &folder)).flat_map(|folder| entries(&folder));
    let inside = |path: &Path| path.strip_prefix(root).map(|path| Path::new("/").join(path)).ok();
    let mut found: Vec<PathBuf> = found
        .filter(|entry| entry.is_symlink())
        .filter_map(|entry| resolve(root, &opened_entry(root, entry.strip_prefix(root).unwrap_or(&entry))))
        .filter_map(|target| inside(&target))
        .collect();
    found.sort();
    found.dedup();
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

fn is_of_programs(path: &Path) -> bool {
    let first = path.components().next().map(|first| first.as_os_str().to_os_string());
    first.is_some_and(|first| PROGRAMS.iter().any(|name| first == *name)) && path.components().nth(1).is_some()
}

/// Whether a folder that is seen there already shows it.
fn is_shown(points: &BTreeMap<PathBuf, PathBuf>, point: &Path, source: &Path) -> bool {
    let mut above = point.ancestors().filter_map(|above| Some((points.get(above)?, point.strip_prefix(above).ok()?)));
    above.any(|(shown, rest)| rest.as_os_str().is_empty() || shown.join(rest) == source)
}

/// A folder to be covered, in which nothing lies that is used.
fn place(root: &Path, used: &[PathBuf]) -> io::Result<PathBuf> {
    let is_free = |place: &PathBuf| is_real_folder(place) && !used.iter().any(|path| path.starts_with(place));
    COVERED.iter().map(|name| root.join(name)).find(is_free).ok_or_else(|| {
        let all = COVERED.map(|name| format!("/{name}")).join(", ");
        io::Error::other(format!("none of the folders {all} of {} is there and free: `mkdir` one", root.display()))
    })
}

/// Whose files are shown: those of the other root cannot be changed through it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Root,
    Tools,
}

fn show(source: &Path, point: &Path, whose: Whose) -> io::Result<()> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
    let tree = open_tree(CWD, source, flags).map_err(|error| at(source, "show", error.into()))?;
    if whose == Whose::Tools {
        read_only(tree.as_fd(), false)?;
    }
    move_mount(&tree, "", CWD, point, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
        .map_err(|error| at(point, "show something at", error.into()))
}

struct Laid<'a> {
    root: &'a Path,
    tools: &'a Path,
    place: &'a Path,
    points: &'a BTreeMap<PathBuf, PathBuf>,
}

impl Laid<'_> {
    /// What lies in the root and is no folder of programs, nor the one that is covered.
    fn everything_else(&self) -> io::Result<()> {
        for entry in fs::read_dir(self.root)? {
            let entry = entry?;
            let (source, point) = (entry.path(), self.place.join(entry.file_name()));
            let name = entry.file_name();
            if name == "etc" || PROGRAMS.iter().any(|other| name == *other) {
                continue;
            }
            let kind = entry.file_type()?;
            if kind.is_symlink() {
                symlink(fs::read_link(source)?, point)?;
            } else if kind.is_dir() {
                fs::create_dir(&point)?;
                if source != self.place {
                    show(&source, &point, Whose::Root)?;
                }
            }
        }
        Ok(())
    }

    fn programs(&self) -> io::Result<()> {
        for name in PROGRAMS {
            let (source, point) = (self.tools.join(name), self.place.join(name));
            match fs::symlink_metadata(&source) {
                Ok(meta) if meta.is_symlink() => symlink(fs::read_link(&source)?, &point)?,
                Ok(meta) if meta.is_dir() => {
                    fs::create_dir(&point)?;
                    self.folder(name, &source, Whose::Tools)?;
                }
                Err(_) if self.points.keys().any(|needed| needed.starts_with(name)) => {
                    fs::create_dir(&point)?;
                    self.folder(name, &source, Whose::Tools)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A folder at the top, with the mount points that will be needed in it and that it lacks.
    fn folder(&self, name: &str, source: &Path, whose: Whose) -> io::Result<()> {
        let above = self.place.join(POINTS);
        let below = self.points.iter().filter(|(point, _)| point.starts_with(name));
        for (point, what) in below.filter(|(point, _)| !self.tools.join(point).exists()) {
            let missing = above.join(point);
            if what.is_dir() {
                fs::create_dir_all(missing)?;
            } else {
                fs::create_dir_all(missing.parent().unwrap_or(&above))?;
                fs::write(missing, "")?;
            }
        }
        let (above, point) = (above.join(name), self.place.join(name));
        match (above.is_dir(), source.is_dir()) {
            (true, true) => world::over(&above, source, &point),
            (true, false) => show(&above, &point, Whose::Root),
            (false, _) => show(source, &point, whose),
        }
    }

    /// The root's own, with what the programs need of theirs.
    fn etc(&self) -> io::Result<()> {
        let own = self.root.join("etc");
        if !own.is_dir() {
            return Ok(());
        }
        fs::create_dir(self.place.join("etc"))?;
        let theirs = || OF_ETC.into_iter().filter(|name| self.tools.join(name).exists());
        let above = self.place.join(POINTS);
        for name in theirs().filter(|name| !self.root.join(name).exists()) {
            let (source, copy) = (self.tools.join(name), above.join(name));
            fs::create_dir_all(copy.parent().unwrap_or(&above))?;
            if source.is_dir() { copy_tree(&source, &copy)? } else { fs::copy(source, copy).map(drop)? }
        }
        self.folder("etc", &own, Whose::Root)?;
        for name in theirs().filter(|name| self.root.join(name).exists()) {
            show(&self.tools.join(name), &self.place.join(name), Whose::Tools)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(root: &Path, names: &[&str]) {
        names.iter().for_each(|name| fs::create_dir_all(root.join(name)).unwrap());
    }

    fn seen(root: &Path, tools: &Path, own: &[&str]) -> Vec<(String, String)> {
        let own: Vec<PathBuf> = own.iter().map(PathBuf::from).collect();
        let text = |path: &Path| path.display().to_string();
        let inside = |path: &Path| text(path.strip_prefix(root).unwrap());
        points(root, tools, &own).iter().map(|(point, source)| (text(point), inside(source))).collect()
    }

    #[test]
    fn kernels_and_sources_are_the_roots_own_wherever_links_lead() {
        let top = tempfile::tempdir().unwrap();
        let top = fs::canonicalize(top.path()).unwrap();
        let (root, tools) = (top.join("root"), top.join("tools"));
        folders(
            &root,
            &["usr/src/h", "usr/lib/kbuild/scripts", "usr/lib/kbuild/tools", "srv/modules/6.1", "var/t", "opt/k"],
        );
        symlink("usr/lib", root.join("lib")).unwrap();
        symlink("/srv/modules", root.join("usr/lib/modules")).unwrap();
        symlink("/usr/src/h", root.join("srv/modules/6.1/build")).unwrap();
        for (target, link) in [("../../lib/kbuild/scripts", "scripts"), ("/etc/passwd", "evil"), ("../h/x", "own")] {
            symlink(target, root.join("usr/src/h").join(link)).unwrap();
        }
        fs::write(root.join("usr/lib/os-release"), "").unwrap();
        // One whose /lib is no link, which lacks most of it.
        folders(&tools, &["usr/src", "lib"]);
        let pair = |point: &str, source: &str| (point.to_owned(), source.to_owned());
        let expected = [
            pair("lib/modules", "srv/modules"),
            pair("opt/k", "opt/k"),
            pair("usr/lib/kbuild/scripts", "usr/lib/kbuild/scripts"),
            pair("usr/lib/modules", "srv/modules"),
            pair("usr/lib/os-release", "usr/lib/os-release"),
            pair("usr/src", "usr/src"),
        ];
        assert_eq!(seen(&root, &tools, &["/opt/k", "/var/t", "/usr/src/h", "/nowhere"]), expected);
        // One whose /lib is a link sees one folder of kernels.
        fs::remove_dir(tools.join("lib")).unwrap();
        folders(&tools, &["usr/lib"]);
        symlink("usr/lib", tools.join("lib")).unwrap();
        let merged: Vec<_> = expected[2..].to_vec();
        assert_eq!(seen(&root, &tools, &[]), merged);
    }

    #[test]
    fn the_folder_that_is_covered_holds_nothing_that_is_used() {
        let top = tempfile::tempdir().unwrap();
        let root = top.path();
        assert!(place(root, &[]).unwrap_err().to_string().contains("/mnt, /media, /srv, /opt"));
        folders(root, &["mnt/tools", "media", "srv/dkms"]);
        assert_eq!(place(root, &[root.join("mnt/tools"), root.join("srv/dkms")]).unwrap(), root.join("media"));
        fs::remove_dir(root.join("media")).unwrap();
        symlink("srv", root.join("media")).unwrap();
        assert!(place(root, &[root.join("mnt/tools"), root.join("srv/dkms")]).is_err());
    }
}
