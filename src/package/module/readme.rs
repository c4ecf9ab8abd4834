//! The first sentence of a README: what a source says it is, where no module of its name says so.

/// Characters of a sentence that can stand for the whole.
const LENGTH: std::ops::Range<usize> = 20..300;

/// Whether a path is the README of the source itself.
pub(crate) fn is_one(path: &str) -> bool {
    ["README", "README.md", "README.txt", "README.rst", "Readme.md", "readme.md", "README.markdown"].contains(&path)
}

/// The first sentence that is prose, without the marks of Markdown.
pub(crate) fn sentence(text: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().take(200).map(str::trim).collect();
    let mut paragraphs: Vec<String> = vec![String::new()];
    let mut in_code = false;
    for (at, line) in lines.iter().enumerate() {
        in_code ^= line.starts_with("```");
        let next = lines.get(at + 1).copied().unwrap_or_default();
        let is_rule = |line: &str| line.len() > 2 && line.chars().all(|c| "=-~^*_".contains(c));
        let is_item = ["* ", "- ", "+ ", "[!", "[ ", "```"].iter().any(|start| line.starts_with(start));
        let is_apart = is_item || line.is_empty() || line.starts_with(['#', '<', '|', '>', '!', '.', '$']);
        if in_code || is_apart || is_rule(line) || is_rule(next) {
            paragraphs.push(String::new());
        } else if let Some(last) = paragraphs.last_mut() {
            *last += &format!("{line} ");
        }
    }
    paragraphs.iter().map(|text| plain(text)).find_map(|text| {
        let end = text.find(". ").map_or(text.len(), |at| at + 1);
        let first = text[..end].to_owned();
        let is_prose = LENGTH.contains(&first.len()) && first.ends_with('.') && first.split(' ').count() > 3;
        is_prose.then_some(first)
    })
}

/// Text without emphasis, code marks and the targets of links.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("](") {
        out += before;
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    out += rest;
    out.replace(['*', '`', '[', ']'], "").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_prose_of_a_readme_is_found() {
        let cases = [
            (
                "# foo\n\n[![badge](x)](y)\n\n**Foo** is a [driver](http://x) for `foo`\nhardware. More.\n",
                Some("Foo is a driver for foo hardware."),
            ),
            ("foo\n===\n\nA module that does things for you.\n", Some("A module that does things for you.")),
            (
                "```\nThis is code and no prose at all.\n```\nThis driver is for real hardware only.\n",
                Some("This driver is for real hardware only."),
            ),
            ("Build:\n  make\n", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(sentence(text).as_deref(), expected, "{text}");
        }
    }
}
