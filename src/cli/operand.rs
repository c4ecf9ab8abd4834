//! Which module a command line is about: `-m`/`-v`, `name/version`, a folder, a dkms.conf, an archive.

use std::path::{Path, PathBuf};

use crate::conf::{self, Commands, Context};
use crate::engine::app::App;
use crate::engine::archive::{Subject, from_archive};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{ModuleId, ModuleName, ModuleVersion};
use crate::report::Reporter;
use crate::step::AddSource;

use super::known::{self, Among};
use super::legacy::Typed;

/// Finds out which module is meant; the first that matches: a dkms.conf, a folder with one, another existing file (an
/// archive), else NAME/VERSION or a bare NAME with -v.
pub(crate) fn resolve(app: &App, typed: &Typed, operand: Option<&str>) -> Result<Subject> {
    if typed.archive.is_some() {
        return archived(app, typed, operand);
    }
    if let Some(word) = operand {
        let path = Path::new(word);
        if path.is_file() && path.file_name().is_some_and(|name| name == "dkms.conf") {
            return from_folder(app, path.parent().unwrap_or(Path::new("")), typed);
        }
        if path.is_dir() && path.join("dkms.conf").exists() {
            return from_folder(app, path, typed);
        }
        if path.is_file() {
            return unpacked(app, path);
        }
    }
    let id = named(app, typed, operand, Among::Sources).map_err(|error| explain(error, operand))?;
    let is_somewhere = app.tree.layout().version(&id).exists() || app.tree.layout().source(&id).exists();
    if is_somewhere {
        tell_disagreement(app, &id);
        return Ok(Subject::new(id, AddSource::SourceTree));
    }
    Err(explain(nowhere(app, &id), operand))
}

/// A source that is about to be added under a version that is not the one of its dkms.conf.
fn tell_disagreement(app: &App, id: &ModuleId) {
    let (layout, context) = (app.tree.layout(), Context::without_kernel(crate::sys::processors(), &[]));
    let file = layout.source(id).join("dkms.conf");
    if layout.version(id).exists() || !file.exists() {
        return;
    }
    let read = conf::load_lenient(&app.system, &app.framework, &file, &context);
    let Some(says) = read.ok().and_then(|read| Some(ModuleId::new(read.name?, read.version?))) else { return };
    if says != *id {
        let file = app.system.inside(&file);
        app.reporter.warn(format!("{} says that it is {says}; it is taken as {id}", file.display()));
    }
}

/// Name and version from -m, -v and the operand. A version that is the only one of its module need not be given.
pub(crate) fn named(app: &App, typed: &Typed, operand: Option<&str>, among: Among) -> Result<ModuleId> {
    let (name, version) = parts(typed, operand);
    let missing = || {
        Error::new(Kind::NameMissing, "the module name is missing")
            .hint("give the module as NAME/VERSION, or the module name with -m NAME")
    };
    let name = ModuleName::new(name.ok_or_else(missing)?)?;
    let version = match version {
        Some(version) => ModuleVersion::new(version)?,
        None => known::only_version(app, &name, among)?,
    };
    Ok(ModuleId::new(name, version))
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

/// Neither in the tree nor among the sources.
fn nowhere(app: &App, id: &ModuleId) -> Error {
    let folder = app.tree.layout().source(id);
    let text = format!("there is no source for {id}: {} does not exist", folder.display());
    let error = Error::new(Kind::SourceMissing, text);
    let error = match known::meant(app, id, Among::Sources) {
        Some(hint) => error.hint(hint),
        None => error,
    };
    error.hint(format!("put the source of {id} there, or name its folder or archive: `dkms add DIR`"))
}

/// A word that was taken for a name and is none may have been meant as a path.
fn explain(error: Error, operand: Option<&str>) -> Error {
    let Some(word) = operand else { return error };
    let path = Path::new(word);
    if path.is_dir() {
        let text = format!("the folder {} holds no dkms.conf", path.display());
        return Error::new(error.kind(), text).hint(writes_conf(path));
    }
    if let Some(hint) = another_kind(path) {
        let kind = if is_archive_name(path) { Kind::ArchiveMissing } else { error.kind() };
        return Error::new(kind, format!("{word} is no module, and no folder or archive of one")).hint(hint);
    }
    if is_archive_name(path) {
        let text = format!("the archive {} does not exist", path.display());
        return near_file(Error::new(error.kind(), text), path);
    }
    if path.is_absolute() || word.starts_with('.') {
        let text = format!("there is no file or folder {}", path.display());
        return near_file(Error::new(error.kind(), text), path);
    }
    error
}

/// How a source gets its dkms.conf.
fn writes_conf(source: &Path) -> String {
    let shown = source.display();
    match (cfg!(feature = "packages"), source.is_dir()) {
        (true, true) => format!("`dkms mkconf {shown} -o {shown}` makes one from its makefiles"),
        (true, false) => format!(
            "`dkms mkconf {shown}` shows one that is made from its makefiles; unpack the archive, put it there, \
             and `dkms add FOLDER`"
        ),
        (false, _) => "dkms.conf(5) tells how to write one".to_owned(),
    }
}

/// What else a word may be that names no source, and what is done with it.
fn another_kind(path: &Path) -> Option<String> {
    let shown = path.display();
    let name = path.to_string_lossy().to_lowercase();
    if name.starts_with("http://") || name.starts_with("https://") || name.starts_with("git@") {
        let fetch = if is_archive_name(path) { "curl -LO" } else { "git clone" };
        return Some(format!("dkms fetches nothing: `{fetch} {shown}`, then name what came"));
    }
    if name.ends_with(".deb") {
        return Some(format!("a package is installed by its manager: `apt-get install {shown}`"));
    }
    let is_module = [".ko", ".ko.xz", ".ko.zst", ".ko.gz"].iter().any(|end| name.ends_with(end));
    if is_module {
        return Some(
            "that is a finished module, for one kernel; dkms takes its source, a folder or archive".to_owned(),
        );
    }
    let is_empty = path.metadata().is_ok_and(|meta| meta.is_file() && meta.len() == 0);
    is_empty.then(|| "the file is empty: fetch it again".to_owned())
}

fn is_archive_name(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let ends = [".tar", ".tgz", ".tbz2", ".txz", ".zip", ".rpm"];
    name.contains(".tar.") || ends.iter().any(|end| name.ends_with(end))
}

/// A file beside it that has nearly this name.
fn near_file(error: Error, path: &Path) -> Error {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(entries) = fs_err::read_dir(parent) else {
        return error.hint(format!("there is no folder {}", parent.display()));
    };
    let names: Vec<String> = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match crate::ids::near::nearest(&name, &names) {
        Some(near) => error.hint(format!("did you mean {}?", path.with_file_name(near).display())),
        None if path.is_relative() => error.hint(format!("it was looked for in {}", here(parent))),
        None => error.hint(format!("`ls {}` shows what is there", parent.display())),
    }
}

fn here(folder: &Path) -> String {
    fs_err::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf()).display().to_string()
}

