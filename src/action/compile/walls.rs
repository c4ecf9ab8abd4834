//! What a build's log says of the walls of its room: which setting would have let it.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::diagnose::is_excerpt;
use crate::ids::ModuleName;
use crate::sys::room::{ENDED, Level, MEMORY_RAN_OUT};

/// What the C library and programs of the network say (strerror(3), gai_strerror(3), curl, git, wget).
const NO_NETWORK: [&str; 4] =
    ["Could not resolve", "Network is unreachable", "name resolution", "unable to resolve host address"];
/// What sets a limit, and what is said where it was reached: by the room itself, shells, make, tools, the C library.
const LIMITS: [(&str, &[&str]); 4] = [
    (
        "room_memory",
        &["of memory (room_memory)", "memory exhausted", "Cannot allocate memory", "out of memory", "Out of memory"],
    ),
    ("room_disk", &["(room_disk)"]),
    ("room_processes", &["(room_processes)", "Cannot fork", "fork: retry", "fork: Resource temporarily unavailable"]),
    ("room_file_size", &["File too large", "File size limit exceeded"]),
];
const READ_ONLY: &str = "Read-only file system";
const NOT_WRITABLE: [&str; 2] = [READ_ONLY, "Permission denied"];

/// Bytes of a log in which its last errors are looked for.
const END: u64 = 1 << 20;

pub(super) fn end_of(log: &Path) -> io::Result<String> {
    let mut file = fs_err::File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(END)))?;
    let mut text = Vec::new();
    file.take(END).read_to_end(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The file in these folders that the last command of a log wanted to write and could not.
pub(super) fn wanted(log: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    let of_command = log.rsplit_once("\n# command: ").map_or(log, |(_, last)| last);
    of_command.lines().rev().filter_map(target).find_map(|word| {
        let here = folders.iter().map(|folder| folder.join(word));
        let resolved = |path: PathBuf| {
            let folder = fs_err::canonicalize(path.parent()?).ok()?;
            Some(folder.join(path.file_name()?))
        };
        here.filter_map(resolved).find(|path| folders.iter().any(|folder| path.starts_with(folder)))
    })
}

/// What to type where a build may not have a copy of the kernel's headers to write.
pub(super) fn advice_on_headers(path: &Path, module: &ModuleName, level: Level) -> String {
    format!(
        "the build writes {}, which is the kernel's: only a room of level full has a copy of the headers for that, and here \
         level {} was found; `room=none` in /etc/dkms/{module}.conf lets it change the headers themselves",
        path.display(),
        level.name()
    )
}

/// What to type, if the log shows that the build ran into a wall.
pub(super) fn advice(log: &str, module: &ModuleName, build: &Path) -> Option<String> {
    let file = format!("/etc/dkms/{module}.conf");
    // The source that the compiler quotes may hold any of these words.
    let lines = || log.lines().rev().filter(|line| !is_excerpt(line));
    let reached = |words: &[&str]| lines().find(|line| words.iter().any(|word| line.contains(word)));
    if let Some((setting, line)) = LIMITS.iter().find_map(|(setting, words)| Some((setting, reached(words)?))) {
        let line = line.strip_prefix(ENDED).unwrap_or(line);
        return Some(format!(
            "the build reached the limit that {setting} sets: {line}; a larger one in {file} lets it go on"
        ));
    }
    if let Some(why) = lines().find_map(|line| line.strip_prefix(ENDED).filter(|why| why.starts_with(MEMORY_RAN_OUT))) {
        return Some(format!("{why}; with one job at a time it takes less: `-j 1` behind the command"));
    }
    if let Some(path) = lines().find_map(|line| refused(line, build)) {
        return Some(format!(
            "the build writes {path}, and a build may write its own folder only; if that is needed, `room=none` in {file} lets it"
        ));
    }
    let is_cut_off = reached(&NO_NETWORK).is_some();
    is_cut_off
        .then(|| format!("builds have no network; if this module needs one, `room_network=yes` in {file} gives it"))
}

/// The path outside the build folder that a line says is on a read-only file system.
pub(super) fn read_only<'l>(line: &'l str, build: &Path) -> Option<&'l str> {
    refused(line, build).filter(|_| line.contains(READ_ONLY))
}

/// The path outside the build folder that a line says could not be written.
fn refused<'l>(line: &'l str, build: &Path) -> Option<&'l str> {
    let path = words_before_refusal(line)?.rfind(|word| word.starts_with('/') && word.len() > 1)?;
    (!Path::new(path).starts_with(build)).then_some(path)
}

/// What a line says could not be written, a path or the name of a file where the command was.
fn target(line: &str) -> Option<&str> {
    words_before_refusal(line)?.rfind(|word| !word.is_empty())
}

fn words_before_refusal(line: &str) -> Option<impl DoubleEndedIterator<Item = &str>> {
    let (before, _) = NOT_WRITABLE.iter().find_map(|words| line.split_once(words))?;
    let is_edge = |c: char| c.is_whitespace() || "'\"`‘’".contains(c);
    Some(before.split(is_edge).map(|word| word.trim_end_matches([':', ','])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_is_told_with_the_path_and_the_setting() {
        let cases = [
            ("touch: cannot touch '/usr/src/h/x': Read-only file system", Some("/usr/src/h/x")),
            ("/bin/sh: 1: cannot create /etc/x: Read-only file system", Some("/etc/x")),
            ("mkdir: cannot create directory ‘/lib/modules/6.1/u’: Permission denied", Some("/lib/modules/6.1/u")),
            ("fatal error: opening dependency file /t/build/x.d: Permission denied", None),
            ("curl: (6) Could not resolve host: example.org", Some("room_network=yes")),
            (
                "dkms: the room was ended: memory ran out: the kernel ended it",
                Some("memory ran out: the kernel ended it; "),
            ),
            ("dkms: the room was ended: its files took more than 8 MiB of the disk (room_disk)", Some("room_disk")),
            ("sh: 0: Cannot fork", Some("room_processes")),
            ("x.c:1: error: y", None),
            ("Out of memory!", Some("room_memory")),
            ("x.c:1:3: error: y\n    1 |   pr_err(\"out of memory\");\n      |   ^~~~~~", None),
            ("    7 |   puts(\"/etc/x: Permission denied\");", None),
            ("   12 |   // Could not resolve host", None),
        ];
        for (line, told) in cases {
            let advice = advice(line, &ModuleName::new("foo").unwrap(), Path::new("/t/build"));
            assert_eq!(advice.is_some(), told.is_some(), "{line}: {advice:?}");
            assert!(advice.is_none_or(|advice| advice.contains(told.unwrap_or_default())), "{line}");
        }
    }
}
