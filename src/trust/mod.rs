//! Would this kernel load this module, and if not, what is to be done? Signing keys, what the firmware and a kernel trust, and
//! who signed a file. Everything is read from files; neither mokutil nor openssl is run.
//!
//! [`firmware`] is what the machine says, [`certificate`], [`signed`] and [`message`] who signed, [`verdict`] the answer.

pub(crate) mod certificate;
pub(crate) mod firmware;
pub(crate) mod message;
mod signature_list;
pub(crate) mod signed;
pub(crate) mod verdict;

use std::path::Path;

use crate::ids::{KernelRelease, Target};
use crate::kernel::{Kernel, KernelConfig, ModInfo, enforcement, modinfo};
use crate::sys::System;

use certificate::Certificate;
use firmware::{Enrolment, Firmware};
use signed::Signed;
use verdict::{Asks, Manner, Signature};

/// Distributions whose kernels take the keys of the platform keyring for modules, which holds those of db and shim's list: "KEYS:
/// Make use of platform keyring for module signature verify" among the patches of Debian, Fedora and SUSE. Upstream does not.
const TAKES_PLATFORM_KEYS: [&str; 6] = ["debian", "ubuntu", "fedora", "rhel", "suse", "opensuse"];

/// What a kernel of this root does about signatures.
pub(crate) fn asks(system: &System, target: &Target, config: &KernelConfig) -> Asks {
    let family = system.os_release().map(|release| release.family().to_owned()).unwrap_or_default();
    let takes_database = family.split_whitespace().any(|word| TAKES_PLATFORM_KEYS.contains(&word));
    let manner = match enforcement::reason(system, target, config) {
        Some(why) => Manner::Enforces(why),
        None if config.is_enabled("CONFIG_MODULE_SIG") => Manner::Notes,
        None => Manner::Never,
    };
    // Since 5.18 shim's keys are the machine's, which upstream takes as well.
    let takes_mok = takes_database || config.is_enabled("CONFIG_INTEGRITY_MACHINE_KEYRING");
    let heeds_forbidden_certificates = config.is_enabled("CONFIG_SYSTEM_REVOCATION_LIST");
    Asks { manner, takes_database, takes_mok, heeds_forbidden_certificates }
}

/// The same by the configuration that comes with its headers, or else with its image. None: neither is there.
pub(crate) fn asks_of(system: &System, kernel: &Kernel) -> Option<Asks> {
    let of_image = || KernelConfig::read(&system.path(format!("/boot/config-{}", kernel.target.kernel))).ok();
    let config = kernel.config(None).ok().flatten().or_else(of_image)?;
    Some(asks(system, &kernel.target, &config))
}

/// The firmware as a kernel sees it. Only the running kernel's keys can be asked for, and say nothing of another one.
pub(crate) fn seen_by(system: &System, firmware: &Firmware, kernel: &KernelRelease, asks: Asks) -> Firmware {
    let seen = firmware.seen_by(asks.heeds_forbidden_certificates);
    if system.running_kernel() == Some(kernel) { seen } else { seen.of_another_kernel() }
}

/// What is known of each signature of a module file (opened); of one that is not signed, that. `own` are the certificates that
/// this machine signs with.
pub(crate) fn signatures(file: &Path, own: &[Certificate], firmware: &Firmware) -> Result<Vec<Signature>, String> {
    let content = modinfo::read_module(file).map_err(|error| error.to_string())?;
    let info = ModInfo::parse(&content).map_err(|reason| format!("it is no kernel module: {reason}"))?;
    let known = |signed: &Signed| {
        let mut all = own.iter().cloned().chain(firmware.certificates());
        all.find(|certificate| signed.is_by(certificate))
    };
    let signature = |signed: Signed| match known(&signed) {
        Some(certificate) => Signature::Ours {
            subject: certificate.subject.clone(),
            intact: signed.check(&content, &certificate),
            enrolment: firmware.enrolment(&certificate),
        },
        None => Signature::Foreign { signer: signed.signer(), known: firmware.kernel_has_signer(&signed) },
    };
    Ok(match Signed::all_of(&content, &info) {
        Ok(all) if all.is_empty() => vec![Signature::None],
        Ok(all) => all.into_iter().map(signature).collect(),
        Err(what) => vec![Signature::Unreadable(what)],
    })
}

/// Where a certificate stands, for people.
pub(crate) fn told(enrolment: Enrolment) -> &'static str {
    match enrolment {
        Enrolment::At(place) => place.text(),
        Enrolment::Pending => "asked for; to be confirmed at the next start",
        Enrolment::Revoked(_) => "revoked: kernels need not take it",
        Enrolment::LeftOut => "in the list of machine owner keys (MOK), which counts only with Secure Boot",
        Enrolment::Not => "not enrolled",
    }
}

/// A variable's value that holds a certificate, for tests.
#[cfg(test)]
pub(crate) use signature_list::tests::of_certificate as list_of;
