//! The command line, and the pipeline that every command goes through: gather, decide, do, tell.

pub(crate) mod check;
pub(crate) mod complete;
mod completions;
pub(crate) mod conf;
mod event;
mod fsck;
pub(crate) mod generate;
pub(crate) mod legacy;
pub(crate) mod mkrepo;
pub(crate) mod operand;
pub(crate) mod package;
pub(crate) mod place;
pub(crate) mod request;
pub(crate) mod rpm_operand;
pub(crate) mod status;
pub(crate) mod targets;

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches};

use crate::conf::Framework;
use crate::engine::{self, document};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::report::Reporter;
use crate::report::human::{Human, Loudness, Notes};
use crate::sys::System;

use crate::engine::app::App;
use crate::engine::pipeline::Mode;
use crate::engine::verdict::Verdict;
use legacy::Typed;

/// The level of the interface that callers know, then our own version.
const VERSION: &str = concat!("dkms-3.4.0 (dkms-rs ", env!("CARGO_PKG_VERSION"), ")");

/// Runs the program with these arguments (the first is its own name) and gives the exit code.
pub(crate) fn main(arguments: Vec<OsString>) -> u8 {
    // The modules' files must be readable for everybody, whatever the caller's habit.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    let words: Vec<String> = arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let called_as = words.first().map(|name| name.rsplit('/').next().unwrap_or(name).to_owned());
    let words = words.get(1..).unwrap_or_default();
    if called_as.as_deref() == Some("event") {
        return event_words(words);
    }
    let words = place::verb_first(words);
    let Some((verb, rest)) = words.split_first() else { return legacy_words(&[]) };
    match verb.as_str() {
        "complete" => complete_words(rest),
        "conf" => conf_words(rest),
        "event" => event_words(rest),
        "generate" => end(&plain_reporter(), generate::run(rest)),
        verb if package::VERBS.contains(&verb) => package_words(verb, rest),
        verb if package::author::VERBS.contains(&verb) => author_words(verb, rest),
        "mkrepo" => repository_words(rest),
        _ => legacy_words(&words),
    }
}

fn parse(words: &[String]) -> std::result::Result<Typed, clap::Error> {
    Typed::command().try_get_matches_from(words).and_then(|found| Typed::from_arg_matches(&found))
}

fn reporter(typed: &Typed) -> Human {
    let loudness = match (typed.quiet, typed.verbose || typed.debug) {
        (true, _) => Loudness::Nothing,
        (false, true) => Loudness::Details,
        (false, false) => Loudness::Normal,
    };
    // With --json, standard output is for the one document.
    Human::new(loudness, if typed.json { Notes::Stderr } else { Notes::Stdout })
}

/// `conf` takes the options of every action, but is none: modules may be called so.
fn conf_words(words: &[String]) -> u8 {
    let typed = match parse(words) {
        Ok(typed) => typed,
        Err(error) => return usage_error(&error, words),
    };
    if typed.help {
        reporter(&typed).answer(generate::help());
        return 0;
    }
    let app = match open(&typed, reporter(&typed)) {
        Ok(app) => app,
        Err(error) => return refuse(&reporter(&typed), typed.json, &error),
    };
    end(&app.reporter, conf::run(&app, &typed, typed.words.first().map(String::as_str)))
}

/// Takes the options of every action: they say where the trees are.
fn complete_words(words: &[String]) -> u8 {
    let typed = match parse(words) {
        Ok(typed) => typed,
        Err(error) => return usage_error(&error, words),
    };
    let app = match open(&typed, reporter(&typed)) {
        Ok(app) => app,
        Err(error) => return fail(&reporter(&typed), &error),
    };
    end(&app.reporter, complete::run(&app, typed.words.first().map(String::as_str)))
}

fn legacy_words(words: &[String]) -> u8 {
    let typed = match parse(words) {
        Ok(typed) => typed,
        Err(error) => return usage_error(&error, words),
    };
    let reporter = reporter(&typed);
    if typed.version {
        reporter.answer(VERSION);
        return 0;
    }
    if typed.help || (typed.words.is_empty() && words.is_empty()) {
        reporter.answer(generate::help());
        return 0;
    }
    run_legacy(&typed, reporter)
}

fn run_legacy(typed: &Typed, reporter: Human) -> u8 {
    let words = match typed.split_words() {
        Ok(words) => words,
        Err(error) => return refuse(&reporter, typed.json, &error),
    };
    let Some(action) = words.action else {
        reporter.answer(generate::help());
        return 0;
    };
    let app = match open(typed, reporter) {
        Ok(app) => app,
        Err(error) => return refuse(&self::reporter(typed), typed.json, &error),
    };
    for notice in typed.deprecated() {
        app.reporter.warn(notice);
    }
    if !words.surplus.is_empty() {
        app.reporter.warn(format!("not used: {}", words.surplus.join(" ")));
    }
    let result = act(&app, typed, action, words.operand.as_deref());
    end(&app.reporter, result)
}

