//! Modules × kernels: built once, for many hosts that have no compiler.
//!
//! What is wanted is worked out first: kernels from what [`repositories`] offer ([`offer`], [`selector`]), sources ([`source`]),
//! and for each of both a [`cell`] with the key of all that decides its bytes. What the [`store`] has under that key is not built
//! again. The rest is built, kernel by kernel ([`batch`], [`inside`]), with the signatures that the key names ([`signing`]), or
//! written down as [`jobs`] of an engine that spreads them over hosts: this is no scheduler. Either way the store is all that is
//! shared, and whoever looks next finds what there is.
//! [`table`], [`page`] and [`document`] tell it.

pub(crate) mod batch;
pub(crate) mod cell;
mod client;
pub(crate) mod document;
mod facts;
pub(crate) mod inside;
pub(crate) mod jobs;
mod offer;
pub(crate) mod page;
mod repositories;
mod rpm_signature;
pub(crate) mod selector;
mod signing;
mod source;
pub(crate) mod store;
pub(crate) mod table;

use std::collections::{BTreeMap, BTreeSet};

use crate::archive::error::ArchiveError;
use crate::engine::app::App;
use crate::engine::preflight::verdict::Standing;
use crate::engine::verdict::count_of;
use crate::error::{Error, Result, with_causes};
use crate::exit::Kind;
use crate::ids::{KernelRelease, ModuleId, Target};
use crate::kernel::arch;
use crate::package::Format;
use crate::report::Reporter;
use crate::snapshot::inputs;
use crate::sys::interrupt;
use cell::{Compiler, Done, Key, Parts, Wanted};
use facts::Facts;
use offer::{Offer, Package};
use repositories::Repositories;
use selector::Selector;
use source::Source;
use store::Store;

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) sources: Vec<String>,
    pub(crate) kernels: Vec<Selector>,
    /// Repositories; none: those of this host.
    pub(crate) from: Vec<String>,
    /// SOURCE_DATE_EPOCH
    pub(crate) date: Option<u64>,
}

/// Modules × kernels, and what is known of each.
#[derive(Debug, Default)]
pub(crate) struct Matrix {
    pub(crate) modules: Vec<ModuleId>,
    pub(crate) kernels: Vec<Column>,
    pub(crate) cells: Vec<Cell>,
}

/// A kernel.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) target: Target,
    pub(crate) format: Format,
}

#[derive(Debug, Clone)]
pub(crate) struct Cell {
    pub(crate) wanted: Wanted,
    pub(crate) format: Format,
    pub(crate) state: State,
}

/// How far a cell is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// Nobody has built it yet.
    Open,
    /// It was in the store.
    Kept(Box<Done>),
    /// It was built now.
    Fresh(Box<Done>),
    /// It cannot be told, for this reason.
    Unknown(String),
}

impl Cell {
    pub(crate) fn key(&self) -> Key {
        self.wanted.key()
    }

    pub(crate) fn done(&self) -> Option<&Done> {
        match &self.state {
            State::Kept(done) | State::Fresh(done) => Some(done),
            State::Open | State::Unknown(_) => None,
        }
    }

    /// Whether there are modules of it.
    pub(crate) fn has_modules(&self) -> bool {
        self.done().is_some_and(|done| done.standing == Standing::Builds)
    }

    /// Whether it was tried, and does not build.
    pub(crate) fn fails(&self) -> bool {
        self.done().is_some_and(|done| matches!(done.standing, Standing::Fails { .. }))
    }
}

impl Matrix {
    pub(crate) fn open(&self) -> Vec<&Cell> {
        self.cells.iter().filter(|cell| cell.state == State::Open).collect()
    }

    /// Opens cells again that do not build, as far as they are wanted, and forgets them in this store.
    pub(crate) fn retry(&mut self, is_wanted: &dyn Fn(&Done) -> bool, store: Option<&Store>) -> Result<()> {
        let is_open = |cell: &Cell| cell.fails() && cell.done().is_some_and(is_wanted);
        for cell in self.cells.iter_mut().filter(|cell| is_open(cell)) {
            store.map_or(Ok(()), |store| store.forget(&cell.key()))?;
            cell.state = State::Open;
        }
        Ok(())
    }

