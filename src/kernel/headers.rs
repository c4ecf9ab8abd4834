//! Kernel headers: where a module is built against, and which configuration they have.

use std::io;
use std::path::{Path, PathBuf};

use crate::ids::{KernelRelease, Target};
use crate::sys::fs::{leads_to_file, resolve};
use crate::sys::{System, fingerprint};
use crate::tree::Layout;

/// The headers of one kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Headers {
    /// `DIR/include` exists below this folder.
    Present {
        /// INSTALLTREE/KVER/build or `--kernelsourcedir`.
        folder: PathBuf,
    },
    Missing {
        /// Where it was looked for.
        folder: PathBuf,
        /// Where the link of that name leads, if it is one that leads nowhere.
        dangling: Option<PathBuf>,
    },
}

impl Headers {
    /// The folder, there or not.
    pub(crate) fn folder(&self) -> &Path {
        match self {
            Headers::Present { folder } | Headers::Missing { folder, .. } => folder,
        }
    }

    pub(crate) fn is_present(&self) -> bool {
        matches!(self, Headers::Present { .. })
    }
}

/// Looks for `include` in `source_dir` (`--kernelsourcedir`, opened), else in INSTALLTREE/KVER/build.
///
/// Below another root than `/` that link leads nowhere for this process, so the folder given back is the one that it
/// leads to inside the root; on the running system it is the link itself, which is the name that make is to see.
pub(crate) fn find(layout: &Layout, target: &Target, source_dir: Option<&Path>) -> Headers {
    let link = layout.kernel_modules(target).join("build");
    let named = source_dir.unwrap_or(&link);
    let folder = match resolve(layout.root(), named) {
        Some(inside) if layout.root() != Path::new("/") => inside,
        _ => named.to_path_buf(),
    };
    let include = resolve(layout.root(), &folder.join("include"));
    if include.is_some_and(|include| include.is_dir()) {
        Headers::Present { folder }
    } else {
        let dangling = resolve(layout.root(), named).is_none_or(|place| !place.exists());
        let dangling = fs_err::read_link(named).ok().filter(|_| dangling);
        Headers::Missing { folder, dangling }
    }
}

/// The kernel's configuration: `given` (`--config`), else `include/config/auto.conf` of the headers, else their `.config`.
/// None when none of the latter two is there.
pub(crate) fn config_file(headers: &Path, given: Option<&Path>) -> Option<PathBuf> {
    if let Some(given) = given {
        return Some(given.to_path_buf());
    }
    ["include/config/auto.conf", ".config"].iter().map(|name| headers.join(name)).find(|file| file.is_file())
}

/// The release that headers say they are of: UTS_RELEASE of include/generated/utsrelease.h, of which the vermagic of modules is
/// made, else include/config/kernel.release, where Debian's headers name the release of the source instead.
pub(crate) fn release(headers: &Path) -> Option<String> {
    let read = |name: &str| fs_err::read_to_string(headers.join(name)).ok();
    let plain = || Some(read("include/config/kernel.release")?.trim().to_owned());
    let defined = || {
        let text = read("include/generated/utsrelease.h")?;
        let line = text.lines().find_map(|line| line.strip_prefix("#define UTS_RELEASE "))?;
        Some(line.trim().trim_matches('"').to_owned())
    };
    defined().or_else(plain).filter(|release| !release.is_empty())
}

/// The releases that modules for a kernel may bear: its own, and that of its headers (opened) where they name another one.
pub(crate) fn releases(kernel: &KernelRelease, headers: &Path) -> Vec<String> {
    std::iter::once(kernel.to_string()).chain(release(headers)).collect()
}

/// The folder of the headers and the file with the kernel's configuration, as a process inside the root names them
/// (`--kernelsourcedir` and `--config` when given). Neither needs to exist.
pub(crate) fn places(
    layout: &Layout,
    target: &Target,
    kernel_source_dir: Option<&Path>,
    kernel_config: Option<&Path>,
) -> (PathBuf, PathBuf) {
    let of_kernel = || layout.install_tree_name().join(&target.kernel).join("build");
    let headers = kernel_source_dir.map_or_else(of_kernel, Path::to_path_buf);
    let of_headers = || {
        let generated = headers.join("include/config/auto.conf");
        if leads_to_file(layout.root(), &generated) { generated } else { headers.join(".config") }
    };
    let config = kernel_config.map_or_else(of_headers, Path::to_path_buf);
    (headers, config)
}

