//! Signing modules for kernels that check signatures. What goes wrong here leaves modules unsigned, never unbuilt.

use std::path::Path;

use crate::action::compile::keys::{Ensured, without_pins};
use crate::conf::Framework;
use crate::conf::signing::{self, KeyFiles, Maker, Pairs};
use crate::error::with_causes;
use crate::ids::KernelRelease;
use crate::kernel::{KernelConfig, modinfo};
use crate::sys::System;
use crate::tree::Layout;
use crate::trust::message::with_signers_of_both;

const PIN: &str = "KBUILD_SIGN_PIN";

/// Signs module files. All paths are those that a process inside the root uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signer {
    program: String,
    hash: String,
    pairs: Pairs,
    /// What was made for this run has to be enrolled by its owner.
    pub(crate) key: Ensured,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unsigned {
    /// The kernel checks none (no CONFIG_MODULE_SIG_HASH).
    Unasked,
    /// This place or the configuration wants none, though the kernel would check them.
    Unwanted(String),
    Failed(String),
}

/// What a kernel and the configuration say about signing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) framework: &'a Framework,
    pub(crate) layout: &'a Layout,
    pub(crate) kernel: &'a KernelRelease,
    pub(crate) config: &'a KernelConfig,
    /// Its headers, as a process inside the root names them.
    pub(crate) headers: &'a Path,
}

impl Signer {
    /// Finds out whether and with what to sign. Makes the key if it is missing and may be made.
    pub(crate) fn prepare(system: &System, question: &Question<'_>) -> Result<Self, Unsigned> {
        let Some(hash) = question.config.get("CONFIG_MODULE_SIG_HASH").filter(|hash| !hash.is_empty()) else {
            return Err(Unsigned::Unasked);
        };
        if let Some(why) = signing::unwanted(system, question.framework) {
            return Err(Unsigned::Unwanted(why.to_owned()));
        }
        let program = find_program(system, question).map_err(Unsigned::Failed)?;
        let pairs = Pairs::locate(system, question.framework, question.layout, Some(question.kernel));
        let ensured = pairs.ensure(system).map_err(|error| Unsigned::Failed(without_pins(&with_causes(&error))))?;
        Ok(Self { program, hash: hash.to_owned(), pairs, key: ensured })
    }

    /// Appends a signature to a module (an opened path), with as many signers as there are keys.
    pub(crate) fn sign(&self, system: &System, module: &Path) -> Result<(), String> {
        let Pairs { first, second } = &self.pairs;
        let Some(second) = second else { return self.append(system, module, first) };
        // Beside it: programs look at names.
        let folder =
            tempfile::tempdir_in(module.parent().unwrap_or(Path::new("/"))).map_err(|error| error.to_string())?;
        let copy = folder.path().join(module.file_name().unwrap_or_default());
        fs_err::copy(module, &copy).map_err(|error| error.to_string())?;
        self.append(system, module, first)?;
        self.append(system, &copy, second)?;
        join(module, &copy)
    }

    fn append(&self, system: &System, module: &Path, pair: &KeyFiles) -> Result<(), String> {
        let folder = module.parent().unwrap_or(Path::new("/"));
        let command = system
            .command(folder, &self.program)
            .args([&self.hash, &pair.key, &pair.certificate])
            .arg(system.inside(module));
        // The kernel's sign-file takes it from there.
        let command = system.variable(PIN).into_iter().fold(command, |command, pin| command.env(PIN, pin));
        let why = match system.run(&command) {
            Ok(finished) if finished.success() => return Ok(()),
            Ok(finished) => cause(&finished.error_text(), pair).unwrap_or_else(|last| {
                let last = last.unwrap_or("it does not say why");
                format!("{} ended with {}: {last}", self.program, finished.how())
            }),
            Err(error) => format!("{error}: {}", error.source),
        };
        Err(without_pins(&why))
    }

    /// The certificate, for the machine owner to enrol.
    pub(crate) fn certificate(&self) -> &str {
        &self.pairs.first.certificate
    }
}

/// Writes the signers of both signatures of one module into the first file.
fn join(module: &Path, other: &Path) -> Result<(), String> {
    let read = |file: &Path| fs_err::read(file).map_err(|error| error.to_string());
    let (one, two) = (read(module)?, read(other)?);
    let unlike = || "the program that signs did not append two signatures to the same module".to_owned();
    let (content, first) = modinfo::taken_apart(&one).ok_or_else(unlike)?;
    let (_, second) = modinfo::taken_apart(&two).filter(|(same, _)| *same == content).ok_or_else(unlike)?;
    let both = with_signers_of_both(first, second).map_err(|why| format!("two signatures cannot be joined: {why}"))?;
    fs_err::write(module, modinfo::put_together(content, &both)).map_err(|error| error.to_string())
}

/// What a signing program means, in a few words: OpenSSL's queue of errors is for its programmers. Else its last line.
fn cause<'s>(said: &'s str, pair: &KeyFiles) -> Result<String, Option<&'s str>> {
    let KeyFiles { key, certificate, maker } = pair;
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if has(&["passphrase", "bad password", "bad decrypt", "maybe wrong password"]) {
        return Ok(format!("the key {key} is locked by a passphrase"));
    }
    if has(&["No space left"]) {
        return Ok("no space is left on the disk".to_owned());
    }
    let last = said.lines().map(str::trim).rfind(|line| !line.is_empty() && !line.starts_with("- SSL error"));
    let file = last.and_then(|line| line.strip_prefix("sign-file: ")).unwrap_or_default();
    let anew = || match maker {
        Maker::Owner => "put the right pair there".to_owned(),
        _ => format!("put the right pair there, or move both away ({key}, {certificate}) and run `dkms generate_mok`"),
    };
    if has(&["private key does not match certificate", "key values mismatch"]) {
        return Ok(format!("{key} and {certificate} are no pair; {}", anew()));
    }
    match last {
        Some(_) if file == *key => Ok(format!("{key} cannot be read as a private key; {}", anew())),
        Some(_) if file == *certificate => Ok(format!("{certificate} cannot be read as a certificate; {}", anew())),
        last => Err(last),
    }
}

/// The program that signs: a configured one is the only candidate, otherwise the distribution's, then the headers' own.
fn find_program(system: &System, question: &Question<'_>) -> Result<String, String> {
    let exists = |file: &String| system.has_program(file);
    if let Some(configured) = &question.framework.sign_file {
        let program = Framework::expand(configured, question.kernel.as_str());
        return if exists(&program) { Ok(program) } else { Err(format!("sign_file {program} does not exist")) };
    }
    let family = system.os_release().map(|release| release.family().to_owned()).unwrap_or_default();
    let of_distribution = if family.starts_with("ubuntu") {
        Some("kmodsign".to_owned())
    } else if family.starts_with("debian") {
        Some(format!("/usr/lib/linux-kbuild-{}/scripts/sign-file", major_minor(question.kernel)))
    } else {
        None
    };
    let of_headers = question.headers.join("scripts/sign-file").to_string_lossy().into_owned();
    let missing = format!("there is no sign-file program ({of_headers})");
    of_distribution.into_iter().chain([of_headers]).find(exists).ok_or(missing)
}

/// `6.1` of `6.1.0-50-amd64`.
fn major_minor(kernel: &KernelRelease) -> String {
    let digits = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>();
    kernel.as_str().splitn(3, '.').take(2).map(digits).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
#[path = "sign/tests.rs"]
mod tests;
