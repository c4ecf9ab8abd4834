//! What all makefiles of one source share while they are read: the files, what is not known, and how much may be done.

use std::collections::{BTreeMap, BTreeSet};

use super::guard::{Atoms, Guard};
use super::place::{Note, Place};
use super::value::Value;

/// Stands for the folder of the source in paths.
pub(crate) const ROOT: char = '\u{E000}';
/// Stands for the release of the kernel to build for.
pub(crate) const RELEASE: char = '\u{E001}';
/// Stands for the folder of its headers.
pub(crate) const KERNEL: char = '\u{E002}';
/// What `uname -r` prints, which authors take for the release of the kernel to build for.
pub(super) const RUNNING: &str = "$(shell uname -r)";
/// The first of the characters that stand for text which is not known and may be empty.
const OPAQUE: u32 = 0xF_0000;
/// The first of those that stand for text which is not known but not empty.
const SOLID: u32 = 0x10_0000;
/// How many of each there are; those after share the last one.
const MAX_OPAQUE: usize = 0xFF00;
/// Work in steps; the largest real sources need some ten thousands.
const BUDGET: u64 = 400_000;
const MAX_VALUE: usize = 64 << 10;
const MAX_NOTES: usize = 100;

pub(super) struct World<'a> {
    pub(super) files: &'a BTreeMap<String, String>,
    pub(super) atoms: Atoms,
    pub(super) notes: Vec<Note>,
    /// What may name modules and could not be read.
    pub(super) lost: Vec<Note>,
    /// Variables that were used and are set nowhere.
    pub(super) asked: BTreeSet<String>,
    /// Variables that were used.
    pub(super) used: BTreeSet<String>,
    /// Variables of the kernel's reading that a makefile sets to the folder in which make runs. The kernel runs it in a
    /// folder of its own before 6.13.
    pub(super) here: BTreeSet<String>,
    /// Folders that were read as the kernel reads them.
    pub(super) visited: BTreeSet<String>,
    /// Conditions that must not hold, since the makefile ends with an error then.
    pub(super) errors: Vec<(Guard, String, Place)>,
    opaque: Vec<String>,
    budget: u64,
}

impl<'a> World<'a> {
    pub(super) fn new(files: &'a BTreeMap<String, String>) -> Self {
        Self {
            files,
            atoms: Atoms::default(),
            notes: Vec::new(),
            lost: Vec::new(),
            asked: BTreeSet::new(),
            used: BTreeSet::new(),
            here: BTreeSet::new(),
            visited: BTreeSet::new(),
            errors: Vec::new(),
            opaque: Vec::new(),
            budget: BUDGET,
        }
    }

    /// Takes some of what may be done; false when nothing is left.
    pub(super) fn spend(&mut self, steps: usize) -> bool {
        self.budget = self.budget.saturating_sub(steps as u64 + 1);
        self.budget > 0
    }

    /// Whether it was too much.
    pub(super) fn is_exhausted(&self) -> bool {
        self.budget == 0
    }

