//! References: `$(NAME)`, `$(NAME:a=b)`, `$(function …)`, expanded to text with its conditions.

use super::guard::Guard;
use super::lines;
use super::makefile::{Make, Mode};
use super::value::Value;
use super::world::{ROOT, absolute, is_opaque, is_solid};

const MAX_DEPTH: usize = 40;

/// What a kernel's makefiles hand to those of a module.
const OF_THE_KERNEL: [&str; 28] = [
    "KERNELRELEASE",
    "KERNELVERSION",
    "VERSION",
    "PATCHLEVEL",
    "SUBLEVEL",
    "ARCH",
    "SRCARCH",
    "UTS_MACHINE",
    "BITS",
    "srctree",
    "objtree",
    "CC",
    "LD",
    "AR",
    "CPP",
    "NM",
    "STRIP",
    "OBJCOPY",
    "OBJDUMP",
    "HOSTCC",
    "CONFIG_SHELL",
    "SHELL",
    "AWK",
    "LINUXINCLUDE",
    "KBUILD_CFLAGS",
    "KBUILD_CPPFLAGS",
    "KBUILD_MODNAME",
    "CURDIR",
];

impl Make<'_, '_> {
    /// Expands all references in a text.
    pub(super) fn expand(&mut self, text: &str) -> Value {
        self.depth += 1;
        let value = if self.depth > MAX_DEPTH || !self.world.spend(text.len() / 16) {
            self.world.opaque("references within references without end").into()
        } else {
            self.expand_within(text)
        };
        self.depth -= 1;
        self.world.bounded(value)
    }

