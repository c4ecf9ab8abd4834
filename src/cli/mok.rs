//! `dkms mok status|verify|enroll`: will it load? What the machine trusts, who signed a module, and the key's way into the
//! firmware.

use std::path::Path;

use crate::engine::app::App;
use crate::engine::enrol;
use crate::engine::mok::{self, Judge, Module, Status};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::near::nearest;
use crate::ids::{ModuleId, Target};
use crate::report::Reporter;
use crate::trust::certificate::{Certificate, fingerprint};
use crate::trust::signed::Intact;
use crate::trust::told;
use crate::trust::verdict::{Answer, Manner, Signature};

use super::legacy::Typed;
use super::operand;

/// What it does; the first where none is named.
pub(crate) const ACTIONS: &[&str] = &["status", "verify", "enroll", "rotate"];

pub(crate) fn run(app: &App, typed: &Typed) -> Result<()> {
    let words: Vec<&str> = typed.words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] | ["status"] => status(app, typed),
        [word, ..] if typed.json && ACTIONS[1..].contains(word) => {
            Err(Error::new(Kind::Usage, format!("mok {word} does not take --json"))
                .hint("`dkms mok status --json` has what is trusted, and who signed each module"))
        }
        ["verify", what] => verify(app, typed, what),
        ["enroll"] => enrol::enroll(app),
        ["rotate"] => enrol::rotate(app),
        ["verify"] => Err(usage("verify needs a module file or MODULE/VERSION")),
        [word @ ("enroll" | "rotate"), ..] => Err(usage(&format!("{word} takes no operand"))),
        ["status", ..] => Err(usage("status takes no operand; -m and -k select")),
        [word, ..] => {
            let error = Error::new(Kind::Usage, format!("`{word}` is nothing that `dkms mok` does"));
            Err(match nearest(word, ACTIONS) {
                Some(near) => error.hint(format!("did you mean `dkms mok {near}`?")),
                None => error.hint("`dkms mok --help` lists status, verify, enroll and rotate"),
            })
        }
    }
}

fn usage(text: &str) -> Error {
    Error::new(Kind::Usage, text)
        .hint("`dkms mok status` tells what would load, `dkms mok verify FILE` who signed a module")
}

/// Selects by name and version of the module, and by -k.
fn wanted(typed: &Typed, (name, version): (Option<String>, Option<String>)) -> impl Fn(&ModuleId, &Target) -> bool {
    move |id, target| {
        let is_named =
            |word: &String| *word == target.kernel.as_str() || *word == format!("{}/{}", target.kernel, target.arch);
        name.as_ref().is_none_or(|name| id.name.as_str() == name)
            && version.as_ref().is_none_or(|version| id.version.as_str() == version)
            && (typed.kernels.is_empty() || typed.kernels.iter().any(is_named))
    }
}

/// Tells what would load. Ends with 0, whatever that is: `dkms check` judges.
fn status(app: &App, typed: &Typed) -> Result<()> {
    let wanted = wanted(typed, operand::parts(typed, None));
    let status = Status::look(app, &wanted)?;
    if typed.json {
        app.reporter.document(status.document()?);
        return Ok(());
    }
    for line in lines(&status) {
        app.reporter.answer(line);
    }
    if let Some(next) = status.next() {
        app.reporter.answer(format!("next: {}\n    {}", next.why, next.command));
    }
    Ok(())
}

