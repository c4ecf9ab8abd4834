//! One makefile and what it includes, interpreted: assignments, conditionals, rules. Nothing is run.

use std::collections::{BTreeMap, BTreeSet};

use super::guard::Guard;
use super::lines::{self, Assignment, Line, Operator};
use super::place::Place;
use super::value::Value;
use super::world::{World, below, cleaned, is_wholly_opaque};

/// Files included by included files.
const MAX_INCLUDES: usize = 16;
const MAX_BRANCHES: usize = 100;
/// Bytes of a makefile that are read.
const MAX_FILE: usize = 256 << 10;
const MAX_PARTS: usize = 2000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// A person in the folder: KERNELRELEASE is not set.
    Plain,
    /// The kernel's makefiles, for this folder.
    Kbuild,
}

/// A part of a variable's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) guard: Guard,
    pub(super) text: String,
    /// Still to be expanded when it is used.
    pub(super) is_raw: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) parts: Vec<Part>,
    /// Where it was set last.
    pub(super) place: Place,
    /// Set with `:=`, so that `+=` expands at once.
    pub(super) is_simple: bool,
}

impl Variable {
    /// A variable with this text and nothing else.
    pub(super) fn plain(text: &str) -> Self {
        let part = Part { guard: Guard::default(), text: text.to_owned(), is_raw: false };
        Self { parts: vec![part], place: Place::default(), is_simple: true }
    }
}

/// A rule with its recipe.
#[derive(Debug, Clone, Default)]
pub(super) struct Recipe {
    pub(super) targets: Vec<String>,
    pub(super) prerequisites: Vec<String>,
    pub(super) lines: Vec<(Place, String)>,
    /// `TARGETS: PATTERN: …`: what tells `$*` of each target.
    pub(super) pattern: Option<String>,
}

struct Branch {
    /// When no branch so far counted.
    rest: Guard,
    /// When the conditional itself counts.
    outer: Guard,
    /// When the lines now being read count.
    inside: Guard,
}

impl Branch {
    fn new(outer: Guard, active: &Guard, rest: Guard) -> Self {
        Self { inside: outer.and(active), rest, outer }
    }

    fn activate(&mut self, active: &Guard) {
        self.inside = self.outer.and(active);
    }
}

pub(super) struct Make<'w, 'a> {
    pub(super) world: &'w mut World<'a>,
    pub(super) mode: Mode,
    /// The folder for which make runs.
    pub(super) folder: String,
    pub(super) variables: BTreeMap<String, Variable>,
    /// Variables that the command line sets, which a makefile cannot change.
    pub(super) fixed: BTreeSet<String>,
    pub(super) exported: BTreeSet<String>,
    pub(super) recipes: Vec<Recipe>,
    /// Where reading has come to.
    pub(super) place: Place,
    /// The target whose recipe is expanded, and what `$*` is.
    pub(super) target: Option<(String, String)>,
    pub(super) depth: usize,
    branches: Vec<Branch>,
    /// Whether a line that begins with a tab belongs to the last recipe.
    in_recipe: bool,
    includes: usize,
}

impl<'w, 'a> Make<'w, 'a> {
    pub(super) fn new(world: &'w mut World<'a>, mode: Mode, folder: &str) -> Self {
        Self {
            world,
            mode,
            folder: folder.to_owned(),
            variables: BTreeMap::new(),
            fixed: BTreeSet::new(),
            exported: BTreeSet::new(),
            recipes: Vec::new(),
            place: Place::default(),
            target: None,
            depth: 0,
            branches: Vec::new(),
            in_recipe: false,
            includes: 0,
        }
    }

    /// Variables of the command line.
    pub(super) fn fix(&mut self, variables: &[(String, String)]) {
        for (name, value) in variables {
            self.variables.insert(name.clone(), Variable::plain(value));
            self.fixed.insert(name.clone());
        }
    }

    /// Reads a file of the source.
    pub(super) fn read(&mut self, file: &str) {
        let Some(text) = self.world.files.get(file) else { return };
        let before = std::mem::replace(&mut self.place, Place { file: file.to_owned(), line: 0 });
        if text.len() > MAX_FILE {
            self.world.note(&self.place, "is too long to be read");
        } else {
            self.lines(&lines::split(&cleaned(text)));
        }
        self.place = before;
    }

