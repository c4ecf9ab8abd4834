//! The kernels that a source refuses: `#error` below a comparison of LINUX_VERSION_CODE.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::sync::LazyLock;

use regex::Regex;

use crate::package::input::payload::{EntryKind, File, Payload};
use crate::package::kbuild::{Module, Place};

/// Bytes of a source file that are looked at.
const MAX_READ: u64 = 2 << 20;
/// Includes of one file that are followed.
const MAX_INCLUDES: usize = 200;

static INCLUDE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?m)^[ \t]*#[ \t]*include[ \t]*"([^"\r\n]+)""#).ok());

/// A border between kernels for which the source compiles and others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bound {
    /// The three numbers of KERNEL_VERSION().
    pub(crate) version: [u32; 3],
    /// Kernels before it are refused; else this one and those after it.
    pub(crate) is_minimum: bool,
    pub(crate) place: Place,
}

impl Bound {
    /// `4.10`, `2.6.32`
    pub(crate) fn shown(&self) -> String {
        let [major, minor, patch] = self.version;
        if patch == 0 { format!("{major}.{minor}") } else { format!("{major}.{minor}.{patch}") }
    }
}

static COMPARISON: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"^\(?\s*LINUX_VERSION_CODE\s*(<=|>=|<|>)\s*KERNEL_VERSION\s*\(\s*(\d{1,3})\s*,\s*(\d{1,5})\s*,\s*(\d{1,5})\s*\)\s*\)?$",
    )
    .ok()
});

/// Looks for such borders in the C that the modules are made of, and in the headers of the source that this includes.
pub(crate) fn bounds(payload: &Payload, modules: &[Module]) -> io::Result<Vec<Bound>> {
    let files = files(payload);
    let mut open: Vec<&str> = Vec::new();
    for module in modules {
        let own = match module.folder.as_str() {
            "" => module.name.clone(),
            folder => format!("{folder}/{}", module.name),
        };
        let parts = module.parts.iter().map(|part| part.strip_suffix(".o").unwrap_or(part)).chain([own.as_str()]);
        open.extend(parts.filter_map(|part| Some(*files.get_key_value(format!("{part}.c").as_str())?.0)));
    }
    let mut seen = BTreeSet::new();
    let mut bounds = Vec::new();
    while let Some(path) = open.pop() {
        let Some(file) = files.get(path).filter(|_| seen.insert(path)) else { continue };
        let mut bytes = Vec::new();
        file.open()?.take(MAX_READ).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        bounds.extend(in_text(path, &text));
        open.extend(included(path, &text, &files));
    }
    bounds.sort_by(|a, b| a.place.cmp(&b.place));
    Ok(bounds)
}

/// The C files of a payload by their paths.
fn files(payload: &Payload) -> BTreeMap<&str, &File> {
    let c = payload.entries.iter().filter(|entry| [".c", ".h"].iter().any(|end| entry.path.ends_with(end)));
    c.filter_map(|entry| match &entry.kind {
        EntryKind::File(file) => Some((entry.path.as_str(), file)),
        EntryKind::Folder | EntryKind::Link(_) => None,
    })
    .collect()
}

/// The files of the source that a file includes: beside it, else the one file that the name can mean.
fn included<'f>(path: &str, text: &str, files: &BTreeMap<&'f str, &File>) -> Vec<&'f str> {
    let folder = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    let found = INCLUDE.as_ref().into_iter().flat_map(|include| include.captures_iter(text)).take(MAX_INCLUDES);
    let resolve = |name: &str| {
        if let Some((beside, _)) = files.get_key_value(format!("{folder}{name}").as_str()) {
            return Some(*beside);
        }
        let bare = name.trim_start_matches("../").trim_start_matches("./");
        let mut fitting = files
            .keys()
            .filter(|file| file.strip_suffix(bare).is_some_and(|rest| rest.is_empty() || rest.ends_with('/')));
        fitting.next().filter(|_| fitting.next().is_none()).copied()
    };
    found.filter_map(|found| resolve(&found[1])).collect()
}

/// An open `#if`.
struct Branch<'t> {
    /// What the branch being read compares; None when it is no comparison, or one branch of several.
    comparison: Option<&'t str>,
    /// Whether the `#else` branch is being read.
    is_else: bool,
    /// Whether it only keeps a header from being read twice.
    is_guard: bool,
    line: usize,
}

