//! Rules are data: who tells a line, what shows it, cause and advice. `{}` stands for what the first group of the pattern
//! matched; {module}, {version}, {kernel}, {series} and {source} for what they say, {install} for the command that brings `{}`.

use super::Case;
use super::line::Teller;

/// What to do where the direction is not known.
pub(super) const OTHER: &str =
    "look for a release of {module} that supports Linux {series}; this one was written for other kernels";

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
