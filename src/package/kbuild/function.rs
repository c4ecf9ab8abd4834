//! The functions of make that need no command, no other file and no second reading.
//!
//! Source: the manual of GNU make, "Functions for Transforming Text".

use super::guard::Guard;
use super::makefile::{Make, Mode, Part, Variable};
use super::value::Value;
use super::world::{below, is_opaque, is_wholly_opaque};

/// Ways in which arguments may read together.
const MAX_READINGS: usize = 64;
/// Words that a loop goes through.
const MAX_WORDS: usize = 1000;

/// Depth of references within which text is still made into rules.
const MAX_EVAL: usize = 12;

const NAMES: [&str; 37] = [
    "subst",
    "patsubst",
    "strip",
    "findstring",
    "filter",
    "filter-out",
    "sort",
    "word",
    "wordlist",
    "words",
    "firstword",
    "lastword",
    "dir",
    "notdir",
    "suffix",
    "basename",
    "addsuffix",
    "addprefix",
    "join",
    "wildcard",
    "realpath",
    "abspath",
    "if",
    "or",
    "and",
    "foreach",
    "call",
    "eval",
    "shell",
    "error",
    "warning",
    "info",
    "value",
    "origin",
    "flavor",
    "file",
    "let",
];

/// Whether this is the name of a function.
pub(super) fn is_known(name: &str) -> bool {
    NAMES.contains(&name)
}

impl Make<'_, '_> {
    /// `$(NAME ARGUMENTS)`
    pub(super) fn function(&mut self, name: &str, arguments: &str) -> Value {
        let parts = split(arguments, arity(name));
        let at = |index: usize| parts.get(index).copied().unwrap_or_default();
        match name {
            "if" | "or" | "and" => return self.choice(name, &parts),
            "foreach" => return self.foreach(at(0), at(1), at(2)),
            "call" => return self.call(&parts),
            "shell" => return self.shell(at(0)),
            "error" => return self.error(at(0)),
            "eval" | "value" | "origin" | "flavor" | "file" | "let" => return self.beyond(name, arguments),
            "warning" | "info" => return Value::default(),
            _ => {}
        }
        let values: Vec<Value> = parts.iter().map(|part| self.expand(part)).collect();
        let value = |index: usize| values.get(index).cloned().unwrap_or_default();
        match name {
            "patsubst" => self.patsubst(&value(0), &value(1), &value(2)),
            "filter" | "filter-out" => {
                let wanted = name == "filter";
                self.mapped(&[value(0)], &value(1), &|head, word| {
                    let matches = head[0].split_whitespace().any(|pattern| stem(pattern, word).is_some());
                    (is_opaque(word) || matches == wanted).then(|| word.to_owned())
                })
            }
            "addprefix" => self.mapped(&[value(0)], &value(1), &|head, word| Some(format!("{}{word}", head[0]))),
            "addsuffix" => self.mapped(&[value(0)], &value(1), &|head, word| Some(format!("{word}{}", head[0]))),
            "wildcard" => self.wildcard(&value(0)),
            "dir" | "notdir" | "suffix" | "basename" | "sort" | "strip" | "abspath" | "realpath" => {
                let folder = self.folder.clone();
                self.mapped(&[], &value(0), &|_, word| of_word(name, word, &folder))
            }
            _ => self.lifted(&values, &|texts| whole(name, texts)),
        }
    }

    /// A function of texts, for every way to read them.
    fn lifted(&mut self, values: &[Value], function: &dyn Fn(&[&str]) -> Option<String>) -> Value {
        let Some(combinations) = combinations(values) else {
            return self.world.opaque("a text with too many conditions").into();
        };
        let mut result = Value::default();
        for (guard, texts) in combinations {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            self.world.spend(texts.iter().map(|text| text.len()).sum::<usize>() / 16);
            let text = function(&texts).unwrap_or_else(|| {
                let shown = texts.iter().map(|text| self.world.shown(text)).collect::<Vec<_>>().join(",");
                self.world.opaque(&shown)
            });
            result.push(&guard, &text);
        }
        result
    }

