//! The first dialect (2003): MAKE_smp, PATCH0, MODULE_NAME, LOCATION, read as if written in today's directives.
//!
//! Source: the article that introduced DKMS (Lerhaupt, "Kernel Korner: Exploring Dynamic Kernel Module Support", Linux
//! Journal, September 2003); vendor tarballs of that time carry such files.

use std::collections::BTreeMap;
use std::path::Path;

use super::Context;
use super::directive;
use super::module::Directives;
use super::shell::line_of;
use crate::ids::{ModuleName, ModuleVersion};

/// The names that only this dialect has; `X*` stands for all that begin with `X`.
const NAMES: [&str; 6] = ["MODULE_NAME", "LOCATION", "NEEDED_FOR_BOOT", "MAKE_*", "PATCH*", "MODULES_CONF*"];

/// The names to take from a file with this text: today's, and the dialect's where the file is written in it.
pub(super) fn names_for(text: &str) -> Vec<&'static str> {
    let mut names = directive::NAMES.to_vec();
    if is_first(text) {
        names.extend(NAMES);
    }
    names
}

/// Whether a file is written in the first dialect: it sets what only that one has, and none of the arrays that came
/// after it. Today's files have helper variables of such names, but they have the arrays, too.
pub(super) fn is_first(text: &str) -> bool {
    let sets = |name: &str| line_of(text, name).is_some();
    let old = ["MODULE_NAME", "LOCATION", "PATCH0"].into_iter().any(sets);
    old && !directive::PER_MODULE.into_iter().any(|name| text.contains(name))
}

/// Turns the first dialect into today's directives; the notices show the modern form.
pub(super) fn modernise(directives: &mut Directives, file: &Path, text: &str, context: &Context<'_>) -> Vec<String> {
    if !is_first(text) {
        return Vec::new();
    }
    let mut notices: Vec<String> = take_obsolete(directives);
    let (name, version) = identity(file, context);
    set_missing(directives, "PACKAGE_NAME", name);
    set_missing(directives, "PACKAGE_VERSION", version);
    make(directives, text);
    patches(directives, text);
    modules(directives);
    let names = ["PACKAGE_NAME", "PACKAGE_VERSION", "MAKE", "MAKE_MATCH", "PATCH", "PATCH_MATCH"];
    let lines: String = names
        .into_iter()
        .chain(directive::PER_MODULE)
        .flat_map(|name| directives.get(name).into_iter().flatten().map(move |(index, value)| (name, index, value)))
        .map(|(name, index, value)| format!("\n  {name}[{index}]='{}'", value.replace('\'', r"'\''")))
        .collect();
    notices.insert(0, format!("it is written in the dialect of 2003; in today's directives:{lines}"));
    notices
}

/// Removes what does nothing any more, with a notice each.
fn take_obsolete(directives: &mut Directives) -> Vec<String> {
    let is_obsolete = |name: &str| name == "NEEDED_FOR_BOOT" || name.starts_with("MODULES_CONF");
    let names: Vec<String> = directives.keys().filter(|name| is_obsolete(name)).cloned().collect();
    names
        .into_iter()
        .map(|name| {
            directives.remove(&name);
            format!("{name} is obsolete and does nothing")
        })
        .collect()
}

/// Name and version from the command line, else from a folder called NAME-VERSION.
fn identity(file: &Path, context: &Context<'_>) -> (Option<String>, Option<String>) {
    let folder = file.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let parts = folder.as_deref().and_then(|folder| {
        let dash = folder.match_indices('-').map(|(at, _)| at);
        let at = dash.into_iter().find(|at| folder[at + 1..].starts_with(|c: char| c.is_ascii_digit()))?;
        Some((folder[..at].to_owned(), folder[at + 1..].to_owned()))
    });
    let (name, version) = parts.map_or((None, None), |(name, version)| (Some(name), Some(version)));
    (context.module.map(ModuleName::to_string).or(name), context.version.map(ModuleVersion::to_string).or(version))
}

