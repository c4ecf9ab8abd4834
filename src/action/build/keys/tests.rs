use std::collections::BTreeMap;

use super::*;
use crate::conf::framework::{Framework, TrySign};

fn root(os_release: &str) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for folder in ["etc", "var/lib/dkms", "usr/sbin"] {
        fs_err::create_dir_all(root.path().join(folder)).unwrap();
    }
    fs_err::write(root.path().join("etc/os-release"), os_release).unwrap();
    root
}

fn system(root: &Path) -> System {
    let environment = BTreeMap::from([("PATH".into(), "/usr/sbin".into())]);
    System::host().with_root(root).with_environment(environment)
}

pub fn framework() -> Framework {
    let bare = System::host().with_environment(BTreeMap::new());
    Framework { try_sign: TrySign::Yes, ..Framework::defaults(&bare) }
}

fn locate(system: &System, framework: &Framework) -> KeyFiles {
    let layout = Layout::new(system.root(), "/var/lib/dkms".as_ref(), "/usr/src".as_ref(), "/lib/modules".as_ref());
    let kernel = KernelRelease::new("6.1").unwrap();
    KeyFiles::locate(system, framework, &layout, Some(&kernel))
}

fn names(files: &KeyFiles) -> (&str, &str) {
    (&files.key, &files.certificate)
}

#[test]
fn the_pair_lies_in_the_tree_unless_something_else_is_configured() {
    let root = root("ID=debian\n");
    let system = system(root.path());
    assert_eq!(names(&locate(&system, &framework())), ("/var/lib/dkms/mok.key", "/var/lib/dkms/mok.pub"));
    let framework = Framework {
        mok_signing_key: Some("/keys/$kernelver.key".into()),
        mok_certificate: Some("/keys/${kernelver}x.der".into()),
        ..framework()
    };
    assert_eq!(names(&locate(&system, &framework)), ("/keys/6.1.key", "/keys/6.1x.der"));
}

#[test]
fn a_missing_pair_is_made_with_a_key_that_only_root_reads() {
    let root = root("ID=debian\n");
    let system = system(root.path());
    let files = locate(&system, &framework());
    assert_eq!(files.ensure(&system).unwrap(), Ensured::Made);
    let key = root.path().join("var/lib/dkms/mok.key");
    assert_eq!(fs_err::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let before = fs_err::read(&key).unwrap();
    assert_eq!(files.ensure(&system).unwrap(), Ensured::Present);
    assert_eq!(fs_err::read(&key).unwrap(), before);
    assert_eq!(fs_err::read_dir(root.path().join("var/lib/dkms")).unwrap().count(), 2, "nothing staged is left");
}

#[test]
fn a_lone_file_is_replaced_by_a_new_pair() {
    for lone in ["mok.key", "mok.pub"] {
        let root = root("ID=debian\n");
        let system = system(root.path());
        let file = root.path().join("var/lib/dkms").join(lone);
        fs_err::write(&file, "old").unwrap();
        assert_eq!(locate(&system, &framework()).ensure(&system).unwrap(), Ensured::Made, "{lone}");
        assert_ne!(fs_err::read(&file).unwrap(), b"old", "{lone}");
    }
}

#[test]
fn neither_folders_nor_files_of_others_are_made() {
    let root = root("ID=debian\n");
    let system = system(root.path());
    let elsewhere = Framework { mok_signing_key: Some("/keys/mok.key".into()), ..framework() };
    assert!(matches!(locate(&system, &elsewhere).ensure(&system), Err(KeyError::NoFolder(_))));
    assert!(!root.path().join("keys").exists());

    let token = Framework { mok_signing_key: Some("pkcs11:token=x".into()), ..framework() };
    assert!(matches!(locate(&system, &token).ensure(&system), Err(KeyError::NotOurs { .. })));
    fs_err::write(root.path().join("var/lib/dkms/mok.pub"), "certificate").unwrap();
    assert_eq!(locate(&system, &token).ensure(&system).unwrap(), Ensured::Present);

    let both = Some("/etc/mok.pem".to_owned());
    let same = Framework { mok_signing_key: both.clone(), mok_certificate: both, ..framework() };
    assert!(matches!(locate(&system, &same).ensure(&system), Err(KeyError::SameFile { .. })));
}

#[test]
fn ubuntu_keeps_its_keys_where_its_tool_does() {
    let root = root("ID=ubuntu\nID_LIKE=debian\n");
    let system = system(root.path());
    assert_eq!(locate(&system, &framework()).key, "/var/lib/dkms/mok.key", "without the tool");
    let tool = root.path().join("usr/sbin/update-secureboot-policy");
    fs_err::write(&tool, "#!/bin/sh\n").unwrap();
    fs_err::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
    let files = locate(&system, &framework());
    assert_eq!(names(&files), ("/var/lib/shim-signed/mok/MOK.priv", "/var/lib/shim-signed/mok/MOK.der"));
    let configured = Framework { mok_certificate: Some("/etc/c".into()), ..framework() };
    assert_eq!(names(&locate(&system, &configured)), ("/var/lib/dkms/mok.key", "/etc/c"));
}

#[test]
fn gentoo_names_its_keys_in_the_environment_or_in_make_conf() {
    let root = root("ID=gentoo\n");
    let system = system(root.path());
    assert_eq!(locate(&system, &framework()).key, "/var/lib/dkms/mok.key");
    let place = root.path().join("etc/portage/make.conf");
    fs_err::create_dir_all(root.path().join("etc/portage")).unwrap();
    fs_err::write(&place, "USE=\"x\"\nMODULES_SIGN_KEY=\"/a.pem\"\nMODULES_SIGN_KEY='/b.pem'\n").unwrap();
    assert_eq!(names(&locate(&system, &framework())), ("/b.pem", "/b.pem"));
    assert!(matches!(locate(&system, &framework()).ensure(&system), Err(KeyError::NotOurs { .. })));

    fs_err::remove_file(&place).unwrap();
    fs_err::create_dir(&place).unwrap();
    fs_err::write(place.join("signing"), "MODULES_SIGN_KEY=/c.pem\nMODULES_SIGN_CERT=/c.crt\n").unwrap();
    assert_eq!(names(&locate(&system, &framework())), ("/c.pem", "/c.crt"));
    let system = system.with_environment(BTreeMap::from([("MODULES_SIGN_KEY".into(), "/env.pem".into())]));
    assert_eq!(names(&locate(&system, &framework())), ("/env.pem", "/c.crt"));
}
