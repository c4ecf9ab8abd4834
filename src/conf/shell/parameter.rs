//! Parameter expansion: `$x`, `${x}` and its operators.

use brush_parser::word::{
    self, Parameter, ParameterExpr, ParameterTestType, ParameterTransformOp, SpecialParameter, SubstringMatchKind,
};

use super::dynamic::Dynamic;
use super::eval::Evaluator;
use super::expand::{Part, result};
use super::pattern::Pattern;
use super::variables::Variables;

/// Texts longer than this are not searched for patterns natively: a replacement is quadratic.
const MAX_SEARCHED: usize = 4096;

/// What a parameter stands for.
enum Value {
    One(Option<String>),
    /// `${a[@]}`, `$@`: several.
    Many(Vec<String>),
    /// `${a[*]}`, `$*`: several, joined inside quotes.
    Joined(Vec<String>),
}

impl Evaluator<'_> {
    /// Expands a parameter expression, inside double quotes or not.
    pub(super) fn parameter(&mut self, expression: &ParameterExpr, quoted: bool) -> Result<Vec<Part>, Dynamic> {
        use ParameterExpr as E;
        match expression {
            E::Parameter { parameter, indirect } => {
                let value = self.value(parameter, *indirect)?;
                Ok(place(value, quoted))
            }
            E::UseDefaultValues { parameter, indirect, test_type, default_value } => {
                let value = self.value(parameter, *indirect)?;
                if is_there(&value, test_type) {
                    return Ok(place(value, quoted));
                }
                self.operand(default_value.as_deref(), quoted)
            }
            E::UseAlternativeValue { parameter, indirect, test_type, alternative_value } => {
                let value = self.value(parameter, *indirect)?;
                match is_there(&value, test_type) {
                    true => self.operand(alternative_value.as_deref(), quoted),
                    false => Ok(place(
                        if let Value::Many(_) = value { Value::Many(Vec::new()) } else { Value::One(None) },
                        quoted,
                    )),
                }
            }
            E::AssignDefaultValues { parameter, indirect: false, test_type, default_value } => {
                self.assign_default(parameter, test_type, default_value.as_deref(), quoted)
            }
            E::ParameterLength { parameter, indirect: false } => {
                let length = self.length(parameter)?;
                Ok(vec![result(length.to_string(), quoted)])
            }
            E::Substring { parameter, indirect, offset, length } => {
                let length = length.as_ref().map(|length| self.arithmetic(&length.value)).transpose()?;
                let offset = self.arithmetic(&offset.value)?;
                let Value::One(text) = self.value(parameter, *indirect)? else {
                    return Err(self.dynamic("a slice of an array"));
                };
                let text = substring(&text.unwrap_or_default(), offset, length);
                Ok(vec![result(text.ok_or_else(|| self.dynamic("this substring"))?, quoted)])
            }
            E::MemberKeys { variable_name, concatenate } => {
                let keys = self.variables.get(variable_name)?.map(|variable| variable.elements.keys());
                let keys = keys.into_iter().flatten().map(usize::to_string).collect();
                Ok(place(if *concatenate { Value::Joined(keys) } else { Value::Many(keys) }, quoted))
            }
            _ => self.with_pattern(expression, quoted),
        }
    }

    /// The operators that take a pattern or change each character.
    fn with_pattern(&mut self, expression: &ParameterExpr, quoted: bool) -> Result<Vec<Part>, Dynamic> {
        if matches!(expression, ParameterExpr::ReplaceSubstring { .. }) {
            return self.replace(expression, quoted);
        }
        let unknown = self.dynamic("this kind of parameter expansion");
        let (parameter, indirect, pattern, edit) = removal(expression).or_else(|| casing(expression)).ok_or(unknown)?;
        let pattern = Pattern::new(&self.pattern(pattern)?);
        let value = self.value(parameter, indirect)?;
        self.edit(value, quoted, |length| pattern.cost(length), |text| edit(text, &pattern))
    }

    fn replace(&mut self, expression: &ParameterExpr, quoted: bool) -> Result<Vec<Part>, Dynamic> {
        let ParameterExpr::ReplaceSubstring { parameter, indirect, pattern, replacement, match_kind } = expression
        else {
            return Err(self.dynamic("this kind of parameter expansion"));
        };
        let replacement = replacement.as_deref().unwrap_or_default();
        // bash 5.2 gives `&` a meaning, and versions differ in how quotes count here.
        if replacement.contains('&') || quoted && replacement.contains(['\'', '"', '\\']) {
            return Err(self.dynamic("this replacement"));
        }
        let pattern = Pattern::new(&self.pattern(pattern)?);
        let replacement = self.text(replacement)?;
        if replacement.contains(['&', '\\']) {
            return Err(self.dynamic("this replacement"));
        }
        let value = self.value(parameter, *indirect)?;
        let places = |length| if pattern.is_far_reaching() { length } else { 2 };
        let cost = |length| pattern.cost(length).saturating_mul(places(length)) + length * replacement.len();
        self.edit(value, quoted, cost, |text| replaced(text, &pattern, &replacement, match_kind))
    }

    fn edit(
        &mut self,
        value: Value,
        quoted: bool,
        cost: impl Fn(usize) -> usize,
        edit: impl Fn(&str) -> String,
    ) -> Result<Vec<Part>, Dynamic> {
        let check = |text: &String| text.is_ascii() && text.len() <= MAX_SEARCHED;
        match &value {
            Value::One(text) => self.spend(text.as_ref().map_or(0, |text| cost(text.len())))?,
            Value::Many(texts) | Value::Joined(texts) => {
                texts.iter().try_for_each(|text| self.spend(cost(text.len())))?;
            }
        }
        let value = match value {
            Value::One(None) => Value::One(None),
            Value::One(Some(text)) if check(&text) => Value::One(Some(edit(&text))),
            Value::Many(texts) if texts.iter().all(check) => Value::Many(texts.iter().map(|text| edit(text)).collect()),
            Value::Joined(texts) if texts.iter().all(check) => {
                Value::Joined(texts.iter().map(|text| edit(text)).collect())
            }
            _ => return Err(self.dynamic("a pattern on such a text")),
        };
        Ok(place(value, quoted))
    }

    fn assign_default(
        &mut self,
        parameter: &Parameter,
        test_type: &ParameterTestType,
        default: Option<&str>,
        quoted: bool,
    ) -> Result<Vec<Part>, Dynamic> {
        let value = self.value(parameter, false)?;
        if is_there(&value, test_type) {
            return Ok(place(value, quoted));
        }
        let Parameter::Named(name) = parameter else { return Err(self.dynamic("`:=` on this parameter")) };
        let text = match quoted {
            true => self.inside_quotes(default.unwrap_or_default())?,
            false => self.text(default.unwrap_or_default())?,
        };
        self.set(name, 0, Ok(text.clone()))?;
        Ok(vec![result(text, quoted)])
    }

    /// The word after an operator such as `:-`.
    fn operand(&mut self, word: Option<&str>, quoted: bool) -> Result<Vec<Part>, Dynamic> {
        let word = word.unwrap_or_default();
        if quoted {
            return Ok(vec![Part::Quoted(self.inside_quotes(word)?)]);
        }
        let parts = self.parts(word)?;
        Ok(parts
            .into_iter()
            .map(|part| match part {
                Part::Literal(text) => Part::Expanded(text),
                part => part,
            })
            .collect())
    }

    fn length(&mut self, parameter: &Parameter) -> Result<usize, Dynamic> {
        match self.value(parameter, false)? {
            Value::One(Some(text)) if !text.is_ascii() => Err(self.dynamic("the length of such a text")),
            Value::One(text) => Ok(text.unwrap_or_default().len()),
            Value::Many(texts) | Value::Joined(texts) => Ok(texts.len()),
        }
    }

    fn value(&mut self, parameter: &Parameter, indirect: bool) -> Result<Value, Dynamic> {
        let value = self.direct(parameter)?;
        if !indirect {
            return Ok(value);
        }
        let Value::One(Some(name)) = value else { return Err(self.dynamic("an indirect expansion")) };
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '[' | ']' | '@' | '*'));
        let parameter = word::parse_parameter(&name, &self.options).ok().filter(|_| is_name);
        self.direct(&parameter.ok_or_else(|| self.dynamic(format!("an indirect expansion of `{name}`")))?)
    }

    fn direct(&mut self, parameter: &Parameter) -> Result<Value, Dynamic> {
        match parameter {
            Parameter::Named(name) => self.element(name, 0).map(Value::One),
            Parameter::NamedWithIndex { name, index } => {
                let index = self.index(name, index)?;
                self.element(name, index).map(Value::One)
            }
            Parameter::NamedWithAllIndices { name, concatenate } => {
                self.refuse_special(name)?;
                let elements = self.variables.get(name)?.map(|variable| variable.elements.values().cloned());
                let texts = elements.into_iter().flatten().collect::<Result<Vec<_>, _>>()?;
                Ok(if *concatenate { Value::Joined(texts) } else { Value::Many(texts) })
            }
            // At the top, a sourced file sees the parameters of the program that sources it.
            Parameter::Positional(_) | Parameter::Special(_) if !self.is_in_function() => match parameter {
                Parameter::Special(SpecialParameter::LastExitStatus) => Ok(self.last_status()),
                _ => Err(self.dynamic(format!("{parameter}"))),
            },
            Parameter::Positional(number) => {
                let number = usize::try_from(*number).unwrap_or(usize::MAX).wrapping_sub(1);
                Ok(Value::One(self.variables.arguments().get(number).cloned()))
            }
            Parameter::Special(special) => self.special(special),
        }
    }

    fn special(&mut self, special: &SpecialParameter) -> Result<Value, Dynamic> {
        let arguments = self.variables.arguments().to_vec();
        match special {
            SpecialParameter::AllPositionalParameters { concatenate: true } => Ok(Value::Joined(arguments)),
            SpecialParameter::AllPositionalParameters { concatenate: false } => Ok(Value::Many(arguments)),
            SpecialParameter::PositionalParameterCount => Ok(Value::One(Some(arguments.len().to_string()))),
            SpecialParameter::LastExitStatus => Ok(self.last_status()),
            _ => Err(self.dynamic(format!("{special}"))),
        }
    }

    fn last_status(&self) -> Value {
        Value::One(Some(self.status.to_string()))
    }

    fn element(&self, name: &str, index: usize) -> Result<Option<String>, Dynamic> {
        if name == "BASH_SOURCE" && index == 0 && self.file.is_some() {
            return Ok(self.file.clone());
        }
        self.refuse_special(name)?;
        self.variables.element(name, index)
    }

    pub(super) fn refuse_special(&self, name: &str) -> Result<(), Dynamic> {
        if Variables::is_special(name) { Err(self.dynamic(format!("${name}"))) } else { Ok(()) }
    }

    /// The number that an index stands for; negative ones count from the end.
    pub(super) fn index(&mut self, name: &str, index: &str) -> Result<usize, Dynamic> {
        let index = self.arithmetic(index)?;
        if let Ok(index) = usize::try_from(index) {
            return Ok(index);
        }
        let highest = self.variables.get(name)?.and_then(|variable| variable.elements.keys().next_back().copied());
        let end = highest.and_then(|highest| i64::try_from(highest).ok()).map(|highest| highest + 1 + index);
        end.and_then(|end| usize::try_from(end).ok()).ok_or_else(|| self.dynamic("a negative index"))
    }
}

