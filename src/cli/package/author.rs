//! `mkconf` and `lint`: a dkms.conf written, renewed or looked through.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::args::PackageArgs;
use super::{input, source_request, trial};
use crate::archive::output::{Existing, Output};
use crate::cli::common::{PlaceArgs, TellArgs};
use crate::conf::modernize::{self, Modernized};
use crate::conf::{self, Framework};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::package::input::source;
use crate::package::input::source::Source;
use crate::package::make::{self, SourceRequest};
use crate::package::module::identity::IdentityError;
use crate::package::module::lint;
use crate::package::module::lint::{Finding, Level, Subject};
use crate::package::module::{authored, mkconf, placeholder, survey};
use crate::package::words::names;
use crate::report::human::{Human, Notes};
use crate::report::{Message, Reporter};
use crate::sys::System;

/// Write a dkms.conf from the makefiles of a source, or renew one
#[derive(Debug, Clone, Default, Args)]
#[command(disable_version_flag = true)]
pub(crate) struct AuthorArgs {
    /// A source archive (tar, also compressed, or zip), a folder, a dkms.conf, or MODULE/VERSION of the tree
    #[arg(value_name = "INPUT")]
    pub(crate) input: PathBuf,
    /// The module's name, unless INPUT says it
    #[arg(long = "name", short = 'm', alias = "module", value_name = "MODULE")]
    pub(crate) name: Option<String>,
    /// The module's version, unless INPUT says it
    #[arg(id = "module_version", long = "version", short = 'v', value_name = "VERSION")]
    pub(crate) version: Option<String>,
    /// The dkms.conf: a path in the source, or a file
    #[arg(short = 'c', long = "conf", value_name = "FILE")]
    pub(crate) conf: Option<PathBuf>,
    /// Write to this file, or to dkms.conf in this folder
    #[arg(long, short = 'o', value_name = "FILE|DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Replace a file that exists; write what is known where the makefiles say more
    #[arg(long)]
    pub(crate) force: bool,
    /// Build once with it in a place that is thrown away, and say whether it works; this runs code of the source
    #[arg(long = "try", requires = "kernel", conflicts_with = "modernize")]
    pub(crate) trial: bool,
    /// With --try: the kernel, whose headers must be there
    #[arg(short = 'k', long = "kernelver", value_name = "KERNEL", requires = "trial")]
    pub(crate) kernel: Option<String>,
    /// Renew the dkms.conf that is there
    #[arg(long)]
    pub(crate) modernize: bool,
    /// The most that an archive may hold: 100M, 4G [default: 4G]
    #[arg(long, value_name = "BYTES", value_parser = super::bytes)]
    pub(crate) max_size: Option<u64>,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    #[command(flatten)]
    pub(crate) tell: TellArgs,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    Write,
    Lint,
}

/// A command line, as typed.
#[derive(Debug, Clone)]
pub(crate) struct AuthorCall {
    pub(crate) task: Task,
    pub(crate) args: AuthorArgs,
}

impl AuthorCall {
    /// Who is told: what goes to standard output is a file or a document, unless it goes elsewhere.
    pub(crate) fn reporter(&self) -> Human {
        let is_answer = self.args.tell.json || self.args.output.is_none();
        Human::new(self.args.tell.loudness(), if is_answer { Notes::Stderr } else { Notes::Stdout })
    }
}

/// Does what the command line asks for.
pub(crate) fn run(call: &AuthorCall, system: &System, framework: &Framework, reporter: &dyn Reporter) -> Result<()> {
    let framework = call.args.place.settings(framework);
    let work = Work { args: &call.args, system, framework: &framework, reporter };
    match (call.task, call.args.modernize) {
        (Task::Lint, _) => work.lint(),
        (Task::Write, true) => work.modernize(),
        (Task::Write, false) => work.write(),
    }
}

struct Work<'a> {
    args: &'a AuthorArgs,
    system: &'a System,
    framework: &'a Framework,
    reporter: &'a dyn Reporter,
}

