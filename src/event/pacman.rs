//! Hooks of pacman (alpm-hooks(5)): `NeedsTargets` writes the matching paths to standard input, without a slash in front.

use super::paths::Touched;
use super::{Event, EventError, nothing, word};

/// `post` or `pre`: when in the transaction the hook runs; `leave`, before it, is told of what is removed and not upgraded.
pub(crate) fn hook(words: &[String], touched: &Touched) -> Result<Event, EventError> {
    match word(words, 0, "pacman", "post, pre or leave")? {
        "post" | "pre" | "leave" if touched.is_empty() => {
            Ok(nothing("no module's source, kernel or headers are among the paths"))
        }
        "post" => Ok(Event::DiskChanged { why: format!("packages changed {touched}") }),
        // Whether a path is replaced or goes for good is not known yet.
        "pre" => Ok(Event::SourcesMayLeave { folders: touched.modules.clone() }),
        // No hook of ours runs when the transaction is over.
        "leave" if touched.ours => Ok(Event::SourcesLeaveWithOurs { folders: touched.modules.clone() }),
        "leave" => Ok(nothing("dkms itself stays, and its hook runs when the transaction is over")),
        other => Err(EventError::Unknown(format!("pacman {other}"))),
    }
}
