//! Who signed a module, and whether the signature fits the content: the CMS message at its end, as sign-file writes it
//! (RFC 5652 SignedData without content; include/linux/module_signature.h).

use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::pkcs8::DecodePublicKey;
use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};
use x509_cert::der::asn1::AnyRef;
use x509_cert::der::{Decode, Encode, Tag, Tagged};
use x509_cert::name::Name;
use x509_cert::spki::ObjectIdentifier;

use super::certificate::{Certificate, hex, without_zeros};
use super::message::{Message, parts};
use crate::kernel::modinfo::{ModInfo, PKCS7};

/// 2.5.4.3
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// A signature at the end of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signed {
    signer: Signer,
    hash: Hash,
    /// What was signed in place of the content, if anything: attributes in DER, which hold the content's digest.
    attributes: Option<Vec<u8>>,
    signature: Vec<u8>,
    /// Length of the module without its signature.
    length: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Signer {
    Issued { issuer: Vec<u8>, serial: Vec<u8> },
    Key(Vec<u8>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Unknown,
}

/// Whether content and signature belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Intact {
    Yes,
    No,
    /// With this certificate it cannot be told; why.
    Unknown(String),
}

impl Signed {
    /// Looks at the end of an uncompressed module: one for each signer, none when it is not signed. The error says what is wrong
    /// with its signature.
    pub(crate) fn all_of(content: &[u8], info: &ModInfo) -> Result<Vec<Self>, String> {
        let Some(found) = info.signature else { return Ok(Vec::new()) };
        if found.id_type != PKCS7 {
            return Err("its signature is of a format that kernels do not read since 4.3".to_owned());
        }
        let message = content.get(found.unsigned..found.unsigned + found.length).unwrap_or_default();
        let read = signed_data(message).map_err(|error| format!("its signature cannot be read: {error}"))?;
        Ok(read.into_iter().map(|signed| Self { length: found.unsigned, ..signed }).collect())
    }

    pub(crate) fn is_by(&self, certificate: &Certificate) -> bool {
        match &self.signer {
            Signer::Issued { issuer, serial } => *issuer == certificate.issuer && *serial == certificate.serial,
            Signer::Key(id) => certificate.key_id.as_ref() == Some(id),
        }
    }

    /// As the signature names its signer.
    pub(crate) fn signer(&self) -> String {
        match &self.signer {
            Signer::Issued { issuer, serial } => {
                let issuer =
                    Name::from_der(issuer).map_or_else(|_| "an unreadable name".to_owned(), |name| name.to_string());
                format!("{issuer}, serial number {}", hex(serial))
            }
            Signer::Key(id) => format!("the key {}", hex(id)),
        }
    }

    /// Whether a line of /proc/keys is about the key that signed.
    pub(super) fn is_named_in(&self, line: &str) -> bool {
        let id = match &self.signer {
            Signer::Issued { serial, .. } => serial,
            Signer::Key(id) => id,
        };
        line.contains(&format!(": {}:", hex(id)))
    }

    /// Whether this is the name of whom the signature names, as the kernel shows names: O, a colon and CN, or CN
    /// (crypto/asymmetric_keys/x509_cert_parser.c).
    pub(super) fn is_issued_by(&self, shown: &str) -> bool {
        let Signer::Issued { issuer, .. } = &self.signer else { return false };
        let Ok(name) = Name::from_der(issuer) else { return false };
        let all = name.0.iter().flat_map(|part| part.0.iter());
        let mut common = all.filter(|attribute| attribute.oid == COMMON_NAME);
        common.any(|attribute| str::from_utf8(attribute.value.value()).is_ok_and(|name| shown.ends_with(name)))
    }

    /// Checks the signature over the module with the public key of the certificate.
    pub(crate) fn check(&self, content: &[u8], certificate: &Certificate) -> Intact {
        let Ok(key) = rsa::RsaPublicKey::from_public_key_der(&certificate.key) else {
            return Intact::Unknown("its key is none of RSA".to_owned());
        };
        let Some(module) = content.get(..self.length) else { return Intact::No };
        let Some(digest) = self.hash.digest(module) else {
            return Intact::Unknown("its hash is none that dkms knows".to_owned());
        };
        let signed = match &self.attributes {
            None => Some(digest),
            Some(attributes) if holds(attributes, &digest) => self.hash.digest(attributes),
            Some(_) => return Intact::No,
        };
        let fits = signed.is_some_and(|digest| key.verify(self.hash.padding(), &digest, &self.signature).is_ok());
        if fits { Intact::Yes } else { Intact::No }
    }
}

