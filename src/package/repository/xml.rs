//! Text for XML documents (XML 1.0, §2.2 and §2.4).

/// Escapes what would end a text or an attribute; characters that XML cannot hold are left out.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\t' | '\n' | '\r' => escaped.push(c),
            '\u{0}'..='\u{1f}' | '\u{7f}' | '\u{fffe}' | '\u{ffff}' => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// `<name>text</name>` with two blanks before it, on a line of its own.
pub(super) fn element(name: &str, text: &str) -> String {
    format!("  <{name}>{}</{name}>\n", escape(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_element_or_attribute() {
        assert_eq!(escape("a<b>&\"c\"\u{1}\u{0}\n"), "a&lt;b&gt;&amp;&quot;c&quot;\n");
        assert_eq!(element("name", "x & y"), "  <name>x &amp; y</name>\n");
    }
}
