//! `dkms mok status`: what this machine trusts, and for each installed module and kernel whether it would load. Reads only.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::action::compile::keys::is_there;
use crate::conf::signing::{KeyFiles, Second};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{ModuleId, Target};
use crate::kernel::Suffix;
use crate::kernel::files::ModuleFiles;
use crate::kernel::{KernelConfig, installed};
use crate::tree::ModuleEntry;
use crate::trust::certificate::{self, Certificate};
use crate::trust::firmware::{Enrolment, Firmware};
use crate::trust::verdict::{Answer, Asks, Manner, Signature, answer};
use crate::trust::{self, told};

use super::app::App;

/// `mok status --json`
const MOK: &str = "dkms-mok-1";

/// All that `dkms mok status` tells.
pub(crate) struct Status {
    pub(crate) firmware: Firmware,
    pub(crate) key: Key,
    pub(crate) kernels: Vec<(Target, Asks)>,
    pub(crate) modules: Vec<Module>,
}

/// The pair that signs here.
pub(crate) struct Key {
    pub(crate) files: KeyFiles,
    pub(crate) certificate: std::result::Result<Certificate, Unusable>,
    pub(crate) enrolment: Enrolment,
    /// What signs beside it ([`KeyFiles::second`]).
    pub(crate) second: Option<SecondKey>,
}

pub(crate) struct SecondKey {
    pub(crate) files: Second,
    /// Why it does not sign, as far as its settings and files say.
    pub(crate) problem: Option<String>,
    pub(crate) certificate: std::result::Result<Certificate, Unusable>,
    pub(crate) enrolment: Enrolment,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("there is none yet")]
    Missing,
    #[error("{0}")]
    Odd(String),
}

/// A module file under a kernel.
pub(crate) struct Module {
    pub(crate) id: ModuleId,
    pub(crate) target: Target,
    /// Its place, without the root.
    pub(crate) file: PathBuf,
    pub(crate) answer: Answer,
}

/// What a person does next, and the command for it.
pub(crate) struct Next {
    pub(crate) why: &'static str,
    pub(crate) command: String,
}

impl Status {
    /// `is_wanted` selects modules and kernels.
    pub(crate) fn look(app: &App, is_wanted: &dyn Fn(&ModuleId, &Target) -> bool) -> Result<Self> {
        let firmware = Firmware::read(&app.system);
        let key = Key::look(app, &firmware);
        let kernels: Vec<(Target, Asks)> =
            app.kernels()?.into_iter().map(|target| (target.clone(), asks(app, &target))).collect();
        let entries = app.tree.modules().map_err(|error| Error::io("cannot read the DKMS tree", error))?;
        let mut modules = Vec::new();
        for (target, asks) in &kernels {
            let firmware = as_seen_by(app, target, firmware.seen_by(asks.heeds_forbidden_certificates));
            for entry in entries.iter().filter(|entry| entry.is_installed_on(target) && is_wanted(&entry.id, target)) {
                let look = |file: PathBuf| Module {
                    answer: judge(app, &file, &key.certificates(), &firmware, *asks),
                    id: entry.id.clone(),
                    target: target.clone(),
                    file,
                };
                modules.extend(files(app, entry, target).into_iter().map(look));
            }
        }
        Ok(Self { firmware, key, kernels, modules })
    }

    /// Whether a kernel of this root loads modules of trusted keys only.
    pub(super) fn enforces(&self) -> bool {
        self.kernels.iter().any(|(_, asks)| matches!(asks.manner, Manner::Enforces(_)))
    }

    /// The one thing to be done next, if anything is.
    pub(crate) fn next(&self) -> Option<Next> {
        let next = |why, command: &str| Some(Next { why, command: command.to_owned() });
        let refused = self.modules.iter().find(|module| matches!(module.answer, Answer::Refused(_)));
        if !self.enforces() && refused.is_none() {
            return None;
        }
        if self.key.is_missing() {
            return next("there is no key to sign with", "dkms generate_mok");
        }
        match self.key.enrolment {
            _ if self.key.is_known() && refused.is_none() => None,
            Enrolment::Not if self.firmware.is_efi && self.enforces() && self.key.certificate.is_ok() => {
                let why = "the key is not enrolled; the command asks for a password, which you give again at the next start, \
                           under \"Enroll MOK\" on the blue screen";
                next(why, "dkms mok enroll")
            }
            Enrolment::Pending => {
                next("the key waits: choose \"Enroll MOK\" on the blue screen at the next start", "reboot")
            }
            Enrolment::Revoked(_) => {
                next("the key was revoked: move both files away, then make another", "dkms generate_mok")
            }
            _ => {
                let module = refused?;
                let command = format!("dkms install {} -k {} --force", module.id, module.target.kernel);
                next("a module is to be built and signed again", &command)
            }
        }
    }

