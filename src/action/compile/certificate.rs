//! A key and a self-signed certificate that module signatures can be made with.

use std::str::FromStr;
use std::time::{Duration, SystemTime};

use rsa::pkcs1v15::{Signature, SigningKey};
use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::rand_core::{OsRng, RngCore};
use sha2::Sha256;
use x509_cert::builder::{Builder, CertificateBuilder, Profile};
use x509_cert::der::oid::db::rfc5280::ID_KP_CODE_SIGNING;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::ExtendedKeyUsage;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::{Time, Validity};

/// What firmware of all ages verifies; mokutil and shim know no limit below it.
const KEY_BITS: usize = 2048;

/// A machine's key is enrolled by hand in its firmware: it must not expire in the machine's life.
const LIFE: Duration = Duration::from_secs(100 * 365 * 24 * 3600 + 25 * 24 * 3600);

/// X.520's bound on a common name.
const LONGEST_NAME: usize = 64;

/// A new key with its certificate.
pub(crate) struct Pair {
    /// The private key, PKCS #8 in PEM.
    pub(crate) key: Vec<u8>,
    pub(crate) certificate: Vec<u8>,
}

/// Why no pair could be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot make a {what}: {reason}")]
pub(crate) struct CertificateError {
    what: &'static str,
    reason: String,
}

/// Makes an RSA key and a certificate for code signing, valid for 100 years from `now`. The common name says the host,
/// if one is known, so that the owner recognises it in the firmware's menus.
pub(crate) fn generate(host: Option<&str>, now: SystemTime) -> Result<Pair, CertificateError> {
    let key = rsa::RsaPrivateKey::new(&mut OsRng, KEY_BITS).map_err(|error| failed("key", error))?;
    let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|error| failed("key", error))?;
    let certificate = certificate(key, host, now).map_err(|error| failed("certificate", error))?;
    Ok(Pair { key: pem.as_bytes().to_vec(), certificate })
}

fn failed(what: &'static str, reason: impl std::fmt::Display) -> CertificateError {
    CertificateError { what, reason: reason.to_string() }
}

fn certificate(
    key: rsa::RsaPrivateKey,
    host: Option<&str>,
    now: SystemTime,
) -> Result<Vec<u8>, x509_cert::builder::Error> {
    let public = key.to_public_key().to_public_key_der()?;
    let public = SubjectPublicKeyInfoOwned::from_der(public.as_bytes())?;
    let signer = SigningKey::<Sha256>::new(key);
    let subject = Name::from_str(&format!("CN={}", common_name(host)))?;
    let validity = Validity { not_before: Time::try_from(now)?, not_after: Time::try_from(now + LIFE)? };
    let profile =
        Profile::Leaf { issuer: subject.clone(), enable_key_agreement: false, enable_key_encipherment: false };
    let mut builder = CertificateBuilder::new(profile, serial()?, validity, subject, public, &signer)?;
    builder.add_extension(&ExtendedKeyUsage(vec![ID_KP_CODE_SIGNING]))?;
    Ok(builder.build::<Signature>()?.to_der()?)
}

fn common_name(host: Option<&str>) -> String {
    // Only what needs no escaping in a distinguished name.
    let host: String =
        host.unwrap_or_default().chars().filter(|c| c.is_ascii_alphanumeric() || "-._".contains(*c)).collect();
    let mut name = "DKMS module signing key".to_owned();
    if !host.is_empty() {
        name.push_str(" of ");
        name.push_str(&host);
    }
    name.truncate(LONGEST_NAME);
    name
}

/// A random positive number: two keys of one host must not look like the same certificate.
fn serial() -> Result<SerialNumber, x509_cert::der::Error> {
    let mut bytes = [0; 16];
    OsRng.fill_bytes(&mut bytes);
    bytes[0] = bytes[0] & 0x7f | 0x40;
    SerialNumber::new(&bytes)
}

#[cfg(test)]
mod tests {
    use x509_cert::Certificate;

    use super::*;

    #[test]
    fn a_pair_belongs_together_and_lives_a_hundred_years() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let pair = generate(Some("host.example"), now).unwrap();
        assert!(pair.key.starts_with(b"-----BEGIN PRIVATE KEY-----\n"));
        let certificate = Certificate::from_der(&pair.certificate).unwrap().tbs_certificate;
        assert_eq!(certificate.subject.to_string(), "CN=DKMS module signing key of host.example");
        assert_eq!(certificate.issuer, certificate.subject);
        assert_eq!(certificate.validity.not_after.to_date_time().year(), 2127);
        assert!(matches!(certificate.validity.not_before, Time::UtcTime(_)), "RFC 5280: UTCTime until 2049");
        assert!(matches!(certificate.validity.not_after, Time::GeneralTime(_)));

        let key = <rsa::RsaPrivateKey as rsa::pkcs8::DecodePrivateKey>::from_pkcs8_pem(
            std::str::from_utf8(&pair.key).unwrap(),
        );
        let public = key.unwrap().to_public_key().to_public_key_der().unwrap();
        assert_eq!(certificate.subject_public_key_info.to_der().unwrap(), public.as_bytes());
    }

    #[test]
    fn a_host_name_cannot_bring_further_fields_or_exceed_the_bound() {
        assert_eq!(common_name(None), "DKMS module signing key");
        assert_eq!(common_name(Some("a,O=b\n+C=x")), "DKMS module signing key of aObCx");
        assert_eq!(common_name(Some(&"x".repeat(300))).len(), LONGEST_NAME);
    }
}