fn is_there(value: &Value, test_type: &ParameterTestType) -> bool {
    let accepts_empty = matches!(test_type, ParameterTestType::Unset);
    match value {
        Value::One(None) => false,
        Value::One(Some(text)) => accepts_empty || !text.is_empty(),
        Value::Many(texts) | Value::Joined(texts) => match texts.as_slice() {
            [] => false,
            [text] => accepts_empty || !text.is_empty(),
            _ => true,
        },
    }
}

fn place(value: Value, quoted: bool) -> Vec<Part> {
    match value {
        Value::One(text) => vec![result(text.unwrap_or_default(), quoted)],
        Value::Joined(texts) if quoted => vec![result(texts.join(" "), quoted)],
        Value::Many(texts) | Value::Joined(texts) => {
            let mut parts = Vec::new();
            for text in texts {
                if !parts.is_empty() {
                    parts.push(Part::Border);
                }
                parts.push(result(text, quoted));
            }
            parts
        }
    }
}

/// What an operator does to a text with its pattern.
type Edit = fn(&str, &Pattern) -> String;

/// The parameter, whether it is indirect, the pattern and the effect of `%`, `%%`, `#`, `##`.
fn removal(expression: &ParameterExpr) -> Option<(&Parameter, bool, &str, Edit)> {
    use ParameterExpr as E;
    let (parameter, indirect, pattern, edit): (_, _, _, Edit) = match expression {
        E::RemoveSmallestSuffixPattern { parameter, indirect, pattern } => {
            (parameter, indirect, pattern, |text, pattern| without_suffix(text, pattern, Size::Smallest))
        }
        E::RemoveLargestSuffixPattern { parameter, indirect, pattern } => {
            (parameter, indirect, pattern, |text, pattern| without_suffix(text, pattern, Size::Largest))
        }
        E::RemoveSmallestPrefixPattern { parameter, indirect, pattern } => {
            (parameter, indirect, pattern, |text, pattern| without_prefix(text, pattern, Size::Smallest))
        }
        E::RemoveLargestPrefixPattern { parameter, indirect, pattern } => {
            (parameter, indirect, pattern, |text, pattern| without_prefix(text, pattern, Size::Largest))
        }
        _ => return None,
    };
    Some((parameter, *indirect, pattern.as_deref().unwrap_or_default(), edit))
}

