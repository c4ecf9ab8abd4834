//! dkms-mkpkg(8), under the name of each verb.

use std::path::Path;

use clap::{Args, Command};

use crate::cli::man::{actions, options, roff};
use crate::cli::mkrepo::RepositoryArgs;
use crate::cli::verb::Group;
use crate::package::module::lint;

use super::args::PackageArgs;
use super::author::AuthorArgs;
use super::matrix::MatrixArgs;
use super::verbs::PACKAGES;

pub(crate) fn write(folder: &Path) -> std::io::Result<()> {
    let of = |command: Command| options(&command.get_arguments().cloned().collect::<Vec<_>>());
    let synopsis: Vec<String> = PACKAGES.iter().map(|verb| format!(".B {}\n", roff(&verb.usage()))).collect();
    let page = include_str!("../../../hooks/man/dkms-mkpkg.8.in")
        .replace("@SYNOPSIS@", &synopsis.join(".br\n"))
        .replace("@ACTIONS@", &actions(|group| group == Group::Packages))
        .replace("@PACKAGE_OPTIONS@", &of(PackageArgs::augment_args(Command::new("dkms"))))
        .replace("@AUTHOR_OPTIONS@", &of(AuthorArgs::augment_args(Command::new("dkms"))))
        .replace("@REPOSITORY_OPTIONS@", &of(RepositoryArgs::augment_args(Command::new("dkms"))))
        .replace("@MATRIX_OPTIONS@", &of(MatrixArgs::augment_args(Command::new("dkms"))))
        .replace("@RULES@", &rules());
    fs_err::write(folder.join("dkms-mkpkg.8"), page)?;
    for verb in PACKAGES.iter().filter(|verb| verb.name != "mkpkg") {
        fs_err::write(folder.join(format!("dkms-{}.8", verb.name)), ".so man8/dkms-mkpkg.8\n")?;
    }
    Ok(())
}

fn rules() -> String {
    let rule = |rule: &lint::Rule| {
        let level = match rule.level {
            lint::Level::Error => "error",
            lint::Level::Warning => "warning",
            lint::Level::Note => "note",
        };
        format!(".TP\n.B {}\n{level}: {}\n", roff(rule.name), roff(rule.advice))
    };
    lint::RULES.iter().map(rule).collect()
}
