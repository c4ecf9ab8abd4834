//! From what make left to what will be installed: every module is there, stripped, signed, compressed, under its name.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::action::Context;
use crate::action::compile::accept::{self, Brought, Built};
use crate::action::compile::compress::compress;
use crate::action::compile::keys::Ensured;
use crate::action::compile::lodging::Lodging;
use crate::action::compile::prepared::Prepared;
use crate::action::compile::sign::{Question, Signer, Unsigned};
use crate::action::compile::strip::{self, on_a_copy};
use crate::conf::BuiltModule;
use crate::error::{self, Error};
use crate::exit::Kind;
use crate::kernel::Suffix;
use crate::report::Message;
use crate::sys::room::owned::Taken;
use crate::tree::Stage;

/// Whether the modules have the signatures that the kernel checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Signatures {
    /// They have, or the kernel checks none.
    There,
    /// None were wanted, for this reason.
    NotWanted(String),
    /// At least one has not, for this reason, which was told.
    Failed(String),
}

impl Signatures {
    pub(crate) fn missing(&self) -> Option<&str> {
        match self {
            Signatures::There => None,
            Signatures::NotWanted(why) | Signatures::Failed(why) => Some(why),
        }
    }
}

/// What the commands of a build left.
pub(super) struct Left<'a> {
    pub(super) build: &'a Path,
    /// What lay there before.
    pub(super) brought: &'a Brought,
    pub(super) lodging: &'a Lodging<'a>,
}

/// Puts the finished modules into the stage.
///
/// # Errors
///
/// A module of dkms.conf is not there, or what is there cannot be taken. What goes wrong with stripping, signing or
/// compressing is told as a warning.
pub(super) fn finish(
    context: &Context<'_>,
    module: &Prepared<'_>,
    left: &Left<'_>,
    stage: &Stage,
) -> error::Result<Signatures> {
    let built = take_all(module, left, stage)?;
    accept::all(context, module, left.build, left.brought, &built)?;
    strip_all(context, module, left, &built);
    let files: Vec<PathBuf> = built.into_iter().map(|built| built.file).collect();
    let (id, target) = (module.id.clone(), Some(module.target.clone()));
    context.reporter.tell(Message::Finished { module: id, target, doing: "building", how: "done".to_owned() });
    let signatures = sign_all(context, module, &files);
    compress_all(context, module, &files);
    keep_symbols(left, stage)?;
    Ok(signatures)
}

/// Copies what make left, so that nobody changes what is judged from here on.
fn take_all<'a>(module: &'a Prepared<'_>, left: &Left<'_>, stage: &Stage) -> error::Result<Vec<Built<'a>>> {
    let name = |conf: &'a BuiltModule| (conf, accept::place(Path::new(""), conf));
    let is_there = |(_, name): &(_, PathBuf)| left.build.join(name).is_file();
    let (found, missing): (Vec<_>, Vec<_>) = module.modules().map(name).partition(is_there);
    if missing.is_empty() {
        return found.into_iter().map(|(conf, name)| take(module, left, stage, (conf, name))).collect();
    }
    let names = missing.iter().map(|(_, name)| name.display().to_string()).collect::<Vec<_>>().join(", ");
    let text = format!("make ended well, but did not produce what the dkms.conf of {} names: {names}", module.id);
    Err(Error::new(Kind::ModuleNotProduced, text))
}

fn take<'a>(
    module: &Prepared<'_>,
    left: &Left<'_>,
    stage: &Stage,
    (conf, name): (&'a BuiltModule, PathBuf),
) -> error::Result<Built<'a>> {
    let fail = |error| Error::io(format!("the modules of {} cannot be put aside", module.id), error);
    let taken = Taken::open(left.build, &left.build.join(&name), left.lodging.user())
        .map_err(|refused| accept::no_module(module, &name, &refused.to_string()))?;
    let file = stage.modules().join(format!("{}{}", conf.dest_name, Suffix::Plain.as_str()));
    taken.copy_to(&file).map_err(fail)?;
    // Whatever the umask of the build was: modules are for everybody to read.
    fs_err::set_permissions(&file, Permissions::from_mode(0o644)).map_err(fail)?;
    Ok(Built { conf, name, file, modified: taken.modified })
}

