//! File name expansion, as a shell does it in its working directory.

use std::path::{Path, PathBuf};

use super::pattern::Pattern;
use crate::sys::System;

/// More names than this are a slip, not a configuration.
const MAX_NAMES: usize = 1000;

/// The existing names that a pattern stands for, in byte order; the pattern itself when there are none (or too many).
pub(super) fn expand(system: &System, pattern: &str) -> Vec<String> {
    if !pattern.contains(['*', '?', '[']) {
        return vec![pattern.to_owned()];
    }
    let mut names = Vec::new();
    let (start, rest) = match pattern.strip_prefix('/') {
        Some(rest) => ("/", rest),
        None => ("", pattern),
    };
    descend(system, start.to_owned(), rest, &mut names);
    if names.is_empty() || names.len() > MAX_NAMES {
        return vec![pattern.to_owned()];
    }
    names.sort();
    names
}

/// Where a name that the file uses lies: absolute ones in the root, others in the working directory.
pub(super) fn opened(system: &System, name: &str) -> PathBuf {
    match name.starts_with('/') {
        true => system.path(name),
        false if system.root() == Path::new("/") => PathBuf::from(if name.is_empty() { "." } else { name }),
        false => system.path("/").join(name),
    }
}

fn descend(system: &System, before: String, rest: &str, names: &mut Vec<String>) {
    let (part, rest) = match rest.split_once('/') {
        Some((part, rest)) => (part, Some(rest)),
        None => (rest, None),
    };
    let pattern = Pattern::new(part);
    let found = match pattern.is_active() {
        true => list(&opened(system, &before), &pattern),
        false => Some(pattern.literal()).into_iter().collect(),
    };
    for name in found {
        let name = format!("{before}{name}");
        match rest {
            Some(rest) if opened(system, &name).is_dir() => descend(system, format!("{name}/"), rest, names),
            Some(_) => {}
            None if opened(system, &name).symlink_metadata().is_ok() => names.push(name),
            None => {}
        }
        if names.len() > MAX_NAMES {
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
