//! The key's way into the firmware: `dkms mok enroll` and `dkms mok rotate`.

use crate::action::keys;
use crate::conf::signing::Maker;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::Target;
use crate::report::Reporter;
use crate::request::{Request, Wish};
use crate::step::scope::{Extent, Within};
use crate::step::{InitramfsCare, Policy};
use crate::sys::run::Output;
use crate::trust::certificate::Certificate;
use crate::trust::firmware::{Enrolment, Firmware};

use super::app::App;
use super::mok::Status;

/// How distributions have a certificate enrolled. The first whose word is among ID and ID_LIKE and whose program is there; the
/// last is for all others.
struct Manner {
    family: &'static str,
    program: &'static str,
    /// `@` is the certificate.
    words: &'static [&'static str],
    /// The package that brings the program.
    package: &'static str,
}

/// Sources: Ubuntu, package shim-signed, update-secureboot-policy(8): it knows its own pair, /var/lib/shim-signed/mok. Debian
/// wiki, "SecureBoot"; Fedora, akmods' README.secureboot; SUSE, "Secure Boot" in the Administration Guide; Arch wiki, "Unified
/// Extensible Firmware Interface/Secure Boot" (with shim): all by mokutil(1). Where sbctl holds the keys of the firmware itself
/// (Arch), its pair signs (`conf/signing.rs`), which is in db already.
const MANNERS: [Manner; 2] = [
    Manner { family: "ubuntu", program: "update-secureboot-policy", words: &["--enroll-key"], package: "shim-signed" },
    Manner { family: "", program: "mokutil", words: &["--import", "@"], package: "mokutil" },
];

/// What happens at the next start, step by step (shim's MokManager).
const STEPS: [&str; 5] = [
    "restart the machine; before the boot menu a blue screen says \"Press any key to perform MOK management\" (for ten seconds)",
    "choose \"Enroll MOK\", then \"Continue\" (\"View key 0\" shows the key)",
    "choose \"Yes\", and give the password that you chose just now",
    "choose \"Reboot\"",
    "`dkms mok status` then tells that the key is enrolled",
];

fn refused(text: impl Into<String>) -> Error {
    Error::new(Kind::MokRefused, text)
}

/// Asks the firmware to take the key; says what a person has to do at the next start.
///
/// # Errors
///
/// [`Kind::MokRefused`]: there is no key, or nobody to take it.
pub(crate) fn enroll(app: &App) -> Result<()> {
    let status = Status::look(app, &|_, _| false)?;
    let waiting = keys::waiting(&status.keys.first.files, &app.system);
    let (enrolment, certificate) = match waiting {
        Some(next) => (next.enrolment(&app.system, &status.firmware), next.certificate().to_owned()),
        None if status.keys.first.is_missing() => {
            return Err(refused("there is no key to enroll").hint("`dkms generate_mok` makes one"));
        }
        None => (status.keys.first.enrolment, status.keys.first.files.certificate.clone()),
    };
    if !status.firmware.is_efi {
        return Err(refused("this system was not started by EFI: there is nothing that a key could be enrolled in"));
    }
    match enrolment {
        Enrolment::LeftOut => {
            app.reporter.answer("the key is enrolled, and counts once Secure Boot is on: there is nothing to do");
            return Ok(());
        }
        Enrolment::At(place) => {
            app.reporter.answer(format!("the key is enrolled ({}): there is nothing to do", place.text()));
            return Ok(());
        }
        Enrolment::Revoked(_) => {
            return Err(refused("the key is revoked: no kernel will ever take it")
                .hint("`dkms mok rotate` makes another and signs the modules again"));
        }
        Enrolment::Pending => app.reporter.answer("it is asked for already, and waits for you:"),
        Enrolment::Not => ask_for_it(app, &certificate)?,
    }
    for (number, step) in STEPS.iter().enumerate() {
        app.reporter.answer(format!("  {}. {step}", number + 1));
    }
    Ok(())
}

fn ask_for_it(app: &App, certificate: &str) -> Result<()> {
    let family = app.system.os_release().map(|os| format!("{} {}", os.id, os.family())).unwrap_or_default();
    let is_ours = |manner: &&Manner| family.contains(manner.family) && app.system.has_program(manner.program);
    let Some(manner) = MANNERS.iter().find(is_ours) else {
        let package = MANNERS[MANNERS.len() - 1].package;
        return Err(
            refused("mokutil is not here, which asks the firmware").hint(format!("install the package {package}"))
        );
    };
    let words = manner.words.iter().map(|word| if *word == "@" { certificate } else { word });
    app.reporter.answer(format!(
        "{} asks for a password of your choice, which is needed once, at the next start:",
        manner.program
    ));
    let command = app.system.command(app.system.root(), manner.program).args(words).output(Output::Inherit).asking();
    let finished = app.system.run(&command).map_err(|error| refused(error.to_string()))?;
    if finished.success() {
        return Ok(());
    }
    Err(refused(format!("{} did not take the key: {}", manner.program, finished.how())))
}

/// Makes another key and has the modules signed with it, none of them built again. Where a kernel insists on trusted keys, the
/// new one signs only once it is enrolled; until then the old one does.
///
/// # Errors
///
/// [`Kind::MokRefused`]: the key is not ours to replace.
pub(crate) fn rotate(app: &App) -> Result<()> {
    let status = Status::look(app, &|_, _| false)?;
    let files = &status.keys.first.files;
    if files.maker != Maker::Dkms {
        return Err(refused(format!("{} is not a key that dkms made, so it is not replaced here", files.certificate))
            .hint("replace it with the tools that made it; `dkms reconcile` then signs the modules again"));
    }
    if status.keys.first.is_missing() {
        return Err(refused("there is no key that could be replaced").hint("`dkms generate_mok` makes one"));
    }
    let lock = app.lock()?;
    let next = keys::next(files, &app.system)?;
    let must_be_enrolled = status.enforces() && status.firmware.is_efi;
    if must_be_enrolled && !matches!(next.enrolment(&app.system, &status.firmware), Enrolment::At(_)) {
        app.reporter
            .answer(format!("the new key is made ({}); the old one signs until it is enrolled", next.certificate()));
        app.reporter.answer("next: dkms mok enroll, restart, then dkms mok rotate once more");
        return Ok(());
    }
    keys::replace(files, &next, &app.system)?;
    drop(lock);
    app.reporter.answer(format!("{} is the new key; the old certificate is {}", files.certificate, keys::old(files)));
    sign_again(app)
}

fn sign_again(app: &App) -> Result<()> {
    let targets: Vec<Target> = app.kernels()?;
    let wish = Wish::Reconcile { targets, extent: Extent::Everything, within: Within::default() };
    let policy = Policy { initramfs: InitramfsCare::Renew, ..Policy::default() };
    let verdict = app.do_it(&Request { wish, policy })?.verdict;
    verdict.others.iter().for_each(|error| app.reporter.tell_error(error));
    verdict.error.map_or(Ok(()), Err)
}

impl keys::Next {
    fn enrolment(&self, system: &crate::sys::System, firmware: &Firmware) -> Enrolment {
        let read = fs_err::read(system.path(self.certificate())).ok();
        let certificate = read.and_then(|bytes| Certificate::parse(&bytes).ok());
        certificate.map_or(Enrolment::Not, |certificate| firmware.enrolment(&certificate))
    }
}
