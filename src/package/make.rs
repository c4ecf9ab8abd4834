//! From input to package, in the order of the manual: open, settle the names, look through, describe, write.

use std::path::PathBuf;

use super::Format;
use super::archive::Limits;
use super::identity::{self, Declared, Hints};
use super::info::{InfoError, PackageInfo, Scriptlets, Wishes};
use super::output::{Existing, Output, Place};
use super::payload::{self, File, Payload};
use super::source::{self, Source};
use super::stream::Compression;
use super::{deb, declared, rpm, survey};
use crate::conf::Framework;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::report::Reporter;
use crate::sys::System;

/// Bytes of a source from which on it is told that work goes on.
const LARGE: u64 = 32 << 20;

/// What is to be packaged, and how.
#[derive(Debug, Clone)]
pub struct PackageRequest {
    /// deb or rpm.
    pub format: Format,
    /// An archive or a folder.
    pub input: PathBuf,
    /// `-c FILE`
    pub conf: Option<PathBuf>,
    /// `--name`
    pub name: Option<String>,
    /// `--version`
    pub version: Option<String>,
    /// What is set about the package.
    pub wishes: Wishes,
    /// `--scriptlets`
    pub scriptlets: Scriptlets,
    /// `--compress`; None: the format's usual one.
    pub compression: Option<Compression>,
    /// `--max-size`
    pub limits: Limits,
    /// SOURCE_DATE_EPOCH
    pub date: Option<u64>,
    /// Where the package goes.
    pub place: Place,
    /// `--force`
    pub existing: Existing,
    /// Where archives are unpacked.
    pub temporary: PathBuf,
}

/// A package that was made.
#[derive(Debug)]
pub struct Made {
    /// The file.
    pub file: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// What it is.
    pub info: PackageInfo,
}

/// Makes the package and tells what it holds.
pub fn make(request: &PackageRequest, system: &System, framework: &Framework, reporter: &dyn Reporter) -> Result<Made> {
    let source = source::open(&request.input, request.conf.as_deref(), &request.limits, &request.temporary)?;
    let walked = payload::walk(&source.folder, &request.limits).map_err(|error| error.at(&request.input));
    let mut payload = walked?;
    if payload.bytes > LARGE {
        reporter.note(format!("packaging {} of source", size(payload.bytes)));
    }
    let found = survey::survey(&payload.entries).map_err(|error| Error::io("cannot read the source", error))?;
    let mut warnings = Vec::new();
    let (declared, problems) = declare(system, framework, &source)?;
    warnings.extend(problems.into_iter().map(|problem| format!("dkms.conf: {problem}")));
    let settled = settle(request, &source, &found, &declared, &mut payload)?;
    let parts = (&payload, &found);
    let mut info =
        PackageInfo::new(request.format, settled.id, &request.wishes, parts, &mut warnings).map_err(refused)?;
    info.date = request.date.or(source.newest).unwrap_or(payload.newest);
    let info = info.carrying_source(request.scriptlets);
    let mut output = Output::open(&request.place, &info.file_name(), request.existing)?;
    write(request, &info, &payload, &mut output)?;
    let (file, size) = output.finish()?;
    let made = Made { file, size, info };
    tell(&made, &payload, &settled.changes, &warnings, reporter);
    Ok(made)
}

fn declare(system: &System, framework: &Framework, source: &Source) -> Result<(Declared, Vec<String>)> {
    let bytes = fs_err::read(&source.conf).map_err(|error| Error::io("cannot read dkms.conf", error))?;
    Ok(declared::read(system, framework, &source.conf, &String::from_utf8_lossy(&bytes))?)
}

