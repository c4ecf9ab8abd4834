//! What sources say about themselves: MODULE_* macros, SPDX tags, copyright lines.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::sync::LazyLock;

use regex::Regex;

use crate::package::input::payload::{Entry, EntryKind, File};
use crate::package::module::{notice, readme};

/// Bytes of a source file that are looked at. The largest files of real drivers are generated register tables.
const MAX_READ: u64 = 2 << 20;

/// Copyright lines that are kept: more would be a list of the kernel's contributors.
const MAX_HOLDERS: usize = 40;

/// What was found, in the order of the files.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Survey {
    /// MODULE_LICENSE
    pub(crate) licenses: Vec<String>,
    /// MODULE_DESCRIPTION
    pub(crate) descriptions: Vec<String>,
    /// MODULE_AUTHOR
    pub(crate) authors: Vec<String>,
    /// MODULE_VERSION, names of macros replaced by their strings where known.
    pub(crate) versions: Vec<String>,
    pub(crate) spdx: BTreeSet<String>,
    /// Licences of files without such a tag, by the words at their beginning, as SPDX expressions.
    pub(crate) worded: BTreeSet<String>,
    /// MODULE_DESCRIPTION with the name of the file that holds it, without suffix.
    pub(crate) described: Vec<(String, String)>,
    /// The first sentence of the README.
    pub(crate) readme: Option<String>,
    /// "2005-2020 Some Body": what follows the word Copyright.
    pub(crate) holders: Vec<String>,
    /// Files that name a licence, with who holds what in them.
    pub(crate) marked: Vec<Marked>,
    /// Macros that stand for versions.
    pub(crate) defines: BTreeMap<String, String>,
}

/// What the head of a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marked {
    pub(crate) path: String,
    /// An SPDX expression, as it stands there or for the words that do.
    pub(crate) license: String,
    pub(crate) holders: Vec<String>,
}

static MACRO: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let string = r#""(?:[^"\\]|\\.)*""#;
    Regex::new(&format!(
        r"\bMODULE_(LICENSE|DESCRIPTION|AUTHOR|VERSION)\s*\(\s*((?:{string}[\s\\]*)+|[A-Za-z_][A-Za-z0-9_]*)\s*\)"
    ))
    .ok()
});
static STRING: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#""((?:[^"\\]|\\.)*)""#).ok());
static DEFINE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?m)^[ \t]*#[ \t]*define[ \t]+([A-Za-z_]\w*)[ \t]+"([^"\\\r\n]*)""#).ok());
static SPDX: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"SPDX-License-Identifier:[ \t]*([A-Za-z0-9.+() -]+?)[ \t]*(?:\*/|-->|$|\r|\n)").ok());
static COPYRIGHT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?im)^[\s/*#;.-]*copyright\b[:\s]*(?:\(c\)|©)?[:,\s]*((?:19|20)\d\d\b[^\r\n]*?)[\s*/]*$").ok()
});

/// Looks through the source files of a payload.
pub(crate) fn survey<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> io::Result<Survey> {
    let mut survey = Survey::default();
    for entry in entries {
        let EntryKind::File(file) = &entry.kind else { continue };
        let source = [".c", ".h", ".rs", ".S", ".cpp", ".cc"].iter().any(|end| entry.path.ends_with(end));
        if source {
            survey.read(&entry.path, &text(file)?);
        } else if readme::is_one(&entry.path) && survey.readme.is_none() {
            survey.readme = readme::sentence(&text(file)?);
        }
    }
    survey.resolve();
    Ok(survey)
}

