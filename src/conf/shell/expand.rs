//! Words: brace expansion, quoting, expansions, splitting, file names.

use brush_parser::word::{
    self, BraceExpressionMember, BraceExpressionOrText, Parameter, ParameterExpr, SpecialParameter, TildeExpr,
    WordPiece, WordPieceWithSource,
};

use super::dynamic::Dynamic;
use super::eval::Evaluator;
use super::{glob, pattern};

/// A piece of an expanded word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Unquoted text of the file: not split, but a pattern.
    Literal(String),
    /// Quoted text: neither split nor a pattern.
    Quoted(String),
    /// What an unquoted expansion gave: split, and a pattern.
    Expanded(String),
    /// The border between two elements of `"${array[@]}"`.
    Border,
}

/// More fields than this are a slip, not a configuration.
const MAX_FIELDS: usize = 10_000;
/// A value longer than this comes from a loop that doubles it. Bytes.
pub(super) const MAX_VALUE: usize = 1 << 18;

impl Evaluator<'_> {
    /// A word as one text: the value of an assignment, the operand of `case`.
    pub(super) fn text(&mut self, word: &str) -> Result<String, Dynamic> {
        let parts = self.parts(word)?;
        self.bounded(join(&parts))
    }

    /// A word as a pattern: quoted parts match themselves only.
    pub(super) fn pattern(&mut self, word: &str) -> Result<String, Dynamic> {
        let parts = self.parts(word)?;
        let text: String = parts
            .iter()
            .map(|part| match part {
                Part::Literal(text) | Part::Expanded(text) => text.clone(),
                Part::Quoted(text) => pattern::escape(text),
                Part::Border => " ".to_owned(),
            })
            .collect();
        let open = parts
            .iter()
            .any(|part| matches!(part, Part::Literal(text) | Part::Expanded(text) if pattern::has_extended(text)));
        if open { Err(self.dynamic("an extended pattern")) } else { Ok(text) }
    }

    /// Words as a command or a list takes them: none, one or several fields each.
    pub(super) fn fields<'w>(&mut self, words: impl IntoIterator<Item = &'w str>) -> Result<Vec<String>, Dynamic> {
        let mut fields = Vec::new();
        for word in words {
            for word in self.braces(word)? {
                let parts = self.parts(&word)?;
                split(&parts).into_iter().for_each(|field| fields.extend(field.expand(self)));
                if fields.len() > MAX_FIELDS {
                    return Err(self.dynamic("a very long list"));
                }
            }
        }
        Ok(fields)
    }

    /// The pieces of one word, expanded.
    pub(super) fn parts(&mut self, word: &str) -> Result<Vec<Part>, Dynamic> {
        let pieces = word::parse(word, &self.options).map_err(|_| self.dynamic(format!("the word `{word}`")))?;
        self.pieces(&pieces)
    }

    /// A text as inside double quotes.
    pub(super) fn inside_quotes(&mut self, text: &str) -> Result<String, Dynamic> {
        if !text.contains(['$', '`', '\\', '"']) {
            return Ok(text.to_owned());
        }
        self.text(&format!("\"{text}\""))
    }

    fn pieces(&mut self, pieces: &[WordPieceWithSource]) -> Result<Vec<Part>, Dynamic> {
        let mut parts = Vec::new();
        for piece in pieces {
            self.piece(&piece.piece, false, &mut parts)?;
        }
        Ok(parts)
    }

    fn piece(&mut self, piece: &WordPiece, quoted: bool, parts: &mut Vec<Part>) -> Result<(), Dynamic> {
        self.step()?;
        match piece {
            WordPiece::Text(text) if quoted => parts.push(Part::Quoted(text.clone())),
            WordPiece::Text(text) => parts.push(Part::Literal(text.clone())),
            WordPiece::SingleQuotedText(text) => parts.push(Part::Quoted(text.clone())),
            WordPiece::EscapeSequence(text) => parts.push(Part::Quoted(text.chars().skip(1).collect())),
            WordPiece::AnsiCQuotedText(text) => {
                let text = ansi_c(text).ok_or_else(|| self.dynamic(format!("$'{text}'")))?;
                parts.push(Part::Quoted(text));
            }
            WordPiece::DoubleQuotedSequence(inner) => self.double_quoted(inner, parts)?,
            WordPiece::GettextDoubleQuotedSequence(_) => return Err(self.dynamic("a translated string")),
            WordPiece::TildeExpansion(TildeExpr::Home) => {
                let home = self.variables.element("HOME", 0)?;
                parts.push(Part::Quoted(home.ok_or_else(|| self.dynamic("`~` without HOME"))?));
            }
            WordPiece::TildeExpansion(_) => return Err(self.dynamic("`~`")),
            WordPiece::ParameterExpansion(expression) => parts.extend(self.parameter(expression, quoted)?),
            WordPiece::CommandSubstitution(code) | WordPiece::BackquotedCommandSubstitution(code) => {
                if matches!(piece, WordPiece::BackquotedCommandSubstitution(_)) && code.contains('\\') {
                    return Err(self.dynamic(format!("`{code}`")));
                }
                parts.push(result(self.substitute(code)?, quoted));
            }
            WordPiece::ArithmeticExpression(expression) => {
                let value = self.arithmetic(&expression.value)?;
                parts.push(result(value.to_string(), quoted));
            }
        }
        Ok(())
    }

    fn double_quoted(&mut self, inner: &[WordPieceWithSource], parts: &mut Vec<Part>) -> Result<(), Dynamic> {
        let before = parts.len();
        let mut has_empty_list = false;
        let mut has_list_of_empty = false;
        for piece in inner {
            let start = parts.len();
            self.piece(&piece.piece, true, parts)?;
            if let WordPiece::ParameterExpansion(expression) = &piece.piece {
                has_empty_list |= parts.len() == start;
                has_list_of_empty |= parts.len() > start && is_list(expression);
            }
        }
        // `""` is an empty field; of an empty array `"${array[@]}"` is none, and takes other empty expansions with it.
        let is_empty = parts[before..].iter().all(|part| matches!(part, Part::Quoted(text) if text.is_empty()));
        if has_empty_list && is_empty && !has_list_of_empty {
            parts.truncate(before);
        } else if parts.len() == before {
            parts.push(Part::Quoted(String::new()));
        }
        Ok(())
    }

    fn braces(&self, word: &str) -> Result<Vec<String>, Dynamic> {
        if !word.contains('{') || !(word.contains(',') || word.contains("..")) {
            return Ok(vec![word.to_owned()]);
        }
        let parsed = word::parse_brace_expansions(word, &self.options)
            .map_err(|_| self.dynamic(format!("the braces in `{word}`")))?;
        let words = parsed.map_or_else(|| Some(vec![word.to_owned()]), |pieces| brace_product(&pieces));
        words.ok_or_else(|| self.dynamic(format!("the braces in `{word}`")))
    }

    pub(super) fn bounded(&mut self, text: String) -> Result<String, Dynamic> {
        self.spend(text.len())?;
        if text.len() > MAX_VALUE { Err(self.dynamic("a very long value")) } else { Ok(text) }
    }
}

