//! What cells hold becomes packages, and these a repository. It is done anew each time, of what the store has by then: a package
//! that is the same already stays untouched.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::binaries::{followers, one_build_a_stream};
use super::{Goal, PackageCall, request, wishes};
use crate::archive::output::{Existing, Place};
use crate::cli::mkrepo::{folder_name, refused};
use crate::engine::app::App;
use crate::engine::matrix::store::Store;
use crate::engine::matrix::{Cell, Matrix, document, page};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::ModuleId;
use crate::package::built::{Built, make};
use crate::package::io::openpgp::SigningKey;
use crate::package::make::{Made, PackageRequest};
use crate::package::repository::{self, Published, Reader, Settings};
use crate::package::words::names;
use crate::package::{Format, words::profile::Profile};
use crate::report::Reporter;
use crate::sys::fs::{copy_atomically, create_folders, same_content, write_atomically};

const PAGE: &str = "index.html";
const DOCUMENT: &str = "matrix.json";

/// How packages are made.
pub(super) struct Sense<'a> {
    pub(super) call: &'a PackageCall,
    /// The distributions; none: packages for none in particular.
    pub(super) goals: &'a [Goal],
    pub(super) key: Option<&'a SigningKey>,
    /// SOURCE_DATE_EPOCH
    pub(super) date: Option<u64>,
    pub(super) output: &'a Path,
    /// Whose packages these are, for apt.
    pub(super) origin: Option<&'a str>,
}

/// What lies in the output now.
#[derive(Debug, Default)]
pub(super) struct Collected {
    /// Every package of this matrix.
    pub(super) packages: Vec<PathBuf>,
    repositories: Vec<Published>,
    /// By [`crate::engine::matrix::cell::Wanted::file_stem`].
    logs: BTreeMap<String, PathBuf>,
}

impl Collected {
    pub(super) fn log(&self, cell: &Cell) -> Option<PathBuf> {
        self.logs.get(&cell.wanted.file_stem()).cloned()
    }

    pub(super) fn tell(&self, app: &App, output: &Path) {
        for Published { folder, reader, packages, .. } in &self.repositories {
            let who = match reader {
                Reader::Apt => "apt",
                Reader::Dnf => "dnf and zypper",
            };
            app.reporter.answer(format!("{} (for {who}, {packages} packages)", folder.display()));
        }
        app.reporter.answer(format!("{}", output.join(PAGE).display()));
    }
}

/// Sees before anything is built that the output can be written, and that no page or document of somebody else lies there.
pub(super) fn look_at(output: &Path) -> Result<()> {
    create_folders(output).map_err(|error| Error::io("the output cannot be written", error))?;
    for (name, mark) in [(PAGE, page::MARK), (DOCUMENT, document::MATRIX)] {
        let place = output.join(name);
        let is_ours = match fs_err::read(&place) {
            Err(error) => error.kind() == std::io::ErrorKind::NotFound,
            Ok(text) => String::from_utf8_lossy(&text).contains(mark),
        };
        if !is_ours {
            return Err(Error::new(
                Kind::OutputExists,
                format!("{} exists already, and no mkmatrix wrote it", place.display()),
            )
            .hint("--output names another folder"));
        }
    }
    Ok(())
}

/// Makes packages of every cell that has modules, the repository of them, and what tells of all cells.
pub(super) fn collect(app: &App, sense: &Sense<'_>, matrix: &Matrix, store: &Store) -> Result<Collected> {
    let output = sense.output;
    let failed = |error| Error::io("the output cannot be written", error);
    create_folders(output).map_err(failed)?;
    let mut collected = Collected { logs: logs(output, matrix, store)?, ..Collected::default() };
    let staged = store.aside()?;
    for goal in targets(sense, matrix) {
        let folder = match &goal.profile {
            Some(profile) => output.join(&profile.name),
            None => output.to_path_buf(),
        };
        create_folders(&folder).map_err(failed)?;
        for module in &matrix.modules {
            for made in packages(app, sense, (&goal, module), matrix, (store, staged.path()))? {
                collected.packages.push(settle(app, &made, &folder)?);
            }
        }
    }
    if !collected.packages.is_empty() {
        collected.repositories = publish(sense)?;
    }
    write_papers(output, matrix, &collected)?;
    Ok(collected)
}

/// Those that were named, or one for each format of the kernels' packages.
fn targets(sense: &Sense<'_>, matrix: &Matrix) -> Vec<Goal> {
    if !sense.goals.is_empty() {
        return sense.goals.to_vec();
    }
    let plain = |format| Goal { format, profile: None, portable: false };
    let has = |format: &Format| matrix.kernels.iter().any(|column| column.format == *format);
    [Format::Deb, Format::Rpm].into_iter().filter(has).map(plain).collect()
}