    fn lines(&mut self, lines: &[Line]) {
        let open = self.branches.len();
        let mut lines = lines.iter();
        while let Some(line) = lines.next() {
            self.place.line = line.number;
            if !self.world.spend(line.whole.len() / 64) {
                break;
            }
            if line.tab && self.in_recipe {
                self.recipe_line(&line.whole);
            } else if let Some(header) =
                line.text.strip_prefix("define ").or_else(|| line.text.strip_prefix("override define "))
            {
                let body: Vec<&str> =
                    lines.by_ref().map(|line| line.whole.as_str()).take_while(|line| *line != "endef").collect();
                self.define(header, &body.join("\n"));
            } else if !line.text.is_empty() {
                self.line(&line.text);
            }
        }
        self.branches.truncate(open);
    }

    /// Reads text that a makefile makes while it is read.
    pub(super) fn evaluate(&mut self, text: &str) {
        let (place, in_recipe) = (self.place.clone(), self.in_recipe);
        let mut made = lines::split(text);
        made.iter_mut().for_each(|line| line.number = place.line);
        self.lines(&made);
        (self.place, self.in_recipe) = (place, in_recipe);
    }

    /// When the line that is being read counts.
    pub(super) fn guard(&self) -> Guard {
        self.branches.last().map(|branch| branch.inside.clone()).unwrap_or_default()
    }

    fn line(&mut self, text: &str) {
        let (word, rest) = lines::keyword(text);
        if self.conditional(word, rest) {
            return;
        }
        let guard = self.guard();
        if guard.is_never() {
            return;
        }
        // An assignment first: a variable may be called include.
        if let Some(assignment) = lines::assignment(text) {
            self.in_recipe = false;
            return self.assign(&assignment, &guard);
        }
        match word {
            "include" | "-include" | "sinclude" => self.include(rest),
            "export" => {
                let names = self.expand(rest);
                self.exported.extend(names.words().into_iter().map(|(_, name)| name));
            }
            "undefine" => {
                self.variables.remove(rest.trim());
            }
            "unexport" | "vpath" | "endef" => {}
            _ => self.rule(text),
        }
    }

    /// Reads ifeq and its kin; false if the line is none of them.
    fn conditional(&mut self, word: &str, rest: &str) -> bool {
        match word {
            "ifeq" | "ifneq" | "ifdef" | "ifndef" => {
                let holds = if self.guard().is_never() { Guard::never() } else { self.condition(word, rest) };
                let opposite = self.opposite(&holds, word, rest);
                if self.branches.len() < MAX_BRANCHES {
                    self.branches.push(Branch::new(self.guard(), &holds, opposite));
                }
            }
            "else" => self.otherwise(rest),
            "endif" => {
                self.branches.pop();
            }
            _ => return false,
        }
        true
    }

    fn otherwise(&mut self, rest: &str) {
        let Some(branch) = self.branches.last_mut() else { return };
        let left = std::mem::replace(&mut branch.rest, Guard::never());
        // The condition is read as if this branch counted.
        branch.activate(&left);
        let (word, operands) = lines::keyword(rest);
        if !word.starts_with("if") || left.is_never() {
            return;
        }
        let holds = self.condition(word, operands);
        let opposite = self.opposite(&holds, word, operands);
        if let Some(branch) = self.branches.last_mut() {
            branch.activate(&left.and(&holds));
            branch.rest = left.and(&opposite);
        }
    }

    fn opposite(&mut self, guard: &Guard, word: &str, rest: &str) -> Guard {
        guard.not().unwrap_or_else(|| self.world.atoms.unknown(&format!("not {word} {rest}")))
    }

    fn condition(&mut self, word: &str, rest: &str) -> Guard {
        let positive = match word {
            "ifeq" | "ifneq" => {
                let Some((left, right)) = operands(rest) else { return self.world.atoms.unknown(rest) };
                let text = format!("ifeq {rest}");
                let (left, right) = (self.expand(left), self.expand(right));
                self.equal(&left, &right, &text)
            }
            _ => self.defined(rest),
        };
        if word.starts_with("ifn") { self.opposite(&positive, word, rest) } else { positive }
    }

