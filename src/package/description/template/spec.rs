//! A spec as a template of a package: tags, description, scripts and changelog; its files are the source's.

use std::path::{Path, PathBuf};

use crate::ids::ModuleId;
use crate::package::Format;
use crate::package::description::changelog;
use crate::package::description::template::expand::{ExpandError, Macros};
use crate::package::description::template::{Template, TemplateError, condition};
use crate::package::description::wishes::Said;
use crate::package::words::date;
use crate::package::words::relations::{Kind, Phase, Relation, Script};

/// The macros that DKMS 2 defined for its template.
pub(crate) fn macros(module: &ModuleId) -> [(&'static str, &str); 5] {
    [
        ("module_name", module.name.as_str()),
        ("module_version", module.version.as_str()),
        ("version", module.version.as_str()),
        ("kernel_versions", ""),
        ("mktarball_line", "--source-only"),
    ]
}

/// A field of what a template says.
type Field = fn(&mut Said) -> &mut Option<String>;

/// Tags that say something about the package, and where it goes.
const TAGS: [(&str, Field); 8] = [
    ("name", |said| &mut said.package_name),
    ("version", |said| &mut said.package_version),
    ("release", |said| &mut said.release),
    ("summary", |said| &mut said.summary),
    ("license", |said| &mut said.license),
    ("packager", |said| &mut said.maintainer),
    ("vendor", |said| &mut said.vendor),
    ("url", |said| &mut said.url),
];

const RELATIONS: [(&str, Kind); 8] = [
    ("requires", Kind::Requires),
    ("prereq", Kind::Requires),
    ("provides", Kind::Provides),
    ("conflicts", Kind::Conflicts),
    ("obsoletes", Kind::Replaces),
    ("recommends", Kind::Recommends),
    ("suggests", Kind::Suggests),
    ("supplements", Kind::Supplements),
];

const SCRIPTS: [(&str, Phase); 5] = [
    ("pre", Phase::BeforeInstall),
    ("post", Phase::AfterInstall),
    ("preun", Phase::BeforeRemoval),
    ("postun", Phase::AfterRemoval),
    ("posttrans", Phase::AfterTransaction),
];

/// Sections that rpmbuild runs: the source's files are the package's, as they are.
const BUILDING: [&str; 7] = ["prep", "generate_buildrequires", "conf", "build", "install", "check", "clean"];
/// Sections that have no counterpart here.
const OTHERS: [&str; 8] =
    ["package", "pretrans", "preuntrans", "postuntrans", "verifyscript", "triggerin", "triggerun", "triggerpostun"];

enum Section {
    Preamble,
    Description,
    Script(Phase),
    Changelog,
    Files,
    Ignored,
}

/// `seconds`: the time of the package, since 1970.
pub(crate) fn read(file: &Path, module: &ModuleId, seconds: u64) -> Result<Template, TemplateError> {
    let text = String::from_utf8_lossy(&fs_err::read(file)?).into_owned();
    parse(file, &text, module, seconds)
}

fn parse(file: &Path, text: &str, module: &ModuleId, seconds: u64) -> Result<Template, TemplateError> {
    let mut known = Macros::new();
    known.define("today", date::day(seconds));
    macros(module).into_iter().for_each(|(name, text)| known.define(name, text));
    let template = Template { file: file.to_path_buf(), ..Template::default() };
    let mut reader = Reader {
        file: file.to_path_buf(),
        macros: known,
        section: Section::Preamble,
        conditions: Vec::new(),
        script: String::new(),
        changelog: String::new(),
        template,
    };
    let mut pending = String::new();
    for (number, line) in (1..).zip(text.lines()) {
        // A definition may go on; a shell's continued line is two lines here as well.
        let joined = format!("{pending}{line}");
        let trimmed = joined.trim_start();
        if trimmed.ends_with('\\') && (trimmed.starts_with("%define ") || trimmed.starts_with("%global ")) {
            pending = format!("{}\n", joined.trim_end_matches('\\'));
            continue;
        }
        pending.clear();
        reader.line(&joined).map_err(|reason| TemplateError::Line {
            file: reader.file.clone(),
            line: number,
            reason,
        })?;
    }
    reader.end()
}

struct Reader {
    file: PathBuf,
    macros: Macros,
    section: Section,
    /// Whether each open %if holds, outermost first, and whether one of its branches has held.
    conditions: Vec<(bool, bool)>,
    script: String,
    changelog: String,
    template: Template,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), String> {
        if self.condition(line)? || self.conditions.iter().any(|(holds, _)| !holds) {
            return Ok(());
        }
        if let Some(rest) = line.strip_prefix('%') {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            if let Some(section) = self.section_of(&rest[..end], rest[end..].trim())? {
                self.finish_script();
                self.section = section;
                return Ok(());
            }
        }
        if matches!(self.section, Section::Ignored) {
            return Ok(());
        }
        let told = |error: ExpandError| error.to_string();
        if self.macros.define_line(line).map_err(told)? {
            return Ok(());
        }
        // rpm does not look into comments of the preamble either, but for what goes on over lines.
        if matches!(self.section, Section::Preamble) && line.trim_start().starts_with('#') {
            return Ok(());
        }
        let line = self.macros.expand(line).map_err(told)?;
        match self.section {
            Section::Preamble => self.tag(&line),
            Section::Description => {
                let text = self.template.said.description.get_or_insert_default();
                *text += &format!("{}\n", line.trim_end());
                Ok(())
            }
            Section::Script(_) => {
                self.script += &format!("{line}\n");
                Ok(())
            }
            Section::Changelog => {
                self.changelog += &format!("{line}\n");
                Ok(())
            }
            Section::Files => carried(&line),
            Section::Ignored => Ok(()),
        }
    }

    /// %if, %else, %endif; says whether the line was one of them.
    fn condition(&mut self, line: &str) -> Result<bool, String> {
        let line = line.trim();
        let active = self.conditions.iter().all(|(holds, _)| *holds);
        if let Some(asked) = line.strip_prefix("%if").filter(|rest| rest.starts_with([' ', '(', '\t'])) {
            let holds = active && self.holds(asked)?;
            self.conditions.push((holds, holds));
        } else if line.starts_with("%ifarch ") || line.starts_with("%ifnarch ") || line.starts_with("%ifos ") {
            return Err(format!("`{line}` depends on the machine that builds"));
        } else if let Some(asked) = line.strip_prefix("%elif ") {
            let (_, held) = self.conditions.pop().ok_or("%elif without %if")?;
            let outside = self.conditions.iter().all(|(holds, _)| *holds);
            let holds = outside && !held && self.holds(asked)?;
            self.conditions.push((holds, held || holds));
        } else if line == "%else" || line.starts_with("%else ") {
            let (_, held) = self.conditions.pop().ok_or("%else without %if")?;
            self.conditions.push((!held, true));
        } else if line == "%endif" || line.starts_with("%endif ") {
            self.conditions.pop().ok_or("%endif without %if")?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn holds(&mut self, asked: &str) -> Result<bool, String> {
        let expanded = self.macros.expand(asked).map_err(|error| error.to_string())?;
        condition::holds(&expanded)
            .ok_or_else(|| format!("`%if {}` is not a condition that can be decided here", expanded.trim()))
    }

    /// The section that `%word …` begins; None: it begins none.
    fn section_of(&mut self, word: &str, rest: &str) -> Result<Option<Section>, String> {
        let is = |list: &[&str]| list.contains(&word);
        let section = if let Some((_, phase)) = SCRIPTS.iter().find(|(name, _)| *name == word) {
            match rest {
                "" | "-p /bin/sh" => Section::Script(*phase),
                "-p /sbin/ldconfig" => Section::Ignored,
                _ => return Err(format!("`%{word} {rest}`: scripts are plain ones of /bin/sh here")),
            }
        } else if is(&["description"]) && rest.is_empty() {
            Section::Description
        } else if is(&["changelog"]) {
            Section::Changelog
        } else if is(&["files"]) && rest.is_empty() {
            Section::Files
        } else if is(&BUILDING) {
            Section::Ignored
        } else if is(&OTHERS) || is(&["description", "files"]) {
            return Err(format!("`%{word} {rest}` makes something that no package from here has"));
        } else {
            return Ok(None);
        };
        Ok(Some(section))
    }

    fn tag(&mut self, line: &str) -> Result<(), String> {
        let Some((tag, value)) = line.split_once(':') else { return Ok(()) };
        let (tag, qualifier) = match tag.trim().split_once('(') {
            Some((tag, qualifier)) => (tag.trim(), qualifier.trim_end_matches(')')),
            None => (tag.trim(), ""),
        };
        let (tag, value) = (tag.to_ascii_lowercase(), value.trim());
        if let Some((_, place)) = TAGS.iter().find(|(name, _)| *name == tag) {
            // Later lines may ask for what the package is called.
            self.macros.define(&tag, value);
            *place(&mut self.template.said) = Some(value.to_owned());
            return Ok(());
        }
        if let Some((_, kind)) = RELATIONS.iter().find(|(name, _)| *name == tag) {
            return self.relate(*kind, qualifier, value);
        }
        match tag.as_str() {
            "epoch" => {
                let number = value.parse().map_err(|_| format!("the epoch `{value}` is not a number"))?;
                self.template.said.epoch = Some(number);
            }
            "buildarch" | "buildarchitectures" | "exclusivearch" => {
                self.template.said.architecture = Some(value.to_owned());
            }
            _ => {}
        }
        Ok(())
    }

    fn relate(&mut self, kind: Kind, qualifier: &str, value: &str) -> Result<(), String> {
        // Without commas `Requires: a >= 1 b` is two relations.
        let listed = with_commas(value);
        let relations = Relation::parse_list(Format::Rpm, kind, &listed).map_err(|error| error.to_string())?;
        let phases: Vec<Phase> = qualifier
            .split(',')
            .filter_map(|word| SCRIPTS.iter().find(|(name, _)| *name == word.trim()).map(|(_, phase)| *phase))
            .collect();
        for relation in relations {
            match phases.as_slice() {
                [] => self.template.relations.push(relation),
                phases => self.template.relations.extend(phases.iter().map(|phase| relation.clone().by(*phase))),
            }
        }
        Ok(())
    }

    fn finish_script(&mut self) {
        let text = std::mem::take(&mut self.script);
        if let Section::Script(phase) = self.section
            && !text.trim().is_empty()
        {
            self.template.scripts.push(Script { phase, text });
        }
    }

    fn end(mut self) -> Result<Template, TemplateError> {
        self.finish_script();
        if !self.conditions.is_empty() {
            let reason = "an %if has no %endif".to_owned();
            return Err(TemplateError::File { file: self.file, reason });
        }
        // A changelog that cannot be read is none: the package has a line of its own then.
        self.template.said.changelog = changelog::parse(&self.changelog).unwrap_or_default();
        Ok(self.template)
    }
}

/// Refuses a line of %files for anything but the source: that would be missing in the package, and nobody told.
fn carried(line: &str) -> Result<(), String> {
    // What is no macro stays in braces.
    let plain = line.replace("%{", "%").replace('}', "");
    let mut rest = plain.trim();
    while let Some(directive) = rest.strip_prefix('%') {
        let end = directive.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(directive.len());
        let (word, after) = directive.split_at(end);
        let after = match after.strip_prefix('(').and_then(|inside| inside.split_once(')')) {
            Some((_, after)) => after,
            None => after,
        };
        rest = match word {
            // Documents of the source are in it.
            "doc" | "license" | "defattr" | "exclude" => return Ok(()),
            "dir" | "attr" | "verify" | "lang" => after.trim_start(),
            _ => {
                return Err(format!(
                    "`{}` is in no package from here; --file SOURCE=PLACE brings a file",
                    plain.trim()
                ));
            }
        };
    }
    let is_source = rest.is_empty() || rest.starts_with('#') || rest == "/usr/src" || rest.starts_with("/usr/src/");
    if is_source {
        return Ok(());
    }
    Err(format!("`{rest}` is not of the source and would be missing; --file SOURCE=PLACE brings a file"))
}

/// `a >= 1 b` → `a >= 1, b`; what has commas or brackets stays as it is.
fn with_commas(value: &str) -> String {
    if value.contains([',', '(']) {
        return value.to_owned();
    }
    let mut listed = String::new();
    let mut words = value.split_whitespace().peekable();
    while let Some(word) = words.next() {
        listed += word;
        let sign = |word: &str| word.chars().all(|c| "<>=".contains(c));
        match words.peek() {
            None => {}
            Some(next) if sign(next) || sign(word) => listed.push(' '),
            Some(_) => listed += ", ",
        }
    }
    listed
}

#[cfg(test)]
mod tests;