/// The packages of a module, one for each kernel, and for each flavour the one that follows.
fn packages(
    app: &App,
    sense: &Sense<'_>,
    (goal, module): (&Goal, &ModuleId),
    matrix: &Matrix,
    (store, staged): (&Store, &Path),
) -> Result<Vec<Made>> {
    let wishes = wishes::wishes(&sense.call.args, &app.system)?;
    let input = super::input::Input { path: PathBuf::new(), id: None, registered: None };
    let wanted = request(sense.call, goal, &wishes, sense.key, &input);
    let wanted = PackageRequest { place: Place::Folder(staged.to_path_buf()), existing: Existing::Replace, ..wanted };
    let is_meant = |cell: &&Cell| cell.wanted.module == *module && cell.format == goal.format && cell.has_modules();
    let cells: Vec<&Cell> = matrix.cells.iter().filter(is_meant).collect();
    let read = |cell: &&Cell| {
        let key = cell.key();
        Built::read(module, &cell.wanted.target, &store.modules(&key), &store.symvers(&key))
    };
    let built = cells.iter().map(read).collect::<Result<Vec<Built>>>()?;
    let profile: Option<&Profile> = goal.profile.as_ref();
    let is_stream = built.iter().any(|built| built.is_stream(profile));
    one_build_a_stream(&wanted, &built, false)?;
    let mut made = Vec::new();
    for (cell, built) in cells.iter().zip(&built) {
        // That of the build: a copy of the same source has other times.
        let date = cell.done().map_or(cell.wanted.date, |done| done.date);
        let date = sense.date.unwrap_or(date);
        made.push(make(built, &wanted, Some(date), &app.reporter)?);
    }
    if !is_stream {
        let has_flavour = |package: &&Made| {
            let kernel = package.info.target.as_ref().map_or("", |target| target.kernel.as_str());
            goal.format == Format::Rpm || names::flavoured(goal.format, kernel).1.is_some()
        };
        if made.iter().all(|package| has_flavour(&package)) {
            let followers = followers(&made, &wanted, &app.reporter)?;
            made.extend(followers);
        }
    }
    Ok(made)
}

/// Puts a package where hosts take it from, unless it is there already.
fn settle(app: &App, made: &Made, folder: &Path) -> Result<PathBuf> {
    let failed = |error| Error::io("a package cannot be put into the output", error);
    let place = folder.join(made.file.file_name().unwrap_or_default());
    if place.is_file() {
        if same_content(&made.file, &place).map_err(failed)? {
            return Ok(place);
        }
        app.reporter.warn(format!(
            "{} was there with other content; hosts that have it see no new version: --release gives it one",
            place.display()
        ));
    }
    copy_atomically(&made.file, &place, 0o644).map_err(failed)?;
    Ok(place)
}

/// Copies the logs of cells beside the packages, as texts that a browser shows.
fn logs(output: &Path, matrix: &Matrix, store: &Store) -> Result<BTreeMap<String, PathBuf>> {
    let failed = |error| Error::io("the logs cannot be written", error);
    let folder = output.join("logs");
    create_folders(&folder).map_err(failed)?;
    let mut logs = BTreeMap::new();
    for cell in matrix.cells.iter().filter(|cell| cell.done().is_some()) {
        let Some(log) = store.log(&cell.key()) else { continue };
        let place = folder.join(format!("{}.txt", cell.wanted.file_stem()));
        copy_atomically(&log, &place, 0o644).map_err(failed)?;
        logs.insert(cell.wanted.file_stem(), place);
    }
    Ok(logs)
}

fn publish(sense: &Sense<'_>) -> Result<Vec<Published>> {
    let output = sense.output;
    let origin = sense.origin.map(str::to_owned).unwrap_or_else(|| folder_name(output));
    let date = sense.date.unwrap_or_else(crate::sys::now);
    let settings = Settings { origin: &origin, date, key: sense.key, setup: None };
    repository::publish(output, &settings, &|_, _| {}).map_err(refused)
}

/// The page and the document beside the packages.
fn write_papers(output: &Path, matrix: &Matrix, collected: &Collected) -> Result<()> {
    let failed = |error| Error::io("the page of the matrix cannot be written", error);
    let relative = |cell: &Cell| {
        let log = collected.log(cell)?;
        Some(log.strip_prefix(output).unwrap_or(&log).display().to_string())
    };
    write_atomically(&output.join(PAGE), 0o644, page::text(matrix, &relative).as_bytes()).map_err(failed)?;
    let below = |file: &PathBuf| file.strip_prefix(output).unwrap_or(file).to_path_buf();
    let packages: Vec<PathBuf> = collected.packages.iter().map(below).collect();
    let text = document::of(matrix, &packages, &relative)?;
    write_atomically(&output.join(DOCUMENT), 0o644, text.as_bytes()).map_err(failed)
}
