//! Static evaluation over the syntax tree, pure.

use std::path::Path;

use super::{Shell, Unknown};
use crate::conf::ConfError;
use crate::conf::module::Directives;

#[derive(Debug, Clone)]
pub(in crate::conf) struct Dynamic {
    pub line: usize,
    pub what: String,
    pub syntax: bool,
}

impl Dynamic {
    pub(super) fn is_syntax(&self) -> bool {
        self.syntax
    }
    pub(super) fn explain(&self, error: ConfError) -> ConfError {
        error
    }
    pub(super) fn into_error(self, file: &Path, _text: &str) -> ConfError {
        ConfError::NeedsCommands { file: file.to_path_buf(), line: self.line, what: self.what }
    }
}

pub(super) struct Outcome {
    pub directives: Directives,
    pub unknown: Vec<Unknown>,
}

pub(super) fn evaluate(_text: &str, _known: &Directives, _shell: &Shell<'_>) -> Result<Outcome, Dynamic> {
    Err(Dynamic { line: 1, what: "shell code".to_owned(), syntax: false })
}
