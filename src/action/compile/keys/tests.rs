use std::collections::BTreeMap;

use super::*;
use crate::conf::Framework;
use crate::conf::TrySign;
use crate::conf::signing::tests::{pairs, root, system};

pub(crate) fn framework() -> Framework {
    let bare = System::host().with_environment(BTreeMap::new());
    Framework { try_sign: TrySign::Yes, ..Framework::defaults(&bare) }
}

fn locate(system: &System, framework: &Framework) -> KeyFiles {
    pairs(system, framework).first
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
        assert_eq!(locate(&system, &framework()).ensure(&system).unwrap(), Ensured::Replaced, "{lone}");
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

    let half = Framework { second_signing_key: Some("/etc/second.key".into()), ..framework() };
    assert!(matches!(pairs(&system, &half).ensure(&system), Err(KeyError::HalfOfASecond)));
    assert!(!pairs(&system, &half).look_usable(&system));
    let second = Framework { second_certificate: Some("/etc/second.der".into()), ..half };
    assert!(matches!(pairs(&system, &second).ensure(&system), Err(KeyError::NotOurs { .. })));
    fs_err::create_dir_all(root.path().join("etc/second.key")).unwrap();
    assert!(matches!(pairs(&system, &second).ensure(&system), Err(KeyError::NoFile { .. })));
    assert!(!root.path().join("var/lib/dkms/mok.key").exists(), "no first key is made for a second that is not there");

    let both = Some("/etc/mok.pem".to_owned());
    let same = Framework { mok_signing_key: both.clone(), mok_certificate: both, ..framework() };
    assert!(matches!(locate(&system, &same).ensure(&system), Err(KeyError::SameFile { .. })));
}

#[test]
fn a_pin_is_shown_to_nobody() {
    for (text, shown) in [
        ("pkcs11:token=a?pin-value=1234", "pkcs11:token=a?pin-value=*"),
        ("`sign pkcs11:a?pin-value=1234 x.der`", "`sign pkcs11:a?pin-value=* x.der`"),
        (
            "pkcs11:a?pin-value=12&pin-source=/x, pkcs11:b?pin-value=34`",
            "pkcs11:a?pin-value=*&pin-source=/x, pkcs11:b?pin-value=*`",
        ),
        ("/var/lib/dkms/mok.key", "/var/lib/dkms/mok.key"),
    ] {
        assert_eq!(without_pins(text), shown);
    }
}
