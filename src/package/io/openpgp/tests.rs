use pgp::composed::{KeyType, SecretKeyParamsBuilder, SubkeyParamsBuilder};

use super::*;

const DATE: u64 = 1_700_000_000;

/// A key file below `folder`.
fn key_file(folder: &Path, kind: KeyType, with_subkey: bool, passphrase: Option<&str>) -> PathBuf {
    let mut params = SecretKeyParamsBuilder::default();
    params
        .key_type(kind.clone())
        .can_certify(true)
        .can_sign(true)
        .primary_user_id("A Vendor <vendor@example.org>".to_owned())
        .passphrase(passphrase.map(str::to_owned));
    if with_subkey {
        let mut subkey = SubkeyParamsBuilder::default();
        subkey.key_type(kind).can_sign(true).passphrase(passphrase.map(str::to_owned));
        params.subkeys(vec![subkey.build().unwrap()]);
    }
    let key = params.build().unwrap().generate(rand::thread_rng()).unwrap();
    let key = key.sign(rand::thread_rng(), || passphrase.unwrap_or_default().to_owned()).unwrap();
    let file = folder.join("key.asc");
    fs_err::write(&file, key.to_armored_string(ArmorOptions::default()).unwrap()).unwrap();
    file
}

fn certificate(key: &SigningKey) -> SignedPublicKey {
    SignedPublicKey::from_armor_single(key.certificate().unwrap().as_bytes()).unwrap().0
}

#[test]
fn a_signature_holds_for_its_bytes_and_for_no_others() {
    let folder = tempfile::tempdir().unwrap();
    for (kind, with_subkey) in [(KeyType::Rsa(2048), false), (KeyType::Ed25519, false), (KeyType::Ed25519, true)] {
        let key = SigningKey::read(&key_file(folder.path(), kind.clone(), with_subkey, None), "").unwrap();
        let signature = key.detached(b"metadata", DATE).unwrap();
        let certificate = certificate(&key);
        let verify = |bytes: &[u8]| match certificate.public_subkeys.first() {
            Some(subkey) => signature.0.verify(&subkey.key, bytes),
            None => signature.0.verify(&certificate.primary_key, bytes),
        };
        verify(b"metadata").unwrap();
        assert!(verify(b"Metadata").is_err(), "{kind:?}");
        assert!(signature.armored().unwrap().starts_with("-----BEGIN PGP SIGNATURE-----\n"));
        assert_eq!(key.is_modern(), !matches!(kind, KeyType::Rsa(_)));
    }
}

#[test]
fn the_same_bytes_and_date_give_the_same_signature() {
    let folder = tempfile::tempdir().unwrap();
    for kind in [KeyType::Rsa(2048), KeyType::Ed25519] {
        let key = SigningKey::read(&key_file(folder.path(), kind, false, None), "").unwrap();
        let once = key.detached(b"x", DATE).unwrap().bytes().unwrap();
        assert_eq!(once, key.detached(b"x", DATE).unwrap().bytes().unwrap());
        assert_ne!(once, key.detached(b"x", DATE + 1).unwrap().bytes().unwrap());
    }
}

#[test]
fn a_text_is_signed_in_the_clear() {
    let folder = tempfile::tempdir().unwrap();
    let key = SigningKey::read(&key_file(folder.path(), KeyType::Ed25519, false, None), "").unwrap();
    let signed = key.clear_signed("Origin: x\n- dash\n", DATE).unwrap();
    assert!(
        signed.starts_with("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nOrigin: x\n- - dash\n"),
        "{signed}"
    );
    let (message, _) = CleartextSignedMessage::from_string(&signed).unwrap();
    message.verify(&certificate(&key).primary_key).unwrap();
}

#[test]
fn keys_that_cannot_sign_are_refused_before_any_work() {
    let folder = tempfile::tempdir().unwrap();
    let locked = key_file(folder.path(), KeyType::Ed25519, false, Some("secret"));
    assert!(matches!(SigningKey::read(&locked, "").unwrap_err(), SigningError::Refused { .. }));
    assert!(matches!(SigningKey::read(&locked, "wrong").unwrap_err(), SigningError::Refused { .. }));
    let key = SigningKey::read(&locked, "secret").unwrap();
    let public = folder.path().join("public.asc");
    fs_err::write(&public, key.certificate().unwrap()).unwrap();
    assert!(matches!(SigningKey::read(&public, "").unwrap_err(), SigningError::NoSecretKey { .. }));
    fs_err::write(&public, "no key at all").unwrap();
    assert!(matches!(SigningKey::read(&public, "").unwrap_err(), SigningError::NoSecretKey { .. }));
    assert!(matches!(SigningKey::read(&folder.path().join("none"), "").unwrap_err(), SigningError::Read(_)));
}