fn set_missing(directives: &mut Directives, name: &str, value: Option<String>) {
    let values = directives.entry(name.to_owned()).or_default();
    if values.get(&0).is_none_or(String::is_empty)
        && let Some(value) = value
    {
        values.insert(0, value);
    }
}

/// MAKE_text becomes MAKE[n] with MAKE_MATCH[n]; of several that match, the last in the file wins in both dialects.
fn make(directives: &mut Directives, text: &str) {
    let variants = take_variants(directives, "MAKE_", "MAKE_MATCH", text);
    append(directives, "MAKE", variants, 1);
}

/// PATCHn in number order, then PATCH_text with PATCH_MATCH.
fn patches(directives: &mut Directives, text: &str) {
    let numbered: BTreeMap<usize, String> =
        directives.keys().filter_map(|name| Some((name.strip_prefix("PATCH")?.parse().ok()?, name.clone()))).collect();
    let numbered: Vec<_> = numbered
        .into_values()
        .filter_map(|name| Some((String::new(), directives.remove(&name)?.remove(&0)?)))
        .collect();
    let variants = take_variants(directives, "PATCH_", "PATCH_MATCH", text);
    append(directives, "PATCH", numbered.into_iter().chain(variants).collect(), 0);
}

/// Removes NAME_text variables: text and value, in the order of the file.
fn take_variants(directives: &mut Directives, prefix: &str, except: &str, text: &str) -> Vec<(String, String)> {
    let mut names: Vec<String> =
        directives.keys().filter(|name| name.starts_with(prefix) && *name != except).cloned().collect();
    names.sort_by_key(|name| line_of(text, name));
    names
        .into_iter()
        .filter_map(|name| Some((name[prefix.len()..].to_owned(), directives.remove(&name)?.remove(&0)?)))
        .collect()
}

/// Adds values with the text that the kernel release must contain (none: always) after those that are there.
fn append(directives: &mut Directives, name: &str, values: Vec<(String, String)>, least: usize) {
    let last = directives.get(name).and_then(|values| values.keys().next_back().copied());
    let first = last.map_or(0, |last| last + 1).max(least);
    for (index, (wanted, value)) in (first..).zip(values) {
        directives.entry(name.to_owned()).or_default().insert(index, value);
        if !wanted.is_empty() {
            directives.entry(format!("{name}_MATCH")).or_default().insert(index, regex::escape(&wanted));
        }
    }
}

/// MODULE_NAME's `built.o[:installed.o]` words, all to LOCATION.
fn modules(directives: &mut Directives) {
    let mut take = |name: &str| directives.remove(name).and_then(|mut values| values.remove(&0)).unwrap_or_default();
    let (names, location) = (take("MODULE_NAME"), take("LOCATION"));
    let package = directives.get("PACKAGE_NAME").and_then(|values| values.get(&0)).cloned().unwrap_or_default();
    let words: Vec<String> = match names.split_whitespace().map(str::to_owned).collect::<Vec<_>>() {
        words if words.is_empty() => vec![package],
        words => words,
    };
    for (index, word) in words.iter().enumerate() {
        let mut set = |name: &str, value: &str| {
            directives.entry(name.to_owned()).or_default().insert(index, value.to_owned());
        };
        let (built, installed) = word.split_once(':').map_or((word.as_str(), None), |(b, i)| (b, Some(i)));
        let (folder, built) = built.rsplit_once('/').map_or((None, built), |(folder, built)| (Some(folder), built));
        set("BUILT_MODULE_NAME", without_suffix(built));
        if let Some(folder) = folder {
            set("BUILT_MODULE_LOCATION", folder);
        }
        if let Some(installed) = installed {
            set("DEST_MODULE_NAME", without_suffix(installed));
        }
        if !location.is_empty() {
            set("DEST_MODULE_LOCATION", &location);
        }
    }
}

pub(super) fn without_suffix(name: &str) -> &str {
    name.strip_suffix(".o").or_else(|| name.strip_suffix(".ko")).unwrap_or(name)
}
