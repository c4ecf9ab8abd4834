//! What tells one source folder from another, in words for people.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::fs::same_content;

/// How many names a sentence holds.
const NAMED: usize = 3;

/// What differs between a folder and the copy that was once made of it: `a.c, b.c and 2 others differ; c.c is new`. None when
/// a copy made now would be the same. What git keeps for itself is no part of a source.
pub(crate) fn difference(folder: &Path, copy: &Path) -> io::Result<Option<String>> {
    let (ours, theirs) = (names(folder)?, names(copy)?);
    let mut changed = Vec::new();
    for name in ours.intersection(&theirs) {
        if !is_same(&folder.join(name), &copy.join(name))? {
            changed.push(name);
        }
    }
    let parts = [
        phrase(&changed, ["differs", "differ"]),
        phrase(&ours.difference(&theirs).collect::<Vec<_>>(), ["is new", "are new"]),
        phrase(&theirs.difference(&ours).collect::<Vec<_>>(), ["is gone", "are gone"]),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    Ok((!parts.is_empty()).then(|| parts.join("; ")))
}

/// The files and links below a folder.
fn names(folder: &Path) -> io::Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    let mut open = vec![PathBuf::new()];
    while let Some(below) = open.pop() {
        for entry in fs_err::read_dir(folder.join(&below))? {
            let entry = entry?;
            let name = below.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                open.extend((entry.file_name() != ".git").then_some(name));
            } else {
                found.insert(name);
            }
        }
    }
    Ok(found)
}

fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    let (meta, other_meta) = (fs_err::symlink_metadata(one)?, fs_err::symlink_metadata(other)?);
    if meta.file_type() != other_meta.file_type() {
        return Ok(false);
    }
    if meta.is_symlink() {
        return Ok(fs_err::read_link(one)? == fs_err::read_link(other)?);
    }
    let runs = |meta: &std::fs::Metadata| meta.permissions().mode() & 0o111 != 0;
    Ok(runs(&meta) == runs(&other_meta) && same_content(one, other)?)
}

fn phrase(names: &[&PathBuf], [one, many]: [&str; 2]) -> Option<String> {
    let shown: Vec<String> = names.iter().take(NAMED).map(|name| name.display().to_string()).collect();
    let list = match (names.len(), shown.split_last()?) {
        (more, _) if more > NAMED => format!("{} and {} more", shown.join(", "), more - NAMED),
        (_, (last, [])) => last.clone(),
        (_, (last, first)) => format!("{} and {last}", first.join(", ")),
    };
    Some(format!("{list} {}", if names.len() == 1 { one } else { many }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::sample::tree as folder;

    #[test]
    fn what_differs_is_named_and_what_git_keeps_does_not_count() {
        let copy = folder(&[("a.c", "1"), ("sub/b.c", "1"), ("Makefile", "m"), (".git/index", "1")]);
        for (files, expected) in [
            (&[("a.c", "1"), ("sub/b.c", "1"), ("Makefile", "m"), (".git/index", "2")][..], None),
            (&[("a.c", "1"), ("sub/b.c", "2"), ("Makefile", "m")], Some("sub/b.c differs")),
            (&[("a.c", "2"), ("sub/b.c", "2"), ("Makefile", "m")], Some("a.c and sub/b.c differ")),
            (&[("sub/b.c", "1"), ("Makefile", "m"), ("c.c", "")], Some("c.c is new; a.c is gone")),
            (
                &[("a.c", "1"), ("sub/b.c", "1"), ("Makefile", "m"), ("1", ""), ("2", ""), ("3", ""), ("4", "")],
                Some("1, 2, 3 and 1 more are new"),
            ),
        ] {
            let found = difference(folder(files).path(), copy.path()).unwrap();
            assert_eq!(found.as_deref(), expected, "{files:?}");
        }
    }
}
