//! A whole source: what its makefiles call, what the kernel builds of that, and which call of make does it.

use std::collections::{BTreeMap, BTreeSet};

use super::call::{KernelMake, Other, is_configure_test};
use super::folder::{FLAGS, Found, Walk, kbuild_file};
use super::guard::Guard;
use super::kconfig::{self, Setting};
use super::place::{Note, Place};
use super::recipe::{self, Recipes};
use super::world::{self, World};
use super::{Author, Build, Module, Need, Reading, guard};

/// Folders that are tried where no makefile says which one to build.
const MAX_FOLDERS: usize = 50;
/// Folders that are named though nothing leads there.
const MAX_ASIDE: usize = 5;

/// Variables of a command line that the kernel's makefiles add to every compilation (Documentation/kbuild/kbuild.rst).
const KERNEL_FLAGS: [&str; 7] =
    ["KCFLAGS", "KCPPFLAGS", "KAFLAGS", "CFLAGS_MODULE", "AFLAGS_MODULE", "LDFLAGS_MODULE", "KBUILD_EXTRA_SYMBOLS"];

/// Reads the makefiles of a source, from this one on or from the one that make takes by itself.
pub(super) fn read(files: &BTreeMap<String, String>, first: Option<String>) -> Reading {
    let mut world = World::new(files);
    let mut recipes = Recipes::default();
    recipe::read(&mut world, &Other { file: first, ..Other::default() }, &mut recipes, 0);
    // What a person's make computes that is not about the modules is nobody's concern.
    let mut aside: Vec<Note> = std::mem::take(&mut world.notes);
    world.errors.clear();
    world.lost.clear();
    let mut source = Source {
        options: kconfig::options(files),
        recipes,
        found: Vec::new(),
        builds: Vec::new(),
        unsaid: Vec::new(),
        own: Vec::new(),
    };
    source.called(&mut world);
    if source.found.is_empty() {
        source.guessed(&mut world);
    }
    let mut reading = Reading { install: source.recipes.install.clone(), ..Reading::default() };
    reading.lost = std::mem::take(&mut source.recipes.lost);
    reading.kernel = source.recipes.kernel.iter().map(|(name, _)| name.clone()).collect();
    reading.author = source.author(&mut reading.lost);
    reading.builds = source.builds;
    if world.is_exhausted() {
        world.lose(&Place { file: "Makefile".to_owned(), line: 1 }, "takes too much to be read as a whole");
    }
    reading.modules = modules(&mut world, source.found);
    reading.needs = needs(&mut world);
    if reading.modules.is_empty() {
        world.notes.append(&mut aside);
    } else {
        unvisited(&mut world);
    }
    reading.notes = world.notes;
    reading.lost.append(&mut world.lost);
    reading
}

/// What a reading left in the world.
struct Told {
    notes: Vec<Note>,
    lost: Vec<Note>,
    errors: Vec<(Guard, String, Place)>,
}

impl Told {
    fn of(world: &World<'_>) -> Self {
        Self { notes: world.notes.clone(), lost: world.lost.clone(), errors: world.errors.clone() }
    }

    fn put(self, world: &mut World<'_>) {
        (world.notes, world.lost, world.errors) = (self.notes, self.lost, self.errors);
    }
}

struct Source {
    options: BTreeMap<String, Setting>,
    recipes: Recipes,
    found: Vec<Found>,
    builds: Vec<Build>,
    /// Variables that modules take and of which only the author's make knows the value.
    unsaid: Vec<(String, Place)>,
    /// Variables that are set because the source declares them, not because its author's make sets them.
    own: Vec<(String, String)>,
}

fn same(one: &Found, other: &Found) -> bool {
    (&one.name, &one.folder) == (&other.name, &other.folder)
}

impl Source {
    /// The top of the source, and what its makefiles have the kernel build.
    fn called(&mut self, world: &mut World<'_>) {
        let mut calls = self.recipes.builds.clone();
        if !calls.iter().any(|call| call.folder.is_empty()) {
            calls.insert(0, KernelMake { folder: String::new(), variables: Vec::new(), unsaid: Vec::new() });
        }
        let mut seen: Vec<&KernelMake> = Vec::new();
        for call in &calls {
            if world::is_plain(&call.folder) && !seen.contains(&call) {
                seen.push(call);
                self.take(world, call);
            }
        }
    }

    /// Every folder with a makefile, upper ones first, but for those below one that has modules.
    fn guessed(&mut self, world: &mut World<'_>) {
        let folders: BTreeSet<&str> = world
            .files
            .keys()
            .filter_map(|path| {
                let (folder, name) = path.rsplit_once('/')?;
                ["Kbuild", "Makefile"].contains(&name).then_some(folder)
            })
            .collect();
        let mut folders: Vec<&str> =
            folders.into_iter().filter(|folder| world::is_plain(folder) && !is_aside(folder)).collect();
        folders.sort_by_key(|folder| folder.matches('/').count());
        let mut taken: Vec<&str> = Vec::new();
        for folder in folders.into_iter().take(MAX_FOLDERS) {
            if taken.iter().any(|upper| folder.strip_prefix(upper).is_some_and(|rest| rest.starts_with('/'))) {
                continue;
            }
            let call = KernelMake { folder: folder.to_owned(), variables: Vec::new(), unsaid: Vec::new() };
            if self.take(world, &call) {
                taken.push(folder);
            }
        }
    }

