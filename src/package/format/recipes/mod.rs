//! Recipes for those who build modules in their own way: Alpine's akms, Fedora's akmods, SUSE's kernel module packages, Nix.
//! Each folder holds the recipe, the source archive and the files that it names. They are texts: what the recipe's own tools
//! make of them is theirs.

mod akmod;
mod apk;
mod kmp;
mod nix;

use crate::error::Result;
use crate::package::description::extra::Extra;
use crate::package::description::info::PackageInfo;
use crate::package::format::{pac, spec};
use crate::package::input::payload::Payload;
use crate::package::module::instructions::{Instructions, Product};
use crate::package::module::survey::one_line;
use crate::package::words::profile::Recipe;
use crate::sys::shell_words::quoted;

/// What a recipe is made from.
pub(crate) struct Ingredients<'a> {
    pub(crate) info: &'a PackageInfo,
    pub(crate) payload: &'a Payload,
    pub(crate) instructions: &'a Instructions,
    /// The source archive and the files besides, with their SHA-512.
    pub(crate) sources: &'a [(String, String)],
}

/// Names and texts; that which names the others is the last one.
pub(crate) type Texts = Vec<(String, String)>;

pub(crate) fn texts(recipe: Recipe, from: &Ingredients) -> Result<Texts> {
    match recipe {
        Recipe::Alpine => apk::texts(from),
        Recipe::Akmod => Ok(akmod::texts(from)),
        Recipe::Kmp => Ok(kmp::texts(from)),
        Recipe::Nix => Ok(nix::texts(from)),
    }
}

/// What the package is called.
pub(crate) fn name(recipe: Recipe, module: &str) -> String {
    match recipe {
        Recipe::Alpine => format!("{}-src", module.to_ascii_lowercase()),
        Recipe::Akmod => format!("{module}-kmod"),
        Recipe::Kmp | Recipe::Nix => module.to_owned(),
    }
}

/// A command for each module: `install … FOLDER/MODULE.ko`.
fn install(products: &[Product], options: &str, from: &str, into: &str) -> String {
    let line = |product: &Product| {
        format!("install -D {options} {from}{} {into}/{}\n", quoted(&product.path), quoted(&product.file))
    };
    products.iter().map(line).collect()
}

fn needs_patch(instructions: &Instructions) -> bool {
    instructions.steps.iter().any(|step| step.contains("patch -p1 < "))
}

/// Files with bytes of their own, and where they go.
fn brought(info: &PackageInfo) -> impl Iterator<Item = (String, &Extra, u32)> {
    pac::files(info).map(|(name, extra, file)| (name, extra, file.mode()))
}

/// Marks that both specs have.
fn of_spec<'a>(from: &Ingredients) -> Vec<(&'a str, String)> {
    let info = from.info;
    let numbered = (1..).zip(brought(info));
    let (mut sources, mut extras, mut files) = (String::new(), String::new(), String::new());
    for (number, (name, extra, mode)) in numbered {
        let path = spec::literal(&extra.path);
        sources += &format!("Source{number}: {}\n", spec::literal(&name));
        extras += &format!("install -D -p -m {mode:o} %{{SOURCE{number}}} %{{buildroot}}{path}\n");
        files += &format!("{}\n", spec::listed(extra));
    }
    let patch = if needs_patch(from.instructions) { "BuildRequires: patch\n".to_owned() } else { String::new() };
    vec![
        ("@NAME@", info.module.name.to_string()),
        ("@FOLDER@", spec::folder(info)),
        ("@SOURCES@", sources),
        ("@BUILDREQUIRES@", patch),
        ("@DESCRIPTION@", spec::description(info)),
        ("@STEPS@", spec::literal(&from.instructions.steps.join("\n"))),
        ("@EXTRAS@", extras),
        ("@FILES@", files),
        ("@CHANGELOG@", spec::changelog(info)),
    ]
}

/// Tags that both specs have; the release as it is.
fn tags(info: &PackageInfo, release: &str) -> String {
    let mut tags = vec![("Version", info.version.clone())];
    tags.extend(info.epoch.map(|epoch| ("Epoch", epoch.to_string())));
    tags.extend([("Summary", info.summary.clone()), ("License", info.license.clone())]);
    tags.push(("Group", "System/Kernel".to_owned()));
    tags.extend(info.url.clone().map(|url| ("URL", url)));
    let told = tags.iter().map(|(name, value)| format!("{name}: {}\n", spec::literal(&one_line(value))));
    format!("{}Release: {release}\n", told.collect::<String>())
}
