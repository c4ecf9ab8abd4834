//! Command lines that make no sense: what is wrong, what was meant, what the verb takes.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, Command, FromArgMatches};

use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::near::nearest;

use super::earlier;
use super::legacy::Typed;
use super::operand;
use super::verb::{self, Position, Verb};
use super::verbs;

/// Reads the words of a verb of the old form.
///
/// # Errors
///
/// [`Kind::BadOption`]; [`Kind::TwoActions`].
pub(crate) fn parse(verb: &'static Verb, words: &[String]) -> Result<Typed> {
    let typed: Typed = arguments(verb, words)?;
    if typed.help || typed.version {
        return Ok(typed);
    }
    let is_own = |word: &String| verb.operand.own.contains(&word.as_str());
    let mut others = typed.words.iter().filter(|word| !is_own(word)).filter_map(|word| verbs::named(word));
    let second = others.find(|second| second.position == Position::Any);
    if let Some(second) = second {
        let text = format!("two actions at once: {} and {}", verb.name, second.name);
        return Err(Error::new(Kind::TwoActions, text).hint("run them one after the other"));
    }
    if let Some(surplus) = typed.words.get(verb.operand.most) {
        let error = too_many(verb, surplus);
        return Err(match pair(&typed.words) {
            Some((name, version)) => error.hint(format!("did you mean {name}/{version}?")),
            None => error.hint(format!("it takes {}; call it once for each", verb.operand.shown)),
        });
    }
    if !verb.operand.words.is_empty() && !typed.words.first().is_some_and(is_own) {
        one_module(&typed)?;
    }
    Ok(typed)
}

/// A module and its version, written as two words.
fn pair(words: &[String]) -> Option<(&str, &str)> {
    let [name, version] = words else { return None };
    let is_plain = |word: &str| !word.contains('/') && !std::path::Path::new(word).exists();
    let is_version = version.starts_with(|c: char| c.is_ascii_digit());
    (is_version && is_plain(name) && is_plain(version)).then_some((name, version))
}

/// `-m` and an operand may not name two modules. What exists is a source.
fn one_module(typed: &Typed) -> Result<()> {
    let (Some(option), Some(word)) = (typed.module(), typed.operand()) else { return Ok(()) };
    let same = |one: &Option<String>, other: &Option<String>| one == other || other.is_none();
    let ((name, _), (of_word, _)) = (operand::split(option), operand::split(word));
    if std::path::Path::new(word).exists() || same(&name, &of_word) {
        return Ok(());
    }
    let error = bad(format!("-m {option} and {word} are two modules"));
    Err(match pair(&[option.to_owned(), word.to_owned()]) {
        Some((name, version)) => error.hint(format!("did you mean -m {name} -v {version}?")),
        None => error.hint("name one, with -m or without"),
    })
}

/// Reads the words of a verb into the arguments of its form.
///
/// # Errors
///
/// [`Kind::BadOption`].
pub(crate) fn arguments<T: FromArgMatches>(verb: &'static Verb, words: &[String]) -> Result<T> {
    let explained = |error: clap::Error| explain(verb, &error);
    let matches: ArgMatches = verb.command().try_get_matches_from(words).map_err(explained)?;
    if let Some(option) = verb.misplaced(&matches) {
        return Err(bad(format!("{} does not take {option}", verb.name)).hint(takes(verb)));
    }
    T::from_arg_matches(&matches).map_err(explained)
}

/// A line without a verb, or with a word in the verb's place that names none. Options of every verb may stand there.
pub(crate) fn without_verb(words: &[String]) -> Result<Typed> {
    let command = <Typed as clap::Args>::augment_args(Command::new("dkms").no_binary_name(true));
    let parsed = command.try_get_matches_from(words).and_then(|matches| Typed::from_arg_matches(&matches));
    let word = super::words::first_plain(words);
    if let Some(word) = word.filter(|_| !parsed.as_ref().is_ok_and(|typed| typed.help || typed.version)) {
        let names: Vec<&str> = verbs::all().map(|verb| verb.name).collect();
        if let Some(today) = earlier::verb(word).filter(|_| names.contains(&"mkrpm")) {
            return Err(bad(format!("`{word}` is an action of DKMS 2")).hint(today));
        }
        let wrong = bad(format!("`{word}` is not an action of dkms"));
        let error = match earlier::elsewhere(word) {
            Some(ours) => wrong.hint(ours),
            None => suggest(wrong, word, &names),
        };
        return Err(error.hint("`dkms help` lists the actions"));
    }
    let names = ["--help", "--version", "--quiet", "--root"];
    parsed.map_err(|error| {
        let given = context(&error, ContextKind::InvalidArg);
        let wrong = bad(what_is_wrong("dkms", &error, &given));
        suggest(wrong, &given, &names).hint("`dkms help` lists the actions")
    })
}

