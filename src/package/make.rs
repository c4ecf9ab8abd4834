//! From input to package, in the order of the manual: open, settle the names, look through, describe, write.

use std::io::Write as _;
use std::path::PathBuf;

use super::{Format, Writing};
use crate::archive::limits::Limits;
use crate::archive::output::{Existing, Output, Place};
use crate::archive::stream::Compression;
use crate::conf::{self, Framework};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::ModuleId;
use crate::package::description::carries::Carries;
use crate::package::description::extra::Extra;
use crate::package::description::identity::Scriptlets;
use crate::package::description::info::PackageInfo;
use crate::package::description::resolve::{InfoError, Material, Subject, resolve};
use crate::package::description::template::Template;
use crate::package::description::wishes::Wishes;
use crate::package::description::{carrier, contents, record};
use crate::package::format::{deb, pac, rpm};
use crate::package::input::checkout;
use crate::package::input::payload;
use crate::package::input::payload::{File, Payload};
use crate::package::input::source;
use crate::package::input::source::Source;
use crate::package::io::openpgp::SigningKey;
use crate::package::module::identity;
use crate::package::module::identity::Hints;
use crate::package::module::mkconf::Written;
use crate::package::module::since::{self, Least};
use crate::package::module::survey::Survey;
use crate::package::module::{authored, brought, declared, lint, mkconf, survey};
use crate::package::provenance;
use crate::package::provenance::{Hashed, Provenance, statement};
use crate::package::words::profile::Recipe;
use crate::package::words::size;
use crate::report::{Message, Reporter};
use crate::sys::System;

/// Bytes of a source from which on it is told that work goes on.
const LARGE: u64 = 32 << 20;

/// Which files of a git checkout are packaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Files {
    #[default]
    Tracked,
    /// All (`--untracked`).
    All,
}

/// What is to be packaged.
#[derive(Debug, Clone)]
pub(crate) struct SourceRequest {
    /// An archive or a folder.
    pub(crate) input: PathBuf,
    /// `-c FILE`
    pub(crate) conf: Option<PathBuf>,
    /// `--name`
    pub(crate) name: Option<String>,
    /// `--version`
    pub(crate) version: Option<String>,
    /// `--max-size`
    pub(crate) limits: Limits,
    /// `--untracked`
    pub(crate) files: Files,
    /// SOURCE_DATE_EPOCH
    pub(crate) date: Option<u64>,
    pub(crate) temporary: PathBuf,
}

/// A source that is ready to be packaged, in any format.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) source: Source,
    /// What of it is packaged.
    pub(crate) payload: Payload,
    /// What it says about itself.
    pub(crate) survey: Survey,
    pub(crate) module: ModuleId,
    /// The time of everything in the package, in seconds since 1970.
    pub(crate) date: u64,
    /// What was changed in dkms.conf, one sentence each.
    pub(crate) changes: Vec<String>,
    /// What is wrong with dkms.conf, one sentence each.
    pub(crate) problems: Vec<String>,
    /// The dkms.conf that was written for a source without one.
    pub(crate) written: Option<Written>,
    /// Whether dkms.conf says if the module is to be installed by itself.
    pub(crate) says_autoinstall: bool,
    /// The release of DKMS that its directives ask for.
    pub(crate) least: Option<Least>,
    /// What it says that a package brings besides.
    pub(crate) brought: Vec<Extra>,
}

impl Prepared {
    /// What a person should know about the source, one sentence each.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let written = self.written.iter().flat_map(|written| &written.notes);
        self.problems.iter().chain(written).cloned().collect()
    }
}

#[derive(Debug, Clone)]
pub(crate) struct PackageRequest<'a> {
    pub(crate) format: Format,
    /// What is set about the package.
    pub(crate) wishes: Wishes,
    /// `--scriptlets`
    pub(crate) scriptlets: Scriptlets,
    /// `--compress`; None: the profile's, else the format's usual one.
    pub(crate) compression: Option<Compression>,
    pub(crate) place: Place,
    /// `--force`
    pub(crate) existing: Existing,
    /// A template of a person's own.
    pub(crate) template: Option<Template>,
    /// `--sign-key`
    pub(crate) key: Option<&'a SigningKey>,
    /// `--provenance`
    pub(crate) provenance: Option<Provenance>,
}

