//! What a verb is: its name, what it means in a line, what it takes and what it does. Parser, help, manual page and
//! completions read the rows of [`super::verbs`].

use clap::{Arg, ArgMatches, Command};

use crate::engine::app::App;
use crate::error::Result;

use super::legacy::Typed;
use super::request::Asks;

/// One row of the table.
pub(crate) struct Verb {
    pub(crate) name: &'static str,
    pub(crate) group: Group,
    pub(crate) position: Position,
    pub(crate) meaning: &'static str,
    /// What its own page says besides: a sentence or three.
    pub(crate) more: &'static str,
    pub(crate) operand: Operand,
    /// Adds the arguments of its form of command line, of which it may take some only.
    pub(crate) arguments: fn(Command) -> Command,
    pub(crate) takes: Takes,
    /// Command lines that work, each with what it does.
    pub(crate) examples: &'static [(&'static str, &'static str)],
    pub(crate) run: Run,
}

/// Under which heading it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    Modules,
    Machine,
    Archives,
    Packages,
    Hooks,
    Tools,
}

impl Group {
    pub(crate) const ALL: [Group; 6] =
        [Group::Modules, Group::Machine, Group::Archives, Group::Packages, Group::Hooks, Group::Tools];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Group::Modules => "Modules",
            Group::Machine => "This machine",
            Group::Archives => "Archives",
            Group::Packages => "Packages",
            Group::Hooks => "For hooks of package managers",
            Group::Tools => "Help",
        }
    }
}

/// Where it may stand among the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Position {
    /// Anywhere, as DKMS always took its actions. No second one may follow.
    Any,
    /// Before every operand; elsewhere a module may be called so.
    First,
}

/// What stands on the line besides options.
pub(crate) struct Operand {
    /// As usage lines name it.
    pub(crate) shown: &'static str,
    /// What it may be, in a sentence; empty when there is none.
    pub(crate) meaning: &'static str,
    pub(crate) most: usize,
    /// Words that mean something to this verb alone, whatever verbs have these names.
    pub(crate) own: &'static [&'static str],
    /// Subjects of `dkms complete`.
    pub(crate) words: &'static [&'static str],
    pub(crate) files: Files,
}

impl Operand {
    pub(crate) const NONE: Operand =
        Operand { shown: "", meaning: "", most: 0, own: &[], words: &[], files: Files::None };
}

/// Which files serve as an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
// Only the verbs that make packages ask for folders.
#[cfg_attr(not(feature = "packages"), allow(dead_code))]
pub(crate) enum Files {
    None,
    Any,
    Folders,
}

/// Which of its form's arguments a verb takes, by their ids in lists. Those of its form's `always` are taken besides.
pub(crate) enum Takes {
    AllBut(&'static [&'static str]),
    /// These lists; and, unsaid, those of the second, which the shell DKMS takes without a use: its callers pass them.
    Only(&'static [&'static [&'static str]], &'static [&'static [&'static str]]),
}

pub(crate) enum Run {
    /// It asks for something: planned, carried out, told.
    Request(Asks),
    /// It makes the signing key.
    Key,
    /// It looks, and answers.
    Look(fn(&App, &Typed) -> Result<()>),
    /// It reads the words behind its name itself, and gives the exit code.
    Words(fn(&'static Verb, &[String]) -> u8),
}

impl Verb {
    /// Whether this argument does something here.
    pub(crate) fn takes(&self, id: &str) -> bool {
        match &self.takes {
            Takes::AllBut(others) => !others.contains(&id),
            Takes::Only(lists, _) => super::legacy::ALWAYS.contains(&id) || has(lists, id),
        }
    }

    /// Whether it may stand on the line, if only because callers put it there.
    pub(crate) fn tolerates(&self, id: &str) -> bool {
        match &self.takes {
            Takes::Only(_, lists) => self.takes(id) || has(lists, id),
            _ => self.takes(id),
        }
    }

    /// Its command line. What it does not take is parsed as well, to be refused by name.
    pub(crate) fn command(&self) -> Command {
        let command = Command::new(self.name).no_binary_name(true).disable_version_flag(true);
        (self.arguments)(command).mut_args(|arg| if self.takes(arg.get_id().as_str()) { arg } else { arg.hide(true) })
    }

    /// The options to be shown, those of every verb last.
    pub(crate) fn options(&self) -> Vec<Arg> {
        let mut command = self.command();
        command.build();
        let shown = command.get_arguments().filter(|arg| !arg.is_positional() && !arg.is_hide_set());
        let (common, own): (Vec<Arg>, Vec<Arg>) = shown.cloned().partition(is_common);
        own.into_iter().chain(common).collect()
    }

    /// `install [OPTIONS] MODULE/VERSION`
    pub(crate) fn usage(&self) -> String {
        let options = if self.options().is_empty() { "" } else { " [OPTIONS]" };
        let blank = if self.operand.shown.is_empty() { "" } else { " " };
        format!("dkms {}{options}{blank}{}", self.name, self.operand.shown)
    }

    /// The first argument that was typed and that it has no use for, by a name of the argument.
    pub(crate) fn misplaced(&self, matches: &ArgMatches) -> Option<String> {
        let command = self.command();
        let typed = |arg: &&Arg| {
            matches.value_source(arg.get_id().as_str()) == Some(clap::parser::ValueSource::CommandLine)
                && !self.tolerates(arg.get_id().as_str())
        };
        command.get_arguments().filter(|arg| !arg.is_positional()).find(typed).map(|arg| names(arg).join(", "))
    }
}

fn has(lists: &[&[&str]], id: &str) -> bool {
    lists.iter().any(|list| list.contains(&id))
}

/// Whether an option is one of those that every verb has, and that need no explanation on its page.
pub(crate) fn is_common(arg: &Arg) -> bool {
    COMMON.contains(&arg.get_id().as_str())
}

/// Ids of [`is_common`].
pub(crate) const COMMON: &[&str] =
    &["root", "dkmstree", "sourcetree", "installtree", "quiet", "verbose", "debug", "json", "version", "help"];

/// `-k`, `--kernelver`, …
pub(crate) fn names(arg: &Arg) -> Vec<String> {
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long().into_iter().chain(arg.get_visible_aliases().into_iter().flatten());
    short.into_iter().chain(long.map(|long| format!("--{long}"))).collect()
}

/// What stands behind it, as help names it.
pub(crate) fn value_of(arg: &Arg) -> Option<String> {
    let takes = arg.get_action().takes_values();
    arg.get_value_names().filter(|_| takes).map(|names| names.join(" "))
}
