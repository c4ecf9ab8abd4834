//! The modules that a source builds, read from its Kbuild files and makefiles. Nothing is run, nothing outside is read:
//! what only a build can tell is reported with its place. This room imports nothing from the rest of the crate.
//!
//! Sources: the kernel's Documentation/kbuild/{modules,makefiles}.rst for what the lists mean, the manual of GNU make for
//! the language.
//!
//! [`lines`] cuts a file into assignments, conditions and rules; [`makefile`] runs over them with a [`world`] of files and
//! variables; [`expand`] and [`function`] are make's `$(…)`. A [`value`] is several texts, each under a [`guard`], the conditions
//! that a kernel's configuration decides. [`folder`] makes modules of `obj-m`, [`recipe`] finds the calls of the kernel's make
//! in rules. Every statement has a [`place`].

mod expand;
mod folder;
mod function;
mod guard;
mod lines;
mod makefile;
mod place;
mod recipe;
mod value;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub(crate) use place::{Note, Place};

use folder::{Found, Walk};
use recipe::Recipes;
use world::World;

/// A variable of the kernel's configuration on which something depends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Need {
    /// `CONFIG_X`
    pub(crate) name: String,
    /// Whether it must be set (`y` or `m`) or must not.
    pub(crate) is_set: bool,
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.is_set { "" } else { "!" }, self.name)
    }
}

/// A module that the source builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Module {
    pub(crate) name: String,
    /// Its folder below the source; empty for the source itself.
    pub(crate) folder: String,
    /// Where a makefile says so.
    pub(crate) place: Place,
    /// The objects that it is linked from, below the source; none when it is made from one file of its name.
    pub(crate) parts: Vec<String>,
    /// What the kernel's configuration must have for it.
    pub(crate) needs: Vec<Need>,
    /// On what else it depends, as written.
    pub(crate) depends: Vec<String>,
}

/// One call of the kernel's make.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Build {
    /// The folder below the source that `M=` must name; empty for the source itself.
    pub(crate) folder: String,
    /// Variables that the call must set.
    pub(crate) variables: Vec<(String, String)>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// In the order of the makefiles.
    pub(crate) modules: Vec<Module>,
    /// The calls of make that build them, in order.
    pub(crate) builds: Vec<Build>,
    /// What the kernel's configuration must have for the whole, with the error that says so.
    pub(crate) needs: Vec<(Need, Place)>,
    /// INSTALL_MOD_DIR as the makefile sets it.
    pub(crate) install: Option<(String, Place)>,
    /// What could not be known.
    pub(crate) notes: Vec<Note>,
}

/// Whether a file is one whose text [`read`] looks at; of all others only the names count.
pub(crate) fn is_read(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stems = ["Makefile", "makefile", "GNUmakefile", "Kbuild", "Kconfig"];
    stems.iter().any(|stem| name.starts_with(stem))
        || [".mk", ".mak", ".make", ".inc", ".include"].iter().any(|end| name.ends_with(end))
}

/// Reads the makefiles of a source: paths below it (without `./`), each with the file's text, which may be empty for
/// files that [`is_read`] does not name.
pub(crate) fn read(files: &BTreeMap<String, String>) -> Reading {
    let mut world = World::new(files);
    let mut recipes = Recipes::default();
    recipe::read(&mut world, "", &mut recipes, 0);
    // What a person's make computes that is not about the modules is nobody's concern.
    let mut aside: Vec<Note> = std::mem::take(&mut world.notes);
    world.errors.clear();
    let mut reading = Reading { install: recipes.install.clone(), ..Reading::default() };
    let mut found = Vec::new();
    for folder in places(files, &recipes) {
        let own: Vec<&(String, String)> = recipes
            .builds
            .iter()
            .filter(|build| build.folder == folder)
            .take(1)
            .flat_map(|build| &build.variables)
            .collect();
        let (modules, variables) = build(&mut world, &folder, &own, &recipes.exported);
        let is_new = modules.iter().any(|module| !found.iter().any(|known: &Found| same(known, module)));
        if is_new {
            reading.builds.push(Build { folder, variables });
            found.extend(modules);
            if recipes.builds.is_empty() {
                break;
            }
        }
    }
    if world.is_exhausted() {
        world.note(&Place { file: "Makefile".to_owned(), line: 1 }, "takes too much to be read as a whole");
    }
    reading.modules = modules(&mut world, found);
    reading.needs = needs(&mut world);
    if reading.modules.is_empty() {
        world.notes.append(&mut aside);
    }
    reading.notes = world.notes;
    reading
}