fn bad(text: String) -> Error {
    Error::new(Kind::BadOption, text)
}

/// clap's error in our words.
fn explain(verb: &'static Verb, error: &clap::Error) -> Error {
    let given = context(error, ContextKind::InvalidArg);
    if error.kind() == ErrorKind::UnknownArgument && !given.starts_with('-') {
        return too_many(verb, &given);
    }
    let wrong = bad(what_is_wrong(verb.name, error, &given));
    if error.kind() != ErrorKind::UnknownArgument {
        let wrong = match verb.examples.first() {
            Some((line, _)) if error.kind() == ErrorKind::MissingRequiredArgument => {
                wrong.hint(format!("such as `{line}`"))
            }
            _ => wrong,
        };
        return wrong.hint(format!("`dkms {} --help` explains it", verb.name));
    }
    if let Some(today) = earlier::option(verb.name, &given) {
        return wrong.hint(today);
    }
    let names: Vec<String> = verb.options().iter().flat_map(verb::names).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    suggest(wrong, &given, &names).hint(takes(verb))
}

fn what_is_wrong(verb: &str, error: &clap::Error, given: &str) -> String {
    let value = context(error, ContextKind::InvalidValue);
    match error.kind() {
        ErrorKind::UnknownArgument => format!("`{given}` is not an option of {verb}"),
        ErrorKind::InvalidValue if value.is_empty() => format!("{given}: the value is missing"),
        ErrorKind::InvalidValue => {
            let known = context(error, ContextKind::ValidValue);
            format!("{given}: `{value}` is not one of {known}")
        }
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(error).map_or_else(String::new, |why| format!(": {why}"));
            format!("{given}: `{value}` does not fit{why}")
        }
        ErrorKind::MissingRequiredArgument => format!("{verb} needs {}", given.replace(['<', '>'], "")),
        ErrorKind::ArgumentConflict => {
            let other = context(error, ContextKind::PriorArg);
            if other == given || other.is_empty() {
                format!("{given} is given twice")
            } else {
                format!("{given} and {other} exclude each other")
            }
        }
        _ => {
            let text = error.render().to_string();
            text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
        }
    }
}

fn context(error: &clap::Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    }
}

fn too_many(verb: &'static Verb, word: &str) -> Error {
    let name = verb.name;
    match verb.operand.most {
        0 => bad(format!("{name} takes no operand, and `{word}` was given")).hint(takes(verb)),
        _ => bad(format!("{name} takes one operand, and `{word}` is one too many")),
    }
}

/// What a verb takes, in one line.
fn takes(verb: &'static Verb) -> String {
    let of_its_own = verb.options().into_iter().filter(|arg| !verb::is_common(arg) && !arg.is_hide_short_help_set());
    let names: Vec<String> = of_its_own.filter_map(|arg| verb::names(&arg).into_iter().next()).collect();
    let page = format!("`dkms {} --help` explains", verb.name);
    if names.is_empty() {
        format!("{page} what it takes")
    } else {
        format!("{page} what it takes: {}", names.join(", "))
    }
}