fn text(file: &File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.open()?.take(MAX_READ).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl Survey {
    /// MODULE_VERSION, if the source has exactly one.
    pub(crate) fn only_version(&self) -> Option<&str> {
        match self.versions.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    fn read(&mut self, path: &str, text: &str) {
        let file = path.rsplit('/').next().unwrap_or(path);
        let stem = file.split('.').next().unwrap_or(file);
        for found in captures(&MACRO, text) {
            let values = match &found[1] {
                "LICENSE" => &mut self.licenses,
                "DESCRIPTION" => &mut self.descriptions,
                "AUTHOR" => &mut self.authors,
                _ => &mut self.versions,
            };
            let value = literal(&found[2]);
            if &found[1] == "DESCRIPTION" && !value.is_empty() {
                self.described.push((stem.to_owned(), value.clone()));
            }
            if !value.is_empty() && !values.contains(&value) {
                values.push(value);
            }
        }
        for found in captures(&DEFINE, text).filter(|found| is_told_of(&found[1])) {
            self.defines.entry(found[1].to_owned()).or_insert_with(|| found[2].to_owned());
        }
        let tag = captures(&SPDX, text).next().map(|found| found[1].trim().to_owned());
        let worded = if tag.is_none() { notice::worded(text) } else { None };
        let holders: Vec<String> =
            captures(&COPYRIGHT, text).map(|found| one_line(&found[1])).take(MAX_HOLDERS).collect();
        if let Some(license) = tag.as_ref().or(worded.as_ref()) {
            let (path, license) = (path.to_owned(), license.clone());
            self.marked.push(Marked { path, license, holders: holders.clone() });
        }
        self.worded.extend(worded);
        self.spdx.extend(tag);
        for holder in holders {
            if self.holders.len() < MAX_HOLDERS && !self.holders.contains(&holder) {
                self.holders.push(holder);
            }
        }
    }

    /// MODULE_VERSION(DRIVER_VERSION): the macro's string, wherever it was defined.
    fn resolve(&mut self) {
        let defines = &self.defines;
        let known = |value: &String| match value.strip_prefix('\0') {
            Some(name) => defines.get(name).cloned(),
            None => Some(value.clone()),
        };
        for values in [&mut self.versions, &mut self.licenses, &mut self.descriptions, &mut self.authors] {
            *values = values.iter().filter_map(known).collect();
        }
        self.described = std::mem::take(&mut self.described)
            .into_iter()
            .filter_map(|(stem, text)| Some((stem, known(&text)?)))
            .collect();
    }
}

/// Whether a macro by its name may be what a MODULE_… macro is given.
fn is_told_of(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["VER", "LIC", "DESC", "AUTH"].iter().any(|word| name.contains(word))
}

/// A string literal's text; a macro's name is marked with a NUL, which no literal holds.
fn literal(argument: &str) -> String {
    if !argument.starts_with('"') {
        return format!("\0{argument}");
    }
    let joined: String = captures(&STRING, argument).map(|found| found[1].to_owned()).collect();
    one_line(&joined.replace("\\n", " ").replace("\\t", " ").replace("\\\"", "\"").replace("\\\\", "\\"))
}

/// Control characters and runs of blanks become one blank.
pub(crate) fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn captures<'t>(pattern: &'t LazyLock<Option<Regex>>, text: &'t str) -> impl Iterator<Item = regex::Captures<'t>> {
    pattern.as_ref().into_iter().flat_map(|pattern| pattern.captures_iter(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[(&str, &str)]) -> Survey {
        let entries: Vec<Entry> = files
            .iter()
            .map(|(path, text)| Entry {
                path: (*path).to_owned(),
                kind: EntryKind::File(File::of(text.as_bytes().to_vec())),
            })
            .collect();
        survey(&entries).unwrap()
    }

    #[test]
    fn macros_and_comments_are_read_as_the_compiler_and_people_do() {
        let survey = of(&[
            (
                "a.c",
                "// SPDX-License-Identifier: GPL-2.0-or-later\n/*\n * Copyright (C) 2005-2009 Vasily Levin (v@x.com)\n */\n\
                 MODULE_DESCRIPTION(\"A \\\"loopback\\\" device, \"\n\t\"in two parts\");\n\
                 MODULE_LICENSE(\"GPL\");\nMODULE_LICENSE(\"GPL\");\nMODULE_AUTHOR(\"A B <a@b.org>\");\n\
                 MODULE_VERSION(DRV_VERSION);\n",
            ),
            ("a.h", "/* SPDX-License-Identifier: MIT */\n#define DRV_VERSION \"1.2.3\"\n"),
            ("notes.txt", "MODULE_LICENSE(\"Proprietary\")"),
        ]);
        assert_eq!(survey.descriptions, ["A \"loopback\" device, in two parts"]);
        assert_eq!((survey.licenses, survey.versions), (vec!["GPL".to_owned()], vec!["1.2.3".to_owned()]));
        assert_eq!(survey.authors, ["A B <a@b.org>"]);
        assert_eq!(survey.spdx.into_iter().collect::<Vec<_>>(), ["GPL-2.0-or-later", "MIT"]);
        assert_eq!(survey.holders, ["2005-2009 Vasily Levin (v@x.com)"]);
    }

    #[test]
    fn what_stands_behind_a_macro_is_followed() {
        let survey = of(&[
            ("foo.c", "MODULE_LICENSE(DRV_LICENSE);\nMODULE_DESCRIPTION(DRV_DESC);\nMODULE_AUTHOR(AUTHOR);"),
            (
                "foo.h",
                "#define DRV_LICENSE \"Dual BSD/GPL\"\n#define DRV_DESC \"A foo\"\n#define AUTHOR \"A <a@b.org>\"\n",
            ),
        ]);
        assert_eq!(
            (survey.licenses, survey.authors),
            (vec!["Dual BSD/GPL".to_owned()], vec!["A <a@b.org>".to_owned()])
        );
        assert_eq!(survey.described, [("foo".to_owned(), "A foo".to_owned())]);
    }

    #[test]
    fn an_unknown_macro_gives_no_version() {
        assert!(of(&[("a.c", "MODULE_VERSION(NOWHERE);")]).versions.is_empty());
    }
}