/// Settles name and version, and puts the dkms.conf that says so into the payload.
fn settle(
    request: &PackageRequest,
    source: &Source,
    found: &survey::Survey,
    declared: &Declared,
    payload: &mut Payload,
) -> Result<identity::Identity> {
    let bytes = fs_err::read(&source.conf).map_err(|error| Error::io("cannot read dkms.conf", error))?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let hints = Hints {
        name: request.name.as_deref(),
        version: request.version.as_deref(),
        stem: &source.stem,
        module_version: match found.versions.as_slice() {
            [only] => Some(only),
            _ => None,
        },
    };
    let settled = identity::settle(&text, declared, &hints)?;
    let conf = if settled.changes.is_empty() { bytes } else { settled.conf.clone().into_bytes() };
    payload.set("dkms.conf", File::of(conf));
    if payload.count() < 2 {
        let message = format!("the source tree of {} holds nothing but dkms.conf", request.input.display());
        return Err(Error::new(Kind::EmptySource, message));
    }
    Ok(settled)
}

fn refused(error: InfoError) -> Error {
    let message = error.to_string();
    match error {
        InfoError::NoMaintainer => Error::new(Kind::BadOption, message).hint(
            "say it with --maintainer 'Name <address>', or set DEBFULLNAME and DEBEMAIL; \
             MODULE_AUTHOR(\"Name <address>\") in the source serves as well",
        ),
        InfoError::Machine(_) => Error::new(Kind::ArchUnknown, message).hint("name the architecture with --arch"),
        _ => Error::new(Kind::BadOption, message),
    }
}

fn write(request: &PackageRequest, info: &PackageInfo, payload: &Payload, output: &mut Output) -> Result<()> {
    let scratch = output.scratch()?;
    let failed = |cause: std::io::Error| Error::io(format!("cannot write the package {}", info.file_name()), cause);
    match request.format {
        Format::Deb => {
            let compression = request.compression.unwrap_or(Compression::Xz);
            deb::write(info, payload, compression, scratch, output.writer())
                .map_err(|deb::DebError::Io(error)| failed(error))
        }
        Format::Rpm => {
            let compression = request.compression.unwrap_or(Compression::Zstd);
            match rpm::write(info, payload, compression, scratch, output.writer()) {
                Ok(()) => Ok(()),
                Err(rpm::RpmError::Io(error)) => Err(failed(error)),
                Err(error @ (rpm::RpmError::TooLarge | rpm::RpmError::Compression)) => {
                    Err(Error::new(Kind::BadOption, error.to_string()))
                }
                Err(error) => Err(Error::new(Kind::Internal, error.to_string()).caused_by(error)),
            }
        }
    }
}

fn tell(made: &Made, payload: &Payload, changes: &[String], warnings: &[String], reporter: &dyn Reporter) {
    let info = &made.info;
    reporter.tell(crate::report::Message::Answer(format!("{} ({})", made.file.display(), size(made.size))));
    reporter.note(format!(
        "  package {} {} ({}), licence {}{}",
        info.name,
        info.full_version(),
        info.architecture,
        info.license,
        info.maintainer.as_ref().map_or(String::new(), |person| format!(", maintainer {person}")),
    ));
    reporter.note(format!("  {} files, {} in {}", payload.count(), size(payload.bytes), info.place));
    changes.iter().for_each(|change| reporter.note(format!("  {change}")));
    for (what, paths) in [("version control", &payload.vcs), ("build products", &payload.built)] {
        if !paths.is_empty() {
            reporter.note(format!("  left out, {what}: {}", listed(paths)));
            reporter.detail(format!("  all of them: {}", paths.join(" ")));
        }
    }
    if !payload.objects.is_empty() {
        reporter.note(format!("  prebuilt objects that stay: {}", payload.objects.join(" ")));
    }
    if info.format == Format::Rpm {
        reporter.note("  not signed: rpm 6 and dnf 5 install it only with --nosignature or --nogpgcheck, or once signed with rpmsign");
    }
    warnings.iter().for_each(|warning| reporter.warn(warning));
}

/// The first few, and how many more.
fn listed(paths: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = paths.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(" ");
    if paths.len() > SHOWN { format!("{shown} and {} more", paths.len() - SHOWN) } else { shown }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{}.{} MiB", bytes >> 20, (bytes >> 10) % 1024 * 10 / 1024),
    }
}