    /// A function of each word of a list, for every way to read the arguments before it.
    fn mapped(&mut self, head: &[Value], list: &Value, function: &dyn Fn(&[&str], &str) -> Option<String>) -> Value {
        let Some(heads) = combinations(head) else {
            return self.world.opaque("a text with too many conditions").into();
        };
        let mut words = Vec::new();
        for (guard, texts) in heads {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            for (of_word, word) in list.words() {
                let guard = guard.and(&of_word);
                let made = function(&texts, &word).filter(|_| !guard.is_never() && self.world.spend(1));
                words.extend(made.filter(|word| !word.is_empty()).map(|word| (guard, word)));
            }
        }
        Value::of_words(&words)
    }

    /// `$(patsubst FROM,TO,LIST)`
    pub(super) fn patsubst(&mut self, from: &Value, to: &Value, list: &Value) -> Value {
        self.mapped(&[from.clone(), to.clone()], list, &|head, word| {
            Some(match stem(head[0].trim(), word) {
                Some(stem) => head[1].trim().replacen('%', stem, 1),
                None => word.to_owned(),
            })
        })
    }

    fn choice(&mut self, name: &str, parts: &[&str]) -> Value {
        let mut result = Value::default();
        // What is left to be decided, and for `and` the last part's value.
        let mut open = Guard::default();
        if name == "if" {
            let condition = self.expand(parts.first().copied().unwrap_or_default().trim());
            let yes = self.filled(&condition, parts.first().copied().unwrap_or_default());
            let no = yes.not().unwrap_or_default();
            for (guard, part) in [(yes, parts.get(1)), (no, parts.get(2))] {
                if let Some(part) = part.filter(|_| !guard.is_never()) {
                    let value = self.expand(part);
                    result.append(&guard, &value);
                }
            }
            return result;
        }
        for part in parts {
            let value = self.expand(part.trim());
            let filled = self.filled(&value, part);
            if name == "or" {
                result.append(&open.and(&filled), &value);
                open = open.and(&filled.not().unwrap_or_default());
            } else {
                result = value;
                open = open.and(&filled);
            }
        }
        if name == "and" {
            let last = std::mem::take(&mut result);
            result.append(&open, &last);
        }
        result
    }

    fn foreach(&mut self, name: &str, list: &str, text: &str) -> Value {
        let (name, list) = (self.expand(name.trim()).shown(), self.expand(list));
        let before = self.variables.get(&name).cloned();
        let mut result = Value::default();
        for (guard, word) in list.words().into_iter().take(MAX_WORDS) {
            if !self.world.spend(text.len() / 16) {
                break;
            }
            self.variables.insert(name.clone(), Variable::plain(&word));
            let value = self.expand(text);
            result.append(&guard, &value);
            result.push(&guard, " ");
            result = self.world.bounded(result);
        }
        match before {
            Some(before) => self.variables.insert(name, before),
            None => self.variables.remove(&name),
        };
        result
    }

    /// `$(call NAME,…)`: the variable's text with `$(1)` and so on.
    fn call(&mut self, parts: &[&str]) -> Value {
        let arguments: Vec<Value> = parts.iter().map(|part| self.expand(part)).collect();
        let name = arguments.first().map(Value::shown).unwrap_or_default().trim().to_owned();
        let Some(body) = self.variables.get(&name).cloned() else {
            // cc-option and its kin are the kernel's.
            return self.world.opaque(&format!("what {name} of the kernel gives")).into();
        };
        let mut before = Vec::new();
        for (index, value) in arguments.into_iter().enumerate() {
            let parts = value.0.into_iter().map(|s| Part { guard: s.guard, text: s.text, is_raw: false }).collect();
            let variable = Variable { parts, place: self.place.clone(), is_simple: true };
            before.push((index.to_string(), self.variables.insert(index.to_string(), variable)));
        }
        let mut result = Value::default();
        for part in &body.parts {
            let value = if part.is_raw { self.expand(&part.text) } else { part.text.as_str().into() };
            result.append(&part.guard, &value);
        }
        for (name, variable) in before {
            match variable {
                Some(variable) => self.variables.insert(name, variable),
                None => self.variables.remove(&name),
            };
        }
        result
    }

