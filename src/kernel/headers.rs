//! Kernel headers: where a module is built against, which configuration they have, and what to install when they lack.

use std::path::{Path, PathBuf};

use crate::ids::{KernelRelease, Target};
use crate::sys::fs::{leads_to_file, resolve};
use crate::sys::os_release::OsRelease;
use crate::tree::Layout;

/// The headers of one kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Headers {
    /// `DIR/include` exists below this folder.
    Present {
        /// INSTALLTREE/KVER/build or `--kernelsourcedir`.
        folder: PathBuf,
    },
    /// It does not.
    Missing {
        /// Where it was looked for.
        folder: PathBuf,
    },
}

impl Headers {
    /// The folder, there or not.
    pub fn folder(&self) -> &Path {
        match self {
            Headers::Present { folder } | Headers::Missing { folder } => folder,
        }
    }

    /// Whether they are there.
    pub fn is_present(&self) -> bool {
        matches!(self, Headers::Present { .. })
    }
}

/// Looks for `include` in `source_dir` (`--kernelsourcedir`, opened), else in INSTALLTREE/KVER/build.
///
/// Below another root than `/` that link leads nowhere for this process, so the folder given back is the one that it
/// leads to inside the root; on the running system it is the link itself, which is the name that make is to see.
pub fn find(layout: &Layout, target: &Target, source_dir: Option<&Path>) -> Headers {
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
        Headers::Missing { folder }
    }
}

/// The kernel's configuration: `given` (`--config`), else `include/config/auto.conf` of the headers, else their `.config`.
/// None when none of the latter two is there.
pub fn config_file(headers: &Path, given: Option<&Path>) -> Option<PathBuf> {
    if let Some(given) = given {
        return Some(given.to_path_buf());
    }
    ["include/config/auto.conf", ".config"].iter().map(|name| headers.join(name)).find(|file| file.is_file())
}

/// The folder of the headers and the file with the kernel's configuration, as a process inside the root names them
/// (`--kernelsourcedir` and `--config` when given). Neither needs to exist.
pub fn places(
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

/// What brings the headers of this kernel, in the words of this distribution: a package name, or what to ask the package
/// manager for.
pub fn package(os: &OsRelease, kernel: &KernelRelease) -> String {
    let release = kernel.as_str();
    let is = |name: &str| os.id == name || os.id_like.split_whitespace().any(|like| like == name);
    if is("debian") || is("ubuntu") {
        format!("linux-headers-{release}")
    } else if ["fedora", "rhel", "centos", "ol", "ovm", "amzn", "mageia", "openmandriva"].into_iter().any(is) {
        fedora_package(release)
    } else if is("suse") || is("opensuse") || os.id.starts_with("sle") || os.id.starts_with("opensuse") {
        format!("kernel-{}-devel", last_word(release, "default"))
    } else if is("arch") || is("archlinux") || is("manjaro") {
        arch_package(release)
    } else if is("alpine") {
        format!("linux-{}-dev", last_word(release, "lts"))
    } else if is("gentoo") {
        format!("the prepared sources of kernel {release} in /usr/src/linux")
    } else {
        format!("the headers of kernel {release}")
    }
}

/// Fedora and its kin say it as a capability, which also names the flavour: `kernel-debug-devel` provides
/// `kernel-devel-uname-r = …+debug`, and UEK has packages of its own.
fn fedora_package(release: &str) -> String {
    if release.contains("uek") {
        format!("kernel-uek-devel-{release}")
    } else {
        format!("kernel-devel-uname-r = {release}")
    }
}

/// `6.4.0-150600.23-default` → `default`.
fn last_word<'a>(release: &'a str, otherwise: &'a str) -> &'a str {
    let word = release.rsplit('-').next().unwrap_or_default();
    if word.starts_with(|c: char| c.is_ascii_lowercase()) { word } else { otherwise }
}

/// Arch's releases end in the name of the kernel package: `6.6.1-arch1-1`, `6.6.1-zen1-1-zen`, `6.6.10-1-lts`.
fn arch_package(release: &str) -> String {
    let word = last_word(release, "");
    if word.is_empty() { "linux-headers".to_owned() } else { format!("linux-{word}-headers") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Arch;
    use fs_err as fs;
    use std::os::unix::fs::symlink;

    fn os(id: &str, like: &str) -> OsRelease {
        OsRelease { id: id.into(), id_like: like.into(), version_id: String::new() }
    }

    #[test]
    fn the_missing_package_is_named_as_the_distribution_names_it() {
        for (id, like, release, expected) in [
            ("debian", "", "6.1.0-50-amd64", "linux-headers-6.1.0-50-amd64"),
            ("linuxmint", "ubuntu debian", "6.8.0-31-generic", "linux-headers-6.8.0-31-generic"),
            ("fedora", "", "6.9.4-200.fc40.x86_64", "kernel-devel-uname-r = 6.9.4-200.fc40.x86_64"),
            ("rocky", "rhel centos fedora", "5.14.0-70.el9.x86_64", "kernel-devel-uname-r = 5.14.0-70.el9.x86_64"),
            ("ol", "fedora", "5.15.0-3.el9uek.x86_64", "kernel-uek-devel-5.15.0-3.el9uek.x86_64"),
            ("opensuse-leap", "suse opensuse", "6.4.0-150600.23-default", "kernel-default-devel"),
            ("sles", "suse", "6.4.0-150600.23-azure", "kernel-azure-devel"),
            ("arch", "", "6.9.1-arch1-1", "linux-headers"),
            ("manjaro", "arch", "6.6.10-1-lts", "linux-lts-headers"),
            ("arch", "", "6.9.1-zen1-1-zen", "linux-zen-headers"),
            ("alpine", "", "6.6.30-0-virt", "linux-virt-dev"),
            ("nixos", "", "6.6.30", "the headers of kernel 6.6.30"),
        ] {
            assert_eq!(package(&os(id, like), &KernelRelease::new(release).unwrap()), expected, "{id}");
        }
    }

    #[test]
    fn the_build_link_is_followed_inside_the_root() {
        let top = tempfile::tempdir().unwrap();
        let layout = Layout::new(top.path(), "/d".as_ref(), "/s".as_ref(), "/lib/modules".as_ref());
        let target = Target::new(KernelRelease::new("6.1").unwrap(), Arch::new("x86_64").unwrap());
        let headers = top.path().join("usr/src/linux-headers-6.1");
        fs::create_dir_all(top.path().join("lib/modules/6.1")).unwrap();
        let link = top.path().join("lib/modules/6.1/build");
        assert_eq!(find(&layout, &target, None), Headers::Missing { folder: link.clone() });
        symlink("/usr/src/linux-headers-6.1", &link).unwrap();
        assert!(!find(&layout, &target, None).is_present(), "a dangling link");
        fs::create_dir_all(headers.join("include")).unwrap();
        assert_eq!(find(&layout, &target, None), Headers::Present { folder: headers.clone() });
        assert_eq!(find(&layout, &target, Some(&headers)), Headers::Present { folder: headers });
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
