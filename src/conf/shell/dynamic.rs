//! What native evaluation cannot tell, by name and line.

use std::path::Path;

use super::source::syntax_error;
use crate::conf::ConfError;

/// Why a text cannot be evaluated natively.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::conf) struct Dynamic {
    /// The line, from 1.
    pub(crate) line: usize,
    pub(crate) what: String,
    /// The column, from 1, when the parser refused the text there.
    pub(crate) refused_at: Option<usize>,
}

impl std::fmt::Display for Dynamic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl Dynamic {
    /// A construct that only a real shell can evaluate.
    pub(super) fn new(line: usize, what: impl Into<String>) -> Self {
        Self { line, what: what.into(), refused_at: None }
    }

    /// A text that the parser refuses.
    pub(super) fn syntax(line: usize, column: usize, what: impl Into<String>) -> Self {
        Self { line, what: what.into(), refused_at: Some(column) }
    }

    /// Whether the parser refused the text.
    pub(super) fn is_syntax(&self) -> bool {
        self.refused_at.is_some()
    }

    /// Adds what our parser knows to a syntax error of bash, which names no column.
    pub(super) fn explain(&self, file: &Path, text: &str, error: ConfError) -> ConfError {
        match (&error, self.refused_at) {
            (ConfError::Syntax { line: Some(line), reason, .. }, Some(column)) if *line == self.line => {
                let said = reason.lines().next().unwrap_or_default();
                syntax_error(file, text, self.line, Some(column), said)
            }
            _ => error,
        }
    }

    /// The error where no shell may be asked.
    pub(super) fn into_error(self, file: &Path, text: &str) -> ConfError {
        match self.refused_at {
            Some(column) => syntax_error(file, text, self.line, Some(column), self.what),
            None => ConfError::NeedsCommands { file: file.to_path_buf(), line: self.line, what: self.what },
        }
    }
}
