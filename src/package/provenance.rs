//! `--provenance`: what went into a package, as an SPDX 2.3 document (ISO/IEC 5962) beside it: its files with their digests, the
//! licence, and the archive that it was made from. Beside a package of built modules also an in-toto statement, [`statement`].
//! The same package gives the same documents.

pub(crate) mod statement;

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Value, json};

use crate::package::description::contents::contents;
use crate::package::description::info::PackageInfo;
use crate::package::input::payload::{EntryKind, File, Payload};
use crate::package::io::digest::Digests;
use crate::package::words::date;

/// That a document is wanted.
#[derive(Debug, Clone)]
pub(crate) struct Provenance {
    /// What the package is made from, where that is a file.
    pub(crate) archive: Option<PathBuf>,
}

/// The document's name, beside that of its package.
pub(crate) fn file_name(package: &str) -> String {
    format!("{package}.spdx.json")
}

const NOTHING: &str = "NOASSERTION";

/// The document, with a line's end.
pub(crate) fn document(
    info: &PackageInfo,
    wanted: &Provenance,
    Hashed { package, digests, files }: &Hashed<'_>,
) -> io::Result<Vec<u8>> {
    let mut sums: Vec<&str> = files.iter().map(|file| file.digests.sha1.as_str()).collect();
    sums.sort_unstable();
    let verification = Digests::of(sums.concat().as_bytes())?.sha1;
    let name = base(package);
    let version = info.full_version();
    let mut packages = vec![json!({
        "SPDXID": "SPDXRef-Package",
        "name": info.name,
        "versionInfo": version,
        "packageFileName": name,
        "supplier": info.maintainer.as_ref().map_or(NOTHING.to_owned(), |person| format!("Person: {}", agent(person))),
        "downloadLocation": NOTHING,
        "homepage": info.url.as_deref().unwrap_or(NOTHING),
        "filesAnalyzed": true,
        "packageVerificationCode": { "packageVerificationCodeValue": verification },
        "checksums": checksums(digests),
        "licenseConcluded": NOTHING,
        "licenseDeclared": licence(info),
        "licenseInfoFromFiles": [NOTHING],
        "copyrightText": if info.holders.is_empty() { NOTHING.to_owned() } else { info.holders.join("\n") },
        "summary": info.summary,
    })];
    let mut relations = vec![relation("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-Package")];
    if let Some(archive) = &wanted.archive {
        packages.push(json!({
            "SPDXID": "SPDXRef-Source",
            "name": info.module.name.as_str(),
            "versionInfo": info.module.version.as_str(),
            "packageFileName": base(archive),
            "downloadLocation": NOTHING,
            "filesAnalyzed": false,
            "checksums": checksums(&of_disk(archive)?),
            "licenseConcluded": NOTHING,
            "licenseDeclared": licence(info),
            "copyrightText": NOTHING,
        }));
        relations.push(relation("SPDXRef-Package", "GENERATED_FROM", "SPDXRef-Source"));
    }
    let ids = (1..=files.len()).map(|number| format!("SPDXRef-File-{number}"));
    relations.extend(ids.map(|id| relation("SPDXRef-Package", "CONTAINS", &id)));
    let mut document = json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": name,
        "documentNamespace": format!("https://spdx.org/spdxdocs/{}-{version}-{}", info.name, digests.sha256),
        "creationInfo": {
            "created": date::iso8601(info.date),
            "creators": [format!("Tool: dkms-rs-{}", env!("CARGO_PKG_VERSION"))],
        },
        "packages": packages,
        "files": (1..).zip(files).map(|(number, file)| file.shown(number)).collect::<Vec<_>>(),
        "relationships": relations,
    });
    let own = own_licences(info);
    if !own.is_empty() {
        document["hasExtractedLicensingInfos"] = own.into();
    }
    let mut text = serde_json::to_vec_pretty(&document)?;
    text.push(b'\n');
    Ok(text)
}

/// A package and what is in it, read once for all documents.
pub(crate) struct Hashed<'a> {
    package: &'a Path,
    digests: Digests,
    files: Vec<Listed>,
}

impl<'a> Hashed<'a> {
    /// Reads the package, and the files that it was made of.
    pub(crate) fn read(info: &PackageInfo, payload: &Payload, package: &'a Path) -> io::Result<Self> {
        Ok(Self { package, digests: of_disk(package)?, files: files(info, payload)? })
    }
}

struct Listed {
    path: String,
    digests: Digests,
}

impl Listed {
    fn shown(&self, number: usize) -> Value {
        json!({
            "SPDXID": format!("SPDXRef-File-{number}"),
            "fileName": format!(".{}", self.path),
            "checksums": checksums(&self.digests),
            "licenseConcluded": NOTHING,
            "licenseInfoInFiles": [NOTHING],
            "copyrightText": NOTHING,
        })
    }
}

fn files(info: &PackageInfo, payload: &Payload) -> io::Result<Vec<Listed>> {
    let digests = |file: &File| Digests::of(file.open()?);
    let all = contents(info, payload).into_iter().filter_map(|entry| match entry.kind {
        EntryKind::File(file) => Some(digests(file).map(|digests| Listed { path: entry.path(), digests })),
        EntryKind::Folder | EntryKind::Link(_) => None,
    });
    all.collect()
}

fn of_disk(file: &Path) -> io::Result<Digests> {
    Digests::of(io::BufReader::new(fs_err::File::open(file)?))
}

fn base(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn checksums(digests: &Digests) -> impl Serialize + use<> {
    let sum = |name: &str, value: &str| json!({ "algorithm": name, "checksumValue": value });
    [sum("SHA1", &digests.sha1), sum("SHA256", &digests.sha256)]
}

fn relation(from: &str, kind: &str, to: &str) -> Value {
    json!({ "spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to })
}

/// `Name <address>` → `Name (address)`
fn agent(person: &str) -> String {
    person.replace('<', "(").replace('>', ")")
}

/// The licence; what no source names is no expression.
fn licence(info: &PackageInfo) -> &str {
    if info.license == crate::package::module::license::UNKNOWN { NOTHING } else { &info.license }
}

/// Licences that SPDX's list does not have must be described in the document.
fn own_licences(info: &PackageInfo) -> Vec<Value> {
    let words = licence(info).split([' ', '(', ')']).filter(|word| word.starts_with("LicenseRef-"));
    let mut ids: Vec<&str> = words.collect();
    ids.sort_unstable();
    ids.dedup();
    let told = |id: &str| json!({ "licenseId": id, "name": id, "extractedText": "see the files of the package" });
    ids.into_iter().map(told).collect()
}
