//! A dkms.conf of earlier days in today's directives: comments, order and everything that is not old stay as they are.

use super::dialect;
use super::directive;

/// Whether a text is written in the first dialect.
pub(crate) fn is_first_dialect(text: &str) -> bool {
    dialect::is_first(text)
}

/// Whether this is the name of a directive of today or of later days than the first dialect.
pub(crate) fn is_directive(name: &str) -> bool {
    directive::is_known(name)
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Modernized {
    pub(crate) text: String,
    /// What was changed, one sentence each, with the line of the old text.
    pub(crate) changes: Vec<(usize, String)>,
    /// What should be changed and was not, likewise.
    pub(crate) left: Vec<(usize, String)>,
}

/// Renews the text of a dkms.conf. `name` and `version` go into files of the first dialect that do not say them.
pub(crate) fn modernize(text: &str, name: Option<&str>, version: Option<&str>) -> Modernized {
    let is_crlf = text.contains("\r\n");
    let plain = text.replace("\r\n", "\n");
    let statements = statements(&plain);
    let mut renewal = Renewal::new(&plain, &statements);
    if is_crlf {
        renewal.changes.push((1, "the line ends of another system became plain ones".to_owned()));
    }
    let missing = renewal.missing(name, version);
    let mut out = String::new();
    for statement in &statements {
        if !missing.is_empty() && !statement.is_comment() && !out.contains(&missing) {
            out += &missing;
        }
        out += &renewal.statement(statement);
    }
    Modernized { text: out, changes: renewal.changes, left: renewal.left }
}

/// One or more lines that belong together.
struct Statement<'t> {
    /// The number of the first line, from 1.
    line: usize,
    /// As written, with line ends.
    raw: &'t str,
    assignment: Option<Assignment<'t>>,
}

impl Statement<'_> {
    fn is_comment(&self) -> bool {
        let text = self.raw.trim_start();
        text.is_empty() || text.starts_with('#')
    }
}

/// `NAME[INDEX]=VALUE # REST`, and nothing else on its lines.
#[derive(Clone, Copy)]
struct Assignment<'t> {
    indent: &'t str,
    name: &'t str,
    index: Option<usize>,
    /// As written, with quotes.
    value: &'t str,
    /// What follows the value: blanks, a comment.
    rest: &'t str,
}

/// Splits a text into statements. What is no plain assignment is a statement by the line.
fn statements(text: &str) -> Vec<Statement<'_>> {
    let mut statements = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < text.len() {
        let found = assignment(&text[at..]);
        let length =
            found.map_or_else(|| text[at..].find('\n').map_or(text.len() - at, |end| end + 1), |(_, length)| length);
        let raw = &text[at..at + length];
        statements.push(Statement { line, raw, assignment: found.map(|(assignment, _)| assignment) });
        line += raw.matches('\n').count();
        at += length;
    }
    statements
}

/// The assignment with which a text begins, and its length with the line end.
fn assignment(text: &str) -> Option<(Assignment<'_>, usize)> {
    let indent = text.len() - text.trim_start_matches([' ', '\t']).len();
    let begin = text[indent..].strip_prefix("export ").map_or(indent, |rest| text.len() - rest.trim_start().len());
    let after_name = text[begin..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_')? + begin;
    let name = &text[begin..after_name];
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let (index, equals) = match text[after_name..].strip_prefix('[') {
        Some(rest) => {
            let (index, _) = rest.split_once(']')?;
            (Some(index.trim().parse().ok()?), after_name + index.len() + 2)
        }
        None => (None, after_name),
    };
    let start = equals + 1;
    if !is_name || !text[equals..].starts_with('=') || text[start..].starts_with('(') {
        return None;
    }
    let end = start + word(&text[start..])?;
    let line_end = text[end..].find('\n').map_or(text.len(), |at| end + at);
    let rest = &text[end..line_end];
    let is_alone =
        rest.trim_start().is_empty() || (rest.starts_with([' ', '\t']) && rest.trim_start().starts_with('#'));
    let value = &text[start..end];
    is_alone
        .then_some((Assignment { indent: &text[..indent], name, index, value, rest }, (line_end + 1).min(text.len())))
}

/// The length of a shell word; None when its quotes do not close.
fn word(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match (c, quote) {
            ('\\', None | Some('"')) => drop(chars.next()),
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'' | '`', None) => quote = Some(c),
            (' ' | '\t' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>', None) => return Some(at),
            _ => {}
        }
    }
    quote.is_none().then_some(text.len())
}

