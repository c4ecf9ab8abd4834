//! How a package of built modules came to be, in the words of SLSA: an in-toto statement, version 1
//! (<https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>), with provenance, version 1
//! (<https://slsa.dev/spec/v1.0/provenance>). It is not signed: that is for whoever vouches for the machine.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use super::{Hashed, base};
use crate::ids::Target;
use crate::package::description::info::PackageInfo;
use crate::package::io::digest::Digests;

/// The statement's name, beside that of its package.
pub(crate) fn file_name(package: &str) -> String {
    format!("{package}.intoto.json")
}

const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
/// What `externalParameters` and `resolvedDependencies` mean: dkms-mkpkg(8), PACKAGES (RFC 4151 for the form).
const BUILD_TYPE: &str = "tag:dkms-rs,2026:mkpkg-binaries-1";
/// Whoever runs it, on a machine that nobody vouches for.
const BUILDER: &str = "tag:dkms-rs,2026:local-machine";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Statement<'a> {
    #[serde(rename = "_type")]
    kind: &'static str,
    subject: Vec<Resource>,
    predicate_type: &'static str,
    predicate: Predicate<'a>,
}

/// A ResourceDescriptor.
#[derive(Serialize)]
struct Resource {
    name: String,
    digest: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Predicate<'a> {
    build_definition: BuildDefinition<'a>,
    run_details: RunDetails,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BuildDefinition<'a> {
    build_type: &'static str,
    external_parameters: Parameters<'a>,
    resolved_dependencies: Vec<Resource>,
}

#[derive(Serialize)]
struct Parameters<'a> {
    module: &'a str,
    version: &'a str,
    kernel: &'a str,
    arch: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    distribution: Option<&'a str>,
}

#[derive(Serialize)]
struct RunDetails {
    builder: Builder,
}

#[derive(Serialize)]
struct Builder {
    id: &'static str,
    version: BTreeMap<&'static str, &'static str>,
}

/// The statement about a package of modules that were built for this kernel, with a line's end.
pub(crate) fn document(info: &PackageInfo, target: &Target, hashed: &Hashed<'_>) -> io::Result<Vec<u8>> {
    let resource =
        |name: String, digests: &Digests| Resource { name, digest: [("sha256", digests.sha256.clone())].into() };
    let modules = hashed.files.iter().map(|file| resource(file.path.clone(), &file.digests));
    let statement = Statement {
        kind: STATEMENT,
        subject: vec![resource(base(hashed.package), &hashed.digests)],
        predicate_type: PROVENANCE,
        predicate: Predicate {
            build_definition: BuildDefinition {
                build_type: BUILD_TYPE,
                external_parameters: Parameters {
                    module: info.module.name.as_str(),
                    version: info.module.version.as_str(),
                    kernel: target.kernel.as_str(),
                    arch: target.arch.as_str(),
                    distribution: info.distribution.as_deref(),
                },
                resolved_dependencies: modules.collect(),
            },
            run_details: RunDetails {
                builder: Builder { id: BUILDER, version: [("dkms-rs", env!("CARGO_PKG_VERSION"))].into() },
            },
        },
    };
    let mut text = serde_json::to_vec_pretty(&statement)?;
    text.push(b'\n');
    Ok(text)
}
