//! OpenPGP signatures (RFC 4880, RFC 9580) of packages and repository metadata, made with a secret key from a file.

use std::path::{Path, PathBuf};

use pgp::composed::cleartext::CleartextSignedMessage;
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{SignatureConfig, SignatureType, Subpacket, SubpacketData};
use pgp::ser::Serialize;
use pgp::types::{Fingerprint, KeyVersion, PublicKeyTrait, PublicParams, SecretKeyTrait};
use pgp::{ArmorOptions, Deserializable, SignedPublicKey, SignedSecretKey, StandaloneSignature};

/// Why nothing can be signed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SigningError {
    /// The file cannot be read.
    #[error("cannot read the signing key")]
    Read(#[from] std::io::Error),
    /// It holds no secret key.
    #[error("{} holds no OpenPGP secret key", .file.display())]
    NoSecretKey {
        file: PathBuf,
        #[source]
        source: pgp::errors::Error,
    },
    /// The key cannot sign, or its passphrase is missing or wrong.
    #[error("the key {} does not sign", .file.display())]
    Refused {
        file: PathBuf,
        #[source]
        source: pgp::errors::Error,
    },
    /// Its algorithm can only encrypt, or is too old to be accepted.
    #[error("{} holds no key that may sign", .file.display())]
    CannotSign { file: PathBuf },
}

/// A secret key that signs.
#[derive(Debug)]
pub(crate) struct SigningKey {
    file: PathBuf,
    key: SignedSecretKey,
    passphrase: String,
    /// Which of the secret subkeys signs; None: the primary key.
    subkey: Option<usize>,
}

#[derive(Debug)]
pub(crate) struct Detached(StandaloneSignature);

impl SigningKey {
    /// Reads a secret key, armoured (`gpg --export-secret-keys --armor`) or binary. A subkey that is meant for signing
    /// signs instead of the primary key, as with gpg.
    pub(crate) fn read(file: &Path, passphrase: &str) -> Result<Self, SigningError> {
        let bytes = fs_err::read(file)?;
        let (key, _) = SignedSecretKey::from_reader_single(bytes.as_slice())
            .map_err(|source| SigningError::NoSecretKey { file: file.into(), source })?;
        let meant = |index: &usize| {
            let subkey = &key.secret_subkeys[*index];
            subkey.key.is_signing_key() && subkey.signatures.iter().any(|binding| binding.key_flags().sign())
        };
        let subkey = (0..key.secret_subkeys.len()).rev().find(meant);
        if subkey.is_none() && !key.primary_key.is_signing_key() {
            return Err(SigningError::CannotSign { file: file.into() });
        }
        let signing = Self { file: file.into(), key, passphrase: passphrase.to_owned(), subkey };
        // A wrong passphrase shows now, not after all the work.
        signing.detached(b"", 0)?;
        Ok(signing)
    }

    /// Signs bytes; `date` is the signature's time in seconds since 1970.
    pub(crate) fn detached(&self, bytes: &[u8], date: u64) -> Result<Detached, SigningError> {
        let signature = self.sign(SignatureType::Binary, bytes, date);
        signature.map(|it| Detached(StandaloneSignature::new(it))).map_err(|source| self.refused(source))
    }

    /// The text with its signature in one file, as apt's InRelease.
    pub(crate) fn clear_signed(&self, text: &str, date: u64) -> Result<String, SigningError> {
        CleartextSignedMessage::new_many(text, |bytes| Ok(vec![self.sign(SignatureType::Text, bytes, date)?]))
            .and_then(|message| message.to_armored_string(ArmorOptions::default()))
            .map_err(|source| self.refused(source))
    }

    /// The public key, armoured, for those who check the signatures.
    pub(crate) fn certificate(&self) -> Result<String, SigningError> {
        SignedPublicKey::from(self.key.clone())
            .to_armored_string(ArmorOptions::default())
            .map_err(|source| self.refused(source))
    }

    /// The fingerprint of the primary key in hexadecimal.
    pub(crate) fn fingerprint(&self) -> String {
        hexadecimal(&self.key.primary_key.fingerprint())
    }

