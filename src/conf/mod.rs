//! dkms.conf and framework.conf: what a module and this machine want, as typed values with their source.

pub(crate) mod destination;
mod dialect;
pub(crate) mod directive;
pub(crate) mod ere;
pub(crate) mod exclusive;
pub(crate) mod framework;
mod gathered;
mod load;
mod memo;
#[cfg(feature = "packages")]
pub(crate) mod modernize;
pub(crate) mod module;
pub(crate) mod overrides;
pub(crate) mod policy;
pub(crate) mod problem;
pub(crate) mod room;
pub(crate) mod rules;
pub(crate) mod running;
pub(crate) mod seen;
mod shell;
pub(crate) mod signing;
mod truth;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use framework::{Framework, TrySign};
pub(crate) use load::{load, load_lenient};
pub(crate) use memo::Memo;
pub(crate) use module::{BuiltModule, MakeCommand, ModuleConf};
pub(crate) use problem::Problem;
pub(crate) use shell::Unknown;

use crate::error::Error;
use crate::exit::Kind;
use crate::ids::{ModuleName, ModuleVersion, Target};

/// What a dkms.conf can read while it is evaluated, besides the caller's environment.
#[derive(Debug, Clone)]
pub(crate) struct Context<'a> {
    /// The kernel it is evaluated for. None while `add` reads it without a kernel.
    pub(crate) target: Option<&'a Target>,
    /// `kernel_source_dir`
    pub(crate) kernel_source_dir: PathBuf,
    /// `kernel_config`: the path of the kernel's configuration file.
    pub(crate) kernel_config: PathBuf,
    /// `module`; None while `add DIR` reads the file.
    pub(crate) module: Option<&'a ModuleName>,
    /// `module_version`; None while `add DIR` reads the file.
    pub(crate) version: Option<&'a ModuleVersion>,
    /// `parallel_jobs`
    pub(crate) parallel_jobs: usize,
    /// `--directive NAME=VALUE`, in order.
    pub(crate) directives: &'a [String],
    /// A folder with copies of overrides, for those that are not in /etc/dkms any more.
    pub(crate) copies: Option<&'a Path>,
    /// What was read for other modules and kernels in the same moment.
    pub(crate) memo: Option<&'a Memo>,
}

impl<'a> Context<'a> {
    /// For reading whose module a file is: no kernel, and no name known beforehand.
    pub(crate) fn without_kernel(parallel_jobs: usize, directives: &'a [String]) -> Self {
        Self {
            target: None,
            kernel_source_dir: PathBuf::new(),
            kernel_config: PathBuf::new(),
            module: None,
            version: None,
            parallel_jobs,
            directives,
            copies: None,
            memo: None,
        }
    }
}

/// How a file was evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EvaluatedBy {
    /// Natively, on its syntax tree.
    Static,
    /// By a real bash in a clean environment.
    Bash,
}

/// May commands that a dkms.conf names be run to evaluate it?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Commands {
    /// Yes: the module is trusted, as it is about to be built.
    Run,
    /// Never: packaging and listing. What needs them is an error that names the line.
    Refuse,
}

#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    pub(crate) conf: ModuleConf,
    pub(crate) raw: Arc<module::Directives>,
    pub(crate) evaluated_by: EvaluatedBy,
    /// What only bash could tell, for each file for which it was asked.
    pub(crate) needs: Vec<(PathBuf, String)>,
    /// Built paths and destination names that occur twice. An error for add, build and install (see
    /// [`Loaded::refuse_duplicates`]), none for the actions that take away.
    pub(crate) duplicates: Vec<String>,
    /// Deprecated or odd things, one sentence each.
    pub(crate) notices: Vec<String>,
    /// Where each directive that is set got its value: the last file (or the command line) that changed it.
    pub(crate) origins: Arc<BTreeMap<String, framework::Origin>>,
    pub(crate) file: PathBuf,
}

