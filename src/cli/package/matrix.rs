//! `mkmatrix SOURCE... --kernels SELECTOR...`: modules × kernels as a repository.

use std::path::{Path, PathBuf};

use clap::Args;

use super::args::PackageArgs;
use super::collect::{self, Collected};
use super::{PackageCall, Product, goals};
use crate::cli::common::{PlaceArgs, TellArgs};
use crate::cli::legacy::Typed;
use crate::cli::source_date::source_date;
use crate::engine::app::App;
use crate::engine::matrix::cell::{Done, Key};
use crate::engine::matrix::jobs::{Engine, JobFile, Setting};
use crate::engine::matrix::selector::Selector;
use crate::engine::matrix::store::Store;
use crate::engine::matrix::{self, Asked, Cell, Matrix, State, document, inside as inner, table};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::report::Reporter;
use crate::report::human::{Human, Loudness, Notes};
use crate::sys::fs::{create_folders, write_atomically};

/// Engines that spread jobs over hosts
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum EngineArg {
    /// an array script for sbatch(1)
    Slurm,
    /// a script for GNU parallel; --sshlogin spreads it over hosts
    Parallel,
    /// a makefile
    Make,
    /// a workflow of GitHub Actions
    Github,
    /// a pipeline of GitLab
    Gitlab,
}

impl EngineArg {
    fn engine(self) -> Engine {
        match self {
            EngineArg::Slurm => Engine::Slurm,
            EngineArg::Parallel => Engine::Parallel,
            EngineArg::Make => Engine::Make,
            EngineArg::Github => Engine::Github,
            EngineArg::Gitlab => Engine::Gitlab,
        }
    }
}

/// What a job has no use for.
const NOT_FOR_CELLS: [&str; 12] = [
    "beside_source",
    "sources",
    "kernels",
    "json",
    "from",
    "output",
    "profiles",
    "retry",
    "origin",
    "maintainer",
    "release",
    "sign_key",
];

/// Build modules for many kernels, once, and make a repository of what was built
#[derive(Debug, Clone, Default, Args)]
#[command(disable_version_flag = true)]
pub(crate) struct MatrixArgs {
    /// What is built
    #[arg(value_name = "SOURCE", required_unless_present = "cells")]
    pub(crate) sources: Vec<String>,
    /// Flavours, releases or patterns of them, each with `:N` for the newest N, or `:kabi`
    ///
    /// `:N` counts in each flavour.
    /// `cloud-amd64:2` means the two newest cloud kernels, `6.1.0-*` every kernel whose release begins so, `*:1` the newest of each
    /// flavour. `:kabi` means the oldest kernel of a release of Enterprise Linux: its packages name the versions of the kernel's
    /// symbols that they need, and serve all later kernels that have these.
    #[arg(long, short = 'k', value_name = "SELECTOR", value_delimiter = ',', required_unless_present = "cells")]
    pub(crate) kernels: Vec<String>,
    /// A folder of packages, a .list, .sources or .repo file, or `deb URL SUITE main` [default: those of this host]
    ///
    /// Where kernel headers are; repeatable. Of this host means: what its apt or dnf knows.
    #[arg(long, value_name = "REPOSITORY")]
    pub(crate) from: Vec<String>,
    /// Write the repository, index.html and matrix.json there [default: matrix]
    #[arg(long, short = 'o', value_name = "DIR", default_value = "matrix")]
    pub(crate) output: PathBuf,
    /// Finished cells; hosts may share it [default: OUTPUT/.store]
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
    /// For these distributions, each in a folder of its own
    #[arg(long = "for", value_delimiter = ',', value_name = "PROFILE")]
    pub(crate) profiles: Vec<String>,
    /// How many builds, and jobs of make, at once
    ///
    /// By default as processors and memory allow.
    #[arg(long, short = 'j', value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,
    /// Build cells again that do not build
    #[arg(long)]
    pub(crate) retry: bool,
    /// Build nothing: tell which cells there are
    #[arg(long, conflicts_with_all = ["jobs_for", "cells"])]
    pub(crate) dry_run: bool,
    /// Build nothing: write what is to be built as jobs, into STORE/jobs
    #[arg(long, value_enum, value_name = "ENGINE", conflicts_with_all = ["cells", "json"])]
    pub(crate) jobs_for: Option<EngineArg>,
    /// Build this cell of the store, as such a job does
    ///
    /// Repeatable.
    /// It ends with 0 when the store has a result afterwards, whether the module builds or not.
    #[arg(long = "cell", value_name = "KEY", requires = "store", conflicts_with_all = NOT_FOR_CELLS)]
    pub(crate) cells: Vec<String>,
    /// Let packages stand beside those of the sources
    ///
    /// On hosts with dkms-rs and prebuilt=repo; see framework.conf(5). Else the two conflict.
    #[arg(long)]
    pub(crate) beside_source: bool,
    /// Whose packages these are, for apt [default: OUTPUT's name]
    #[arg(long, value_name = "TEXT")]
    pub(crate) origin: Option<String>,
    /// `Name <address>` of who maintains the packages
    #[arg(long, value_name = "PERSON")]
    pub(crate) maintainer: Option<String>,
    /// The release or revision of the packages [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) release: Option<String>,
    /// Sign the repository, and RPMs, with this OpenPGP secret key
    #[arg(long, value_name = "FILE")]
    pub(crate) sign_key: Option<PathBuf>,
    /// The first line of this file is the key's passphrase
    #[arg(long, value_name = "FILE", requires = "sign_key")]
    pub(crate) sign_passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    #[command(flatten)]
    pub(crate) tell: TellArgs,
}

