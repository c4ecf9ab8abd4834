//! `dkms mok status`: what this machine trusts, and for each installed module and kernel whether it would load. Reads only.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::conf::signing::{KeyFiles, Pairs};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{ModuleId, Target};
use crate::kernel::Suffix;
use crate::kernel::files::ModuleFiles;
use crate::kernel::installed;
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
    pub(crate) keys: Keys,
    pub(crate) kernels: Vec<(Target, Asks)>,
    pub(crate) modules: Vec<Module>,
}

/// What signs here ([`Pairs`]).
pub(crate) struct Keys {
    pub(crate) first: Key,
    pub(crate) second: Option<Key>,
}

pub(crate) struct Key {
    pub(crate) files: KeyFiles,
    /// Why it does not sign, as far as the settings and files of its owner say. One that we make may be missing still.
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
        let keys = Keys::look(app, &firmware);
        let kernels: Vec<(Target, Asks)> =
            app.kernels()?.into_iter().map(|target| (target.clone(), asks(app, &target))).collect();
        let entries = app.tree.modules().map_err(|error| Error::io("cannot read the DKMS tree", error))?;
        let mut modules = Vec::new();
        for (target, asks) in &kernels {
            let firmware = trust::seen_by(&app.system, &firmware, &target.kernel, *asks);
            for entry in entries.iter().filter(|entry| entry.is_installed_on(target) && is_wanted(&entry.id, target)) {
                let look = |file: PathBuf| Module {
                    answer: judge(app, &file, &keys.certificates(), &firmware, *asks),
                    id: entry.id.clone(),
                    target: target.clone(),
                    file,
                };
                modules.extend(files(app, entry, target).into_iter().map(look));
            }
        }
        Ok(Self { firmware, keys, kernels, modules })
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
        let key = &self.keys.first;
        if key.is_missing() {
            return next("there is no key to sign with", "dkms generate_mok");
        }
        match key.enrolment {
            _ if self.keys.is_known() && refused.is_none() => None,
            Enrolment::Not if self.firmware.is_efi && self.enforces() && key.certificate.is_ok() => {
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
            key: KeyEntry::from(&self.keys.first),
            second_key: self.keys.second.as_ref().map(KeyEntry::from),
            kernels: self.kernels.iter().map(|(target, asks)| KernelEntry::new(target, *asks)).collect(),
            modules: self.modules.iter().map(FileEntry::new).collect(),
            next: self.next().map(|next| NextEntry { why: next.why, command: next.command }),
        };
        crate::report::document(&document)
    }
}

impl Keys {
    fn look(app: &App, firmware: &Firmware) -> Self {
        let Pairs { first, second } =
            Pairs::locate(&app.system, &app.framework, app.tree.layout(), app.running_kernel());
        let look = |files| Key::look(app, firmware, files);
        let problem = |files: &KeyFiles| files.ensure(&app.system).err().map(|error| error.to_string());
        let second = second.map(|files| Key { problem: problem(&files), ..look(files) });
        Self { first: look(first), second }
    }

    fn all(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.first).chain(&self.second)
    }

    /// Those that can be read.
    fn certificates(&self) -> Vec<Certificate> {
        self.all().flat_map(|key| &key.certificate).cloned().collect()
    }

    /// Whether this machine knows one of them: kernels ask for no more.
    fn is_known(&self) -> bool {
        self.all().any(|key| matches!(key.enrolment, Enrolment::At(_)))
    }
}

impl Key {
    fn look(app: &App, firmware: &Firmware, files: KeyFiles) -> Self {
        let certificate = match fs_err::read(app.system.path(&files.certificate)) {
            Ok(bytes) => {
                Certificate::parse(&bytes).map_err(|why| Unusable::Odd(format!("{}: {why}", files.certificate)))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Unusable::Missing),
            Err(error) => Err(Unusable::Odd(error.to_string())),
        };
        let enrolment = certificate.as_ref().map_or(Enrolment::Not, |certificate| firmware.enrolment(certificate));
        Self { files, problem: None, certificate, enrolment }
    }

    /// Whether the certificate's file is not there at all.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(&self.certificate, Err(Unusable::Missing))
    }
}

/// Whether there is a key to sign with that this machine does not know.
pub(crate) fn has_unknown_key(app: &App) -> bool {
    let keys = Keys::look(app, &Firmware::read(&app.system));
    keys.first.certificate.is_ok() && !keys.is_known()
}

/// A kernel of which nothing is known.
const UNKNOWN: Asks =
    Asks { manner: Manner::Notes, takes_database: false, takes_mok: false, heeds_forbidden_certificates: false };

fn asks(app: &App, target: &Target) -> Asks {
    trust::asks_of(&app.system, &installed::kernel(app.tree.layout(), target, None)).unwrap_or(UNKNOWN)
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
    keys: Keys,
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
        Self { keys: Keys::look(app, &firmware), firmware, asks }
    }

    /// Who signed this file (opened), and what the running kernel would do with it.
    pub(crate) fn verify(&self, file: &Path) -> Result<(Vec<Signature>, Answer)> {
        let firmware = self.firmware.seen_by(self.asks.heeds_forbidden_certificates);
        let signatures = trust::signatures(file, &self.keys.certificates(), &firmware)
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

impl From<&Key> for KeyEntry {
    fn from(key: &Key) -> Self {
        let certificate = key.certificate.as_ref().ok();
        Self {
            key: key.files.key.clone(),
            certificate: key.files.certificate.clone(),
            problem: key.problem.clone().or_else(|| key.certificate.as_ref().err().map(Unusable::to_string)),
            subject: certificate.map(|it| it.subject.clone()),
            sha256: certificate.map(|it| certificate::fingerprint(&it.fingerprint)),
            not_before: certificate.map(|it| it.not_before),
            not_after: certificate.map(|it| it.not_after),
            enrolled: matches!(key.enrolment, Enrolment::At(_)),
            enrolment: told(key.enrolment),
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
