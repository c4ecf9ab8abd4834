//! Where modules go below a kernel's folder: the distribution's place, or the one that dkms.conf names.

use std::path::{Component, Path, PathBuf};

use crate::conf::destination;
use crate::sys::System;

/// The folder below the kernel's into which every module of this root goes; None: each to its DEST_MODULE_LOCATION.
pub(crate) fn common(system: &System) -> Option<PathBuf> {
    destination::replacement(system).and_then(|location| below(&location))
}

/// DEST_MODULE_LOCATION as a relative path; None when it would lead out of the kernel's folder.
pub(crate) fn below(location: &str) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for component in Path::new(location.trim()).components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::ParentDir => {
                if !path.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    (!path.as_os_str().is_empty()).then_some(path)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn root(os_release: &str) -> (tempfile::TempDir, System) {
        let root = tempfile::tempdir().unwrap();
        fs_err::create_dir_all(root.path().join("etc/sysconfig")).unwrap();
        fs_err::write(root.path().join("etc/os-release"), os_release).unwrap();
        let system = System::host().with_root(root.path()).with_environment(BTreeMap::new());
        (root, system)
    }

    #[test]
    fn each_distribution_has_its_place() {
        for (id, id_like, place) in [
            ("fedora", "", Some("extra")),
            ("rhel", "fedora", Some("extra")),
            ("centos", "rhel fedora", Some("extra")),
            ("rocky", "rhel centos fedora", Some("extra")),
            ("almalinux", "rhel centos fedora", Some("extra")),
            ("ol", "fedora", Some("extra")),
            ("amzn", "centos rhel fedora", Some("extra")),
            ("opensuse-leap", "suse opensuse", Some("updates")),
            ("sles", "suse", Some("updates")),
            ("sles", "", Some("updates")),
            ("debian", "", Some("updates/dkms")),
            ("ubuntu", "debian", Some("updates/dkms")),
            ("linuxmint", "ubuntu debian", Some("updates/dkms")),
            ("arch", "", Some("updates/dkms")),
            ("manjaro", "arch", Some("updates/dkms")),
            // The beginning of the whole ID_LIKE decides.
            ("mageia", "mandriva fedora", None),
            ("gentoo", "", None),
            ("nixos", "", None),
        ] {
            let (_root, system) = root(&format!("ID={id}\nID_LIKE=\"{id_like}\"\n"));
            assert_eq!(common(&system), place.map(PathBuf::from), "ID={id} ID_LIKE={id_like}");
        }
    }

    #[test]
    fn a_location_stays_below_the_kernels_folder() {
        for (location, path) in [
            ("/kernel/drivers/net", Some("kernel/drivers/net")),
            ("/kernel/../updates/", Some("updates")),
            ("/extra/zfs/zfs", Some("extra/zfs/zfs")),
            ("/updates/./x//y", Some("updates/x/y")),
            ("/kernel/../../other", None),
            ("/kernel/..", None),
            ("/", None),
            ("", None),
        ] {
            assert_eq!(below(location), path.map(PathBuf::from), "{location}");
        }
    }

    #[test]
    fn the_administrators_folder_wins_and_the_environment_before_the_file() {
        let (root, system) = root("ID=fedora\n");
        assert_eq!(common(&system), Some(PathBuf::from("extra")));
        let file = root.path().join("etc/sysconfig/module-init-tools");
        fs_err::write(file, "X=1\nADDON_MODULES_DIR=\"addon\"\n").unwrap();
        assert_eq!(common(&system), Some(PathBuf::from("addon")));
        let environment = BTreeMap::from([("ADDON_MODULES_DIR".into(), "mine".into())]);
        assert_eq!(common(&system.with_environment(environment)), Some(PathBuf::from("mine")));
    }
}