fn act(app: &App, typed: &Typed, action: &str, operand: Option<&str>) -> Result<()> {
    match action {
        "status" => return status::run(app, typed, operand),
        "check" => return check::run(app, typed.json),
        "fsck" => return fsck::run(app, typed),
        _ => {}
    }
    let mode = match (typed.dry_run, typed.json) {
        (false, false) => Mode::Do,
        (false, true) => Mode::DoJson,
        (true, false) => Mode::Show,
        (true, true) => Mode::ShowJson,
    };
    let met = meet(app, typed, action, operand, mode);
    if mode == Mode::DoJson {
        let verdict = met.unwrap_or_else(|error| Verdict { error: Some(error), ..Verdict::default() });
        app.reporter.answer(document::result(&verdict)?);
        return tell(app, verdict);
    }
    tell(app, met?)
}

fn meet(app: &App, typed: &Typed, action: &str, operand: Option<&str>, mode: Mode) -> Result<Verdict> {
    let does = matches!(mode, Mode::Do | Mode::DoJson);
    if action == "generate_mok" {
        return if does { generate_mok(app) } else { show_key(app, mode) }.map(|()| Verdict::default());
    }
    let asked = match rpm_operand::named(typed, action, operand).filter(|_| does) {
        Some(package) => {
            rpm_operand::install(app, &package)?;
            request::build(app, typed, "autoinstall", None)?
        }
        None => request::build(app, typed, action, operand)?,
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
    app.reporter.answer(if mode == Mode::ShowJson { document::plan(&plan)? } else { plan.to_string() });
    Ok(())
}

fn generate_mok(app: &App) -> Result<()> {
    let _lock = app.lock()?;
    crate::action::keys::ensure(&app.system, &app.framework, app.tree.layout(), &app.reporter)
}

fn event_words(words: &[String]) -> u8 {
    let reporter = || Human::new(Loudness::Normal, Notes::Stderr);
    let opened = event::Words::split(words).and_then(|words| Ok((open(&words.typed, reporter())?, words)));
    let (app, words) = match opened {
        Ok(opened) => opened,
        Err(error) => return fail(&reporter(), &error),
    };
    match engine::event::run(&app, &words.options, &words.rest, VERSION) {
        Ok(()) => 0,
        Err(error) if engine::event::may_fail(error.kind()) => fail(&app.reporter, &error),
        // The package manager can do nothing about it, and stopping it would do harm.
        Err(error) => {
            app.reporter.tell_failure(&error);
            0
        }
    }
}

fn package_words(verb: &str, words: &[String]) -> u8 {
    let call = match package::parse(verb, words) {
        Ok(call) => call,
        Err(error) => return usage_error(&error, words),
    };
    let reporter = Human::new(call.loudness(), if call.json() { Notes::Stderr } else { Notes::Stdout });
    let system = match place::system(call.root()) {
        Ok(system) => system,
        Err(error) => return refuse(&reporter, call.json(), &error),
    };
    let (framework, warnings) = Framework::read(&system);
    for warning in warnings {
        reporter.warn(warning);
    }
    match package::run(&call, &system, &framework, &reporter) {
        Ok(()) => 0,
        Err(error) => refuse(&reporter, call.json(), &error),
    }
}

fn author_words(verb: &str, words: &[String]) -> u8 {
    let call = match package::author::parse(verb, words) {
        Ok(call) => call,
        Err(error) => return usage_error(&error, words),
    };
    let reporter = call.reporter();
    let system = System::host();
    let (framework, warnings) = Framework::read(&system);
    for warning in warnings {
        reporter.warn(warning);
    }
    match package::author::run(&call, &system, &framework, &reporter) {
        Ok(()) => 0,
        // The findings are the document; the exit code says the rest.
        Err(error) if error.kind() == Kind::LintFailed => fail(&reporter, &error),
        Err(error) => refuse(&reporter, call.json(), &error),
    }
}

fn repository_words(words: &[String]) -> u8 {
    match mkrepo::parse(words) {
        Ok(args) => {
            let reporter = Human::new(args.loudness(), Notes::Stdout);
            end(&reporter, mkrepo::run(&args, &System::host(), &reporter))
        }
        Err(error) => usage_error(&error, words),
    }
}

/// Finds the root and reads its settings; what the command line says wins. The three trees are places in the root.
fn open(typed: &Typed, reporter: Human) -> Result<App> {
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
    trees.replace_in(&mut framework);
    let reporter = if framework.is_on("verbose") { reporter.with_details() } else { reporter };
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

fn fail(reporter: &Human, error: &Error) -> u8 {
    reporter.tell_error(error);
    error.kind().code()
}

/// A command line that makes no sense.
fn refuse(reporter: &Human, json: bool, error: &Error) -> u8 {
    match document::refusal(error) {
        Ok(document) if json => reporter.answer(document),
        Ok(_) => {}
        Err(error) => return fail(reporter, &error),
    }
    fail(reporter, error)
}

/// clap's own messages name the option and suggest a similar one; its usage lines are left out.
fn usage_error(error: &clap::Error, words: &[String]) -> u8 {
    let is_quiet = words.iter().any(|word| word == "-q" || word == "--quiet");
    let reporter = Human::new(if is_quiet { Loudness::Nothing } else { Loudness::Normal }, Notes::Stdout);
    let text = error.render().to_string();
    if !error.use_stderr() {
        reporter.answer(text.trim_end());
        return 0;
    }
    let told = text.split("\n\nUsage:").next().unwrap_or(&text).trim_start_matches("error: ");
    let told: Vec<&str> = told.split_whitespace().collect();
    let json = words.iter().any(|word| word == "--json");
    refuse(&reporter, json, &Error::new(Kind::BadOption, told.join(" ")).hint("`dkms --help` lists the options"))
}
