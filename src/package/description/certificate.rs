//! The public certificate of a vendor's modules, which a person enrols for Secure Boot.

use x509_cert::Certificate;
use x509_cert::der::{Decode, DecodePem, Encode};

/// A file that is no certificate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CertificateError {
    #[error("it is not an X.509 certificate in PEM or DER form")]
    NoCertificate(#[source] x509_cert::der::Error),
    /// A private key, which must never get into a package.
    #[error("it holds a private key, which must not leave your hands; only the certificate goes into a package")]
    PrivateKey,
}

/// Reads PEM or DER and gives DER, which mokutil(1) takes.
pub(crate) fn to_der(bytes: &[u8]) -> Result<Vec<u8>, CertificateError> {
    if bytes.windows(12).any(|part| part == b"PRIVATE KEY-") {
        return Err(CertificateError::PrivateKey);
    }
    let read =
        if bytes.starts_with(b"-----BEGIN") { Certificate::from_pem(bytes) } else { Certificate::from_der(bytes) };
    read.and_then(|certificate| certificate.to_der()).map_err(CertificateError::NoCertificate)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made once by `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -days 36500`.
    const PEM: &str = include_str!("../../../tests/fixtures/mok.pem");

    #[test]
    fn pem_and_der_are_read_and_keys_are_refused() {
        let der = to_der(PEM.as_bytes()).unwrap();
        assert_eq!(to_der(&der).unwrap(), der);
        assert!(matches!(to_der(b"text"), Err(CertificateError::NoCertificate(_))));
        let both = format!("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n{PEM}");
        assert!(matches!(to_der(both.as_bytes()), Err(CertificateError::PrivateKey)));
    }
}