    pub(crate) fn document(&self) -> Result<String> {
        let firmware = &self.firmware;
        let document = Document {
            schema: MOK,
            efi: firmware.is_efi,
            secure_boot: firmware.secure_boot,
            setup_mode: firmware.setup_mode,
            validation: firmware.secure_boot.map(|_| !firmware.validation_off),
            key: self.key.entry(),
            second_key: self.key.second.as_ref().map(SecondKey::entry),
            kernels: self.kernels.iter().map(|(target, asks)| KernelEntry::new(target, *asks)).collect(),
            modules: self.modules.iter().map(FileEntry::new).collect(),
            next: self.next().map(|next| NextEntry { why: next.why, command: next.command }),
        };
        crate::report::document(&document)
    }
}

impl Key {
    fn look(app: &App, firmware: &Firmware) -> Self {
        let running = app.running_kernel();
        let files = KeyFiles::locate(&app.system, &app.framework, app.tree.layout(), running);
        let (certificate, enrolment) = look(app, firmware, &files.certificate);
        let second = files.second.clone().map(|files| {
            let (certificate, enrolment) = look(app, firmware, &files.certificate);
            let problem = is_there(&files, &app.system).err().map(|error| error.to_string());
            SecondKey { files, problem, certificate, enrolment }
        });
        Self { files, certificate, enrolment, second }
    }

    /// All that sign here and can be read.
    fn certificates(&self) -> Vec<Certificate> {
        let second = self.second.iter().map(|second| &second.certificate);
        std::iter::once(&self.certificate).chain(second).flatten().cloned().collect()
    }

    /// Whether this machine knows a key that signs here: kernels ask for no more.
    fn is_known(&self) -> bool {
        let second = self.second.iter().map(|second| second.enrolment);
        std::iter::once(self.enrolment).chain(second).any(|enrolment| matches!(enrolment, Enrolment::At(_)))
    }

    /// Whether the certificate's file is not there at all.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(&self.certificate, Err(Unusable::Missing))
    }

    fn entry(&self) -> KeyEntry {
        KeyEntry::new([&self.files.key, &self.files.certificate], &self.certificate, self.enrolment)
    }
}

impl SecondKey {
    fn entry(&self) -> KeyEntry {
        let entry = KeyEntry::new([&self.files.key, &self.files.certificate], &self.certificate, self.enrolment);
        KeyEntry { problem: self.problem.clone().or(entry.problem), ..entry }
    }
}

/// What a file holds (as a process inside the root names it), and whether this machine knows it.
fn look(app: &App, firmware: &Firmware, file: &str) -> (std::result::Result<Certificate, Unusable>, Enrolment) {
    let certificate = match fs_err::read(app.system.path(file)) {
        Ok(bytes) => Certificate::parse(&bytes).map_err(|why| Unusable::Odd(format!("{file}: {why}"))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Unusable::Missing),
        Err(error) => Err(Unusable::Odd(error.to_string())),
    };
    let enrolment = certificate.as_ref().map_or(Enrolment::Not, |certificate| firmware.enrolment(certificate));
    (certificate, enrolment)
}

/// Whether there is a key to sign with that this machine does not know.
pub(crate) fn has_unknown_key(app: &App) -> bool {
    let key = Key::look(app, &Firmware::read(&app.system));
    key.certificate.is_ok() && !key.is_known()
}

/// A kernel of which nothing is known.
const UNKNOWN: Asks =
    Asks { manner: Manner::Notes, takes_database: false, takes_mok: false, heeds_forbidden_certificates: false };

fn asks(app: &App, target: &Target) -> Asks {
    let of_headers = installed::kernel(app.tree.layout(), target, None).config(None).ok().flatten();
    let of_image = || KernelConfig::read(&app.system.path(format!("/boot/config-{}", target.kernel))).ok();
    of_headers.or_else(of_image).map_or(UNKNOWN, |config| trust::asks(&app.system, target, &config))
}

/// Only the running kernel's keys can be asked for, and say nothing of another one.
fn as_seen_by(app: &App, target: &Target, firmware: Firmware) -> Firmware {
    if app.running_kernel() == Some(&target.kernel) { firmware } else { firmware.of_another_kernel() }
}

/// What a module file (without the root) would meet.
pub(crate) fn judge(app: &App, file: &Path, own: &[Certificate], firmware: &Firmware, asks: Asks) -> Answer {
    match trust::signatures(&app.tree.layout().opened(file), own, firmware) {
        Ok(signatures) => answer(asks, &signatures),
        Err(why) => Answer::Refused(why),
    }
}

/// What files are judged by for `dkms mok verify`: this machine, and its running kernel.
pub(crate) struct Judge {
    firmware: Firmware,
    key: Key,
    asks: Asks,
}