impl Loaded {
    /// The error for duplicates, for add, build and install.
    pub(crate) fn refuse_duplicates(&self) -> Result<(), ConfError> {
        if self.duplicates.is_empty() {
            return Ok(());
        }
        // A file that vanished meanwhile only costs the place.
        let text = fs_err::read(&self.file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let texts = [(self.file.clone(), text.unwrap_or_default())];
        let problems = self.duplicates.iter().map(|problem| Problem::locate(problem.clone(), &texts)).collect();
        Err(ConfError::Invalid { file: self.file.clone(), problems })
    }
}

/// What can be known of a dkms.conf without running anything.
#[derive(Debug, Clone)]
// The engine asks for the name alone; lint and mkconf for the rest.
#[cfg_attr(not(feature = "packages"), allow(dead_code))]
pub(crate) struct Partial {
    /// PACKAGE_NAME, when it is known and can be used.
    pub(crate) name: Option<ModuleName>,
    /// PACKAGE_VERSION, when it is known and can be used.
    pub(crate) version: Option<ModuleVersion>,
    /// The typed, checked values, when nothing is unknown or wrong.
    pub(crate) conf: Option<ModuleConf>,
    /// Every directive that is known.
    pub(crate) raw: module::Directives,
    /// Directives that only commands can tell.
    pub(crate) unknown: Vec<Unknown>,
    /// What is wrong with the known ones (missing directives are not counted when unknown ones may hold them).
    pub(crate) problems: Vec<String>,
    /// Built paths and destination names that occur twice.
    pub(crate) duplicates: Vec<String>,
    /// Deprecated or odd things, one sentence each.
    pub(crate) notices: Vec<String>,
}

/// Why a dkms.conf cannot be used. `Display` is complete for people: file, line and caret where there is one.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum ConfError {
    /// The file is not there.
    #[error("there is no {}", .file.display())]
    Missing { file: PathBuf },
    /// The file cannot be read.
    #[error("cannot read {}: {reason}", .file.display())]
    Unreadable { file: PathBuf, reason: String },
    /// The file is no shell, or bash could not evaluate it.
    #[error("{}{}: {reason}", .file.display(), .line.map_or(String::new(), |line| format!(":{line}")))]
    Syntax {
        file: PathBuf,
        /// The line, from 1.
        line: Option<usize>,
        /// Why, with the line's text and a caret below it where known.
        reason: String,
    },
    /// Values that do not make a usable module; all of them.
    #[error("{}", invalid(.file, .problems))]
    Invalid {
        file: PathBuf,
        /// Each with its place.
        problems: Vec<Problem>,
    },
    /// The file would have to run commands, which is not allowed here.
    #[error("{}:{line}: cannot be known without running commands: {what}", .file.display())]
    NeedsCommands {
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        what: String,
    },
}

/// A problem without a place stands behind the file's name; one with a place brings its own.
fn invalid(file: &Path, problems: &[Problem]) -> String {
    let (placed, bare): (Vec<_>, Vec<_>) = problems.iter().partition(|problem| problem.place.is_some());
    let bare: Vec<&str> = bare.iter().map(|problem| problem.sentence.as_str()).collect();
    let bare = (!bare.is_empty()).then(|| format!("{}: {}", file.display(), bare.join("; ")));
    bare.into_iter().chain(placed.iter().map(ToString::to_string)).collect::<Vec<_>>().join("\n")
}

impl From<ConfError> for Error {
    fn from(error: ConfError) -> Self {
        let kind = match &error {
            ConfError::Missing { .. } => Kind::ConfMissing,
            _ => Kind::BadConf,
        };
        let hint = match &error {
            ConfError::Missing { file } => Some(format!(
                "a module source needs a dkms.conf; see dkms.conf(5) for what {} must hold",
                file.display()
            )),
            ConfError::Unreadable { .. } => None,
            ConfError::Syntax { file, line: Some(_), .. } => {
                Some(format!("`bash -n {}` checks its syntax", file.display()))
            }
            ConfError::Syntax { .. } => None,
            ConfError::Invalid { file, .. } => {
                Some(format!("correct {}; dkms.conf(5) describes each directive", file.display()))
            }
            ConfError::NeedsCommands { .. } => {
                Some("only building evaluates dkms.conf with commands; use a plain value here".to_owned())
            }
        };
        let edge = Error::new(kind, error.to_string());
        match hint {
            Some(hint) => edge.hint(hint),
            None => edge,
        }
    }
}
