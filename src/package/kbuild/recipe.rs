//! How a person's `make` has the kernel build the modules: the commands of recipes, read and not run.

use std::collections::{BTreeMap, BTreeSet};

use super::folder::joined;
use super::makefile::{Make, Mode, Recipe};
use super::place::Place;
use super::world::{ROOT, World, below, is_opaque};

/// Makefiles that call makefiles in other folders.
const MAX_DEPTH: usize = 8;
/// Commands that are looked at.
const MAX_COMMANDS: usize = 200;

/// `make -C KERNEL M=FOLDER NAME=VALUE…`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KernelMake {
    /// The folder below the source for which the kernel builds.
    pub(super) folder: String,
    /// What is set on the command line, as far as it is known, with the place of the command.
    pub(super) variables: Vec<(String, String)>,
    pub(super) place: Place,
}

/// What the recipes of a source come to.
#[derive(Debug, Default)]
pub(super) struct Recipes {
    /// In the order in which make would meet them.
    pub(super) builds: Vec<KernelMake>,
    /// Variables that are exported to the kernel's makefiles.
    pub(super) exported: Vec<(String, String)>,
    /// INSTALL_MOD_DIR, where it is known.
    pub(super) install: Option<(String, Place)>,
    seen: BTreeSet<String>,
    commands: usize,
}

/// Variables that say how to build and not what, or that DKMS and the kernel set themselves.
const NOT_KEPT: [&str; 18] = [
    "M",
    "SUBDIRS",
    "KBUILD_EXTMOD",
    "ARCH",
    "CROSS_COMPILE",
    "CC",
    "LD",
    "HOSTCC",
    "LLVM",
    "V",
    "O",
    "W",
    "C",
    "KBUILD_VERBOSE",
    "INSTALL_MOD_PATH",
    "INSTALL_MOD_DIR",
    "DESTDIR",
    "CONFIG_MODULE_SIG",
];

/// Reads the makefile of a folder as a person's make does.
pub(super) fn read(world: &mut World<'_>, folder: &str, into: &mut Recipes, depth: usize) {
    let file = ["GNUmakefile", "makefile", "Makefile"]
        .iter()
        .map(|name| joined(folder, name))
        .find(|path| world.files.contains_key(path));
    let Some(file) = file.filter(|_| depth < MAX_DEPTH && into.seen.insert(folder.to_owned())) else { return };
    let mut make = Make::new(world, Mode::Plain, folder);
    make.read(&file);
    let recipes = std::mem::take(&mut make.recipes);
    let mut others = Vec::new();
    for at in order(&recipes) {
        commands(&mut make, &recipes[at], into, &mut others);
    }
    for name in make.exported.clone() {
        let value = make.variable(&name);
        let known = value.plain().map(str::trim).filter(|text| !text.is_empty() && can_be_passed(&name, text));
        into.exported.extend(known.map(|text| (name, text.to_owned())));
    }
    for other in others {
        read(world, &other, into, depth + 1);
    }
}

/// Rules in the order in which building the usual targets meets them, then the rest.
fn order(recipes: &[Recipe]) -> Vec<usize> {
    let mut by_target: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, recipe) in recipes.iter().enumerate() {
        recipe.targets.iter().for_each(|target| by_target.entry(target.as_str()).or_default().push(at));
    }
    let first = recipes.iter().flat_map(|recipe| &recipe.targets).find(|target| !target.starts_with('.'));
    let usual = ["all", "modules", "default", "build", "module"];
    let mut open: Vec<&str> = first.into_iter().map(String::as_str).chain(usual).rev().collect();
    let (mut order, mut seen) = (Vec::new(), BTreeSet::new());
    while let Some(target) = open.pop() {
        for at in by_target.remove(target).unwrap_or_default() {
            if seen.insert(at) {
                order.push(at);
                open.extend(recipes[at].prerequisites.iter().rev().map(String::as_str));
            }
        }
    }
    order.extend((0..recipes.len()).filter(|at| !seen.contains(at)));
    order
}

