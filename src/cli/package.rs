//! `mkdeb`, `mkrpm` and `mkpkg`: arguments → requests, and the results told.

pub(crate) mod args;
pub(crate) mod author;
mod binaries;
mod collect;
mod document;
mod files;
mod foreign;
mod input;
pub(crate) mod man;
pub(crate) mod matrix;
mod packager;
mod templates;
mod trial;
pub(crate) mod verbs;
mod wishes;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::archive::limits::Limits;
use crate::archive::output::{Existing, Place};
use crate::archive::stream::Compression;
use crate::conf::Framework;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::ModuleId;
use crate::package::description::identity::Scriptlets;
use crate::package::description::wishes::Wishes;
use crate::package::format::recipe;
use crate::package::input::checkout;
use crate::package::io::openpgp::SigningKey;
use crate::package::make::{Files, Made, PackageRequest, Prepared, SourceRequest, make, prepare};
use crate::package::provenance::Provenance;
use crate::package::words::profile::Profile;
use crate::package::{Format, summary};
use crate::report::Reporter;
use crate::sys::System;

use super::signing_key;
use super::source_date::source_date;
use args::{CompressionArg, PackageArgs, ScriptletsArg};

/// What `--for` may name, for completions.
pub(crate) fn profiles() -> BTreeSet<String> {
    Profile::EXAMPLES.split(", ").chain(["portable"]).map(str::to_owned).collect()
}

/// What is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Product {
    Deb,
    Rpm,
    /// A package for each of several distributions.
    Pkg,
    /// A spec file and its sources.
    Spec,
    Dsc,
}

/// A command line, as typed.
#[derive(Debug, Clone)]
pub(crate) struct PackageCall {
    pub(crate) product: Product,
    pub(crate) args: PackageArgs,
}

/// Makes the packages and tells what they are.
pub(crate) fn run(call: &PackageCall, system: &System, framework: &Framework, reporter: &dyn Reporter) -> Result<()> {
    let args = &call.args;
    let framework = args.place.settings(framework);
    // All that can be refused is refused before the work begins.
    let goals = goals(call)?;
    let mut wishes = wishes::wishes(args, system)?;
    // Whoever uploads a source package answers for it.
    wishes.packager = wishes.packager.filter(|packager| call.product != Product::Dsc || !packager.is_account);
    let key = signing_key(args, &goals)?;
    let input = input::find(args, system, &framework)?;
    let requests: Vec<PackageRequest> =
        goals.iter().map(|goal| request(call, goal, &wishes, key.as_ref(), &input)).collect();
    if args.binaries {
        return binaries::run(call, &input, (system, &framework), &requests, reporter);
    }
    let prepared = prepare(&source_request(args, &input, system, &framework)?, system, &framework, reporter)?;
    let mut made = Vec::new();
    for request in requests {
        let template = templates::own(call.product, &request, &prepared, system)?;
        let request = PackageRequest { template, ..request };
        let package = match call.product {
            Product::Spec => recipe::spec(&prepared, &request, templates::spec(&prepared, system)?.as_deref())?,
            Product::Dsc => recipe::dsc(&prepared, &request, templates::debian(&prepared, system)?)?,
            Product::Deb | Product::Rpm | Product::Pkg if request.recipe().is_some() => {
                foreign::make(&prepared, &request, (system, &framework))?
            }
            Product::Deb | Product::Rpm | Product::Pkg if request.format == Format::Pac => {
                recipe::arch(&prepared, &request, reporter)?
            }
            Product::Deb | Product::Rpm | Product::Pkg => make(&prepared, &request, reporter)?,
        };
        if !args.tell.json {
            summary::tell(&package, Some(&prepared), reporter);
        }
        made.push(package);
    }
    if args.tell.json { tell_json(&made, &prepared.module, Some(&prepared), reporter) } else { Ok(()) }
}

fn tell_json(made: &[Made], module: &ModuleId, source: Option<&Prepared>, reporter: &dyn Reporter) -> Result<()> {
    made.iter().flat_map(|package| &package.warnings).for_each(|warning| reporter.warn(warning.clone()));
    reporter.document(document::packages(made, module, source)?);
    Ok(())
}