/// The text that quotes stand around; None when it is computed or quoted in parts.
fn literal(value: &str) -> Option<&str> {
    let inner = ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote)).unwrap_or(value);
    (!inner.contains(['$', '`', '\\', '"', '\''])).then_some(inner)
}

struct Renewal<'t> {
    text: &'t str,
    is_first: bool,
    /// LOCATION of the first dialect, as written.
    location: Option<&'t str>,
    names_modules: bool,
    has_maximum: bool,
    has_name: bool,
    has_version: bool,
    /// PATCHn in number order.
    numbered: Vec<usize>,
    makes: usize,
    patches: usize,
    changes: Vec<(usize, String)>,
    left: Vec<(usize, String)>,
}

impl<'t> Renewal<'t> {
    fn new(text: &'t str, statements: &[Statement<'t>]) -> Self {
        let assignments = || statements.iter().filter_map(|statement| statement.assignment.as_ref());
        let sets = |name: &str| assignments().any(|assignment| assignment.name == name);
        let is_first = dialect::is_first(text);
        let mut numbered: Vec<usize> =
            assignments().filter_map(|assignment| assignment.name.strip_prefix("PATCH")?.parse().ok()).collect();
        numbered.sort_unstable();
        numbered.dedup();
        Self {
            text,
            is_first,
            location: assignments().rfind(|assignment| assignment.name == "LOCATION").map(|found| found.value),
            names_modules: sets("MODULE_NAME"),
            has_maximum: sets("BUILD_EXCLUSIVE_KERNEL_MAX"),
            has_name: sets("PACKAGE_NAME"),
            has_version: sets("PACKAGE_VERSION"),
            makes: 0,
            patches: numbered.len(),
            numbered,
            changes: Vec::new(),
            left: Vec::new(),
        }
    }

    /// Lines with what a file of the first dialect left to the command line or its folder's name.
    fn missing(&mut self, name: Option<&str>, version: Option<&str>) -> String {
        let wanted = [("PACKAGE_NAME", self.has_name, name), ("PACKAGE_VERSION", self.has_version, version)];
        let mut lines = String::new();
        for (directive, _, value) in wanted.into_iter().filter(|(_, is_there, _)| !is_there && self.is_first) {
            match value {
                Some(value) => {
                    lines += &format!("{directive}=\"{value}\"\n");
                    self.changes.push((1, format!("{directive} is set, which could be missing once")));
                }
                None => self.left.push((1, format!("{directive} is missing and is not known"))),
            }
        }
        lines
    }

    fn statement(&mut self, statement: &Statement<'t>) -> String {
        let Some(assignment) = &statement.assignment else {
            self.beyond(statement);
            return statement.raw.to_owned();
        };
        let renewed = if self.is_first { self.of_first(statement, assignment) } else { None };
        renewed.or_else(|| self.of_today(statement, assignment)).unwrap_or_else(|| statement.raw.to_owned())
    }

    /// A line that is no plain assignment but holds an old name.
    fn beyond(&mut self, statement: &Statement<'t>) {
        let of_first = ["MODULE_NAME", "LOCATION", "MAKE_"].iter().filter(|_| self.is_first).copied();
        let old = directive::OBSOLETE.iter().copied().chain(["OBSOLETE_BY"]).chain(of_first);
        let is_set = |name: &&str| {
            statement.raw.match_indices(*name).any(|(at, _)| {
                let before = statement.raw[..at].chars().next_back();
                before.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '_') && statement.raw[at..].contains('=')
            })
        };
        if let Some(name) = (!statement.is_comment()).then(|| old.into_iter().find(is_set)).flatten() {
            self.left.push((statement.line, format!("{name} is set in a way that is left to a person")));
        }
    }

    /// Directives of the first dialect.
    fn of_first(&mut self, statement: &Statement<'t>, old: &Assignment<'t>) -> Option<String> {
        let line = statement.line;
        let renamed = |name: &str, index: usize| format!("{}{name}[{index}]={}{}\n", old.indent, old.value, old.rest);
        let matching =
            |name: &str, index: usize, text: &str| format!("{}{name}_MATCH[{index}]=\"{text}\"\n", old.indent);
        let name = old.name;
        let text = match name {
            "MAKE" if old.index.is_none() => renamed("MAKE", 0),
            "LOCATION" if self.names_modules => {
                self.changes.push((line, "LOCATION went to each module as DEST_MODULE_LOCATION".to_owned()));
                return Some(String::new());
            }
            "LOCATION" => {
                self.changes.push((line, "LOCATION became DEST_MODULE_LOCATION".to_owned()));
                return Some(format!(
                    "{}BUILT_MODULE_NAME[0]=\"$PACKAGE_NAME\"\n{}",
                    old.indent,
                    renamed("DEST_MODULE_LOCATION", 0)
                ));
            }
            "MODULE_NAME" => return self.modules(line, old),
            "NEEDED_FOR_BOOT" => return Some(self.obsolete(statement, "does nothing any more")),
            _ if name.starts_with("MODULES_CONF") => return Some(self.obsolete(statement, "does nothing any more")),
            _ => self.variant(name, &renamed, &matching)?,
        };
        self.changes.push((line, format!("{name} became {}", one_line(&text))));
        Some(text)
    }

    fn variant(
        &mut self,
        name: &str,
        renamed: &dyn Fn(&str, usize) -> String,
        matching: &dyn Fn(&str, usize, &str) -> String,
    ) -> Option<String> {
        if let Some(text) = name.strip_prefix("MAKE_").filter(|_| name != "MAKE_MATCH") {
            self.makes += 1;
            return Some(renamed("MAKE", self.makes) + &matching("MAKE", self.makes, text));
        }
        if let Some(text) = name.strip_prefix("PATCH_").filter(|_| name != "PATCH_MATCH") {
            self.patches += 1;
            return Some(renamed("PATCH", self.patches - 1) + &matching("PATCH", self.patches - 1, text));
        }
        let number: usize = name.strip_prefix("PATCH")?.parse().ok()?;
        let index = self.numbered.iter().position(|known| *known == number)?;
        Some(renamed("PATCH", index))
    }

    /// MODULE_NAME's `built.o[:installed.o]` words.
    fn modules(&mut self, line: usize, old: &Assignment<'t>) -> Option<String> {
        let Some(words) = literal(old.value) else {
            self.left
                .push((line, "MODULE_NAME is computed; BUILT_MODULE_NAME[0] and so on are to be written".to_owned()));
            return None;
        };
        let mut text = String::new();
        for (index, word) in words.split_whitespace().enumerate() {
            let (built, installed) = word.split_once(':').map_or((word, None), |(built, to)| (built, Some(to)));
            let (folder, built) = built.rsplit_once('/').map_or((None, built), |(folder, built)| (Some(folder), built));
            let mut set = |name: &str, value: &str| text += &format!("{}{name}[{index}]={value}\n", old.indent);
            set("BUILT_MODULE_NAME", &format!("\"{}\"", dialect::without_suffix(built)));
            if let Some(folder) = folder {
                set("BUILT_MODULE_LOCATION", &format!("\"{folder}\""));
            }
            if let Some(installed) = installed {
                set("DEST_MODULE_NAME", &format!("\"{}\"", dialect::without_suffix(installed)));
            }
            if let Some(location) = self.location {
                set("DEST_MODULE_LOCATION", location);
            }
        }
        self.changes.push((line, format!("MODULE_NAME became {}", one_line(&text))));
        Some(text)
    }

    /// Directives of later days that are deprecated or misspelt.
    fn of_today(&mut self, statement: &Statement<'t>, old: &Assignment<'t>) -> Option<String> {
        let (line, name) = (statement.line, old.name);
        let index = old.index.map_or(String::new(), |index| format!("[{index}]"));
        if name == "CLEAN" {
            return Some(self.obsolete(statement, "is not run any more"));
        }
        if directive::OBSOLETE.contains(&name) {
            return Some(self.obsolete(statement, "does nothing any more"));
        }
        if name == "OBSOLETE_BY" && self.has_maximum {
            return Some(self.obsolete(statement, "stands behind BUILD_EXCLUSIVE_KERNEL_MAX"));
        }
        let meant = directive::TYPOS.iter().find(|(typo, _)| *typo == name).map(|(_, meant)| *meant);
        let new = if name == "OBSOLETE_BY" { Some("BUILD_EXCLUSIVE_KERNEL_MAX") } else { meant };
        if let Some(new) = new.filter(|new| !self.text.contains(&format!("{new}{index}="))) {
            self.changes.push((line, format!("{name} became {new}")));
            return Some(format!("{}{new}{index}={}{}\n", old.indent, old.value, old.rest));
        }
        let value = corrected(name, literal(old.value)?)?;
        self.changes.push((line, format!("{name}{index} became {value}")));
        Some(format!("{}{name}{index}=\"{value}\"{}\n", old.indent, old.rest))
    }

    /// Turns a statement into a comment; within a block something must be left to run.
    fn obsolete(&mut self, statement: &Statement<'t>, why: &str) -> String {
        let Some(old) = &statement.assignment else { return statement.raw.to_owned() };
        if self.text.contains(&format!("${}", old.name)) || self.text.contains(&format!("${{{}", old.name)) {
            self.left.push((statement.line, format!("{} {why}, but the file reads it", old.name)));
            return statement.raw.to_owned();
        }
        self.changes.push((statement.line, format!("{} {why}: now a comment", old.name)));
        let rest_of_block = if old.indent.is_empty() { "" } else { ": " };
        let mut text = String::new();
        for line in statement.raw.lines() {
            text += &format!("{}{rest_of_block}# {}\n", old.indent, line.trim_start());
        }
        text
    }
}