    /// Reads what a call builds; whether that is anything new.
    fn take(&mut self, world: &mut World<'_>, call: &KernelMake) -> bool {
        let (notes, lost, errors) = (world.notes.len(), world.lost.len(), world.errors.len());
        let (modules, variables) = self.build(world, call);
        let is_new = modules.iter().any(|module| !self.found.iter().any(|known: &Found| same(known, module)));
        if is_new {
            self.builds.push(Build { folder: call.folder.clone(), variables });
            self.found.extend(modules);
        } else if !self.found.is_empty() {
            world.notes.truncate(notes);
            world.lost.truncate(lost);
            world.errors.truncate(errors);
        }
        is_new
    }

    /// What the kernel builds of a folder, and the variables that it takes: those of the author's own call that the makefiles
    /// use, those that a Kconfig of the source declares, since no kernel has them, and the folder of the source where a
    /// makefile asks make in which one it runs.
    fn build(&mut self, world: &mut World<'_>, call: &KernelMake) -> (Vec<Found>, Vec<(String, String)>) {
        let before = Told::of(world);
        let (found, own) = self.first(world, call);
        let mut variables = self.variables(world, call);
        let given = variables.len();
        variables.extend(own);
        if variables.is_empty() {
            return (found, variables);
        }
        before.put(world);
        let (with, told) = self.read_with(world, call, &variables);
        // What the author sets may serve alone: then the options of the source are another way to the same.
        if given < variables.len() {
            let (without, other) = self.read_with(world, call, &variables[..given]);
            if without.len() > with.len() {
                variables.truncate(given);
                other.put(world);
                return (without, variables);
            }
            self.own.extend(variables[given..].iter().filter(|(name, _)| name.starts_with("CONFIG_")).cloned());
        }
        told.put(world);
        (with, variables)
    }

    /// Reads a folder without any variable: what is found, and what the source declares of what was asked for, with the
    /// folder of the source where a makefile asks make in which one it runs.
    fn first(&self, world: &mut World<'_>, call: &KernelMake) -> (Vec<Found>, Vec<(String, String)>) {
        world.used.clear();
        world.asked.clear();
        world.here.clear();
        let off = self.options.iter().filter(|(_, setting)| **setting == Setting::Off);
        let off: Vec<(String, String)> = off.map(|(name, _)| (name.clone(), String::new())).collect();
        let mut walk = Walk::new(world, &off);
        walk.read(&call.folder);
        let found = walk.found;
        let is_given = |name: &str| {
            call.variables.iter().any(|(known, _)| known == name)
                || world.asked.contains(name) && self.recipes.exported.iter().any(|(known, _)| known == name)
        };
        let is_free = |name: &&String| world.used.contains(*name) && !is_given(name);
        let here = world.here.iter().filter(is_free).map(|name| (name.clone(), world::ROOT.to_string()));
        let options = self.options.iter().filter(|(name, _)| is_free(name));
        let set = options.filter_map(|(name, setting)| match setting {
            Setting::Module => Some((name.clone(), "m".to_owned())),
            Setting::On => Some((name.clone(), "y".to_owned())),
            Setting::Off => None,
        });
        (found, set.chain(here).collect())
    }

    /// Variables of the author's own call that the makefiles use, after a first reading of them.
    fn variables(&mut self, world: &World<'_>, call: &KernelMake) -> Vec<(String, String)> {
        let is_taken = |name: &str| world.used.contains(name) || FLAGS.contains(&name) || KERNEL_FLAGS.contains(&name);
        self.unsaid.extend(call.unsaid.iter().filter(|(name, _)| is_taken(name)).cloned());
        let given = call.variables.iter().filter(|(name, _)| is_taken(name));
        // What the environment holds, makefiles change.
        let exported = self.recipes.exported.iter().filter(|(name, _)| world.asked.contains(name));
        let mut variables: Vec<(String, String)> = Vec::new();
        for (name, value) in given.chain(exported) {
            if !variables.iter().any(|(known, _)| known == name) {
                variables.push((name.clone(), value.clone()));
            }
        }
        variables
    }