fn lines(status: &Status) -> Vec<String> {
    let firmware = &status.firmware;
    let mut lines = vec![match (firmware.is_efi, firmware.secure_boot) {
        (false, _) => "firmware: this system was not started by EFI, or does not show it".to_owned(),
        (true, Some(true)) if firmware.validation_off => {
            "firmware: Secure Boot is on, but shim's validation is off".to_owned()
        }
        (true, Some(true)) => "firmware: Secure Boot is on".to_owned(),
        (true, Some(false)) if firmware.setup_mode == Some(true) => {
            "firmware: Secure Boot is off (setup mode)".to_owned()
        }
        (true, Some(false)) => "firmware: Secure Boot is off".to_owned(),
        (true, None) => "firmware: EFI, which does not say whether Secure Boot is on".to_owned(),
    }];
    let about = |name: &str, file: &str, certificate: &Certificate, enrolment| {
        let (subject, fingerprint) = (&certificate.subject, fingerprint(&certificate.fingerprint));
        [format!("{name}: {file}, {subject}"), format!("    SHA-256 {fingerprint}"), format!("    {}", told(enrolment))]
    };
    let key = &status.keys.first;
    match &key.certificate {
        Ok(certificate) => lines.extend(about("key", &key.files.certificate, certificate, key.enrolment)),
        Err(_) if key.is_missing() => {
            lines.push(format!("key: none yet ({} is where it would be)", key.files.certificate));
        }
        Err(why) => lines.push(format!("key: cannot be used: {why}")),
    }
    if let Some(second) = &status.keys.second {
        match (&second.certificate, &second.problem) {
            (Ok(certificate), problem) => {
                lines.extend(about("second key", &second.files.certificate, certificate, second.enrolment));
                lines.extend(problem.iter().map(|why| format!("    does not sign: {why}")));
            }
            (Err(_), Some(why)) => lines.push(format!("second key: {why}")),
            (Err(why), None) => lines.push(format!("second key: {} cannot be used: {why}", second.files.certificate)),
        }
    }
    for (target, asks) in &status.kernels {
        lines.push(match asks.manner {
            Manner::Never => format!("{target}: checks no signatures"),
            Manner::Notes => format!("{target}: loads unsigned modules, too"),
            Manner::Enforces(why) => format!("{target}: loads trusted modules only: {why}"),
        });
    }
    lines.extend(status.modules.iter().map(line));
    lines
}

fn line(module: &Module) -> String {
    let about = format!("{}, {}: {}", module.id, module.target, module.file.display());
    format!("{about}: {}", sentence(&module.answer))
}

fn sentence(answer: &Answer) -> String {
    match answer {
        Answer::Loads => "loads".to_owned(),
        Answer::Taints(why) => format!("loads, and taints the kernel: {why}"),
        Answer::Refused(why) => format!("would not load: {why}"),
        Answer::CannotTell(why) => format!("cannot be told: {why}"),
    }
}

/// Ends with 1 when the signature is none, or does not fit.
fn verify(app: &App, typed: &Typed, what: &str) -> Result<()> {
    let files =
        if Path::new(what).is_file() { vec![Path::new(what).to_path_buf()] } else { installed(app, typed, what)? };
    let judge = Judge::here(app);
    let mut bad = 0;
    for file in files {
        let (signatures, answer) = judge.verify(&file)?;
        for signature in &signatures {
            let (is_good, text) = told_of(signature);
            bad += usize::from(!is_good);
            app.reporter.answer(format!("{}: {text}", file.display()));
        }
        app.reporter.answer(format!("    the running kernel: {}", sentence(&answer)));
    }
    if bad > 0 { Err(Error::new(Kind::CheckPending, "not every signature is there and fits")) } else { Ok(()) }
}

/// Whether a signature is there and fits, and what is known of it.
fn told_of(signature: &Signature) -> (bool, String) {
    match signature {
        Signature::None => (false, "not signed".to_owned()),
        Signature::Unreadable(what) => (false, what.clone()),
        Signature::Ours { subject, intact: Intact::Yes, enrolment } => {
            (true, format!("signed by {subject}; the signature fits; its key is {}", told(*enrolment)))
        }
        Signature::Ours { subject, intact: Intact::No, .. } => {
            (false, format!("signed by {subject}, and changed afterwards: the signature does not fit"))
        }
        Signature::Ours { subject, intact: Intact::Unknown(why), .. } => {
            (false, format!("signed by {subject}; not checked: {why}"))
        }
        Signature::Foreign { signer, .. } => {
            (false, format!("signed by {signer}; that certificate is not here, so nothing was checked"))
        }
    }
}

/// The files that a module has under its kernels, opened.
fn installed(app: &App, typed: &Typed, word: &str) -> Result<Vec<std::path::PathBuf>> {
    let files = mok::installed(app, &wanted(typed, operand::split(word)))?;
    if files.is_empty() {
        let error = Error::new(Kind::NotInTree, format!("{word} is no file, and no module that is installed"));
        return Err(error.hint("`dkms status` lists what is installed"));
    }
    Ok(files.iter().map(|file| app.tree.layout().opened(file)).collect())
}
