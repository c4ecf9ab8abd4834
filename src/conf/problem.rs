//! A problem of a dkms.conf with the place where it stands, as people see it: file, line, the line's text and a caret.

use std::fmt;
use std::path::{Path, PathBuf};

/// A sentence about a directive, and where that is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The sentence; it begins with the directive's name, `NAME` or `NAME[index]`.
    pub(crate) sentence: String,
    /// Where it is set; None when it is set nowhere, or by something else than an assignment in a file.
    pub(crate) place: Option<Place>,
}

/// An assignment in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: PathBuf,
    /// The line, from 1.
    pub(crate) line: usize,
    pub(crate) text: String,
    /// Where in it the value begins, in characters from 0.
    pub(crate) column: usize,
}

impl Problem {
    /// Finds the assignment that a sentence is about; `texts` are the files in their order, of which the last wins.
    pub(crate) fn locate(sentence: String, texts: &[(PathBuf, String)]) -> Self {
        let word = sentence.split([' ', ',', ':']).next().unwrap_or_default();
        let place = texts.iter().rev().find_map(|(file, text)| place(file, text, word));
        Self { sentence, place }
    }
}

impl From<String> for Problem {
    fn from(sentence: String) -> Self {
        Self { sentence, place: None }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Place { file, line, text, column }) = &self.place else { return f.write_str(&self.sentence) };
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        // A tab stays one, so that the caret stands below its character whatever the terminal makes of tabs.
        let indent: String = text.chars().take(*column).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        write!(f, "{}:{line}: {}\n {number} | {text}\n {margin} | {indent}^", file.display(), self.sentence)
    }
}

/// The last assignment to `NAME[index]`; index 0 may be set without an index, or as a first element in parentheses.
fn place(file: &Path, text: &str, word: &str) -> Option<Place> {
    let (name, index) = word.split_once('[').map_or((word, "0"), |(name, rest)| (name, rest.trim_end_matches(']')));
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return None;
    }
    let value_at = |line: &str| {
        let rest = line.trim_start().strip_prefix(name)?;
        let rest = match rest.strip_prefix('[') {
            Some(inside) => {
                let (found, rest) = inside.split_once(']')?;
                (found.trim() == index).then_some(rest)?
            }
            // `NAME=( … )` holds every index.
            None => Some(rest).filter(|rest| index == "0" || rest.trim_start_matches('+').starts_with("=("))?,
        };
        let value = rest.strip_prefix("+=").or_else(|| rest.strip_prefix('='))?;
        Some(line[..line.len() - value.len()].chars().count())
    };
    let found = text.lines().enumerate().filter_map(|(at, line)| Some((at, line, value_at(line)?))).last()?;
    let (at, line, column) = found;
    Some(Place { file: file.to_path_buf(), line: at + 1, text: line.trim_end().to_owned(), column })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(sentence: &str, files: &[(&str, &str)]) -> String {
        let texts: Vec<_> = files.iter().map(|(file, text)| (PathBuf::from(file), (*text).to_owned())).collect();
        Problem::locate(sentence.to_owned(), &texts).to_string()
    }

    #[test]
    fn the_assignment_that_counts_is_shown_with_a_caret_below_its_value() {
        let text = "A=1\nSTRIP=no\n  STRIP[1]=maybe  \nSTRIP=yes\n\tX=\"y\"\nLIST=(a b)\n";
        let of_file = |sentence: &str| shown(sentence, &[("dkms.conf", text)]);
        assert_eq!(
            of_file("STRIP[1] is `maybe`"),
            "dkms.conf:3: STRIP[1] is `maybe`\n 3 |   STRIP[1]=maybe\n   |            ^"
        );
        assert_eq!(of_file("STRIP[0] is odd"), "dkms.conf:4: STRIP[0] is odd\n 4 | STRIP=yes\n   |       ^");
        assert_eq!(of_file("X is `y`"), "dkms.conf:5: X is `y`\n 5 | \tX=\"y\"\n   | \t  ^");
        assert_eq!(of_file("LIST[1] is b"), "dkms.conf:6: LIST[1] is b\n 6 | LIST=(a b)\n   |      ^");
        for nowhere in ["STRIP[2] is missing", "STRI is missing", "LISTS is x", "it holds nothing", ""] {
            assert_eq!(of_file(nowhere), nowhere);
        }
    }

    #[test]
    fn the_last_file_that_sets_it_is_named() {
        let files = [("dkms.conf", "A=1\n"), ("/etc/dkms/foo.conf", "B=1\nA=2\n"), ("/etc/dkms/foo-1.conf", "B=2\n")];
        assert!(shown("A is 2", &files).starts_with("/etc/dkms/foo.conf:2: A is 2\n 2 | A=2\n"));
    }
}
