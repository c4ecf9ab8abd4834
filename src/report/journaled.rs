//! Standard error where journald reads it.

use std::io;
use std::os::fd::AsFd;

/// What a line is, where it is told on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Error,
    Warning,
    Plain,
}

impl Weight {
    /// What journald reads in front of a line and does not keep (sd-daemon(3)).
    fn prefix(self) -> &'static str {
        match self {
            Weight::Error => "<3>",
            Weight::Warning => "<4>",
            Weight::Plain => "",
        }
    }
}

/// The text with the weight in front of each of its lines.
pub(super) fn weighed(text: &str, weight: Weight) -> String {
    text.split_inclusive('\n').map(|line| format!("{}{line}", weight.prefix())).collect()
}

/// Whether standard error goes to journald: what is sent besides would stand there twice (systemd.exec(5),
/// JOURNAL_STREAM).
pub(crate) fn takes_stderr() -> bool {
    let Ok(named) = std::env::var("JOURNAL_STREAM") else { return false };
    let Ok(stat) = rustix::fs::fstat(io::stderr().as_fd()) else { return false };
    is_stream(&named, stat.st_dev, stat.st_ino)
}

/// `DEVICE:INODE`, in decimals.
fn is_stream(named: &str, device: u64, inode: u64) -> bool {
    named.split_once(':').is_some_and(|(one, other)| one.parse() == Ok(device) && other.parse() == Ok(inode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_of_the_journal_is_known_by_its_numbers() {
        for (named, expected) in [("8:4711", true), ("8:4712", false), ("9:4711", false), ("", false), ("8", false)] {
            assert_eq!(is_stream(named, 8, 4711), expected, "{named}");
        }
    }

    #[test]
    fn each_line_has_its_weight() {
        assert_eq!(weighed("a\n  hint: b\n", Weight::Error), "<3>a\n<3>  hint: b\n");
        assert_eq!(weighed("a\n", Weight::Plain), "a\n");
    }
}
