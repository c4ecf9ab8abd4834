//! `--binaries`: packages of what is built in the tree, one for each kernel.

use std::collections::BTreeMap;
use std::path::Path;

use super::args::PackageArgs;
use super::input::Input;
use super::{PackageCall, tell_json};
use crate::archive::output::Place;
use crate::cli::source_date::source_date;
use crate::cli::targets;
use crate::conf::Framework;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{ModuleId, Target};
use crate::package::built::{Built, make, not_built};
use crate::package::follower;
use crate::package::make::{Made, PackageRequest};
use crate::package::summary;
use crate::package::words::names;
use crate::report::Reporter;
use crate::sys::System;
use crate::tree::state::is_usual_release;
use crate::tree::{Layout, Tree};
use crate::version;

/// Makes a package for each kernel and each distribution.
pub(super) fn run(
    call: &PackageCall,
    input: &Input,
    (system, framework): (&System, &Framework),
    requests: &[PackageRequest],
    reporter: &dyn Reporter,
) -> Result<()> {
    let args = &call.args;
    let module = check(call, input)?;
    let layout = Layout::new(system.root(), &framework.dkms_tree, &framework.source_tree, &framework.install_tree);
    let wanted = wanted(args, module, &layout, system)?;
    one_file_each(requests, (wanted.len(), args.follow))?;
    let read = |target: &Target| {
        let symvers = layout.kernel_modules(target).join("build/Module.symvers");
        Built::read(module, target, &layout.built_modules(module, target), &symvers)
    };
    // All are looked at before the first package is written.
    let built = wanted.iter().map(read).collect::<Result<Vec<Built>>>()?;
    requests.iter().try_for_each(|request| one_build_a_stream(request, &built, args.follow))?;
    let date = source_date(system)?;
    let told = |package: Made| {
        if !args.tell.json {
            summary::tell(&package, None, reporter);
        }
        package
    };
    let mut made = Vec::new();
    for request in requests {
        let packages: Result<Vec<Made>> =
            built.iter().map(|built| make(built, request, date, reporter).map(told)).collect();
        let packages = packages?;
        let followers = if args.follow { followers(&packages, request, reporter)? } else { Vec::new() };
        made.extend(packages.into_iter().chain(followers.into_iter().map(told)));
    }
    if args.tell.json { tell_json(&made, module, None, reporter) } else { Ok(()) }
}

/// For each flavour the package that needs those for its newest kernel.
pub(super) fn followers(packages: &[Made], request: &PackageRequest, reporter: &dyn Reporter) -> Result<Vec<Made>> {
    let mut newest: BTreeMap<Option<&str>, (&Made, &Target)> = BTreeMap::new();
    for package in packages {
        let Some(target) = &package.info.target else { continue };
        let (_, flavour) = names::flavoured(request.format, target.kernel.as_str());
        let is_newer =
            |(_, known): &(&Made, &Target)| version::compare(target.kernel.as_str(), known.kernel.as_str()).is_gt();
        if newest.get(&flavour).is_none_or(is_newer) {
            newest.insert(flavour, (package, target));
        }
    }
    newest.into_values().map(|(package, target)| follower::make(&package.info, target, request, reporter)).collect()
}

/// Refuses what makes no sense together; gives the module.
fn check<'a>(call: &PackageCall, input: &'a Input) -> Result<&'a ModuleId> {
    let bad = |text: &str| Error::new(Kind::BadOption, text);
    if call.args.source_only {
        return Err(Error::new(Kind::OnlyAndOnly, "--binaries and --source-only exclude each other"));
    }
    input.id.as_ref().ok_or_else(|| {
        bad("--binaries packages what is built in the tree, and this is a source")
            .hint("add and build it, then name it as NAME/VERSION")
    })
}

/// The kernels that were named, else those that there are builds for.
fn wanted(args: &PackageArgs, module: &ModuleId, layout: &Layout, system: &System) -> Result<Vec<Target>> {
    targets::same_number(args.kernels.len(), args.arches.len())?;
    let entry = Tree::new(layout.clone()).module(module).map_err(|error| Error::io("cannot read the tree", error))?;
    let entry = entry.ok_or_else(|| {
        Error::new(Kind::NotInTree, format!("{module} is not in the tree"))
            .hint(format!("add and build it first: dkms build {module}"))
    })?;
    let named = targets::paired(&args.kernels, &args.arches, system)?;
    if let Some(missing) = named.iter().find(|target| entry.build(target).is_none()) {
        return Err(not_built(module, missing));
    }
    let usual = entry.builds.iter().map(|build| &build.target).filter(|target| is_usual_release(&target.kernel));
    let targets = if named.is_empty() { usual.cloned().collect() } else { named };
    if targets.is_empty() {
        return Err(Error::new(Kind::NotBuilt, format!("{module} is not built for any kernel"))
            .hint(format!("build it first: dkms build {module} -k KVER")));
    }
    Ok(targets)
}

/// One build serves all kernels of a stream, and its package bears the name of none.
pub(super) fn one_build_a_stream(request: &PackageRequest, built: &[Built], follow: bool) -> Result<()> {
    let profile = request.wishes.profile.as_ref();
    if follow && built.iter().any(|built| built.is_stream(profile)) {
        return Err(Error::new(Kind::BadOption, "a package of a kABI stream follows the kernels by itself")
            .hint("leave --follow out"));
    }
    let mut kernels = built.iter().filter(|built| built.is_stream(profile)).map(Built::kernel);
    let (Some(first), Some(next)) = (kernels.next(), kernels.next()) else { return Ok(()) };
    let message = format!(
        "the builds for {first} and {next} would be packages of one name: each serves all kernels of its stream"
    );
    Err(Error::new(Kind::BadOption, message)
        .hint(format!("name one kernel, the oldest that is to be served: -k {first}")))
}

/// One file cannot hold several packages.
fn one_file_each(requests: &[PackageRequest], (kernels, follow): (usize, bool)) -> Result<()> {
    let kernels = kernels + usize::from(follow);
    let into_file = |request: &PackageRequest| matches!(&request.place, Place::File(_));
    match requests.iter().find(|request| kernels > 1 && into_file(request)) {
        Some(PackageRequest { place: Place::File(file), .. }) => {
            let (file, folder) = (file.display(), file.parent().unwrap_or(Path::new(".")).display());
            let text = format!("{file} is one file, and there are packages for {kernels} kernels");
            Err(Error::new(Kind::BadOption, text)
                .hint(format!("name a folder, such as {folder}, or one kernel with -k")))
        }
        _ => Ok(()),
    }
}