impl Hash {
    /// RFC 5754.
    fn named(oid: &[u8]) -> Self {
        match oid {
            [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, kind] => match kind {
                1 => Self::Sha256,
                2 => Self::Sha384,
                3 => Self::Sha512,
                4 => Self::Sha224,
                _ => Self::Unknown,
            },
            _ => Self::Unknown,
        }
    }

    fn digest(self, content: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Sha224 => Some(Sha224::digest(content).to_vec()),
            Self::Sha256 => Some(Sha256::digest(content).to_vec()),
            Self::Sha384 => Some(Sha384::digest(content).to_vec()),
            Self::Sha512 => Some(Sha512::digest(content).to_vec()),
            Self::Unknown => None,
        }
    }

    fn padding(self) -> Pkcs1v15Sign {
        match self {
            Self::Sha224 => Pkcs1v15Sign::new::<Sha224>(),
            Self::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
            Self::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
            Self::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
            Self::Unknown => Pkcs1v15Sign::new_unprefixed(),
        }
    }
}

/// The signers of a SignedData message; `length` is left open.
fn signed_data(message: &[u8]) -> Result<Vec<Signed>, String> {
    let signers = Message::read(message)?.signers()?;
    if signers.is_empty() {
        return Err("it has no signer".to_owned());
    }
    signers.into_iter().map(|signer| signer_info(signer.value())).collect()
}

/// SignerInfo: version, who, digest algorithm, attributes ([0], optional), signature algorithm, signature.
fn signer_info(bytes: &[u8]) -> Result<Signed, String> {
    let parts_of_it = parts(bytes)?;
    let part = |at: usize| parts_of_it.get(at).copied().ok_or_else(|| "it is cut".to_owned());
    let attributes = part(3)?;
    let has_attributes = attributes.tag().is_context_specific();
    let algorithm = parts(part(2)?.value())?;
    let hash = algorithm.first().map_or(Hash::Unknown, |oid| Hash::named(oid.value()));
    let signature = part(if has_attributes { 5 } else { 4 })?;
    Ok(Signed {
        signer: signer(part(1)?)?,
        hash,
        // They are signed as the SET that they are, and not under the tag that they have here (RFC 5652, 5.4).
        attributes: has_attributes.then(|| as_set(attributes)).transpose()?,
        signature: signature.value().to_vec(),
        length: 0,
    })
}

fn signer(who: AnyRef<'_>) -> Result<Signer, String> {
    if who.tag().is_context_specific() {
        return Ok(Signer::Key(who.value().to_vec()));
    }
    match parts(who.value())?.as_slice() {
        [issuer, serial] => Ok(Signer::Issued {
            issuer: issuer.to_der().map_err(|error| error.to_string())?,
            serial: without_zeros(serial.value()).to_vec(),
        }),
        _ => Err("it does not name its signer".to_owned()),
    }
}

fn as_set(attributes: AnyRef<'_>) -> Result<Vec<u8>, String> {
    let set = AnyRef::new(Tag::Set, attributes.value()).and_then(|set| set.to_der());
    set.map_err(|error| error.to_string())
}

/// Whether the attribute messageDigest (1.2.840.113549.1.9.4) among these is this digest.
fn holds(attributes: &[u8], digest: &[u8]) -> bool {
    const MESSAGE_DIGEST: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
    let value = || -> Option<Vec<u8>> {
        for attribute in parts(AnyRef::from_der(attributes).ok()?.value()).ok()? {
            let parts_of_it = parts(attribute.value()).ok()?;
            if parts_of_it.first()?.value() == MESSAGE_DIGEST {
                return Some(parts(parts_of_it.get(1)?.value()).ok()?.first()?.value().to_vec());
            }
        }
        None
    };
    value().as_deref() == Some(digest)
}

#[cfg(test)]
#[path = "signed/tests.rs"]
mod tests;
