//! Texts in place of the marks of a template.

/// Puts texts in place of marks, none of which is looked for in a text that was put in. A mark that stands alone on its line
/// takes lines, as far indented, or goes.
pub(crate) fn filled(template: &str, marks: &[(&str, String)]) -> String {
    let mut made = String::new();
    for line in template.lines() {
        let alone = line.trim_start();
        if let Some((_, text)) = marks.iter().find(|(mark, _)| *mark == alone) {
            let indent = &line[..line.len() - alone.len()];
            let indented = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("{indent}{line}\n") };
            made.extend(text.trim_end_matches('\n').lines().map(indented));
            continue;
        }
        let mut rest = line;
        while let Some((at, mark, text)) = first(rest, marks) {
            made += &rest[..at];
            made += text;
            rest = &rest[at + mark.len()..];
        }
        made += rest;
        made.push('\n');
    }
    made
}

fn first<'m>(line: &str, marks: &'m [(&'m str, String)]) -> Option<(usize, &'m str, &'m str)> {
    marks.iter().filter_map(|(mark, text)| Some((line.find(mark)?, *mark, text.as_str()))).min_by_key(|(at, ..)| *at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_look_like_marks_stay_what_they_are() {
        let marks = [("@A@", "x@B@".to_owned()), ("@B@", "1\n\n2 \n".to_owned()), ("@C@", String::new())];
        assert_eq!(filled("<@A@|@A@>\n  @B@\n@C@\nend\n", &marks), "<x@B@|x@B@>\n  1\n\n  2 \nend\n");
    }
}
