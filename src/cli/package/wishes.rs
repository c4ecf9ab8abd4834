//! Options about the package → [`Wishes`].

use std::path::Path;

use super::args::PackageArgs;
use super::{files, packager};
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::package::description::wishes::{Said, Wishes};
use crate::package::description::{certificate, changelog};
use crate::package::words::relations::Kind as Relation;
use crate::sys::System;

/// What the command line and the environment say about the package.
pub(super) fn wishes(args: &PackageArgs, system: &System) -> Result<Wishes> {
    let said = Said {
        package_name: args.package_name.clone(),
        package_version: args.package_version.clone(),
        epoch: args.epoch,
        release: args.release.clone(),
        architecture: args.architecture.clone(),
        summary: args.summary.clone(),
        description: args.description.clone(),
        license: args.license.clone(),
        maintainer: args.maintainer.clone().or_else(|| environment_maintainer(system)),
        vendor: args.vendor.clone(),
        url: args.url.clone(),
        changelog: args.changelog.as_deref().map(read_changelog).transpose()?.unwrap_or_default(),
    };
    Ok(Wishes {
        said,
        profile: None,
        relations: relations(args),
        replaces: args.relations.replaces.clone(),
        certificate: args.mok_cert.as_deref().map(read_certificate).transpose()?,
        packager: packager::of(args, system),
        beside_source: args.beside_source,
        files: files::all(&args.files)?,
    })
}

/// `--requires` and its kin, as they were written.
pub(super) fn relations(args: &PackageArgs) -> Vec<(Relation, String)> {
    let given = &args.relations;
    let kinds = [
        (Relation::Requires, &given.requires),
        (Relation::Recommends, &given.recommends),
        (Relation::Suggests, &given.suggests),
        (Relation::Supplements, &given.supplements),
        (Relation::Provides, &given.provides),
        (Relation::Conflicts, &given.conflicts),
        (Relation::Breaks, &given.obsoletes),
        (Relation::Replaces, &given.obsoletes),
    ];
    kinds.into_iter().flat_map(|(kind, texts)| texts.iter().map(move |text| (kind, text.clone()))).collect()
}

fn read_changelog(file: &Path) -> Result<Vec<changelog::Entry>> {
    let text = fs_err::read(file).map_err(|error| Error::io("cannot read the changelog", error))?;
    changelog::parse(&String::from_utf8_lossy(&text))
        .map_err(|error| Error::new(Kind::BadOption, format!("{}: {error}", file.display())))
}

fn read_certificate(file: &Path) -> Result<Vec<u8>> {
    let bytes = fs_err::read(file).map_err(|error| Error::io("cannot read the certificate", error))?;
    certificate::to_der(&bytes).map_err(|error| {
        Error::new(Kind::BadOption, format!("{} cannot be packaged: {error}", file.display())).caused_by(error)
    })
}

/// DEBFULLNAME and DEBEMAIL as debchange(1) reads them: DEBEMAIL may hold the name as well.
pub(super) fn environment_maintainer(system: &System) -> Option<String> {
    let variable = |name| system.variable(name).map(|value| value.to_string_lossy().into_owned());
    let address = variable("DEBEMAIL")?;
    if address.ends_with('>') {
        return Some(address);
    }
    Some(format!("{} <{address}>", variable("DEBFULLNAME")?))
}
