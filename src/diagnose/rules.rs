//! What the line that ended a build means: the tables of rules, in the order in which they are asked.

use std::sync::LazyLock;

use regex::RegexSet;

use super::fill::filled;
use super::rule::Rule;
use super::rules_of_headers::HEADERS;
use super::rules_of_make::MAKE;
use super::rules_of_tools::{MACHINE, TOOLS};
use super::{Case, compiled, interface};

static HEADERS_SET: LazyLock<RegexSet> = LazyLock::new(|| set(HEADERS));
static MACHINE_SET: LazyLock<RegexSet> = LazyLock::new(|| set(MACHINE));
static MAKE_SET: LazyLock<RegexSet> = LazyLock::new(|| set(MAKE));
static TOOLS_SET: LazyLock<RegexSet> = LazyLock::new(|| set(TOOLS));

#[expect(clippy::expect_used, reason = "constant patterns, compiled by every test")]
fn set(rules: &[Rule]) -> RegexSet {
    RegexSet::new(rules.iter().map(|rule| rule.pattern)).expect("constant patterns")
}

/// Cause and advice, where something is known; it may be the advice alone.
pub(super) fn meaning(case: &Case<'_>) -> Option<(Option<String>, String)> {
    let tables = [(&*HEADERS_SET, HEADERS), (&*MAKE_SET, MAKE), (&*MACHINE_SET, MACHINE), (&*TOOLS_SET, TOOLS)];
    let found = tables.iter().find_map(|(set, rules)| first(set, rules, case));
    let found = found.map(|(cause, advice)| (Some(cause), advice));
    let (cause, advice) = found.or_else(|| interface::meaning(case))?;
    Some((cause, filled(&advice, case, "")))
}

fn first(set: &RegexSet, rules: &[Rule], case: &Case<'_>) -> Option<(String, String)> {
    let line = &case.fatal.line;
    let matches = set.matches(line);
    matches.iter().filter_map(|at| rules.get(at)).find_map(|rule| {
        let teller = case.fatal.told.as_ref().map(|told| told.teller);
        if !rule.of.is_empty() && !teller.is_some_and(|teller| rule.of.contains(&teller)) {
            return None;
        }
        let found = compiled(rule.pattern).captures(line)?;
        let word = found.iter().skip(1).flatten().next().map_or("", |word| word.as_str());
        (rule.when)(case, word).then(|| (filled(rule.cause, case, word), filled(rule.advice, case, word)))
    })
}
