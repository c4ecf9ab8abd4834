//! An X.509 certificate, as far as it matters who signed a module (RFC 5280).

use std::time::Duration;

use sha2::{Digest as _, Sha256};
use x509_cert::der::{Decode, DecodePem, Encode};
use x509_cert::spki::ObjectIdentifier;

/// 2.5.29.14, subjectKeyIdentifier.
const KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Certificate {
    pub(crate) subject: String,
    /// The issuer's name in DER.
    pub(super) issuer: Vec<u8>,
    /// Big-endian, without leading zeros.
    pub(super) serial: Vec<u8>,
    /// The subject key identifier, by which signatures and kernels name keys.
    pub(crate) key_id: Option<Vec<u8>>,
    /// The public key, SubjectPublicKeyInfo in DER.
    pub(super) key: Vec<u8>,
    /// Seconds since 1970.
    pub(crate) not_before: u64,
    pub(crate) not_after: u64,
    /// SHA-256 of the whole.
    pub(crate) fingerprint: [u8; 32],
    /// SHA-256 of the part that is signed: what revocation lists hold.
    pub(super) signed_part: [u8; 32],
}

impl Certificate {
    /// Reads DER or PEM. The error is the reason, in a few words.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let read = if bytes.starts_with(b"-----BEGIN") {
            x509_cert::Certificate::from_pem(bytes)
        } else {
            x509_cert::Certificate::from_der(bytes)
        };
        let whole = read.map_err(|error| format!("it is no X.509 certificate: {error}"))?;
        Self::of(&whole).map_err(|error| format!("it is an odd certificate: {error}"))
    }

    fn of(whole: &x509_cert::Certificate) -> x509_cert::der::Result<Self> {
        let body = &whole.tbs_certificate;
        let seconds = |time: x509_cert::time::Time| Duration::as_secs(&time.to_unix_duration());
        let key_id = body.extensions.iter().flatten().find(|extension| extension.extn_id == KEY_ID);
        // The value is an OCTET STRING of its own: a tag and a length stand before it.
        let key_id = key_id.and_then(|extension| extension.extn_value.as_bytes().get(2..)).map(<[u8]>::to_vec);
        Ok(Self {
            subject: body.subject.to_string(),
            issuer: body.issuer.to_der()?,
            serial: without_zeros(body.serial_number.as_bytes()).to_vec(),
            key_id,
            key: body.subject_public_key_info.to_der()?,
            not_before: seconds(body.validity.not_before),
            not_after: seconds(body.validity.not_after),
            fingerprint: Sha256::digest(whole.to_der()?).into(),
            signed_part: Sha256::digest(body.to_der()?).into(),
        })
    }

    /// Whether a line of /proc/keys is about its key: it ends the name with the key's id, or with the serial number where
    /// there is none (crypto/asymmetric_keys/x509_public_key.c).
    pub(super) fn is_named_in(&self, line: &str) -> bool {
        let id = hex(self.key_id.as_deref().unwrap_or(&self.serial));
        line.contains(&format!(": {id}:"))
    }
}

pub(super) fn without_zeros(number: &[u8]) -> &[u8] {
    &number[number.iter().take_while(|byte| **byte == 0).count()..]
}

/// `0a1b…`
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `0a:1b:…`, as mokutil and openssl show fingerprints.
pub(crate) fn fingerprint(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}
