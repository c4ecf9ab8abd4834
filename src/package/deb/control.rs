//! control.tar: the control file, md5sums and the maintainer scripts.

use std::io;

use debian_packaging::control::ControlParagraph;

use super::data::Listing;
use crate::package::Format;
use crate::package::info::{PackageInfo, Scriptlets, fold};
use crate::package::{names, scripts};

/// Header packages, by distribution; all of them are pulled in by dkms itself, too.
const HEADERS: &str = "linux-headers-generic | linux-headers-amd64 | linux-headers";

/// The uncompressed control.tar.
pub(super) fn archive(info: &PackageInfo, listing: &Listing) -> io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    append(&mut tar, tar::EntryType::Directory, "./", 0o755, info.date, b"")?;
    let mut files = vec![("control", 0o644, control(info, listing)?), ("md5sums", 0o644, listing.md5sums.clone())];
    if info.scriptlets == Scriptlets::Full {
        files.push(("postinst", 0o755, scripts::fill(scripts::DEB_POSTINST, info)));
        files.push(("prerm", 0o755, scripts::fill(scripts::DEB_PRERM, info)));
    }
    for (name, mode, text) in files {
        append(&mut tar, tar::EntryType::Regular, &format!("./{name}"), mode, info.date, text.as_bytes())?;
    }
    tar.into_inner()
}

fn append(
    tar: &mut tar::Builder<Vec<u8>>,
    kind: tar::EntryType,
    name: &str,
    mode: u32,
    date: u64,
    bytes: &[u8],
) -> io::Result<()> {
    let mut header = header(kind, mode, bytes.len() as u64, date);
    set_name(&mut header, name);
    header.set_cksum();
    tar.append(&header, bytes)
}

/// A tar header that depends on nothing but its arguments.
pub(super) fn header(kind: tar::EntryType, mode: u32, size: u64, date: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(date);
    header.set_uid(0);
    header.set_gid(0);
    if let Some(gnu) = header.as_gnu_mut() {
        gnu.uname[..4].copy_from_slice(b"root");
        gnu.gname[..4].copy_from_slice(b"root");
    }
    header
}

/// Puts a name into the header if it fits there.
pub(super) fn set_name(header: &mut tar::Header, name: &str) -> bool {
    let field = &mut header.as_old_mut().name;
    let fits = name.len() < field.len();
    if fits {
        field.fill(0);
        field[..name.len()].copy_from_slice(name.as_bytes());
    }
    fits
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
