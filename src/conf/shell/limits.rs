//! What is handed to the parser at all. Its grammar recurses and backtracks, so deep nesting costs stack and time
//! without bound; real files stay far below these limits, and what is above goes to bash or is refused.

/// Nested `if`, `for`, `while`, `case`, `{`. Counted without looking at quotes, so text counts too.
const MAX_NESTED_COMMANDS: usize = 64;
/// Nested `(`, `${`, backticks: each level may be parsed in several ways.
const MAX_NESTED_BRACKETS: usize = 8;
/// Nested `[` inside arithmetic: each level is parsed a dozen times.
const MAX_NESTED_INDICES: usize = 2;

/// `!` words on one line.
const MAX_NEGATIONS: usize = 16;
/// Numbers of more digits overflow in the parser where they mean a sequence, a descriptor or a folder.
const MAX_DIGITS: usize = 9;

/// Why a text should not be parsed, if so: the line, from 1, and what is there.
pub(super) fn refuse(text: &str) -> Option<(usize, String)> {
    let mut commands = 0_usize;
    for (at, line) in text.lines().enumerate() {
        let code = line.trim_start();
        if code.starts_with('#') {
            continue;
        }
        for word in code.split(|c: char| !c.is_ascii_alphanumeric() && c != '{' && c != '}') {
            commands = nested(commands, word);
            if commands > MAX_NESTED_COMMANDS {
                return Some((at + 1, "commands nested very deep".to_owned()));
            }
        }
        if code.split_whitespace().filter(|word| *word == "!").count() > MAX_NEGATIONS {
            return Some((at + 1, "a long row of `!`".to_owned()));
        }
        if has_long_number(code) {
            return Some((at + 1, "a very large number".to_owned()));
        }
    }
    if let Some(line) = too_many_conditions(text) {
        return Some((line, "a very long `[[ … ]]`".to_owned()));
    }
    if let Some(line) = blanks_inside_braces(text) {
        return Some((line, "blanks inside ${…}".to_owned()));
    }
    too_many_brackets(text).map(|line| (line, "brackets nested very deep".to_owned()))
}

fn nested(depth: usize, word: &str) -> usize {
    match word {
        "if" | "for" | "while" | "until" | "case" | "select" | "{" => depth + 1,
        "fi" | "done" | "esac" | "}" => depth.saturating_sub(1),
        _ => depth,
    }
}

/// The line, from 1, of a `[[ … ]]` with too many parts: each is a level of the parser's recursion.
fn too_many_conditions(text: &str) -> Option<usize> {
    let (mut open, mut parts) = (false, 0);
    for (at, line) in text.lines().enumerate() {
        open |= line.contains("[[");
        if !open {
            continue;
        }
        parts += line.matches("&&").count() + line.matches("||").count();
        if parts > MAX_NESTED_COMMANDS {
            return Some(at + 1);
        }
        if line.contains("]]") {
            (open, parts) = (false, 0);
        }
    }
    None
}

/// The line, from 1, on which brackets are nested too deep.
fn too_many_brackets(text: &str) -> Option<usize> {
    let mut line = 1;
    let (mut round, mut square) = (0_usize, 0_usize);
    let mut previous = ' ';
    for character in text.chars() {
        match character {
            '\n' => {
                line += 1;
                // Regular expressions hold lone brackets; real nesting stays within a line.
                square = 0;
            }
            '(' => round += 1,
            '{' if previous == '$' => round += 1,
            ')' | '}' => round = round.saturating_sub(1),
            '[' => square += 1,
            ']' => square = square.saturating_sub(1),
            _ => {}
        }
        if round > MAX_NESTED_BRACKETS || square > MAX_NESTED_BRACKETS {
            return Some(line);
        }
        previous = character;
    }
    None
}

/// The line, from 1, of a `${…}` with blanks that count: the tokenizer makes one of several, and takes `#` after one for
/// a comment.
fn blanks_inside_braces(text: &str) -> Option<usize> {
    let (mut line, mut depth) = (1, 0_usize);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let next = characters.peek();
        match character {
            '$' if next == Some(&'{') => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            '\n' if depth == 0 => line += 1,
            '\t' | '\n' if depth > 0 => return Some(line),
            ' ' if depth > 0 && matches!(next, Some(' ' | '\t' | '\n' | '#')) => return Some(line),
            _ => {}
        }
    }
    None
}

/// Whether arithmetic can be handed to the parser.
pub(super) fn is_simple_arithmetic(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut deepest = 0;
    let mut round = 0_usize;
    for character in text.chars() {
        match character {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            '(' | '?' | '!' | '~' => round += 1,
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest <= MAX_NESTED_INDICES && round <= 16 && text.len() <= 400
}

/// A number too long for the parser's `{a..b}`, `~+N` and `N>`.
fn has_long_number(line: &str) -> bool {
    let bytes = line.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            at += 1;
            continue;
        }
        let before = at.checked_sub(1).map(|at| bytes[at]);
        let after = bytes.get(at + digits);
        let risky = matches!(after, Some(b'<' | b'>')) || matches!(before, Some(b'.' | b'{' | b'~' | b'+' | b'-'));
        if digits > MAX_DIGITS && (risky && (digits > 18 || matches!(after, Some(b'<' | b'>')))) {
            return true;
        }
        at += digits;
    }
    false
}