/// Does it, and gives the exit code.
pub(super) fn run(args: &MatrixArgs) -> u8 {
    let reporter = args.tell.reporter();
    let PlaceArgs { root, dkmstree, sourcetree, installtree } = args.place.clone();
    let TellArgs { json, quiet, verbose, .. } = args.tell;
    let typed = Typed { root, dkmstree, sourcetree, installtree, quiet, json, verbose, ..Typed::default() };
    let app = match crate::cli::open(&typed, reporter) {
        Ok(app) => app,
        Err(error) => return crate::cli::refuse(&args.tell.reporter(), args.tell.json, &error),
    };
    match work(&app, args) {
        // The document is told already; the exit code says the rest.
        Err(error) if matches!(error.kind(), Kind::MatrixOpen | Kind::MatrixFailed) => {
            crate::cli::fail(&app.reporter, &error)
        }
        Err(error) => crate::cli::refuse(&app.reporter, args.tell.json, &error),
        Ok(()) => 0,
    }
}

fn work(app: &App, args: &MatrixArgs) -> Result<()> {
    if !args.cells.is_empty() {
        return cells(app, args);
    }
    let builds = !args.dry_run && args.jobs_for.is_none();
    if builds && !app.system.is_superuser() {
        return Err(Error::new(
            Kind::NotRoot,
            "mkmatrix needs root, since it lays headers over this system for its own eyes",
        )
        .hint("run the command as root, or with --jobs-for on hosts where you are"));
    }
    let packages = package_args(args);
    // All that can be refused is refused before the work begins.
    let call = PackageCall { product: Product::Pkg, args: packages };
    let goals = if args.profiles.is_empty() { Vec::new() } else { goals(&call)? };
    let key = args
        .sign_key
        .as_deref()
        .map(|file| crate::cli::signing_key::read(file, args.sign_passphrase_file.as_deref()))
        .transpose()?;
    let date = source_date(&app.system)?;
    let kernels = args.kernels.iter().map(|text| Selector::parse(text)).collect::<std::result::Result<_, _>>();
    let kernels = kernels.map_err(|error| {
        Error::new(Kind::BadOption, error.to_string()).hint("such as cloud-amd64, cloud-amd64:2 or '6.1.0-*'")
    })?;
    let asked = Asked { sources: args.sources.clone(), kernels, from: args.from.clone(), date };
    if builds {
        collect::look_at(&args.output)?;
    }
    let store = open_store(app, args)?;
    let mut matrix = matrix::resolve(app, &asked, &store)?;
    let is_wanted = |done: &Done| args.retry || done.may_succeed_now(&app.system);
    matrix.retry(&is_wanted, (!args.dry_run).then_some(&store))?;
    if let Some(engine) = args.jobs_for {
        return jobs(app, args, engine.engine(), &matrix, &store);
    }
    if args.dry_run {
        return tell(app, args, &matrix, &Collected::default(), &store);
    }
    let built = matrix::build(app, &store, &mut matrix, args.jobs.map(usize::from));
    let (output, origin) = (args.output.as_path(), args.origin.as_deref());
    let sense = collect::Sense { call: &call, goals: &goals, key: key.as_ref(), date, output, origin };
    let collected = collect::collect(app, &sense, &matrix, &store)?;
    built?;
    tell(app, args, &matrix, &collected, &store)?;
    matrix.error().map_or(Ok(()), Err)
}

