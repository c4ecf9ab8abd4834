//! What is linked in has licences of its own, which a binary package has to name: debian/copyright and the RPM's License are as the
//! lock file has it. `DKMS_WRITE_LICENCES=yes cargo test licences` writes them anew after a change of dependencies.

use std::collections::{BTreeMap, BTreeSet};

use crate::crates::{linked, text};

const BEGIN: &str = "# Crates that are linked in: tests/licences.rs writes these lines.\n";
const END: &str = "# End of the crates.\n";

/// An SPDX expression in one form, whatever order and signs its crate has it in.
fn normal(expression: &str) -> String {
    let expression = expression.replace('/', " OR ");
    if expression.contains(" AND ") {
        let mut parts: Vec<&str> = expression.split(" AND ").map(|part| part.trim_matches(['(', ')'])).collect();
        parts.sort_unstable();
        return parts.into_iter().map(normal).collect::<Vec<_>>().join(" AND ");
    }
    let mut choices: Vec<&str> = expression.split(" OR ").map(str::trim).collect();
    choices.sort_unstable_by_key(|choice| (*choice != "MIT", *choice));
    choices.dedup();
    choices.join(" OR ")
}

/// The crates by licence: their names, and whom their manifests name as authors.
fn groups() -> BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> {
    let mut groups: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
    for package in linked() {
        let (names, holders) = groups.entry(normal(text(&package, "license"))).or_default();
        let name = text(&package, "name");
        names.insert(name.to_owned());
        let authors: Vec<&str> =
            package["authors"].as_array().into_iter().flatten().filter_map(|it| it.as_str()).collect();
        match authors.is_empty() {
            true => holders.insert(format!("the {name} authors")),
            false => holders.insert(authors.join(", ")),
        };
    }
    groups
}

/// The same licence as debian/copyright calls it (copyright-format/1.0: MIT is Expat there, words are small).
fn debian_name(expression: &str) -> String {
    let part = |name: &str| if name == "MIT" { "Expat".to_owned() } else { name.to_owned() };
    let choices = |all: &str| all.split(" OR ").map(part).collect::<Vec<_>>().join(" or ");
    let licence = expression.replace("Apache-2.0 WITH LLVM-exception", "Apache-2.0 with LLVM exception");
    licence.split(" AND ").map(choices).collect::<Vec<_>>().join(", and ")
}

fn debian_paragraphs() -> String {
    let mut text = String::new();
    for (licence, (names, holders)) in groups() {
        let lines =
            |first: String, words: Vec<String>| words.into_iter().fold(first, |text, word| text + "\n " + &word);
        let files = names.iter().map(|name| format!("vendor/{name}-[0-9]*/*")).collect();
        let holders = holders.into_iter().collect();
        text += &lines("Files:".to_owned(), files);
        text += "\n";
        text += &lines("Copyright:".to_owned(), holders);
        text += &format!("\nLicense: {}\n\n", debian_name(&licence));
    }
    text
}

/// The License of the RPM: ours, and that of everything linked in, each expression once.
fn rpm_expression() -> String {
    let mut all = BTreeSet::from(["MIT OR Apache-2.0".to_owned()]);
    for licence in groups().into_keys() {
        for part in licence.split(" AND ") {
            // Whoever may choose MIT or Apache-2.0 gets that choice from us already.
            let choices: Vec<&str> = part.split(" OR ").collect();
            if !(choices.contains(&"MIT") && choices.contains(&"Apache-2.0")) {
                all.insert(part.to_owned());
            }
        }
    }
    let bracketed = |it: String| if it.contains(" OR ") { format!("({it})") } else { it };
    all.into_iter().map(bracketed).collect::<Vec<_>>().join(" AND ")
}

/// What stands between two texts of a file, and the file with something else there.
fn between<'t>(file: &'t str, begin: &str, end: &str) -> (&'t str, impl Fn(&str) -> String + 't) {
    let from = file.find(begin).unwrap_or_else(|| panic!("no line {begin:?}")) + begin.len();
    let to = from + file[from..].find(end).unwrap_or_else(|| panic!("no line {end:?} behind it"));
    (&file[from..to], move |new: &str| format!("{}{new}{}", &file[..from], &file[to..]))
}

#[test]
fn the_packages_name_the_licence_of_every_crate_that_is_linked_in() {
    for (path, begin, end, right) in [
        ("debian/copyright", BEGIN, END, debian_paragraphs()),
        ("spec-templates/dkms.spec.in", "\nLicense: ", "\n", rpm_expression()),
    ] {
        let file = fs_err::read_to_string(path).unwrap();
        let (now, with) = between(&file, begin, end);
        if std::env::var_os("DKMS_WRITE_LICENCES").is_some() {
            fs_err::write(path, with(&right)).unwrap();
        } else {
            assert_eq!(now, right, "{path}: `DKMS_WRITE_LICENCES=yes cargo test licences` writes it anew");
        }
    }
}

#[test]
fn every_licence_that_debian_copyright_names_is_in_it() {
    let file = fs_err::read_to_string("debian/copyright").unwrap();
    let texts: BTreeSet<&str> = file
        .lines()
        .zip(file.lines().skip(1))
        .filter(|(_, next)| next.starts_with(' '))
        .filter_map(|(line, _)| line.strip_prefix("License: "))
        .collect();
    for licence in file.lines().filter_map(|line| line.strip_prefix("License: ")) {
        for name in licence.split(", and ").flat_map(|part| part.split(" or ")) {
            assert!(texts.contains(name), "debian/copyright says {name}, and not what that is");
        }
    }
}

#[test]
fn expressions_are_told_in_one_form() {
    for (written, told) in [
        ("MIT", "MIT"),
        ("Apache-2.0/MIT", "MIT OR Apache-2.0"),
        ("Unlicense OR MIT", "MIT OR Unlicense"),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", "MIT OR Apache-2.0 AND Unicode-3.0"),
        ("BSD-3-Clause AND BSD-2-Clause", "BSD-2-Clause AND BSD-3-Clause"),
    ] {
        assert_eq!(normal(written), told);
    }
}
