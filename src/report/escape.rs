//! Foreign text for people: what would steer a terminal, forge a line of a log or turn text around is shown, not done.

use std::borrow::Cow;

/// Text of our own in which foreign words stand: line ends and tabs are ours, every other control character is written
/// out. Only what is safe comes out, so that a text that went through once stays as it is.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    escape(text, |character| !matches!(character, '\n' | '\t') && is_steering(character), plain)
}

/// A foreign word inside a line, such as the name of a file: it cannot begin a line of its own either.
pub(crate) fn word(word: &str) -> Cow<'_, str> {
    escape(word, is_steering, plain)
}

/// A finished JSON document: serde escapes what JSON wants escaped, which a terminal's other control characters are not.
/// They can stand inside of strings only, where `\u` is understood.
pub(crate) fn json(document: &str) -> Cow<'_, str> {
    escape(
        document,
        |character| !matches!(character, '\n' | '\t') && is_steering(character),
        |character| format!("\\u{:04x}", u32::from(character)),
    )
}

/// C0 and C1 controls (ECMA-48), DEL, the bidirectional controls of Unicode (UAX #9, 2.7) and its own line ends.
fn is_steering(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn plain(character: char) -> String {
    match character {
        '\n' => r"\n".to_owned(),
        '\t' => r"\t".to_owned(),
        '\r' => r"\r".to_owned(),
        character if character.is_ascii() => format!("\\x{:02x}", u32::from(character)),
        character => format!("\\u{{{:x}}}", u32::from(character)),
    }
}

fn escape(text: &str, is_bad: impl Fn(char) -> bool, write: impl Fn(char) -> String) -> Cow<'_, str> {
    if !text.contains(&is_bad) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_bad(character) {
            shown.push_str(&write(character));
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_steer_a_terminal_is_written_out() {
        let cases = [
            ("plain – text ‘with’ ümlaut\n\tand lines", "plain – text ‘with’ ümlaut\n\tand lines"),
            ("\u{1b}[2J\u{1b}]0;title\u{7}", r"\x1b[2J\x1b]0;title\x07"),
            ("over\rwritten\u{8}\u{7f}\u{0}", r"over\rwritten\x08\x7f\x00"),
            ("\u{9b}31m", r"\u{9b}31m"),
            ("a\u{202e}cod.exe\u{2066}\u{2069}\u{200f}", r"a\u{202e}cod.exe\u{2066}\u{2069}\u{200f}"),
            ("line\u{2028}end\u{85}", r"line\u{2028}end\u{85}"),
        ];
        for (given, shown) in cases {
            assert_eq!(text(given), shown);
            assert_eq!(text(shown), shown, "once is enough");
        }
    }

    #[test]
    fn a_foreign_word_has_no_lines() {
        assert_eq!(word("a\ndkms: all is well\t!"), r"a\ndkms: all is well\t!");
    }

    #[test]
    fn a_document_stays_one_that_says_the_same() {
        let value = serde_json::json!({"a": "\u{1b}[1m \u{7f}\u{9b}\u{202e}\n"});
        let document = serde_json::to_string_pretty(&value).unwrap();
        let shown = json(&document);
        assert!(shown.chars().all(|character| character == '\n' || !is_steering(character)), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}
