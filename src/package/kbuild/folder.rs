//! What the kernel builds of a folder and those below: modules of `obj-m`, folders of `obj-m`, `obj-y`, `subdir-m`.

use std::collections::{BTreeMap, BTreeSet};

use super::guard::Guard;
use super::makefile::{Make, Mode, Variable};
use super::place::Place;
use super::world::{World, below, is_opaque, is_plain};

/// Lists of flags for the compiler, with which the kernel builds.
pub(super) const FLAGS: [&str; 8] = [
    "ccflags-y",
    "ccflags-m",
    "subdir-ccflags-y",
    "asflags-y",
    "ldflags-y",
    "EXTRA_CFLAGS",
    "EXTRA_LDFLAGS",
    "KBUILD_EXTRA_SYMBOLS",
];

const MAX_FOLDERS: usize = 300;
const MAX_DEPTH: usize = 24;
const MAX_MODULES: usize = 300;

/// Conditions of one module that are told apart.
const MAX_GUARDS: usize = 16;

/// A module as makefiles name it, before its conditions are settled.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) name: String,
    pub(super) folder: String,
    pub(super) guards: Vec<Guard>,
    pub(super) place: Place,
    /// Objects that it is linked from.
    pub(super) parts: Vec<String>,
}

/// Reads folders as the kernel does.
pub(super) struct Walk<'w, 'a> {
    pub(super) world: &'w mut World<'a>,
    /// Variables of the command line.
    pub(super) fixed: Vec<(String, String)>,
    pub(super) found: Vec<Found>,
    seen: BTreeSet<String>,
}

/// The makefile of a folder that the kernel reads.
pub(super) fn kbuild_file(files: &BTreeMap<String, String>, folder: &str) -> Option<String> {
    ["Kbuild", "Makefile"].iter().map(|name| joined(folder, name)).find(|path| files.contains_key(path))
}

pub(super) fn joined(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

impl<'w, 'a> Walk<'w, 'a> {
    pub(super) fn new(world: &'w mut World<'a>, fixed: &[(String, String)]) -> Self {
        Self { world, fixed: fixed.to_vec(), found: Vec::new(), seen: BTreeSet::new() }
    }

    /// Reads a folder and those that it names.
    pub(super) fn read(&mut self, folder: &str) {
        self.folder(folder, &Guard::default(), &BTreeMap::new(), 0);
    }

    fn folder(&mut self, folder: &str, guard: &Guard, environment: &BTreeMap<String, Variable>, depth: usize) {
        let Some(file) = kbuild_file(self.world.files, folder) else { return };
        if depth > MAX_DEPTH || self.seen.len() >= MAX_FOLDERS || !self.seen.insert(folder.to_owned()) {
            return;
        }
        let mut make = Make::new(self.world, Mode::Kbuild, folder);
        make.variables.clone_from(environment);
        make.fix(&self.fixed);
        make.read(&file);
        // Nothing of their text counts here, but what they name must be set.
        FLAGS.iter().for_each(|name| drop(make.variable(name)));
        make.world.visited.insert(folder.to_owned());
        let mut folders = Vec::new();
        for (name, is_module) in [("obj-m", true), ("obj-y", false), ("subdir-m", false), ("subdir-y", false)] {
            let listed = listed(&mut make, name);
            for (of_word, word) in listed {
                let guard = guard.and(&of_word);
                let place = make.variables.get(name).map(|variable| variable.place.clone()).unwrap_or_default();
                let word = Word { list: name, text: word, guard, place };
                if let Some(sub) = word.folder(&make) {
                    folders.push((sub, word.guard));
                } else if is_module {
                    self.found.extend(word.module(&mut make));
                } else if name == "obj-y" && word.guard.is_always() {
                    let shown = make.world.shown(&word.text);
                    make.world.note(&word.place, format!("{shown} in obj-y becomes no module of its own"));
                }
            }
        }
        let exported = exported(&mut make);
        self.merge();
        for (folder, guard) in folders {
            self.folder(&folder, &guard, &exported, depth + 1);
        }
    }

    /// One entry for each module.
    fn merge(&mut self) {
        let mut merged: Vec<Found> = Vec::new();
        for found in std::mem::take(&mut self.found) {
            let same = |other: &Found| (&other.name, &other.folder) == (&found.name, &found.folder);
            match merged.iter().position(same) {
                Some(at) if merged[at].guards.len() < MAX_GUARDS => merged[at].guards.extend(found.guards),
                None if merged.len() < MAX_MODULES => merged.push(found),
                Some(_) | None => {}
            }
        }
        self.found = merged;
    }
}

/// The words of a list that the kernel reads.
fn listed(make: &mut Make<'_, '_>, name: &str) -> Vec<(Guard, String)> {
    if !make.variables.contains_key(name) {
        return Vec::new();
    }
    let value = make.variable(name);
    value.words().into_iter().take(MAX_MODULES).collect()
}

/// What sub-makes get to see.
fn exported(make: &mut Make<'_, '_>) -> BTreeMap<String, Variable> {
    let names: Vec<String> = make.exported.iter().cloned().collect();
    names.into_iter().filter_map(|name| Some((name.clone(), make.variables.get(&name)?.clone()))).collect()
}

/// A word of obj-m or its kin.
struct Word<'n> {
    list: &'n str,
    text: String,
    guard: Guard,
    place: Place,
}

impl Word<'_> {
    /// The folder that it names; a word of subdir-m does so without a slash.
    fn folder(&self, make: &Make<'_, '_>) -> Option<String> {
        let names_folder = self.text.ends_with('/') || self.list.starts_with("subdir");
        below(&self.text, &make.folder).filter(|path| names_folder && is_plain(path))
    }

    fn module(self, make: &mut Make<'_, '_>) -> Option<Found> {
        let shown = make.world.shown(&self.text);
        if is_opaque(&self.text) {
            make.world.lose(&self.place, format!("{} holds {shown}, which is known only when it is built", self.list));
            return None;
        }
        let path = below(self.text.strip_suffix(".o").unwrap_or(&self.text), &make.folder);
        let Some(path) = path.filter(|path| self.text.ends_with(".o") && !path.is_empty()) else {
            let sentence = format!("{} holds `{shown}`, which is neither an object nor a folder", self.list);
            make.world.note(&self.place, sentence);
            return None;
        };
        if !is_plain(&path) {
            make.world.note(&self.place, format!("{shown} has a name that no dkms.conf can hold"));
            return None;
        }
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let parts = self.parts(name, make);
        let found = Found {
            name: name.to_owned(),
            folder: folder.to_owned(),
            guards: vec![self.guard],
            place: self.place,
            parts,
        };
        let has_source = [".c", ".S", ".rs", ".o_shipped", ".o", ".o_binary"]
            .iter()
            .any(|end| make.world.files.contains_key(&format!("{path}{end}")));
        if found.parts.is_empty() && !has_source {
            make.world
                .note(&found.place, format!("{name}.o has neither {name}.c nor a list {name}-y of what it is made of"));
        }
        Some(found)
    }

    /// What the module is linked from: NAME-objs, NAME-y, NAME-m.
    fn parts(&self, name: &str, make: &mut Make<'_, '_>) -> Vec<String> {
        let mut parts = Vec::new();
        for list in ["objs", "y", "m"].map(|list| format!("{name}-{list}")) {
            for (_, part) in listed(make, &list) {
                let path = below(&part, &make.folder).filter(|_| !is_opaque(&part));
                parts.extend(path.filter(|path| !parts.contains(path)));
            }
        }
        parts
    }
}
