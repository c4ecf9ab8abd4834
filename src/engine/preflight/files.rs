//! The packages of a transaction that matter to modules, and where their files lie.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::event::planned::{Coming, Manager, Place, Planned, brings_headers, brings_module};
use crate::ids::ModuleId;
use crate::sys::process::{self, Above};
use crate::tree::VersionState;

use crate::engine::app::App;

/// Lists of files longer than this are none of a module's source with its handful of files.
const LONGEST_LIST: u64 = 256 << 10;

/// The files of packages that bring headers or sources; none when the transaction brings neither.
pub(super) fn of_interest(app: &App, planned: &Planned) -> Vec<PathBuf> {
    if planned.manager == Manager::Pacman {
        return of_paths(app, &planned.paths);
    }
    let may_be_finished =
        |name: &str| app.framework.prebuilt && (name.contains("-modules-") || name.starts_with("kmod-"));
    let is_wanted = |coming: &&Coming| {
        brings_headers(&coming.name)
            || may_be_finished(&coming.name)
            || brings_module(&coming.name)
            || (planned.manager == Manager::Apt && coming.is_upgrade && !sources_of(app, &coming.name).is_empty())
    };
    let wanted: Vec<&Coming> = planned.coming.iter().filter(is_wanted).collect();
    // Tools alone are no kernel, and neither are finished modules.
    if wanted.iter().all(|coming| coming.name.starts_with("linux-kbuild") || may_be_finished(&coming.name)) {
        return Vec::new();
    }
    let mut found: Vec<PathBuf> = wanted.iter().filter_map(|coming| place_of(app, &coming.place)).collect();
    found.sort();
    found.dedup();
    found
}

/// Modules whose packages leave.
pub(super) fn modules_of(app: &App, packages: &[String]) -> BTreeSet<ModuleId> {
    let folders: BTreeSet<String> = packages.iter().flat_map(|package| sources_of(app, package)).collect();
    let is_of =
        |source: &Path| source.file_name().is_some_and(|name| folders.contains(name.to_string_lossy().as_ref()));
    let entries = app.tree.modules().unwrap_or_default();
    let leaves = entries.into_iter().filter(|entry| match &entry.state {
        VersionState::Added { source } => is_of(source),
        VersionState::Broken { .. } => false,
    });
    leaves.map(|entry| entry.id).collect()
}

/// The folders below /usr/src with a dkms.conf that an installed package of dpkg holds.
fn sources_of(app: &App, package: &str) -> Vec<String> {
    let info = app.system.path("/var/lib/dpkg/info");
    let list = info.join(format!("{package}.list"));
    if !std::fs::metadata(&list).is_ok_and(|meta| meta.len() < LONGEST_LIST) {
        return Vec::new();
    }
    let text = fs_err::read_to_string(&list).unwrap_or_default();
    let folder = |line: &str| line.strip_prefix("/usr/src/")?.strip_suffix("/dkms.conf").map(str::to_owned);
    text.lines().filter_map(folder).collect()
}

fn place_of(app: &App, place: &Place) -> Option<PathBuf> {
    match place {
        Place::File(file) => Some(app.system.path(file)).filter(|file| file.is_file()),
        Place::Cached(name) => {
            let caches = ["/var/cache/libdnf5", "/var/cache/zypp/packages"].map(|folder| app.system.path(folder));
            let local = local_repositories(app);
            caches.into_iter().chain(local).find_map(|folder| below(&folder, name, 4))
        }
    }
}

/// A file of this name, at most so deep.
fn below(folder: &Path, name: &str, depth: usize) -> Option<PathBuf> {
    let here = folder.join(name);
    if here.is_file() {
        return Some(here);
    }
    let deeper = depth.checked_sub(1)?;
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.into_iter().find_map(|entry| below(&entry.path(), name, deeper))
}

/// Folders that zypper takes packages from where they lie.
fn local_repositories(app: &App) -> Vec<PathBuf> {
    let files = std::fs::read_dir(app.system.path("/etc/zypp/repos.d")).into_iter().flatten().flatten();
    let texts = files.filter_map(|file| fs_err::read_to_string(file.path()).ok());
    let folder = |line: &str| {
        let url = line.strip_prefix("baseurl=")?;
        let path = url.strip_prefix("dir:").or_else(|| url.strip_prefix("file:"))?;
        Some(app.system.path(format!("/{}", path.trim_start_matches('/'))))
    };
    texts.flat_map(|text| text.lines().filter_map(folder).collect::<Vec<_>>()).collect()
}

/// pacman names paths only: their packages are the newest in its cache that hold one, or were named on its command line.
fn of_paths(app: &App, paths: &[String]) -> Vec<PathBuf> {
    let is_wanted = |path: &&String| path.ends_with("/dkms.conf") || path.ends_with("/build/Makefile");
    let wanted: BTreeSet<&str> = paths.iter().filter(is_wanted).map(String::as_str).collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    let cached = std::fs::read_dir(app.system.path("/var/cache/pacman/pkg")).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = cached.map(|entry| entry.path()).filter(|file| is_package(file)).collect();
    files.sort_by_key(|file| std::cmp::Reverse(std::fs::metadata(file).and_then(|meta| meta.modified()).ok()));
    // pacman has left the folder in which its words were typed; whoever called it has not.
    let above: Vec<Above> = process::above().collect();
    let folders: Vec<&PathBuf> = above.iter().filter_map(|program| program.folder.as_ref()).collect();
    let words = above.iter().flat_map(|program| &program.words).filter(|word| is_package(Path::new(word)));
    let named = words.flat_map(|word| folders.iter().map(move |folder| folder.join(word)));
    let named: Vec<PathBuf> = named.filter(|file| is_package(file) && file.is_file()).collect();
    let mut left = wanted;
    let mut found = Vec::new();
    for file in named.into_iter().chain(files) {
        if left.is_empty() {
            break;
        }
        let held = crate::archive::parcel::names(&file).unwrap_or_default();
        let before = left.len();
        left.retain(|path| !held.contains(*path));
        if left.len() < before {
            found.push(file);
        }
    }
    found
}

fn is_package(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.contains(".pkg.tar") && !name.ends_with(".sig") && (name.contains("headers") || name.contains("dkms"))
}
