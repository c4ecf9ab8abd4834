//! `dkms-package.conf` beside a dkms.conf: what a package of the module brings besides its source, said once for all formats.
//!
//! ```text
//! [files]
//! demo.modprobe = /etc/modprobe.d/demo.conf
//! "60 demo.rules" = "/usr/lib/udev/rules.d/60-demo.rules"
//! ```

use std::path::Path;

use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::package::description::extra::Extra;
use crate::package::input::payload::{EntryKind, Payload};
use crate::package::input::source::Source;

/// The name of the file.
const NAME: &str = "dkms-package.conf";
/// Bytes that it may have.
const MAX_SIZE: u64 = 1 << 20;

/// A file of the source, and its place on the installed system.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Brought {
    /// The line that says so, from 1.
    line: usize,
    /// Below the folder that the table lies in.
    source: String,
    place: String,
}

/// The files that the table beside the dkms.conf names, which must be part of what is packaged.
pub(crate) fn read(source: &Source, payload: &Payload) -> Result<Vec<Extra>> {
    let folder = source.conf.as_deref().and_then(Path::parent).unwrap_or(&source.folder);
    let file = folder.join(NAME);
    // A link could lead to any file of this machine.
    let Some(meta) = fs_err::symlink_metadata(&file).ok().filter(std::fs::Metadata::is_file) else {
        return Ok(Vec::new());
    };
    let wrong = |line: usize, reason: String| Error::new(Kind::BadOption, format!("{NAME}:{line}: {reason}"));
    if meta.len() > MAX_SIZE {
        return Err(wrong(1, format!("it has {} bytes, which is no table of files", meta.len())));
    }
    let bytes = fs_err::read(&file).map_err(|error| Error::io("cannot read what the package is to bring", error))?;
    let below = folder.strip_prefix(&source.folder).unwrap_or(Path::new("")).to_string_lossy().into_owned();
    let mut found: Vec<Extra> = Vec::new();
    for row in parse(&String::from_utf8_lossy(&bytes)).map_err(|(line, reason)| wrong(line, reason))? {
        let path = if below.is_empty() { row.source.clone() } else { format!("{below}/{}", row.source) };
        let entry = payload.entries.iter().find(|entry| entry.path == path);
        let Some(EntryKind::File(file)) = entry.map(|entry| &entry.kind) else {
            return Err(wrong(row.line, format!("{path} is no file of what is packaged")));
        };
        let extra = Extra::placed(&row.place, file.clone()).map_err(|reason| wrong(row.line, reason))?;
        if found.iter().any(|other| other.path == extra.path) {
            return Err(wrong(row.line, format!("another file goes to {}", extra.path)));
        }
        found.push(extra);
    }
    Ok(found)
}

/// Reads the table; the error is a sentence with its line.
fn parse(text: &str) -> std::result::Result<Vec<Brought>, (usize, String)> {
    let mut is_open = false;
    let mut found = Vec::new();
    for (line, row) in (1..).zip(text.lines().map(str::trim)) {
        if row.is_empty() || row.starts_with(['#', ';']) {
            continue;
        }
        if let Some(section) = row.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            if section.trim() != "files" {
                return Err((line, format!("[{section}] is no table of {NAME}; there is only [files]")));
            }
            is_open = true;
            continue;
        }
        if !is_open {
            return Err((line, format!("`{row}` stands in no table; [files] begins one")));
        }
        let pair = row.split_once('=').map(|(source, place)| (plain(source), plain(place)));
        let Some((source, place)) = pair.filter(|(source, place)| !source.is_empty() && !place.is_empty()) else {
            return Err((
                line,
                format!("`{row}` is not `FILE = PLACE`, such as `demo.conf = /etc/modprobe.d/demo.conf`"),
            ));
        };
        let is_inside = !source.starts_with('/') && source.split('/').all(|part| !["", ".", ".."].contains(&part));
        if !is_inside {
            return Err((line, format!("{source} is no path in the source")));
        }
        found.push(Brought { line, source, place });
    }
    Ok(found)
}

/// A word without blanks and quotes around it.
fn plain(word: &str) -> String {
    let word = word.trim();
    let bare = word.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    bare.unwrap_or(word).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_names_files_and_their_places() {
        let text = "# what else\n[files]\na.conf = /etc/modprobe.d/a.conf\n\n\"sub/b c.rules\"=\"/usr/lib/udev/rules.d/b.rules\"\r\n";
        let rows: Vec<(usize, String, String)> =
            parse(text).unwrap().into_iter().map(|row| (row.line, row.source, row.place)).collect();
        let row = |line, source: &str, place: &str| (line, source.to_owned(), place.to_owned());
        let expected =
            [row(3, "a.conf", "/etc/modprobe.d/a.conf"), row(5, "sub/b c.rules", "/usr/lib/udev/rules.d/b.rules")];
        assert_eq!(rows, expected);
        assert_eq!(parse("").unwrap(), []);
    }

    #[test]
    fn what_is_no_table_is_named_with_its_line() {
        for (text, line, said) in [
            ("a = /etc/a", 1, "[files]"),
            ("[files]\n[units]\n", 2, "[units]"),
            ("[files]\na\n", 2, "FILE = PLACE"),
            ("[files]\na =\n", 2, "FILE = PLACE"),
            ("[files]\n../a = /etc/a\n", 2, "../a"),
            ("[files]\n/etc/passwd = /etc/a\n", 2, "/etc/passwd"),
        ] {
            let (at, sentence) = parse(text).unwrap_err();
            assert_eq!(at, line, "{text}");
            assert!(sentence.contains(said), "{sentence}");
        }
    }
}
