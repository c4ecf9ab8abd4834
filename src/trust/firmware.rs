//! What the firmware, shim and the running kernel say about keys.

use super::certificate::Certificate;
use super::signature_list::{self, Entry};
use super::signed::Signed;
use crate::sys::System;
use crate::sys::efi::{DATABASES, GLOBAL, SHIM};

/// What this machine was started with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Firmware {
    pub(crate) is_efi: bool,
    /// None: not EFI, or its variables cannot be read.
    pub(crate) secure_boot: Option<bool>,
    /// Whether keys can be put there without a signature.
    pub(crate) setup_mode: Option<bool>,
    /// shim was told not to verify (`mokutil --disable-validation`): kernels then do as without Secure Boot.
    pub(crate) validation_off: bool,
    lists: Lists,
    /// Whether a certificate in a list of what is forbidden counts, as with kernels that have CONFIG_SYSTEM_REVOCATION_LIST.
    heeds_forbidden_certificates: bool,
    /// Whether shim's lists do not count, which nobody verified.
    leaves_shim_out: bool,
    /// The asymmetric keys that the running kernel has, a line each (/proc/keys); None when it is not this root's.
    keys: Option<Vec<String>>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Lists {
    allowed: Vec<(Place, Entry)>,
    forbidden: Vec<Entry>,
    forbidden_by_shim: Vec<Entry>,
    /// Asked for with `mokutil --import`, to be confirmed at the next start.
    pending: Vec<Entry>,
}

/// Which list holds a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// shim's list of the machine's owner.
    Mok,
    /// The firmware's own database.
    Database,
    /// The running kernel, from whatever source.
    Kernel,
}

impl Place {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Place::Mok => "in the list of machine owner keys (MOK)",
            Place::Database => "in the firmware's database (db)",
            Place::Kernel => "known to the running kernel",
        }
    }
}

/// What a key is to this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Enrolment {
    At(Place),
    Pending,
    Revoked(Ban),
    /// shim's list has it, and counts only where Secure Boot verifies what is started.
    LeftOut,
    Not,
}

/// How a list of what is forbidden names a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ban {
    /// The kernel keeps it aside, and refuses what fits it.
    Certificate,
    /// By its digest: the kernel does not load it, and knows it no more than any other.
    Digest,
}

impl Firmware {
    pub(crate) fn read(system: &System) -> Self {
        let list = |name: &str, vendor: &str| entries(system.efi_variable(name, vendor));
        // The kernel shows shim's whole lists there; variables of the firmware may be too small for them.
        let of_shim = |name: &str| {
            let file = system.path(format!("/sys/firmware/efi/mok-variables/{name}"));
            fs_err::read(file).map_or_else(|_| list(name, SHIM), |bytes| entries(Some(bytes)))
        };
        let at = |place: Place, entries: Vec<Entry>| entries.into_iter().map(move |entry| (place, entry));
        let mok = at(Place::Mok, of_shim("MokListRT"));
        let allowed = mok.chain(at(Place::Database, list("db", DATABASES))).collect();
        let (forbidden, forbidden_by_shim) = (list("dbx", DATABASES), of_shim("MokListXRT"));
        Self {
            is_efi: system.has_efi(),
            secure_boot: system.efi_flag("SecureBoot", GLOBAL),
            setup_mode: system.efi_flag("SetupMode", GLOBAL),
            validation_off: system.efi_flag("MokSBStateRT", SHIM) == Some(true),
            lists: Lists { allowed, forbidden, forbidden_by_shim, pending: list("MokNew", SHIM) },
            heeds_forbidden_certificates: true,
            leaves_shim_out: false,
            keys: keys(system),
        }
    }

    /// The same, for a kernel that heeds forbidden certificates, or does not. Kernels read shim's lists only where Secure Boot
    /// verifies what is started (security/integrity/platform_certs/load_uefi.c; seen with 6.1).
    pub(crate) fn seen_by(&self, heeds_forbidden_certificates: bool) -> Self {
        Self {
            heeds_forbidden_certificates,
            leaves_shim_out: self.secure_boot == Some(false) || self.validation_off,
            ..self.clone()
        }
    }

    /// The same, for a kernel that does not run: what keys are built into that one is not known.
    pub(crate) fn of_another_kernel(self) -> Self {
        Self { keys: None, ..self }
    }