    pub(super) fn note(&mut self, place: &Place, sentence: impl Into<String>) {
        let note = Note { place: place.clone(), sentence: plain(&sentence.into()) };
        if self.notes.len() < MAX_NOTES && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// A note about what may name modules and could not be read.
    pub(super) fn lose(&mut self, place: &Place, sentence: impl Into<String>) {
        let note = Note { place: place.clone(), sentence: plain(&sentence.into()) };
        if self.lost.len() < MAX_NOTES && !self.lost.contains(&note) {
            self.lost.push(note);
        }
    }

    /// Text that is not known; `what` says what it is.
    pub(super) fn opaque(&mut self, what: &str) -> String {
        self.stand_in(what, OPAQUE)
    }

    /// Text that is not known, but not empty.
    pub(super) fn solid(&mut self, what: &str) -> String {
        self.stand_in(what, SOLID)
    }

    fn stand_in(&mut self, what: &str, first: u32) -> String {
        let at = self.opaque.iter().position(|known| known == what).unwrap_or_else(|| {
            if self.opaque.len() < MAX_OPAQUE {
                self.opaque.push(what.to_owned());
            }
            self.opaque.len() - 1
        });
        char::from_u32(first + at as u32).into_iter().collect()
    }

    /// A text in which what authors write for the kernel to build for stands as a mark.
    pub(super) fn with_kernel(&self, text: &str) -> String {
        let at = self.opaque.iter().position(|known| known == RUNNING);
        let running = at.and_then(|at| char::from_u32(SOLID + at as u32));
        let release = RELEASE.to_string();
        let text = running.map_or_else(|| text.to_owned(), |running| text.replace(running, &release));
        let text = ["`uname -r`", "$(uname -r)"].iter().fold(text, |text, form| text.replace(form, &release));
        ["/build", "/source"]
            .iter()
            .fold(text, |text, end| text.replace(&format!("/lib/modules/{RELEASE}{end}"), &KERNEL.to_string()))
    }

    /// A value, unless it is too long to be a real one.
    pub(super) fn bounded(&mut self, value: Value) -> Value {
        if value.len() > MAX_VALUE || value.0.len() > MAX_VALUE / 64 {
            return self.opaque("a text that is too long").into();
        }
        value
    }

    /// Text for people: what is not known as its description in `<>`, the source's folder as a dot.
    pub(super) fn shown(&self, text: &str) -> String {
        let mut shown = String::new();
        for c in text.chars() {
            match (c, number(c)) {
                (ROOT, _) => shown.push('.'),
                (RELEASE, _) => shown.push_str("$kernelver"),
                (KERNEL, _) => shown.push_str("$kernel_source_dir"),
                (_, Some(at)) => {
                    shown.push('<');
                    shown.push_str(self.opaque.get(at).map_or("?", String::as_str));
                    shown.push('>');
                }
                (c, None) => shown.push(c),
            }
        }
        plain(&shown)
    }
}

fn number(c: char) -> Option<usize> {
    match u32::from(c) {
        code @ SOLID.. => Some((code - SOLID) as usize),
        code @ OPAQUE.. => Some((code - OPAQUE) as usize),
        _ => None,
    }
}

/// Whether some of a text is not known.
pub(super) fn is_opaque(text: &str) -> bool {
    text.chars().any(|c| number(c).is_some())
}

/// Whether nothing of a text is known.
pub(super) fn is_wholly_opaque(text: &str) -> bool {
    text.chars().all(|c| number(c).is_some())
}

/// Whether a text is surely not empty, whatever is not known of it.
pub(super) fn is_solid(text: &str) -> bool {
    text.chars().any(|c| u32::from(c) >= SOLID || number(c).is_none())
}

/// Whether a path is one that can stand in a dkms.conf as it is.
pub(super) fn is_plain(path: &str) -> bool {
    path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-+/@,=~".contains(&byte))
}

/// Foreign text without the characters that mean something here.
pub(super) fn cleaned(text: &str) -> String {
    let is_mark = |c: char| [ROOT, RELEASE, KERNEL, '\0'].contains(&c) || number(c).is_some();
    text.chars().map(|c| if is_mark(c) { '\u{FFFD}' } else { c }).collect()
}

/// One line without control characters.
fn plain(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.chars().take(400).collect()
}

/// A path below the source, from one that names the source's folder or is relative to `folder`. None: it leads elsewhere.
pub(super) fn below(path: &str, folder: &str) -> Option<String> {
    if is_opaque(path.rsplit(ROOT).next().unwrap_or_default()) {
        return None;
    }
    let joined = match path.rfind(ROOT) {
        // What stands before an absolute path, as in $(srctree)/$(src), is of no interest.
        Some(at) => path[at + ROOT.len_utf8()..].to_owned(),
        None if path.starts_with('/') => return None,
        None => format!("{folder}/{path}"),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." {
            parts.pop()?;
        } else {
            parts.push(part);
        }
    }
    Some(parts.join("/"))
}

/// A path of the source as makefiles see it.
pub(super) fn absolute(path: &str) -> String {
    if path.is_empty() { ROOT.to_string() } else { format!("{ROOT}/{path}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_below_the_source() {
        let cases = [
            ("a/b.c", "sub", Some("sub/a/b.c")),
            ("./a//b/../c.c", "", Some("a/c.c")),
            ("\u{E000}/x", "sub", Some("x")),
            ("/tmp/\u{E000}/x", "sub", Some("x")),
            ("\u{E000}", "sub", Some("")),
            ("../x", "sub", Some("x")),
            ("../../x", "sub", None),
            ("/etc/passwd", "", None),
        ];
        for (path, folder, expected) in cases {
            assert_eq!(below(path, folder).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn what_is_not_known_is_described() {
        let files = BTreeMap::new();
        let mut world = World::new(&files);
        let (date, release) = (world.opaque("date"), world.solid("the release"));
        assert!(is_opaque(&date) && !is_solid(&date) && is_solid(&release) && is_solid(&format!("a{date}")));
        assert_eq!(world.shown(&format!("x{date}-{release}")), "x<date>-<the release>");
        assert_eq!(cleaned(&format!("a{date}{ROOT}")), "a\u{FFFD}\u{FFFD}");
    }
}