/// The options of packages that a matrix has, in the form in which mkdeb and mkrpm have them.
fn package_args(args: &MatrixArgs) -> PackageArgs {
    PackageArgs {
        binaries: true,
        follow: true,
        beside_source: args.beside_source,
        profiles: args.profiles.clone(),
        maintainer: args.maintainer.clone(),
        release: args.release.clone(),
        ..PackageArgs::default()
    }
}

fn store_folder(args: &MatrixArgs) -> PathBuf {
    args.store.clone().unwrap_or_else(|| args.output.join(".store"))
}

fn open_store(app: &App, args: &MatrixArgs) -> Result<Store> {
    let store = Store::open(&store_folder(args))?;
    if let Some(folder) = store.open_to_all() {
        app.reporter.warn(format!(
            "everybody on this machine can write {}, and so put modules where hosts install them from; `chmod o-w {}`",
            folder.display(),
            folder.display()
        ));
    }
    Ok(store)
}

fn cells(app: &App, args: &MatrixArgs) -> Result<()> {
    if !app.system.is_superuser() {
        return Err(Error::new(Kind::NotRoot, "mkmatrix --cell needs root").hint("run the job as root"));
    }
    let folder = store_folder(args);
    if !folder.is_dir() {
        return Err(Error::new(Kind::SourceMissing, format!("there is no store {}", folder.display()))
            .hint("every host of a matrix sees its store under the same name"));
    }
    let store = open_store(app, args)?;
    for text in &args.cells {
        let key = Key::try_from(text.clone()).map_err(|error| Error::new(Kind::BadOption, error))?;
        let done = matrix::build_cell(app, &store, &key, args.jobs.map(usize::from))?;
        app.reporter.answer(format!("{} for {}: {}", done.module, done.target.kernel, done.standing.name()));
    }
    Ok(())
}

/// Writes the open cells as jobs.
fn jobs(app: &App, args: &MatrixArgs, engine: Engine, matrix: &Matrix, store: &Store) -> Result<()> {
    for cell in matrix.cells.iter().filter(|cell| matches!(cell.state, State::Unknown(_))) {
        let why = table::reason(cell).map_or("", |(why, _)| why);
        app.reporter.warn(format!("{} for {} is no job: {why}", cell.wanted.module, cell.wanted.target.kernel));
    }
    let open = matrix.open();
    if open.is_empty() {
        app.reporter.answer("no cell is to be built; without --jobs-for this command makes the packages");
        return Ok(());
    }
    if let Some(most) = engine.most().filter(|most| open.len() > *most) {
        let text = format!("{} cells are to be built, and a matrix of that engine has {most} jobs at most", open.len());
        return Err(
            Error::new(Kind::BadOption, text).hint("choose fewer kernels at a time: the store keeps what is done")
        );
    }
    let collect = collecting(args, store);
    let (files, start) = engine.files(
        &open,
        &Setting { program: "dkms", store: store.folder(), options: &job_options(args), collect: &collect },
    );
    let folder = store.folder().join("jobs");
    let failed = |error| Error::io("the jobs cannot be written", error);
    create_folders(&folder).map_err(failed)?;
    for JobFile { name, text, is_script } in files {
        write_atomically(&folder.join(name), if is_script { 0o755 } else { 0o644 }, text.as_bytes()).map_err(failed)?;
    }
    let start = start.replace("DIR", &folder.to_string_lossy());
    app.reporter.answer(start);
    app.reporter
        .note(format!("{} jobs; afterwards the same command without --jobs-for collects what they built", open.len()));
    Ok(())
}