/// The same of `^`, `^^`, `,`, `,,`, `@U`, `@L`; without a pattern every character is meant.
fn casing(expression: &ParameterExpr) -> Option<(&Parameter, bool, &str, Edit)> {
    use ParameterExpr as E;
    let all_upper: Edit = |text, pattern| cased(text, pattern, Reach::All, upper);
    let all_lower: Edit = |text, pattern| cased(text, pattern, Reach::All, lower);
    let (parameter, indirect, pattern, edit): (_, _, Option<&str>, Edit) = match expression {
        E::UppercasePattern { parameter, indirect, pattern } => (parameter, indirect, pattern.as_deref(), all_upper),
        E::LowercasePattern { parameter, indirect, pattern } => (parameter, indirect, pattern.as_deref(), all_lower),
        E::UppercaseFirstChar { parameter, indirect, pattern } => {
            (parameter, indirect, pattern.as_deref(), |text, pattern| cased(text, pattern, Reach::First, upper))
        }
        E::LowercaseFirstChar { parameter, indirect, pattern } => {
            (parameter, indirect, pattern.as_deref(), |text, pattern| cased(text, pattern, Reach::First, lower))
        }
        E::Transform { parameter, indirect, op: ParameterTransformOp::ToUpperCase } => {
            (parameter, indirect, None, all_upper)
        }
        E::Transform { parameter, indirect, op: ParameterTransformOp::ToLowerCase } => {
            (parameter, indirect, None, all_lower)
        }
        _ => return None,
    };
    Some((parameter, *indirect, pattern.filter(|pattern| !pattern.is_empty()).unwrap_or("?"), edit))
}

