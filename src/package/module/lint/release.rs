//! A makefile whose rules stand where KERNELRELEASE is not set, and a MAKE to which DKMS gives it.

use super::finding::{Found, Subject};
use super::make::MakeLine;

/// The makefile finds no rule when DKMS calls it: it takes itself for read by the kernel's makefiles.
pub(super) fn no_rule_with_release(subject: &Subject<'_>) -> Vec<Found> {
    let (Some((_, facts)), Some(make)) = (subject.source, MakeLine::of(subject)) else { return Vec::new() };
    let asks = make.is_given_release() && make.folder.is_none();
    let Some((name, text)) = make.makefile(facts).filter(|_| asks) else { return Vec::new() };
    let Some(Branches { line, always, unset }) = Branches::of(text) else { return Vec::new() };
    let is_made = |targets: &[&str]| match make.goals.as_slice() {
        [] => !targets.is_empty(),
        goals => goals.iter().all(|goal| targets.contains(&goal.as_str())),
    };
    if is_made(&always) || !is_made(&unset) {
        return Vec::new();
    }
    let goal = make.goals.first().map_or("any target".to_owned(), |goal| format!("`{goal}`"));
    let text = format!("{name} has no rule for {goal} when KERNELRELEASE is set, which DKMS does");
    vec![Found { file: Some(name.to_owned()), line: Some(line), text }]
}

/// The targets of rules, by where they stand.
struct Branches<'t> {
    /// The line of the condition.
    line: usize,
    /// Those that are there with KERNELRELEASE.
    always: Vec<&'t str>,
    /// Those that are there without it only.
    unset: Vec<&'t str>,
}

impl<'t> Branches<'t> {
    /// None where there is no such condition, or what is there cannot be told.
    fn of(text: &'t str) -> Option<Self> {
        let mut reading = Reading::default();
        for (number, line) in (1..).zip(text.lines()) {
            reading.line(number, line)?;
        }
        Some(Self { line: reading.found?, always: reading.always, unset: reading.unset })
    }
}

#[derive(Default)]
struct Reading<'t> {
    always: Vec<&'t str>,
    unset: Vec<&'t str>,
    found: Option<usize>,
    /// Of the conditions that are open.
    depth: usize,
    /// The depth of the one about KERNELRELEASE, and whether its present branch is the one with it.
    inside: Option<(usize, bool)>,
}

impl<'t> Reading<'t> {
    /// None: nothing can be told of this makefile.
    fn line(&mut self, number: usize, line: &'t str) -> Option<()> {
        let word = line.split([' ', '\t', '(']).find(|word| !word.is_empty()).unwrap_or_default();
        match word {
            "ifeq" | "ifneq" | "ifdef" | "ifndef" => self.open(number, line),
            "else" => self.turn(line)?,
            "endif" => self.close(),
            _ if line.starts_with('\t') || line.trim_start().starts_with('#') => {}
            // The kernel's own file is what belongs there; others may hold rules.
            "override" | "include" | "-include" | "sinclude" if self.may_be_set() => {
                line.contains("Kbuild").then_some(())?;
            }
            _ => self.rule(line)?,
        }
        Some(())
    }

    fn may_be_set(&self) -> bool {
        self.inside.is_none_or(|(_, is_set)| is_set)
    }

    fn open(&mut self, number: usize, line: &str) {
        self.depth += 1;
        let is_set = with_release(line).filter(|_| self.inside.is_none() && self.found.is_none());
        if let Some(is_set) = is_set {
            (self.inside, self.found) = (Some((self.depth, is_set)), Some(number));
        }
    }

    fn turn(&mut self, line: &str) -> Option<()> {
        if let Some((_, is_set)) = self.inside.as_mut().filter(|(at, _)| *at == self.depth) {
            // Another condition in its place.
            (!line.contains("if")).then_some(())?;
            *is_set = !*is_set;
        }
        Some(())
    }

    fn close(&mut self) {
        self.inside = self.inside.filter(|(at, _)| *at != self.depth);
        self.depth = self.depth.saturating_sub(1);
    }

    fn rule(&mut self, line: &'t str) -> Option<()> {
        let Some(targets) = targets(line) else { return Some(()) };
        if targets.contains(['$', '%']) {
            return (!self.may_be_set()).then_some(());
        }
        let list = if self.inside.is_some_and(|(_, is_set)| !is_set) { &mut self.unset } else { &mut self.always };
        list.extend(targets.split_whitespace().filter(|target| !target.starts_with('.')));
        Some(())
    }
}

/// Whether a condition holds with KERNELRELEASE; None when it is about something else.
fn with_release(line: &str) -> Option<bool> {
    let bare: String =
        line.chars().filter(|c| !c.is_whitespace() && !['"', '\'', '(', ')', '{', '}', '$'].contains(c)).collect();
    match bare.trim_end_matches(',') {
        "ifneqKERNELRELEASE" | "ifneq,KERNELRELEASE" | "ifdefKERNELRELEASE" => Some(true),
        "ifeqKERNELRELEASE" | "ifeq,KERNELRELEASE" | "ifndefKERNELRELEASE" => Some(false),
        _ => None,
    }
}

/// What stands before the colon of a rule.
fn targets(line: &str) -> Option<&str> {
    let (targets, rest) = line.split_once(':')?;
    let is_assignment = rest.starts_with(['=', ':']) || targets.contains(['=', '?', '+']);
    (!is_assignment && !targets.trim().is_empty()).then_some(targets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_told_by_the_branch_that_they_stand_in() {
        for (text, always, unset) in [
            ("ifneq ($(KERNELRELEASE),)\nobj-m := a.o\nelse\nall:\n\tmake\nclean:\nendif\n", "", "all clean"),
            ("ifeq (,$(KERNELRELEASE))\nall x:\n\tmake\nendif\nobj-m := a.o\n", "", "all x"),
            ("ifdef KERNELRELEASE\nobj-m := a.o\nelse\nK := x\nendif\nall: ; make\n", "all", ""),
            ("ifneq (\"$(KERNELRELEASE)\",\"\")\nifeq ($(A),b)\nX=1\nelse\nX=2\nendif\nelse\nall:\nendif\n", "", "all"),
        ] {
            let found = Branches::of(text).unwrap();
            assert_eq!(
                (found.always.join(" "), found.unset.join(" ")),
                (always.to_owned(), unset.to_owned()),
                "{text}"
            );
        }
        for text in ["all:\n\tmake\n", "ifneq ($(KERNELRELEASE),)\nelse\nall:\nendif\ninclude more.mk\n", "$(A): b\n"] {
            assert!(Branches::of(text).is_none(), "{text}");
        }
    }
}
