//! Puts into the sentences of rules what they are about.

use super::Case;
use super::about::Series;
use super::rules_of_make::own_words;

/// Puts the words into a sentence.
pub(super) fn filled(sentence: &str, case: &Case<'_>, word: &str) -> String {
    let about = case.about;
    let series = Series::of(about.kernel).map_or_else(|| about.kernel.to_string(), |series| series.to_string());
    let plain = word.rsplit('/').next().unwrap_or(word);
    let mut text = own_words(sentence, case, word);
    for (name, value) in [
        ("{install}", about.packages.install(if word.starts_with("openssl/") { "openssl/" } else { plain })),
        ("{module}", about.id.name.to_string()),
        ("{version}", about.id.version.to_string()),
        ("{kernel}", about.kernel.to_string()),
        ("{series}", series),
        ("{folder}", case.fatal.folder.clone().unwrap_or_default()),
        ("{source}", format!("/usr/src/{}", about.id.source_folder())),
        ("{}", word.to_owned()),
    ] {
        text = text.replace(name, &value);
    }
    text
}
