//! The text of a shell file: read, checked to be text at all, cleaned of carriage returns; and its syntax errors as
//! people want to see them, with line and caret.

use std::io::Read;
use std::path::Path;

use fs_err::os::unix::fs::OpenOptionsExt;
use rustix::fs::OFlags;

use crate::conf::ConfError;

/// Larger files are no configuration. Bytes.
const MAX_FILE: u64 = 1 << 20;

/// A shell file in memory.
#[derive(Debug, Clone)]
pub(in crate::conf) struct Text {
    /// The text without carriage returns at line ends.
    pub(in crate::conf) clean: String,
    /// Whether the file on disk can be sourced as it is.
    pub(super) as_on_disk: bool,
}

impl Text {
    /// Reads a file and refuses what cannot be a shell file.
    pub(in crate::conf) fn read(file: &Path) -> Result<Self, ConfError> {
        // Without waiting for whoever may write into a pipe of that name.
        let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
        let opened = match fs_err::OpenOptions::new().read(true).custom_flags(flags).open(file) {
            Ok(opened) => opened,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(ConfError::Missing { file: file.to_path_buf() });
            }
            Err(error) => return Err(unreadable(file, &error.to_string())),
        };
        let meta = opened.metadata().map_err(|error| unreadable(file, &error.to_string()))?;
        if !meta.is_file() {
            return Err(unreadable(file, "it is not a regular file"));
        }
        if meta.len() > MAX_FILE {
            return Err(unreadable(file, &format!("it has {} bytes; at most {MAX_FILE} are read", meta.len())));
        }
        let mut bytes = Vec::with_capacity(4096);
        opened.take(MAX_FILE).read_to_end(&mut bytes).map_err(|error| unreadable(file, &error.to_string()))?;
        Self::check(file, &bytes)
    }

    fn check(file: &Path, bytes: &[u8]) -> Result<Self, ConfError> {
        if is_binary(bytes) {
            let is_utf16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
            let reason = match is_utf16 {
                true => {
                    "it is UTF-16, as editors of Windows write it; `iconv -f UTF-16 -t UTF-8` turns it into a shell file"
                }
                false => "it is a binary file, not a shell file",
            };
            let reason = reason.to_owned();
            return Err(ConfError::Syntax { file: file.to_path_buf(), line: None, reason });
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").map_or((bytes, true), |rest| (rest, false));
        let text = String::from_utf8_lossy(bytes.0);
        let as_on_disk = bytes.1 && !text.contains("\r\n") && !text.ends_with('\r');
        let mut clean = text.replace("\r\n", "\n");
        if clean.ends_with('\r') {
            clean.pop();
        }
        Ok(Self { clean, as_on_disk })
    }

    /// Whether there is nothing but blanks and comments in it.
    pub(super) fn is_empty(&self) -> bool {
        self.clean.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
    }
}

/// Whether there are bytes that no text holds.
fn is_binary(bytes: &[u8]) -> bool {
    bytes.iter().any(|byte| matches!(byte, 0..=8 | 14..=26 | 28..=31))
}

fn unreadable(file: &Path, reason: &str) -> ConfError {
    ConfError::Unreadable { file: file.to_path_buf(), reason: reason.to_owned() }
}

/// A syntax error with the line's text and, if the column (from 1) is known, a caret below it.
pub(super) fn syntax_error(
    file: &Path,
    text: &str,
    line: usize,
    column: Option<usize>,
    what: impl Into<String>,
) -> ConfError {
    let mut reason: String = what.into();
    if let Some(source) = text.lines().nth(line.saturating_sub(1)) {
        let margin = line.to_string().len();
        reason.push_str(&format!("\n {line} | {source}"));
        if let Some(column) = column {
            let indent: String = source
                .chars()
                .take(column.saturating_sub(1))
                .map(|character| if character == '\t' { '\t' } else { ' ' })
                .collect();
            reason.push_str(&format!("\n {:margin$} | {indent}^", ""));
        }
    }
    ConfError::Syntax { file: file.to_path_buf(), line: Some(line), reason }
}

/// What `bash -n` says (`FILE: line N: message`), as an error of that file.
pub(super) fn bash_syntax_error(file: &Path, said: &str) -> ConfError {
    let parsed = said.lines().find_map(|text| {
        let (_, rest) = text.split_once(": line ")?;
        let (line, message) = rest.split_once(": ")?;
        Some((line.parse::<usize>().ok()?, message.to_owned()))
    });
    match parsed {
        Some((line, message)) => match Text::read(file) {
            Ok(text) => syntax_error(file, &text.clean, line, None, message),
            Err(error) => error,
        },
        None => ConfError::Syntax { file: file.to_path_buf(), line: None, reason: said.trim().to_owned() },
    }
}
