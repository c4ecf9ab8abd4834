//! Which module a command line is about: `-m`/`-v`, `name/version`, a folder, a dkms.conf, an archive.

use std::path::{Path, PathBuf};

use crate::conf::{self, Commands, Context, Framework};
use crate::engine::archive::{Subject, from_archive};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{ModuleId, ModuleName, ModuleVersion};
use crate::step::AddSource;
use crate::sys::System;

use super::legacy::Typed;

/// Finds out which module is meant; the first that matches: a dkms.conf, a folder with one, another existing file (an
/// archive), else NAME/VERSION or a bare NAME with -v.
pub(crate) fn resolve(system: &System, framework: &Framework, typed: &Typed, operand: Option<&str>) -> Result<Subject> {
    if typed.archive.is_some() {
        return archived(system, framework, typed, operand);
    }
    if let Some(word) = operand {
        let path = Path::new(word);
        if path.is_file() && path.file_name().is_some_and(|name| name == "dkms.conf") {
            return from_folder(system, framework, path.parent().unwrap_or(Path::new("")), typed);
        }
        if path.is_dir() && path.join("dkms.conf").exists() {
            return from_folder(system, framework, path, typed);
        }
        if path.is_file() {
            return from_archive(system, framework, path);
        }
    }
    named(typed, operand).map(|id| Subject::new(id, AddSource::SourceTree))
}

/// Name and version from -m, -v and the operand.
pub(crate) fn named(typed: &Typed, operand: Option<&str>) -> Result<ModuleId> {
    let (name, version) = parts(typed, operand);
    let missing = |what, option| missing(what, option, operand);
    let name = name.ok_or_else(|| missing("module name", "-m NAME"))?;
    let version = version.ok_or_else(|| missing("module version", "-v VERSION"))?;
    Ok(ModuleId::new(ModuleName::new(name)?, ModuleVersion::new(version)?))
}

/// The two words that -m, -v and the operand give, either of which may be missing.
pub(crate) fn parts(typed: &Typed, operand: Option<&str>) -> (Option<String>, Option<String>) {
    let (name, version) = typed.module().or(operand).map_or((None, None), split);
    (name, typed.version_of_module.clone().or(version))
}

/// A word as name and version, either of which may be missing.
pub(crate) fn split(word: &str) -> (Option<String>, Option<String>) {
    let (name, version) = word.split_once('/').unwrap_or((word, ""));
    let text = |word: &str| (!word.is_empty()).then(|| word.to_owned());
    (text(name), text(version.trim_end_matches('/')))
}

fn missing(what: &str, option: &str, operand: Option<&str>) -> Error {
    let error = Error::new(Kind::NameMissing, format!("the {what} is missing"))
        .hint(format!("give the module as NAME/VERSION, or the {what} with {option}"));
    match operand.map(Path::new) {
        Some(folder) if folder.is_dir() => error.hint(format!("the folder {} holds no dkms.conf", folder.display())),
        Some(path) if path.is_absolute() => error.hint(format!("there is no file {}", path.display())),
        _ => error,
    }
}

fn from_folder(system: &System, framework: &Framework, folder: &Path, typed: &Typed) -> Result<Subject> {
    let folder = fs_err::canonicalize(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
        .map_err(|error| Error::io("cannot find the source folder", error))?;
    let file = typed.conf.clone().unwrap_or_else(|| folder.join("dkms.conf"));
    let id = id_of(system, framework, &file, typed)?;
    Ok(Subject::new(id, source_place(&system.path(&framework.source_tree), &folder)))
}

/// A folder that is the module's place in the source tree already need not be copied.
fn source_place(source_tree: &Path, folder: &Path) -> AddSource {
    if folder.parent() == Some(source_tree) {
        return AddSource::SourceTree;
    }
    AddSource::Folder(folder.to_path_buf())
}

fn id_of(system: &System, framework: &Framework, file: &Path, typed: &Typed) -> Result<ModuleId> {
    let context = Context::without_kernel(crate::sys::processors(), &typed.directives);
    let loaded = conf::load(system, framework, file, &context, Commands::Run)?;
    Ok(ModuleId::new(loaded.conf.name, loaded.conf.version))
}

/// The module in an archive that is named by the operand or `--archive`.
pub(crate) fn archived(
    system: &System,
    framework: &Framework,
    typed: &Typed,
    operand: Option<&str>,
) -> Result<Subject> {
    let Some(file) = typed.archive.clone().or_else(|| operand.map(PathBuf::from)) else {
        return Err(Error::new(Kind::ArchiveMissing, "the archive to load is missing from the command line")
            .hint("give it as operand or with --archive"));
    };
    if !file.is_file() {
        return Err(Error::new(Kind::ArchiveMissing, format!("the archive {} does not exist", file.display())));
    }
    from_archive(system, framework, &file)
}
