//! `dkms event`: options first, then what the package manager says, untouched.

use std::path::PathBuf;

use clap::{Arg, Command};

use crate::engine;
use crate::engine::event::Options;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::report::human::{Human, Loudness, Notes};

use super::legacy::Typed;
use super::verb::Verb;

/// Its options, for help and completions.
pub(crate) fn arguments(command: Command) -> Command {
    let record = Arg::new("record")
        .long("record")
        .value_name("FILE")
        .help("Write what arrived and what was decided to this file, or to a file of its own in this folder");
    let typed = <Typed as clap::Args>::augment_args(Command::new("typed"));
    let of_typed = |arg: &&Arg| OF_TYPED.contains(&arg.get_id().as_str());
    command.arg(record).args(typed.get_arguments().filter(of_typed).cloned())
}

const OF_TYPED: [&str; 5] = ["dry_run", "root", "dkmstree", "sourcetree", "installtree"];

/// `dkms event WORD...`
pub(crate) fn run(_verb: &'static Verb, words: &[String]) -> u8 {
    run_words(words)
}

/// The same when the program is called as `event`, by hooks.
pub(crate) fn run_words(words: &[String]) -> u8 {
    let reporter = || Human::new(Loudness::Normal, Notes::Stderr).managed(|| true);
    let opened = Words::split(words).and_then(|words| Ok((super::open(&words.typed, reporter())?, words)));
    let (app, words) = match opened {
        Ok(opened) => opened,
        Err(error) => return super::fail(&reporter(), &error),
    };
    match engine::event::run(&app, &words.options, &words.rest, super::VERSION) {
        Ok(()) => 0,
        Err(error) if engine::event::may_fail(error.kind()) => super::fail(&app.reporter, &error),
        // The package manager can do nothing about it, and stopping it would do harm.
        Err(error) => {
            app.reporter.tell_failure(&error);
            0
        }
    }
}

/// What was typed: on which trees, how it is taken, and the package manager's own words.
#[derive(Debug, Default)]
pub(crate) struct Words {
    pub(crate) typed: Typed,
    pub(crate) options: Options,
    pub(crate) rest: Vec<String>,
}

impl Words {
    /// Takes the options out of the words after `dkms event`. `--dry-run` may stand anywhere: a person adds it at the end.
    ///
    /// # Errors
    ///
    /// [`Kind::Usage`]: an option without its value.
    pub(crate) fn split(words: &[String]) -> Result<Self> {
        let mut found = Self::default();
        let mut rest = words;
        while let Some((option, value, after)) = option_of(rest)? {
            rest = after;
            match option {
                "--dry-run" => found.options.dry_run = true,
                "--record" => found.options.record = value,
                "--root" => found.typed.root = value,
                "--dkmstree" => found.typed.dkmstree = value,
                "--sourcetree" => found.typed.sourcetree = value,
                _ => found.typed.installtree = value,
            }
        }
        found.rest = rest.iter().filter(|word| *word != "--dry-run").cloned().collect();
        found.options.dry_run |= found.rest.len() < rest.len();
        Ok(found)
    }
}

/// The options with a value, and what that is.
const VALUED: [(&str, &str); 5] = [
    ("--record", "a file"),
    ("--root", "a folder"),
    ("--dkmstree", "a folder"),
    ("--sourcetree", "a folder"),
    ("--installtree", "a folder"),
];

/// The option that the words begin with, its value, and the words behind it.
type Leading<'a> = (&'static str, Option<PathBuf>, &'a [String]);

fn option_of(words: &[String]) -> Result<Option<Leading<'_>>> {
    let Some((word, after)) = words.split_first() else { return Ok(None) };
    if word == "--dry-run" {
        return Ok(Some(("--dry-run", None, after)));
    }
    let (name, joined) = match word.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (word.as_str(), None),
    };
    let Some((option, what)) = VALUED.into_iter().find(|(option, _)| *option == name) else { return Ok(None) };
    let (value, after) = match joined {
        Some(value) => (Some(value), after),
        None => (after.first().cloned(), after.get(1..).unwrap_or_default()),
    };
    match value.filter(|value| !value.is_empty()) {
        Some(value) => Ok(Some((option, Some(PathBuf::from(value)), after))),
        None => Err(Error::new(Kind::Usage, format!("{option} needs {what}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Result<Words> {
        Words::split(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_stand_before_the_words_of_the_package_manager() {
        for (line, root, record, dry_run, rest) in [
            ("kernel postinst 6.1", None, None, false, "kernel postinst 6.1"),
            ("--root /t --dry-run rpm post foo", Some("/t"), None, true, "rpm post foo"),
            ("--root=/t --record=/f rpm post foo", Some("/t"), Some("/f"), false, "rpm post foo"),
            ("rpm post foo --root /t", None, None, false, "rpm post foo --root /t"),
            ("replay FILE --dry-run", None, None, true, "replay FILE"),
        ] {
            let words = split(line).unwrap();
            assert_eq!(words.typed.root, root.map(PathBuf::from), "{line}");
            assert_eq!(words.options, Options { dry_run, record: record.map(PathBuf::from) }, "{line}");
            assert_eq!(words.rest.join(" "), rest, "{line}");
        }
    }

    #[test]
    fn an_option_without_its_value_is_named() {
        for (line, told) in [("--record", "a file"), ("--root=", "a folder"), ("--dkmstree", "a folder")] {
            let error = split(line).unwrap_err();
            assert!(error.kind() == Kind::Usage && error.to_string().ends_with(told), "{line}: {error}");
        }
    }
}
