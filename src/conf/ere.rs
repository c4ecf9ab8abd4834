//! POSIX extended regular expressions, as bash's `=~` understands them (regex(7), GNU extensions), on the regex crate.

use regex::Regex;

/// Why an expression cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EreError {
    /// A bracket expression, group or interval is not closed, or an operator has nothing to repeat.
    #[error("`{expression}` is not a regular expression: {what}")]
    Malformed { expression: String, what: String },
    /// Back-references need another kind of matcher.
    #[error("`{expression}` holds the back-reference \\{digit}, which is not supported")]
    BackReference { expression: String, digit: char },
}

/// The classes that POSIX names.
const CLASSES: [&str; 12] =
    ["alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "xdigit"];

/// Compiles an extended regular expression. Matching is a search, not anchored.
pub(crate) fn compile(expression: &str) -> Result<Regex, EreError> {
    let translated = Translator::new(expression).run()?;
    Regex::new(&translated)
        .map_err(|error| EreError::Malformed { expression: expression.to_owned(), what: short(&error) })
}

/// Whether an extended regular expression is found in the text; one that is malformed never is, as in bash.
pub(crate) fn matches(expression: &str, text: &str) -> Result<bool, EreError> {
    compile(expression).map(|regex| regex.is_match(text))
}

fn short(error: &regex::Error) -> String {
    error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

struct Translator<'a> {
    expression: &'a str,
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    out: String,
    /// Where the last atom starts in `out`, if an operator may repeat it.
    atom: Option<usize>,
    /// Whether that atom carries a repetition already: the crate reads a second one as "lazy".
    repeated: bool,
    /// Where each open group starts in `out`.
    groups: Vec<usize>,
}

impl<'a> Translator<'a> {
    fn new(expression: &'a str) -> Self {
        let rest = expression.chars().peekable();
        // POSIX: the dot matches every character, line ends too.
        Self { expression, rest, out: "(?s)".to_owned(), atom: None, repeated: false, groups: Vec::new() }
    }

    fn run(mut self) -> Result<String, EreError> {
        while let Some(character) = self.rest.next() {
            match character {
                '\\' => self.escape()?,
                '[' => self.bracket()?,
                '(' => self.open(),
                ')' if !self.groups.is_empty() => self.close(),
                '|' => self.plain("|", None),
                '^' | '$' => self.plain(&character.to_string(), None),
                '*' | '+' | '?' => self.repeat(&character.to_string())?,
                '{' => self.interval()?,
                '.' => self.atom("."),
                _ => self.literal(character),
            }
        }
        if self.groups.is_empty() { Ok(self.out) } else { Err(self.malformed("a `(` is not closed")) }
    }

    fn plain(&mut self, text: &str, atom: Option<usize>) {
        self.out.push_str(text);
        self.atom = atom;
        self.repeated = false;
    }

    fn atom(&mut self, text: &str) {
        let start = self.out.len();
        self.plain(text, Some(start));
    }

    fn literal(&mut self, character: char) {
        let escaped = regex::escape(&character.to_string());
        self.atom(&escaped);
    }

    fn open(&mut self) {
        self.groups.push(self.out.len());
        self.plain("(", None);
    }

    fn close(&mut self) {
        let start = self.groups.pop();
        self.plain(")", start);
    }

    fn repeat(&mut self, operator: &str) -> Result<(), EreError> {
        let Some(start) = self.atom else {
            return Err(self.malformed(&format!("`{operator}` has nothing to repeat")));
        };
        if self.repeated {
            self.out.insert_str(start, "(?:");
            self.out.push(')');
        }
        self.out.push_str(operator);
        self.repeated = true;
        Ok(())
    }

    fn interval(&mut self) -> Result<(), EreError> {
        let inside: String = self.rest.clone().take_while(|c| *c != '}').collect();
        let closed = self.rest.clone().count() > inside.chars().count();
        let valid = closed
            && inside.chars().any(|c| c.is_ascii_digit())
            && inside.split(',').count() <= 2
            && inside.chars().all(|c| c.is_ascii_digit() || c == ',');
        if !valid {
            return Err(self.malformed("`{` begins no interval such as {2,3}"));
        }
        for _ in 0..=inside.chars().count() {
            self.rest.next();
        }
        let from_zero = if inside.starts_with(',') { "0" } else { "" };
        self.repeat(&format!("{{{from_zero}{inside}}}"))
    }

    fn escape(&mut self) -> Result<(), EreError> {
        match self.rest.next() {
            None => return Err(self.malformed("it ends with a backslash")),
            Some(digit @ '1'..='9') => {
                return Err(EreError::BackReference { expression: self.expression.to_owned(), digit });
            }
            Some('<') => self.plain(r"\b{start}", None),
            Some('>') => self.plain(r"\b{end}", None),
            Some('b') => self.plain(r"\b", None),
            Some('B') => self.plain(r"\B", None),
            Some('`') => self.plain(r"\A", None),
            Some('\'') => self.plain(r"\z", None),
            Some(class @ ('w' | 'W' | 's' | 'S')) => self.atom(&format!("\\{class}")),
            // Everything else stands for itself: there is no `\d` in POSIX.
            Some(character) => self.literal(character),
        }
        Ok(())
    }

    /// `[…]`: backslashes are literal in it, `]` is when it comes first, and nothing else is special but ranges and
    /// `[:class:]`.
    fn bracket(&mut self) -> Result<(), EreError> {
        let start = self.out.len();
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        let mut first = true;
        loop {
            match self.rest.next() {
                None => return Err(self.malformed("a `[` is not closed")),
                Some(']') if !first => break,
                Some('[') if matches!(self.rest.peek(), Some(':' | '.' | '=')) => self.class()?,
                Some('-') if !first && self.rest.peek() != Some(&']') => self.out.push('-'),
                Some(character) => self.member(character),
            }
            first = false;
        }
        self.out.push(']');
        self.atom = Some(start);
        self.repeated = false;
        Ok(())
    }

    fn member(&mut self, character: char) {
        if character.is_ascii_punctuation() {
            self.out.push('\\');
        }
        self.out.push(character);
    }

    /// `[:alpha:]`, `[.x.]`, `[=x=]`; the opening bracket is read already.
    fn class(&mut self) -> Result<(), EreError> {
        let kind = self.rest.next().unwrap_or(':');
        let mut name = String::new();
        loop {
            match self.rest.next() {
                None => return Err(self.malformed("a character class is not closed")),
                Some(character) if character == kind && self.rest.next_if_eq(&']').is_some() => break,
                Some(character) => name.push(character),
            }
        }
        match (kind, name.chars().count()) {
            (':', _) if CLASSES.contains(&name.as_str()) => self.out.push_str(&format!("[:{name}:]")),
            (':', _) => return Err(self.malformed(&format!("[:{name}:] is not a character class"))),
            (_, 1) => name.chars().for_each(|character| self.member(character)),
            _ => return Err(self.malformed("collating elements of several characters are not supported")),
        }
        Ok(())
    }

    fn malformed(&self, what: &str) -> EreError {
        EreError::Malformed { expression: self.expression.to_owned(), what: what.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values from bash 5.2 (`[[ TEXT =~ EXPRESSION ]]`).
    const CASES: [(&str, &str, bool); 30] = [
        (r"^5\.[0-9]+", "5.10.0-1", true),
        (r"^5\.[0-9]+", "6.1.0", false),
        (r"(5|6)\.", "6.1", true),
        (".*", "", true),
        ("", "6.1", true),
        ("6.1", "x6-1y", true),
        (r"^(5\.[6-9]\.|5\.[1-9][0-9]\.|[6-9]\.)", "6.1.0-56-amd64", true),
        (r"^(5\.[6-9]\.|5\.[1-9][0-9]\.|[6-9]\.)", "5.4.0", false),
        ("REQUIRES CONFIG_USB_HID", "6.1.0", false),
        (r"[\.]", "6.1", true),
        (r"[\.]", r"\", true),
        ("[]a]", "]", true),
        ("[^]a]", "]", false),
        ("[a-]", "-", true),
        ("[[:digit:]]+", "x6", true),
        ("[[:alpha:]_]", "6.1", false),
        ("a{2}", "aa", true),
        ("a{2,}", "a", false),
        ("^a{,2}$", "aaa", false),
        ("^a+?$", "", true),
        ("^(ab)*$", "abab", true),
        (r"\<amd64\>", "6.1-amd64", true),
        (r"\<amd\>", "6.1-amd64", false),
        (r"\d", "d", true),
        (r"\d", "6", false),
        ("[&&]", "&", true),
        ("[a&&b]", "b", true),
        ("x86_64|i.86", "i686", true),
        ("[.]", "6", false),
        ("a.c", "a\nc", true),
    ];

    #[test]
    fn people_s_expressions_match_as_in_bash() {
        for (expression, text, expected) in CASES {
            assert_eq!(matches(expression, text), Ok(expected), "{text} =~ {expression}");
        }
    }

    #[test]
    fn what_cannot_be_matched_says_why() {
        for expression in ["(", "[a", "a\\", "+x", "*", "^*a", "a|*b", "{a", "a{x", "[[:foo:]]"] {
            assert!(matches!(compile(expression), Err(EreError::Malformed { .. })), "{expression}");
        }
        assert!(matches!(compile(r"(a)\1"), Err(EreError::BackReference { digit: '1', .. })));
    }
}