/// The commands of a recipe that build, and the folders in which it calls make.
fn commands(make: &mut Make<'_, '_>, recipe: &Recipe, into: &mut Recipes, others: &mut Vec<String>) {
    let unwanted = |target: &String| ["clean", "help", "check", "test"].iter().any(|word| target.contains(word));
    let is_build = !recipe.targets.iter().any(|target| unwanted(target) || target.contains("install"));
    if recipe.targets.iter().all(unwanted) && !recipe.targets.is_empty() {
        return;
    }
    for (place, line) in &recipe.lines {
        make.place = place.clone();
        make.target = recipe.targets.first().cloned();
        let expanded = make.expand(line).shown();
        make.target = None;
        for command in expanded.split([';', '|', '&']).filter(|command| !command.trim().is_empty()) {
            into.commands += 1;
            if into.commands > MAX_COMMANDS {
                return;
            }
            let Some(call) = Call::read(command, &make.folder) else { continue };
            if let Some((_, value)) = call.variables.iter().find(|(name, _)| name == "INSTALL_MOD_DIR")
                && !is_opaque(value)
                && !value.is_empty()
            {
                into.install.get_or_insert_with(|| (value.clone(), place.clone()));
            }
            if !is_build && recipe.targets.len() == 1 {
                continue;
            }
            call.sort(make, place, into, others);
        }
    }
}

struct Call {
    folder: Option<String>,
    variables: Vec<(String, String)>,
    goals: Vec<String>,
}

impl Call {
    fn read(command: &str, folder: &str) -> Option<Self> {
        let here = super::world::absolute(folder);
        let command = ["$(PWD)", "${PWD}", "$PWD", "`pwd`", "$(pwd)", "$(CURDIR)"]
            .iter()
            .fold(command.to_owned(), |text, word| text.replace(word, &here));
        let bare: String = command.chars().filter(|c| !['"', '\'', '\\'].contains(c)).collect();
        let mut words = bare.split_whitespace().map(|word| word.trim_start_matches(['@', '-', '+'])).peekable();
        // `VAR=x make …`, `env VAR=x make …`
        while words.peek().is_some_and(|word| word.is_empty() || word.contains('=') || *word == "env" || *word == "+") {
            words.next();
        }
        let program = words.next()?;
        let name = program.rsplit('/').next().unwrap_or(program);
        if !["make", "gmake"].contains(&name) {
            return None;
        }
        let mut call = Self { folder: None, variables: Vec::new(), goals: Vec::new() };
        // Dashes of options were taken away above; here they count.
        let mut words = bare.split_whitespace().skip_while(|word| !word.ends_with(program)).skip(1).peekable();
        while let Some(word) = words.next() {
            match word {
                // Of a folder in a variable of the environment nothing is left here.
                "-C" | "--directory" => call.folder = words.next_if(|word| !word.contains('=')).map(str::to_owned),
                "-f" | "-j" | "-I" | "-o" | "-W" => drop(words.next()),
                _ if word.starts_with("-C") => call.folder = Some(word[2..].to_owned()),
                _ if word.starts_with("--directory=") => call.folder = Some(word["--directory=".len()..].to_owned()),
                _ if word.starts_with('-') => {}
                _ => call.argument(word),
            }
        }
        Some(call)
    }

    /// A variable or a goal.
    fn argument(&mut self, word: &str) {
        match word.split_once('=') {
            Some((name, value)) => {
                let name = name.trim_end_matches([':', '?', '+']);
                self.variables.push((name.to_owned(), value.to_owned()));
            }
            None => self.goals.push(word.to_owned()),
        }
    }

    /// Puts a call of the kernel's make among the builds, and one in a folder of the source among the others.
    fn sort(self, make: &mut Make<'_, '_>, place: &Place, into: &mut Recipes, others: &mut Vec<String>) {
        let builds =
            self.goals.is_empty() || self.goals.iter().any(|goal| !goal.contains("clean") && !goal.contains("install"));
        if !builds {
            return;
        }
        let kernel = self.variables.iter().find(|(name, _)| ["M", "SUBDIRS", "KBUILD_EXTMOD"].contains(&name.as_str()));
        if let Some((_, value)) = kernel {
            let folder = if value.is_empty() { Some(make.folder.clone()) } else { below(value, &make.folder) };
            let Some(folder) = folder else {
                let shown = make.world.shown(value);
                make.world.note(place, format!("has the kernel build {shown}, which is known only when it is built"));
                return;
            };
            let variables = self.variables.into_iter().filter(|(name, value)| can_be_passed(name, value)).collect();
            into.builds.push(KernelMake { folder, variables, place: place.clone() });
        } else if let Some(sub) = self.folder {
            let path = below(&sub, &make.folder).filter(|path| *path != make.folder && !sub.starts_with('/'));
            others.extend(path.filter(|_| sub.contains(ROOT) || !is_opaque(&sub)));
        }
    }
}

/// Whether a variable of a command line can be repeated in a dkms.conf: a name, and a plain text that is known.
fn can_be_passed(name: &str, value: &str) -> bool {
    let is_name =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    let is_plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-+=.,:/".contains(&byte));
    is_name && is_plain && !value.is_empty() && !NOT_KEPT.contains(&name)
}