fn suggest(error: Error, given: &str, known: &[&str]) -> Error {
    let given = given.split('=').next().unwrap_or(given);
    match nearest(given, known) {
        Some(meant) => error.hint(format!("did you mean {meant}?")),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::super::words;
    use super::*;

    fn refused(line: &str) -> Error {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let tried = match words::find(&words) {
            Some(found) => parse(found.verb, &found.rest).map(|_| ()),
            None => without_verb(&words).map(|_| ()),
        };
        tried.err().unwrap_or_else(|| panic!("{line} was taken"))
    }

    #[test]
    fn what_a_verb_does_not_take_is_refused_by_name() {
        for (line, told) in [
            ("fsck hello/1.0", "fsck takes no operand, and `hello/1.0` was given"),
            ("fsck -k foo", "fsck does not take -k, --kernelver, --kernel"),
            ("status --repair", "status does not take --repair"),
            ("status --force", "status does not take --force"),
            ("install world/2.1 hello/1.1", "install takes one operand, and `hello/1.1` is one too many"),
            ("install -m foo bar/1", "-m foo and bar/1 are two modules"),
            ("autoinstall -m foo", "autoinstall does not take -m, --module, --mod"),
            ("remove foo/1 --templatekernel x", "remove does not take --templatekernel"),
        ] {
            let error = refused(line);
            assert_eq!((error.kind(), error.to_string().as_str()), (Kind::BadOption, told), "{line}");
            assert!(
                ["takes", "with -m"].iter().any(|word| error.hints()[0].contains(word)),
                "{line}: {:?}",
                error.hints()
            );
        }
    }

    #[test]
    fn near_misses_are_told_what_was_meant() {
        for (line, meant) in [
            ("instal foo/1", "did you mean install?"),
            ("statsu", "did you mean status?"),
            ("autoinst -k 6.1", "did you mean autoinstall?"),
            ("--hlep", "did you mean --help?"),
            ("status --hlep", "did you mean --help?"),
            ("build --kernelversion 6.1", "did you mean --kernelver?"),
            ("remove --al", "did you mean --all?"),
        ] {
            let error = refused(line);
            assert_eq!(error.hints()[0], meant, "{line}: {error}");
        }
        assert_eq!(refused("frobnicate").hints().len(), 1, "nothing is near");
    }

    #[cfg(feature = "packages")]
    #[test]
    fn words_of_dkms_2_are_answered_with_todays() {
        for (line, today) in [
            ("mkbmdeb foo/1", "dkms mkdeb MODULE/VERSION --binaries"),
            ("mkkmp -m foo -v 1", "--for sles15"),
            ("mkdriverdisk foo/1", "mkrepo"),
            ("mkdeb foo/1 --legacy-postinst=0", "leave it out"),
            ("mkrpm foo/1 --all", "--binaries without -k"),
            ("mkdeb foo/1 --archive x.tgz", "-o FILE"),
        ] {
            let error = refused(line);
            assert!(error.hints().len() == 1 && error.hints()[0].contains(today), "{line}: {:?}", error.hints());
        }
    }

    #[test]
    fn wrong_words_have_the_codes_that_callers_know() {
        for (line, code) in [("add build", 4), ("frobnicate", 2), ("status install x", 4), ("build --nonsense", 2)] {
            assert_eq!(refused(line).kind().code(), code, "{line}");
        }
    }

    #[test]
    fn what_callers_pass_to_the_shell_dkms_is_taken() {
        for line in [
            "add -m foo -v 1 --rpm_safe_upgrade",
            "add -m foo -v 1 -k 6.1 -a x86_64 -q",
            "build -m foo -v 1 -q --force --no-depmod --modprobe-on-install -j 4",
            "build -m foo -v 1 -k 6.1 --rpm_safe_upgrade --kernelsourcedir /x --config /y --directive A=B",
            "install -m foo -v 1 --force --no-initrd --no-clean-kernel --no-prepare-kernel",
            "install -c x --all",
            "uninstall -m foo -v 1 -k 6.1 --no-depmod --force",
            "unbuild -m foo -v 1 --all -q",
            "remove -m foo -v 1 --all --rpm_safe_upgrade -c x",
            "autoinstall --kernelver 6.1 -a x86_64 --no-initrd --all",
            "match --templatekernel 6.1 -k 6.2",
            "status -m foo -v 1 -k 6.1 -a x86_64 --all",
            "mktarball -m foo -v 1 --source-only --archive x -k 6.1",
            "ldtarball --archive x --force",
            "kernel_prerm -k 6.1 -a x86_64",
        ] {
            words::sample(line);
        }
    }
}