#[derive(Clone, Copy)]
enum Size {
    Smallest,
    Largest,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    First,
    All,
}

fn without_prefix(text: &str, pattern: &Pattern, size: Size) -> String {
    let characters: Vec<char> = text.chars().collect();
    let end = match size {
        Size::Smallest => pattern.shortest(&characters),
        Size::Largest => pattern.longest(&characters),
    };
    characters[end.unwrap_or(0)..].iter().collect()
}

fn without_suffix(text: &str, pattern: &Pattern, size: Size) -> String {
    let characters: Vec<char> = text.chars().rev().collect();
    let pattern = pattern.reversed();
    let end = match size {
        Size::Smallest => pattern.shortest(&characters),
        Size::Largest => pattern.longest(&characters),
    };
    characters[end.unwrap_or(0)..].iter().rev().collect()
}

fn replaced(text: &str, pattern: &Pattern, replacement: &str, kind: &SubstringMatchKind) -> String {
    let characters: Vec<char> = text.chars().collect();
    match kind {
        SubstringMatchKind::Prefix => match pattern.longest(&characters) {
            Some(end) => replacement.to_owned() + &characters[end..].iter().collect::<String>(),
            None => text.to_owned(),
        },
        SubstringMatchKind::Suffix => {
            let backwards: Vec<char> = characters.iter().rev().copied().collect();
            match pattern.reversed().longest(&backwards) {
                Some(length) => characters[..characters.len() - length].iter().collect::<String>() + replacement,
                None => text.to_owned(),
            }
        }
        SubstringMatchKind::FirstOccurrence => replaced_inside(&characters, pattern, replacement, true),
        SubstringMatchKind::Anywhere => replaced_inside(&characters, pattern, replacement, false),
    }
}

/// From left to right, each time the longest text that matches.
fn replaced_inside(characters: &[char], pattern: &Pattern, replacement: &str, once: bool) -> String {
    // Nothing at all is one occurrence of what matches it.
    if characters.is_empty() && pattern.is_active() && pattern.matches(&[]) {
        return replacement.to_owned();
    }
    let (mut out, mut at, mut done) = (String::new(), 0, false);
    while at < characters.len() {
        let found = if done { None } else { pattern.longest(&characters[at..]).filter(|length| *length > 0) };
        // What begins with `*` and matches later would match here, too.
        done |= found.is_none() && pattern.begins_with_star();
        match found {
            Some(length) => {
                out.push_str(replacement);
                at += length;
                done = once;
            }
            None => {
                out.push(characters[at]);
                at += 1;
            }
        }
    }
    out
}

fn substring(text: &str, offset: i64, length: Option<i64>) -> Option<String> {
    if !text.is_ascii() {
        return None;
    }
    let size = i64::try_from(text.len()).ok()?;
    let start = if offset < 0 { size.checked_add(offset)? } else { offset };
    if !(0..=size).contains(&start) {
        return Some(String::new());
    }
    let end = match length {
        None => size,
        Some(length) if length < 0 => size.checked_add(length).filter(|end| *end >= start)?,
        Some(length) => start.saturating_add(length).min(size),
    };
    text.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?).map(str::to_owned)
}

fn cased(text: &str, pattern: &Pattern, reach: Reach, change: fn(char) -> char) -> String {
    let one = |(at, character): (usize, char)| {
        let wanted = (reach == Reach::All || at == 0) && pattern.matches(&[character]);
        if wanted { change(character) } else { character }
    };
    text.chars().enumerate().map(one).collect()
}

fn upper(character: char) -> char {
    character.to_ascii_uppercase()
}

fn lower(character: char) -> char {
    character.to_ascii_lowercase()
}
