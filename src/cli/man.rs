//! The manual pages: the texts of hooks/man/*.8.in with what the table of verbs knows put in.

use std::path::Path;

use clap::{Arg, Command};

use crate::exit::Kind;

use super::verb::{self, Group, Verb};
use super::verbs;

/// Writes them into this folder.
pub(super) fn write(folder: &Path) -> std::io::Result<()> {
    let page = include_str!("../../hooks/man/dkms.8.in")
        .replace("@ACTIONS@", &actions(|group| group != Group::Packages))
        .replace("@OPTIONS@", &options(&every_option()))
        .replace("@EXIT_STATUS@", &exit_status());
    fs_err::write(folder.join("dkms.8"), page)?;
    fs_err::write(folder.join("dkms-event.8"), include_str!("../../hooks/man/dkms-event.8.in"))?;
    #[cfg(feature = "packages")]
    super::package::man::write(folder)?;
    Ok(())
}

/// The verbs with what they mean.
pub(super) fn actions(wanted: impl Fn(Group) -> bool) -> String {
    let rows = verbs::all().filter(|verb| wanted(verb.group));
    let row = |verb: &Verb| {
        let usage = verb.usage();
        let usage = usage.strip_prefix("dkms ").unwrap_or(&usage).replace(" [OPTIONS]", "");
        let more = if verb.more.is_empty() { String::new() } else { format!(" {}", verb.more) };
        format!(".TP\n.B {}\n{}\n", roff(&usage), roff(&format!("{}.{more}", verb.meaning)))
    };
    rows.map(row).collect()
}

/// The options of the old form, each once.
fn every_option() -> Vec<Arg> {
    let command = <super::legacy::Typed as clap::Args>::augment_args(Command::new("dkms"));
    command.get_arguments().cloned().collect()
}

pub(super) fn options(arguments: &[Arg]) -> String {
    let shown = arguments.iter().filter(|arg| !arg.is_positional() && !arg.is_hide_set());
    shown.map(option).collect()
}

fn option(arg: &Arg) -> String {
    let value = verb::value_of(arg).map(|value| format!(" {value}")).unwrap_or_default();
    let help = arg.get_long_help().or(arg.get_help()).map_or(String::new(), ToString::to_string);
    let paragraphs: Vec<String> = help.split("\n\n").map(roff).collect();
    let mut text =
        format!(".TP\n.B {}{}\n{}\n", roff(&verb::names(arg).join(", ")), roff(&value), paragraphs.join("\n.br\n"));
    let choices = if arg.get_action().takes_values() { arg.get_possible_values() } else { Vec::new() };
    for choice in choices {
        let meaning = choice.get_help().map_or(String::new(), |help| format!(": {help}"));
        text += &format!(".br\n{}\n", roff(&format!("{}{meaning}", choice.get_name())));
    }
    text
}

/// Codes, when, and the names of the cases in documents.
fn exit_status() -> String {
    let mut rows: Vec<&Kind> = Kind::ALL.iter().collect();
    rows.sort_by_key(|kind| kind.code());
    let row = |kind: &&Kind| {
        format!(".TP\n.BR {} \" {}\"\n{}\n", kind.code(), roff(&format!("({})", kind.name())), roff(kind.when()))
    };
    let rows: String = rows.iter().map(row).collect();
    format!(
        ".SH EXIT STATUS\nBeside each code stands the name of its case in documents of\n.BR \\-\\-json .\n.TP\n.B 0\n\
         success, or nothing to do\n{rows}"
    )
}

/// A line of text as roff takes it.
pub(super) fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_is_left_to_be_filled_in() {
        let folder = tempfile::tempdir().unwrap();
        super::write(folder.path()).unwrap();
        for page in fs_err::read_dir(folder.path()).unwrap() {
            let path = page.unwrap().path();
            let text = fs_err::read_to_string(&path).unwrap();
            let left =
                text.lines().find(|line| !line.starts_with(".\\\"") && line.contains('@') && !line.contains(".org"));
            assert_eq!(left, None, "{}", path.display());
        }
    }
}
