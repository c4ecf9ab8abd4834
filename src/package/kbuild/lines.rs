//! Makefiles as logical lines: continuations joined, comments gone, each told from the others by its form.
//!
//! Source of the forms: the manual of GNU make, "How Makefiles Are Parsed".

/// A line after its continuations are joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// The number of its first part, from 1.
    pub(super) number: usize,
    /// The text, without comment and outer blanks.
    pub(super) text: String,
    /// The text as it is in a recipe: with what looks like a comment.
    pub(super) whole: String,
    /// Whether it begins with a tab, and is a recipe's if a rule is open.
    pub(super) tab: bool,
}

pub(super) fn split(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut numbered = text.lines().enumerate();
    while let Some((at, first)) = numbered.next() {
        let mut whole = first.trim_end_matches('\r').to_owned();
        while continues(&whole) {
            whole.pop();
            let Some((_, next)) = numbered.next() else { break };
            whole.truncate(whole.trim_end().len());
            whole.push(' ');
            whole.push_str(next.trim_end_matches('\r').trim_start());
        }
        let tab = whole.starts_with('\t');
        let text = uncommented(&whole).trim().to_owned();
        lines.push(Line { number: at + 1, text, whole: whole.trim().to_owned(), tab });
    }
    lines
}

/// An odd number of backslashes at the end.
fn continues(line: &str) -> bool {
    line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// The text before a `#`; `\#` is one that stays.
fn uncommented(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.peek() == Some(&'#') => text.extend(chars.next()),
            '#' => break,
            c => text.push(c),
        }
    }
    text
}

/// How a variable is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// `=`: expanded when used.
    Recursive,
    /// `:=`, `::=`, `:::=`: expanded now.
    Simple,
    /// `?=`
    Default,
    /// `+=`
    Append,
    /// `!=`: what a command prints.
    Shell,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assignment<'a> {
    pub(super) name: &'a str,
    pub(super) operator: Operator,
    pub(super) value: &'a str,
    pub(super) exported: bool,
}

/// A rule before its colon, after it, and a recipe on the same line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule<'a> {
    pub(super) targets: &'a str,
    pub(super) prerequisites: &'a str,
    pub(super) recipe: Option<&'a str>,
}

/// Reads `[export|override|private] NAME OP VALUE`.
pub(super) fn assignment(text: &str) -> Option<Assignment<'_>> {
    let (mut rest, mut exported) = (text, false);
    while let Some((word, after)) = rest.split_once([' ', '\t']) {
        // `export = x` sets a variable of that name.
        let is_modifier =
            ["export", "override", "private"].contains(&word) && !after.trim_start().starts_with(['=', ':', '?', '+']);
        if !is_modifier {
            break;
        }
        exported |= word == "export";
        rest = after.trim_start();
    }
    let (at, length, operator) = operator(rest)?;
    let name = rest[..at].trim();
    // A name with blanks in it is a rule's, as in `target: VAR = x`.
    let plain = !name.is_empty() && outside(name, char::is_whitespace).is_none();
    plain.then(|| Assignment { name, operator, value: rest[at + length..].trim_start(), exported })
}

/// The first assignment operator outside of references: where, how long, which. A colon before it makes it a rule's.
fn operator(text: &str) -> Option<(usize, usize, Operator)> {
    let forms = [
        (":::=", Operator::Simple),
        ("::=", Operator::Simple),
        (":=", Operator::Simple),
        ("?=", Operator::Default),
        ("+=", Operator::Append),
        ("!=", Operator::Shell),
        ("=", Operator::Recursive),
    ];
    let mut from = 0;
    while let Some(at) = outside(&text[from..], |c| matches!(c, '=' | ':' | '?' | '+' | '!')) {
        let rest = &text[from + at..];
        if let Some((form, operator)) = forms.into_iter().find(|(form, _)| rest.starts_with(form)) {
            return Some((from + at, form.len(), operator));
        }
        if rest.starts_with(':') {
            return None;
        }
        // One of these characters in a name, as in `lib++-y`.
        from += at + 1;
    }
    None
}

/// Reads `TARGETS : PREREQUISITES [; RECIPE]`; a target's own variable is a rule without recipe.
pub(super) fn rule(text: &str) -> Option<Rule<'_>> {
    let at = outside(text, |c| c == ':')?;
    let rest = &text[at + 1..];
    let end = outside(rest, |c| c == ';');
    let recipe = end.map(|at| rest[at + 1..].trim());
    let prerequisites = rest[..end.unwrap_or(rest.len())].trim_start_matches(':').trim();
    Some(Rule { targets: text[..at].trim(), prerequisites, recipe })
}

/// The place of the first such character outside of `$(…)` and `${…}`.
pub(super) fn outside(text: &str, is_wanted: impl Fn(char) -> bool) -> Option<usize> {
    let mut depth = 0_usize;
    let mut previous = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '(' | '{' if depth > 0 || previous == '$' => depth += 1,
            ')' | '}' if depth > 0 => depth -= 1,
            c if depth == 0 && is_wanted(c) => return Some(at),
            _ => {}
        }
        previous = c;
    }
    None
}

/// A word and what follows it.
pub(super) fn keyword(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| c.is_whitespace() || c == '(' || c == '"' || c == '\'').unwrap_or(text.len());
    (&text[..end], text[end..].trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_joined_and_comments_end_them() {
        let lines = split("a := b \\\n\tc # d\n\tx # y\r\nz \\# \\\\\nlast \\");
        let shown: Vec<(usize, &str, bool)> =
            lines.iter().map(|line| (line.number, line.text.as_str(), line.tab)).collect();
        assert_eq!(shown, [(1, "a := b c", false), (3, "x", true), (4, "z # \\\\", false), (5, "last", false)]);
        assert_eq!(lines[1].whole, "x # y");
    }

    #[test]
    fn assignments_are_told_from_rules() {
        let of = |text: &'static str| assignment(text).map(|a| (a.name, a.operator, a.value, a.exported));
        let cases = [
            ("obj-m := a.o", Some(("obj-m", Operator::Simple, "a.o", false))),
            ("obj-m:=a.o", Some(("obj-m", Operator::Simple, "a.o", false))),
            ("obj-$(CONFIG_A) += a.o", Some(("obj-$(CONFIG_A)", Operator::Append, "a.o", false))),
            ("x-$(if $(A:b=c),y n)=1", Some(("x-$(if $(A:b=c),y n)", Operator::Recursive, "1", false))),
            ("export  A ?= 1", Some(("A", Operator::Default, "1", true))),
            ("override private A ::= 1", Some(("A", Operator::Simple, "1", false))),
            ("A != date", Some(("A", Operator::Shell, "date", false))),
            ("A+B += x", Some(("A+B", Operator::Append, "x", false))),
            ("export = 1", Some(("export", Operator::Recursive, "1", false))),
            ("all: a b", None),
            ("all: A = 1", None),
            ("$(A): b", None),
            ("= 1", None),
            ("nothing", None),
        ];
        for (text, expected) in cases {
            assert_eq!(of(text), expected, "{text}");
        }
        assert_eq!(rule("a b: c ; d"), Some(Rule { targets: "a b", prerequisites: "c", recipe: Some("d") }));
        assert_eq!(rule("$(A:x=y)"), None);
    }
}
