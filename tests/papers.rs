//! What README, CONTRIBUTING and SECURITY say of the tree is there.

use std::fmt::Write;
use std::path::{Path, PathBuf};

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// README and what it leaves to docs/.
fn readme() -> Vec<PathBuf> {
    let docs = std::fs::read_dir("docs").expect("docs").flatten().map(|entry| entry.path());
    let mut docs: Vec<PathBuf> = docs.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    docs.sort();
    assert!(docs.len() > 3, "{docs:?}");
    std::iter::once("README.md".into()).chain(docs).collect()
}

/// Words in backquotes that name a file or folder of the source, without those with a place holder.
fn named(text: &str) -> Vec<&str> {
    let words = text.split('`').skip(1).step_by(2);
    let tops = ["src/", "tests/", "hooks/", "spec-templates/", "debian/", "docs/", "schemas/", ".ci/"];
    let is_name = |word: &&str| {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "/._-".contains(c);
        tops.iter().any(|top| word.starts_with(top)) && word.chars().all(plain)
    };
    words.filter_map(|word| word.split(' ').next()).filter(is_name).collect()
}

#[test]
fn files_that_the_documents_name_are_there() {
    let mut missing = Vec::new();
    let others = ["CONTRIBUTING.md", "SECURITY.md"].map(PathBuf::from);
    for paper in readme().into_iter().chain(others) {
        let (text, paper) = (read(&paper), paper.display());
        let names = named(&text);
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
    let readme: String = readme().iter().map(|paper| read(paper) + "\n\n").collect();
    let table = read("tests/PROMISES.md".as_ref());
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

#[test]
fn readme_is_short_and_its_transcript_is_the_one_that_a_scenario_repeats() {
    let (readme, tour) = (read("README.md".as_ref()), read("tests/e2e/tour.txt".as_ref()));
    let shown: String = tour.lines().map(|line| format!("    {line}\n")).collect();
    assert!(readme.contains(&shown), "README's tour is not tests/e2e/tour.txt");
    let before_the_fold = readme.split("\n## More").next().expect("a beginning");
    let words = before_the_fold.split_whitespace().count();
    assert!(words < 1000, "README has {words} words before its list of further papers");
}

/// `docs/tour.svg`: the transcript as a picture of a terminal. `DKMS_PICTURE=write cargo test papers` draws it anew.
#[test]
fn the_picture_is_drawn_from_the_same_transcript() {
    let picture = picture(&read("tests/e2e/tour.txt".as_ref()));
    if std::env::var_os("DKMS_PICTURE").is_some() {
        std::fs::write("docs/tour.svg", &picture).expect("a picture");
    }
    assert_eq!(read("docs/tour.svg".as_ref()), picture, "DKMS_PICTURE=write cargo test papers");
}

fn picture(transcript: &str) -> String {
    const COLUMNS: usize = 110;
    let lines: Vec<&str> = transcript.lines().skip_while(|line| !line.contains(" --dry-run")).collect();
    let rows: Vec<(bool, String)> = lines.iter().flat_map(|line| wrapped(line, COLUMNS)).collect();
    let (width, height) = (COLUMNS * 8 + 32, rows.len() * 18 + 40);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" font-family=\"monospace\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#1b1e24\"/>\n"
    );
    for (at, (is_typed, text)) in rows.iter().enumerate() {
        let colour = match text.as_str() {
            _ if *is_typed => "#9fd0ff",
            text if text.contains("error") || text.contains("failed") => "#ff9a8f",
            text if text.contains("hint:") || text.contains("next:") => "#a8e0a0",
            _ => "#d7dae0",
        };
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        let y = at * 18 + 30;
        writeln!(svg, "<text x=\"16\" y=\"{y}\" fill=\"{colour}\" xml:space=\"preserve\">{text}</text>")
            .expect("a string");
    }
    svg + "</svg>\n"
}

/// A line in rows of a terminal, each with whether it was typed.
fn wrapped(line: &str, columns: usize) -> Vec<(bool, String)> {
    let characters: Vec<char> = line.chars().collect();
    let rows = characters.chunks(columns).map(|row| (line.starts_with("# "), row.iter().collect()));
    rows.collect()
}

#[test]
fn all_papers_tell_the_same_version() {
    let cargo = read("Cargo.toml".as_ref());
    let version = cargo.lines().find_map(|line| line.strip_prefix("version = ")).expect("a version").trim_matches('"');
    let told = std::process::Command::new(env!("CARGO_BIN_EXE_dkms")).arg("-V").output().expect("dkms");
    let told = String::from_utf8_lossy(&told.stdout).trim().to_owned();
    let level = told.split(' ').next().and_then(|word| word.strip_prefix("dkms-")).expect("a level").to_owned();
    assert_eq!(told, format!("dkms-{level} (dkms-rs {version})"));
    for (file, words) in [
        ("README.md", told.clone()),
        ("debian/control", format!("dkms (= {level}-99)")),
        ("spec-templates/dkms.spec.in", format!("Provides: dkms = {level}-99")),
        ("debian/changelog", format!("dkms-rs ({version})")),
        ("docs/differences.md", level),
    ] {
        assert!(plain(&read(file.as_ref())).contains(&words), "{file} does not say {words}");
    }
}

/// Every page, as two renderers see it: what the one passes over, the other may not.
#[test]
fn manual_pages_are_rendered_without_a_warning() {
    crate::sandbox::tools::needs!("mandoc", "groff");
    let folder = tempfile::tempdir().expect("a folder");
    let made =
        std::process::Command::new(env!("CARGO_BIN_EXE_dkms")).args(["generate", "man"]).arg(folder.path()).status();
    assert!(made.expect("dkms").success());
    let pages = |folder: &Path| {
        std::fs::read_dir(folder).expect("pages").flatten().map(|entry| entry.path()).collect::<Vec<_>>()
    };
    let is_page = |path: &PathBuf| path.extension().is_some_and(|end| end == "5" || end == "8");
    let all: Vec<PathBuf> =
        pages(folder.path()).into_iter().chain(pages("hooks/man".as_ref())).filter(is_page).collect();
    assert!(all.len() >= 5, "{all:?}");
    // The pages of a verb are the one of its group under another name.
    for page in all.into_iter().filter(|page| !read(page).starts_with(".so ")) {
        for (program, options) in
            [("mandoc", &["-T", "lint", "-W", "warning"][..]), ("groff", &["-ww", "-man", "-T", "utf8", "-z"])]
        {
            let output = std::process::Command::new(program).args(options).arg(&page).output().expect(program);
            let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
            assert!(said.trim().is_empty(), "{program}: {}:\n{said}", page.display());
        }
    }
}
