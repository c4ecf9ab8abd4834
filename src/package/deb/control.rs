//! control.tar: the control file, md5sums and the maintainer scripts.

use std::io;

use debian_packaging::control::ControlParagraph;

use super::data::Listing;
use super::entry::{self, Entry};
use crate::package::Format;
use crate::package::info::{PackageInfo, Scriptlets, fold};
use crate::package::{names, scripts};

/// Header packages, by distribution; all of them are pulled in by dkms itself, too.
const HEADERS: &str = "linux-headers-generic | linux-headers-amd64 | linux-headers";

/// The uncompressed control.tar.
pub(super) fn archive(info: &PackageInfo, listing: &Listing) -> io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    let date = info.date;
    let folder = Entry { kind: tar::EntryType::Directory, name: "./", target: "", mode: 0o755, size: 0, date };
    entry::append(&mut tar, &folder, io::empty())?;
    let mut files = vec![("control", 0o644, control(info, listing)?), ("md5sums", 0o644, listing.md5sums.clone())];
    if info.scriptlets == Scriptlets::Full {
        files.push(("postinst", 0o755, scripts::fill(scripts::DEB_POSTINST, info)));
        files.push(("prerm", 0o755, scripts::fill(scripts::DEB_PRERM, info)));
    }
    for (name, mode, text) in files {
        let (kind, name, size) = (tar::EntryType::Regular, &format!("./{name}"), text.len() as u64);
        entry::append(&mut tar, &Entry { kind, name, target: "", mode, size, date }, text.as_bytes())?;
    }
    tar.into_inner()
}

fn control(info: &PackageInfo, listing: &Listing) -> io::Result<String> {
    let base = names::base_name(Format::Deb, info.module.name.as_str());
    let modules = format!("{base}-modules");
    let depends = match info.scriptlets {
        Scriptlets::Full => "dkms",
        Scriptlets::None => "dkms, dkms-triggers",
    };
    let mut fields = vec![
        ("Package", info.name.clone()),
        ("Version", info.full_version()),
        ("Architecture", info.architecture.clone()),
        ("Maintainer", info.maintainer.clone().unwrap_or_default()),
        ("Installed-Size", listing.installed_size.to_string()),
        ("Depends", depends.to_owned()),
        ("Recommends", HEADERS.to_owned()),
    ];
    if info.named_by_hand {
        // The same module from two packages: one of them at a time. A package does not conflict with itself.
        fields.extend([("Conflicts", modules.clone()), ("Replaces", modules.clone())]);
    }
    fields.extend([
        ("Provides", format!("{modules} (= {})", info.full_version())),
        ("Section", "kernel".to_owned()),
        ("Priority", "optional".to_owned()),
    ]);
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

/// Synopsis, then the paragraphs, folded, each line with a blank before it.
fn description(info: &PackageInfo) -> String {
    let indented = |text: &String| fold(text, 76).iter().map(|line| format!(" {line}\n")).collect::<String>();
    let paragraphs: Vec<String> = info.description.iter().map(indented).collect();
    format!("{}\n{}", info.summary, paragraphs.join(" .\n")).trim_end().to_owned()
}
