//! What would fail, is deprecated or is odd in a dkms.conf and the source beside it. The rules are a table.
//!
//! A rule knows or is silent: where a kernel, a script or a command decides, nothing is said.

mod finding;
mod make;
mod modules;
mod release;
mod rules;
mod text;

pub(crate) use crate::package::module::lint::finding::{Finding, Level, Rule, Subject};
pub(crate) use crate::package::module::lint::make::named_makefile;
pub(crate) use crate::package::module::lint::rules::RULES;
pub(crate) use crate::package::module::lint::text::assignments;

/// Everything that the rules find: errors first, of the dkms.conf before other files, by line.
pub(crate) fn lint(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for rule in RULES {
        for found in (rule.find)(subject) {
            let file = found.file.unwrap_or_else(|| subject.file.display().to_string());
            let text = crate::package::module::survey::one_line(&found.text);
            findings.push(Finding {
                rule: rule.name,
                level: rule.level,
                file,
                line: found.line,
                text,
                advice: rule.advice,
            });
        }
    }
    let own = subject.file.display().to_string();
    findings.sort_by_key(|finding| (finding.level, finding.file != own, finding.file.clone(), finding.line));
    findings
}

#[cfg(test)]
mod tests;
