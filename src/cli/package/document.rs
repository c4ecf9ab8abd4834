//! `--json` of the commands that make packages: dkms-packages-1, described in dkms(8).

use std::path::Path;

use serde::Serialize;

use crate::error::Result;
use crate::ids::ModuleId;
use crate::package::Format;
use crate::package::make::{Made, Prepared};
use crate::package::words::profile::Recipe;

const PACKAGES: &str = "dkms-packages-1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    module: &'a str,
    version: &'a str,
    packages: Vec<Package<'a>>,
    /// Paths that were not packaged.
    left_out: Vec<&'a str>,
    prebuilt: Vec<&'a str>,
    changes: &'a [String],
    /// The dkms.conf that was written for a source without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    conf: Option<&'a str>,
}

#[derive(Serialize)]
struct Package<'a> {
    file: &'a Path,
    size: u64,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    sources: &'a [std::path::PathBuf],
    format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    distribution: Option<&'a str>,
    /// The kernel that its modules are built for.
    #[serde(skip_serializing_if = "Option::is_none")]
    kernel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arch: Option<&'a str>,
    name: &'a str,
    version: String,
    architecture: &'a str,
    license: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    maintainer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_by: Option<&'a str>,
    files: &'a [String],
    warnings: &'a [String],
}

/// The document about packages of this module; `source` is what they were made of, if of a source.
pub(super) fn packages(made: &[Made], module: &ModuleId, source: Option<&Prepared>) -> Result<String> {
    let payload = source.map(|source| &source.payload);
    let document = Document {
        schema: PACKAGES,
        module: module.name.as_str(),
        version: module.version.as_str(),
        packages: made.iter().map(entry).collect(),
        left_out: payload
            .map_or(Vec::new(), |it| it.vcs.iter().chain(&it.untracked).chain(&it.built).map(String::as_str).collect()),
        prebuilt: payload.map_or(Vec::new(), |it| it.objects.iter().map(String::as_str).collect()),
        changes: source.map_or(&[], |source| &source.changes),
        conf: source.and_then(|source| source.written.as_ref()).map(|written| written.text.as_str()),
    };
    crate::report::document(&document)
}

fn entry(made: &Made) -> Package<'_> {
    let info = &made.info;
    Package {
        file: &made.file,
        size: made.size,
        sources: &made.sources,
        format: match (info.recipe, info.format) {
            (Some(Recipe::Alpine), _) => "apk",
            (Some(Recipe::Nix), _) => "nix",
            (_, Format::Deb) => "deb",
            (_, Format::Rpm) => "rpm",
            (_, Format::Pac) => "pacman",
        },
        distribution: info.distribution.as_deref(),
        kernel: info.target.as_ref().map(|target| target.kernel.as_str()),
        arch: info.target.as_ref().map(|target| target.arch.as_str()),
        name: &info.name,
        version: info.full_version(),
        architecture: &info.architecture,
        license: &info.license,
        maintainer: info.maintainer.as_deref(),
        signed_by: made.signed_by.as_deref(),
        files: &made.files,
        warnings: &made.warnings,
    }
}