    /// `ifdef NAME`: the variable has a text, expanded or not.
    fn defined(&mut self, name: &str) -> Guard {
        let name = self.expand(name).shown().trim().to_owned();
        let text = format!("ifdef {name}");
        let value = match self.variables.get(&name) {
            Some(variable) => {
                let mut value = Value::default();
                variable.parts.iter().for_each(|part| value.push(&part.guard, &part.text));
                value
            }
            None => self.variable(&name),
        };
        self.filled(&value, &text)
    }

    fn assign(&mut self, assignment: &Assignment<'_>, guard: &Guard) {
        let names = self.expand(assignment.name);
        let Some(names) = names.readings() else { return };
        self.unset(assignment, &names);
        for (of_name, name) in names {
            let guard = guard.and(&of_name);
            let name = name.trim().to_owned();
            if guard.is_never() || self.fixed.contains(&name) {
                continue;
            }
            if assignment.exported {
                self.exported.insert(name.clone());
            }
            self.set(name, assignment.operator, assignment.value, &guard);
        }
    }

    /// `obj-$(NAME)` where nothing sets NAME, not even a kernel's configuration: its modules are not built, but somebody meant
    /// them to be.
    fn unset(&mut self, assignment: &Assignment<'_>, names: &[(Guard, String)]) {
        let switch = assignment.name.strip_prefix("obj-$").map(|rest| rest.trim_matches(['(', ')', '{', '}']));
        let Some(switch) = switch.filter(|_| self.mode == Mode::Kbuild && names.iter().any(|(_, name)| name == "obj-"))
        else {
            return;
        };
        let is_name = switch.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if is_name && !switch.starts_with("CONFIG_") && !self.variables.contains_key(switch) {
            let (place, shown) = (self.place.clone(), self.world.shown(assignment.value));
            self.world.lose(&place, format!("{shown} is built only where {switch} says so, which nothing sets"));
        }
    }

    fn set(&mut self, name: String, operator: Operator, value: &str, guard: &Guard) {
        let mut guard = guard.clone();
        if self.mode == Mode::Kbuild && ["$(shell pwd)", "${shell pwd}", "$(shell /bin/pwd)"].contains(&value.trim()) {
            self.world.here.insert(name.clone());
        }
        if operator == Operator::Default {
            // What is set already stays; what may be set, stays as far as it is.
            let known = self.variables.contains_key(&name) || self.provided(&name).is_some();
            if known && self.always_set(&name) {
                return;
            }
            if known {
                let unset = self.variable(&name);
                let filled = self.filled(&unset, &name);
                guard = guard.and(&filled.not().unwrap_or_default());
            }
        }
        let known = self.variables.get(&name);
        let is_simple = match operator {
            Operator::Simple | Operator::Shell => true,
            Operator::Append => known.is_some_and(|variable| variable.is_simple),
            Operator::Recursive | Operator::Default => false,
        };
        let parts = self.parts(value, operator, is_simple, &guard);
        let place = self.place.clone();
        let variable =
            self.variables.entry(name).or_insert(Variable { parts: Vec::new(), place: place.clone(), is_simple });
        variable.place = place;
        if operator == Operator::Append {
            let blank = Part { guard, text: " ".to_owned(), is_raw: false };
            variable.parts.push(blank);
        } else {
            variable.is_simple = is_simple;
            replace(&mut variable.parts, &guard);
        }
        variable.parts.extend(parts);
        variable.parts.truncate(MAX_PARTS);
    }

    fn parts(&mut self, value: &str, operator: Operator, is_simple: bool, guard: &Guard) -> Vec<Part> {
        if operator == Operator::Shell {
            let text = self.world.opaque(&format!("$(shell {value})"));
            return vec![Part { guard: guard.clone(), text, is_raw: false }];
        }
        if !is_simple {
            return vec![Part { guard: guard.clone(), text: value.to_owned(), is_raw: value.contains('$') }];
        }
        let segments = self.expand(value).0.into_iter();
        segments.map(|s| Part { guard: guard.and(&s.guard), text: s.text, is_raw: false }).collect()
    }