    pub(crate) fn enrolment(&self, certificate: &Certificate) -> Enrolment {
        let is_certificate = |entry: &Entry| match entry {
            Entry::Certificate(der) => {
                Certificate::parse(der).is_ok_and(|found| found.fingerprint == certificate.fingerprint)
            }
            _ => false,
        };
        let is_digest = |entry: &Entry| *entry == Entry::CertificateDigest(certificate.signed_part);
        let is_it = |entry: &Entry| is_certificate(entry) || is_digest(entry);
        let of_shim = if self.leaves_shim_out { &[] } else { self.lists.forbidden_by_shim.as_slice() };
        let mut forbidden = self.lists.forbidden.iter().chain(of_shim);
        if self.heeds_forbidden_certificates && forbidden.clone().any(is_certificate) {
            return Enrolment::Revoked(Ban::Certificate);
        }
        let place = self.lists.allowed.iter().find(|(_, entry)| is_it(entry)).map(|(place, _)| *place);
        // The kernel reads db first, and looks at what is forbidden only when it loads a key (security/integrity/
        // platform_certs/load_uefi.c).
        if place != Some(Place::Database) && forbidden.any(is_digest) {
            return Enrolment::Revoked(Ban::Digest);
        }
        let is_left_out = place == Some(Place::Mok) && self.leaves_shim_out;
        if let Some(place) = place.filter(|_| !is_left_out) {
            return Enrolment::At(place);
        }
        if self.keys.iter().flatten().any(|line| certificate.is_named_in(line)) {
            return Enrolment::At(Place::Kernel);
        }
        match () {
            () if is_left_out => Enrolment::LeftOut,
            () if self.lists.pending.iter().any(is_it) => Enrolment::Pending,
            () => Enrolment::Not,
        }
    }

    /// Certificates of the lists, of which one may have signed a module.
    pub(super) fn certificates(&self) -> impl Iterator<Item = Certificate> {
        let allowed = self.lists.allowed.iter().map(|(_, entry)| entry);
        allowed.chain(&self.lists.forbidden).chain(&self.lists.forbidden_by_shim).filter_map(|entry| match entry {
            Entry::Certificate(der) => Certificate::parse(der).ok(),
            _ => None,
        })
    }

    /// Whether the running kernel has the key that made this signature; None when it cannot be asked, or has one of whom the
    /// signature names: most signatures have the number of a certificate, and keys are listed by another.
    pub(super) fn kernel_has_signer(&self, signed: &Signed) -> Option<bool> {
        let keys = self.keys.as_ref()?;
        let is_known = keys.iter().any(|line| signed.is_named_in(line));
        let has_name = || keys.iter().any(|line| key_name(line).is_some_and(|name| signed.is_issued_by(name)));
        if !is_known && has_name() { None } else { Some(is_known) }
    }
}

/// Of a line of /proc/keys.
fn key_name(line: &str) -> Option<&str> {
    let (described, _) = line.split_once(": X509.")?;
    Some(described.split_once(" asymmetri ")?.1.rsplit_once(": ")?.0)
}

fn entries(bytes: Option<Vec<u8>>) -> Vec<Entry> {
    bytes.and_then(|bytes| signature_list::parse(&bytes)).unwrap_or_default()
}

/// Lines such as `1e5c… I------ 1 perm 1f030000 0 0 asymmetri NAME: KEYID: X509.rsa 4bb419ea []`.
fn keys(system: &System) -> Option<Vec<String>> {
    let text = fs_err::read_to_string(system.path("/proc/keys")).ok()?;
    let keys: Vec<String> = text.lines().filter(|line| line.contains(" asymmetri ")).map(str::to_owned).collect();
    // Whoever may not see the kernel's keys sees none, not an error.
    (!keys.is_empty()).then_some(keys)
}

#[cfg(test)]
mod tests {
    use super::super::signature_list::tests::{of_certificate, of_certificate_digest};
    use super::*;
    use crate::sys::System;

    const SIGNER: &[u8] = include_bytes!("../../tests/fixtures/signatures/signer.der");
    const OTHER: &[u8] = include_bytes!("../../tests/fixtures/signatures/other.der");

    /// A root whose firmware has these variables (attributes before the value), and what its kernel says of keys.
    fn firmware(variables: &[(&str, &str, Vec<u8>)], keys: &str) -> Firmware {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("sys/firmware/efi/efivars");
        fs_err::create_dir_all(&folder).unwrap();
        fs_err::create_dir_all(root.path().join("proc")).unwrap();
        fs_err::write(root.path().join("proc/keys"), keys).unwrap();
        for (name, vendor, value) in variables {
            fs_err::write(folder.join(format!("{name}-{vendor}")), [&[6, 0, 0, 0], value.as_slice()].concat()).unwrap();
        }
        Firmware::read(&System::host().with_root(root.path()))
    }

