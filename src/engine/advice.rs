//! What to type where the headers of a kernel, or sources, are missing: a command that works on this machine, or what to look for.

use std::path::Path;

use crate::diagnose::Packages;
use crate::exit::Kind;
use crate::ids::Target;
use crate::step::{Omission, Plan, Reason};
use crate::sys::{System, hidden};

use crate::engine::app::App;
use crate::engine::verdict::Verdict;

/// Kernels that are named at most.
const SHOWN: usize = 4;

/// Gives errors about what is missing hints of this machine.
pub(crate) fn complete(app: &App, verdict: &mut Verdict) {
    let Verdict { error, others, plan, .. } = verdict;
    let sources = app.tree.layout().source_tree();
    for error in error.iter_mut().chain(others) {
        if error.kind() == Kind::Broken
            && let Some(why) = hidden::hidden(&app.system, &sources)
        {
            *error = error.clone().with_hints(vec![why]);
        }
        if error.kind() == Kind::HeadersMissing
            && let Some((on, target)) = missing(plan, error.message())
        {
            *error = error.clone().with_hints(hints(app, on, target));
        }
    }
}

/// What the omission with this text waits for.
fn missing<'p>(plan: &'p Plan, told: &str) -> Option<(&'p str, &'p Target)> {
    let found = |omission: &'p Omission| match &omission.reason {
        Reason::Pending { on, text, .. } if text == told => Some((on.as_str(), omission.target.as_ref()?)),
        _ => None,
    };
    plan.omissions.iter().find_map(found)
}

fn hints(app: &App, on: &str, target: &Target) -> Vec<String> {
    if let Some(why) = hidden(app, target) {
        return vec![why];
    }
    let others = app.kernels_with_headers().unwrap_or_default();
    let names: Vec<String> = others.iter().rev().take(SHOWN).map(|other| format!("-k {}", other.kernel)).collect();
    let is_here = app.tree.layout().kernel_modules(target).is_dir();
    let others = (!names.is_empty()).then(|| format!("kernels with headers here: {}", names.join(", ")));
    match others {
        Some(others) if !is_here => vec![others, whose(&app.system, on, target)],
        others => {
            let elsewhere = "headers that lie elsewhere are named with --kernelsourcedir DIR".to_owned();
            [install(&app.system, on), elsewhere].into_iter().chain(others).collect()
        }
    }
}

/// Whether the headers, or what leads to them, are hidden from us and may be there for others.
fn hidden(app: &App, target: &Target) -> Option<String> {
    let link = app.tree.layout().kernel_modules(target).join("build");
    let leads = fs_err::read_link(&link).ok().map(|leads| link.with_file_name("").join(leads));
    [Some(link), leads].into_iter().flatten().find_map(|place| hidden::hidden(&app.system, &place))
}

/// The package with the headers of a kernel that is not there; it may be a slip of the pen.
fn whose(system: &System, on: &str, target: &Target) -> String {
    unknown(system, packages(system), on).unwrap_or_else(|| format!("the headers of {} come with {on}", target.kernel))
}

fn packages(system: &System) -> Packages {
    let os = system.os_release().cloned().unwrap_or_default();
    Packages::of(&os.id, &os.id_like)
}

/// What is told where no package has this name.
fn unknown(system: &System, packages: Packages, on: &str) -> Option<String> {
    let is_unknown = packages == Packages::Apt && is_name(on) && is_known_to_apt(system, on) == Some(false);
    is_unknown.then(|| {
        format!(
            "no package source of this machine has {on}: run `apt-get update`; if it stays unknown, that kernel is not \
             offered any more, and `apt-cache search --names-only linux-headers` lists those that are"
        )
    })
}

/// How the package with the headers is installed, if that can be.
fn install(system: &System, on: &str) -> String {
    let packages = packages(system);
    let word = if on.contains(' ') { format!("'{on}'") } else { on.to_owned() };
    match packages.command().filter(|_| is_name(on)) {
        Some(command) => {
            unknown(system, packages, on).unwrap_or_else(|| match packages {
                // The name says no version, and zypper takes the newest.
                Packages::Zypper => format!(
                    "`{command} {word}`, then run this again; if that brings headers of another kernel, \
                     `zypper search -s {word}` lists which there are"
                ),
                _ => format!("`{command} {word}`, then run this again"),
            })
        }
        None => format!("install {on}, then run this again"),
    }
}

/// Some headers have no package of their own, and are described.
fn is_name(on: &str) -> bool {
    on.is_ascii() && !on.starts_with("the ")
}

/// Whether apt could install it. None where apt cannot be asked.
fn is_known_to_apt(system: &System, package: &str) -> Option<bool> {
    const APT_CACHE: &str = "apt-cache";
    if !system.has_program(APT_CACHE) {
        return None;
    }
    let question = system.command(Path::new("/"), APT_CACHE).args(["show", "--no-all-versions", package]);
    let answer = system.run(&question).ok()?;
    // What has a dot in it is an expression to apt, which finds other packages.
    let line = format!("Package: {package}");
    Some(answer.success() && String::from_utf8_lossy(&answer.stdout).lines().any(|other| other == line))
}
