//! The crates that come along are such as deny.toml takes. cargo says which; nothing is fetched.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The packages that are compiled for this machine, with those that only tests and build scripts use.
fn packages() -> Vec<Value> {
    metadata()["packages"].as_array().expect("packages").clone()
}

/// The crates that the program holds, or that wrote code of it (macros): all that ours depends on without tests and build scripts.
pub(super) fn linked() -> Vec<Value> {
    let document = metadata();
    let nodes = document["resolve"]["nodes"].as_array().expect("nodes");
    let root = &document["resolve"]["root"];
    let mut open = vec![root];
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !seen.insert(text_of(id)) {
            continue;
        }
        let node = nodes.iter().find(|node| node["id"] == *id).expect("each has a node");
        let normal = |dependency: &&Value| {
            dependency["dep_kinds"].as_array().into_iter().flatten().any(|kind| kind["kind"].is_null())
        };
        open.extend(node["deps"].as_array().expect("deps").iter().filter(normal).map(|dependency| &dependency["pkg"]));
    }
    let packages = document["packages"].as_array().expect("packages");
    packages.iter().filter(|it| it["id"] != *root && seen.contains(text(it, "id"))).cloned().collect()
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn metadata() -> Value {
    let run = |program: &str, words: &[&str]| {
        let output = std::process::Command::new(program).args(words).output().expect("cargo can be started");
        assert!(output.status.success(), "{program} {words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    let version = run(env!("CARGO"), &["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("cargo -vV names its host");
    let words = ["metadata", "--format-version=1", "--locked", "--offline", "--filter-platform", host];
    serde_json::from_str(&run(env!("CARGO"), &words)).expect("a document")
}

pub(super) fn text<'a>(package: &'a Value, field: &str) -> &'a str {
    package[field].as_str().unwrap_or_default()
}

/// The lines of a list in deny.toml.
fn list(name: &str) -> Vec<&'static str> {
    let lines = include_str!("../deny.toml").lines().map(str::trim);
    let mut lines = lines.skip_while(|line| *line != format!("{name} = ["));
    assert!(lines.next().is_some(), "deny.toml has no list {name}");
    lines.take_while(|line| *line != "]").collect()
}

/// What stands in quotes behind `FIELD = ` in an entry.
fn value(entry: &'static str, field: &str) -> &'static str {
    let after = entry.split_once(&format!("{field} = ")).map(|(_, rest)| rest.trim_start_matches('['));
    after.and_then(|rest| rest.split('"').nth(1)).unwrap_or_else(|| panic!("deny.toml: {entry} has no {field}"))
}

/// Whether an SPDX expression (or an old one, with `/` for OR) can be met with these licences.
fn is_met(expression: &str, allowed: &dyn Fn(&str) -> bool) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    any(&words, &mut at, allowed)
}

fn any(words: &[&str], at: &mut usize, allowed: &dyn Fn(&str) -> bool) -> bool {
    let mut met = all(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        met |= all(words, at, allowed);
    }
    met
}

fn all(words: &[&str], at: &mut usize, allowed: &dyn Fn(&str) -> bool) -> bool {
    let mut met = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        met &= one(words, at, allowed);
    }
    met
}

fn one(words: &[&str], at: &mut usize, allowed: &dyn Fn(&str) -> bool) -> bool {
    let word = words.get(*at).copied().unwrap_or_default();
    *at += 1;
    if word == "(" {
        let met = any(words, at, allowed);
        *at += 1;
        return met;
    }
    if words.get(*at) == Some(&"WITH") {
        let name = format!("{word} WITH {}", words.get(*at + 1).copied().unwrap_or_default());
        *at += 2;
        return allowed(&name);
    }
    allowed(word)
}

