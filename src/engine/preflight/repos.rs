//! What the repositories would bring with the next upgrade, as far as modules are concerned: headers and sources.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::event::planned::{brings_headers, brings_module};
use crate::exit::Kind;
use crate::sys::Command;

use crate::engine::app::App;

/// A package manager that can be asked without root's changes.
struct Asked {
    program: &'static str,
    /// What would come, one package a line.
    list: &'static [&'static str],
    /// A line's package: its name, and what it is fetched by.
    read: fn(&str) -> Option<(String, String)>,
    /// Fetches packages into the working folder.
    fetch: &'static [&'static str],
}

/// apt-get(8); dnf(8) with the plugins repoquery and download.
const MANAGERS: [Asked; 2] = [
    Asked {
        program: "apt-get",
        list: &["-q", "-s", "--with-new-pkgs", "-o", "Debug::NoLocking=true", "upgrade"],
        read: of_apt,
        fetch: &["-q", "-o", "APT::Sandbox::User=root", "download"],
    },
    Asked {
        program: "dnf",
        list: &["-q", "repoquery", "--upgrades", "--latest-limit=1", "--qf", "%{name} %{name}-%{evr}.%{arch}\\n"],
        read: of_dnf,
        fetch: &["-q", "-y", "download"],
    },
];

/// Fetches what would come into this folder.
///
/// # Errors
///
/// There is no such package manager, or it failed.
pub(super) fn fetch(app: &App, into: &Path) -> Result<Vec<PathBuf>> {
    let refused = |text: String| Error::new(Kind::PreflightOpen, text);
    let Some(manager) = MANAGERS.iter().find(|manager| app.system.has_program(manager.program)) else {
        return Err(refused("there is neither apt nor dnf, whose repositories could be asked".to_owned()));
    };
    let run = |words: &[&str], more: &[String]| {
        let command: Command = app.system.command(into, manager.program).args(words).args(more).env("LC_ALL", "C");
        let finished = app.system.run(&command).map_err(|error| refused(error.to_string()))?;
        let how = || refused(format!("`{} {}` failed: {}", manager.program, words.join(" "), finished.error_text()));
        if finished.success() { Ok(finished.text()) } else { Err(how()) }
    };
    let coming = run(manager.list, &[])?;
    let coming = coming.lines().filter_map(manager.read);
    let wanted: Vec<String> =
        coming.filter(|(name, _)| brings_headers(name) || brings_module(name)).map(|(_, package)| package).collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    run(manager.fetch, &wanted)?;
    let entries = fs_err::read_dir(into).map_err(|error| Error::io("what was fetched is not there", error))?;
    Ok(entries.flatten().map(|entry| entry.path()).filter(|file| file.is_file()).collect())
}

/// `Inst NAME [OLD] (NEW ORIGIN [ARCH])`
fn of_apt(line: &str) -> Option<(String, String)> {
    let rest = line.strip_prefix("Inst ")?;
    let name = rest.split(' ').next()?;
    let version = rest.split_once('(')?.1.split(' ').next()?;
    Some((name.to_owned(), format!("{name}={version}")))
}

fn of_dnf(line: &str) -> Option<(String, String)> {
    let (name, package) = line.trim().split_once(' ')?;
    Some((name.to_owned(), package.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_come_is_read_as_each_manager_tells_it() {
        let pair = |name: &str, package: &str| Some((name.to_owned(), package.to_owned()));
        let line = "Inst linux-headers-amd64 [6.1.170-3] (6.1.176-1 Debian:12.11/stable [amd64]) []";
        assert_eq!(of_apt(line), pair("linux-headers-amd64", "linux-headers-amd64=6.1.176-1"));
        let line = "Inst linux-headers-6.1.0-51-amd64 (6.1.176-1 Debian:12.11/stable [amd64])";
        assert_eq!(of_apt(line), pair("linux-headers-6.1.0-51-amd64", "linux-headers-6.1.0-51-amd64=6.1.176-1"));
        assert_eq!(of_apt("Conf linux-headers-amd64 (6.1.176-1 …)"), None);
        assert_eq!(
            of_dnf("kernel-devel kernel-devel-0:6.5.0-1.x86_64"),
            pair("kernel-devel", "kernel-devel-0:6.5.0-1.x86_64")
        );
        assert_eq!(of_dnf(""), None);
    }
}
