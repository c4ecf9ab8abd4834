//! What the line that ended a build means. Rules are data: who tells it, what shows it, cause and advice. `{}` stands for
//! what the first group of the pattern matched; {module}, {version}, {kernel}, {series} and {source} for what they say,
//! {install} for the command that brings `{}`.

use std::sync::LazyLock;

use regex::RegexSet;

use super::about::Series;
use super::line::Teller;
use super::rules_of_make::{MAKE, own_words};
use super::rules_of_tools::{MACHINE, TOOLS};
use super::{Case, compiled, interface};

pub(super) struct Rule {
    /// Who tells it; empty: anybody.
    pub(super) of: &'static [Teller],
    /// A regular expression over the line.
    pub(super) pattern: &'static str,
    /// What must be so besides.
    pub(super) when: fn(&Case<'_>, &str) -> bool,
    /// Why, in a sentence. Empty: the line says it itself, and advice is all there is to add.
    pub(super) cause: &'static str,
    /// What to do: a command, or a clear next thing.
    pub(super) advice: &'static str,
}

impl Rule {
    /// A rule that asks for no more than its line.
    pub(super) const fn new(
        of: &'static [Teller],
        pattern: &'static str,
        cause: &'static str,
        advice: &'static str,
    ) -> Self {
        Self { of, pattern, when: |_, _| true, cause, advice }
    }
}

static MACHINE_SET: LazyLock<RegexSet> = LazyLock::new(|| set(MACHINE));
static MAKE_SET: LazyLock<RegexSet> = LazyLock::new(|| set(MAKE));
static TOOLS_SET: LazyLock<RegexSet> = LazyLock::new(|| set(TOOLS));

#[expect(clippy::expect_used, reason = "constant patterns, compiled by every test")]
fn set(rules: &[Rule]) -> RegexSet {
    RegexSet::new(rules.iter().map(|rule| rule.pattern)).expect("constant patterns")
}

/// Cause and advice, where they are known.
pub(super) fn meaning(case: &Case<'_>) -> Option<(String, String)> {
    let tables = [(&*MAKE_SET, MAKE), (&*MACHINE_SET, MACHINE), (&*TOOLS_SET, TOOLS)];
    let found = tables.iter().find_map(|(set, rules)| first(set, rules, case));
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

/// Puts the words into a sentence.
pub(super) fn filled(sentence: &str, case: &Case<'_>, word: &str) -> String {
    let about = case.about;
    let series = Series::of(about.kernel).map_or_else(|| about.kernel.to_string(), |series| series.to_string());
    let plain = word.rsplit('/').next().unwrap_or(word);
    let mut text = own_words(sentence, case, word);
    for (name, value) in [
        ("{install}", about.packages.install(if word.starts_with("openssl/") { "openssl/" } else { plain })),
        ("{module}", about.id.name.to_string()),
        ("{version}", about.id.version.to_string()),
        ("{kernel}", about.kernel.to_string()),
        ("{series}", series),
        ("{source}", format!("/usr/src/{}", about.id.source_folder())),
        ("{}", word.to_owned()),
    ] {
        text = text.replace(name, &value);
    }
    text
}