/// A dkms.conf that is there.
struct Existent {
    /// As messages name it.
    shown: PathBuf,
    file: PathBuf,
    text: String,
    /// The name of the archive or folder.
    stem: String,
    /// The source around it, unless the file stands alone.
    source: Option<Source>,
}

/// dkms-mkconf-1
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    module: Option<&'a str>,
    version: Option<&'a str>,
    /// Where it was written to; null: nowhere.
    file: Option<&'a Path>,
    conf: &'a str,
    changes: Vec<String>,
    warnings: Vec<String>,
}

impl Work<'_> {
    fn request(&self) -> Result<SourceRequest> {
        let args = PackageArgs {
            input: Some(self.args.input.clone()),
            name: self.args.name.clone(),
            version: self.args.version.clone(),
            conf: self.args.conf.clone(),
            max_size: self.args.max_size,
            ..PackageArgs::default()
        };
        let found = input::find(&args, self.system, self.framework)?;
        source_request(&args, &found, self.system, self.framework)
    }

    /// Writes one from the makefiles.
    fn write(&self) -> Result<()> {
        let request = self.request()?;
        let source = source::open_bare(&request.input, &request.limits, &request.temporary, &|_, _| {})?;
        let payload = make::walk(&request, &source)?;
        let survey = survey::survey(&payload.entries).map_err(|error| Error::io("cannot read the source", error))?;
        let known = authored::Known {
            input: &request.input,
            name: request.name.as_deref(),
            version: request.version.as_deref(),
        };
        let (id, written) = authored::author(&known, &source, &payload, &survey)?;
        if !self.args.force {
            written.complete("--force writes what is known, with these lines in it, to be corrected by hand")?;
        }
        let mut warnings = written.lost;
        warnings.extend(written.notes);
        if payload.find("dkms.conf").is_some() {
            warnings.insert(0, "the source has a dkms.conf, which was not looked at; --modernize renews it".to_owned());
        }
        let mut changes = Vec::new();
        if let Some(kernel) = self.args.kernel.as_deref().filter(|_| self.args.trial) {
            let (conf, temporary) = (written.text.as_str(), request.temporary.as_path());
            self.reporter.note(format!("building {id} for {kernel} in a place that is thrown away"));
            changes.push(trial::run(&trial::Trial {
                module: &id,
                payload: &payload,
                conf,
                kernel,
                temporary,
                system: self.system,
            })?);
        }
        let names = (Some(id.name.as_str()), Some(id.version.as_str()));
        self.tell(names, &written.text, changes, warnings)
    }

    /// Renews the one that is there.
    fn modernize(&self) -> Result<()> {
        let there = self.existent()?;
        let name = self.args.name.clone().or_else(|| placeholder::name_in(&there.stem));
        let version = self.args.version.clone().or_else(|| placeholder::version_in(&there.stem, name.as_deref()));
        // What goes into the file is checked first; of what it says itself nothing is touched.
        names::check(name.as_deref().unwrap_or("x"), version.as_deref().unwrap_or("1")).map_err(IdentityError::from)?;
        let Modernized { text, changes, left } = modernize::modernize(&there.text, name.as_deref(), version.as_deref());
        let located = |list: Vec<(usize, String)>| -> Vec<String> {
            list.into_iter().map(|(line, text)| format!("{}:{line}: {text}", there.shown.display())).collect()
        };
        let (changes, left) = (located(changes), located(left));
        self.tell((name.as_deref(), version.as_deref()), &text, changes, left)
    }

    fn tell(
        &self,
        (module, version): (Option<&str>, Option<&str>),
        text: &str,
        changes: Vec<String>,
        warnings: Vec<String>,
    ) -> Result<()> {
        let file = self.args.output.as_deref().map(|output| self.save(output, text)).transpose()?;
        warnings.iter().for_each(|warning| self.reporter.warn(warning.clone()));
        if self.args.tell.json {
            let schema = "dkms-mkconf-1";
            let document = Document { schema, module, version, file: file.as_deref(), conf: text, changes, warnings };
            return self.answer(&document);
        }
        changes.iter().for_each(|change| self.reporter.note(change.clone()));
        let answer = file.map_or_else(|| text.trim_end().to_owned(), |file| file.display().to_string());
        self.reporter.tell(Message::Answer(answer));
        Ok(())
    }

    fn answer(&self, document: &impl Serialize) -> Result<()> {
        let text = crate::report::document(document)?;
        self.reporter.document(text);
        Ok(())
    }

    fn save(&self, output: &Path, text: &str) -> Result<PathBuf> {
        let place = input::place(Some(output), "", None, &["conf"]);
        let existing = if self.args.force { Existing::Replace } else { Existing::Keep };
        let mut file = Output::open(&place, "dkms.conf", existing)?;
        std::io::Write::write_all(file.writer(), text.as_bytes())
            .map_err(|error| Error::io("cannot write dkms.conf", error))?;
        Ok(file.finish()?.0)
    }

    /// The dkms.conf that the command line means: a file itself, or the one of a source.
    fn existent(&self) -> Result<Existent> {
        let input = &self.args.input;
        let is_conf = input.is_file()
            && input
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .is_some_and(|name| name.starts_with("dkms.conf") || name.ends_with(".conf"));
        if is_conf {
            let folder = std::path::absolute(input).ok().and_then(|file| Some(file.parent()?.file_name()?.to_owned()));
            let stem = folder.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            return Ok(Existent { shown: input.clone(), file: input.clone(), text: read(input)?, stem, source: None });
        }
        let request = self.request()?;
        let source =
            source::open(&request.input, request.conf.as_deref(), &request.limits, &request.temporary, &|_, _| {})?;
        let Some(file) = source.conf.clone() else {
            return Err(source.without_conf(&request.input).hint("`dkms mkconf` writes one"));
        };
        let shown = file.strip_prefix(&source.folder).unwrap_or(&file).to_path_buf();
        Ok(Existent { shown, text: read(&file)?, file, stem: source.stem.clone(), source: Some(source) })
    }

    fn lint(&self) -> Result<()> {
        let there = self.existent()?;
        let context = conf::Context::without_kernel(1, &[]);
        let known = conf::load_lenient(self.system, self.framework, &there.file, &context);
        let looked = match &there.source {
            Some(source) => {
                let payload = make::walk(&self.request()?, source)?;
                let first = lint::named_makefile(&known);
                let facts = mkconf::look_from(&payload, first.as_deref());
                let facts = facts.map_err(|error| Error::io("cannot read the source", error))?;
                Some((payload, facts))
            }
            None => None,
        };
        let source = looked.as_ref().map(|(payload, facts)| (payload, facts));
        let findings =
            lint::lint(&Subject { file: &there.shown, text: &there.text, conf: &known, stem: &there.stem, source });
        let count = |level: Level| findings.iter().filter(|finding| finding.level == level).count();
        let (errors, warnings) = (count(Level::Error), count(Level::Warning));
        if self.args.tell.json {
            self.answer(&serde_json::json!({
                "schema": "dkms-lint-1",
                "errors": errors,
                "warnings": warnings,
                "findings": findings,
            }))?;
        } else {
            findings.iter().for_each(|finding| self.reporter.tell(Message::Answer(line(finding))));
        }
        if errors > 0 {
            let message = format!("{}: errors: {errors}, warnings: {warnings}", there.shown.display());
            return Err(Error::new(Kind::LintFailed, message));
        }
        Ok(())
    }
}

fn read(file: &Path) -> Result<String> {
    let bytes = fs_err::read(file).map_err(|error| Error::io("cannot read dkms.conf", error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// `dkms.conf:3: error: what it is [rule]`, and below it what to do.
fn line(finding: &Finding) -> String {
    let place = finding.line.map_or(String::new(), |line| format!(":{line}"));
    let level = match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    };
    format!("{}{place}: {level}: {} [{}]\n    {}", finding.file, finding.text, finding.rule, finding.advice)
}