    /// The one command whose output is known is pwd, where make runs in the source.
    fn shell(&mut self, command: &str) -> Value {
        match (command.trim(), self.mode) {
            ("pwd" | "/bin/pwd" | "pwd -P" | "echo $$PWD", Mode::Plain) => self.variable("CURDIR"),
            // So it is from kernel 6.13 on; before, whoever calls make must say it.
            ("pwd" | "/bin/pwd" | "pwd -P" | "echo $$PWD", Mode::Kbuild) => super::world::ROOT.to_string().into(),
            ("uname -r", _) => self.world.solid(super::world::RUNNING).into(),
            (command, _) => self.world.opaque(&format!("$(shell {command})")).into(),
        }
    }

    fn error(&mut self, text: &str) -> Value {
        let text = self.expand(text);
        let text = self.world.shown(&text.shown());
        let (guard, place) = (self.guard(), self.place.clone());
        self.world.errors.push((guard, text, place));
        Value::default()
    }

    fn beyond(&mut self, name: &str, arguments: &str) -> Value {
        let place = self.place.clone();
        if name == "eval" {
            let text = self.expand(arguments);
            match text.plain().filter(|text| self.world.spend(text.len())) {
                Some(text) if !is_opaque(text) && self.depth < MAX_EVAL => {
                    let text = text.to_owned();
                    self.evaluate(&text);
                }
                _ => {
                    let sentence = format!("makes text into rules while it is read: $(eval {arguments})");
                    self.world.lose(&place, sentence);
                }
            }
            return Value::default();
        }
        self.world.opaque(&format!("$({name} {arguments})")).into()
    }

    fn wildcard(&mut self, patterns: &Value) -> Value {
        let mut words = Vec::new();
        for (guard, pattern) in patterns.words() {
            if is_opaque(&pattern) && below(&pattern, &self.folder).is_none() {
                // A file of the kernel, mostly.
                words.push((guard, self.world.opaque(&format!("$(wildcard {pattern})"))));
                continue;
            }
            let Some(wanted) = below(&pattern, &self.folder) else { continue };
            let shown = &pattern[..pattern.len() - wanted.len().min(pattern.len())];
            let prefix = if pattern.ends_with(&wanted) { shown.to_owned() } else { String::new() };
            for file in self.world.files.keys() {
                if !self.world.spend(file.len() / 16) {
                    break;
                }
                if glob(&wanted, file) {
                    let own = file.strip_prefix(&format!("{}/", self.folder)).unwrap_or(file);
                    let path = if prefix.is_empty() { own.to_owned() } else { format!("{prefix}{file}") };
                    words.push((guard.clone(), path));
                }
            }
        }
        words.truncate(MAX_WORDS);
        Value::of_words(&words)
    }
}

/// The most arguments that commas part; in the last one they are text.
fn arity(name: &str) -> usize {
    match name {
        "subst" | "patsubst" | "wordlist" | "foreach" | "if" => 3,
        "findstring" | "filter" | "filter-out" | "word" | "addsuffix" | "addprefix" | "join" => 2,
        "or" | "and" | "call" => usize::MAX,
        _ => 1,
    }
}

/// Splits arguments at commas outside of references and parentheses.
fn split(text: &str, most: usize) -> Vec<&str> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0_usize, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' | '{' => depth += 1,
            ')' | '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 && parts.len() + 1 < most => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

/// Every way to read several values together; None when there are too many.
fn combinations(values: &[Value]) -> Option<Vec<(Guard, Vec<String>)>> {
    let mut all = vec![(Guard::default(), Vec::new())];
    for value in values {
        let readings = value.readings()?;
        if all.len() * readings.len() > MAX_READINGS {
            return None;
        }
        all = all
            .iter()
            .flat_map(|(guard, texts): &(Guard, Vec<String>)| {
                readings.iter().map(move |(of, text)| {
                    let mut texts = texts.clone();
                    texts.push(text.clone());
                    (guard.and(of), texts)
                })
            })
            .filter(|(guard, _)| !guard.is_never())
            .collect();
    }
    Some(all)
}

/// What `%` of a pattern stands for; a pattern without one matches only itself.
fn stem<'t>(pattern: &str, word: &'t str) -> Option<&'t str> {
    match pattern.split_once('%') {
        Some((before, after)) => word.strip_prefix(before)?.strip_suffix(after),
        None => (pattern == word).then_some(""),
    }
}

