//! The first dialect (2003): MAKE_smp, PATCH0, MODULE_NAME, LOCATION, read as if written in today's directives.

use std::path::Path;

use super::Context;
use super::directive;
use super::module::Directives;

/// The names to take from a file.
pub(super) fn names_for(_file: &Path) -> Vec<&'static str> {
    directive::NAMES.to_vec()
}

/// Turns the first dialect into today's directives, with notices.
pub(super) fn modernise(_directives: &mut Directives, _text: &str, _context: &Context<'_>) -> Vec<String> {
    Vec::new()
}