    fn always_set(&self, name: &str) -> bool {
        self.variables.get(name).is_none_or(|variable| variable.parts.iter().any(|part| part.guard.is_always()))
    }

    fn define(&mut self, header: &str, body: &str) {
        let guard = self.guard();
        let name = header.trim_end_matches(['=', ':', '?', '+']).trim().to_owned();
        if !guard.is_never() {
            self.set(name, Operator::Recursive, body, &guard);
        }
    }

    fn include(&mut self, files: &str) {
        self.in_recipe = false;
        let names = self.expand(files);
        let place = self.place.clone();
        for (guard, name) in names.words() {
            let folder = place.file.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
            let found = [&self.folder, &folder]
                .into_iter()
                .find_map(|folder| below(&name, folder).filter(|path| self.world.files.contains_key(path)));
            match found {
                Some(path) if self.includes < MAX_INCLUDES => {
                    self.includes += 1;
                    self.branches.push(Branch::new(self.guard(), &guard, Guard::never()));
                    self.read(&path);
                    self.branches.pop();
                    self.includes -= 1;
                }
                _ => {
                    let shown = self.world.shown(&name);
                    self.world.note(&place, format!("includes {shown}, which the source does not hold"));
                }
            }
        }
    }

    fn rule(&mut self, text: &str) {
        let Some(rule) = lines::rule(text) else {
            // $(error …), or a call that makes rules, alone on a line.
            self.expand(text);
            return;
        };
        self.in_recipe = true;
        // What is known in part is still the same word wherever it stands.
        let is_known = |word: &String| !is_wholly_opaque(word);
        let names = |value: Value| value.words().into_iter().map(|(_, word)| word).filter(is_known).collect();
        // A static pattern has a second colon.
        let (pattern, prerequisites) = match lines::rule(rule.prerequisites) {
            Some(inner) if inner.targets.contains('%') => (Some(inner.targets.to_owned()), inner.prerequisites),
            _ => (None, rule.prerequisites),
        };
        let (targets, prerequisites) = (self.expand(rule.targets), self.expand(prerequisites));
        let (targets, mut prerequisites): (Vec<String>, Vec<String>) = (names(targets), names(prerequisites));
        if pattern.is_some() {
            prerequisites.retain(|name| !name.contains('%'));
        }
        let recipe = Recipe { targets, prerequisites, lines: Vec::new(), pattern };
        self.recipes.push(recipe);
        rule.recipe.into_iter().for_each(|line| self.recipe_line(line));
    }

    fn recipe_line(&mut self, line: &str) {
        if self.guard().is_never() {
            return;
        }
        let place = self.place.clone();
        if let Some(recipe) = self.recipes.last_mut() {
            recipe.lines.push((place, line.to_owned()));
        }
    }
}

/// Takes the parts away that a new value under this condition replaces.
fn replace(parts: &mut Vec<Part>, guard: &Guard) {
    if guard.is_always() {
        return parts.clear();
    }
    // Without an opposite that can be said, both stay: more is said than is there, never less.
    let Some(opposite) = guard.not() else { return };
    for part in parts.iter_mut() {
        part.guard = part.guard.and(&opposite);
    }
    parts.retain(|part| !part.guard.is_never());
}

/// `(a,b)`, `"a" "b"`, `'a' 'b'`.
fn operands(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    if let Some(inside) = text.strip_prefix('(') {
        let inside = inside.strip_suffix(')').unwrap_or(inside);
        let at = lines::outside(inside, |c| c == ',')?;
        return Some((inside[..at].trim(), inside[at + 1..].trim()));
    }
    let quoted = |text: &str| {
        let quote = text.chars().next().filter(|c| ['"', '\''].contains(c))?;
        text[1..].find(quote).map(|end| end + 1)
    };
    let end = quoted(text)?;
    let rest = text[end + 1..].trim_start();
    let other = quoted(rest)?;
    Some((&text[1..end], &rest[1..other]))
}