/// A value that was taken once, as it must be today.
fn corrected(name: &str, value: &str) -> Option<String> {
    match name {
        "BUILT_MODULE_NAME" | "DEST_MODULE_NAME" => {
            let bare = dialect::without_suffix(value);
            (bare != value).then(|| bare.to_owned())
        }
        "DEST_MODULE_LOCATION" => {
            let is_bare = ["kernel", "updates", "extra"].iter().any(|start| value.starts_with(start));
            is_bare.then(|| format!("/{value}"))
        }
        _ => None,
    }
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn becomes(old: &str, new: &str) {
        let made = modernize(old, None, None);
        assert_eq!(made.text, new, "{:?}", made.changes);
        assert_eq!(modernize(&made.text, None, None).text, new, "renewing what is new changes nothing");
    }

    const FIRST: &str = "# The driver\nPACKAGE_NAME=qla\nPACKAGE_VERSION=v6\nMAKE=\"make all\" # usual\n\
        MAKE_smp=\"make SMP=1 all\"\nMAKE_bigmem='make BM=1'\nPATCH7=b.patch\nPATCH0=a.patch\nPATCH_smp=\"c.patch\"\n\
        MODULE_NAME=\"a.o:b.o sub/c.o\"\nLOCATION=\"/kernel/drivers/scsi\"\nREMAKE_INITRD=\"yes\"\nMODULES_CONF0=\"x\"\n";

    #[test]
    fn the_first_dialect_is_renewed_with_its_comments_and_order() {
        becomes(
            FIRST,
            "# The driver\nPACKAGE_NAME=qla\nPACKAGE_VERSION=v6\nMAKE[0]=\"make all\" # usual\n\
             MAKE[1]=\"make SMP=1 all\"\nMAKE_MATCH[1]=\"smp\"\nMAKE[2]='make BM=1'\nMAKE_MATCH[2]=\"bigmem\"\n\
             PATCH[1]=b.patch\nPATCH[0]=a.patch\nPATCH[2]=\"c.patch\"\nPATCH_MATCH[2]=\"smp\"\n\
             BUILT_MODULE_NAME[0]=\"a\"\nDEST_MODULE_NAME[0]=\"b\"\nDEST_MODULE_LOCATION[0]=\"/kernel/drivers/scsi\"\n\
             BUILT_MODULE_NAME[1]=\"c\"\nBUILT_MODULE_LOCATION[1]=\"sub\"\nDEST_MODULE_LOCATION[1]=\"/kernel/drivers/scsi\"\n\
             # REMAKE_INITRD=\"yes\"\n# MODULES_CONF0=\"x\"\n",
        );
        let made = modernize("# x\n\nLOCATION=/kernel/x\n", Some("n"), Some("1"));
        assert_eq!(
            made.text,
            "# x\n\nPACKAGE_NAME=\"n\"\nPACKAGE_VERSION=\"1\"\nBUILT_MODULE_NAME[0]=\"$PACKAGE_NAME\"\n\
             DEST_MODULE_LOCATION[0]=/kernel/x\n"
        );
        let left = modernize("MODULE_NAME=\"$X\"\nLOCATION=/kernel/x\n", Some("n"), None).left;
        assert_eq!(left.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 1]);
    }

    #[test]
    fn todays_files_lose_only_what_is_deprecated() {
        let cases = [
            ("A=1\nCLEAN=\"make \\\n clean\"\nB=2", "A=1\n# CLEAN=\"make \\\n# clean\"\nB=2"),
            ("if x; then\n  CLEAN=y\nfi\n", "if x; then\n  : # CLEAN=y\nfi\n"),
            ("CLEAN=x\nPRE_BUILD=$CLEAN\n", "CLEAN=x\nPRE_BUILD=$CLEAN\n"),
            ("OBSOLETE_BY=\"5.1\"\n", "BUILD_EXCLUSIVE_KERNEL_MAX=\"5.1\"\n"),
            ("OBSOLETE_BY=5\nBUILD_EXCLUSIVE_KERNEL_MAX=6\n", "# OBSOLETE_BY=5\nBUILD_EXCLUSIVE_KERNEL_MAX=6\n"),
            ("BUILD_MODULE_NAME[1]=a\n", "BUILT_MODULE_NAME[1]=a\n"),
            ("BUILT_MODULE_NAME[0]='a.ko' # x\n", "BUILT_MODULE_NAME[0]=\"a\" # x\n"),
            (
                "BUILT_MODULE_NAME=a\nDEST_MODULE_LOCATION=kernel/x\n",
                "BUILT_MODULE_NAME=a\nDEST_MODULE_LOCATION=\"/kernel/x\"\n",
            ),
            ("A=1\r\nMODULES_CONF=x\r\n", "A=1\n# MODULES_CONF=x\n"),
            ("REMAKE_INITRD=no; A=1\n", "REMAKE_INITRD=no; A=1\n"),
            ("for f in a; do A=\"$f\"; done\nB='\n", "for f in a; do A=\"$f\"; done\nB='\n"),
        ];
        for (old, new) in cases {
            becomes(old, new);
        }
        assert_eq!(modernize("REMAKE_INITRD=no; A=1\n", None, None).left.len(), 1);
    }
}
