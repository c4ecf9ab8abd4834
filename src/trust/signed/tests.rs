//! The messages were made by `openssl cms -sign -binary -nocerts`, as sign-file makes them with `-noattr`.

use super::*;
use crate::trust::message::with_signers_of_both;

const CONTENT: &[u8] = include_bytes!("../../../tests/fixtures/signatures/content");
const SIGNER: &[u8] = include_bytes!("../../../tests/fixtures/signatures/signer.der");
const OTHER: &[u8] = include_bytes!("../../../tests/fixtures/signatures/other.der");
const BY_SERIAL: &[u8] = include_bytes!("../../../tests/fixtures/signatures/by-serial.cms");
const BY_KEY: &[u8] = include_bytes!("../../../tests/fixtures/signatures/by-key.cms");
const WITH_ATTRIBUTES: &[u8] = include_bytes!("../../../tests/fixtures/signatures/with-attributes.cms");
const SECOND: &[u8] = include_bytes!("../../../tests/fixtures/signatures/second.der");
const BY_SECOND: &[u8] = include_bytes!("../../../tests/fixtures/signatures/by-second.cms");
const SHA1: &[u8] = include_bytes!("../../../tests/fixtures/signatures/sha1.cms");

fn read_all(message: &[u8]) -> Vec<Signed> {
    let all = signed_data(message).unwrap();
    all.into_iter().map(|signed| Signed { length: CONTENT.len(), ..signed }).collect()
}

fn read(message: &[u8]) -> Signed {
    let [only] = <[Signed; 1]>::try_from(read_all(message)).unwrap();
    only
}

#[test]
fn two_signatures_of_one_content_are_joined_and_each_fits_its_signer() {
    let (signer, second) = (Certificate::parse(SIGNER).unwrap(), Certificate::parse(SECOND).unwrap());
    assert!(with_signers_of_both(BY_KEY, BY_SECOND).is_err(), "of another version");
    for (one, algorithms) in [(BY_SERIAL, 1), (WITH_ATTRIBUTES, 2)] {
        let both = with_signers_of_both(one, BY_SECOND).unwrap();
        let all = read_all(&both);
        let by: Vec<_> = all.iter().map(|signed| (signed.is_by(&signer), signed.is_by(&second))).collect();
        assert_eq!(by, [(true, false), (false, true)]);
        assert_eq!([all[0].check(CONTENT, &signer), all[1].check(CONTENT, &second)], [Intact::Yes, Intact::Yes]);
        let named = Message::read(&both).unwrap().algorithms().unwrap().len();
        assert_eq!(named, algorithms, "one that both have is named once");
    }
    for cut in [0, 1, BY_SECOND.len() / 2, BY_SECOND.len() - 1] {
        assert!(with_signers_of_both(BY_SERIAL, &BY_SECOND[..cut]).is_err(), "{cut} bytes");
    }
}

#[test]
fn a_signature_fits_its_content_and_its_signer_only() {
    let (signer, other) = (Certificate::parse(SIGNER).unwrap(), Certificate::parse(OTHER).unwrap());
    for (name, message) in [("serial", BY_SERIAL), ("key", BY_KEY), ("attributes", WITH_ATTRIBUTES)] {
        let signed = read(message);
        assert!(signed.is_by(&signer) && !signed.is_by(&other), "{name}");
        assert_eq!(signed.check(CONTENT, &signer), Intact::Yes, "{name}");
        assert_eq!(signed.check(CONTENT, &other), Intact::No, "{name}");
        let mut changed = CONTENT.to_vec();
        changed[5] ^= 1;
        assert_eq!(signed.check(&changed, &signer), Intact::No, "{name}");
        assert_eq!(signed.check(&CONTENT[..3], &signer), Intact::No, "{name}");
    }
    assert!(matches!(read(SHA1).check(CONTENT, &signer), Intact::Unknown(_)), "a hash that is not known is no lie");
}

#[test]
fn a_signer_is_named_as_the_signature_names_it() {
    let signer = Certificate::parse(SIGNER).unwrap();
    assert_eq!(read(BY_SERIAL).signer(), format!("CN=a module signer, serial number {}", hex(&signer.serial)));
    let id = hex(signer.key_id.as_ref().unwrap());
    assert_eq!(read(BY_KEY).signer(), format!("the key {id}"));
    let line = format!("1e5c I------ 1 perm 1f030000 0 0 asymmetri a module signer: {id}: X509.rsa 00 []");
    assert!(signer.is_named_in(&line) && read(BY_KEY).is_named_in(&line));
    assert!(!read(BY_KEY).is_named_in(&line.replace(&id, "00")));
}

#[test]
fn a_message_that_is_cut_or_none_is_an_error() {
    for length in 0..BY_SERIAL.len() {
        assert!(signed_data(&BY_SERIAL[..length]).is_err(), "{length} bytes");
    }
    assert!(signed_data(CONTENT).is_err());
}

#[test]
fn a_certificate_is_read_from_der_and_pem_and_nothing_else() {
    let certificate = Certificate::parse(SIGNER).unwrap();
    assert_eq!(certificate.subject, "CN=a module signer");
    assert!(certificate.not_before < certificate.not_after);
    assert_eq!(certificate.key_id.as_ref().map(Vec::len), Some(20));
    assert!(Certificate::parse(CONTENT).is_err() && Certificate::parse(b"-----BEGIN CERTIFICATE-----").is_err());
}
