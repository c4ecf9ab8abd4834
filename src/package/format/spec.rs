//! A spec file and its sources, from which rpmbuild, mock and build services make the package that `mkrpm` makes.

use std::io::{self, Write};

use crate::archive::stream::{Compression, GZIP_LEVEL, ZSTD_LEVEL};
use crate::package::description::contents::is_license;
use crate::package::description::extra::{Extra, Role};
use crate::package::description::info::PackageInfo;
use crate::package::description::template;
use crate::package::description::texts::{bullet, fold};
use crate::package::format::marks::filled;
use crate::package::format::source_archive;
use crate::package::input::payload::{EntryKind, Payload};
use crate::package::module::survey::one_line;
use crate::package::words::date;
use crate::package::words::relations::{Kind, Phase, Relation};

/// The built-in spec, with marks for what differs between packages.
pub(crate) const TEMPLATE: &str = include_str!("../../../spec-templates/module.spec.in");

/// The name of the source archive, and of the folder in it.
pub(crate) fn folder(info: &PackageInfo) -> String {
    info.module.source_folder()
}

/// Writes the source archive that the spec unpacks: the payload in one folder, gzipped.
pub(crate) fn write_source(info: &PackageInfo, payload: &Payload, out: &mut impl Write) -> io::Result<()> {
    let entries = (folder(info), payload.entries.as_slice());
    source_archive::write(entries, info.date, Compression::Gzip, out)
}

/// The spec. A template of a person's own keeps its words: only macros are defined before them.
pub(crate) fn text(info: &PackageInfo, payload: &Payload, compression: Compression, template: Option<&str>) -> String {
    let macros = format!(
        "%global module_name {}\n%global module_version {}\n",
        info.module.name.as_str(),
        info.module.version.as_str()
    );
    match template {
        // What DKMS 2 gave by --define.
        Some(text) => {
            let given = template::spec::macros(&info.module).map(|(name, text)| {
                // A macro without a text is none for rpm.
                format!("%global {name} {}\n", if text.is_empty() { "%{nil}" } else { text })
            });
            format!("{}{text}", given.concat())
        }
        None => format!("{macros}{}", own(info, payload, compression)),
    }
}

fn own(info: &PackageInfo, payload: &Payload, compression: Compression) -> String {
    let compressed = match compression {
        Compression::Gzip => format!("w{GZIP_LEVEL}.gzdio"),
        Compression::Xz | Compression::Zstd => format!("w{ZSTD_LEVEL}.zstdio"),
    };
    let marks = [
        ("@PAYLOAD@", compressed),
        ("@TAGS@", tags(info)),
        ("@SOURCES@", sources(info)),
        ("@RELATIONS@", info.relations.iter().filter_map(relation).collect::<Vec<_>>().join("\n")),
        ("@DESCRIPTION@", description(info)),
        ("@FOLDER@", folder(info)),
        ("@EXTRAS@", extras(info)),
        ("@SCRIPTS@", scripts(info)),
        (
            "@FILES@",
            licences(&format!("/usr/src/{}", folder(info)), payload)
                + &info.extras.iter().map(|extra| listed(extra) + "\n").collect::<String>(),
        ),
        ("@CHANGELOG@", changelog(info)),
    ];
    filled(TEMPLATE, &marks)
}

fn tags(info: &PackageInfo) -> String {
    let mut tags = vec![("Name", info.name.clone())];
    tags.extend(info.epoch.map(|epoch| ("Epoch", epoch.to_string())));
    tags.extend([
        ("Version", info.version.clone()),
        ("Release", info.release.clone()),
        ("Summary", info.summary.clone()),
        ("License", info.license.clone()),
        ("Group", "System/Kernel".to_owned()),
    ]);
    tags.extend(info.url.as_ref().map(|url| ("URL", url.replace(' ', "%20"))));
    tags.extend(info.maintainer.clone().map(|person| ("Packager", person)));
    tags.extend(info.vendor.clone().map(|vendor| ("Vendor", vendor)));
    tags.push(match info.architecture.as_str() {
        "noarch" => ("BuildArch", "noarch".to_owned()),
        other => ("ExclusiveArch", other.to_owned()),
    });
    tags.iter().map(|(name, value)| format!("{name}: {}\n", literal(&one_line(value)))).collect()
}

fn sources(info: &PackageInfo) -> String {
    let mut lines = format!("Source0: {}.tar.gz\n", folder(info));
    for (number, extra) in (1..).zip(files(info)) {
        lines += &format!("Source{number}: {}\n", literal(&source_name(info, extra)));
    }
    lines
}

/// Extras that have bytes of their own, in the order of their sources.
pub(crate) fn files(info: &PackageInfo) -> impl Iterator<Item = &Extra> {
    info.extras.iter().filter(|extra| matches!(extra.kind, EntryKind::File(_)))
}

/// What the source of an extra is called.
pub(crate) fn source_name(info: &PackageInfo, extra: &Extra) -> String {
    extra.flat_name(&info.extras)
}

