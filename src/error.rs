//! The error at the edge: kind (gives the exit code), message, cause chain and hints.

use std::fmt;
use std::sync::Arc;

use crate::exit::Kind;

/// What went wrong, for the person who has to act on it. Made where a layer's typed error meets a command.
#[derive(Debug, Clone)]
pub(crate) struct Error {
    kind: Kind,
    message: String,
    cause: Option<Arc<dyn std::error::Error + Send + Sync>>,
    hints: Vec<String>,
}

/// Shorthand for results that end at the edge.
pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of this kind with a message that names what was tried and what came of it.
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), cause: None, hints: Vec::new() }
    }

    /// Adds the error that caused this one.
    #[must_use]
    pub(crate) fn caused_by(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.cause = Some(Arc::from(cause.into()));
        self
    }

    /// Adds a sentence that says what to do.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// With these hints instead of those that it has.
    #[must_use]
    pub(crate) fn with_hints(mut self, hints: Vec<String>) -> Self {
        self.hints = hints;
        self
    }

    /// Wraps an input/output error; a full disk gets a kind of its own. The error's text should name the path
    /// (`fs_err` does).
    pub(crate) fn io(message: impl Into<String>, cause: std::io::Error) -> Self {
        let full = matches!(cause.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded);
        let is_read_only = cause.kind() == std::io::ErrorKind::ReadOnlyFilesystem;
        let error = Self::new(if full { Kind::DiskFull } else { Kind::InputOutput }, message).caused_by(cause);
        match () {
            () if full => error.hint("free some space on that file system and run the command again"),
            () if is_read_only => {
                error.hint("that file system is mounted read-only: remount it writable and run the command again")
            }
            () => error,
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// The message without causes and hints.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The hints, in the order in which they were added.
    pub(crate) fn hints(&self) -> &[String] {
        &self.hints
    }

    /// The message with its causes, for a line of a log.
    pub(crate) fn in_one_line(&self) -> String {
        with_causes(self)
    }

    /// The causes, outermost first, as text.
    pub(crate) fn causes(&self) -> Vec<String> {
        chain(self).skip(1).collect()
    }
}

/// A line that tells that something failed and why, and says "failed" once: most reasons say it themselves.
pub(crate) fn failed(what: &str, why: &str) -> String {
    if says_failed(why) { format!("{what}: {why}") } else { format!("{what} failed: {why}") }
}

/// Whether a text has the word in it.
pub(crate) fn says_failed(text: &str) -> bool {
    text.split(|c: char| !c.is_alphabetic() && c != '_').any(|word| word.eq_ignore_ascii_case("failed"))
}

/// Any error with its causes, in one line.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    chain(error).collect::<Vec<_>>().join(": ")
}

fn chain(error: &dyn std::error::Error) -> impl Iterator<Item = String> {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            Some(cause) => Some(cause.as_ref()),
            None => None,
        }
    }
}

impl From<crate::ids::IdError> for Error {
    fn from(error: crate::ids::IdError) -> Self {
        use crate::ids::{IdError, Named};
        let kind = match &error {
            IdError::Empty { what: Named::Kernel | Named::Arch } => Kind::KernelEmpty,
            IdError::Empty { .. } | IdError::Reserved { .. } | IdError::Character { .. } => Kind::NameMissing,
        };
        Self::new(kind, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_something_failed_is_said_once() {
        for (what, why, line) in [
            ("build of a/1", "a.c:1: error: no such thing", "build of a/1 failed: a.c:1: error: no such thing"),
            ("install of a/1", "`depmod -a` failed: exit code 1", "install of a/1: `depmod -a` failed: exit code 1"),
            (
                "build of a/1",
                "a.c:1: error: failed_of is unknown",
                "build of a/1 failed: a.c:1: error: failed_of is unknown",
            ),
        ] {
            assert_eq!(failed(what, why), line);
        }
    }
}
