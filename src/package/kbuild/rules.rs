//! The rules of one makefile: which are reached from the usual goals, and which come before which.

use std::collections::{BTreeMap, BTreeSet};

use super::makefile::Recipe;
use super::world::is_opaque;

/// Targets of one rule that are told apart.
const MAX_TARGETS: usize = 200;

pub(super) struct Rules<'r> {
    pub(super) recipes: &'r [Recipe],
    by_target: BTreeMap<&'r str, Vec<usize>>,
    /// Rules whose target is a pattern.
    patterns: Vec<usize>,
}

impl<'r> Rules<'r> {
    pub(super) fn new(recipes: &'r [Recipe]) -> Self {
        let mut by_target: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut patterns = Vec::new();
        for (at, recipe) in recipes.iter().enumerate() {
            recipe.targets.iter().for_each(|target| by_target.entry(target.as_str()).or_default().push(at));
            if recipe.targets.iter().any(|target| target.contains('%')) {
                patterns.push(at);
            }
        }
        Self { recipes, by_target, patterns }
    }

    /// The targets of a rule, each with what `$*` stands for. Those of a pattern are what other rules ask for.
    pub(super) fn targets(&self, at: usize) -> Vec<(String, String)> {
        let recipe = &self.recipes[at];
        let mut found = Vec::new();
        for target in &recipe.targets {
            if !target.contains('%') {
                let stem = recipe.pattern.as_deref().and_then(|pattern| stem(pattern, target)).unwrap_or_default();
                found.push((target.clone(), stem.to_owned()));
                continue;
            }
            let asked = self.recipes.iter().flat_map(|other| &other.prerequisites);
            for name in asked.filter(|name| !self.by_target.contains_key(name.as_str())) {
                let stem = stem(target, name).filter(|_| !name.contains('%'));
                found.extend(stem.map(|stem| (name.clone(), stem.to_owned())));
            }
        }
        found.sort();
        found.dedup();
        found.truncate(MAX_TARGETS);
        // The order of the makefile, where it has one.
        let place = |name: &str| recipe.targets.iter().position(|target| target == name);
        found.sort_by_key(|(name, _)| place(name).unwrap_or(usize::MAX));
        found
    }

    fn making(&self, target: &str) -> Vec<usize> {
        let exact = self.by_target.get(target).cloned().unwrap_or_default();
        if exact.iter().any(|at| !self.recipes[*at].lines.is_empty()) {
            return exact;
        }
        let fits = |at: &&usize| self.recipes[**at].targets.iter().any(|pattern| stem(pattern, target).is_some());
        exact.into_iter().chain(self.patterns.iter().filter(fits).copied()).collect()
    }

    fn first(&self) -> Option<&'r str> {
        let all = self.recipes.iter().flat_map(|recipe| &recipe.targets);
        all.map(String::as_str).find(|target| !target.starts_with('.') && !target.contains('%') && !is_opaque(target))
    }

    /// Rules in the order in which building the usual targets meets them.
    pub(super) fn reached(&self) -> Vec<usize> {
        let usual = ["all", "modules", "default", "build", "module"];
        let mut open: Vec<&str> = self.first().into_iter().chain(usual).rev().collect();
        let (mut order, mut seen, mut done) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        while let Some(target) = open.pop() {
            if !done.insert(target) {
                continue;
            }
            for at in self.making(target) {
                if seen.insert(at) {
                    order.push(at);
                    open.extend(self.recipes[at].prerequisites.iter().rev().map(String::as_str));
                }
            }
        }
        order
    }

    /// The same rules in the order in which make is done with them: what a rule asks for comes before it.
    pub(super) fn done(&self) -> Vec<usize> {
        let (mut order, mut seen) = (Vec::new(), BTreeSet::new());
        for at in self.reached() {
            // Each rule twice: to open what it asks for, and when that is done.
            let mut open = vec![(at, false)];
            while let Some((at, is_done)) = open.pop() {
                if is_done {
                    order.push(at);
                } else if seen.insert(at) {
                    open.push((at, true));
                    let asked = self.recipes[at].prerequisites.iter().flat_map(|name| self.making(name));
                    let asked: Vec<usize> = asked.filter(|other| !seen.contains(other)).collect();
                    open.extend(asked.into_iter().rev().map(|other| (other, false)));
                }
            }
        }
        order
    }

    /// Rules that are done before one of those that call make, and those that call it themselves.
    pub(super) fn helpers(&self, calling: &BTreeSet<usize>) -> Vec<usize> {
        let mut found = Vec::new();
        for at in self.reached() {
            if calling.contains(&at) {
                self.below(at, calling, &mut found);
                found.push(at);
                continue;
            }
            // `all: version.h modules`: by its name the first makes something for the second.
            let prerequisites = &self.recipes[at].prerequisites;
            let Some(last) = prerequisites.iter().rposition(|name| self.leads(name, calling)) else { continue };
            for name in prerequisites[..last].iter().filter(|name| is_generated(name)) {
                for other in self.making(name).into_iter().filter(|other| !calling.contains(other)) {
                    found.push(other);
                    self.below(other, calling, &mut found);
                }
            }
        }
        let mut seen = BTreeSet::new();
        found.retain(|at| seen.insert(*at));
        found
    }

    fn below(&self, at: usize, calling: &BTreeSet<usize>, found: &mut Vec<usize>) {
        for other in self.recipes[at].prerequisites.iter().flat_map(|name| self.making(name)) {
            if !calling.contains(&other) && !found.contains(&other) {
                found.push(other);
                self.below(other, calling, found);
            }
        }
    }

    fn leads(&self, target: &str, calling: &BTreeSet<usize>) -> bool {
        let (mut open, mut seen) = (vec![target], BTreeSet::new());
        while let Some(target) = open.pop() {
            for at in self.making(target).into_iter().filter(|at| seen.insert(*at)).collect::<Vec<_>>() {
                if calling.contains(&at) {
                    return true;
                }
                open.extend(self.recipes[at].prerequisites.iter().map(String::as_str));
            }
        }
        false
    }

    /// The goal to name so that one of the calling rules is reached, unless the first goal does.
    pub(super) fn goal(&self, calling: &BTreeSet<usize>) -> Option<String> {
        if self.first().is_some_and(|first| self.leads(first, calling)) {
            return None;
        }
        let at = self.reached().into_iter().find(|at| calling.contains(at))?;
        self.recipes[at].targets.first().filter(|target| !target.contains('%') && !is_opaque(target)).cloned()
    }
}

/// Whether a target by its name is a file that is generated, or makes some.
fn is_generated(target: &str) -> bool {
    [".h", ".c", ".inc", ".S", ".mk"].iter().any(|end| target.ends_with(end))
        || ["gen", "config", "version", "prepare", "header", "compat"].iter().any(|word| target.contains(word))
}

/// What `%` of a pattern stands for.
fn stem<'t>(pattern: &str, target: &'t str) -> Option<&'t str> {
    let (before, after) = pattern.split_once('%')?;
    let stem = target.strip_prefix(before)?.strip_suffix(after)?;
    (!stem.is_empty()).then_some(stem)
}
