//! apt, dnf and rpm, run as clients of repositories: what they answer, or why they did not.

use std::path::Path;

use crate::engine::app::App;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::sys::{Command, Finished};

/// Runs one of them in a folder; gives what it answers.
pub(super) fn run(app: &App, program: &str, options: &[String], words: &[&str], folder: &Path) -> Result<String> {
    let finished = start(app, program, options, words, folder)?;
    if finished.success() {
        return Ok(finished.text());
    }
    let (told, error) = (finished.text(), finished.error_text());
    // What rpmkeys is to do is said by its first option.
    let verb = words.iter().find(|word| !word.starts_with('-') || word.starts_with("--")).unwrap_or(&"");
    let text = format!("`{program} {verb}` failed, {}: {}", finished.how(), cause(&told, &error));
    let error = Error::new(Kind::SourceMissing, text).with_hints(hint(&error).map(str::to_owned).into_iter().collect());
    Err(error)
}

/// The same, whatever it ends with.
pub(super) fn start(app: &App, program: &str, options: &[String], words: &[&str], folder: &Path) -> Result<Finished> {
    let command: Command = app.system.command(folder, program).args(options).args(words).env("LC_ALL", "C");
    app.system.run(&command).map_err(|error| {
        Error::new(Kind::SourceMissing, error.to_string())
            .hint(format!("{program} reads such repositories; a folder of packages needs no other program"))
    })
}

/// The line that says why: apt marks it, dnf tells it of each mirror and then only that there are no more.
fn cause<'t>(told: &'t str, error: &'t str) -> &'t str {
    let apt = || error.lines().find(|line| line.starts_with("E:"));
    let mirror = || told.lines().find_map(|line| line.strip_prefix("[MIRROR] "));
    let file = || error.lines().find(|line| line.starts_with("Package ") || line.starts_with("No such command"));
    apt().or_else(mirror).or_else(file).or(error.lines().last()).unwrap_or("it does not say why").trim()
}

fn hint(error: &str) -> Option<&'static str> {
    match () {
        () if error.contains("No such command: download") => {
            Some("dnf downloads with its plugins: `dnf install dnf-plugins-core`")
        }
        () if error.contains("' is not signed.") => Some(
            "name the file with its key, such as 'deb [signed-by=/etc/apt/keyrings/KEY.asc] URL SUITE main'; \
             [trusted=yes] takes it unchecked",
        ),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_names_the_file_is_told() {
        let mirror = "kernels  2.4 MB/s\n[MIRROR] a.rpm: checksum doesn't match\n[MIRROR] a.rpm: x\n[FAILED] a.rpm: No more mirrors\n";
        for (told, error, expected) in [
            (
                "",
                "W: x\nE: Failed to fetch a.deb  Hash Sum mismatch\n   Hashes of expected file:\n",
                "E: Failed to fetch a.deb  Hash Sum mismatch",
            ),
            (mirror, "Ignoring repositories: _dnf_local\n", "a.rpm: checksum doesn't match"),
            (
                "",
                "Package \"a\" has incorrect checksum\nError: Some packages have\n",
                "Package \"a\" has incorrect checksum",
            ),
            (
                "",
                "x\nError: Failed to download metadata for repo 'kernels'\n",
                "Error: Failed to download metadata for repo 'kernels'",
            ),
            ("", "", "it does not say why"),
        ] {
            assert_eq!(cause(told, error), expected);
        }
        assert!(hint("No such command: download. Please").is_some_and(|hint| hint.contains("dnf-plugins-core")));
        assert!(
            hint("E: The repository 'file:/a ./ InRelease' is not signed.")
                .is_some_and(|hint| hint.contains("signed-by"))
        );
        assert_eq!(hint("E: Unable to locate package x"), None);
    }
}
