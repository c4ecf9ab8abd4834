//! Shell patterns: `*`, `?`, `[…]`, backslash. Extended globs are left to bash.

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Token>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Any,
    One,
    Char(char),
    Set { negated: bool, members: Vec<Member> },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Member {
    Range(char, char),
    Class(String),
}

impl Pattern {
    /// Takes a pattern apart. A backslash makes the next character literal.
    pub(super) fn new(text: &str) -> Self {
        let characters: Vec<char> = text.chars().collect();
        let mut tokens = Vec::new();
        let mut at = 0;
        while at < characters.len() {
            match characters[at] {
                '*' if tokens.last() == Some(&Token::Any) => {}
                '*' => tokens.push(Token::Any),
                '?' => tokens.push(Token::One),
                '\\' if at + 1 < characters.len() => {
                    at += 1;
                    tokens.push(Token::Char(characters[at]));
                }
                '[' => match set(&characters[at + 1..]) {
                    Some((token, length)) => {
                        tokens.push(token);
                        at += length;
                    }
                    None => tokens.push(Token::Char('[')),
                },
                character => tokens.push(Token::Char(character)),
            }
            at += 1;
        }
        Self(tokens)
    }

    /// Whether there is anything in it but literal characters.
    pub(super) fn is_active(&self) -> bool {
        self.0.iter().any(|token| !matches!(token, Token::Char(_)))
    }

    /// The characters that it stands for when it is not active.
    pub(super) fn literal(&self) -> String {
        self.0
            .iter()
            .filter_map(|token| if let Token::Char(character) = token { Some(*character) } else { None })
            .collect()
    }

    /// Whether it begins with this literal character.
    pub(super) fn begins_with(&self, character: char) -> bool {
        self.0.first() == Some(&Token::Char(character))
    }

    /// What a search in a text of this length may take at most, in comparisons of a character.
    pub(super) fn cost(&self, length: usize) -> usize {
        self.0.len().saturating_add(1).saturating_mul(length + 1)
    }

    /// Whether a search may have to look at the whole text from each of its places.
    pub(super) fn is_far_reaching(&self) -> bool {
        self.0.contains(&Token::Any) && !self.begins_with_star()
    }

    pub(super) fn begins_with_star(&self) -> bool {
        self.0.first() == Some(&Token::Any)
    }

    /// The same from right to left, for a text from right to left.
    pub(super) fn reversed(&self) -> Self {
        Self(self.0.iter().rev().cloned().collect())
    }

    /// The end of the shortest beginning of a text that it matches.
    pub(super) fn shortest(&self, text: &[char]) -> Option<usize> {
        self.ends(text).next()
    }

    /// The end of the longest one.
    pub(super) fn longest(&self, text: &[char]) -> Option<usize> {
        self.ends(text).last()
    }

    /// Every end of a beginning that it matches, all found in one pass over the text.
    fn ends<'a>(&'a self, text: &'a [char]) -> impl Iterator<Item = usize> + 'a {
        let mut states = vec![false; self.0.len() + 1];
        states[0] = true;
        self.skip_stars(&mut states);
        let mut next = Some((states, 0));
        std::iter::from_fn(move || {
            while let Some((states, at)) = next.take() {
                let matched = states.last() == Some(&true);
                next = text.get(at).and_then(|character| self.step(&states, *character)).map(|states| (states, at + 1));
                if matched {
                    return Some(at);
                }
            }
            None
        })
    }

    /// The places in the pattern after one more character; None when there are none.
    fn step(&self, states: &[bool], character: char) -> Option<Vec<bool>> {
        let mut next = vec![false; states.len()];
        for (at, token) in self.0.iter().enumerate().filter(|(at, _)| states[*at]) {
            match token {
                Token::Any => next[at] = true,
                token if token.accepts(character) => next[at + 1] = true,
                _ => {}
            }
        }
        self.skip_stars(&mut next);
        next.contains(&true).then_some(next)
    }

    /// `*` stands for nothing, too.
    fn skip_stars(&self, states: &mut [bool]) {
        for (at, _) in self.0.iter().enumerate().filter(|(_, token)| **token == Token::Any) {
            states[at + 1] |= states[at];
        }
    }

    /// Whether it matches the whole text.
    pub(super) fn matches(&self, text: &[char]) -> bool {
        let tokens = &self.0;
        let (mut token, mut at) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        loop {
            if token < tokens.len() && tokens[token] == Token::Any {
                star = Some((token, at));
                token += 1;
            } else if at < text.len() && token < tokens.len() && tokens[token].accepts(text[at]) {
                token += 1;
                at += 1;
            } else if at == text.len() && token == tokens.len() {
                return true;
            } else if let Some((star_token, star_at)) = star.filter(|(_, star_at)| *star_at < text.len()) {
                star = Some((star_token, star_at + 1));
                token = star_token + 1;
                at = star_at + 1;
            } else {
                return false;
            }
        }
    }
}

