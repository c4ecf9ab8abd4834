//! What the files of many modules, and one file for many kernels, share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use super::gathered::Gathered;
use super::{Context, destination, overrides};
use crate::ids::{ModuleName, ModuleVersion};
use crate::sys::System;
use crate::sys::side_by_side::locked;

/// Read once; for one moment, one system and one command line.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    overrides: OnceLock<overrides::Folder>,
    destination: OnceLock<Option<String>>,
    evaluated: Mutex<BTreeMap<Evaluated, Arc<Gathered>>>,
}

/// What the evaluation of a file depends on when it asks nothing about the kernel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Evaluated {
    file: PathBuf,
    overrides: Vec<PathBuf>,
    module: Option<ModuleName>,
    version: Option<ModuleVersion>,
    parallel_jobs: usize,
}

impl Evaluated {
    pub(super) fn of(file: &Path, overrides: &[PathBuf], context: &Context<'_>) -> Self {
        Self {
            file: file.to_path_buf(),
            overrides: overrides.to_vec(),
            module: context.module.cloned(),
            version: context.version.cloned(),
            parallel_jobs: context.parallel_jobs,
        }
    }
}

impl Memo {
    pub(crate) fn overrides(&self, system: &System) -> &overrides::Folder {
        self.overrides.get_or_init(|| overrides::Folder::read(system))
    }

    /// [`destination::replacement`].
    pub(super) fn destination(&self, system: &System) -> Option<String> {
        self.destination.get_or_init(|| destination::replacement(system)).clone()
    }

    /// The directives of a file, evaluated unless it was for another kernel already and does not depend on that.
    pub(super) fn evaluated<E>(
        &self,
        what: Evaluated,
        evaluate: impl FnOnce() -> Result<Gathered, E>,
    ) -> Result<Arc<Gathered>, E> {
        if let Some(known) = locked(&self.evaluated).get(&what) {
            return Ok(Arc::clone(known));
        }
        let gathered = Arc::new(evaluate()?);
        if !gathered.depends_on_kernel {
            locked(&self.evaluated).insert(what, Arc::clone(&gathered));
        }
        Ok(gathered)
    }
}
