//! Shell files as data: evaluated natively where that is possible, else by a real bash, never by our own shell-out of
//! unquoted text.
//!
//! Directives go through two evaluations, because the shell original has always sourced a file, printed the values
//! unquoted inside double quotes and sourced that again; packages rely on it (`$kernelver` in single quotes).

mod arithmetic;
mod assign;
mod bash;
mod builtin;
mod control;
mod dynamic;
mod eval;
mod expand;
mod glob;
mod lenient;
mod limits;
mod parameter;
mod pattern;
mod source;
mod test;
mod twice;
mod variables;

use std::path::Path;
use std::time::Duration;

use super::module::Directives;
use super::seen::Walls;
use super::{ConfError, EvaluatedBy};
use crate::sys::System;
use bash::is_named;

pub(super) use source::Text;
pub(super) use twice::line_of;

/// How far an evaluation may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// bash runs what cannot be evaluated natively.
    Bash,
    /// What cannot be evaluated natively is an error.
    Native,
    /// What cannot be evaluated natively leaves its directives unknown.
    Lenient,
}

/// How many evaluations a value goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Evaluations {
    One,
    /// Sourced, printed, sourced: dkms.conf and its overrides.
    Two,
}

/// What files are evaluated with.
pub(super) struct Shell<'a> {
    /// The system they belong to.
    pub(crate) system: &'a System,
    /// The names taken from them, in the order of the second evaluation; `X*` stands for all that begin with `X`.
    pub(crate) names: &'a [&'a str],
    pub(crate) variables: Vec<(String, String)>,
    /// What `override_dest_module_location` prints instead of its argument.
    pub(crate) destination: Option<String>,
    /// How long bash may take.
    pub(crate) time_limit: Duration,
    pub(crate) reach: Reach,
    pub(crate) evaluations: Evaluations,
    /// Where bash runs, asked when it has to; None: as we do.
    pub(crate) walls: Option<Box<dyn Fn() -> Option<Walls> + 'a>>,
}

/// A directive whose value only commands can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unknown {
    pub(crate) name: String,
    /// Its index; None when the whole array is unknown.
    pub(crate) index: Option<usize>,
    /// The line, from 1, of what cannot be known.
    pub(crate) line: usize,
    pub(crate) what: String,
}

/// What one file yields on top of the values known before.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    /// Every wanted name that is set afterwards.
    pub(crate) directives: Directives,
    /// Wanted names that only commands can tell (with [`Reach::Lenient`] only).
    pub(crate) unknown: Vec<Unknown>,
    pub(crate) evaluated_by: EvaluatedBy,
    /// Whether it may be another one for another kernel.
    pub(crate) depends_on_kernel: bool,
    /// What only bash could tell, when it was asked: a line and a construct.
    pub(crate) needs: Option<String>,
    /// Odd things, one sentence each.
    pub(crate) notices: Vec<String>,
    /// What bash said on its standard error, the first lines.
    pub(crate) said: Vec<String>,
    /// The text, for those that look at the order of its lines.
    pub(crate) text: String,
}

impl Shell<'_> {
    /// Evaluates one file that may read the values `known` from earlier files.
    pub(super) fn read(&self, file: &Path, known: &Directives) -> Result<Reading, ConfError> {
        self.evaluate(file, &Text::read(file)?, known)
    }

    /// Evaluates the text of a file.
    pub(super) fn evaluate(&self, file: &Path, text: &Text, known: &Directives) -> Result<Reading, ConfError> {
        let mut reading = Reading {
            directives: known.clone(),
            unknown: Vec::new(),
            evaluated_by: EvaluatedBy::Static,
            depends_on_kernel: false,
            needs: None,
            notices: Vec::new(),
            said: Vec::new(),
            text: text.clean.clone(),
        };
        if text.is_empty() {
            return Ok(reading);
        }
        self.source_once(file, text, known, &mut reading)?;
        if self.evaluations == Evaluations::Two {
            self.source_again(file, &mut reading)?;
        }
        Ok(reading)
    }

    fn source_once(
        &self,
        file: &Path,
        text: &Text,
        known: &Directives,
        reading: &mut Reading,
    ) -> Result<(), ConfError> {
        match eval::evaluate(&text.clean, Some(file), known, self) {
            Ok(outcome) => {
                reading.directives = outcome.directives;
                reading.unknown = outcome.unknown;
                reading.depends_on_kernel |= outcome.depends_on_kernel;
                Ok(())
            }
            Err(dynamic) if self.reach == Reach::Bash => {
                let source = if text.as_on_disk { bash::Source::File(file) } else { bash::Source::Text(&text.clean) };
                let answer =
                    self.run(file, known, source).map_err(|error| dynamic.explain(file, &text.clean, error))?;
                reading.directives = answer.directives;
                reading.said.extend(answer.said);
                reading.evaluated_by = EvaluatedBy::Bash;
                reading.depends_on_kernel = true;
                reading.needs = Some(dynamic.to_string());
                Ok(())
            }
            Err(dynamic) => Err(dynamic.into_error(file, &text.clean)),
        }
    }

    fn source_again(&self, file: &Path, reading: &mut Reading) -> Result<(), ConfError> {
        if twice::is_the_same(&reading.directives) {
            return Ok(());
        }
        let printed = twice::print(self.system, &reading.directives, self.names);
        let none = Directives::new();
        match eval::evaluate(&printed.text, None, &none, self) {
            Ok(outcome) => {
                reading.notices.extend(twice::lost(&reading.directives, &outcome));
                reading.unknown.extend(outcome.unknown);
                reading.depends_on_kernel |= outcome.depends_on_kernel;
                reading.directives = outcome.directives;
                Ok(())
            }
            Err(dynamic) if dynamic.is_syntax() => Err(twice::unbalanced(file, &printed, dynamic.line)),
            Err(dynamic) if self.reach == Reach::Bash => {
                let again = self.run(file, &none, bash::Source::Text(&printed.text))?;
                reading.said.extend(again.said);
                let outcome =
                    eval::Outcome { directives: again.directives, unknown: Vec::new(), depends_on_kernel: true };
                reading.notices.extend(twice::lost(&reading.directives, &outcome));
                reading.directives = outcome.directives;
                reading.evaluated_by = EvaluatedBy::Bash;
                reading.depends_on_kernel = true;
                reading.needs.get_or_insert_with(|| twice::needed(&printed, &dynamic));
                Ok(())
            }
            Err(dynamic) => Err(twice::needs_commands(file, &reading.text, &printed, &dynamic)),
        }
    }

    fn run(&self, file: &Path, known: &Directives, source: bash::Source<'_>) -> Result<bash::Answer, ConfError> {
        let walls = self.walls.as_ref().and_then(|walls| walls());
        let run = bash::Run {
            system: self.system,
            file,
            variables: &self.variables,
            known,
            names: self.names,
            destination: self.destination.as_deref(),
            time_limit: self.time_limit,
            walls: walls.as_ref(),
        };
        run.source(source)
    }
}

#[cfg(test)]
mod generated;
#[cfg(test)]
mod tests;