/// This command without what makes it write jobs.
fn collecting(args: &MatrixArgs, store: &Store) -> Vec<String> {
    let pairs =
        |name: &str, values: &[String]| values.iter().flat_map(|value| [name.to_owned(), value.clone()]).collect();
    let from: Vec<String> = pairs("--from", &args.from);
    let kernels: Vec<String> = pairs("--kernels", &args.kernels);
    let profiles: Vec<String> = pairs("--for", &args.profiles);
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let single = [
        ("--origin", args.origin.clone()),
        ("--maintainer", args.maintainer.clone()),
        ("--release", args.release.clone()),
        ("--sign-key", args.sign_key.as_deref().map(text)),
        ("--sign-passphrase-file", args.sign_passphrase_file.as_deref().map(text)),
        ("--output", Some(text(&args.output))),
        ("--store", Some(text(store.folder()))),
    ];
    let words = ["dkms", "mkmatrix"].map(str::to_owned).into_iter().chain(args.sources.clone());
    let beside = args.beside_source.then(|| "--beside-source".to_owned());
    words
        .chain(kernels)
        .chain(from)
        .chain(profiles)
        .chain(beside)
        .chain(given(single))
        .chain(job_options(args))
        .collect()
}

/// What a job is to do as this command would.
fn job_options(args: &MatrixArgs) -> Vec<String> {
    let text = |path: &Option<PathBuf>| path.as_ref().map(|path| path.to_string_lossy().into_owned());
    let PlaceArgs { root, dkmstree, sourcetree, installtree } = &args.place;
    given([
        ("--jobs", args.jobs.map(|jobs| jobs.to_string())),
        ("--root", text(root)),
        ("--dkmstree", text(dkmstree)),
        ("--sourcetree", text(sourcetree)),
        ("--installtree", text(installtree)),
    ])
}

fn given<const N: usize>(options: [(&str, Option<String>); N]) -> Vec<String> {
    let given = options.into_iter().filter_map(|(name, value)| Some([name.to_owned(), value?]));
    given.flatten().collect()
}

fn tell(app: &App, args: &MatrixArgs, matrix: &Matrix, collected: &Collected, store: &Store) -> Result<()> {
    let log = |cell: &Cell| collected.log(cell).or_else(|| store.log(&cell.key())).map(|log| log.display().to_string());
    if args.tell.json {
        app.reporter.document(document::of(matrix, &collected.packages, &log)?);
        return Ok(());
    }
    table::lines(matrix, &log).into_iter().for_each(|line| app.reporter.answer(line));
    if args.dry_run {
        return Ok(());
    }
    collected.tell(app, &args.output);
    Ok(())
}

/// What the process does that the first one starts.
pub(crate) fn inside(words: &[String]) -> u8 {
    crate::cli::in_folder(words, work_inside)
}

fn work_inside(folder: &Path) -> Result<()> {
    let job = inner::job(folder)?;
    // Standard output is for the table.
    let typed = Typed { json: true, ..Typed::on(&job.ground) };
    let app = crate::cli::open(&typed, Human::new(Loudness::Normal, Notes::Stderr))?;
    inner::run(app, &job, folder)
}