fn of_word(name: &str, word: &str, folder: &str) -> Option<String> {
    let (dir, file) = word.rfind('/').map_or(("./", word), |at| word.split_at(at + 1));
    let dot = file.rfind('.').map(|at| word.len() - file.len() + at);
    Some(match name {
        "dir" => dir.to_owned(),
        "notdir" => file.to_owned(),
        "suffix" => word[dot?..].to_owned(),
        "basename" => word[..dot.unwrap_or(word.len())].to_owned(),
        "abspath" | "realpath" => {
            below(word, folder).map_or_else(|| word.to_owned(), |path| super::world::absolute(&path))
        }
        _ => word.to_owned(),
    })
}

/// Functions of whole texts; None when what is not known keeps the outcome from being known.
fn whole(name: &str, texts: &[&str]) -> Option<String> {
    let text = |index: usize| texts.get(index).copied().unwrap_or_default();
    let words = |index: usize| text(index).split_whitespace();
    let number = |index: usize| text(index).trim().parse::<usize>().ok();
    if name == "subst" {
        let (from, to, within) = (text(0), text(1), text(2));
        // Each replacement makes it longer: what comes out is bounded by what goes in.
        let fits = within.len().saturating_mul(to.len().max(1)) <= 1 << 20;
        // Of a text of which nothing is known, nothing is known afterwards: it is another one.
        let is_known = from.is_empty() || within.trim().is_empty() || !is_wholly_opaque(within.trim());
        return (fits && is_known).then(|| if from.is_empty() { within.to_owned() } else { within.replace(from, to) });
    }
    if texts.iter().any(|text| is_opaque(text)) {
        return None;
    }
    Some(match name {
        "findstring" => if text(1).contains(text(0)) { text(0) } else { "" }.to_owned(),
        "word" => words(1).nth(number(0)?.checked_sub(1)?).unwrap_or_default().to_owned(),
        "wordlist" => {
            let (from, to) = (number(0)?.checked_sub(1)?, number(1)?);
            words(2).take(to).skip(from).collect::<Vec<_>>().join(" ")
        }
        "words" => words(0).count().to_string(),
        "firstword" => words(0).next().unwrap_or_default().to_owned(),
        "lastword" => words(0).last().unwrap_or_default().to_owned(),
        "join" => {
            let (mut one, mut other) = (words(0), words(1));
            let mut joined = Vec::new();
            loop {
                match (one.next(), other.next()) {
                    (None, None) => break joined.join(" "),
                    (a, b) => joined.push(format!("{}{}", a.unwrap_or_default(), b.unwrap_or_default())),
                }
            }
        }
        _ => return None,
    })
}

/// Whether a path matches a pattern with `*`, `?` and `[…]`, none of which matches a slash.
fn glob(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len() && pattern.iter().zip(path).all(|(pattern, name)| glob_name(pattern, name))
}

fn glob_name(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        let step = match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
                continue;
            }
            Some('?') => Some(1),
            Some('[') => one_of(&pattern[p..], name[n]),
            Some(c) => (*c == name[n]).then_some(1),
            None => None,
        };
        match (step, star) {
            (Some(length), _) => (p, n) = (p + length, n + 1),
            (None, Some((at, from))) => {
                star = Some((at, from + 1));
                (p, n) = (at + 1, from + 1);
            }
            (None, None) => return false,
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// The length of a `[…]` that holds this character.
fn one_of(pattern: &[char], c: char) -> Option<usize> {
    let close = pattern.iter().skip(2).position(|c| *c == ']')? + 2;
    let inside = &pattern[1..close];
    let (negated, inside) = match inside.first() {
        Some('!' | '^') => (true, &inside[1..]),
        _ => (false, inside),
    };
    let ranged = inside.windows(3).any(|range| range[1] == '-' && range[0] <= c && c <= range[2]);
    ((ranged || inside.contains(&c)) != negated).then_some(close + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_names_as_a_shell_matches_them() {
        let cases = [
            ("*.c", "a.c", true),
            ("*.c", "sub/a.c", false),
            ("sub/*.c", "sub/a.c", true),
            ("a?[0-9].[!c]", "ab7.o", true),
            ("a?[0-9].[!c]", "ab7.c", false),
            ("*a*b*c", "xxaxxbxxc", true),
            ("*a*b*c", "xxaxxbxx", false),
            ("[", "[", false),
        ];
        for (pattern, path, expected) in cases {
            assert_eq!(glob(pattern, path), expected, "{pattern} {path}");
        }
    }
}
