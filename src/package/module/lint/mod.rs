//! What would fail, is deprecated or is odd in a dkms.conf and the source beside it. The rules are a table.

mod rules;

use std::path::Path;

use serde::Serialize;

use crate::conf::{ConfError, Partial, Problem};
use crate::package::input::payload::Payload;
use crate::package::module::mkconf::Facts;

pub(crate) use crate::package::module::lint::rules::RULES;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// It fails: add, build or install ends with an error.
    Error,
    /// It works, but not as its author may think, or not for long.
    Warning,
    Note,
}

/// A rule: its name, how bad it is to break it, what to do, and how that is found.
pub(crate) struct Rule {
    /// A word that never changes.
    pub(crate) name: &'static str,
    pub(crate) level: Level,
    pub(crate) advice: &'static str,
    find: fn(&Subject<'_>) -> Vec<Found>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    pub(crate) rule: &'static str,
    pub(crate) level: Level,
    pub(crate) file: String,
    /// The line, from 1, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<usize>,
    pub(crate) text: String,
    pub(crate) advice: &'static str,
}

pub(crate) struct Subject<'a> {
    /// The dkms.conf as messages name it.
    pub(crate) file: &'a Path,
    pub(crate) text: &'a str,
    /// What can be known of it without running anything.
    pub(crate) conf: &'a Result<Partial, ConfError>,
    /// The source beside it, unless the file is looked at alone.
    pub(crate) source: Option<(&'a Payload, &'a Facts)>,
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
pub(crate) fn lint(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for rule in RULES {
        for found in (rule.find)(subject) {
            let file = found.file.unwrap_or_else(|| subject.file.display().to_string());
            let text = crate::package::module::survey::one_line(&found.text);
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