/// Debug information would make modules ten times as large; line numbers in an oops are not worth that.
fn strip_all(context: &Context<'_>, module: &Prepared<'_>, left: &Left<'_>, built: &[Built<'_>]) {
    let program = module.toolchain.strip(&context.system.tools());
    for Built { file, .. } in built.iter().filter(|built| built.conf.strip) {
        if let Err(problem) = strip::strip(context, &program, (left.build, left.lodging), file) {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            context.reporter.warn(format!("{name} of {} was not stripped: {problem}", module.id));
        }
    }
}

pub(super) fn sign_all(context: &Context<'_>, module: &Prepared<'_>, files: &[PathBuf]) -> Signatures {
    if files.is_empty() {
        return Signatures::There;
    }
    let signer = match signer(context, module) {
        Ok(signer) => signer,
        Err(signatures) => return signatures,
    };
    let doing = "signing";
    let (id, target) = (module.id.clone(), Some(module.target.clone()));
    context.reporter.tell(Message::Started { module: id.clone(), target: target.clone(), doing });
    let sign = |file: &PathBuf| on_a_copy(file, |copy| signer.sign(context.system, copy)).err();
    let problems: Vec<String> = files.iter().filter_map(sign).collect();
    let how = if problems.is_empty() { "done" } else { "failed" }.to_owned();
    context.reporter.tell(Message::Finished { module: id, target, doing, how });
    let Some(first) = problems.first() else { return Signatures::There };
    let (count, all) = (problems.len(), files.len());
    let what = if count == all { String::new() } else { format!("{count} of {all} modules of ") };
    context.reporter.warn(format!("{what}{} could not be signed: {first}", module.id));
    Signatures::Failed(first.clone())
}

/// What signs the modules. When they stay unsigned, the reason is told.
fn signer(context: &Context<'_>, module: &Prepared<'_>) -> Result<Signer, Signatures> {
    let question = Question {
        framework: context.framework,
        layout: context.tree.layout(),
        kernel: &module.target.kernel,
        config: &module.config,
        headers: &module.headers,
    };
    let unsigned = |why: &str| format!("the modules of {} are not signed: {why}", module.id);
    match Signer::prepare(context.system, &question) {
        Ok(signer) => {
            let new = match signer.key {
                Ensured::Present => None,
                Ensured::Made => Some("a new key signs modules"),
                Ensured::Replaced => Some("of key and certificate only one was there: a new pair signs modules"),
            };
            if let Some(new) = new {
                let certificate = signer.certificate();
                context.reporter.note(format!(
                    "{new}: with Secure Boot, `dkms mok enroll` lets the machine trust it (certificate: {certificate})"
                ));
            }
            Ok(signer)
        }
        Err(Unsigned::Unasked) => {
            context.reporter.detail(unsigned("the kernel does not check signatures (no CONFIG_MODULE_SIG_HASH)"));
            Err(Signatures::There)
        }
        Err(Unsigned::Unwanted(why)) => {
            context.reporter.detail(unsigned(&why));
            Err(Signatures::NotWanted(why))
        }
        Err(Unsigned::Failed(why)) => {
            context.reporter.warn(unsigned(&why));
            Err(Signatures::Failed(why))
        }
    }
}

pub(super) fn compress_all(context: &Context<'_>, module: &Prepared<'_>, files: &[PathBuf]) {
    for file in files {
        if let Err(error) = compress(context.system, &context.framework.compress_options, file, module.suffix) {
            let cause = std::error::Error::source(&error).map_or(String::new(), |cause| format!(": {cause}"));
            context.reporter.warn(format!("a module of {} stays uncompressed: {error}{cause}", module.id));
        }
    }
}

/// Keeps what a build leaves for those that build on it: its exported symbols.
fn keep_symbols(left: &Left<'_>, stage: &Stage) -> error::Result<()> {
    const FILE: &str = "Module.symvers";
    let symbols = left.build.join(FILE);
    if !symbols.is_file() {
        return Ok(());
    }
    let kept = match Taken::open(left.build, &symbols, left.lodging.user()) {
        Ok(taken) => taken.copy_to(&stage.modules().join(FILE)),
        Err(refused) => Err(std::io::Error::other(format!("{FILE}: {refused}"))),
    };
    kept.map_err(|error| Error::io("the exported symbols of the modules cannot be kept", error))
}
