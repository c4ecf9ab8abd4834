//! Writes a package of Arch Linux (PKGINFO(5), ALPM-MTREE(5)), and the PKGBUILD(5) from which makepkg makes the same. Nothing
//! runs when it comes or goes: pacman's hooks of the installed DKMS see `usr/src/*/dkms.conf` (ArchWiki, "DKMS package
//! guidelines").

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Read, Write};

use crate::archive::stream::{Compression, Compressor};
use crate::archive::tar_entry::{self, Entry};
use crate::package::Writing;
use crate::package::description::contents::{Placed, contents};
use crate::package::description::extra::{Extra, Role};
use crate::package::description::info::PackageInfo;
use crate::package::description::scripts::ENROL;
use crate::package::input::payload::{EntryKind, File, Payload};
use crate::package::io::digest::Digests;
use crate::package::module::survey::one_line;
use crate::package::words::relations::{Kind, Relation};
use crate::sys::shell_words::quoted;

/// An entry of the archive: its path, without a slash before it.
type Entries<'a> = BTreeMap<String, &'a EntryKind>;

/// Writes the package. Every file is read twice: the list with their digests comes before them.
pub(crate) fn write(
    info: &PackageInfo,
    payload: &Payload,
    writing: Writing<'_>,
    out: &mut impl Write,
) -> io::Result<()> {
    let contents = contents(info, payload);
    let entries = with_folders(&contents);
    let mut own = vec![(".PKGINFO", File::of(pkginfo(info, payload, &contents).into_bytes()))];
    own.extend(install(info).map(|text| (".INSTALL", File::of(text.into_bytes()))));
    let listing = File::of(mtree(info, &own, &entries)?);
    own.insert(0, (".MTREE", listing));
    let mut tar = tar::Builder::new(Compressor::new(writing.compression, io::BufWriter::new(out))?);
    let date = info.date;
    for (name, file) in &own {
        append_file(&mut tar, name, file, date)?;
    }
    let mut done = 0;
    for (path, kind) in &entries {
        let head = |kind, mode| Entry { kind, name: path.as_bytes(), target: b"", mode, size: 0, date };
        match kind {
            EntryKind::Folder => {
                let name = format!("{path}/");
                let entry = Entry { name: name.as_bytes(), ..head(tar::EntryType::Directory, 0o755) };
                tar_entry::append(&mut tar, &entry, io::empty())?;
            }
            EntryKind::Link(target) => {
                let entry = Entry { target: target.as_bytes(), ..head(tar::EntryType::Symlink, 0o777) };
                tar_entry::append(&mut tar, &entry, io::empty())?;
            }
            EntryKind::File(file) => {
                append_file(&mut tar, path, file, date)?;
                done += file.size;
                (writing.progress)(done);
            }
        }
    }
    tar.into_inner()?.finish()?.flush()
}

fn append_file(tar: &mut tar::Builder<impl Write>, path: &str, file: &File, date: u64) -> io::Result<()> {
    let kind = tar::EntryType::Regular;
    let entry = Entry { kind, name: path.as_bytes(), target: b"", mode: file.mode(), size: file.size, date };
    let mut content = file.open()?.take(file.size);
    tar_entry::append(tar, &entry, &mut content)?;
    if content.limit() > 0 {
        return Err(io::Error::other(format!("{path} became shorter while it was packaged")));
    }
    Ok(())
}

/// All that the package holds, and the folders above that.
fn with_folders<'a>(contents: &[Placed<'a>]) -> Entries<'a> {
    let mut entries = Entries::new();
    for entry in contents {
        let path = entry.path().trim_start_matches('/').to_owned();
        let mut above = path.as_str();
        while let Some((folder, _)) = above.rsplit_once('/') {
            entries.entry(folder.to_owned()).or_insert(&EntryKind::Folder);
            above = folder;
        }
        entries.insert(path, entry.kind);
    }
    entries
}