    /// What a command ends with, if not with 0.
    pub(crate) fn error(&self) -> Option<Error> {
        let count = |is: &dyn Fn(&Cell) -> bool| self.cells.iter().filter(|cell| is(cell)).count();
        let fails = count(&Cell::fails);
        let unknown = count(&|cell| matches!(cell.state, State::Open | State::Unknown(_)));
        let all = self.cells.len();
        match (fails, unknown) {
            (0, 0) => None,
            (0, unknown) => Some(Error::new(
                Kind::MatrixOpen,
                format!("{unknown} of {all} cells are not built, as told above; the packages of the others are there"),
            )),
            (fails, _) => Some(Error::new(
                Kind::MatrixFailed,
                format!("{fails} of {all} cells do not build, as told above; the packages of the others are there"),
            )),
        }
    }
}

/// Works out which cells there are, and fills the store with what their builds need.
///
/// # Errors
///
/// A repository or a source cannot be read, no kernel is meant, or the store cannot be written.
pub(crate) fn resolve(app: &App, asked: &Asked, store: &Store) -> Result<Matrix> {
    let aside = store.aside()?;
    let repositories = Repositories::open(app, &asked.from, aside.path())?;
    let offers = chosen(&offer::offers(&repositories.headers()?), &asked.kernels)?;
    let mut held = fetch(app, &repositories, &offers, store)?;
    let sources = source::take(app, &repositories, &asked.sources, asked.date, store)?;
    let mut matrix =
        Matrix { modules: sources.iter().map(|source| source.module.clone()).collect(), ..Matrix::default() };
    for offer in &offers {
        let mut column = column(app, &repositories, offer, (store, &mut held))?;
        if matrix.kernels.iter().any(|known| known.target == column.target) {
            // Built together, one of them would be built with the other's headers.
            let why = format!(
                "{} has the headers of {}, as another package has",
                offer.packages[0].name, column.target.kernel
            );
            column.target.kernel = offer.kernel.clone();
            column.problem = Some(why);
        }
        for source in &sources {
            let wanted = wanted(app, source, &sources, &column);
            let state = match &column.problem {
                Some(why) => State::Unknown(why.clone()),
                None => store.done(&wanted.key()).map_or(State::Open, |done| State::Kept(Box::new(done))),
            };
            matrix.cells.push(Cell { wanted, format: offer.format, state });
        }
        matrix.kernels.push(Column { target: column.target, format: offer.format });
    }
    let could_be = matrix.cells.iter().filter(|cell| !matches!(cell.state, State::Unknown(_)));
    could_be.into_iter().try_for_each(|cell| store.want(&cell.wanted))?;
    Ok(matrix)
}

/// The kernels that some selector means, oldest first.
fn chosen(offers: &[Offer], selectors: &[Selector]) -> Result<Vec<Offer>> {
    let mut chosen: Vec<Offer> = Vec::new();
    for selector in selectors {
        let found = selector.choose(offers);
        if found.is_empty() {
            let (text, hint) = selector.misses(offers);
            return Err(Error::new(Kind::HeadersMissing, text).hint(hint));
        }
        chosen.extend(found.into_iter().cloned());
    }
    chosen.sort_by(|one, other| crate::version::compare(one.kernel.as_str(), other.kernel.as_str()));
    chosen.dedup_by(|one, other| one.kernel == other.kernel);
    Ok(chosen)
}

/// A kernel whose headers lie in the store.
struct Ready {
    target: Target,
    headers: Vec<String>,
    compiler: Compiler,
    tools: String,
    /// Why nothing can be built for it.
    problem: Option<String>,
}

fn column(
    app: &App,
    repositories: &Repositories<'_>,
    offer: &Offer,
    (store, held): (&Store, &mut BTreeSet<String>),
) -> Result<Ready> {
    let machine = app.system.machine().cloned().ok_or_else(|| {
        Error::new(Kind::ArchUnknown, "the architecture of this machine is unknown, so nothing can be built on it")
    })?;
    let mut ready = Ready {
        target: Target::new(offer.kernel.clone(), machine),
        headers: Vec::new(),
        compiler: Compiler::default(),
        tools: String::new(),
        problem: None,
    };
    if let Some(other) = of_another_machine(&offer.packages[0].arch, ready.target.arch.as_str()) {
        ready.problem =
            Some(format!("its headers are for {other}, and a cell is built on a machine of its kernel's own kind"));
        return Ok(ready);
    }
    if !offer.missing.is_empty() {
        ready.problem = Some(format!("no repository has {}, which its headers need", offer.missing.join(", ")));
        return Ok(ready);
    }
    for package in &offer.packages {
        match digest_of(app, repositories, package, (store, held)) {
            Ok(digest) => ready.headers.push(digest),
            Err(error) if error.kind() == Kind::SourceMissing => {
                ready.problem = Some(error.in_one_line());
                return Ok(ready);
            }
            Err(error) => return Err(error),
        }
    }
    match facts(store, &ready.headers[0]) {
        Err(error) => ready.problem = Some(format!("{}: {}", offer.packages[0].name, with_causes(&error))),
        Ok(facts) => {
            if let Some(release) = facts.release.and_then(|release| KernelRelease::new(release).ok()) {
                ready.target.kernel = release;
            }
            ready.tools = facts::tools(&app.system, &facts.compiler);
            ready.compiler = facts.compiler;
        }
    }
    Ok(ready)
}