impl Token {
    fn accepts(&self, character: char) -> bool {
        match self {
            Token::Any | Token::One => true,
            Token::Char(own) => *own == character,
            Token::Set { negated, members } => members.iter().any(|member| member.accepts(character)) != *negated,
        }
    }
}

impl Member {
    fn accepts(&self, character: char) -> bool {
        match self {
            Member::Range(from, to) => (*from..=*to).contains(&character),
            Member::Class(name) => match name.as_str() {
                "alnum" => character.is_alphanumeric(),
                "alpha" => character.is_alphabetic(),
                "blank" => matches!(character, ' ' | '\t'),
                "cntrl" => character.is_control(),
                "digit" => character.is_ascii_digit(),
                "graph" => !character.is_whitespace() && !character.is_control(),
                "lower" => character.is_lowercase(),
                "print" => !character.is_control(),
                "punct" => character.is_ascii_punctuation(),
                "space" => character.is_whitespace(),
                "upper" => character.is_uppercase(),
                "xdigit" => character.is_ascii_hexdigit(),
                _ => false,
            },
        }
    }
}

/// A bracket expression without its opening bracket: the token and how many characters it takes, closing bracket
/// included. None when it is not closed.
fn set(rest: &[char]) -> Option<(Token, usize)> {
    let negated = matches!(rest.first(), Some('!' | '^'));
    let mut at = usize::from(negated);
    let first = at;
    let mut members = Vec::new();
    loop {
        match *rest.get(at)? {
            ']' if at > first => return Some((Token::Set { negated, members }, at + 1)),
            '[' if rest.get(at + 1) == Some(&':') => {
                let end =
                    (at + 2..rest.len().saturating_sub(1)).find(|end| rest[*end] == ':' && rest[end + 1] == ']')?;
                members.push(Member::Class(rest[at + 2..end].iter().collect()));
                at = end + 2;
                continue;
            }
            _ => {}
        }
        let (from, next) = character(rest, at)?;
        at = next;
        if rest.get(at) == Some(&'-') && rest.get(at + 1).is_some_and(|end| *end != ']') {
            let (to, next) = character(rest, at + 1)?;
            members.push(Member::Range(from, to));
            at = next;
        } else {
            members.push(Member::Range(from, from));
        }
    }
}

/// One literal character of a bracket expression, and where the next begins.
fn character(rest: &[char], at: usize) -> Option<(char, usize)> {
    match *rest.get(at)? {
        '\\' => Some((*rest.get(at + 1)?, at + 2)),
        character => Some((character, at + 1)),
    }
}

/// Makes a text match itself only.
pub(super) fn escape(text: &str) -> String {
    text.chars()
        .flat_map(|character| {
            let special = matches!(character, '*' | '?' | '[' | ']' | '\\' | '!' | '^' | '-');
            special.then_some('\\').into_iter().chain([character])
        })
        .collect()
}

/// Whether a pattern holds what is an extended glob where those are on.
pub(super) fn has_extended(text: &str) -> bool {
    ["?(", "*(", "+(", "@(", "!("].iter().any(|start| text.contains(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).matches(&text.chars().collect::<Vec<_>>())
    }

    #[test]
    fn patterns_match_as_in_a_shell() {
        let cases = [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abbd", false),
            ("*a*b*", "xxaxxbxx", true),
            ("?", "", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[]a]", "]", true),
            ("[a-]", "-", true),
            ("[[:digit:]]*", "6.1", true),
            ("[a", "[a", true),
            (r"\*", "*", true),
            (r"\*", "x", false),
            (r"[\]]", "]", true),
            ("6.*", "6.1", true),
            ("6.*", "61", false),
            ("", "", true),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(matches(pattern, text), expected, "{pattern} against {text}");
        }
    }

    #[test]
    fn beginnings_of_every_length_are_found_in_one_pass() {
        let text: Vec<char> = "abcabc".chars().collect();
        let cases = [
            ("*", Some((0, 6))),
            ("*c", Some((3, 6))),
            ("a*b", Some((2, 5))),
            ("a?c", Some((3, 3))),
            ("", Some((0, 0))),
            ("[ab]*[!c]", Some((2, 5))),
            ("b*", None),
            ("*x*", None),
        ];
        for (pattern, expected) in cases {
            let pattern = Pattern::new(pattern);
            assert_eq!(pattern.shortest(&text).zip(pattern.longest(&text)), expected, "{pattern:?}");
            let all: Vec<usize> = (0..=text.len()).filter(|end| pattern.matches(&text[..*end])).collect();
            assert_eq!(pattern.ends(&text).collect::<Vec<_>>(), all, "{pattern:?}");
        }
    }

    #[test]
    fn many_stars_do_not_take_forever() {
        assert!(!matches(&"*a".repeat(30), &"a".repeat(29)));
        assert!(matches(&"a*".repeat(30), &"a".repeat(3000)));
    }

    #[test]
    fn an_escaped_text_matches_itself_only() {
        for text in ["a*b", "[x]", r"a\b", "[!a-z]"] {
            assert!(matches(&escape(text), text), "{text}");
            assert!(!Pattern::new(&escape(text)).is_active());
        }
    }
}
