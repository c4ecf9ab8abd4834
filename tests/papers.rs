//! What README, CONTRIBUTING and SECURITY say of the tree is there.

use std::path::Path;

/// Words in backquotes that name a file or folder of the source, without those with a place holder.
fn named(text: &str) -> Vec<&str> {
    let words = text.split('`').skip(1).step_by(2);
    let tops = ["src/", "tests/", "hooks/", "spec-templates/", "debian/", ".ci/"];
    let is_name = |word: &&str| {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "/._-".contains(c);
        tops.iter().any(|top| word.starts_with(top)) && word.chars().all(plain)
    };
    words.filter_map(|word| word.split(' ').next()).filter(is_name).collect()
}

#[test]
fn files_that_the_documents_name_are_there() {
    let mut missing = Vec::new();
    for paper in ["README.md", "CONTRIBUTING.md", "SECURITY.md"] {
        let text = std::fs::read_to_string(paper).unwrap_or_else(|error| panic!("{paper}: {error}"));
        let names = named(&text);
        assert!(!names.is_empty(), "{paper} names no file: were its words understood?");
        missing.extend(names.iter().filter(|name| !Path::new(name).exists()).map(|name| format!("{paper}: {name}")));
    }
    assert!(missing.is_empty(), "these are not there:\n{}", missing.join("\n"));
}
