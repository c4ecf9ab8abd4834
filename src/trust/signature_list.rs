//! EFI_SIGNATURE_LIST: how db, dbx and shim's lists hold certificates and digests (UEFI specification 2.10, 32.4.1).

/// One thing that a list trusts or forbids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A certificate in DER.
    Certificate(Vec<u8>),
    /// SHA-256 of the signed part of a certificate, and nothing more (EFI_CERT_X509_SHA256). The time of revocation that the
    /// specification has behind it is part of the digest to kernels, which thus never find it (certs/blacklist.c; seen with 6.1).
    CertificateDigest([u8; 32]),
    /// Of another kind: digests of programs among them, which say nothing about modules.
    Other,
}

/// EFI_CERT_X509_GUID, a5c059a1-94e4-4aa7-87b5-ab155c2bf072, as it lies in memory.
const X509: [u8; 16] = [0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a, 0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72];
/// EFI_CERT_X509_SHA256_GUID, 3bd2a492-96c0-4079-b420-fcf98ef103ed.
const X509_SHA256: [u8; 16] =
    [0x92, 0xa4, 0xd2, 0x3b, 0xc0, 0x96, 0x79, 0x40, 0xb4, 0x20, 0xfc, 0xf9, 0x8e, 0xf1, 0x03, 0xed];
/// Kind, and the sizes of list, header and entry.
const HEAD: usize = 28;
/// Each entry begins with the GUID of who put it there.
const OWNER: usize = 16;

/// All entries of one list after the other. None: the sizes contradict each other.
pub(crate) fn parse(mut bytes: &[u8]) -> Option<Vec<Entry>> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let head = bytes.get(..HEAD)?;
        let size = |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?) as usize);
        let (list, header, each) = (size(16)?, size(20)?, size(24)?);
        let signatures = bytes.get(HEAD.checked_add(header)?..list)?;
        if each <= OWNER || signatures.len() % each != 0 {
            return None;
        }
        entries.extend(signatures.chunks(each).map(|signature| entry(&head[..16], &signature[OWNER..])));
        bytes = bytes.get(list..)?;
    }
    Some(entries)
}

fn entry(kind: &[u8], data: &[u8]) -> Entry {
    match data.try_into().ok() {
        _ if kind == X509 => Entry::Certificate(data.to_vec()),
        Some(digest) if kind == X509_SHA256 => Entry::CertificateDigest(digest),
        _ => Entry::Other,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A list with one entry.
    pub(crate) fn list(kind: &[u8; 16], data: &[u8]) -> Vec<u8> {
        let mut bytes = kind.to_vec();
        for size in [HEAD + OWNER + data.len(), 0, OWNER + data.len()] {
            bytes.extend(u32::try_from(size).unwrap().to_le_bytes());
        }
        bytes.extend([7; OWNER]);
        bytes.extend(data);
        bytes
    }

    pub(crate) fn of_certificate(der: &[u8]) -> Vec<u8> {
        list(&X509, der)
    }

    pub(crate) fn of_certificate_digest(digest: &[u8; 32]) -> Vec<u8> {
        list(&X509_SHA256, digest)
    }

    #[test]
    fn lists_of_every_kind_follow_each_other() {
        let bytes = [of_certificate(b"DER"), list(&[1; 16], &[0; 32]), of_certificate_digest(&[9; 32])].concat();
        let with_time = list(&X509_SHA256, &[9; 48]);
        let certificate = Entry::Certificate(b"DER".to_vec());
        let expected = vec![certificate, Entry::Other, Entry::CertificateDigest([9; 32]), Entry::Other];
        let bytes = [bytes, with_time].concat();
        assert_eq!(parse(&bytes), Some(expected));
        assert_eq!(parse(&[]), Some(Vec::new()));
    }

    #[test]
    fn sizes_that_contradict_each_other_are_no_list() {
        let whole = of_certificate(b"DER");
        assert_eq!(parse(&whole[..whole.len() - 1]), None);
        for (at, size) in [(16, 0_u32), (16, 5), (16, u32::MAX), (20, u32::MAX), (24, 0), (24, 16), (24, 18)] {
            let mut bytes = whole.clone();
            bytes[at..at + 4].copy_from_slice(&size.to_le_bytes());
            assert_eq!(parse(&bytes), None, "{size} at {at}");
        }
    }
}
