//! A makefile whose rules stand where KERNELRELEASE is not set, and a MAKE to which DKMS gives it.

use super::finding::{Found, Subject};
use super::make::MakeLine;

/// The makefile finds no rule when DKMS calls it: it takes itself for read by the kernel's makefiles.
pub(super) fn no_rule_with_release(subject: &Subject<'_>) -> Vec<Found> {
    let (Some((_, facts)), Some(make)) = (subject.source, MakeLine::of(subject)) else { return Vec::new() };
    let makefile =
        ["GNUmakefile", "makefile", "Makefile"].iter().find_map(|name| Some((*name, facts.makefiles.get(*name)?)));
    let Some((name, text)) = makefile.filter(|_| make.is_given_release() && make.folder.is_none()) else {
        return Vec::new();
    };
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
        let (mut always, mut unset) = (Vec::new(), Vec::new());
        let mut found = None;
        // The depth of the condition, and whether its present branch is the one with KERNELRELEASE.
        let (mut depth, mut inside) = (0_usize, None);
        for (number, line) in (1..).zip(text.lines()) {
            let word = line.split([' ', '\t', '(']).find(|word| !word.is_empty()).unwrap_or_default();
            match word {
                "ifeq" | "ifneq" | "ifdef" | "ifndef" => {
                    depth += 1;
                    let is_set = with_release(line).filter(|_| inside.is_none() && found.is_none());
                    if let Some(is_set) = is_set {
                        (inside, found) = (Some((depth, is_set)), Some(number));
                    }
                }
                "else" => match &mut inside {
                    // Another condition in its place.
                    Some((at, _)) if *at == depth && line.contains("if") => return None,
                    Some((at, is_set)) if *at == depth => *is_set = !*is_set,
                    _ => {}
                },
                "endif" => {
                    inside = inside.filter(|(at, _)| *at != depth);
                    depth = depth.saturating_sub(1);
                }
                _ if line.starts_with('\t') || line.trim_start().starts_with('#') => {}
                "override" | "include" | "-include" | "sinclude" if inside.is_none_or(|(_, is_set)| is_set) => {
                    // The kernel's own file is what belongs there; others may hold rules.
                    if !line.contains("Kbuild") {
                        return None;
                    }
                }
                _ => {
                    let Some(targets) = targets(line) else { continue };
                    if targets.contains('$') || targets.contains('%') {
                        if inside.is_none_or(|(_, is_set)| is_set) {
                            return None;
                        }
                        continue;
                    }
                    let list = if inside.is_some_and(|(_, is_set)| !is_set) { &mut unset } else { &mut always };
                    list.extend(targets.split_whitespace().filter(|target| !target.starts_with('.')));
                }
            }
        }
        Some(Self { line: found?, always, unset })
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
