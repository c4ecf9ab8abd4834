//! How a person's `make` has the kernel build the modules: the commands of recipes, read and not run.

use std::collections::BTreeSet;

use super::call::{Call, KernelMake, Other, Sorted, is_kept, said};
use super::command;
use super::folder::joined;
use super::makefile::{Make, Mode, Recipe};
use super::place::{Note, Place};
use super::rules::Rules;
use super::world::{self, World};

/// Makefiles that call makefiles.
const MAX_DEPTH: usize = 8;
/// Commands that are looked at.
const MAX_COMMANDS: usize = 600;

/// What the recipes of a source come to.
#[derive(Debug, Default)]
pub(super) struct Recipes {
    /// In the order in which make would meet them.
    pub(super) builds: Vec<KernelMake>,
    /// Variables that are exported to the kernel's makefiles.
    pub(super) exported: Vec<(String, String)>,
    /// INSTALL_MOD_DIR, where it is known.
    pub(super) install: Option<(String, Place)>,
    /// Calls of make that could not be followed.
    pub(super) lost: Vec<Note>,
    /// What is done before the kernel's make, and makes what that needs.
    pub(super) helpers: Vec<Note>,
    /// Variables that tell the makefile at the top which kernel is meant, each with the mark of [`world`] for it.
    pub(super) kernel: Vec<(String, char)>,
    /// The goal of a person's make at the top, where it is not the first one.
    pub(super) goal: Option<String>,
    seen: BTreeSet<Other>,
    commands: usize,
}

/// Reads a makefile as a person's make does.
pub(super) fn read(world: &mut World<'_>, what: &Other, into: &mut Recipes, depth: usize) {
    let usual = ["GNUmakefile", "makefile", "Makefile"].iter().map(|name| joined(&what.folder, name));
    let file = what.file.clone().into_iter().chain(usual).find(|path| world.files.contains_key(path));
    let Some(file) = file.filter(|_| depth < MAX_DEPTH && into.seen.insert(what.clone())) else { return };
    let mut make = Make::new(world, Mode::Plain, &what.folder);
    make.fix(&what.variables);
    make.read(&file);
    let recipes = std::mem::take(&mut make.recipes);
    let rules = Rules::new(&recipes);
    let mut reading = Reading { others: Vec::new(), calling: BTreeSet::new(), into };
    let reached = rules.done();
    let rest = (0..recipes.len()).filter(|at| !reached.contains(at));
    for (at, is_reached) in reached.iter().map(|at| (*at, true)).chain(rest.map(|at| (at, false))) {
        reading.recipe(&mut make, &rules, at, is_reached);
        // Where it is called, so that builds come in the order in which they need each other.
        for other in std::mem::take(&mut reading.others) {
            read(make.world, &other, reading.into, depth + 1);
        }
    }
    let Reading { calling, .. } = reading;
    for at in rules.helpers(&calling) {
        helper(&mut make, &rules, at, into);
    }
    if depth == 0 {
        into.kernel = kernel(&mut make);
        into.goal = rules.goal(&calling);
    }
    for name in make.exported.clone() {
        let value = make.variable(&name).plain().and_then(|text| said(make.world, text.trim()));
        into.exported.extend(value.filter(|text| !text.is_empty() && is_kept(&name)).map(|text| (name, text)));
    }
}

struct Reading<'r> {
    /// Makefiles that are called.
    others: Vec<Other>,
    /// Rules that call the kernel's make or other makefiles.
    calling: BTreeSet<usize>,
    into: &'r mut Recipes,
}

