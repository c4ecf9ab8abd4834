//! What a build log means: the first error in it, its likely cause, and what to do.

mod rules;

use std::fmt;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::sync::LazyLock;

use regex::{Regex, RegexSet};

use rules::{FIRST_ERROR, MACHINE, Rule};

/// More of a line than this is no help to a reader.
const LONGEST_LINE: usize = 300;

/// What a build log says about its failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The line of the log, from 1.
    pub(crate) number: usize,
    /// The first line that tells of an error.
    pub(crate) line: String,
    /// Why it happened, where that is known, in a sentence.
    pub(crate) cause: Option<String>,
    /// What to do about that.
    pub(crate) advice: Option<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of the log: {}", self.number, self.line)
    }
}

impl std::error::Error for Finding {}

/// Explains the log of a failed build; None when nothing in it looks like an error. Logs of any size are read line by
/// line.
pub(crate) fn read(log: &Path) -> io::Result<Option<Finding>> {
    let mut reader = BufReader::new(fs_err::File::open(log)?);
    let mut search = Search::default();
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        search.line(String::from_utf8_lossy(&line).trim_end());
        line.clear();
    }
    Ok(search.finding())
}

/// Explains the text of a log.
#[cfg(test)]
pub(crate) fn explain(log: &str) -> Option<Finding> {
    let mut search = Search::default();
    log.lines().for_each(|line| search.line(line));
    search.finding()
}

/// Lines that tell of an error themselves.
static ERRORS: LazyLock<RegexSet> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "constant patterns, compiled by every test")]
    RegexSet::new([
        r"(?i)(^|[\s:\[])(fatal )?error( \w+)?:\s",
        r"(: |: line )\S+: (command )?not found$",
        r"\*\*\* (No rule to make|No targets|missing separator|.*Stop\.$)",
        r"(?i)no space left on device|disk quota exceeded|read-only file system",
        r"(?i)virtual memory exhausted|cannot allocate memory|: Killed|^Killed",
        r"undefined!$",
        r"Hunk #\d+ FAILED|can't find file to patch",
        r": (Permission denied|Exec format error)$",
        r": No such file or directory$",
    ])
    .expect("constant patterns")
});

/// Lines in which make passes on that something failed before.
static PASSED_ON: LazyLock<Regex> = LazyLock::new(|| compiled(r"\*\*\* .*Error \d+"));

static MACHINE_PATTERNS: LazyLock<RegexSet> = LazyLock::new(|| set(MACHINE));
static FIRST_PATTERNS: LazyLock<RegexSet> = LazyLock::new(|| set(FIRST_ERROR));

#[expect(clippy::expect_used, reason = "constant patterns, compiled by every test")]
fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("constant pattern")
}

#[expect(clippy::expect_used, reason = "constant patterns, compiled by every test")]
fn set(rules: &[Rule]) -> RegexSet {
    RegexSet::new(rules.iter().map(|rule| rule.pattern)).expect("constant patterns")
}

/// What was found so far in a log that is read line by line.
#[derive(Default)]
struct Search {
    number: usize,
    first: Option<(usize, String)>,
    passed_on: Option<(usize, String)>,
    machine: Option<(usize, usize, String)>,
}

impl Search {
    fn line(&mut self, line: &str) {
        self.number += 1;
        // Our own lines between the commands.
        if line.starts_with("# ") {
            return;
        }
        let is_passed_on = PASSED_ON.is_match(line);
        if is_passed_on {
            self.passed_on.get_or_insert_with(|| (self.number, shorten(line)));
        } else if self.first.is_none() && ERRORS.is_match(line) {
            self.first = Some((self.number, shorten(line)));
        }
        if let Some(rule) = MACHINE_PATTERNS.matches(line).iter().next()
            && self.machine.as_ref().is_none_or(|(best, ..)| rule < *best)
        {
            self.machine = Some((rule, self.number, shorten(line)));
        }
    }

    fn finding(self) -> Option<Finding> {
        // A full disk or a missing compiler explains whatever failed before it was noticed.
        if let Some((rule, number, line)) = self.machine {
            return Some(explained(number, line, &MACHINE[rule]));
        }
        let (number, line) = self.first.or(self.passed_on)?;
        Some(match FIRST_PATTERNS.matches(&line).iter().next() {
            Some(rule) => explained(number, line, &FIRST_ERROR[rule]),
            None => Finding { number, line, cause: None, advice: None },
        })
    }
}

fn explained(number: usize, line: String, rule: &Rule) -> Finding {
    let captures = compiled(rule.pattern).captures(&line).map(|found| {
        let word = found.iter().skip(1).flatten().next().map_or("", |word| word.as_str());
        (rule.cause.replace("{}", word), rule.advice.replace("{}", word))
    });
    let (cause, advice) = captures.unzip();
    Finding { number, line, cause, advice }
}

fn shorten(line: &str) -> String {
    let line = line.trim();
    match line.char_indices().nth(LONGEST_LINE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests;
