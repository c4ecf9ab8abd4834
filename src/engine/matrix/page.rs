//! The matrix as a page for a browser: one file, no script, nothing of foreign origin. Every text is escaped.

use super::table::{Mark, reason};
use super::{Cell, Matrix};
use crate::package::repository::xml::escape;

const STYLE: &str = "body{font:15px/1.4 system-ui,sans-serif;margin:2em;color:#222;background:#fff}\
table{border-collapse:collapse}th,td{padding:.35em .6em;border:1px solid #ccc;text-align:left}\
thead th{vertical-align:bottom}thead th span{writing-mode:vertical-rl;transform:rotate(180deg);font-weight:600}\
td{text-align:center}td a{color:inherit}\
.built,.kept{background:#cdeccf}.kept{background:#e3f4e4}.fails{background:#f6c5c0;font-weight:600}\
.excluded{background:#eee;color:#666}.unknown{background:#fbe8b8}.open{background:#fff;color:#888}\
pre{white-space:pre-wrap;margin:.3em 0}dt{margin-top:1em;font-weight:600}dd{margin-left:1.5em}\
.key span{padding:.1em .5em;margin-right:1em;border:1px solid #ccc}\
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}th,td{border-color:#444}\
.built{background:#1d4d22}.kept{background:#1a3a1d}.fails{background:#6b1f19}.excluded{background:#2a2a2a;color:#999}\
.unknown{background:#5a4810}.open{background:#181818}}";

/// Says that a page is ours.
pub(crate) const MARK: &str = "<meta name=\"generator\" content=\"dkms mkmatrix\">";

/// The page. `log` gives the address of a cell's log, relative to the page.
pub(crate) fn text(matrix: &Matrix, log: &dyn Fn(&Cell) -> Option<String>) -> String {
    let count = |wanted: &[Mark]| matrix.cells.iter().filter(|cell| wanted.contains(&Mark::of(cell))).count();
    let title = format!("{} modules for {} kernels", matrix.modules.len(), matrix.kernels.len());
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n{MARK}\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1>{title}</h1>\n<p>{} built, {} not for their kernel, {} failing, {} not built or not known.</p>\n",
        count(&[Mark::Built, Mark::Kept]),
        count(&[Mark::Excluded]),
        count(&[Mark::Fails]),
        count(&[Mark::Unknown, Mark::Open]),
    );
    page += &grid(matrix, log);
    page += &legend(matrix);
    page += &causes(matrix, log);
    page + "</body>\n</html>\n"
}

fn grid(matrix: &Matrix, log: &dyn Fn(&Cell) -> Option<String>) -> String {
    let heads: String = matrix
        .kernels
        .iter()
        .map(|column| format!("<th scope=\"col\"><span>{}</span></th>", escape(column.target.kernel.as_str())))
        .collect();
    let mut text = format!("<table>\n<thead><tr><th></th>{heads}</tr></thead>\n<tbody>\n");
    for module in &matrix.modules {
        let cells = matrix.cells.iter().filter(|cell| cell.wanted.module == *module);
        let cells: String = cells.map(|cell| field(cell, log)).collect();
        text += &format!("<tr><th scope=\"row\">{}</th>{cells}</tr>\n", escape(&module.to_string()));
    }
    text + "</tbody>\n</table>\n"
}

fn field(cell: &Cell, log: &dyn Fn(&Cell) -> Option<String>) -> String {
    let mark = Mark::of(cell);
    let shown = match (mark, log(cell)) {
        (Mark::Fails | Mark::Excluded | Mark::Unknown, _) => format!("<a href=\"#{}\">{}</a>", cell.key(), mark.name()),
        (_, Some(log)) => format!("<a href=\"{}\">{}</a>", escape(&address(&log)), mark.name()),
        (_, None) => mark.name().to_owned(),
    };
    let title = reason(cell).map_or(mark.meaning(), |(why, _)| why);
    format!("<td class=\"{}\" title=\"{}\">{shown}</td>", mark.name(), escape(title))
}

fn legend(matrix: &Matrix) -> String {
    let used: Vec<Mark> = matrix.cells.iter().map(Mark::of).collect();
    let marks = Mark::ALL.into_iter().filter(|mark| used.contains(mark));
    let text: String = marks
        .map(|mark| format!("<span class=\"{}\">{}</span>{} ", mark.name(), mark.name(), mark.meaning()))
        .collect();
    format!("<p class=\"key\">{text}</p>\n")
}

/// Why cells have no modules.
fn causes(matrix: &Matrix, log: &dyn Fn(&Cell) -> Option<String>) -> String {
    let told: String = matrix.cells.iter().filter_map(|cell| cause(cell, log)).collect();
    if told.is_empty() { String::new() } else { format!("<h2>Why some are not built</h2>\n<dl>\n{told}</dl>\n") }
}

fn cause(cell: &Cell, log: &dyn Fn(&Cell) -> Option<String>) -> Option<String> {
    let (why, hints) = reason(cell)?;
    let subject = format!("{} for {}", cell.wanted.module, cell.wanted.target.kernel);
    let mut text = format!("<dt id=\"{}\">{}</dt>\n<dd><pre>{}</pre>", cell.key(), escape(&subject), escape(why));
    for hint in hints {
        text += &format!("<p>{}</p>", escape(hint));
    }
    if let Some(log) = log(cell) {
        text += &format!("<p><a href=\"{}\">the whole log</a></p>", escape(&address(&log)));
    }
    Some(text + "</dd>\n")
}

/// A path below the page as an address: what has a meaning there is written by its number (RFC 3986, 2.1).
fn address(path: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::matrix::table::tests::{fails, matrix};
    use crate::engine::preflight::verdict::Standing;

    #[test]
    fn foreign_text_is_shown_and_never_part_of_the_page() {
        let evil = "<script src=\"https://example.org/x\"></script>\" onclick='x' &amp;";
        let states = [Standing::Builds, fails(evil), Standing::Excluded { why: evil.into() }];
        let page = text(&matrix(&["6.1.0+\"><b>"], &states), &|_| Some("logs/a \"b\"+#.txt".into()));
        assert!(!page.contains("<script") && !page.contains("<b>") && !page.contains("\" onclick"), "{page}");
        assert!(page.contains("&lt;script src=&quot;https://example.org/x&quot;"));
        assert!(page.contains("href=\"logs/a%20%22b%22%2B%23.txt\""), "{page}");
        assert!(page.contains("default-src 'none'"));
    }

    #[test]
    fn every_cell_has_its_colour_and_those_that_fail_their_cause() {
        let states = [Standing::Builds, fails("a.c:1: error")];
        let page = text(&matrix(&["6.1", "6.2"], &states), &|cell| cell.fails().then(|| "logs/x.txt".into()));
        for (class, times) in [("<td class=\"built\"", 1), ("<td class=\"fails\"", 1), ("<td class=\"open\"", 2)] {
            assert_eq!(page.matches(class).count(), times, "{class}");
        }
        assert!(page.contains("<pre>a.c:1: error</pre><p>do this</p><p><a href=\"logs/x.txt\">"), "{page}");
        assert!(page.contains("1 built, 0 not for their kernel, 1 failing, 2 not built"));
    }
}
