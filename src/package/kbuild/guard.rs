//! Conditions under which something of a makefile counts, as far as they can be told without a kernel.
//!
//! A guard is a conjunction of clauses, a clause a disjunction of literals. The atoms are the values `y` and `m` of a
//! CONFIG_ variable, and conditions that nobody can decide here, such as what a command prints.

use std::collections::{BTreeMap, BTreeSet};

/// More clauses than this are given up: the condition counts as one that cannot be decided.
const MAX_CLAUSES: usize = 24;
/// Combinations of atoms that are tried to settle what a guard comes to.
const MAX_STATES: usize = 512;

/// An atom, or its opposite. Atoms come in pairs, of which at most one holds: the values `y` (even) and `m` (odd) of a
/// CONFIG_ variable. Of a condition that cannot be decided only the even one is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Literal {
    atom: usize,
    holds: bool,
}

impl Literal {
    fn opposite(self) -> Self {
        Self { holds: !self.holds, ..self }
    }
}

/// What a pair of atoms is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    /// A variable of the kernel's configuration.
    Config(String),
    Unknown(String),
}

/// The atoms seen so far.
#[derive(Debug, Default)]
pub(super) struct Atoms {
    subjects: Vec<Subject>,
    numbers: BTreeMap<Subject, usize>,
}

impl Atoms {
    fn first_of(&mut self, subject: Subject) -> usize {
        if let Some(number) = self.numbers.get(&subject) {
            return number * 2;
        }
        self.subjects.push(subject.clone());
        self.numbers.insert(subject, self.subjects.len() - 1);
        (self.subjects.len() - 1) * 2
    }

    fn subject(&self, atom: usize) -> Option<&Subject> {
        self.subjects.get(atom / 2)
    }

    /// The configuration has NAME with this value, `y` or `m`.
    pub(super) fn config(&mut self, name: &str, value: char) -> Guard {
        let atom = self.first_of(Subject::Config(name.to_owned())) + usize::from(value == 'm');
        Guard { clauses: vec![vec![Literal { atom, holds: true }]] }
    }

    /// A condition that cannot be decided.
    pub(super) fn unknown(&mut self, text: &str) -> Guard {
        let atom = self.first_of(Subject::Unknown(text.to_owned()));
        Guard { clauses: vec![vec![Literal { atom, holds: true }]] }
    }
}

/// When something counts. The default is: always.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Guard {
    clauses: Vec<Vec<Literal>>,
}

impl Guard {
    pub(super) fn never() -> Self {
        Self { clauses: vec![Vec::new()] }
    }

    pub(super) fn is_always(&self) -> bool {
        self.clauses.is_empty()
    }

    pub(super) fn is_never(&self) -> bool {
        self.clauses.iter().any(Vec::is_empty)
    }

    /// Both; what contradicts itself becomes never.
    pub(super) fn and(&self, other: &Self) -> Self {
        if self.is_always() || self == other {
            return other.clone();
        }
        if other.is_always() {
            return self.clone();
        }
        let mut clauses = self.clauses.clone();
        clauses.extend(other.clauses.iter().filter(|clause| !self.clauses.contains(clause)).cloned());
        // What is left out makes the guard weaker, never wrong about what is possible.
        clauses.truncate(MAX_CLAUSES);
        Self { clauses }.simplified()
    }

    fn simplified(mut self) -> Self {
        let mut units: BTreeSet<Literal> =
            self.clauses.iter().filter(|clause| clause.len() == 1).flatten().copied().collect();
        let others: Vec<Literal> = units.iter().filter(|unit| unit.holds).copied().collect();
        units.extend(others.iter().map(|unit| Literal { atom: unit.atom ^ 1, holds: false }));
        if units.iter().any(|unit| units.contains(&unit.opposite())) {
            return Self::never();
        }
        // What another literal says already is left out.
        let is_implied =
            |literal: &Literal| !literal.holds && units.contains(&Literal { atom: literal.atom ^ 1, holds: true });
        self.clauses.retain(|clause| match clause.as_slice() {
            [only] => !is_implied(only),
            many => !many.iter().any(|literal| units.contains(literal)),
        });
        for clause in self.clauses.iter_mut().filter(|clause| clause.len() > 1) {
            clause.retain(|literal| !units.contains(&literal.opposite()));
        }
        self
    }

    /// The opposite, where it can be said as a guard: of single literals, or of one clause.
    pub(super) fn not(&self) -> Option<Self> {
        match self.clauses.as_slice() {
            [] => Some(Self::never()),
            [one] => Some(Self { clauses: one.iter().map(|literal| vec![literal.opposite()]).collect() }),
            many if many.iter().all(|clause| clause.len() == 1) => {
                Some(Self { clauses: vec![many.iter().flatten().map(|literal| literal.opposite()).collect()] })
            }
            _ => None,
        }
    }

    fn holds(&self, state: &BTreeSet<usize>) -> bool {
        self.clauses.iter().all(|clause| clause.iter().any(|literal| state.contains(&literal.atom) == literal.holds))
    }
}

/// What the conditions of something come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Settled {
    /// CONFIG_ variables that must be set (`y` or `m`), or must not be.
    pub(super) needs: Vec<(String, bool)>,
    /// Further conditions on which it depends, as text.
    pub(super) rest: Vec<String>,
    /// No kernel has all that.
    pub(super) never: bool,
}

