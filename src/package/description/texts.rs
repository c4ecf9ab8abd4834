//! The summary and the paragraphs of a package.

use crate::ids::ModuleId;
use crate::package::Format;
use crate::package::description::carries::Carries;
use crate::package::module::survey::{Survey, one_line};

/// What the source says that it is, if it says something: a short phrase without article and full stop (developers reference
/// 6.2.2).
pub(super) fn described(module: &ModuleId, survey: &Survey) -> Option<String> {
    chosen(module, survey).map(|text| phrase(&text)).filter(|text| !text.is_empty())
}

/// What the module says that bears the name of the whole, or the only one that says something; else the README. Of several
/// modules with other names none speaks for all.
fn chosen(module: &ModuleId, survey: &Survey) -> Option<String> {
    let plain = |text: &str| text.replace('-', "_").to_ascii_lowercase();
    let name = plain(module.name.as_str());
    let own = |is_own: &dyn Fn(&str) -> bool| {
        survey.described.iter().find(|(stem, _)| is_own(&plain(stem))).map(|(_, text)| text.clone())
    };
    let only = match survey.descriptions.as_slice() {
        [only] => Some(only.clone()),
        // Built modules, in the order of their names.
        [first, ..] if survey.described.is_empty() => Some(first.clone()),
        _ => None,
    };
    own(&|stem| stem == name)
        .or_else(|| own(&|stem| stem.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('_'))))
        .or(only)
        .or_else(|| survey.readme.clone())
}

/// One line, with what the package carries. RPM wants a capital letter.
pub(super) fn summary(format: Format, text: &str, carries: &Carries) -> String {
    let remark = carries.remark();
    let text = format!("{} {remark}", shortened(text, 78_usize.saturating_sub(remark.len()).clamp(20, 60)));
    let text = text.trim_end().to_owned();
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
        None if survey.descriptions.len() > 3 => chosen(module, survey).iter().map(|text| sentence(text)).collect(),
        None => survey.descriptions.iter().map(|text| sentence(text)).collect(),
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