/// The machine that a package of headers is for, where that is not this one.
fn of_another_machine(package: &str, here: &str) -> Option<&'static str> {
    let both_arm = |machine: &str| machine.starts_with("armv") && here.starts_with("armv");
    arch::of_packages(package).filter(|machine| *machine != here && !both_arm(machine))
}

/// Takes the packages of headers into the store that are not there yet, as far as they come together; gives the digests of
/// those that it has then, each looked at once.
fn fetch(app: &App, repositories: &Repositories<'_>, offers: &[Offer], store: &Store) -> Result<BTreeSet<String>> {
    let (mut held, mut missing) = (BTreeSet::new(), Vec::<&Package>::new());
    for package in offers.iter().flat_map(|offer| &offer.packages) {
        match &package.digest {
            Some(digest) if held.contains(digest) => {}
            Some(digest) if store.has_package(digest) => drop(held.insert(digest.clone())),
            _ if missing.contains(&package) => {}
            _ => missing.push(package),
        }
    }
    if !missing.is_empty() {
        app.reporter.detail(format!("fetching {} packages with headers", missing.len()));
    }
    for file in repositories.fetch_together(&missing)? {
        // apt leaves what it refused beside the rest.
        let digest =
            store::digest_of(&file).map_err(|error| Error::io("a package that was fetched cannot be read", error))?;
        if missing.iter().any(|package| package.digest.as_ref() == Some(&digest)) {
            store.keep_package(&file, &digest)?;
            held.insert(digest);
        }
    }
    Ok(held)
}

/// Sees that a package lies in the store; gives its digest.
fn digest_of(
    app: &App,
    repositories: &Repositories<'_>,
    package: &Package,
    (store, held): (&Store, &mut BTreeSet<String>),
) -> Result<String> {
    if let Some(digest) = package.digest.as_ref().filter(|digest| held.contains(*digest)) {
        return Ok(digest.clone());
    }
    app.reporter.detail(format!("fetching {} {}", package.name, package.version));
    let found = store.take_package(&repositories.fetch(package)?)?;
    match &package.digest {
        Some(digest) if *digest != found => {
            let text = format!("{} {} is not what its repository says it is", package.name, package.version);
            Err(Error::new(Kind::SourceMissing, text))
        }
        _ => {
            held.insert(found.clone());
            Ok(found)
        }
    }
}

fn facts(store: &Store, digest: &str) -> std::result::Result<Facts, ArchiveError> {
    if let Some(facts) = store.noted_headers(digest) {
        return Ok(facts);
    }
    let facts = Facts::read(&store.package(digest))?;
    // It is read again the next time.
    drop(store.note_headers(digest, &facts));
    Ok(facts)
}

fn wanted(app: &App, source: &Source, all: &[Source], ready: &Ready) -> Wanted {
    let mut wanted = Wanted {
        module: source.module.clone(),
        target: ready.target.clone(),
        sources: with_dependencies(source, all),
        headers: ready.headers.clone(),
        compiler: ready.compiler.clone(),
        date: source.date,
        parts: Parts::default(),
    };
    wanted.parts = parts(app, &wanted, &ready.tools);
    wanted
}

/// The source with those that it builds on, as far as they are in the matrix.
fn with_dependencies(source: &Source, all: &[Source]) -> Vec<(ModuleId, String)> {
    let mut found: Vec<&Source> = vec![source];
    let mut at = 0;
    while let Some(next) = found.get(at) {
        let others = all.iter().filter(|other| next.depends.contains(&other.module.name));
        let new: Vec<&Source> = others.filter(|other| found.iter().all(|known| known.module != other.module)).collect();
        found.extend(new);
        at += 1;
    }
    found.into_iter().map(|source| (source.module.clone(), source.digest.clone())).collect()
}