fn in_text(path: &str, text: &str) -> Vec<Bound> {
    let mut open: Vec<Branch> = Vec::new();
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let Some(directive) = line.trim_start().strip_prefix('#') else { continue };
        let directive = directive.trim();
        let (word, rest) = directive.split_once(|c: char| c.is_whitespace() || c == '(').unwrap_or((directive, ""));
        let rest = directive[word.len()..].split("/*").next().unwrap_or(rest).split("//").next().unwrap_or("").trim();
        match word {
            "if" => open.push(Branch { comparison: Some(rest), is_else: false, is_guard: false, line: at + 1 }),
            "ifdef" | "ifndef" => {
                let is_guard = word == "ifndef" && open.is_empty();
                open.push(Branch { comparison: None, is_else: false, is_guard, line: at + 1 });
            }
            // One of several branches says nothing about the others.
            "elif" => open.iter_mut().last().into_iter().for_each(|branch| branch.comparison = None),
            "else" => open.iter_mut().last().into_iter().for_each(|branch| branch.is_else = true),
            "endif" => drop(open.pop()),
            "error" => found.extend(bound(path, &open)),
            _ => {}
        }
    }
    found.dedup();
    found
}

/// The border that an `#error` in these branches draws, if it is the only condition.
fn bound(path: &str, open: &[Branch<'_>]) -> Option<Bound> {
    let mut conditions = open.iter().filter(|branch| !branch.is_guard || branch.is_else);
    let (only, None) = (conditions.next()?, conditions.next()) else { return None };
    let found = COMPARISON.as_ref()?.captures(only.comparison?)?;
    let number = |group: usize| found.get(group)?.as_str().parse::<u32>().ok();
    let mut version = [number(2)?, number(3)?, number(4)?];
    let refused = match (found.get(1)?.as_str(), only.is_else) {
        ("<", false) | (">=", true) => "<",
        ("<=", false) | (">", true) => "<=",
        (">=", false) | ("<", true) => ">=",
        _ => ">",
    };
    if refused == "<=" || refused == ">" {
        version[2] += 1;
    }
    let place = Place { file: path.to_owned(), line: only.line };
    Some(Bound { version, is_minimum: refused.starts_with('<'), place })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_for_kernels_are_understood_where_nothing_else_decides() {
        let old = "#if LINUX_VERSION_CODE < KERNEL_VERSION(4,10,0)\n#error too old\n#endif\n";
        let cases = [
            (old.to_owned(), "from 4.10 at 1"),
            (format!("#ifndef A_H\n#define A_H\n{old}#endif\n"), "from 4.10 at 3"),
            (
                "# if (LINUX_VERSION_CODE <= KERNEL_VERSION( 2, 6, 31 )) /* x */\n# error no\n# endif".to_owned(),
                "from 2.6.32 at 1",
            ),
            (
                "#if LINUX_VERSION_CODE >= KERNEL_VERSION(3,0,0)\nint x;\n#else\n#error no\n#endif".to_owned(),
                "from 3.0 at 1",
            ),
            ("#if LINUX_VERSION_CODE >= KERNEL_VERSION(6,0,0)\n#error no\n#endif".to_owned(), "before 6.0 at 1"),
            (format!("#ifdef CONFIG_X\n{old}#endif\n"), ""),
            ("#if A\n#elif LINUX_VERSION_CODE < KERNEL_VERSION(4,10,0)\n#error x\n#endif".to_owned(), ""),
            ("#if LINUX_VERSION_CODE < KERNEL_VERSION(4,10,0) && X\n#error x\n#endif".to_owned(), ""),
            ("#if LINUX_VERSION_CODE < KERNEL_VERSION(4,10,0)\n#endif\n#error x".to_owned(), ""),
            ("#endif\n#else\n#elif\n#error\n".to_owned(), ""),
        ];
        for (text, expected) in cases {
            let shown: Vec<String> = in_text("a.c", &text)
                .iter()
                .map(|bound| {
                    let word = if bound.is_minimum { "from" } else { "before" };
                    format!("{word} {} at {}", bound.shown(), bound.place.line)
                })
                .collect();
            assert_eq!(shown.join(", "), expected, "{text}");
        }
    }
}