    #[test]
    fn a_key_is_where_a_list_or_the_kernel_has_it_and_revoked_before_all() {
        let signer = Certificate::parse(SIGNER).unwrap();
        let id = super::super::certificate::hex(signer.key_id.as_ref().unwrap());
        let line = format!("1e5c I------ 1 perm 1f030000 0 0 asymmetri a: {id}: X509.rsa 00 []\n");
        let (ours, other) = (of_certificate(SIGNER), of_certificate(OTHER));
        let digest = of_certificate_digest(&signer.signed_part);
        let (mok, database) = (("MokListRT", SHIM, ours.clone()), ("db", DATABASES, ours.clone()));
        for (variables, keys, expected) in [
            (vec![], "", Enrolment::Not),
            (vec![mok.clone()], "", Enrolment::At(Place::Mok)),
            (vec![("MokListRT", SHIM, [other.clone(), ours.clone()].concat())], "", Enrolment::At(Place::Mok)),
            (vec![("db", DATABASES, ours.clone())], "", Enrolment::At(Place::Database)),
            (vec![("MokListRT", SHIM, other)], "", Enrolment::Not),
            (vec![], line.as_str(), Enrolment::At(Place::Kernel)),
            (vec![("MokNew", SHIM, ours.clone())], "", Enrolment::Pending),
            (vec![mok.clone(), ("dbx", DATABASES, digest.clone())], "", Enrolment::Revoked(Ban::Digest)),
            (vec![database.clone(), ("dbx", DATABASES, digest)], "", Enrolment::At(Place::Database)),
            (vec![database, ("dbx", DATABASES, ours.clone())], "", Enrolment::Revoked(Ban::Certificate)),
            (vec![mok, ("MokListXRT", SHIM, ours)], line.as_str(), Enrolment::Revoked(Ban::Certificate)),
            (vec![("MokListRT", SHIM, b"nonsense".to_vec())], "", Enrolment::Not),
        ] {
            let found = firmware(&variables, keys);
            assert_eq!(found.enrolment(&signer), expected, "{variables:?} {keys}");
        }
    }

    #[test]
    fn a_kernel_without_a_list_of_revoked_certificates_takes_what_another_list_has() {
        let signer = Certificate::parse(SIGNER).unwrap();
        let ours = of_certificate(SIGNER);
        let found = firmware(&[("MokListRT", SHIM, ours.clone()), ("dbx", DATABASES, ours)], "");
        for (heeds, expected) in [(true, Enrolment::Revoked(Ban::Certificate)), (false, Enrolment::At(Place::Mok))] {
            let seen = Firmware { heeds_forbidden_certificates: heeds, ..found.clone() };
            assert_eq!(seen.enrolment(&signer), expected);
        }
    }

    #[test]
    fn the_lists_of_shim_count_for_a_kernel_only_where_secure_boot_verifies() {
        let signer = Certificate::parse(SIGNER).unwrap();
        let flag = |name: &'static str, vendor: &'static str, value: u8| (name, vendor, vec![value]);
        let (on, off) = (flag("SecureBoot", GLOBAL, 1), flag("SecureBoot", GLOBAL, 0));
        let unverified = flag("MokSBStateRT", SHIM, 1);
        let list = |name: &'static str| (name, SHIM, of_certificate(SIGNER));
        for (variables, expected) in [
            (vec![on.clone(), list("MokListRT")], Enrolment::At(Place::Mok)),
            (vec![off.clone(), list("MokListRT")], Enrolment::LeftOut),
            (vec![on.clone(), unverified, list("MokListRT")], Enrolment::LeftOut),
            (vec![on, list("MokListXRT")], Enrolment::Revoked(Ban::Certificate)),
            (vec![off, list("MokListXRT")], Enrolment::Not),
        ] {
            let found = firmware(&variables, "");
            assert_eq!(found.seen_by(true).enrolment(&signer), expected, "{variables:?}");
        }
    }

    #[test]
    fn a_key_is_listed_under_the_name_of_its_owner() {
        let line = "2d5d I------ 1 perm 1f030000 0 0 asymmetri Org: a key: 7be1: X509.rsa f7ec1571 []";
        assert_eq!(key_name(line), Some("Org: a key"));
        assert_eq!(key_name("2d5d I------ 1 perm 1f030000 0 0 keyring   .machine: 1"), None);
    }

    #[test]
    fn secure_boot_is_what_its_variable_says() {
        let flag = |name: &'static str, vendor: &'static str, value: u8| (name, vendor, vec![value]);
        for (variables, secure_boot, setup_mode, validation_off) in [
            (vec![], None, None, false),
            (vec![flag("SecureBoot", GLOBAL, 1)], Some(true), None, false),
            (vec![flag("SecureBoot", GLOBAL, 0), flag("SetupMode", GLOBAL, 1)], Some(false), Some(true), false),
            (vec![flag("SecureBoot", GLOBAL, 1), flag("MokSBStateRT", SHIM, 1)], Some(true), None, true),
            (vec![("SecureBoot", GLOBAL, vec![])], None, None, false),
        ] {
            let found = firmware(&variables, "");
            assert!(found.is_efi);
            assert_eq!(
                (found.secure_boot, found.setup_mode, found.validation_off),
                (secure_boot, setup_mode, validation_off)
            );
        }
    }
}
