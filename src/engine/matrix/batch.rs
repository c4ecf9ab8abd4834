//! Cells of one kernel are built together: its headers are unpacked once, and the engine builds as many modules at once as ever.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fs_err as fs;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::cell::{Done, Wanted};
use super::signing;
use super::store::{Products, Store};
use crate::engine::app::App;
use crate::engine::ourselves::{self, Ground};
use crate::engine::preflight::cargo::Cargo;
use crate::engine::preflight::verdict::{Standing, Verdict};
use crate::engine::preflight::{self, Places};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::ModuleId;
use crate::snapshot::absent;
use crate::step::scope::Trial;
use crate::sys::fingerprint;
use crate::sys::scratch;

/// The hidden action that does the work; its one word is the folder with the job.
pub(crate) const INSIDE: &str = "mkmatrix-inside";

/// What the process that does the work is told, in `job.json`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) ground: Ground,
    pub(crate) trial: Trial,
    pub(crate) jobs: Option<usize>,
    /// Whether the modules are signed.
    pub(crate) signs: bool,
}

/// What it answers, in `found.json`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) verdicts: Vec<Verdict>,
}

/// What it leaves of a module.
#[derive(Debug, Clone)]
pub(super) struct Left(PathBuf);

impl Left {
    pub(super) fn of(folder: &Path, module: &ModuleId) -> Self {
        Self(folder.join("results").join(module.source_folder()))
    }

    pub(super) fn modules(&self) -> PathBuf {
        self.0.join("module")
    }

    pub(super) fn symvers(&self) -> PathBuf {
        self.0.join("kernel.symvers")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.0.join("make.log")
    }
}

/// Builds cells of one kernel and puts them into the store. Gives what came of each; what is [`Standing::Unknown`] is in no store.
///
/// # Errors
///
/// Something of the store is missing, the folder for the work cannot be filled, or the process that does it broke off.
pub(crate) fn build(app: &App, store: &Store, cells: &[&Wanted], jobs: Option<usize>) -> Result<Vec<Done>> {
    let Some(first) = cells.first() else { return Ok(Vec::new()) };
    let failed = |error| Error::io("modules cannot be built aside", error);
    let folder = scratch::make(&ourselves::place(app)).map_err(failed)?;
    let places = Places::of(folder.path());
    unpack(app, store, first, &places)?;
    let sources: BTreeSet<&(ModuleId, String)> = cells.iter().flat_map(|cell| &cell.sources).collect();
    for (module, digest) in &sources {
        lay_source(store, digest, &places.cargo().join("usr/src").join(module.source_folder())).map_err(failed)?;
    }
    signing::lay_key(app, first, &folder.path().join("tree")).map_err(failed)?;
    let fresh: BTreeSet<ModuleId> = sources.iter().map(|(module, _)| module.clone()).collect();
    let only = fresh.iter().map(|module| module.name.clone()).collect();
    let trial = Trial { coming: vec![first.target.clone()], fresh, only, ..Trial::default() };
    let job = Job { ground: Ground::of(app), trial, jobs, signs: signing::is_wanted(first) };
    ourselves::leave(&places.job(), &job).map_err(failed)?;
    let lent = Lent::make(app).map_err(failed)?;
    let finished = ourselves::run(&app.system.clone().on_standard_error(), INSIDE, folder.path())?;
    drop(lent);
    let found: Found = ourselves::answer(&places.found(), &finished)?;
    cells.iter().map(|cell| settle(app, store, cell, (&found, folder.path()))).collect()
}

/// Folders of this host over which that process lays its own. One that was not there goes afterwards, as empty as it was made,
/// unless another build of this host uses it by then: what goes below a mount takes the mount with it, in every process.
struct Lent {
    _loans: Vec<Loan>,
}

struct Loan {
    place: PathBuf,
    is_made: bool,
    /// Locked while it is used.
    folder: fs::File,
}

impl Lent {
    fn make(app: &App) -> io::Result<Self> {
        let layout = app.tree.layout();
        let places = [layout.source_tree(), layout.tree(), layout.install_tree()];
        places.into_iter().map(Loan::of).collect::<io::Result<_>>().map(|loans| Self { _loans: loans })
    }
}

/// A lock of somebody who has no business there is waited for no longer than this.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(10);

impl Loan {
    fn of(place: PathBuf) -> io::Result<Self> {
        let mut tries = 0;
        loop {
            tries += 1;
            let is_made = !place.exists();
            fs::create_dir_all(&place)?;
            let folder = match fs::File::open(&place) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                folder => folder?,
            };
            // Whoever made it may be taking it away: that takes no time. Where folders cannot be locked, nobody does.
            let is_locked = flock(&folder, FlockOperation::NonBlockingLockShared) == Err(Errno::WOULDBLOCK);
            if is_locked && tries < TRIES {
                std::thread::sleep(PAUSE);
                continue;
            }
            let number = |meta: io::Result<std::fs::Metadata>| meta.map(|meta| (meta.dev(), meta.ino())).ok();
            if number(fs::metadata(&place)) == number(folder.metadata()) {
                return Ok(Self { place, is_made, folder });
            }
        }
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if self.is_made && flock(&self.folder, FlockOperation::NonBlockingLockExclusive).is_ok() {
            // One that holds something by now stays.
            drop(fs::remove_dir(&self.place));
        }
    }
}