fn same(one: &Found, other: &Found) -> bool {
    (&one.name, &one.folder) == (&other.name, &other.folder)
}

/// The folders to try: the source itself, those that its makefiles name, then every other that has a makefile, upper ones
/// first.
fn places(files: &BTreeMap<String, String>, recipes: &Recipes) -> Vec<String> {
    let mut places = vec![String::new()];
    places.extend(recipes.builds.iter().map(|build| build.folder.clone()));
    if recipes.builds.is_empty() {
        let folders = files.keys().filter_map(|path| {
            let (folder, name) = path.rsplit_once('/')?;
            ["Kbuild", "Makefile"].contains(&name).then(|| folder.to_owned())
        });
        let mut rest: Vec<String> = folders.collect::<BTreeSet<_>>().into_iter().collect();
        rest.sort_by_key(|folder| folder.matches('/').count());
        places.extend(rest.into_iter().take(50));
    }
    let mut seen = BTreeSet::new();
    places.retain(|place| world::is_plain(place) && seen.insert(place.clone()));
    places
}

/// What the kernel builds of a folder, and the variables that it takes: those of the author's own call that the makefiles
/// ask for, and those that a Kconfig of the source declares, since no kernel has them.
fn build(
    world: &mut World<'_>,
    folder: &str,
    own: &[&(String, String)],
    exported: &[(String, String)],
) -> (Vec<Found>, Vec<(String, String)>) {
    world.asked.clear();
    let (notes, errors) = (world.notes.len(), world.errors.len());
    let mut walk = Walk::new(world, &[]);
    walk.read(folder);
    let found = walk.found;
    let asked = std::mem::take(&mut world.asked);
    let flags = ["EXTRA_CFLAGS", "KCFLAGS", "KCPPFLAGS", "KBUILD_EXTRA_SYMBOLS", "ccflags-y"];
    let mut variables: Vec<(String, String)> = Vec::new();
    let given = own.iter().copied().filter(|(name, _)| asked.contains(name) || flags.contains(&name.as_str()));
    for (name, value) in given.chain(exported.iter().filter(|(name, _)| asked.contains(name))) {
        if !variables.iter().any(|(known, _)| known == name) {
            variables.push((name.clone(), value.clone()));
        }
    }
    for name in declared(world.files).into_iter().filter(|name| asked.contains(name)) {
        if !variables.iter().any(|(known, _)| *known == name) {
            variables.push((name, "m".to_owned()));
        }
    }
    if variables.is_empty() {
        return (found, variables);
    }
    world.notes.truncate(notes);
    world.errors.truncate(errors);
    let mut walk = Walk::new(world, &variables);
    walk.read(folder);
    (walk.found, variables)
}

/// The variables that Kconfig files of the source declare.
fn declared(files: &BTreeMap<String, String>) -> BTreeSet<String> {
    let is_kconfig = |path: &str| path.rsplit('/').next().is_some_and(|name| name.starts_with("Kconfig"));
    let texts = files.iter().filter(|(path, _)| is_kconfig(path)).flat_map(|(_, text)| text.lines());
    let name = |line: &str| {
        let mut words = line.split_whitespace();
        let is_declaration = matches!(words.next(), Some("config" | "menuconfig"));
        words.next().filter(|_| is_declaration).map(|name| format!("CONFIG_{}", world::cleaned(name)))
    };
    texts.filter_map(name).filter(|name| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')).collect()
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

#[cfg(test)]
mod tests;