fn pkginfo(info: &PackageInfo, payload: &Payload, contents: &[Placed<'_>]) -> String {
    let name = info.name.as_str();
    let extra: u64 =
        info.extras.iter().map(|extra| if let EntryKind::File(file) = &extra.kind { file.size } else { 0 }).sum();
    let mut text =
        format!("pkgname = {name}\npkgbase = {name}\nxdata = pkgtype=pkg\npkgver = {}\n", info.full_version());
    let mut field = |key: &str, value: &str| {
        let _infallible = writeln!(text, "{key} = {}", one_line(value));
    };
    field("pkgdesc", &info.summary);
    field("url", info.url.as_deref().unwrap_or_default());
    field("builddate", &info.date.to_string());
    field("packager", info.maintainer.as_deref().unwrap_or("Unknown Packager"));
    field("size", &(payload.bytes + extra).to_string());
    field("arch", &info.architecture);
    field("license", &info.license);
    for (kind, key) in [(Kind::Replaces, "replaces"), (Kind::Conflicts, "conflict"), (Kind::Provides, "provides")] {
        related(info, kind).for_each(|relation| field(key, &relation));
    }
    let backup = contents.iter().filter(|entry| entry.role == Role::Config);
    backup.for_each(|entry| field("backup", entry.path().trim_start_matches('/')));
    related(info, Kind::Requires).for_each(|relation| field("depend", &relation));
    for kind in [Kind::Recommends, Kind::Suggests] {
        related(info, kind).for_each(|relation| field("optdepend", &relation));
    }
    text
}

/// The relations of a kind in pacman's words: `name>=1`.
fn related(info: &PackageInfo, kind: Kind) -> impl Iterator<Item = String> {
    info.relations.iter().filter(move |relation| relation.kind == kind).map(word)
}

fn word(relation: &Relation) -> String {
    let version =
        relation.version.as_ref().map_or(String::new(), |(compare, version)| format!("{}{version}", compare.sign()));
    format!("{}{version}", relation.name)
}

/// The list of all entries, gzipped.
fn mtree(info: &PackageInfo, own: &[(&str, File)], entries: &Entries<'_>) -> io::Result<Vec<u8>> {
    let mut text = format!("#mtree\n/set type=file uid=0 gid=0 mode=644 time={}.0\n", info.date);
    for (name, file) in own {
        text += &listed(name, file)?;
    }
    for (path, kind) in entries {
        match kind {
            EntryKind::Folder => text += &format!("./{} type=dir mode=755\n", escaped(path)),
            EntryKind::Link(target) => {
                text += &format!("./{} type=link mode=777 link={}\n", escaped(path), escaped(target));
            }
            EntryKind::File(file) => text += &listed(path, file)?,
        }
    }
    let mut packed = Compressor::new(Compression::Gzip, Vec::new())?;
    packed.write_all(text.as_bytes())?;
    packed.finish()
}

/// MD5 is what pacman before 6.1 looks at.
fn listed(path: &str, file: &File) -> io::Result<String> {
    let Digests { md5, sha256, .. } = Digests::of(file.open()?.take(file.size))?;
    let mode = if file.mode() == 0o644 { String::new() } else { format!(" mode={:o}", file.mode()) };
    Ok(format!("./{}{mode} size={} md5digest={md5} sha256digest={sha256}\n", escaped(path), file.size))
}

/// A path in the characters of mtree(5): what is no plain sign is a backslash and three octal digits.
fn escaped(path: &str) -> String {
    let sign = |byte: u8| match byte {
        b'\\' | b'#' | b'=' | b'*' | b'?' | b'[' => format!("\\{byte:03o}"),
        0x21..=0x7e => char::from(byte).to_string(),
        _ => format!("\\{byte:03o}"),
    };
    path.bytes().map(sign).collect()
}

/// What is told once the package is there: only of its certificate.
fn install(info: &PackageInfo) -> Option<String> {
    let file = info.certificate.as_ref()?;
    let lines: String = ENROL.lines().map(|line| format!("    {line}\n")).collect();
    let lines = lines.replace("@CERTIFICATE@", file).replace("@PACKAGE@", &info.name);
    Some(format!("post_install() {{\n{lines}}}\n\npost_upgrade() {{\n    post_install\n}}\n"))
}

/// The PKGBUILD. `sources` are the archive and the files besides, with their SHA-256.
pub(crate) fn pkgbuild(info: &PackageInfo, sources: &[(String, String)]) -> String {
    let folder = info.module.source_folder();
    let mut text =
        info.maintainer.as_ref().map_or(String::new(), |person| format!("# Maintainer: {}\n", one_line(person)));
    let list = |words: Vec<String>| words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
    let mut set = |name: &str, value: String| {
        let _infallible = writeln!(text, "{name}={value}");
    };
    set("pkgname", quoted(&info.name));
    set("pkgver", quoted(&info.version));
    set("pkgrel", quoted(&info.release));
    if let Some(epoch) = info.epoch {
        set("epoch", epoch.to_string());
    }
    set("pkgdesc", quoted(&one_line(&info.summary)));
    set("arch", format!("({})", list(vec![info.architecture.clone()])));
    if let Some(url) = &info.url {
        set("url", quoted(url));
    }
    set("license", format!("({})", list(vec![info.license.clone()])));
    for (kind, name) in [
        (Kind::Requires, "depends"),
        (Kind::Recommends, "optdepends"),
        (Kind::Provides, "provides"),
        (Kind::Conflicts, "conflicts"),
        (Kind::Replaces, "replaces"),
    ] {
        let words: Vec<String> = related(info, kind).collect();
        if !words.is_empty() {
            set(name, format!("({})", list(words)));
        }
    }
    let backup = info.extras.iter().filter(|extra| extra.role == Role::Config);
    let backup: Vec<String> = backup.map(|extra| extra.path.trim_start_matches('/').to_owned()).collect();
    if !backup.is_empty() {
        set("backup", format!("({})", list(backup)));
    }
    if install(info).is_some() {
        set("install", quoted(&install_name(info)));
    }
    set("source", format!("({})", list(sources.iter().map(|(name, _)| name.clone()).collect())));
    set("sha256sums", format!("({})", list(sources.iter().map(|(_, sum)| sum.clone()).collect())));
    set(
        "# The source is data here: nothing of it is stripped or taken out.\noptions",
        "(!strip !debug !zipman staticlibs libtool emptydirs)".to_owned(),
    );
    text + &package_function(info, &folder)
}

fn package_function(info: &PackageInfo, folder: &str) -> String {
    let mut text = format!(
        "\npackage() {{\n    install -d \"$pkgdir/usr/src\"\n    cp -r --preserve=mode,links,timestamps \"$srcdir/\"{0} \"$pkgdir/usr/src/\"{0}\n",
        quoted(folder)
    );
    for extra in &info.extras {
        match &extra.kind {
            EntryKind::Folder => text += &format!("    install -d \"$pkgdir\"{}\n", quoted(&extra.path)),
            EntryKind::File(file) => {
                let (name, mode) = (extra.flat_name(&info.extras), file.mode());
                text += &format!(
                    "    install -D -m {mode:o} \"$srcdir/\"{} \"$pkgdir\"{}\n",
                    quoted(&name),
                    quoted(&extra.path)
                );
            }
            EntryKind::Link(target) => {
                text += &format!("    ln -s {} \"$pkgdir\"{}\n", quoted(target), quoted(&extra.path));
            }
        }
    }
    text + "}\n"
}

/// The script that the PKGBUILD names, and its text.
pub(crate) fn install_file(info: &PackageInfo) -> Option<(String, String)> {
    install(info).map(|text| (install_name(info), text))
}

fn install_name(info: &PackageInfo) -> String {
    format!("{}.install", info.name)
}

/// Extras with bytes of their own, which lie beside the PKGBUILD.
pub(crate) fn files(info: &PackageInfo) -> impl Iterator<Item = (String, &Extra, &File)> {
    info.extras.iter().filter_map(|extra| match &extra.kind {
        EntryKind::File(file) => Some((extra.flat_name(&info.extras), extra, file)),
        EntryKind::Folder | EntryKind::Link(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_kinds_stand_in_the_list_as_mtree_reads_them() {
        assert_eq!(escaped("a/b c#ü\\"), "a/b\\040c\\043\\303\\274\\134");
        assert_eq!(quoted("it's $x"), "'it'\\''s $x'");
    }

    #[test]
    fn relations_have_no_blanks() {
        let at_least = Relation::at_least(Kind::Requires, "dkms", "3.0.11");
        assert_eq!(word(&at_least), "dkms>=3.0.11");
        assert_eq!(word(&Relation::any(Kind::Requires, "dkms")), "dkms");
    }
}