/// A digest of which files of which sizes the headers have: those of their folder, of the folders that it links to, and of the
/// one whose makefile it includes (Debian).
pub(crate) fn shape(system: &System, headers: &Path) -> io::Result<String> {
    let makefile = fs_err::read_to_string(headers.join("Makefile")).unwrap_or_default();
    let included = makefile.lines().filter_map(|line| line.strip_prefix("include "));
    let included = included.map(|named| system.path(named.trim())).filter(|file| file.is_file());
    let included: Vec<PathBuf> = included.filter_map(|file| Some(file.parent()?.to_path_buf())).collect();
    let entries = fs_err::read_dir(headers)?.flatten().map(|entry| entry.path());
    let linked = entries.filter(|entry| entry.is_symlink() && entry.is_dir()).collect::<Vec<_>>();
    let mut folders = [&[headers.to_path_buf()][..], &included, &linked].concat();
    folders.sort();
    fingerprint::shape_of_folders(&folders)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Arch;
    use fs_err as fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn the_build_link_is_followed_inside_the_root() {
        let top = tempfile::tempdir().unwrap();
        let layout = Layout::new(top.path(), "/d".as_ref(), "/s".as_ref(), "/lib/modules".as_ref());
        let target = Target::new(KernelRelease::new("6.1").unwrap(), Arch::new("x86_64").unwrap());
        let headers = top.path().join("usr/src/linux-headers-6.1");
        fs::create_dir_all(top.path().join("lib/modules/6.1")).unwrap();
        let link = top.path().join("lib/modules/6.1/build");
        assert_eq!(find(&layout, &target, None), Headers::Missing { folder: link.clone(), dangling: None });
        symlink("/usr/src/linux-headers-6.1", &link).unwrap();
        let dangling = Some("/usr/src/linux-headers-6.1".into());
        let Headers::Missing { dangling: found, .. } = find(&layout, &target, None) else { panic!("a dangling link") };
        assert_eq!(found, dangling);
        fs::create_dir_all(headers.join("include")).unwrap();
        assert_eq!(find(&layout, &target, None), Headers::Present { folder: headers.clone() });
        assert_eq!(find(&layout, &target, Some(&headers)), Headers::Present { folder: headers });
    }

    #[test]
    fn headers_say_their_release_in_one_of_two_files() {
        let top = tempfile::tempdir().unwrap();
        for folder in ["include/config", "include/generated"] {
            fs::create_dir_all(top.path().join(folder)).unwrap();
        }
        assert_eq!(release(top.path()), None);
        fs::write(top.path().join("include/config/kernel.release"), "6.1.176\n").unwrap();
        assert_eq!(release(top.path()).as_deref(), Some("6.1.176"));
        fs::write(top.path().join("include/generated/utsrelease.h"), "#define UTS_RELEASE \"6.1.0-50\"\n").unwrap();
        assert_eq!(release(top.path()).as_deref(), Some("6.1.0-50"), "as modules have it");
    }

    #[test]
    fn the_configuration_is_the_given_one_then_auto_conf_then_dot_config() {
        let top = tempfile::tempdir().unwrap();
        let config = |given: Option<&str>| config_file(top.path(), given.map(Path::new));
        assert_eq!(config(None), None);
        fs::write(top.path().join(".config"), "").unwrap();
        assert_eq!(config(None), Some(top.path().join(".config")));
        fs::create_dir_all(top.path().join("include/config")).unwrap();
        fs::write(top.path().join("include/config/auto.conf"), "").unwrap();
        assert_eq!(config(None), Some(top.path().join("include/config/auto.conf")));
        assert_eq!(config(Some("/x")), Some(PathBuf::from("/x")));
    }
}
