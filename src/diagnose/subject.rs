//! What the compiler or modpost misses, read from the line that says it.

use std::sync::LazyLock;

use regex::Regex;

use super::line::Teller;
use super::{Case, compiled};

/// What the compiler misses, or finds otherwise than the source has it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Name(String),
    Header(String),
    /// Structure and member.
    Member(String, String),
    Arguments(String),
    /// A member that may only be read.
    ReadOnly(String),
    /// Types that do not fit.
    Types,
    /// A pointer to what may only be read, given where it would be written.
    Constness,
    /// The value of a function that gives none.
    Void,
    /// A variable or member of a type of which no more than the name is known.
    Incomplete(String),
    /// A word of C23 that the source gives another meaning.
    Keyword(String),
    /// The module's own, while the kernel has one.
    Twice(String),
    /// A warning that is taken for an error.
    Warning(String),
    /// The source cannot be read here, for which a word of the line may be the cause.
    Syntax,
    /// Something else that is wrong in the source.
    Other,
    Undefined(String),
}

struct Pattern {
    regex: LazyLock<Regex>,
    subject: fn(&[&str]) -> Subject,
}

macro_rules! pattern {
    ($regex:literal, $subject:expr) => {
        Pattern { regex: LazyLock::new(|| compiled($regex)), subject: $subject }
    };
}

fn word(words: &[&str]) -> String {
    words.first().copied().unwrap_or_default().to_owned()
}

static PATTERNS: [Pattern; 21] = [
    pattern!(r"implicit declaration of function '(\w+)'|call to undeclared (?:library )?function '(\w+)'", |w| {
        Subject::Name(word(w))
    }),
    pattern!(r"unknown type name '(\w+)'|use of undeclared identifier '(\w+)'|'(\w+)' undeclared", |w| Subject::Name(
        word(w)
    )),
    pattern!(r"fatal error: ([^:]+): No such file|fatal error: '([^']+)' file not found", |w| Subject::Header(word(w))),
    pattern!(r"'(?:const )?(?:struct |union )?(\w+)'(?: \{aka [^}]*\})? has no member named '(\w+)'", |w| {
        Subject::Member(word(w), w.get(1).copied().unwrap_or_default().to_owned())
    }),
    pattern!(r"no member named '(\w+)' in '(?:const )?(?:struct |union )?(\w+)'", |w| {
        Subject::Member(w.get(1).copied().unwrap_or_default().to_owned(), word(w))
    }),
    pattern!(
        r"field designator '(\w+)' does not refer to any field in type '(?:const )?(?:struct |union )?(\w+)'",
        |w| { Subject::Member(w.get(1).copied().unwrap_or_default().to_owned(), word(w)) }
    ),
    pattern!(r"unknown field '(\w+)' specified in initializer", |w| Subject::Member(String::new(), word(w))),
    pattern!(r"request for member '(\w+)' in something not a structure", |w| Subject::Member(
        "ktime_t".into(),
        word(w)
    )),
    pattern!(r"'(bool)' cannot be defined via 'typedef'|cannot use keyword '(\w+)' as enumeration constant", |w| {
        Subject::Keyword(word(w))
    }),
    pattern!(r"discards '?(?:const|volatile)?'? ?qualifiers?", |_| Subject::Constness),
    pattern!(
        r"void value not ignored|from incompatible type 'void'|with an expression of incompatible type 'void'|invalid use of void expression",
        |_| Subject::Void
    ),
    pattern!(r"too (?:few|many) arguments to function call|parameter of incompatible type", |_| Subject::Arguments(
        String::new()
    )),
    pattern!(
        r#"too (?:few|many) arguments to function '(\w+)'|macro ['"](\w+)['"] (?:passed|requires)|passing argument \d+ of '(?:[^']*(?:->|\.))?(\w+)'"#,
        |w| { Subject::Arguments(word(w)) }
    ),
    pattern!(
        r"assignment of read-only (?:member|location) '[^']*?(\w+)(?:\[[^\]]*\])?'|cannot assign to .*member '(\w+)'",
        |w| { Subject::ReadOnly(word(w)) }
    ),
    pattern!(r"(?:storage size of|field) '(\w+)' (?:isn't known|has incomplete type)", |w| Subject::Incomplete(word(
        w
    ))),
    pattern!(r"variable has incomplete type '(?:struct |union )?(\w+)'", |w| Subject::Name(word(w))),
    pattern!(
        r"(?:invalid use of undefined type|dereferencing pointer to incomplete type|incomplete type|incomplete definition of type) '(?:const )?(struct \w+)'",
        |w| { Subject::Name(word(w)) }
    ),
    pattern!(
        r"(?:conflicting types for|redefinition of(?: typedef)?|static declaration of|redeclared as|redeclaration of(?: enumerator)?) '(?:struct |enum |union )?(\w+)'",
        |w| { Subject::Twice(word(w)) }
    ),
    pattern!(
        r"[Ii]ncompatible[- ](?:function )?pointer|from incompatible pointer type|incompatible types when",
        |_| Subject::Types
    ),
    pattern!(r"\[-Werror[=,](?:-W)?([\w+-]+)=?(?:\d+)?\]$", |w| Subject::Warning(word(w))),
    pattern!(r"error: expected |error: pasting|does not name a type|type defaults to 'int'", |_| Subject::Syntax),
];

