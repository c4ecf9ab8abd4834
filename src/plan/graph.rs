//! BUILD_DEPENDS: which modules can be built in which order, and why the others cannot.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::ModuleName;

/// What is known about the modules that take part.
pub(crate) struct Dependencies<'a> {
    /// The candidates with their BUILD_DEPENDS.
    pub(crate) wanted: BTreeMap<&'a ModuleName, &'a [ModuleName]>,
    /// Modules that are there already.
    pub(crate) satisfied: BTreeSet<&'a ModuleName>,
    /// Modules of which at least one version is registered and not broken.
    pub(crate) registered: BTreeSet<&'a ModuleName>,
}

/// The verdict on a candidate that cannot be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Blocked {
    /// It waits for a module that is not registered (or only broken): it will be taken up when that arrives.
    Deferred { on: ModuleName },
    /// A registered dependency will not be installed.
    Unmet { on: ModuleName },
    /// It is part of a circle.
    Circular {
        /// The circle: first and last name are the same.
        path: Vec<ModuleName>,
    },
}

/// The candidates in an order in which each comes after its dependencies, and the blocked ones by name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Order {
    /// Buildable, dependencies first; by name where nothing else decides.
    pub(crate) ready: Vec<ModuleName>,
    pub(crate) blocked: BTreeMap<ModuleName, Blocked>,
}

impl Dependencies<'_> {
    pub(crate) fn order(&self) -> Order {
        let mut order = Order::default();
        let mut done: BTreeSet<&ModuleName> = BTreeSet::new();
        loop {
            let ready: Vec<&ModuleName> = self
                .wanted
                .iter()
                .filter(|(name, _)| !done.contains(*name))
                .filter(|(_, needs)| needs.iter().all(|need| self.satisfied.contains(need) || done.contains(need)))
                .map(|(name, _)| *name)
                .collect();
            if ready.is_empty() {
                break;
            }
            order.ready.extend(ready.iter().map(|name| (*name).clone()));
            done.extend(ready);
        }
        for (name, needs) in self.wanted.iter().filter(|(name, _)| !done.contains(*name)) {
            order.blocked.insert((*name).clone(), self.verdict(name, needs, &done));
        }
        order
    }

    fn verdict(&self, name: &ModuleName, needs: &[ModuleName], done: &BTreeSet<&ModuleName>) -> Blocked {
        let unmet: Vec<&ModuleName> =
            needs.iter().filter(|need| !self.satisfied.contains(need) && !done.contains(need)).collect();
        if let Some(path) = self.circle(name) {
            return Blocked::Circular { path };
        }
        match unmet.iter().find(|need| self.registered.contains(**need)) {
            Some(on) => Blocked::Unmet { on: (**on).clone() },
            None => Blocked::Deferred { on: unmet.first().map_or_else(|| name.clone(), |on| (*on).clone()) },
        }
    }

    /// The way from a module through its dependencies back to itself.
    fn circle(&self, start: &ModuleName) -> Option<Vec<ModuleName>> {
        let mut seen = BTreeSet::new();
        let mut ways = vec![vec![start.clone()]];
        while let Some(way) = ways.pop() {
            let last = way.last()?;
            for need in self.wanted.get(last).copied().unwrap_or_default() {
                let mut longer = way.clone();
                longer.push(need.clone());
                if need == start {
                    return Some(longer);
                }
                if seen.insert(need.clone()) {
                    ways.push(longer);
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(word: &str) -> ModuleName {
        ModuleName::new(word).expect("a name")
    }

    /// `a:b,c` = a needs b and c; a trailing `!` = registered but not wanted; `+` = satisfied.
    fn order(words: &[&str]) -> (String, BTreeMap<String, String>) {
        let split: Vec<(ModuleName, Vec<ModuleName>)> = words
            .iter()
            .filter(|word| word.contains(':'))
            .map(|word| {
                let (module, needs) = word.split_once(':').unwrap_or((word, ""));
                (name(module), needs.split(',').filter(|need| !need.is_empty()).map(name).collect())
            })
            .collect();
        let registered: Vec<ModuleName> = words.iter().filter_map(|word| word.strip_suffix('!')).map(name).collect();
        let satisfied: Vec<ModuleName> = words.iter().filter_map(|word| word.strip_suffix('+')).map(name).collect();
        let graph = Dependencies {
            wanted: split.iter().map(|(module, needs)| (module, needs.as_slice())).collect(),
            satisfied: satisfied.iter().collect(),
            registered: registered.iter().chain(split.iter().map(|(module, _)| module)).collect(),
        };
        let order = graph.order();
        let ready = order.ready.iter().map(ModuleName::as_str).collect::<Vec<_>>().join(" ");
        let blocked = order.blocked.iter().map(|(module, why)| (module.to_string(), format!("{why:?}"))).collect();
        (ready, blocked)
    }

    #[test]
    fn dependencies_come_first_and_the_rest_by_name() {
        for (words, expected) in [
            (&["b:", "a:"][..], "a b"),
            (&["a:b", "b:"], "b a"),
            (&["a:c", "b:a", "c:"], "c a b"),
            (&["a:x", "x+"], "a"),
        ] {
            assert_eq!(order(words), (expected.to_owned(), BTreeMap::new()), "{words:?}");
        }
    }

    #[test]
    fn what_cannot_be_built_is_told_apart() {
        let (ready, blocked) = order(&["a:nowhere", "b:present", "present!", "c:d", "d:c", "e:c", "f:"]);
        assert_eq!(ready, "f");
        assert!(blocked["a"].starts_with("Deferred"), "{blocked:?}");
        assert!(blocked["b"].starts_with("Unmet"), "{blocked:?}");
        assert!(blocked["c"].starts_with("Circular"), "{blocked:?}");
        assert!(blocked["e"].starts_with("Unmet"), "{blocked:?}");
    }
}
