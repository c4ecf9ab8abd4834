//! The flow is one way: a layer imports only what stands to its right.

use std::collections::{BTreeMap, BTreeSet};
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
    &["archive"],
    &["snapshot"],
    &["trust"],
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
    members(group).iter().filter_map(|member| first_word(member)).collect()
}

/// The members of a group of a `use` tree, of which the text behind the first brace is given.
fn members(group: &str) -> Vec<String> {
    let mut depth = 0;
    let mut members = Vec::new();
    let mut member = String::new();
    for c in group.chars() {
        match c {
            '}' if depth == 0 => break,
            ',' if depth == 0 => members.push(std::mem::take(&mut member)),
            _ => {
                depth += i32::from(c == '{') - i32::from(c == '}');
                member.push(c);
            }
        }
    }
    members.push(member);
    members.into_iter().map(|member| member.trim().to_owned()).filter(|member| !member.is_empty()).collect()
}

fn first_word(text: &str) -> Option<String> {
    let word: String = text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    let is_module = word.chars().next().is_some_and(|c| c.is_ascii_lowercase());
    is_module.then_some(word)
}

/// Files that write outside of tree/ and sys/, each with what it writes.
const WRITERS: &[(&str, &str)] = &[
    (
        "src/archive/",
        "what is unpacked, into a folder that the caller made for it, and output files that somebody asked for",
    ),
    ("src/package/", "packages, repositories and what is unpacked for them: files that somebody asked for"),
    ("src/cli/generate.rs", "the folder that was named for what is generated"),
    ("src/cli/man.rs", "manual pages, into the folder that was named"),
    ("src/cli/completions/", "completions, the same"),
    ("src/cli/package/", "packages, into the folder that was named"),
    ("src/engine/preflight/", "a folder that goes afterwards, and what two processes tell each other in it"),
    ("src/engine/matrix/store.rs", "the store that somebody named, in which all is staged and appears by a rename"),
    (
        "src/engine/matrix/",
        "folders that go afterwards: what repositories give, and what two processes tell each other",
    ),
    ("src/engine/ourselves.rs", "the job of a process of ours, in a folder that goes afterwards"),
    ("src/engine/sysext/", "the extension, made in such a folder and renamed to where it was asked for"),
    ("src/engine/recording.rs", "the file of `dkms event --record FILE`"),
    ("src/action/add/archive.rs", "an archive that is unpacked in a folder for temporary files"),
    ("src/action/tarball.rs", "the archive of mktarball"),
    ("src/action/compile/", "inside the build's own folder, which tree/ stages and takes over; the signing key"),
    ("src/action/install/", "the kernel's folder: staged, then renamed"),
];

