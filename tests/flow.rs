//! The flow is one way: a layer imports only what stands to its right.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The layers from left to right; those in one row do not know each other.
const LAYERS: &[&[&str]] = &[
    &["cli"],
    &["engine"],
    &["event"],
    &["request"],
    &["plan", "status"],
    &["action"],
    &["package", "diagnose"],
    &["snapshot"],
    &["conf"],
    &["kernel"],
    &["tree"],
    &["sys"],
];

/// Open to every layer; they know only each other.
const OPEN: &[&str] = &["error", "exit", "ids", "report", "step", "version"];

#[test]
fn no_layer_looks_back() {
    let ranks: BTreeMap<&str, usize> =
        LAYERS.iter().enumerate().flat_map(|(rank, row)| row.iter().map(move |layer| (*layer, rank))).collect();
    let mut faults = Vec::new();
    for file in sources(Path::new("src")) {
        let own = layer_of(&file);
        for used in uses(&file) {
            let allowed = match (ranks.get(own.as_str()), ranks.get(used.as_str())) {
                _ if own == used || OPEN.contains(&used.as_str()) => true,
                (Some(own), Some(used)) => own < used,
                _ => false,
            };
            if !allowed {
                faults.push(format!("{} uses crate::{used}", file.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_module_of_the_crate_has_its_layer() {
    let map = std::fs::read_to_string("src/lib.rs").expect("src/lib.rs");
    let modules: Vec<&str> =
        map.lines().filter_map(|line| line.strip_prefix("mod ")).map(|rest| rest.trim_end_matches(';')).collect();
    assert!(modules.len() > 10, "the module list of src/lib.rs was not understood");
    for module in modules {
        let placed = OPEN.contains(&module) || LAYERS.iter().any(|row| row.contains(&module));
        assert!(placed, "{module} stands in no layer");
        assert!(map.contains(&format!("[`{module}`]")), "the map in src/lib.rs does not name {module}");
    }
}

#[test]
fn only_the_reporter_prints() {
    for file in sources(Path::new("src")).into_iter().filter(|file| layer_of(file) != "report") {
        let text = std::fs::read_to_string(&file).expect("a source file");
        for word in ["println!", "eprintln!", "print!(", "eprint!(", "std::process::exit"] {
            assert!(!text.contains(word), "{} has {word}", file.display());
        }
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder of sources").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with("lib.rs")
            && !path.ends_with("fuzz.rs")
            && !path.ends_with("main.rs")
        {
            files.push(path);
        }
    }
    files
}

/// The first folder or file below src.
fn layer_of(file: &Path) -> String {
    let first = file.components().nth(1).expect("a path below src").as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// The modules that a file names by `crate::…`, `use crate::{…}` included.
fn uses(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).expect("a source file");
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut used = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            used.extend(group_members(group));
        } else {
            used.extend(first_word(rest));
        }
    }
    used
}

fn group_members(group: &str) -> Vec<String> {
    let mut depth = 0;
    let mut members = Vec::new();
    let mut member = String::new();
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => members.push(std::mem::take(&mut member)),
            c => member.push(c),
        }
    }
    members.push(member);
    members.iter().filter_map(|member| first_word(member.trim())).collect()
}

fn first_word(text: &str) -> Option<String> {
    let word: String = text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    let is_module = word.chars().next().is_some_and(|c| c.is_ascii_lowercase());
    is_module.then_some(word)
}