/// What decides about the bytes of a cell, on this host.
fn parts(app: &App, wanted: &Wanted, tools: &str) -> Parts {
    let mut parts = Parts::default();
    parts.set("module", wanted.module.to_string());
    parts.set("kernel", wanted.target.to_string());
    parts.set("kernel headers", wanted.headers.join(" "));
    parts.set("compiler and linker", tools);
    parts.set("release of dkms-rs", env!("CARGO_PKG_VERSION"));
    for (module, digest) in &wanted.sources {
        parts.set(format!("source of {}", module.name), digest);
    }
    parts.set(signing::PART, signing::part(app, wanted));
    let administrators = inputs::of_module(&app.system, &wanted.module, &wanted.target, &inputs::Memo::default());
    parts.0.extend(administrators.unwrap_or_default());
    parts
}

/// Builds every open cell, kernel by kernel.
///
/// # Errors
///
/// What stops every kernel: a full disk, no root, a signal.
pub(crate) fn build(app: &App, store: &Store, matrix: &mut Matrix, jobs: Option<usize>) -> Result<()> {
    interrupt::watch().map_err(|error| Error::io("cannot wait for signals", error))?;
    let mut batches: BTreeMap<Target, Vec<usize>> = BTreeMap::new();
    for (index, cell) in matrix.cells.iter().enumerate().filter(|(_, cell)| cell.state == State::Open) {
        batches.entry(cell.wanted.target.clone()).or_default().push(index);
    }
    let mut batches: Vec<(Target, Vec<usize>)> = batches.into_iter().collect();
    signing::tell(app, &matrix.open().into_iter().map(|cell| &cell.wanted).collect::<Vec<_>>());
    batches.sort_by(|(one, _), (other, _)| crate::version::compare(one.kernel.as_str(), other.kernel.as_str()));
    for (target, indices) in batches {
        app.reporter.note(format!("building {} for kernel {}", count_of(indices.len()), target.kernel));
        let wanted: Vec<&Wanted> = indices.iter().map(|index| &matrix.cells[*index].wanted).collect();
        let states = match batch::build(app, store, &wanted, jobs) {
            Ok(done) => done.into_iter().map(state).collect(),
            Err(error) if stops_all(&error) => return Err(error),
            Err(error) => vec![State::Unknown(error.in_one_line()); indices.len()],
        };
        for (index, state) in indices.into_iter().zip::<Vec<State>>(states) {
            matrix.cells[index].state = state;
        }
        if let Some(signal) = interrupt::received() {
            let text = format!("{} ended the work; what was finished before is in the store", signal.name());
            return Err(Error::new(Kind::Interrupted, text).hint("the same command goes on where it ended"));
        }
    }
    Ok(())
}

fn state(done: Done) -> State {
    match &done.standing {
        Standing::Unknown { why } => State::Unknown(why.clone()),
        _ => State::Fresh(Box::new(done)),
    }
}

fn stops_all(error: &Error) -> bool {
    matches!(error.kind(), Kind::DiskFull | Kind::NoWritePermission | Kind::NotRoot | Kind::Interrupted)
}

/// Builds one cell that the store wants; a result that is there already is as good.
///
/// # Errors
///
/// This host has another compiler or key than the one that wanted it; no result came.
pub(crate) fn build_cell(app: &App, store: &Store, key: &Key, jobs: Option<usize>) -> Result<Done> {
    let wanted = store.wanted(key)?;
    match store.done(key) {
        Some(done) if done.may_succeed_now(&app.system) => store.forget(key)?,
        Some(done) => return Ok(done),
        None => {}
    }
    let here = parts(app, &wanted, &facts::tools(&app.system, &wanted.compiler));
    let differences = wanted.parts.differences(&here);
    if !differences.is_empty() {
        let text =
            format!("this host would build {} for {} otherwise than it is wanted", wanted.module, wanted.target.kernel);
        let error = Error::new(Kind::MatrixOpen, text).with_hints(differences);
        return Err(
            error.hint("give the hosts of a matrix the same packages of compiler and dkms-rs, and the same keys")
        );
    }
    let done = batch::build(app, store, &[&wanted], jobs)?.into_iter().next();
    done.filter(Done::is_result).ok_or_else(|| {
        Error::new(Kind::MatrixOpen, format!("{} for {} has no result", wanted.module, wanted.target.kernel))
            .hint("what was in the way is told above; the job can be run again")
    })
}
