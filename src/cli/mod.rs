//! The command line: words become a verb of the table in [`verbs`], what it was given, and a request.

mod check;
mod common;
mod complete;
mod completions;
mod conf;
mod earlier;
mod event;
mod fsck;
mod generate;
mod help;
mod known;
mod legacy;
mod man;
mod metrics;
#[cfg(feature = "packages")]
mod mkrepo;
mod mksysext;
mod mok;
mod operand;
#[cfg(feature = "packages")]
mod package;
mod place;
mod preflight;
mod request;
mod room;
mod rpm_operand;
#[cfg(feature = "packages")]
mod signing_key;
#[cfg(feature = "packages")]
mod source_date;
mod status;
mod targets;
mod usage;
mod verb;
mod verbs;
mod why;
mod words;

use std::ffi::OsString;
use std::path::Path;

use crate::conf::Framework;
use crate::engine::document;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::report::Reporter;
use crate::report::human::{Human, Loudness, Notes};

use crate::engine::app::App;
use crate::engine::pipeline::Mode;
use crate::engine::verdict::Verdict;
use legacy::Typed;
use request::{Asks, Line};
use verb::{Run, Verb};
use words::Found;

/// The level of the interface that callers know, then our own version.
const VERSION: &str = concat!("dkms-3.4.0 (dkms-rs ", env!("CARGO_PKG_VERSION"), ")");

/// Runs the program with these arguments (the first is its own name) and gives the exit code.
pub(crate) fn main(arguments: Vec<OsString>) -> u8 {
    // The modules' files must be readable for everybody, whatever the caller's habit.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    let name = arguments.first().map(|name| name.as_encoded_bytes());
    if name.is_some_and(|name| name == crate::sys::room::PROGRAM.as_bytes()) {
        return crate::sys::room::enter::main(&arguments[1..]);
    }
    crate::sys::interrupt::survive_file_size_limit();
    let words: Vec<String> = arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let called_as = words.first().map(|name| name.rsplit('/').next().unwrap_or(name).to_owned());
    let words = words.get(1..).unwrap_or_default();
    if called_as.as_deref() == Some("event") {
        return event::run_words(words);
    }
    if let Some(hidden) = hidden(words) {
        return hidden;
    }
    match words::find(words) {
        Some(Found { verb, rest }) => run(verb, &rest),
        None => without_verb(words),
    }
}

fn hidden(words: &[String]) -> Option<u8> {
    let name = words::first_plain(words)?;
    let (_, run) = verbs::HIDDEN.iter().find(|(hidden, _)| *hidden == name)?;
    let at = words.iter().position(|word| word == name)?;
    Some(run(&[&words[..at], &words[at + 1..]].concat()))
}

fn run(verb: &'static Verb, words: &[String]) -> u8 {
    if let Run::Words(run) = verb.run {
        let is_help = |word: &String| word == "-h" || word == "--help";
        // The words of an event are the package manager's.
        let asked = if verb.name == "event" { words.first().is_some_and(is_help) } else { words.iter().any(is_help) };
        if asked {
            plain_reporter().answer(help::page(verb));
            return 0;
        }
        return run(verb, words);
    }
    let typed = match usage::parse(verb, words) {
        Ok(typed) => typed,
        Err(error) => return refuse_words(&error, words),
    };
    if typed.help || typed.version {
        let page = || help::page(verb);
        reporter(&typed).answer(if typed.help { page() } else { VERSION.to_owned() });
        return 0;
    }
    let app = match open(&typed, reporter(&typed)) {
        Ok(app) => app,
        Err(error) => return refuse(&reporter(&typed), typed.json, &error),
    };
    for notice in typed.deprecated() {
        app.reporter.warn(notice);
    }
    match act(&app, verb, &typed) {
        // One that ended before it had anything to tell.
        Err(error) if typed.json && !app.reporter.has_told_document() => refuse(&app.reporter, true, &error),
        done => end(&app.reporter, done),
    }
}

/// No action: a request for help, or a slip.
fn without_verb(words: &[String]) -> u8 {
    let typed = match usage::without_verb(words) {
        Ok(typed) => typed,
        Err(error) => return refuse_words(&error, words),
    };
    reporter(&typed).answer(if typed.version { VERSION.to_owned() } else { help::overview() });
    0
}

fn reporter(typed: &Typed) -> Human {
    let loudness = match (typed.quiet, typed.verbose || typed.debug) {
        (true, _) => Loudness::Nothing,
        (false, true) => Loudness::Details,
        (false, false) => Loudness::Normal,
    };
    // With --json, standard output is for the one document.
    Human::new(loudness, if typed.json { Notes::Stderr } else { Notes::Stdout })
        .managed(crate::sys::process::is_managed)
}

