//! What lint looks at, and what it finds there.

use std::path::Path;

use serde::Serialize;

use crate::conf::{ConfError, Partial, Problem};
use crate::package::input::payload::Payload;
use crate::package::module::mkconf::Facts;

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
    pub(super) find: fn(&Subject<'_>) -> Vec<Found>,
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
    /// What the archive or folder is called.
    pub(crate) stem: &'a str,
    /// The source beside it, unless the file is looked at alone.
    pub(crate) source: Option<(&'a Payload, &'a Facts)>,
}

/// What a rule found, before its name and advice are put to it.
pub(super) struct Found {
    /// Another file than the dkms.conf.
    pub(super) file: Option<String>,
    pub(super) line: Option<usize>,
    pub(super) text: String,
}

impl Found {
    pub(super) fn at(line: usize, text: impl Into<String>) -> Self {
        Self { file: None, line: Some(line), text: text.into() }
    }
}

impl Subject<'_> {
    /// A sentence with the line of the directive that it begins with.
    pub(super) fn located(&self, sentence: &str) -> Found {
        let problem = Problem::locate(sentence.to_owned(), &[(self.file.to_path_buf(), self.text.to_owned())]);
        Found { file: None, line: problem.place.map(|place| place.line), text: problem.sentence }
    }

    pub(super) fn known(&self) -> Option<&Partial> {
        self.conf.as_ref().ok()
    }
}

/// The values of an array that are known, with their indices.
pub(super) fn values<'a>(subject: &Subject<'a>, name: &str) -> impl Iterator<Item = (usize, &'a str)> + use<'a> {
    values_of(subject.conf, name)
}

pub(super) fn values_of<'a>(
    conf: &'a Result<Partial, ConfError>,
    name: &str,
) -> impl Iterator<Item = (usize, &'a str)> + use<'a> {
    let known = match conf {
        Ok(partial) => partial.raw.get(name),
        Err(_) => None,
    };
    known.into_iter().flatten().filter(|(_, value)| !value.is_empty()).map(|(index, value)| (*index, value.as_str()))
}
