//! What a build sees besides the system's own folders, and what it must not see.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::action::Context;
use crate::action::compile::environment::Environment;
use crate::action::compile::prepared::Prepared;
use crate::conf::seen::EMPTIED;

/// Folders and files, as a process inside the root names them.
pub(super) fn readable(context: &Context<'_>, module: &Prepared<'_>, environment: &Environment) -> Vec<PathBuf> {
    let layout = context.tree.layout();
    let inside = |path: PathBuf| context.system.inside(&path);
    let mut all = vec![
        inside(layout.version(module.id)),
        inside(module.source.clone()),
        inside(layout.source(module.id)),
        inside(layout.kernel_modules(module.target)),
        Path::new(EMPTIED[0]).join(&module.target.kernel),
        module.config_file.clone(),
    ];
    all.extend(headers(context, module));
    all.extend(module.dependencies.iter().map(|(name, _)| inside(layout.module(name))));
    let path = environment.get(OsStr::new("PATH")).cloned().unwrap_or_default();
    all.extend(std::env::split_paths(&path).filter(|folder| folder.is_absolute()));
    // The root itself would be everything.
    all.retain(|path| path.parent().is_some());
    all.sort();
    all.dedup();
    all
}

/// The folders of the kernel's headers, without links: those that they consist of, and none below another.
pub(super) fn folders_of_headers(context: &Context<'_>, module: &Prepared<'_>) -> Vec<PathBuf> {
    let named = headers(context, module).into_iter();
    // Distributions put their scripts elsewhere.
    let entries = fs_err::read_dir(context.system.path(&module.headers)).into_iter().flatten().flatten();
    let links = entries.map(|entry| entry.path()).filter(|path| path.is_symlink());
    let real =
        named.map(|path| context.system.path(path)).chain(links).filter_map(|path| fs_err::canonicalize(path).ok());
    let real: BTreeSet<PathBuf> = real.filter(|path| path.is_dir()).map(|path| context.system.inside(&path)).collect();
    let is_below_another = |path: &PathBuf| path.ancestors().skip(1).any(|above| real.contains(above));
    real.iter().filter(|path| !is_below_another(path)).cloned().collect()
}

/// The headers, the source that they were made from, and where links to both lead.
fn headers(context: &Context<'_>, module: &Prepared<'_>) -> Vec<PathBuf> {
    let kernel = Path::new(EMPTIED[0]).join(&module.target.kernel);
    let named = [module.headers.clone(), module.headers.join("source"), kernel.join("build"), kernel.join("source")];
    let makefile = fs_err::read_to_string(context.system.path(module.headers.join("Makefile"))).unwrap_or_default();
    // What `make O=` leaves in place of a makefile names the source.
    let included = makefile.lines().filter_map(|line| line.strip_prefix("include ")).map(|file| Path::new(file.trim()));
    let sources = included.filter(|file| file.is_absolute() && file.ends_with("Makefile")).filter_map(Path::parent);
    let all: Vec<PathBuf> = named.into_iter().chain(sources.map(Path::to_path_buf)).collect();
    let real = |path: &PathBuf| fs_err::canonicalize(context.system.path(path)).ok().map(|p| context.system.inside(&p));
    let real: Vec<PathBuf> = all.iter().filter_map(real).collect();
    let exists = |path: &PathBuf| context.system.path(path).exists();
    all.into_iter().filter(exists).chain(real).collect()
}