    /// What is found with these variables, and what was said about it.
    fn read_with(
        &self,
        world: &mut World<'_>,
        call: &KernelMake,
        variables: &[(String, String)],
    ) -> (Vec<Found>, Told) {
        let before = Told::of(world);
        let off = self.options.iter().filter(|(name, _)| !variables.iter().any(|(known, _)| known == *name));
        let fixed: Vec<(String, String)> =
            variables.iter().cloned().chain(off.map(|(name, _)| (name.clone(), String::new()))).collect();
        let mut walk = Walk::new(world, &fixed);
        walk.read(&call.folder);
        let found: Vec<Found> = walk.found;
        let is_possible = |found: &Found| !guard::settle(&found.guards, &world.atoms).never;
        let found = found.into_iter().filter(is_possible).collect();
        let told = Told::of(world);
        before.put(world);
        (found, told)
    }

    /// The author's own make, if the kernel's alone does not do what is needed; where it cannot be told for which kernel,
    /// that is lost.
    fn author(&self, lost: &mut Vec<Note>) -> Option<Author> {
        let mut why = self.recipes.helpers.clone();
        why.extend(self.unsaid.iter().map(|(name, place)| {
            let sentence = format!("gives {name} a value that only make can tell");
            Note { place: place.clone(), sentence }
        }));
        why.dedup();
        if why.is_empty() || self.recipes.builds.is_empty() {
            return None;
        }
        if self.recipes.kernel.is_empty() {
            lost.extend(why.into_iter().map(|note| {
                let sentence =
                    format!("{}, and no variable tells this makefile for which kernel to build", note.sentence);
                Note { sentence, ..note }
            }));
            return None;
        }
        let mut variables: Vec<(String, String)> =
            self.recipes.kernel.iter().map(|(name, mark)| (name.clone(), mark.to_string())).collect();
        variables.extend(self.own.iter().cloned());
        variables.dedup();
        Some(Author { goal: self.recipes.goal.clone(), variables, why })
    }
}

/// Whether a folder by its name holds tests and examples, which nobody installs.
fn is_aside(folder: &str) -> bool {
    let names = [
        "test",
        "tests",
        "testing",
        "selftest",
        "selftests",
        "kunit",
        "example",
        "examples",
        "sample",
        "samples",
        "doc",
        "docs",
        "debian",
        "template",
        "templates",
    ];
    folder.split('/').any(|part| names.contains(&part)) || is_configure_test(folder)
}

/// Notes makefiles that name modules and to which nothing leads.
fn unvisited(world: &mut World<'_>) {
    let folders: BTreeSet<&str> = world.files.keys().filter_map(|path| Some(path.rsplit_once('/')?.0)).collect();
    let mut told = 0;
    for folder in folders {
        let below_visited = |visited: &String| !visited.is_empty() && folder.starts_with(&format!("{visited}/"));
        if world.visited.contains(folder)
            || is_aside(folder)
            || world.visited.iter().any(below_visited)
            || told >= MAX_ASIDE
        {
            continue;
        }
        let Some(file) = kbuild_file(world.files, folder) else { continue };
        let text = world.files.get(&file).map(String::as_str).unwrap_or_default();
        let line = text.lines().position(|line| line.starts_with("obj-m") || line.starts_with("obj-$(CONFIG"));
        if let Some(line) = line {
            told += 1;
            world.note(&Place { file, line: line + 1 }, "names modules as well, but no makefile above leads there");
        }
    }
}

/// Settles the conditions of what was found.
fn modules(world: &mut World<'_>, found: Vec<Found>) -> Vec<Module> {
    let mut modules: Vec<Module> = Vec::new();
    for module in found {
        let known = modules.iter().any(|known| (&known.name, &known.folder) == (&module.name, &module.folder));
        let settled = guard::settle(&module.guards, &world.atoms);
        if settled.never || known {
            continue;
        }
        let needs = settled.needs.into_iter().map(|(name, is_set)| Need { name, is_set }).collect();
        let depends: Vec<String> = settled.rest.iter().map(|text| world.shown(text)).collect();
        if !depends.is_empty() {
            let sentence = format!("whether {}.o is built depends on: {}", module.name, depends.join("; "));
            world.note(&module.place, sentence);
        }
        modules.push(Module {
            name: module.name,
            folder: module.folder,
            place: module.place,
            parts: module.parts,
            needs,
            depends,
        });
    }
    modules
}

/// What `$(error …)` asks of the kernel's configuration.
fn needs(world: &mut World<'_>) -> Vec<(Need, Place)> {
    let mut needs: Vec<(Need, Place)> = Vec::new();
    for (guard, text, place) in std::mem::take(&mut world.errors) {
        let settled = guard.not().map(|not| guard::settle(&[not], &world.atoms));
        match settled {
            Some(settled) if settled.rest.is_empty() && !settled.never => {
                for (name, is_set) in settled.needs {
                    let need = Need { name, is_set };
                    if !needs.iter().any(|(known, _)| *known == need) {
                        needs.push((need, place.clone()));
                    }
                }
            }
            _ => world.note(&place, format!("ends the build with an error in some cases: {text}")),
        }
    }
    needs
}
