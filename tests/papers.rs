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

/// The rows of tests/PROMISES.md: a sentence of README, and the files that hold it.
fn promises(table: &str) -> Vec<(String, Vec<&str>)> {
    let rows = table.lines().filter(|line| line.starts_with("| ") && line.contains('`'));
    let parts = rows.filter_map(|row| row.trim_matches('|').split_once(" | "));
    parts.map(|(promise, held)| (plain(promise), held.split('`').skip(1).step_by(2).collect())).collect()
}

/// Words with single blanks, whatever the lines.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The points of README's lists.
fn points(readme: &str) -> Vec<String> {
    let mut points: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in readme.lines() {
        if let Some(point) = line.strip_prefix("- ") {
            points.push(point.to_owned());
            is_open = true;
        } else if let (true, Some(more), Some(point)) = (is_open, line.strip_prefix("  "), points.last_mut()) {
            point.push(' ');
            point.push_str(more);
        } else {
            is_open = false;
        }
    }
    points.iter().map(|point| plain(point)).collect()
}

#[test]
fn what_the_readme_promises_is_held_by_tests_that_are_there() {
    let read = |file: &str| std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{file}: {error}"));
    let (readme, table) = (read("README.md"), read("tests/PROMISES.md"));
    let (promises, readme_words) = (promises(&table), plain(&readme));
    let mut faults = Vec::new();
    for (promise, files) in &promises {
        if !readme_words.contains(promise.as_str()) {
            faults.push(format!("README does not say: {promise}"));
        }
        let missing = files.iter().filter(|file| !Path::new(file).exists());
        faults.extend(missing.map(|file| format!("{file} is not there; it held: {promise}")));
    }
    let unheld = points(&readme)
        .into_iter()
        .filter(|point| !promises.iter().any(|(promise, _)| point.contains(promise.as_str())));
    faults.extend(unheld.map(|point| format!("no row of tests/PROMISES.md holds a part of: {point}")));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