impl PackageRequest<'_> {
    /// What is made instead of a package, if that is wanted.
    pub(crate) fn recipe(&self) -> Option<Recipe> {
        self.wishes.profile.as_ref().and_then(|profile| profile.recipe)
    }
}

/// A package that was made.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) file: PathBuf,
    pub(crate) size: u64,
    /// Files that belong to it: the sources of a spec or PKGBUILD, the archives of a source package, what tells of its origin.
    pub(crate) sources: Vec<PathBuf>,
    /// The paths of all files and links in it, but for the documents that its format adds.
    pub(crate) files: Vec<String>,
    /// Bytes of what it carries.
    pub(crate) bytes: u64,
    pub(crate) info: PackageInfo,
    /// The template that it was made from, if from one.
    pub(crate) template: Option<PathBuf>,
    /// Fingerprint of the key that signed it.
    pub(crate) signed_by: Option<String>,
    /// What a person should know, one sentence each.
    pub(crate) warnings: Vec<String>,
}

/// Opens the source, settles its name and version and looks through it.
pub(crate) fn prepare(
    request: &SourceRequest,
    system: &System,
    framework: &Framework,
    reporter: &dyn Reporter,
) -> Result<Prepared> {
    let title = format!("unpacking {}", request.input.display());
    let tell = |done, total| reporter.tell(Message::Progress { title: title.clone(), done, total });
    let source = source::open(&request.input, request.conf.as_deref(), &request.limits, &request.temporary, &tell)?;
    let mut payload = walk(request, &source)?;
    if payload.bytes > LARGE {
        reporter.note(format!("packaging {} of source", size::text(payload.bytes)));
    }
    let survey = survey::survey(&payload.entries).map_err(|error| Error::io("cannot read the source", error))?;
    let named = name(request, system, framework, &source, &survey, &mut payload)?;
    if payload.count() < 2 {
        let message = format!("the source tree of {} holds nothing but dkms.conf", request.input.display());
        return Err(Error::new(Kind::EmptySource, message));
    }
    Ok(Prepared {
        date: request.date.or(source.newest).unwrap_or(payload.newest),
        module: named.id,
        changes: named.changes,
        problems: named.problems,
        written: named.written,
        says_autoinstall: named.says_autoinstall,
        least: named.least,
        brought: brought::read(&source, &payload)?,
        source,
        payload,
        survey,
    })
}

/// What of a source is packaged.
pub(crate) fn walk(request: &SourceRequest, source: &Source) -> Result<Payload> {
    let tracked = match request.files {
        Files::Tracked if !source.is_archive() => checkout::tracked(&source.folder)?,
        _ => None,
    };
    let mut payload =
        payload::walk(&source.folder, &request.limits, tracked.as_ref()).map_err(|error| error.at(&request.input))?;
    // The times of files are those of the checkout, which is another one everywhere.
    if let Some(time) = tracked.and_then(|tracked| tracked.committed) {
        payload.newest = time;
    }
    Ok(payload)
}

/// A module with the dkms.conf that says so.
struct Named {
    id: ModuleId,
    changes: Vec<String>,
    problems: Vec<String>,
    written: Option<Written>,
    says_autoinstall: bool,
    least: Option<Least>,
}

/// Settles name and version, and puts the dkms.conf that says so into the payload.
fn name(
    request: &SourceRequest,
    system: &System,
    framework: &Framework,
    source: &Source,
    survey: &Survey,
    payload: &mut Payload,
) -> Result<Named> {
    let (name, version) = (request.name.as_deref(), request.version.as_deref());
    let Some(conf) = &source.conf else {
        let known = authored::Known { input: &request.input, name, version };
        let (id, written) = authored::author(&known, source, payload, survey)?;
        written.complete("`dkms mkconf --force` writes what is known; correct it and name it with -c FILE")?;
        payload.set("dkms.conf", File::of(written.text.clone().into_bytes()));
        let changes = vec!["dkms.conf: written from the makefiles".to_owned()];
        let least = since::least(&written.text);
        return Ok(Named { id, changes, problems: Vec::new(), written: Some(written), says_autoinstall: true, least });
    };
    let bytes = fs_err::read(conf).map_err(|error| Error::io("cannot read dkms.conf", error))?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let declared = declared::read(system, framework, conf, &text)?.0;
    let problems = problems((system, framework), conf, &text, (source, payload))?;
    let hints = Hints { name, version, stem: &source.stem, module_version: survey.only_version() };
    let settled = identity::settle(&text, &declared, &hints)?;
    let conf = if settled.changes.is_empty() { bytes } else { settled.conf.into_bytes() };
    payload.set("dkms.conf", File::of(conf));
    payload.untracked.retain(|path| path != "dkms.conf");
    let says_autoinstall = text.lines().any(|line| line.trim_start().starts_with("AUTOINSTALL"));
    let least = since::least(&text);
    Ok(Named { id: settled.id, changes: settled.changes, problems, written: None, says_autoinstall, least })
}

