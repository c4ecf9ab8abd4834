//! The summary and the paragraphs of a package.

use crate::ids::ModuleId;
use crate::package::Format;
use crate::package::description::carries::Carries;
use crate::package::module::survey::{Survey, one_line};

/// The first thing that the source says of what it is, if it says something: a short phrase without article and full stop
/// (developers reference 6.2.2).
pub(super) fn described(survey: &Survey) -> Option<String> {
    survey.descriptions.first().map(|text| phrase(text)).filter(|text| !text.is_empty())
}

/// One line, with what the package carries. RPM wants a capital letter.
pub(super) fn summary(format: Format, text: &str, carries: &Carries) -> String {
    let remark = carries.remark();
    let text = format!("{} {remark}", shortened(text, 78_usize.saturating_sub(remark.len()).clamp(20, 60)));
    match (format, text.get(..1)) {
        (Format::Rpm, Some(first)) => first.to_ascii_uppercase() + &text[1..],
        _ => text,
    }
}

fn phrase(text: &str) -> String {
    let mut text = text.trim_end_matches(['.', '!', ' ']);
    for article in ["A ", "An ", "The ", "a ", "an ", "the "] {
        text = text.strip_prefix(article).unwrap_or(text);
    }
    text.to_owned()
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let cut: String = text.chars().take(most).collect();
    cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words).trim_end_matches([',', ';', ':', '-']).to_owned()
}

/// The paragraphs: what a person said or the source says, then what the package is.
pub(super) fn description(module: &ModuleId, own: Option<&str>, carries: &Carries, survey: &Survey) -> Vec<String> {
    let own: Vec<String> = match own {
        Some(text) => text.split("\n\n").map(one_line).filter(|text| !text.is_empty()).collect(),
        None => survey.descriptions.iter().take(3).map(|text| sentence(text)).collect(),
    };
    own.into_iter().chain([carries.description(module)]).collect()
}

fn sentence(text: &str) -> String {
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

/// Breaks a text into lines of at most `width` bytes; a longer word stands alone.
pub(crate) fn fold(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.len() + 1 + word.len() <= width => *line += &format!(" {word}"),
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A line of an RPM's changelog: `- one thing`, folded.
pub(crate) fn bullet(change: &str) -> String {
    format!("- {}", fold(change, 76).join("\n  "))
}
