//! A Debian source package, format 3.0 (quilt) (dpkg-source(1)), whose debian/ uses debhelper and dh-dkms.

use std::collections::BTreeSet;
use std::io::{self, Read};

use debian_packaging::control::{ControlParagraph, ControlParagraphReader};

use crate::package::Format;
use crate::package::description::extra::Extra;
use crate::package::description::identity::Scriptlets;
use crate::package::description::info::PackageInfo;
use crate::package::description::scripts::{DSC_POSTINST, fill};
use crate::package::description::settle::Settle;
use crate::package::format::deb::{changelog, copyright, description, field, overrides};
use crate::package::input::payload::{Content, Entry, EntryKind, File, Payload};
use crate::package::io::digest::Digests;
use crate::package::words::names;
use crate::package::words::relations::{Kind, Phase, Relation};

const RULES: &str = include_str!("../../../spec-templates/dsc-rules.mk");
/// The edition of the Debian Policy Manual that debian/ follows.
const POLICY: &str = "4.7.4";

/// The folder that 3.0 (quilt) puts in place of what the source has under that name.
pub(crate) const DEBIAN: &str = "debian";

/// The name of the source package: the binary's without `-dkms`.
pub(crate) fn source_name(info: &PackageInfo) -> String {
    let base = match info.named_by_hand {
        true => info.name.strip_suffix("-dkms").unwrap_or(&info.name).to_owned(),
        false => names::base_name(Format::Deb, info.module.name.as_str()),
    };
    // Policy 5.6.7: at least two characters.
    if base.len() < 2 { info.name.clone() } else { base }
}

/// The payload without a `debian` folder of its own, which could not be in the archive beside the packaging.
pub(crate) fn upstream(payload: &Payload) -> Vec<Entry> {
    let own = |entry: &&Entry| entry.path == DEBIAN || entry.path.starts_with("debian/");
    payload.entries.iter().filter(|entry| !own(entry)).cloned().collect()
}

/// The debian folder, every file of it; those of a template first.
pub(crate) fn debian(info: &PackageInfo, source: &str, template: Vec<Entry>) -> io::Result<Vec<Entry>> {
    let name = &info.name;
    let mut files = vec![
        ("changelog".to_owned(), File::of(changelog(info, source).into_bytes())),
        ("control".to_owned(), File::of(control(info, source).into_bytes())),
        ("copyright".to_owned(), File::of(copyright(info).into_bytes())),
        ("rules".to_owned(), File { executable: true, ..File::of(rules(info).into_bytes()) }),
        ("source/format".to_owned(), File::of(b"3.0 (quilt)\n".to_vec())),
    ];
    if info.scriptlets == Scriptlets::Portable {
        files.push((format!("{name}.dkms"), File::of(b"dkms.conf\n".to_vec())));
    }
    files.extend(overrides(info).map(|text| (format!("{name}.lintian-overrides"), File::of(text.into_bytes()))));
    files.extend(scripts(info).map(|(name, text)| (format!("{}.{name}", info.name), File::of(text.into_bytes()))));
    let mut binaries = String::new();
    for (extra, file) in brought(info) {
        let name = extra_name(info, extra);
        binaries += &format!("debian/{name}\n");
        files.push((name, file.clone()));
    }
    if !binaries.is_empty() {
        files.push(("source/include-binaries".to_owned(), File::of(binaries.into_bytes())));
    }
    let template = template
        .into_iter()
        .map(|entry| if entry.path == "changelog" { of_this_version(entry, source, info) } else { entry });
    let template: Vec<Entry> = template.collect();
    let own = files.into_iter().map(|(path, file)| Entry { path, kind: EntryKind::File(file) });
    let missing: Vec<Entry> = own.filter(|own| !template.iter().any(|entry| entry.path == own.path)).collect();
    let mut entries: Vec<Entry> = template.into_iter().chain(missing).collect();
    let mut folders: BTreeSet<String> = [String::new()].into();
    folders.extend(entries.iter().filter_map(|entry| Some(entry.path.rsplit_once('/')?.0.to_owned())));
    entries.extend(folders.into_iter().map(|path| Entry { path, kind: EntryKind::Folder }));
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(entries)
}