/// One package of those that are asked for, but for its template.
fn request<'a>(
    call: &PackageCall,
    goal: &Goal,
    wishes: &Wishes,
    key: Option<&'a SigningKey>,
    input: &input::Input,
) -> PackageRequest<'a> {
    let args = &call.args;
    PackageRequest {
        format: goal.format,
        wishes: Wishes { profile: goal.profile.clone(), ..wishes.clone() },
        scriptlets: match args.scriptlets {
            ScriptletsArg::Portable => Scriptlets::Portable,
            ScriptletsArg::None => Scriptlets::None,
        },
        compression: compression(args, goal),
        place: place(args, goal, call.product, input.registered.as_deref()),
        existing: if args.force { Existing::Replace } else { Existing::Keep },
        template: None,
        key: key.filter(|_| goal.format == Format::Rpm && goal.profile.as_ref().is_none_or(|it| it.recipe.is_none())),
        provenance: args
            .provenance
            .then(|| Provenance { archive: Some(input.path.clone()).filter(|path| path.is_file()) }),
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Goal {
    format: Format,
    profile: Option<Profile>,
    /// `--for portable`
    portable: bool,
}

/// What `--for` asks of the product.
fn goals(call: &PackageCall) -> Result<Vec<Goal>> {
    let bad = |text: String| Error::new(Kind::BadOption, text);
    let known = format!("known are {}, and later releases of these", Profile::EXAMPLES);
    let format = match call.product {
        Product::Deb | Product::Dsc => Some(Format::Deb),
        Product::Rpm | Product::Spec => Some(Format::Rpm),
        Product::Pkg => None,
    };
    let names = &call.args.profiles;
    let mut goals: Vec<Goal> = Vec::new();
    for name in names {
        if let ("portable", Some(format)) = (name.as_str(), format) {
            goals.push(Goal { format, profile: None, portable: true });
            continue;
        }
        let profile = Profile::named(name).map_err(|error| bad(error.to_string()).hint(&known))?;
        if format.is_some_and(|format| format != profile.format) {
            let other = match profile.format {
                Format::Deb => "mkdeb or mkpkg",
                Format::Rpm => "mkrpm or mkpkg",
                Format::Pac => "mkpkg",
            };
            return Err(bad(format!("{name} takes packages of another format")).hint(format!("use {other}")));
        }
        if call.args.binaries && (profile.format == Format::Pac || profile.recipe.is_some()) {
            return Err(bad(format!("packages of built modules are not made for {name}")).hint(
                "its kernels are replaced by the next, so the source is packaged, which the hooks of DKMS build",
            ));
        }
        if profile.recipe.is_some() && call.product != Product::Pkg {
            return Err(bad(format!("{name} takes a recipe and no package")).hint("use mkpkg"));
        }
        if call.args.provenance && profile.recipe.is_some() {
            return Err(bad(format!("--provenance tells of a package, and {name} takes a recipe")));
        }
        let goal = Goal { format: profile.format, profile: Some(profile), portable: false };
        if !goals.contains(&goal) {
            goals.push(goal);
        }
    }
    match (format, goals.len()) {
        (Some(format), 0) => Ok(vec![Goal { format, profile: None, portable: false }]),
        (None, 0) => Err(bad("mkpkg needs to know for which distributions".to_owned())
            .hint(format!("say --for debian12,el9 or the like; {known}"))),
        (Some(_), 2..) => Err(bad("one distribution at a time".to_owned()).hint("mkpkg makes packages for several")),
        _ => Ok(goals),
    }
}

/// The arguments about the source, with nothing left open.
fn source_request(
    args: &PackageArgs,
    input: &input::Input,
    system: &System,
    framework: &Framework,
) -> Result<SourceRequest> {
    Ok(SourceRequest {
        input: input.path.clone(),
        conf: args.conf.clone(),
        name: args.name.clone().or(input.id.as_ref().map(|id| id.name.to_string())),
        version: match args.version_from_tag {
            true => Some(checkout::tags::tagged_version(&input.path)?),
            false => args.version.clone().or(input.id.as_ref().map(|id| id.version.to_string())),
        },
        files: if args.untracked { Files::All } else { Files::Tracked },
        limits: args.max_size.map_or_else(Limits::default, Limits::of_size),
        date: source_date(system)?,
        temporary: system.path(&framework.tmp_location),
    })
}

fn place(args: &PackageArgs, goal: &Goal, product: Product, registered: Option<&Path>) -> Place {
    let (below, suffix) = match goal.format {
        Format::Deb => ("deb", "deb"),
        Format::Rpm => ("rpm", "rpm"),
        Format::Pac => ("pac", "zst"),
    };
    match (&goal.profile, product) {
        // Each distribution has a folder of its own, which can become a repository of its own.
        (Some(profile), Product::Pkg) => {
            let folder = args.output.clone().unwrap_or_else(|| PathBuf::from("."));
            Place::Folder(folder.join(&profile.name))
        }
        (_, Product::Dsc) => input::place(args.output.as_deref(), "dsc", registered, &[]),
        (_, Product::Spec) => input::place(args.output.as_deref(), "spec", registered, &[]),
        _ => input::place(args.output.as_deref(), below, registered, &[suffix]),
    }
}

fn compression(args: &PackageArgs, goal: &Goal) -> Option<Compression> {
    let chosen = args.compress.map(|method| match method {
        CompressionArg::Gzip => Compression::Gzip,
        CompressionArg::Xz => Compression::Xz,
        CompressionArg::Zstd => Compression::Zstd,
    });
    chosen.or(goal.portable.then_some(Compression::Gzip))
}

fn signing_key(args: &PackageArgs, goals: &[Goal]) -> Result<Option<SigningKey>> {
    let Some(file) = &args.sign_key else { return Ok(None) };
    if goals.iter().all(|goal| goal.format != Format::Rpm) {
        return Err(Error::new(
            Kind::BadOption,
            "only RPMs are signed one by one; for other packages their repository is",
        )
        .hint("`dkms mkrepo DIR --sign-key FILE` signs a repository"));
    }
    signing_key::read(file, args.sign_passphrase_file.as_deref()).map(Some)
}

/// `4G`, `100M`, `4096`.
fn bytes(text: &str) -> std::result::Result<u64, String> {
    let units = [('K', 10), ('M', 20), ('G', 30), ('T', 40)];
    let shift = units.iter().find(|(unit, _)| text.to_ascii_uppercase().ends_with(*unit)).map(|(_, shift)| *shift);
    let digits = if shift.is_some() { &text[..text.len() - 1] } else { text };
    let number: u64 = digits.parse().map_err(|_| "a number of bytes is needed, such as 4G".to_owned())?;
    number.checked_mul(1 << shift.unwrap_or(0)).ok_or_else(|| "that is more than any file system holds".to_owned())
}

#[cfg(test)]
mod tests;
