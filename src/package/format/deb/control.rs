//! control.tar: the control file, md5sums and the maintainer scripts.

use std::io;

use debian_packaging::control::ControlParagraph;

use crate::archive::tar_entry as entry;
use crate::archive::tar_entry::Entry;
use crate::package::description::info::PackageInfo;
use crate::package::description::texts::fold;
use crate::package::format::deb::data::Listing;
use crate::package::words::relations::{Kind, Phase, Relation};

pub(crate) fn archive(info: &PackageInfo, listing: &Listing) -> io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    let date = info.date;
    let folder = Entry { kind: tar::EntryType::Directory, name: b"./", target: b"", mode: 0o755, size: 0, date };
    entry::append(&mut tar, &folder, io::empty())?;
    let mut files = vec![("control", 0o644, control(info, listing)?), ("md5sums", 0o644, listing.md5sums.clone())];
    if !listing.conffiles.is_empty() {
        files.push(("conffiles", 0o644, listing.conffiles.clone()));
    }
    for script in &info.scripts {
        let name = match script.phase {
            Phase::BeforeInstall => "preinst",
            Phase::AfterInstall => "postinst",
            Phase::BeforeRemoval => "prerm",
            Phase::AfterRemoval => "postrm",
            // dpkg has no such moment; a trigger is what comes nearest.
            Phase::AfterTransaction => continue,
        };
        files.push((name, 0o755, script.text.clone()));
    }
    for (name, mode, text) in files {
        let (kind, name, size) = (tar::EntryType::Regular, format!("./{name}"), text.len() as u64);
        let name = name.as_bytes();
        entry::append(&mut tar, &Entry { kind, name, target: b"", mode, size, date }, text.as_bytes())?;
    }
    tar.into_inner()
}

fn control(info: &PackageInfo, listing: &Listing) -> io::Result<String> {
    let mut fields = vec![
        ("Package", info.name.clone()),
        ("Version", info.full_version()),
        ("Architecture", info.architecture.clone()),
        ("Maintainer", info.maintainer.clone().unwrap_or_default()),
        ("Installed-Size", listing.installed_size.to_string()),
    ];
    fields.extend(RELATIONS.iter().filter_map(|(kind, name)| Some((*name, listed(info, *kind)?))));
    fields.extend([("Section", info.section.to_owned()), ("Priority", "optional".to_owned())]);
    fields.extend(info.url.clone().map(|url| ("Homepage", url)));
    fields.push(("Description", description(info)));
    let mut paragraph = ControlParagraph::default();
    for (name, value) in fields {
        paragraph.set_field_from_string(name.into(), value.into());
    }
    let mut bytes = Vec::new();
    paragraph.write(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The fields, in the order in which dpkg writes them.
pub(crate) const RELATIONS: [(Kind, &str); 7] = [
    (Kind::Requires, "Depends"),
    (Kind::Recommends, "Recommends"),
    (Kind::Suggests, "Suggests"),
    (Kind::Conflicts, "Conflicts"),
    (Kind::Breaks, "Breaks"),
    (Kind::Replaces, "Replaces"),
    (Kind::Provides, "Provides"),
];

fn listed(info: &PackageInfo, kind: Kind) -> Option<String> {
    let all: Vec<String> = info.relations.iter().filter(|relation| relation.kind == kind).map(field).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// A relation as fields have it.
pub(crate) fn field(relation: &Relation) -> String {
    match &relation.version {
        Some((compare, version)) => format!("{} ({} {version})", relation.name, compare.debian()),
        None => relation.name.clone(),
    }
}

/// Synopsis, then the paragraphs, folded, each line with a blank before it.
pub(crate) fn description(info: &PackageInfo) -> String {
    let indented = |text: &String| fold(text, 76).iter().map(|line| format!(" {line}\n")).collect::<String>();
    let paragraphs: Vec<String> = info.description.iter().map(indented).collect();
    format!("{}\n{}", info.summary, paragraphs.join(" .\n")).trim_end().to_owned()
}