#[test]
fn only_the_tree_writes_and_a_few_that_have_a_reason() {
    const WORDS: &[&str] = &[
        "fs::write(",
        "fs_err::write(",
        "fs::copy(",
        "fs_err::copy(",
        "::rename(",
        "create_dir",
        "remove_file(",
        "remove_dir",
        "set_permissions(",
        "hard_link(",
        "File::create",
        ".create(true)",
        ".create_new(true)",
        "write_atomically(",
        "create_folders(",
        "remove_tree(",
        "remove_if_empty(",
        ".persist(",
    ];
    let mut faults = Vec::new();
    for file in sources(Path::new("src")).into_iter().filter(|file| !is_for_tests(file)) {
        let name = file.display().to_string();
        if matches!(layer_of(&file).as_str(), "tree" | "sys")
            || WRITERS.iter().any(|(place, _)| name.starts_with(place))
        {
            continue;
        }
        let code = code_of(&file);
        faults.extend(WORDS.iter().filter(|word| code.contains(*word)).map(|word| format!("{name} has {word}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Circles that are left, each with its reason.
const CIRCLES: &[(&[&str], &str)] = &[(
    &[
        "cli::complete",
        "cli::completions",
        "cli::generate",
        "cli::help",
        "cli::man",
        "cli::package::man",
        "cli::package::verbs",
        "cli::usage",
        "cli::verbs",
        "cli::words",
    ],
    "the table of verbs names what each runs; help, manual and completions are such verbs and print the table",
)];

/// That a file of a room uses what the room's own page (mod.rs) says is no circle: the page is where its words stand.
#[test]
fn no_circle_of_files_that_import_each_other() {
    let files: BTreeMap<Vec<String>, PathBuf> = sources(Path::new("src"))
        .into_iter()
        .filter(|file| !is_for_tests(file))
        .map(|file| (module_of(&file), file))
        .collect();
    let imports: BTreeMap<&Vec<String>, Vec<&Vec<String>>> =
        files.iter().map(|(module, file)| (module, imported(module, file, &files))).collect();
    let mut circles = BTreeSet::new();
    for module in files.keys() {
        let reached = reached_from(module, &imports);
        let circle: BTreeSet<String> = reached
            .into_iter()
            .filter(|other| reached_from(other, &imports).contains(module))
            .map(|module| module.join("::"))
            .collect();
        if circle.len() > 1 {
            circles.insert(circle);
        }
    }
    let is_kept = |circle: &BTreeSet<String>| {
        CIRCLES.iter().any(|(kept, _)| circle.iter().all(|module| kept.contains(&module.as_str())))
    };
    circles.retain(|circle| !is_kept(circle));
    assert!(circles.is_empty(), "{circles:#?}");
}

fn reached_from<'a>(
    module: &'a Vec<String>,
    imports: &BTreeMap<&'a Vec<String>, Vec<&'a Vec<String>>>,
) -> BTreeSet<&'a Vec<String>> {
    let mut reached = BTreeSet::new();
    let mut next = vec![module];
    while let Some(module) = next.pop() {
        let further = imports.get(module).into_iter().flatten();
        next.extend(further.filter(|other| reached.insert(**other)));
    }
    reached
}

/// `src/a/b.rs` and `src/a/b/mod.rs` are a::b.
fn module_of(file: &Path) -> Vec<String> {
    let inside = file.strip_prefix("src").unwrap_or(file).with_extension("");
    let words = inside.components().map(|word| word.as_os_str().to_string_lossy().into_owned());
    words.filter(|word| word != "mod").collect()
}

/// The files that this one names, without those of the rooms in which it stands.
fn imported<'a>(module: &'a [String], file: &Path, files: &'a BTreeMap<Vec<String>, PathBuf>) -> Vec<&'a Vec<String>> {
    let code = code_of(file);
    let mut paths = Vec::new();
    for (at, start) in ["crate::", "super::", "self::"].iter().flat_map(|word| code.match_indices(*word)) {
        let is_inside_a_word = code[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':');
        if !is_inside_a_word {
            let base = match start {
                "crate::" => &[][..],
                "self::" => module,
                _ => &module[..module.len() - 1],
            };
            named_paths(&code[at + start.len()..], base, &mut paths);
        }
    }
    // A room names its own files without a prefix.
    let children = files.keys().filter(|other| other.len() == module.len() + 1 && other.starts_with(module));
    paths.extend(children.filter(|child| names_child(&code, &child[module.len()])).cloned());
    let longest = |path: &Vec<String>| (1..=path.len()).rev().find_map(|length| files.get_key_value(&path[..length]));
    let mut found: Vec<_> = paths.iter().filter_map(longest).map(|(other, _)| other).collect();
    found.retain(|other| !module.starts_with(other));
    found
}

fn names_child(code: &str, child: &str) -> bool {
    let is_free = |at: usize| !code[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':');
    code.match_indices(&format!("{child}::")).any(|(at, _)| is_free(at))
}

/// The paths of a `use` tree, or of a single path, that begins here.
fn named_paths(text: &str, base: &[String], paths: &mut Vec<Vec<String>>) {
    if let Some(group) = text.strip_prefix('{') {
        for member in members(group) {
            named_paths(&member, base, paths);
        }
        return;
    }
    let word: String = text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    let rest = text[word.len()..].strip_prefix("::");
    let inner = match word.as_str() {
        "super" => base[..base.len().saturating_sub(1)].to_vec(),
        "self" => base.to_vec(),
        _ => [base, &[word]].concat(),
    };
    match rest {
        Some(rest) => named_paths(rest, &inner, paths),
        None => paths.push(inner),
    }
}

/// The code of a file, without comments and without its unit tests.
fn code_of(file: &Path) -> String {
    let text = std::fs::read_to_string(file).expect("a source file");
    let mut lines: Vec<&str> = text.lines().collect();
    let tests = lines.windows(2).position(|two| two[0] == "#[cfg(test)]" && two[1].ends_with(" tests {"));
    lines.truncate(tests.unwrap_or(lines.len()));
    lines.into_iter().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Whether a file is compiled into unit tests only.
fn is_for_tests(file: &Path) -> bool {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let folder = file.parent().expect("a file below src");
    let declares = |page: PathBuf| {
        let text = std::fs::read_to_string(page).unwrap_or_default();
        ["", "pub(crate) ", "pub(super) "]
            .iter()
            .any(|rights| text.contains(&format!("#[cfg(test)]\n{rights}mod {stem};")))
    };
    declares(folder.join("mod.rs")) || declares(folder.with_extension("rs"))
}