    /// Whom the key names first: `Name <address>`.
    pub(crate) fn owner(&self) -> Option<String> {
        let user = self.key.details.users.first()?;
        std::str::from_utf8(user.id.id()).ok().map(str::to_owned)
    }

    /// When the primary key was made, in seconds since 1970.
    pub(crate) fn created(&self) -> u64 {
        u64::try_from(self.key.primary_key.created_at().timestamp()).unwrap_or_default()
    }

    /// Whether a signature, binary, says that this key made it. Whether it did is not checked.
    pub(crate) fn is_named_in(&self, signature: &[u8]) -> bool {
        let own = match self.signing_subkey() {
            Some(subkey) => subkey.key_id(),
            None => self.key.primary_key.key_id(),
        };
        StandaloneSignature::from_bytes(signature).is_ok_and(|found| found.signature.issuer().contains(&&own))
    }

    /// Whether the key is one that RHEL 8's rpm cannot check: it knows RSA and the NIST curves only.
    pub(crate) fn is_modern(&self) -> bool {
        !matches!(self.public_params(), PublicParams::RSA { .. } | PublicParams::ECDSA(_))
    }

    /// Whether its signatures are RSA ones, for which RPM headers have a place of their own.
    pub(crate) fn is_rsa(&self) -> bool {
        matches!(self.public_params(), PublicParams::RSA { .. })
    }

    fn public_params(&self) -> &PublicParams {
        match self.signing_subkey() {
            Some(subkey) => subkey.public_params(),
            None => self.key.primary_key.public_params(),
        }
    }

    fn signing_subkey(&self) -> Option<&pgp::packet::SecretSubkey> {
        self.subkey.and_then(|index| self.key.secret_subkeys.get(index)).map(|subkey| &subkey.key)
    }

    fn sign(&self, kind: SignatureType, bytes: &[u8], date: u64) -> Result<pgp::Signature, pgp::errors::Error> {
        match self.signing_subkey() {
            Some(subkey) => sign(subkey, &self.passphrase, kind, bytes, date),
            None => sign(&self.key.primary_key, &self.passphrase, kind, bytes, date),
        }
    }

    fn refused(&self, source: pgp::errors::Error) -> SigningError {
        SigningError::Refused { file: self.file.clone(), source }
    }
}

impl Detached {
    /// The packet itself, as RPM headers hold it.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>, pgp::errors::Error> {
        self.0.to_bytes()
    }

    /// With ASCII armour, as in Release.gpg and repomd.xml.asc.
    pub(crate) fn armored(&self) -> Result<String, pgp::errors::Error> {
        self.0.to_armored_string(ArmorOptions::default())
    }
}

fn sign(
    key: &impl SecretKeyTrait,
    passphrase: &str,
    kind: SignatureType,
    bytes: &[u8],
    date: u64,
) -> Result<pgp::Signature, pgp::errors::Error> {
    // SHA-1 and the like are refused by everybody; the key's own wish counts only for the larger curves.
    let hash = match key.hash_alg() {
        hash @ (HashAlgorithm::SHA2_384 | HashAlgorithm::SHA2_512) => hash,
        _ => HashAlgorithm::SHA2_256,
    };
    let mut config = match key.version() {
        KeyVersion::V6 => SignatureConfig::v6(rand::thread_rng(), kind, key.algorithm(), hash)?,
        _ => SignatureConfig::v4(kind, key.algorithm(), hash),
    };
    let time = chrono::DateTime::from_timestamp(i64::try_from(date).unwrap_or_default(), 0).unwrap_or_default();
    config.hashed_subpackets = vec![
        Subpacket::regular(SubpacketData::IssuerFingerprint(key.fingerprint())),
        Subpacket::regular(SubpacketData::SignatureCreationTime(time)),
    ];
    config.unhashed_subpackets = vec![Subpacket::regular(SubpacketData::Issuer(key.key_id()))];
    config.sign(key, || passphrase.to_owned(), bytes)
}

fn hexadecimal(fingerprint: &Fingerprint) -> String {
    fingerprint.as_bytes().iter().map(|byte| format!("{byte:02X}")).collect()
}

#[cfg(test)]
mod tests;