fn from_folder(app: &App, folder: &Path, typed: &Typed) -> Result<Subject> {
    let folder = fs_err::canonicalize(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
        .map_err(|error| Error::io("cannot find the source folder", error))?;
    let file = typed.conf.clone().unwrap_or_else(|| folder.join("dkms.conf"));
    let id = id_of(app, &file, typed)?;
    let source = source_place(app, &folder, &id)?;
    Ok(Subject::new(id, source))
}

/// A folder that is the module's place in the source tree already need not be copied. One there that bears another version of
/// it does not become a second copy.
fn source_place(app: &App, folder: &Path, id: &ModuleId) -> Result<AddSource> {
    let (place, tree) = (app.tree.layout().source(id), app.tree.layout().source_tree());
    let is = |other: &Path| fs_err::canonicalize(other).is_ok_and(|other| other == folder);
    if is(&place) {
        return Ok(AddSource::SourceTree);
    }
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let version = name.strip_prefix(id.name.as_str()).and_then(|rest| rest.strip_prefix('-'));
    match version.filter(|_| is(&tree.join(name.as_ref()))) {
        Some(version) => Err(misnamed(folder, id, version, &place)),
        None => Ok(AddSource::Folder(folder.to_path_buf())),
    }
}

/// A folder of the source tree whose name and dkms.conf disagree about the version.
fn misnamed(folder: &Path, id: &ModuleId, version: &str, place: &Path) -> Error {
    let (folder, name) = (folder.display(), &id.name);
    let text = format!("{folder} is named after version {version}, and its dkms.conf says that it is {id}");
    let error = Error::new(Kind::SourceMissing, text);
    let error = match place.exists() {
        true => error,
        false => error.hint(format!("`mv {folder} {}`, then `dkms add {id}`", place.display())),
    };
    error.hint(format!("`dkms add {name}/{version}` takes it as {version}, whatever its dkms.conf says"))
}

fn id_of(app: &App, file: &Path, typed: &Typed) -> Result<ModuleId> {
    let context = Context::without_kernel(crate::sys::processors(), &typed.directives);
    let loaded = conf::load(&app.system, &app.framework, file, &context, Commands::Run)?;
    Ok(ModuleId::new(loaded.conf.name, loaded.conf.version))
}

/// The module in an archive that is named by the operand or `--archive`.
pub(crate) fn archived(app: &App, typed: &Typed, operand: Option<&str>) -> Result<Subject> {
    let Some(file) = typed.archive.clone().or_else(|| operand.map(PathBuf::from)) else {
        return Err(Error::new(Kind::ArchiveMissing, "the archive to load is missing from the command line")
            .hint("give it as operand or with --archive"));
    };
    if !file.is_file() {
        let text = format!("the archive {} does not exist", file.display());
        return Err(near_file(Error::new(Kind::ArchiveMissing, text), &file));
    }
    unpacked(app, &file)
}

fn unpacked(app: &App, file: &Path) -> Result<Subject> {
    from_archive(&app.system, &app.framework, file).map_err(|error| match error.kind() {
        Kind::ArchiveWithoutConf if error.causes().is_empty() => error.hint(writes_conf(file)),
        Kind::NotAnArchive => another_kind(file).into_iter().fold(error, Error::hint),
        _ => error,
    })
}
