//! File name expansion, as a shell does it in its working directory.

use std::path::{Path, PathBuf};

use super::pattern::Pattern;
use crate::sys::System;

/// More names than this are a slip, not a configuration.
const MAX_NAMES: usize = 1000;
/// A pattern for which more folders would have to be read is none for a configuration.
const MAX_FOLDERS: usize = 2000;
/// No path is longer (PATH_MAX of Linux).
const MAX_PATTERN: usize = 4096;

/// The existing names that a pattern stands for, in byte order; the pattern itself when there are none (or too many, or too
/// far to look).
pub(super) fn expand(system: &System, pattern: &str) -> Vec<String> {
    if !pattern.contains(['*', '?', '[']) || pattern.len() > MAX_PATTERN {
        return vec![pattern.to_owned()];
    }
    let mut found = Found::default();
    let (start, rest) = match pattern.strip_prefix('/') {
        Some(rest) => ("/", rest),
        None => ("", pattern),
    };
    descend(system, start.to_owned(), rest, &mut found);
    if found.names.is_empty() || found.is_too_much() {
        return vec![pattern.to_owned()];
    }
    found.names.sort();
    found.names
}

#[derive(Default)]
struct Found {
    names: Vec<String>,
    /// How many folders were read.
    folders: usize,
}

impl Found {
    fn is_too_much(&self) -> bool {
        self.names.len() > MAX_NAMES || self.folders > MAX_FOLDERS
    }
}

/// Where a name that the file uses lies: absolute ones in the root, others in the working directory.
pub(super) fn opened(system: &System, name: &str) -> PathBuf {
    match name.starts_with('/') {
        true => system.path(name),
        false if system.root() == Path::new("/") => PathBuf::from(if name.is_empty() { "." } else { name }),
        false => system.path("/").join(name),
    }
}

fn descend(system: &System, before: String, rest: &str, all: &mut Found) {
    let (part, rest) = match rest.split_once('/') {
        Some((part, rest)) => (part, Some(rest)),
        None => (rest, None),
    };
    let pattern = Pattern::new(part);
    all.folders += usize::from(pattern.is_active());
    let found = match pattern.is_active() {
        true => list(&opened(system, &before), &pattern),
        false => Some(pattern.literal()).into_iter().collect(),
    };
    for name in found {
        let name = format!("{before}{name}");
        match rest {
            Some(rest) if opened(system, &name).is_dir() => descend(system, format!("{name}/"), rest, all),
            Some(_) => {}
            None if opened(system, &name).symlink_metadata().is_ok() => all.names.push(name),
            None => {}
        }
        if all.is_too_much() {
            return;
        }
    }
}

fn list(folder: &Path, pattern: &Pattern) -> Vec<String> {
    let entries = fs_err::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.') || pattern.begins_with('.'))
        .filter(|name| pattern.matches(&name.chars().collect::<Vec<_>>()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stand_for_existing_names_or_for_themselves() {
        let root = tempfile::tempdir().unwrap();
        for name in ["a/one.c", "a/two.c", "a/.hidden.c", "b/one.c"] {
            let file = root.path().join(name);
            fs_err::create_dir_all(file.parent().unwrap()).unwrap();
            fs_err::write(file, "").unwrap();
        }
        let system = System::host().with_root(root.path());
        let cases = [
            ("/a/*.c", "/a/one.c /a/two.c"),
            ("/*/one.c", "/a/one.c /b/one.c"),
            ("/a/.*.c", "/a/.hidden.c"),
            ("/a/[o]ne.c", "/a/one.c"),
            ("/a/x*", "/a/x*"),
            ("/a/one.c", "/a/one.c"),
            ("a/t*", "a/two.c"),
        ];
        for (pattern, expected) in cases {
            assert_eq!(expand(&system, pattern).join(" "), expected, "{pattern}");
        }
    }
}
