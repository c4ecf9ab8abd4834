//! What a build log means: the line that ended the build, its cause where that is known, and what to do about it.
//!
//! Right or silent: a cause is told only where the line that ended the build shows it (with the facts of [`About`]).
//! [`line`] knows what a line is, [`fatal`] which one counts, [`rules`] and [`interface`] what it means; the changes of the
//! kernel's own interface are a table in [`changes`].

mod about;
mod changes;
mod fatal;
mod fill;
mod header;
mod heard;
mod interface;
mod line;
mod place;
mod product;
mod rule;
mod rules;
mod rules_of_headers;
mod rules_of_make;
mod rules_of_tools;
mod subject;

use std::fmt;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use regex::Regex;

pub(crate) use about::{About, Packages, Source};
pub(crate) use line::is_excerpt;
pub(crate) use product::misnamed;

use fatal::{Fatal, Search};
use heard::Heard;

/// More of a line than this is no help to a reader.
const LONGEST_LINE: usize = 300;

/// What a build log says about its failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The line of the log, from 1.
    pub(crate) number: usize,
    /// The line that ended the build.
    pub(crate) line: String,
    /// Why it happened, where that is known.
    pub(crate) cause: Option<Cause>,
    /// What to do about that.
    pub(crate) advice: Option<String>,
}

/// Why, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cause(pub(crate) String);

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Cause {}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl std::error::Error for Finding {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as _)
    }
}

/// Explains the log of a build whose command ended with this code (None: by a signal); None when no line tells of a failure. Logs of
/// any size are read line by line.
pub(crate) fn read(log: &Path, code: Option<u8>, about: &About<'_>) -> io::Result<Option<Finding>> {
    let mut reader = BufReader::new(fs_err::File::open(log)?);
    let mut search = Search::default();
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        search.line(&plain(String::from_utf8_lossy(&line).trim_end()));
        line.clear();
    }
    Ok(found(search, code, about))
}

/// Explains the text of a log.
#[cfg(test)]
pub(crate) fn explain(log: &str, code: Option<u8>, about: &About<'_>) -> Option<Finding> {
    let mut search = Search::default();
    log.lines().for_each(|line| search.line(&plain(line.trim_end())));
    found(search, code, about)
}

fn found(search: Search, code: Option<u8>, about: &About<'_>) -> Option<Finding> {
    let (fatal, heard) = search.ended(code)?;
    let (number, line) = (fatal.number, shorten(&fatal.line));
    let meaning = rules::meaning(&Case { fatal: &fatal, heard: &heard, about });
    let (cause, advice) = meaning.unzip();
    Some(Finding { number, line, cause: cause.flatten().map(Cause), advice })
}

/// What a rule looks at.
struct Case<'a> {
    fatal: &'a Fatal,
    heard: &'a Heard,
    about: &'a About<'a>,
}

/// The line with the quotes that every locale knows, and without colours.
fn plain(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '‘' | '’' | '`' => plain.push('\''),
            // A colour: CSI, parameters, a letter (ECMA-48, 5.4).
            '\u{1b}' => {
                let mut is_first = true;
                for next in characters.by_ref() {
                    if !(is_first && next == '[') && ('\u{40}'..='\u{7e}').contains(&next) {
                        break;
                    }
                    is_first = false;
                }
            }
            _ => plain.push(character),
        }
    }
    plain
}

#[expect(clippy::expect_used, reason = "constant patterns, compiled by every test")]
fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("constant pattern")
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