/// What came of a cell. Modules that are not signed as its key says are no result.
fn standing(app: &App, cell: &Wanted, found: &Found, folder: &Path) -> Standing {
    let verdict = found.verdicts.iter().find(|verdict| verdict.module == cell.module && verdict.target == cell.target);
    match verdict.map(|verdict| &verdict.standing) {
        None => Standing::Unknown { why: "nothing was said of it".to_owned() },
        Some(Standing::Builds) => match signing::problem(app, cell, &Left::of(folder, &cell.module).modules()) {
            Some(why) => Standing::Unknown { why },
            None => Standing::Builds,
        },
        Some(standing) => standing.clone(),
    }
}

/// What this host lacks, as far as the diagnosis names it.
fn absent(app: &App, standing: &Standing) -> BTreeSet<String> {
    match standing {
        Standing::Fails { why, .. } => absent::named_in(why, &app.system),
        _ => BTreeSet::new(),
    }
}

fn settle(app: &App, store: &Store, cell: &Wanted, (found, folder): (&Found, &Path)) -> Result<Done> {
    let standing = standing(app, cell, found, folder);
    let result = Left::of(folder, &cell.module);
    let unread = |error| Error::io("what was built cannot be read", error);
    let modules = Some(result.modules()).filter(|modules| standing == Standing::Builds && modules.is_dir());
    let products = Products {
        symvers: fs::read_to_string(result.symvers()).unwrap_or_default(),
        log: Some(result.log()).filter(|log| log.is_file()),
        modules: modules.clone(),
    };
    let done = Done {
        module: cell.module.clone(),
        target: cell.target.clone(),
        absent: absent(app, &standing),
        standing,
        digest: modules.map(|modules| fingerprint::of_folder(&modules).map_err(unread)).transpose()?,
        date: cell.date,
        parts: cell.parts.clone(),
    };
    if done.is_result() {
        store.put(&done, &products)?;
    }
    Ok(done)
}

fn unpack(app: &App, store: &Store, cell: &Wanted, places: &Places) -> Result<()> {
    if let Some(missing) = cell.headers.iter().find(|digest| !store.has_package(digest)) {
        let place = store.package(missing);
        let text =
            format!("a package with the headers of {} is not in the store: {}", cell.target.kernel, place.display());
        return Err(Error::new(Kind::HeadersMissing, text)
            .hint("run `dkms mkmatrix` once more where the repositories are reached"));
    }
    let packages = cell.headers.iter().map(|digest| store.package(digest)).collect();
    let cargo = Cargo::unpack(app, &preflight::Asked { packages, ..preflight::Asked::default() }, places)?;
    if let Some((file, why)) = cargo.unread.first() {
        let text = format!("the headers of {} cannot be unpacked: {}: {why}", cell.target.kernel, file.display());
        return Err(Error::new(Kind::HeadersMissing, text));
    }
    if cargo.kernels.iter().any(|found| found.kernel == cell.target.kernel) {
        return Ok(());
    }
    let found: Vec<&str> = cargo.kernels.iter().map(|found| found.kernel.as_str()).collect();
    let text = match found.as_slice() {
        [] => format!("the packages hold no headers of {}", cell.target.kernel),
        found => format!("the packages hold no headers of {}, but of {}", cell.target.kernel, found.join(", ")),
    };
    Err(Error::new(Kind::HeadersMissing, text))
}

/// What a matrix names is built, whether or not it would be by itself.
fn lay_source(store: &Store, digest: &str, place: &Path) -> io::Result<()> {
    store.lay_source(digest, place)?;
    let conf = place.join("dkms.conf");
    let text = fs::read(&conf)?;
    fs::write(conf, [&text[..], b"\nAUTOINSTALL=\"yes\"\n"].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_was_lent_goes_when_nobody_else_builds_over_it() {
        let top = tempfile::tempdir().unwrap();
        let place = top.path().join("a/tree");
        let one = Loan::of(place.clone()).unwrap();
        let other = Loan::of(place.clone()).unwrap();
        drop(one);
        assert!(place.is_dir(), "the other builds over it");
        drop(other);
        assert!(place.is_dir(), "it was there before this one");
        fs::remove_dir(&place).unwrap();
        drop(Loan::of(place.clone()).unwrap());
        assert!(!place.exists(), "as it was before");
        let used = Loan::of(place.clone()).unwrap();
        fs::write(place.join("file"), "").unwrap();
        drop(used);
        assert!(place.join("file").is_file());
    }

    #[test]
    fn whoever_builds_over_a_folder_has_one_that_is_still_there() {
        let top = tempfile::tempdir().unwrap();
        let place = top.path().join("tree");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let loan = Loan::of(place.clone()).unwrap();
                        let inode = loan.folder.metadata().unwrap().ino();
                        assert_eq!(fs::metadata(&place).unwrap().ino(), inode);
                    }
                });
            }
        });
    }
}
