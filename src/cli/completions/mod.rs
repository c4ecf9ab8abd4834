//! Completions of bash, zsh and fish, from the table of verbs: each verb offers its own options and operands. Modules and
//! kernels come from `dkms complete` at the time of asking; no shell evaluates those words.

mod bash;
mod fish;
mod zsh;

use std::path::Path;

use clap::Arg;

use super::help::choices;
use super::verb::{self, Files, Position, Verb};
use super::verbs;

/// The files of this folder: `dkms.bash`, `_dkms` (zsh), `dkms.fish`.
pub(super) fn write(folder: &Path) -> std::io::Result<()> {
    let rows: Vec<Row> = verbs::all().map(Row::of).collect();
    let rows = &[vec![Row::without_verb(&rows)], rows].concat();
    fs_err::write(folder.join("dkms.bash"), bash::script(rows))?;
    fs_err::write(folder.join("_dkms"), zsh::script(rows))?;
    fs_err::write(folder.join("dkms.fish"), fish::script(rows))
}

/// The name that stands for no verb.
const NO_VERB: &str = "none";

/// What is offered behind a verb.
#[derive(Clone)]
struct Row {
    name: &'static str,
    meaning: &'static str,
    position: Position,
    options: Vec<OptionWords>,
    /// Subjects of `dkms complete` for its operand.
    words: &'static [&'static str],
    files: Files,
}

impl Row {
    fn of(verb: &'static Verb) -> Row {
        let options = verb.options().iter().map(OptionWords::of).collect();
        let (words, files) = (verb.operand.words, verb.operand.files);
        Row { name: verb.name, meaning: verb.meaning, position: verb.position, options, words, files }
    }

    /// Where no verb was typed yet: verbs, and the options that may stand before the old ones.
    fn without_verb(rows: &[Row]) -> Row {
        let mut options: Vec<OptionWords> = Vec::new();
        for option in rows.iter().filter(|row| row.position == Position::Any).flat_map(|row| &row.options) {
            if !options.iter().any(|known| known.names == option.names) {
                options.push(option.clone());
            }
        }
        Row { name: NO_VERB, meaning: "", position: Position::First, options, words: &["actions"], files: Files::None }
    }

    /// Every name of an option behind which this stands.
    fn names(&self, wants: &Wants) -> Vec<&str> {
        let options = self.options.iter().filter(|option| option.wants == *wants);
        options.flat_map(|option| &option.names).map(String::as_str).collect()
    }
}

/// What stands behind an option.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Wants {
    Nothing,
    /// Words of `dkms complete`.
    Words(&'static str),
    /// One of a few words.
    Choice(Vec<String>),
    File,
    Folder,
    /// Something that nobody can guess.
    Text,
}

/// Subjects of `dkms complete` behind options.
const SUBJECTS: [&str; 4] = ["names", "versions", "kernels", "profiles"];

#[derive(Clone)]
struct OptionWords {
    /// `-k`, `--kernelver`, …
    names: Vec<String>,
    help: String,
    wants: Wants,
}

impl OptionWords {
    fn of(arg: &Arg) -> OptionWords {
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        OptionWords { names: verb::names(arg), help, wants: wants(arg) }
    }
}

fn wants(arg: &Arg) -> Wants {
    let Some(value) = verb::value_of(arg) else { return Wants::Nothing };
    let choices = choices(arg);
    match value.as_str() {
        _ if !choices.is_empty() => Wants::Choice(choices),
        "MODULE" | "MODULE[/VERSION]" => Wants::Words("names"),
        // Not the version of a package.
        "VERSION" if arg.get_short() == Some('v') => Wants::Words("versions"),
        "KERNEL" | "KERNEL[/ARCH]" => Wants::Words("kernels"),
        "PROFILE" => Wants::Words("profiles"),
        "FILE" | "FILE|DIR" => Wants::File,
        "DIR" | "DIR|host" => Wants::Folder,
        _ => Wants::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_with_a_value_says_what_stands_behind_it() {
        let rows: Vec<Row> = verbs::all().map(Row::of).collect();
        let wants = |verb: &str, name: &str| {
            let row = rows.iter().find(|row| row.name == verb)?;
            let found = row.options.iter().find(|option| option.names.iter().any(|known| known == name));
            found.map(|option| option.wants.clone())
        };
        for (verb, name, expected) in [
            ("install", "-k", Some(Wants::Words("kernels"))),
            ("install", "--kernelver", Some(Wants::Words("kernels"))),
            ("match", "--templatekernel", Some(Wants::Words("kernels"))),
            ("add", "-m", Some(Wants::Words("names"))),
            ("add", "--mod", Some(Wants::Words("names"))),
            ("remove", "-v", Some(Wants::Words("versions"))),
            ("build", "-c", Some(Wants::File)),
            ("ldtarball", "--archive", Some(Wants::File)),
            ("status", "--dkmstree", Some(Wants::Folder)),
            ("build", "--toolchain", Some(Wants::Folder)),
            ("build", "--directive", Some(Wants::Text)),
            ("install", "--force", Some(Wants::Nothing)),
            ("install", "--no-initrd", None),
            ("status", "--force", None),
            ("fsck", "-k", None),
        ] {
            assert_eq!(wants(verb, name), expected, "{verb} {name}");
        }
    }
}