/// Settles when at least one of several guards holds.
pub(super) fn settle(guards: &[Guard], atoms: &Atoms) -> Settled {
    if guards.iter().any(Guard::is_always) {
        return Settled::default();
    }
    let named = guards.iter().flat_map(|guard| guard.clauses.iter().flatten()).map(|literal| literal.atom);
    // Of a CONFIG_ variable both values are possible, whichever is named.
    let is_config = |atom: usize| matches!(atoms.subject(atom), Some(Subject::Config(_)));
    let used: BTreeSet<usize> =
        named.flat_map(|atom| [Some(atom), is_config(atom).then_some(atom ^ 1)]).flatten().collect();
    let Some(states) = states(&used, atoms) else {
        return Settled { rest: names(&used, atoms), ..Settled::default() };
    };
    let holds = |state: &BTreeSet<usize>| guards.iter().any(|guard| guard.holds(state));
    let good: Vec<&BTreeSet<usize>> = states.iter().filter(|state| holds(state)).collect();
    if good.is_empty() {
        return Settled { never: true, ..Settled::default() };
    }
    let mut settled = Settled::default();
    for (subject, both) in pairs(&used, atoms) {
        let is_set = |state: &&BTreeSet<usize>| both.iter().any(|atom| state.contains(atom));
        let set = good.iter().filter(|state| is_set(state)).count();
        match subject {
            Subject::Config(name) if set == good.len() || set == 0 => settled.needs.push((name.clone(), set > 0)),
            Subject::Config(name) | Subject::Unknown(name) => {
                if states.iter().any(|state| varies(state, &both, &holds)) {
                    settled.rest.push(name.clone());
                }
            }
        }
    }
    settled
}

/// Whether the outcome depends on these atoms, of which at most one holds, when all else stays as it is.
fn varies(state: &BTreeSet<usize>, atoms: &[usize], holds: &dyn Fn(&BTreeSet<usize>) -> bool) -> bool {
    let without: BTreeSet<usize> = state.iter().copied().filter(|atom| !atoms.contains(atom)).collect();
    let first = holds(&without);
    atoms.iter().any(|atom| {
        let mut with = without.clone();
        with.insert(*atom);
        holds(&with) != first
    })
}

/// What atoms are about, each with those of its two that are used.
fn pairs<'a>(used: &BTreeSet<usize>, atoms: &'a Atoms) -> BTreeMap<&'a Subject, Vec<usize>> {
    let mut pairs: BTreeMap<&Subject, Vec<usize>> = BTreeMap::new();
    for atom in used {
        if let Some(subject) = atoms.subject(*atom) {
            pairs.entry(subject).or_default().push(*atom);
        }
    }
    pairs
}

fn names(used: &BTreeSet<usize>, atoms: &Atoms) -> Vec<String> {
    let name = |subject: &Subject| match subject {
        Subject::Config(name) | Subject::Unknown(name) => name.clone(),
    };
    pairs(used, atoms).into_keys().map(name).collect()
}

/// Every state of the world in these atoms, as the atoms that hold; None when there are too many.
fn states(used: &BTreeSet<usize>, atoms: &Atoms) -> Option<Vec<BTreeSet<usize>>> {
    let mut states: Vec<BTreeSet<usize>> = vec![BTreeSet::new()];
    for choice in pairs(used, atoms).into_values() {
        if states.len() * (choice.len() + 1) > MAX_STATES {
            return None;
        }
        let mut more = Vec::new();
        for atom in choice {
            more.extend(states.iter().map(|state| state.iter().copied().chain([atom]).collect::<BTreeSet<usize>>()));
        }
        states.extend(more);
    }
    Some(states)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(guards: &[Guard], atoms: &Atoms) -> String {
        let settled = settle(guards, atoms);
        let needs = settled.needs.iter().map(|(name, set)| format!("{}{name}", if *set { "" } else { "!" }));
        let never = settled.never.then(|| "never".to_owned());
        never
            .into_iter()
            .chain(needs)
            .chain(settled.rest.iter().map(|text| format!("?{text}")))
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn guards_come_to_what_they_have_in_common() {
        let mut atoms = Atoms::default();
        let (y, m) = (atoms.config("A", 'y'), atoms.config("A", 'm'));
        let set = y.not().unwrap().and(&m.not().unwrap()).not().unwrap();
        let (u, b) = (atoms.unknown("U"), atoms.config("B", 'y'));
        let not = |guard: &Guard| guard.not().unwrap();
        let cases: Vec<(Vec<Guard>, &str)> = vec![
            (vec![Guard::default()], ""),
            (vec![m.clone()], "A"),
            (vec![y.clone(), m.clone()], "A"),
            (vec![not(&y).and(&not(&m))], "!A"),
            (vec![u.clone()], "?U"),
            (vec![u.clone(), not(&u)], ""),
            (vec![m.and(&u), m.and(&not(&u))], "A"),
            (vec![m.and(&b)], "A B"),
            (vec![set.clone()], "A"),
            (vec![set.and(&not(&y))], "A"),
            (vec![m.clone(), b.clone()], "?A ?B"),
            (vec![y.and(&m)], "never"),
            (vec![u.and(&not(&u))], "never"),
        ];
        for (guards, expected) in cases {
            assert_eq!(settled(&guards, &atoms), expected, "{guards:?}");
        }
    }
}
