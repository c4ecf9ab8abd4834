//! The sources of a matrix: archives, folders, packages that bring one, and packages of repositories by their names.

use std::path::{Path, PathBuf};

use super::offer::Package;
use super::repositories::Repositories;
use super::store::Store;
use crate::conf::{self, Commands};
use crate::engine::app::App;
use crate::engine::preflight::cargo::Cargo;
use crate::engine::preflight::{self, Places};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{ModuleId, ModuleName};
use crate::package::make::{Files, Prepared, SourceRequest, prepare};

/// A source that lies in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) module: ModuleId,
    pub(crate) digest: String,
    /// Modules that it builds on, as its dkms.conf says.
    pub(crate) depends: Vec<ModuleName>,
    /// Its newest time, in seconds since 1970.
    pub(crate) date: u64,
}

/// Takes the sources that were named into the store.
///
/// # Errors
///
/// One cannot be read, or two are of one module: their packages would be in each other's way.
pub(crate) fn take(
    app: &App,
    repositories: &Repositories<'_>,
    named: &[String],
    date: Option<u64>,
    store: &Store,
) -> Result<Vec<Source>> {
    let aside = store.aside()?;
    let mut sources: Vec<Source> = Vec::new();
    for (index, name) in named.iter().enumerate() {
        let own = aside.path().join(index.to_string());
        for place in places(app, repositories, name, &own)? {
            let source = take_one(app, &place, date, &own.join("taken"), store)?;
            if let Some(first) = sources.iter().find(|known| known.module.name == source.module.name) {
                let text = format!("{} and {} are of one module", first.module, source.module);
                return Err(Error::new(Kind::BadOption, text)
                    .hint("one version of each: hosts install the newest package, whatever others there are"));
            }
            sources.push(source);
        }
    }
    Ok(sources)
}

/// Archives and folders with a source each.
fn places(app: &App, repositories: &Repositories<'_>, name: &str, own: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error| Error::io("a source cannot be unpacked", error);
    fs_err::create_dir_all(own).map_err(failed)?;
    let path = PathBuf::from(name);
    let is_package = |file: &Path| {
        let extension = file.extension().unwrap_or_default();
        extension == "deb" || extension == "rpm"
    };
    match () {
        () if path.is_file() && is_package(&path) => of_package(app, &path, own),
        () if path.exists() => Ok(vec![path]),
        () if name.contains('/') => Ok(vec![of_tree(app, name)?]),
        () => {
            let found = repositories.called(name)?;
            let package: &Package = found.iter().max_by(|one, other| compare(one, other)).ok_or_else(|| {
                Error::new(Kind::SourceMissing, format!("there is neither a file {name} nor a package of that name"))
                    .hint("name an archive, a folder, a package, or NAME/VERSION of the tree")
            })?;
            of_package(app, &repositories.fetch(package)?, own)
        }
    }
}

fn compare(one: &Package, other: &Package) -> std::cmp::Ordering {
    crate::version::compare(&one.version, &other.version)
}

/// The source of a module of this host's tree.
fn of_tree(app: &App, name: &str) -> Result<PathBuf> {
    let modules = app.tree.modules().map_err(|error| Error::io("cannot read the DKMS tree", error))?;
    let source = modules.into_iter().find(|entry| entry.id.to_string() == name).map(|entry| entry.state);
    match source {
        Some(crate::tree::VersionState::Added { source }) => Ok(app.system.path(source)),
        _ => Err(Error::new(Kind::SourceMissing, format!("{name} is neither here nor a module of the tree"))
            .hint("name an archive, a folder, a package, or NAME/VERSION of the tree")),
    }
}

fn of_package(app: &App, package: &Path, own: &Path) -> Result<Vec<PathBuf>> {
    let asked = preflight::Asked { packages: vec![package.to_path_buf()], ..preflight::Asked::default() };
    let places = Places::of(own);
    let cargo = Cargo::unpack(app, &asked, &places)?;
    if let Some((file, why)) = cargo.unread.first() {
        return Err(Error::new(Kind::NotAnArchive, format!("{} cannot be read: {why}", file.display())));
    }
    let sources =
        cargo.sources.iter().filter_map(|(_, place)| Some(places.cargo().join("usr/src").join(place.file_name()?)));
    let sources: Vec<PathBuf> = sources.collect();
    if sources.is_empty() {
        let text = format!("{} brings no source of a module below /usr/src", package.display());
        return Err(Error::new(Kind::SourceMissing, text));
    }
    Ok(sources)
}

fn take_one(app: &App, input: &Path, date: Option<u64>, aside: &Path, store: &Store) -> Result<Source> {
    let request = SourceRequest {
        input: input.to_path_buf(),
        conf: None,
        name: None,
        version: None,
        limits: crate::archive::limits::Limits::default(),
        files: Files::Tracked,
        date,
        temporary: app.system.path(&app.framework.tmp_location),
    };
    let prepared: Prepared = prepare(&request, &app.system, &app.framework, &app.reporter)?;
    prepared.payload.write(aside).map_err(|error| Error::io("a source cannot be taken into the store", error))?;
    let context = conf::Context::without_kernel(1, &[]);
    let loaded = conf::load(&app.system, &app.framework, &aside.join("dkms.conf"), &context, Commands::Run);
    let depends = loaded.map(|loaded| loaded.conf.build_depends).unwrap_or_default();
    let digest = store.take_source(aside)?;
    // Where it was there already.
    drop(crate::sys::fs::remove_tree(aside));
    Ok(Source { module: prepared.module, digest, depends, date: prepared.date })
}
