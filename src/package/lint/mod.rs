//! What would fail, is deprecated or is odd in a dkms.conf and the source beside it. The rules are a table.

mod rules;

use std::path::Path;

use serde::Serialize;

use super::mkconf::Facts;
use super::payload::Payload;
use crate::conf::{ConfError, Partial, Problem};

pub use rules::RULES;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It fails: add, build or install ends with an error.
    Error,
    /// It works, but not as its author may think, or not for long.
    Warning,
    /// Worth knowing.
    Note,
}

/// A rule: its name, how bad it is to break it, what to do, and how that is found.
pub struct Rule {
    /// A word that never changes.
    pub name: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What to do.
    pub advice: &'static str,
    find: fn(&Subject<'_>) -> Vec<Found>,
}

/// One thing found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// How bad it is.
    pub level: Level,
    /// The file.
    pub file: String,
    /// The line, from 1, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// What it is.
    pub text: String,
    /// What to do.
    pub advice: &'static str,
}

/// What is looked at.
pub struct Subject<'a> {
    /// The dkms.conf as messages name it.
    pub file: &'a Path,
    /// Its text.
    pub text: &'a str,
    /// What can be known of it without running anything.
    pub conf: &'a Result<Partial, ConfError>,
    /// The source beside it, unless the file is looked at alone.
    pub source: Option<(&'a Payload, &'a Facts)>,
}

/// What a rule found, before its name and advice are put to it.
struct Found {
    /// Another file than the dkms.conf.
    file: Option<String>,
    line: Option<usize>,
    text: String,
}

impl Found {
    fn at(line: usize, text: impl Into<String>) -> Self {
        Self { file: None, line: Some(line), text: text.into() }
    }
}

impl Subject<'_> {
    /// A sentence with the line of the directive that it begins with.
    fn located(&self, sentence: &str) -> Found {
        let problem = Problem::locate(sentence.to_owned(), &[(self.file.to_path_buf(), self.text.to_owned())]);
        Found { file: None, line: problem.place.map(|place| place.line), text: problem.sentence }
    }

    fn known(&self) -> Option<&Partial> {
        self.conf.as_ref().ok()
    }
}

/// Everything that the rules find: errors first, of the dkms.conf before other files, by line.
pub fn lint(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for rule in RULES {
        for found in (rule.find)(subject) {
            let file = found.file.unwrap_or_else(|| subject.file.display().to_string());
            let text = crate::package::survey::one_line(&found.text);
            findings.push(Finding {
                rule: rule.name,
                level: rule.level,
                file,
                line: found.line,
                text,
                advice: rule.advice,
            });
        }
    }
    let own = subject.file.display().to_string();
    findings.sort_by_key(|finding| (finding.level, finding.file != own, finding.file.clone(), finding.line));
    findings
}

#[cfg(test)]
mod tests;
