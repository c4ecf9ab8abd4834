//! The message of a module's signature: SignedData of the Cryptographic Message Syntax without content (RFC 5652, 5.1), and how
//! two that several keys made of one module become one. Kernels load a module when they know the key of any signer
//! (crypto/asymmetric_keys/pkcs7_trust.c).

use x509_cert::der::asn1::AnyRef;
use x509_cert::der::{Decode, Encode, Reader, SliceReader, Tag, Tagged};

/// Where the version stands in SignedData, which follows from how signers are named, and the algorithms of the digests.
const VERSION: usize = 0;
const ALGORITHMS: usize = 1;
/// Version, algorithms and content stand before what may be there (certificates, lists of revoked ones) and the signers.
const BEFORE_SIGNERS: usize = 3;

/// One that was taken apart.
pub(super) struct Message<'m> {
    kind: AnyRef<'m>,
    /// What holds the parts.
    content: Tag,
    /// The parts of SignedData.
    data: Vec<AnyRef<'m>>,
    /// Which of them holds the signers.
    signers: usize,
}

impl<'m> Message<'m> {
    pub(super) fn read(message: &'m [u8]) -> Result<Self, String> {
        let missing = |what: &str| format!("it has no {what}");
        let whole = AnyRef::from_der(message).map_err(|error| error.to_string())?;
        let [kind, content, ..] = parts(whole.value())?[..] else { return Err(missing("content")) };
        let data = parts(content.value())?.first().copied().ok_or_else(|| missing("content"))?;
        let (content, data) = (content.tag(), parts(data.value())?);
        let is_set = |at: &usize| data[*at].tag() == Tag::Set;
        let signers = (BEFORE_SIGNERS..data.len()).rfind(is_set).ok_or_else(|| missing("signers"))?;
        Ok(Self { kind, content, data, signers })
    }

    /// Those of the digests that the signers made.
    pub(super) fn algorithms(&self) -> Result<Vec<AnyRef<'m>>, String> {
        parts(self.data[ALGORITHMS].value())
    }

    pub(super) fn signers(&self) -> Result<Vec<AnyRef<'m>>, String> {
        parts(self.data[self.signers].value())
    }

    /// With these parts in place of those of two sets.
    fn written(&self, algorithms: &[AnyRef<'_>], signers: &[AnyRef<'_>]) -> x509_cert::der::Result<Vec<u8>> {
        let (algorithms, signers) = (joined(algorithms)?, joined(signers)?);
        let mut data = self.data.clone();
        data[ALGORITHMS] = AnyRef::new(Tag::Set, &algorithms)?;
        data[self.signers] = AnyRef::new(Tag::Set, &signers)?;
        let data = joined(&data)?;
        let data = AnyRef::new(Tag::Sequence, &data)?.to_der()?;
        let whole = joined(&[self.kind, AnyRef::new(self.content, &data)?])?;
        AnyRef::new(Tag::Sequence, &whole)?.to_der()
    }
}

/// The message with the signers of both, those of the first one before the others.
///
/// # Errors
///
/// What is wrong with one of the two.
pub(crate) fn with_signers_of_both(first: &[u8], second: &[u8]) -> Result<Vec<u8>, String> {
    let (first, second) = (Message::read(first)?, Message::read(second)?);
    if first.data[VERSION] != second.data[VERSION] {
        return Err("one names its signer otherwise than the other, which kernels do not take together".to_owned());
    }
    let mut algorithms = first.algorithms()?;
    for algorithm in second.algorithms()? {
        if !algorithms.contains(&algorithm) {
            algorithms.push(algorithm);
        }
    }
    let signers = [first.signers()?, second.signers()?].concat();
    first.written(&algorithms, &signers).map_err(|error| error.to_string())
}

/// Their encodings, one behind the other.
fn joined(parts: &[AnyRef<'_>]) -> x509_cert::der::Result<Vec<u8>> {
    let mut all = Vec::new();
    for part in parts {
        part.encode_to_vec(&mut all)?;
    }
    Ok(all)
}

/// The elements of a constructed value.
pub(super) fn parts(bytes: &[u8]) -> Result<Vec<AnyRef<'_>>, String> {
    let mut found = Vec::new();
    let mut reader = SliceReader::new(bytes).map_err(|error| error.to_string())?;
    while !reader.is_finished() {
        found.push(AnyRef::decode(&mut reader).map_err(|error| error.to_string())?);
    }
    Ok(found)
}