#[test]
fn expressions_of_licences_are_understood() {
    let allowed = |name: &str| ["MIT", "Zlib", "A WITH B"].contains(&name);
    for (expression, met) in [
        ("MIT", true),
        ("GPL-2.0-only", false),
        ("GPL-2.0-only OR MIT", true),
        ("GPL-2.0-only/MIT", true),
        ("MIT AND GPL-2.0-only", false),
        ("(MIT OR X) AND Zlib", true),
        ("(MIT OR X) AND Y", false),
        ("X OR MIT AND Y", false),
        ("A WITH B OR X", true),
        ("A", false),
        ("", false),
    ] {
        assert_eq!(is_met(expression, &allowed), met, "{expression}");
    }
}

#[test]
fn every_crate_has_a_licence_that_asks_no_more_than_a_notice() {
    let allowed: Vec<&str> = list("allow").into_iter().map(|line| line.split('"').nth(1).expect("a name")).collect();
    let exceptions = list("exceptions");
    let mut faults = Vec::new();
    for package in packages() {
        let (name, licence) = (text(&package, "name"), text(&package, "license"));
        let own = exceptions.iter().find(|entry| value(entry, "crate") == name).map(|entry| value(entry, "allow"));
        if !is_met(licence, &|word| allowed.contains(&word) || own == Some(word)) {
            faults.push(format!("{name}: {licence}"));
        }
    }
    assert!(faults.is_empty(), "deny.toml does not allow the licences of\n{}", faults.join("\n"));
}

#[test]
fn a_crate_that_is_there_in_two_versions_has_a_reason() {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in packages() {
        versions.entry(text(&package, "name").to_owned()).or_default().insert(text(&package, "version").to_owned());
    }
    let mut faults = Vec::new();
    let mut used = BTreeSet::new();
    for (name, versions) in versions.iter().filter(|(_, versions)| versions.len() > 1) {
        let mut is_skipped = |version: &String| {
            let entry = list("skip").into_iter().find(|entry| {
                let (skipped, prefix) = value(entry, "crate").split_once('@').expect("NAME@VERSION");
                assert!(!value(entry, "reason").is_empty());
                skipped == name && format!("{version}.").starts_with(&format!("{prefix}."))
            });
            used.extend(entry);
            entry.is_some()
        };
        let left = versions.iter().filter(|version| !is_skipped(version)).count();
        if left > 1 {
            faults.push(format!("{name} is there as {versions:?}: `cargo tree -i {name}@VERSION` says for whom"));
        }
    }
    let idle = list("skip").into_iter().filter(|entry| !used.contains(entry));
    faults.extend(idle.map(|entry| format!("no longer there twice: {entry}")));
    assert!(faults.is_empty(), "deny.toml, list skip:\n{}", faults.join("\n"));
}

#[test]
fn no_crate_is_there_that_must_not_be_and_all_come_from_the_registry() {
    let registry = "registry+https://github.com/rust-lang/crates.io-index";
    for package in packages() {
        let (name, source) = (text(&package, "name"), text(&package, "source"));
        let banned = list("deny").into_iter().find(|entry| value(entry, "crate") == name);
        assert!(banned.is_none(), "{name}: {}", value(banned.unwrap_or_default(), "reason"));
        assert!(source == registry || name == "dkms-rs", "{name} comes from {source}");
        for dependency in package["dependencies"].as_array().into_iter().flatten().filter(|_| name == "dkms-rs") {
            assert_ne!(dependency["req"], "*", "{}: any version at all is not a choice", dependency["name"]);
        }
    }
}

#[test]
fn no_crate_needs_a_newer_compiler_than_we_promise() {
    let number = |text: &str| text.split('.').map(|part| part.parse::<u32>().unwrap_or(0)).collect::<Vec<_>>();
    let ours = number(env!("CARGO_PKG_RUST_VERSION"));
    for package in packages() {
        let theirs = number(text(&package, "rust_version"));
        assert!(theirs <= ours, "{} needs Rust {theirs:?}, Cargo.toml promises {ours:?}", text(&package, "name"));
    }
}