/// What lint says of a dkms.conf, errors and warnings: `dkms.conf:3: …`. What packaging mends itself is left out.
fn problems(
    (system, framework): (&System, &Framework),
    conf: &std::path::Path,
    text: &str,
    (source, payload): (&Source, &Payload),
) -> Result<Vec<String>> {
    let known = conf::load_lenient(system, framework, conf, &conf::Context::without_kernel(1, &[]));
    let first = lint::named_makefile(&known);
    let facts = mkconf::look_from(payload, first.as_deref());
    let facts = facts.map_err(|error| Error::io("cannot read the source", error))?;
    let file = std::path::Path::new("dkms.conf");
    let findings =
        lint::lint(&lint::Subject { file, text, conf: &known, stem: &source.stem, source: Some((payload, &facts)) });
    let is_mended = |finding: &lint::Finding| {
        ["missing-directive", "version-differs"].contains(&finding.rule) && finding.text.contains("PACKAGE_")
    };
    let told = findings.into_iter().filter(|finding| finding.level != lint::Level::Note && !is_mended(finding));
    Ok(told
        .map(|finding| {
            let line = finding.line.map_or(String::new(), |line| format!(":{line}"));
            format!("{}{line}: {} [{}]", finding.file, finding.text, finding.rule)
        })
        .collect())
}

/// Describes the package. `fixed_name` is the one that a source package's own packaging has; sentences about what was assumed
/// go to `warnings`.
pub(crate) fn describe(
    prepared: &Prepared,
    request: &PackageRequest,
    fixed_name: Option<&str>,
    warnings: &mut Vec<String>,
) -> Result<PackageInfo> {
    let mut wishes = request.wishes.clone();
    // The command line goes before the source.
    let chosen: Vec<String> = wishes.files.iter().map(|extra| extra.path.clone()).collect();
    wishes.files.extend(prepared.brought.iter().filter(|extra| !chosen.contains(&extra.path)).cloned());
    let recipe = request.recipe();
    if !prepared.says_autoinstall && recipe.is_none() {
        let record = record::of(&prepared.module);
        warnings.push(format!(
            "dkms.conf does not say AUTOINSTALL; whoever installs the package wants the driver, so {} says it for every kernel \
             with headers",
            record.path
        ));
        wishes.files.push(record);
    }
    let subject = Subject {
        format: request.format,
        module: &prepared.module,
        wishes: &wishes,
        template: request.template.as_ref(),
        fixed_name,
        scriptlets: request.scriptlets,
        material: Material {
            carries: if recipe.is_some() { &Carries::Recipe } else { &Carries::Source },
            payload: &prepared.payload,
            survey: &prepared.survey,
            date: prepared.date,
        },
    };
    let usual = |identity: &_| {
        carrier::usual(identity, request.wishes.profile.as_ref(), prepared.least.as_ref(), &wishes.files)
    };
    let info = resolve(&subject, usual, warnings).map_err(refused)?;
    let (least, profile) = (prepared.least.as_ref(), request.wishes.profile.as_ref());
    if request.format == Format::Deb {
        warnings.extend(least.and_then(|least| least.warning(profile.map(|profile| profile.name.as_str()))));
    }
    if let Some(template) = &request.template {
        let unused = template.unused.iter().map(|part| format!("{} of {} is not used", part, template.file.display()));
        warnings.extend(unused);
    }
    Ok(info)
}

pub(crate) fn make(prepared: &Prepared, request: &PackageRequest, reporter: &dyn Reporter) -> Result<Made> {
    let mut warnings = prepared.warnings();
    let info = describe(prepared, request, None, &mut warnings)?;
    finish(info, &prepared.payload, request, warnings, reporter)
}