/// A template's changelog, with the version that the archives have: those of DKMS 2 know no revision.
fn of_this_version(entry: Entry, source: &str, info: &PackageInfo) -> Entry {
    let EntryKind::File(File { content: Content::Bytes(bytes), .. }) = &entry.kind else { return entry };
    let text = String::from_utf8_lossy(bytes);
    match text.split_once(") ") {
        Some((head, rest)) if head.contains(" (") && !head.contains('\n') => {
            let text = format!("{source} ({}) {rest}", info.full_version());
            Entry { kind: EntryKind::File(File::of(text.into_bytes())), ..entry }
        }
        _ => entry,
    }
}

fn brought(info: &PackageInfo) -> impl Iterator<Item = (&Extra, &File)> {
    info.extras.iter().filter_map(|extra| match &extra.kind {
        EntryKind::File(file) => Some((extra, file)),
        EntryKind::Folder | EntryKind::Link(_) => None,
    })
}

/// A folder of their own: debhelper has its own mind about what lies beside its files.
fn extra_name(info: &PackageInfo, extra: &Extra) -> String {
    format!("brought/{}", extra.flat_name(&info.extras))
}

/// What a package made by ours does besides what debhelper writes into its scripts, by the script's name.
fn scripts(info: &PackageInfo) -> impl Iterator<Item = (&'static str, String)> {
    let own = |name, phase: Phase| {
        let script = info.scripts.iter().find(|script| script.phase == phase)?;
        let (body, _) = script.text.rsplit_once("exit 0")?;
        Some((name, format!("{body}#DEBHELPER#\n\nexit 0\n")))
    };
    let is_wanted = info.certificate.is_some() || info.scriptlets == Scriptlets::Portable;
    let arrives = is_wanted.then(|| ("postinst", fill(DSC_POSTINST, info, &Settle::default())));
    [own("preinst", Phase::BeforeInstall), arrives, own("postrm", Phase::AfterRemoval)].into_iter().flatten()
}

fn rules(info: &PackageInfo) -> String {
    let extras: String = brought(info)
        .map(|(extra, file)| {
            let (name, mode) = (extra_name(info, extra), file.mode());
            format!("\tinstall -D -m {mode:o} debian/{name} debian/{}{}\n", info.name, extra.path)
        })
        .collect();
    let folder = info.module.source_folder();
    // make(1) has no other way to write a dollar sign; names hold none.
    RULES.replace("@EXTRAS@\n", &extras).replace("@PACKAGE@", &info.name).replace("@FOLDER@", &folder)
}

/// What is needed to build it: dh_dkms, unless the triggers of the installed DKMS do the work.
fn build_depends(info: &PackageInfo) -> &'static str {
    match info.scriptlets {
        Scriptlets::Portable => "debhelper-compat (= 13), dh-sequence-dkms",
        Scriptlets::None => "debhelper-compat (= 13)",
    }
}

fn control(info: &PackageInfo, source: &str) -> String {
    let mut text = format!("Source: {source}\nSection: kernel\nPriority: optional\n");
    text += &format!("Maintainer: {}\n", info.maintainer.as_deref().unwrap_or_default());
    text += &format!("Build-Depends: {}\nStandards-Version: {POLICY}\nRules-Requires-Root: no\n", build_depends(info));
    text += &info.url.as_ref().map_or(String::new(), |url| format!("Homepage: {url}\n"));
    text += &format!("\nPackage: {}\nArchitecture: {}\n", info.name, info.architecture);
    for (kind, name) in crate::package::format::deb::RELATIONS {
        let mut listed: Vec<String> = if kind == Kind::Requires { vec!["${misc:Depends}".into()] } else { Vec::new() };
        // dh_dkms adds dkms itself; a version that follows the package's own is for debhelper to fill in.
        let brought = |relation: &&Relation| {
            let is_known = relation.name == "dkms" && relation.version.is_none();
            relation.kind == kind && !(is_known && info.scriptlets == Scriptlets::Portable)
        };
        let own = |text: String| text.replace(&info.full_version(), "${binary:Version}");
        listed.extend(info.relations.iter().filter(brought).map(|relation| own(field(relation))));
        if !listed.is_empty() {
            text += &format!("{name}: {}\n", listed.join(", "));
        }
    }
    format!("{text}Description: {}\n", description(info))
}