    fn expand_within(&mut self, text: &str) -> Value {
        let mut value = Value::default();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            value.push(&Guard::default(), &rest[..at]);
            let after = &rest[at + 1..];
            let (reference, length) = reference(after);
            rest = &after[length..];
            match reference {
                Reference::Dollar => value.push(&Guard::default(), "$"),
                Reference::Short(name) => value.append(&Guard::default(), &self.variable(name)),
                Reference::Long(inner) => {
                    let inner = self.long(inner);
                    value.append(&Guard::default(), &inner);
                }
            }
            if !self.world.spend(1) {
                break;
            }
        }
        value.push(&Guard::default(), rest);
        value
    }

    /// What stands in parentheses: a function, or a name, perhaps with a substitution.
    fn long(&mut self, inner: &str) -> Value {
        let (word, arguments) = inner.split_once([' ', '\t']).unwrap_or((inner, ""));
        if super::function::is_known(word) && word.len() < inner.len() {
            return self.function(word, arguments.trim_start());
        }
        let (name, substitution) = match lines::outside(inner, |c| c == ':') {
            Some(at) if inner[at..].contains('=') => (&inner[..at], inner[at + 1..].split_once('=')),
            _ => (inner, None),
        };
        let value = self.named(name);
        let Some((from, to)) = substitution else { return value };
        let whole = |part: &str| if from.contains('%') { part.to_owned() } else { format!("%{part}") };
        let (from, to) = (self.expand(&whole(from)), self.expand(&whole(to)));
        self.patsubst(&from, &to, &value)
    }

    /// The variable of a name that may hold references itself.
    fn named(&mut self, name: &str) -> Value {
        if !name.contains('$') {
            return self.variable(name.trim());
        }
        let name = self.expand(name);
        let Some(readings) = name.readings() else {
            return self.world.opaque(&name.shown()).into();
        };
        let mut value = Value::default();
        for (guard, name) in readings {
            let part = self.variable(name.trim());
            value.append(&guard, &part);
        }
        value
    }

    /// The value of a variable.
    pub(super) fn variable(&mut self, name: &str) -> Value {
        self.world.used.insert(name.to_owned());
        if let Some(variable) = self.variables.get(name).cloned() {
            let mut value = Value::default();
            for part in variable.parts {
                let expanded = if part.is_raw { self.expand(&part.text) } else { part.text.into() };
                value.append(&part.guard, &expanded);
            }
            self.world.spend(value.len() / 32);
            return self.world.bounded(value);
        }
        if let Some(value) = self.provided(name) {
            return value;
        }
        self.world.asked.insert(name.to_owned());
        let mut value = Value::default();
        if self.mode == Mode::Kbuild && name.starts_with("CONFIG_") {
            for letter in ['y', 'm'] {
                let guard = self.world.atoms.config(name, letter);
                value.push(&guard, &letter.to_string());
            }
        }
        value
    }

    /// What is set without the source's doing.
    pub(super) fn provided(&mut self, name: &str) -> Option<Value> {
        let here = absolute(&self.folder);
        let known = match (name, self.mode) {
            ("PWD" | "M" | "KBUILD_EXTMOD", Mode::Kbuild) => ROOT.to_string(),
            ("src" | "obj", Mode::Kbuild) | ("CURDIR" | "PWD", Mode::Plain) => here,
            ("MAKE", _) => "make".to_owned(),
            ("MAKEFILE_LIST", _) => format!("{ROOT}/{}", self.place.file),
            ("@", _) => self.target.clone().unwrap_or_default().0,
            ("@F", _) => self.target.clone().unwrap_or_default().0.rsplit('/').next().unwrap_or_default().to_owned(),
            ("@D", _) => match self.target.clone().unwrap_or_default().0.rsplit_once('/') {
                Some((folder, _)) => folder.to_owned(),
                None => ".".to_owned(),
            },
            ("*", _) => self.target.clone().unwrap_or_default().1,
            ("<" | "^" | "+" | "?" | "|" | "%", _) => self.world.opaque(&format!("${name}")),
            ("CC" | "LD" | "AR" | "SHELL" | "HOME" | "USER", Mode::Plain) => self.world.solid(name),
            ("MAKECMDGOALS" | "MAKEFLAGS" | "MFLAGS", _) => self.world.opaque(name),
            (name, Mode::Kbuild) if OF_THE_KERNEL.contains(&name) => self.world.solid(name),
            _ => return None,
        };
        Some(known.into())
    }

    /// When two texts are equal; `text` is the condition as written.
    pub(super) fn equal(&mut self, left: &Value, right: &Value, text: &str) -> Guard {
        let (Some(left), Some(right)) = (left.readings(), right.readings()) else {
            return self.world.atoms.unknown(text);
        };
        let (mut same, mut differ) = (Vec::new(), Vec::new());
        for (one, left) in &left {
            for (other, right) in &right {
                let guard = one.and(other);
                if guard.is_never() {
                    continue;
                }
                match are_equal(left, right) {
                    Some(true) => same.push(guard),
                    Some(false) => differ.push(guard),
                    None => return self.world.atoms.unknown(text),
                }
            }
        }
        self.either(&same, &differ, text)
    }

    /// The guard of one of two complementary lists, as far as there is one.
    pub(super) fn either(&mut self, yes: &[Guard], no: &[Guard], text: &str) -> Guard {
        match (yes, no) {
            ([], _) => Guard::never(),
            (_, []) => Guard::default(),
            ([only], _) if only.not().is_some() => only.clone(),
            (_, [only]) => only.not().unwrap_or_else(|| self.world.atoms.unknown(text)),
            _ => self.world.atoms.unknown(text),
        }
    }

    /// When a text is not empty.
    pub(super) fn filled(&mut self, value: &Value, text: &str) -> Guard {
        let Some(readings) = value.readings() else { return self.world.atoms.unknown(text) };
        let (mut yes, mut no) = (Vec::new(), Vec::new());
        for (guard, text) in &readings {
            match (is_solid(text), text.is_empty()) {
                (true, _) => yes.push(guard.clone()),
                (false, true) => no.push(guard.clone()),
                (false, false) => return self.world.atoms.unknown(&self.world.shown(text)),
            }
        }
        self.either(&yes, &no, text)
    }
}

/// Whether two texts are equal; None when that depends on what is not known.
fn are_equal(left: &str, right: &str) -> Option<bool> {
    if left == right {
        return Some(true);
    }
    if !is_opaque(left) && !is_opaque(right) {
        return Some(false);
    }
    let one_is_empty = left.is_empty() || right.is_empty();
    (one_is_empty && (is_solid(left) || is_solid(right))).then_some(false)
}

enum Reference<'a> {
    /// `$$`
    Dollar,
    /// `$x`
    Short(&'a str),
    /// `$(…)` or `${…}`: what is inside.
    Long(&'a str),
}

/// Reads what follows a dollar sign, and how long it is. A parenthesis that is not closed ends with the text.
fn reference(text: &str) -> (Reference<'_>, usize) {
    let Some(first) = text.chars().next() else { return (Reference::Dollar, 0) };
    let close = match first {
        '$' => return (Reference::Dollar, 1),
        '(' => ')',
        '{' => '}',
        other => return (Reference::Short(&text[..other.len_utf8()]), other.len_utf8()),
    };
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        if c == first {
            depth += 1;
        } else if c == close {
            depth -= 1;
            if depth == 0 {
                return (Reference::Long(&text[1..at]), at + 1);
            }
        }
    }
    (Reference::Long(&text[1..]), text.len())
}
