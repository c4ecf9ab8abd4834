//! What is told about a package that was made.

use super::Format;
use super::make::{Made, Prepared};
use crate::package::description::info::{Origin, PackageInfo};
use crate::package::words::size;
use crate::report::{Message, Reporter};

/// How many paths are told without `--verbose`.
const SHOWN: usize = 12;

/// The file, what it is and holds, what was left out of a source, and what a person should know.
pub(crate) fn tell(made: &Made, source: Option<&Prepared>, reporter: &dyn Reporter) {
    let info = &made.info;
    reporter.tell(Message::Answer(format!("{} ({})", made.file.display(), size::text(made.size))));
    for source in &made.sources {
        reporter.tell(Message::Answer(source.display().to_string()));
    }
    let maintainer = info.maintainer.as_ref().map_or(String::new(), |person| format!(", maintainer {person}"));
    let (version, architecture) = (info.full_version(), &info.architecture);
    reporter.note(format!("  package {} {version} ({architecture}), licence {}{maintainer}", info.name, info.license));
    reporter.detail(format!("  {}", origins(info)));
    let (count, many) = (made.files.len(), if made.files.len() == 1 { "" } else { "s" });
    reporter.note(format!("  {count} file{many}, {} in {}", size::text(made.bytes), info.place));
    let below = |path: &String| path.strip_prefix(&format!("{}/", info.place)).unwrap_or(path).to_owned();
    list("", &made.files.iter().map(below).collect::<Vec<_>>(), reporter);
    if let Some(template) = &made.template {
        reporter.note(format!("  as the template {} has it", template.display()));
    }
    if let Some(source) = source {
        tell_of_source(source, reporter);
    }
    if let Some(file) = &info.certificate {
        reporter
            .note(format!("  Secure Boot, once on each machine: `mokutil --import {file}`, then restart and confirm"));
    }
    match (&made.signed_by, info.format) {
        (Some(key), _) => reporter.note(format!("  signed by {key}")),
        (None, Format::Rpm) if made.file.extension().is_some_and(|suffix| suffix == "rpm") => reporter.note(
            "  not signed: rpm 6 and dnf 5 install it only with --nosignature or --nogpgcheck, \
             or once signed (--sign-key, rpmsign)"
                .to_owned(),
        ),
        (None, _) => {}
    }
    made.warnings.iter().for_each(|warning| reporter.warn(warning.clone()));
}

/// Who said what about the package: `license, url by the template; release as usual`.
fn origins(info: &PackageInfo) -> String {
    let voices = [
        (Origin::CommandLine, "by the command line"),
        (Origin::Template, "by the template"),
        (Origin::Source, "by the source"),
        (Origin::Default, "as usual"),
    ];
    let told = voices.iter().filter_map(|(origin, words)| {
        let options: Vec<&str> =
            info.origins.iter().filter(|(_, by)| by == origin).map(|(option, _)| *option).collect();
        (!options.is_empty()).then(|| format!("{} {words}", options.join(", ")))
    });
    told.collect::<Vec<_>>().join("; ")
}

fn tell_of_source(source: &Prepared, reporter: &dyn Reporter) {
    source.changes.iter().for_each(|change| reporter.note(format!("  {change}")));
    if let Some(written) = &source.written {
        reporter.note(
            "  the source has no dkms.conf; this one goes into the package (`dkms mkconf` writes it to a file):"
                .to_owned(),
        );
        written.text.lines().for_each(|line| reporter.note(format!("    | {line}")));
    }
    list("left out, version control: ", &source.payload.vcs, reporter);
    list("left out, not tracked by git: ", &source.payload.untracked, reporter);
    list("left out, build products: ", &source.payload.built, reporter);
    list("prebuilt objects that stay: ", &source.payload.objects, reporter);
}

/// The first few paths, and how many more.
fn list(what: &str, paths: &[String], reporter: &dyn Reporter) {
    if paths.is_empty() {
        return;
    }
    let shown = paths.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(" ");
    if paths.len() <= SHOWN {
        return reporter.note(format!("  {what}{shown}"));
    }
    reporter.note(format!("  {what}{shown} and {} more (--verbose lists them)", paths.len() - SHOWN));
    reporter.detail(format!("  all of them: {}", paths.join(" ")));
}