/// What the .dsc repeats of the control file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Control {
    pub(crate) source: String,
    pub(crate) binary: String,
    architecture: String,
    maintainer: String,
    homepage: Option<String>,
    policy: Option<String>,
    build_depends: Option<String>,
}

/// Reads the control file among the entries of the debian folder.
pub(crate) fn control_of(debian: &[Entry]) -> io::Result<Control> {
    let missing = |what: &str| io::Error::other(format!("debian/control has no {what}"));
    let mut text = String::new();
    if let Some(EntryKind::File(file)) = debian.iter().find(|entry| entry.path == "control").map(|entry| &entry.kind) {
        file.open()?.read_to_string(&mut text)?;
    }
    let plain: String = text.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    let read = ControlParagraphReader::new(io::Cursor::new(plain)).collect::<Result<Vec<_>, _>>();
    let paragraphs = read.map_err(io::Error::other)?;
    let source = paragraphs.iter().find(|one| one.has_field("Source")).ok_or_else(|| missing("Source"))?;
    let binary = paragraphs.iter().find(|one| one.has_field("Package")).ok_or_else(|| missing("Package"))?;
    let field = |paragraph: &ControlParagraph, name: &str| {
        let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        paragraph.field_str(name).map(one_line).filter(|text| !text.is_empty())
    };
    Ok(Control {
        source: field(source, "Source").ok_or_else(|| missing("Source"))?,
        binary: field(binary, "Package").ok_or_else(|| missing("Package"))?,
        architecture: field(binary, "Architecture").ok_or_else(|| missing("Architecture"))?,
        maintainer: field(source, "Maintainer").ok_or_else(|| missing("Maintainer"))?,
        homepage: field(source, "Homepage"),
        policy: field(source, "Standards-Version"),
        build_depends: field(source, "Build-Depends"),
    })
}

/// A file that the .dsc vouches for.
#[derive(Debug, Clone)]
pub(crate) struct Vouched {
    pub(crate) name: String,
    pub(crate) digests: Digests,
}

pub(crate) fn dsc(info: &PackageInfo, control: &Control, files: &[Vouched]) -> String {
    let Control { source, binary, architecture, maintainer, homepage, policy, build_depends } = control;
    let mut text = format!("Format: 3.0 (quilt)\nSource: {source}\nBinary: {binary}\n");
    text += &format!("Architecture: {architecture}\nVersion: {}\nMaintainer: {maintainer}\n", info.full_version());
    let given = [("Homepage", homepage), ("Standards-Version", policy), ("Build-Depends", build_depends)];
    for (name, value) in given {
        text += &value.as_ref().map_or(String::new(), |value| format!("{name}: {value}\n"));
    }
    text += &format!("Package-List:\n {binary} deb kernel optional arch={architecture}\n");
    type Pick = fn(&Digests) -> &str;
    let lists: [(&str, Pick); 3] = [
        ("Checksums-Sha1", |digests| &digests.sha1),
        ("Checksums-Sha256", |digests| &digests.sha256),
        ("Files", |digests| &digests.md5),
    ];
    for (field, digest) in lists {
        text += &format!("{field}:\n");
        for Vouched { name, digests } in files {
            text += &format!(" {} {} {name}\n", digest(digests), digests.size);
        }
    }
    text
}

/// `VERSION` and `VERSION-REVISION` as file names have them, without the epoch.
pub(crate) fn file_names(info: &PackageInfo, source: &str, suffix: &str) -> [String; 3] {
    let (version, release) = (&info.version, &info.release);
    [
        format!("{source}_{version}.orig.tar.{suffix}"),
        format!("{source}_{version}-{release}.debian.tar.{suffix}"),
        format!("{source}_{version}-{release}.dsc"),
    ]
}