fn extras(info: &PackageInfo) -> String {
    let mut lines = String::new();
    for extra in info.extras.iter().filter(|extra| extra.kind == EntryKind::Folder) {
        lines += &format!("install -d -m 755 %{{buildroot}}{}\n", literal(&extra.path));
    }
    for (number, extra) in (1..).zip(files(info)) {
        let mode = if let EntryKind::File(file) = &extra.kind { file.mode() } else { 0o644 };
        lines += &format!("install -D -p -m {mode:o} %{{SOURCE{number}}} %{{buildroot}}{}\n", literal(&extra.path));
    }
    // As old as everything else in the package, files before the folders that they lie in.
    let paths: Vec<String> =
        info.extras.iter().rev().map(|extra| format!("%{{buildroot}}{}", literal(&extra.path))).collect();
    if !paths.is_empty() {
        lines += &format!("touch -h -d @{} {}\n", info.date, paths.join(" "));
    }
    lines
}

/// The texts of licences among the source, which lies in this folder; rpmbuild puts what it knows of a file twice together.
pub(super) fn licences(folder: &str, payload: &Payload) -> String {
    let of_files = payload.entries.iter().filter(|entry| matches!(entry.kind, EntryKind::File(_)));
    let named = of_files.filter(|entry| is_license(&entry.path) && !entry.path.contains([' ', '*', '?', '[', '{']));
    named.map(|entry| format!("%license {folder}/{}\n", literal(&entry.path))).collect()
}

pub(super) fn listed(extra: &Extra) -> String {
    let path = literal(&extra.path);
    match (&extra.kind, extra.role) {
        (EntryKind::Folder, _) => format!("%dir {path}"),
        (_, Role::Config) => format!("%config(noreplace) {path}"),
        (_, Role::Document) => format!("%doc {path}"),
        (_, Role::License) => format!("%license {path}"),
        (_, Role::Data) => path,
    }
}

fn relation(relation: &Relation) -> Option<String> {
    let tag = match relation.kind {
        Kind::Requires => "Requires",
        Kind::Recommends => "Recommends",
        Kind::Suggests => "Suggests",
        Kind::Supplements => "Supplements",
        Kind::Provides => "Provides",
        Kind::Conflicts => "Conflicts",
        Kind::Replaces => "Obsoletes",
        Kind::Breaks => return None,
    };
    let by = match relation.phase {
        None => "",
        Some(Phase::BeforeInstall) => "(pre)",
        Some(Phase::AfterInstall) => "(post)",
        Some(Phase::BeforeRemoval) => "(preun)",
        Some(Phase::AfterRemoval) => "(postun)",
        Some(Phase::AfterTransaction) => "(posttrans)",
    };
    let version =
        relation.version.as_ref().map_or(String::new(), |(compare, version)| format!(" {} {version}", compare.sign()));
    Some(literal(&one_line(&format!("{tag}{by}: {}{version}", relation.name))))
}

pub(super) fn description(info: &PackageInfo) -> String {
    let paragraphs: Vec<String> = info.description.iter().map(|text| fold(text, 79).join("\n")).collect();
    prose(&paragraphs.join("\n\n"))
}

fn scripts(info: &PackageInfo) -> String {
    let section = |phase| match phase {
        Phase::BeforeInstall => "%pre",
        Phase::AfterInstall => "%post",
        Phase::BeforeRemoval => "%preun",
        Phase::AfterRemoval => "%postun",
        Phase::AfterTransaction => "%posttrans",
    };
    info.scripts.iter().map(|script| format!("\n{}\n{}", section(script.phase), script_text(&script.text))).collect()
}

pub(super) fn changelog(info: &PackageInfo) -> String {
    let entry = |change: crate::package::description::info::Change| {
        let lines: Vec<String> = change.changes.iter().map(|text| bullet(text)).collect();
        prose(&format!("* {} {} - {}\n{}\n", date::day(change.date), change.person, change.version, lines.join("\n")))
    };
    info.changes().into_iter().map(entry).collect::<Vec<_>>().join("\n")
}

/// A text in which rpmbuild sees no macro.
pub(super) fn literal(text: &str) -> String {
    text.replace('%', "%%")
}

/// Lines of a text for people. What rpmbuild takes for a section or a condition stands at the beginning of a line, also
/// behind blanks, and is looked for once macros are expanded, so that no number of `%` hides it: it gets a mark before it.
fn prose(text: &str) -> String {
    block(text, "'")
}

/// Lines of a shell script: two quotes with nothing between them say nothing to a shell.
fn script_text(text: &str) -> String {
    block(text, "''")
}

fn block(text: &str, mark: &str) -> String {
    let line = |line: &str| {
        let words = line.trim_start();
        let indent = &line[..line.len() - words.len()];
        let mark = if words.starts_with('%') { mark } else { "" };
        format!("{indent}{mark}{}", literal(words))
    };
    let mut lines: Vec<String> = text.lines().map(line).collect();
    lines.push(String::new());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_a_macro_or_a_section() {
        let text = "%files\n100 %{x} %(id)\n\t %include x\n";
        assert_eq!(prose(text), "'%%files\n100 %%{x} %%(id)\n\t '%%include x\n");
        assert_eq!(script_text("%if\n"), "''%%if\n");
        assert_eq!(literal("%global x"), "%%global x");
    }
}