fn act(app: &App, verb: &Verb, typed: &Typed) -> Result<()> {
    let mode = match (typed.dry_run, typed.json) {
        (false, false) => Mode::Do,
        (false, true) => Mode::DoJson,
        (true, false) => Mode::Show,
        (true, true) => Mode::ShowJson,
    };
    let met = match &verb.run {
        Run::Look(look) => return look(app, typed),
        Run::Request(asks) => meet(app, asks, &Line { app, verb: verb.name, typed }, mode),
        Run::Key | Run::Words(_) => match mode {
            Mode::Do | Mode::DoJson => generate_mok(app).map(|key| Verdict { key: Some(key), ..Verdict::default() }),
            Mode::Show | Mode::ShowJson => show_key(app, mode).map(|()| Verdict::default()),
        },
    };
    if mode == Mode::DoJson {
        let verdict = met.unwrap_or_else(|error| Verdict { error: Some(error), ..Verdict::default() });
        app.reporter.document(document::result(&verdict, &|module, target| app.room_of(module, target))?);
        return tell(app, verdict);
    }
    tell(app, met?)
}

fn meet(app: &App, asks: &Asks, line: &Line, mode: Mode) -> Result<Verdict> {
    let does = matches!(mode, Mode::Do | Mode::DoJson);
    let asked = match asks.rpm_operand(line.typed).filter(|_| does) {
        Some(package) => {
            rpm_operand::install(app, &package)?;
            let typed = Typed { words: Vec::new(), ..line.typed.clone() };
            request::AUTOINSTALL.request(&Line { app, verb: "autoinstall", typed: &typed })?
        }
        None => asks.request(line)?,
    };
    app.meet(&asked.request, mode)
}

/// Tells every error but the one that the command ends with, and gives that one.
fn tell(app: &App, verdict: Verdict) -> Result<()> {
    for error in &verdict.others {
        app.reporter.tell_error(error);
    }
    verdict.error.map_or(Ok(()), Err)
}

/// A plan of no steps: the key is no module's.
fn show_key(app: &App, mode: Mode) -> Result<()> {
    let plan = crate::step::Plan::nothing("the signing key and its certificate are made unless they are there");
    match mode {
        Mode::ShowJson => app.reporter.document(document::plan(&plan)?),
        _ => app.reporter.answer(plan.to_string()),
    }
    Ok(())
}

fn generate_mok(app: &App) -> Result<crate::action::keys::KeyPair> {
    let _lock = app.lock()?;
    crate::action::keys::ensure(&app.system, &app.framework, app.tree.layout(), &app.reporter)
}

/// Finds the root and reads its settings; what the command line says wins. The three trees are places in the root.
fn open<'t>(typed: &'t Typed, reporter: Human) -> Result<App> {
    if typed.debug && !typed.quiet {
        common::listen();
    }
    let system = place::system(typed.root.as_deref())?;
    let system = match (typed.quiet, typed.json) {
        (true, _) => system.quiet(),
        (false, true) => system.on_standard_error(),
        (false, false) => system,
    };
    let (mut framework, warnings) = Framework::read(&system);
    for warning in warnings {
        reporter.warn(warning);
    }
    let trees = place::Trees {
        dkms: typed.dkmstree.as_deref(),
        source: typed.sourcetree.as_deref(),
        install: typed.installtree.as_deref(),
    };
    let usual = framework.clone();
    trees.replace_in(&mut framework);
    let system = place::at_bench(system, typed, &framework)?;
    let reporter = if framework.is_on("verbose") { reporter.with_details() } else { reporter };
    // One that stands where it stands anyhow need not be typed.
    let unlike = |usual: &Path, given: Option<&'t Path>| given.filter(|given| *given != usual);
    let reporter = reporter.with_places(&[
        ("--root", unlike(Path::new("/"), typed.root.as_deref())),
        ("--dkmstree", unlike(&usual.dkms_tree, trees.dkms)),
        ("--sourcetree", unlike(&usual.source_tree, trees.source)),
        ("--installtree", unlike(&usual.install_tree, trees.install)),
        ("--toolchain", typed.toolchain.as_deref()),
    ]);
    Ok(App::new(system, framework, reporter))
}

fn plain_reporter() -> Human {
    Human::new(Loudness::Normal, Notes::Stdout)
}

fn end(reporter: &Human, result: Result<()>) -> u8 {
    match result {
        Ok(()) => 0,
        Err(error) => fail(reporter, &error),
    }
}

/// A hidden action of a process that another one of ours started: its one word is the folder with the job.
fn in_folder(words: &[String], work: fn(&Path) -> Result<()>) -> u8 {
    let reporter = Human::new(Loudness::Normal, Notes::Stderr);
    match words.first() {
        Some(folder) => end(&reporter, work(Path::new(folder))),
        None => fail(&reporter, &Error::new(Kind::Usage, "a folder is needed")),
    }
}

fn fail(reporter: &Human, error: &Error) -> u8 {
    reporter.tell_error(error);
    error.kind().code()
}

/// A command line that makes no sense.
fn refuse(reporter: &Human, json: bool, error: &Error) -> u8 {
    match document::refusal(error) {
        Ok(document) if json => reporter.document(document),
        Ok(_) => {}
        Err(error) => return fail(reporter, &error),
    }
    fail(reporter, error)
}

/// A line that was not understood: whether it wanted quiet or JSON is looked for in its words.
fn refuse_words(error: &Error, words: &[String]) -> u8 {
    let has = |options: &[&str]| words.iter().any(|word| options.contains(&word.as_str()));
    let loudness = if has(&["-q", "--quiet"]) { Loudness::Nothing } else { Loudness::Normal };
    refuse(&Human::new(loudness, Notes::Stdout), has(&["--json"]), error)
}