/// What an expansion gave, by where it stands.
pub(super) fn result(text: String, quoted: bool) -> Part {
    if quoted { Part::Quoted(text) } else { Part::Expanded(text) }
}

/// `${array[@]}`, `$@`.
fn is_list(expression: &ParameterExpr) -> bool {
    let ParameterExpr::Parameter { parameter, .. } = expression else { return false };
    matches!(
        parameter,
        Parameter::NamedWithAllIndices { concatenate: false, .. }
            | Parameter::Special(SpecialParameter::AllPositionalParameters { concatenate: false })
    )
}

fn join(parts: &[Part]) -> String {
    parts
        .iter()
        .map(|part| match part {
            Part::Literal(text) | Part::Quoted(text) | Part::Expanded(text) => text.as_str(),
            Part::Border => " ",
        })
        .collect()
}

/// One field, as text and as the pattern by which file names are found.
#[derive(Debug, Default)]
struct Field {
    text: String,
    pattern: String,
    is_pattern: bool,
    exists: bool,
}

impl Field {
    fn add(&mut self, text: &str, quoted: bool) {
        self.exists = true;
        self.text.push_str(text);
        if quoted {
            self.pattern.push_str(&pattern::escape(text));
        } else {
            self.pattern.push_str(text);
            self.is_pattern |= text.contains(['*', '?', '[']);
        }
    }

    fn expand(self, evaluator: &Evaluator<'_>) -> Vec<String> {
        if !self.is_pattern {
            return vec![self.text];
        }
        let names = glob::expand(evaluator.system(), &self.pattern);
        if names == [self.pattern] { vec![self.text] } else { names }
    }
}

fn split(parts: &[Part]) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut current = Field::default();
    let mut flush = |current: &mut Field| {
        let field = std::mem::take(current);
        if field.exists {
            fields.push(field);
        }
    };
    for part in parts {
        match part {
            Part::Literal(text) => current.add(text, false),
            Part::Quoted(text) => current.add(text, true),
            Part::Border => flush(&mut current),
            Part::Expanded(text) => {
                for (at, word) in text.split([' ', '\t', '\n']).enumerate() {
                    if at > 0 {
                        flush(&mut current);
                    }
                    if !word.is_empty() {
                        current.add(word, false);
                    }
                }
            }
        }
    }
    flush(&mut current);
    fields
}

fn brace_product(pieces: &[BraceExpressionOrText]) -> Option<Vec<String>> {
    let mut words = vec![String::new()];
    for piece in pieces {
        let ends = match piece {
            BraceExpressionOrText::Text(text) => vec![text.clone()],
            BraceExpressionOrText::Expr(members) => {
                let mut ends = Vec::new();
                for member in members {
                    ends.extend(brace_member(member)?);
                }
                ends
            }
        };
        words = words.iter().flat_map(|start| ends.iter().map(move |end| format!("{start}{end}"))).collect();
        if words.len() > MAX_FIELDS / 10 {
            return None;
        }
    }
    Some(words)
}

fn brace_member(member: &BraceExpressionMember) -> Option<Vec<String>> {
    match member {
        BraceExpressionMember::Child(pieces) => brace_product(pieces),
        BraceExpressionMember::NumberSequence { start, end, increment: 1 } if start.abs_diff(*end) < 1000 => {
            let (low, high) = (*start.min(end), *start.max(end));
            let mut numbers: Vec<String> = (low..=high).map(|number| number.to_string()).collect();
            if start > end {
                numbers.reverse();
            }
            Some(numbers)
        }
        BraceExpressionMember::CharSequence { start, end, increment: 1 } if start <= end => {
            Some((*start..=*end).map(String::from).collect())
        }
        _ => None,
    }
}

/// The escapes of `$'…'`; None for those that depend on the locale or are malformed.
fn ansi_c(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        out.push(match rest.next()? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'e' | 'E' => '\u{1b}',
            'f' => '\u{c}',
            'v' => '\u{b}',
            literal @ ('\\' | '\'' | '"' | '?') => literal,
            _ => return None,
        });
    }
    Some(out)
}