impl Judge {
    pub(crate) fn here(app: &App) -> Self {
        let firmware = Firmware::read(&app.system);
        let running = app.system.running_kernel().zip(app.system.machine());
        let asks = match running {
            Some((kernel, arch)) => asks(app, &Target::new(kernel.clone(), arch.clone())),
            None => UNKNOWN,
        };
        Self { key: Key::look(app, &firmware), firmware, asks }
    }

    /// Who signed this file (opened), and what the running kernel would do with it.
    pub(crate) fn verify(&self, file: &Path) -> Result<(Vec<Signature>, Answer)> {
        let firmware = self.firmware.seen_by(self.asks.heeds_forbidden_certificates);
        let signatures = trust::signatures(file, &self.key.certificates(), &firmware)
            .map_err(|why| Error::new(Kind::Usage, format!("{}: {why}", file.display())))?;
        let answer = answer(self.asks, &signatures);
        Ok((signatures, answer))
    }
}

/// The files of these modules under their kernels, without the root.
pub(crate) fn installed(app: &App, is_wanted: &dyn Fn(&ModuleId, &Target) -> bool) -> Result<Vec<PathBuf>> {
    let entries = app.tree.modules().map_err(|error| Error::io("cannot read the DKMS tree", error))?;
    let mut found = Vec::new();
    for target in app.kernels()? {
        let is_it = |entry: &&ModuleEntry| entry.is_installed_on(&target) && is_wanted(&entry.id, &target);
        found.extend(entries.iter().filter(is_it).flat_map(|entry| files(app, entry, &target)));
    }
    Ok(found)
}

/// The files of an installed module, by the note of its install; without one, by the names of what was built.
pub(crate) fn files(app: &App, entry: &ModuleEntry, target: &Target) -> Vec<PathBuf> {
    let layout = app.tree.layout();
    if let Some(noted) = app.tree.installed(&entry.id.name, target).filter(|noted| noted.version == entry.id.version) {
        return noted.files.into_iter().map(|file| file.place).collect();
    }
    let Ok(under_kernel) = ModuleFiles::scan(&layout.kernel_modules(target)) else { return Vec::new() };
    let built = std::fs::read_dir(layout.built_modules(&entry.id, target)).into_iter().flatten().flatten();
    let names = built.filter_map(|file| Some(Suffix::split(file.file_name().to_str()?)?.0.to_owned()));
    let place = |name: String| Some(layout.named(under_kernel.named(&name, Path::new("/updates/dkms")).first()?));
    names.filter_map(place).collect()
}

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    efi: bool,
    secure_boot: Option<bool>,
    setup_mode: Option<bool>,
    /// Whether shim verifies what it starts.
    validation: Option<bool>,
    key: KeyEntry,
    #[serde(skip_serializing_if = "Option::is_none")]
    second_key: Option<KeyEntry>,
    kernels: Vec<KernelEntry>,
    modules: Vec<FileEntry>,
    next: Option<NextEntry>,
}

#[derive(Serialize)]
struct KeyEntry {
    key: String,
    certificate: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_after: Option<u64>,
    enrolled: bool,
    enrolment: &'static str,
}

impl KeyEntry {
    fn new(
        [key, certificate_file]: [&String; 2],
        certificate: &std::result::Result<Certificate, Unusable>,
        enrolment: Enrolment,
    ) -> Self {
        let read = certificate.as_ref().ok();
        Self {
            key: key.clone(),
            certificate: certificate_file.clone(),
            problem: certificate.as_ref().err().map(Unusable::to_string),
            subject: read.map(|it| it.subject.clone()),
            sha256: read.map(|it| certificate::fingerprint(&it.fingerprint)),
            not_before: read.map(|it| it.not_before),
            not_after: read.map(|it| it.not_after),
            enrolled: matches!(enrolment, Enrolment::At(_)),
            enrolment: told(enrolment),
        }
    }
}

#[derive(Serialize)]
struct KernelEntry {
    kernel: String,
    arch: String,
    signatures: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
}

impl KernelEntry {
    fn new(target: &Target, asks: Asks) -> Self {
        let (signatures, why) = match asks.manner {
            Manner::Never => ("not-checked", None),
            Manner::Notes => ("noted", None),
            Manner::Enforces(why) => ("enforced", Some(why)),
        };
        Self { kernel: target.kernel.to_string(), arch: target.arch.to_string(), signatures, why }
    }
}

#[derive(Serialize)]
struct FileEntry {
    module: String,
    version: String,
    kernel: String,
    arch: String,
    file: String,
    answer: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

impl FileEntry {
    fn new(module: &Module) -> Self {
        Self {
            module: module.id.name.to_string(),
            version: module.id.version.to_string(),
            kernel: module.target.kernel.to_string(),
            arch: module.target.arch.to_string(),
            file: module.file.display().to_string(),
            answer: module.answer.word(),
            why: module.answer.why().map(str::to_owned),
        }
    }
}

#[derive(Serialize)]
struct NextEntry {
    why: &'static str,
    command: String,
}