static UNDEFINED: LazyLock<Regex> = LazyLock::new(|| compiled(r#"^"?([\w.]+)"? \[.*\] undefined!"#));

pub(super) fn subject(case: &Case<'_>) -> Option<Subject> {
    let told = case.fatal.told.as_ref()?;
    if told.teller == Teller::Modpost {
        let found = UNDEFINED.captures(&told.text)?;
        return Some(Subject::Undefined(found.get(1)?.as_str().to_owned()));
    }
    if told.teller != Teller::Compiler {
        return None;
    }
    let found = PATTERNS.iter().find_map(|pattern| {
        let found = pattern.regex.captures(&case.fatal.line)?;
        let words: Vec<&str> = found.iter().skip(1).flatten().map(|word| word.as_str()).collect();
        Some((pattern.subject)(&words))
    });
    Some(match found {
        Some(Subject::Arguments(name)) if name.is_empty() => called(case).map_or(Subject::Other, Subject::Arguments),
        found => found.unwrap_or(Subject::Other),
    })
}

/// clang names the function in the note below: `include/linux/x.h:3:5: note: 'f' declared here`.
fn called(case: &Case<'_>) -> Option<String> {
    static DECLARED: LazyLock<Regex> = LazyLock::new(|| compiled(r": note: '(\w+)' declared here"));
    let found = case.fatal.context.iter().find_map(|line| DECLARED.captures(line))?;
    Some(found.get(1)?.as_str().to_owned())
}

/// A complaint of clang about the type of a function in the words of gcc, in which the table of changes has them.
pub(super) fn in_words_of_gcc(line: &str) -> String {
    static TYPES: LazyLock<Regex> = LazyLock::new(|| {
        compiled(
            r"incompatible function pointer types (?:initializing|assigning to) '([^']*)'(?: \(aka '[^']*'\))? (?:with an expression of type|from) '([^'(]*?) ?(?:\(\*\))?(\([^']*\))'",
        )
    });
    TYPES.replace(line, "initialization of '$1' from incompatible pointer type '$2 (*)$3'").into_owned()
}

/// The member of a structure that is filled here: `note: (near initialization for 'ops.open')`, or `.open = f` in the source.
pub(super) fn filled_member(case: &Case<'_>) -> Option<String> {
    static NEAR: LazyLock<Regex> =
        LazyLock::new(|| compiled(r"\(near initialization for '[^']*\.(\w+)'\)|\|\s*\.(\w+)\s*=|->(\w+)\s*=[^=]"));
    let found = case.fatal.context.iter().find_map(|line| NEAR.captures(line))?;
    Some(found.iter().skip(1).flatten().next()?.as_str().to_owned())
}
