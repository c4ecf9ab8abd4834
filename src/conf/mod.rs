//! dkms.conf and framework.conf: what a module and this machine want, as typed values with their source.

pub mod exclusive;
pub mod framework;
pub mod module;
pub mod overrides;
pub mod shell;

use std::path::{Path, PathBuf};

pub use framework::Framework;
pub use module::{BuiltModule, MakeCommand, ModuleConf};

use crate::ids::{ModuleName, ModuleVersion, Target};
use crate::sys::System;

/// What a dkms.conf can read while it is evaluated, besides the caller's environment.
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// The kernel it is evaluated for. None while `add` reads it without a kernel.
    pub target: Option<&'a Target>,
    /// `kernel_source_dir`
    pub kernel_source_dir: PathBuf,
    /// `kernel_config`: the path of the kernel's configuration file.
    pub kernel_config: PathBuf,
    /// `module`; None while `add DIR` reads the file.
    pub module: Option<&'a ModuleName>,
    /// `module_version`; None while `add DIR` reads the file.
    pub version: Option<&'a ModuleVersion>,
    /// `parallel_jobs`
    pub parallel_jobs: usize,
    /// `--directive NAME=VALUE`, in order.
    pub directives: &'a [String],
}

/// How a file was evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EvaluatedBy {
    /// Natively, on its syntax tree.
    Static,
    /// By a real bash in a clean environment.
    Bash,
}

/// May commands that a dkms.conf names be run to evaluate it?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commands {
    /// Yes: the module is trusted, as it is about to be built.
    Run,
    /// Never: packaging and listing. What needs them is an error that names the line.
    Refuse,
}

/// A dkms.conf after evaluation.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The typed, checked values.
    pub conf: ModuleConf,
    /// Every directive as evaluated.
    pub raw: module::Directives,
    /// How.
    pub evaluated_by: EvaluatedBy,
    /// Deprecated or odd things, one sentence each.
    pub notices: Vec<String>,
}

/// Why a dkms.conf cannot be used. `Display` is complete for people: file, line and caret where there is one.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ConfError {
    /// The file is not there.
    #[error("there is no {}", .file.display())]
    Missing {
        /// The path.
        file: PathBuf,
    },
    /// The file cannot be read.
    #[error("cannot read {}: {reason}", .file.display())]
    Unreadable {
        /// The path.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// The file is no shell, or bash could not evaluate it.
    #[error("{}{}: {reason}", .file.display(), .line.map_or(String::new(), |line| format!(":{line}")))]
    Syntax {
        /// The path.
        file: PathBuf,
        /// The line, from 1.
        line: Option<usize>,
        /// Why, with the line's text and a caret below it where known.
        reason: String,
    },
    /// Values that do not make a usable module; all of them.
    #[error("{}: {}", .file.display(), .problems.join("; "))]
    Invalid {
        /// The path.
        file: PathBuf,
        /// One sentence each.
        problems: Vec<String>,
    },
    /// The file would have to run commands, which is not allowed here.
    #[error("{}:{line}: cannot be known without running commands: {what}", .file.display())]
    NeedsCommands {
        /// The path.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The construct.
        what: String,
    },
}

/// Evaluates a dkms.conf and the overrides for its module and kernel (dkms-conf.md §1), then checks and types it.
///
/// `file` lies in the system's root already. Overrides are looked for only when the context names the module.
pub fn load(
    _system: &System,
    _framework: &Framework,
    _file: &Path,
    _context: &Context<'_>,
    _commands: Commands,
) -> Result<Loaded, ConfError> {
    todo!()
}