/// Writes the package that is described.
pub(crate) fn finish(
    info: PackageInfo,
    payload: &Payload,
    request: &PackageRequest,
    mut warnings: Vec<String>,
    reporter: &dyn Reporter,
) -> Result<Made> {
    if request.key.is_some_and(SigningKey::is_modern) {
        warnings
            .push("the key is one that the rpm of RHEL 8 cannot check; RSA of 4096 bits is read everywhere".to_owned());
    }
    let mut output = Output::open(&request.place, &info.file_name(), request.existing)?;
    let told = told_beside(request, &info, provenance::file_name)?;
    let stated = if info.target.is_some() { told_beside(request, &info, statement::file_name)? } else { None };
    write(request, &info, payload, &mut output, reporter)?;
    let (file, size) = output.finish()?;
    let mut sources = Vec::new();
    if let (Some(wanted), Some(mut told)) = (&request.provenance, told) {
        let failed = |error| Error::io("cannot write down what went into the package", error);
        let hashed = Hashed::read(&info, payload, &file).map_err(failed)?;
        let document = provenance::document(&info, wanted, &hashed).map_err(failed)?;
        told.writer().write_all(&document).map_err(failed)?;
        sources.push(told.finish()?.0);
        if let (Some(target), Some(mut stated)) = (&info.target, stated) {
            let document = statement::document(&info, target, &hashed).map_err(failed)?;
            stated.writer().write_all(&document).map_err(failed)?;
            sources.push(stated.finish()?.0);
        }
    }
    let template = request.template.as_ref().map(|template| template.file.clone());
    Ok(Made {
        file,
        size,
        sources,
        files: contents::paths(&info, payload),
        bytes: payload.bytes,
        info,
        warnings,
        template,
        signed_by: request.key.map(SigningKey::fingerprint),
    })
}

/// A document beside the package, if one is wanted; a place that cannot be written is told before the work begins.
fn told_beside(
    request: &PackageRequest,
    info: &PackageInfo,
    file_name: impl Fn(&str) -> String,
) -> Result<Option<Output>> {
    let Some(_) = &request.provenance else { return Ok(None) };
    let place = match &request.place {
        Place::File(file) => {
            let package = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            Place::File(file.with_file_name(file_name(&package)))
        }
        folder @ Place::Folder(_) => folder.clone(),
    };
    Output::open(&place, &file_name(&info.file_name()), request.existing).map(Some)
}

/// What was chosen, else the profile's, else the format's own.
pub(super) fn usual_compression(request: &PackageRequest) -> Compression {
    let profiled = request.wishes.profile.as_ref().map(|profile| profile.compression);
    request.compression.or(profiled).unwrap_or(match request.format {
        Format::Deb => Compression::Xz,
        Format::Rpm | Format::Pac => Compression::Zstd,
    })
}

/// Why the package cannot be described, with what to do.
pub(super) fn refused(error: InfoError) -> Error {
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

fn write(
    request: &PackageRequest,
    info: &PackageInfo,
    payload: &Payload,
    output: &mut Output,
    reporter: &dyn Reporter,
) -> Result<()> {
    let scratch = output.scratch()?;
    let name = info.file_name();
    let total = payload.bytes;
    let writing = Writing {
        compression: usual_compression(request),
        key: request.key,
        progress: &|done| reporter.tell(Message::Progress { title: name.clone(), done, total }),
    };
    let file = output.file().display().to_string();
    let failed = |cause: std::io::Error| Error::io(format!("cannot write {file}"), cause);
    match request.format {
        Format::Deb => deb::write(info, payload, writing, scratch, output.writer())
            .map_err(|deb::DebError::Io(error)| failed(error)),
        Format::Pac => pac::write(info, payload, writing, output.writer()).map_err(failed),
        Format::Rpm => match rpm::write(info, payload, writing, scratch, output.writer()) {
            Ok(()) => Ok(()),
            Err(rpm::RpmError::Io(error)) => Err(failed(error)),
            Err(error @ (rpm::RpmError::TooLarge | rpm::RpmError::Compression)) => {
                Err(Error::new(Kind::BadOption, error.to_string()))
            }
            Err(error) => Err(Error::new(Kind::Internal, error.to_string()).caused_by(error)),
        },
    }
}