impl Reading<'_> {
    /// The commands of a recipe that build, and the makefiles that it calls.
    fn recipe(&mut self, make: &mut Make<'_, '_>, rules: &Rules<'_>, at: usize, is_reached: bool) {
        let recipe = &rules.recipes[at];
        let targets = rules.targets(at);
        let unwanted = |target: &String| ["clean", "help", "check", "test"].iter().any(|word| target.contains(word));
        if !targets.is_empty() && targets.iter().all(|(target, _)| unwanted(target)) && !is_reached {
            return;
        }
        let installs = |target: &String| unwanted(target) || target.contains("install");
        let is_build = is_reached || targets.len() != 1 || !targets.iter().any(|(target, _)| installs(target));
        for (place, line) in &recipe.lines {
            for text in expanded(make, recipe, &targets, place, line) {
                for command in command::commands(&text) {
                    self.into.commands += 1;
                    if self.into.commands > MAX_COMMANDS {
                        return;
                    }
                    self.command(make, place, &command, (at, is_reached, is_build));
                }
            }
        }
    }

    fn command(
        &mut self,
        make: &mut Make<'_, '_>,
        place: &Place,
        command: &command::Command,
        (at, is_reached, is_build): (usize, bool, bool),
    ) {
        let Some(call) = Call::read(command, &make.folder) else { return };
        if let Some((_, value)) = call.variables.iter().find(|(name, _)| name == "INSTALL_MOD_DIR")
            && !world::is_opaque(value)
            && !value.is_empty()
        {
            self.into.install.get_or_insert_with(|| (value.clone(), place.clone()));
        }
        if !is_build || !call.builds() {
            return;
        }
        match call.sort(make, place) {
            Sorted::Kernel(build) => {
                self.calling.insert(at);
                self.into.builds.push(build);
            }
            Sorted::Other(other) => {
                self.calling.insert(at);
                self.others.push(other);
            }
            Sorted::Lost(sentence) if is_reached => {
                let note = Note { place: place.clone(), sentence };
                if !self.into.lost.contains(&note) {
                    self.into.lost.push(note);
                }
            }
            Sorted::Lost(_) | Sorted::Nothing => {}
        }
    }
}

/// A line of a recipe, once for each target where it speaks of that.
fn expanded(
    make: &mut Make<'_, '_>,
    recipe: &Recipe,
    targets: &[(String, String)],
    place: &Place,
    line: &str,
) -> Vec<String> {
    make.place = place.clone();
    let speaks = ["$@", "$*", "$(@", "$(*", "${@", "${*"].iter().any(|form| line.contains(form));
    let first = targets.first().cloned().or_else(|| Some((recipe.targets.first()?.clone(), String::new())));
    let several: Vec<Option<(String, String)>> =
        if speaks && !targets.is_empty() { targets.iter().cloned().map(Some).collect() } else { vec![first] };
    let mut texts = Vec::new();
    for target in several {
        make.target = target;
        texts.push(make.expand(line).shown());
        if !make.world.spend(line.len() / 16) {
            break;
        }
    }
    make.target = None;
    texts
}

/// Notes the first command of a rule that does more than to speak.
fn helper(make: &mut Make<'_, '_>, rules: &Rules<'_>, at: usize, into: &mut Recipes) {
    let targets = rules.targets(at);
    // What is in the source already, the build does not wait for.
    let is_there = |(target, _): &(String, String)| {
        world::below(target, &make.folder).is_some_and(|path| make.world.files.contains_key(&path))
    };
    if !targets.is_empty() && targets.iter().all(is_there) {
        return;
    }
    for (place, line) in &rules.recipes[at].lines {
        for text in expanded(make, &rules.recipes[at], &targets, place, line) {
            let mut commands = command::commands(&text).into_iter();
            // From the kernel's make on, nothing is done for it.
            let before = commands.by_ref().take_while(|command| Call::read(command, &make.folder).is_none());
            if let Some(command) = before.into_iter().find(|command| !is_idle(command)) {
                let shown: String = make.world.shown(&command.words.join(" ")).chars().take(60).collect();
                let sentence = format!("`{shown}` is run before the kernel's make");
                into.helpers.push(Note { place: place.clone(), sentence });
                return;
            }
            if command::commands(&text).iter().any(|command| Call::read(command, &make.folder).is_some()) {
                return;
            }
        }
    }
}

/// Whether a command makes nothing that a build could need.
fn is_idle(command: &command::Command) -> bool {
    let Some(program) = command.words.first() else { return true };
    let writes = command.words.iter().any(|word| word == ">") && !command.words.iter().any(|word| word == "/dev/null");
    let idle = ["echo", "printf", "true", ":", "test", "[", "exit", "rm", "sleep", "which", "command", "case", "esac"];
    idle.contains(&program.as_str()) && !writes || program.contains('=') || program == "false"
}

/// Variables of a makefile that say for which kernel it builds: its release, or its folder.
fn kernel(make: &mut Make<'_, '_>) -> Vec<(String, char)> {
    let names: Vec<String> = make.variables.keys().cloned().collect();
    let mut found = Vec::new();
    for name in names.into_iter().filter(|name| name != "KERNELRELEASE") {
        let parts = make.variables.get(&name).map(|variable| variable.parts.clone()).unwrap_or_default();
        for part in parts {
            let text = if part.is_raw { make.expand(&part.text).shown() } else { part.text };
            let text = said(make.world, text.trim()).unwrap_or_default();
            if let Some(mark) = [world::RELEASE, world::KERNEL].into_iter().find(|mark| text == mark.to_string()) {
                found.push((name.clone(), mark));
                break;
            }
        }
    }
    found
}
