//! The rules of `dkms lint`.

use std::collections::BTreeSet;

use crate::conf::{self, ConfError};
use crate::package::module::lint::finding::{Found, Level, Rule, Subject};
use crate::package::module::placeholder;

/// Every rule, the bad ones first.
pub(crate) const RULES: &[Rule] = &[
    Rule { name: "not-readable", level: Level::Error, advice: "`bash -n FILE` checks the syntax", find: not_readable },
    Rule {
        name: "missing-directive",
        level: Level::Error,
        advice: "dkms.conf(5) says which directives are required; `dkms mkconf` writes them",
        find: |subject| problems(subject, |text| text.contains("is missing")),
    },
    Rule {
        name: "bad-value",
        level: Level::Error,
        advice: "correct the value; dkms.conf(5) describes each directive",
        find: |subject| problems(subject, |text| !text.contains("is missing")),
    },
    Rule {
        name: "duplicate",
        level: Level::Error,
        advice: "give each module a path and a DEST_MODULE_NAME of its own",
        find: |subject| {
            let known = subject.known().into_iter();
            known.flat_map(|known| &known.duplicates).map(|text| subject.located(text)).collect()
        },
    },
    Rule {
        name: "bad-expression",
        level: Level::Error,
        advice: "write an extended regular expression (regex(7)); it is searched for in the kernel release",
        find: |subject| notices(subject, |text| text.contains("matches no kernel") || text.contains("matches nothing")),
    },
    Rule {
        name: "patch-missing",
        level: Level::Error,
        advice: "put the patch below patches/, or take the directive away: a build without it ends with 5",
        find: patch_missing,
    },
    Rule {
        name: "make-ignored",
        level: Level::Warning,
        advice: "give it a MAKE_MATCH of the same index; only MAKE[0] serves without one",
        find: |subject| notices(subject, |text| text.contains("has no MAKE_MATCH")),
    },
    Rule {
        name: "no-module",
        level: Level::Warning,
        advice: "BUILT_MODULE_NAME[0] and DEST_MODULE_LOCATION[0] name the first module",
        find: |subject| notices(subject, |text| text.contains("it names no module")),
    },
    Rule {
        name: "not-built",
        level: Level::Warning,
        advice: "compare BUILT_MODULE_NAME and BUILT_MODULE_LOCATION with obj-m of the makefile, and the folder of M= in MAKE",
        find: not_built,
    },
    Rule {
        name: "not-listed",
        level: Level::Warning,
        advice: "add a BUILT_MODULE_NAME and DEST_MODULE_LOCATION for it, if it is to be installed",
        find: not_listed,
    },
    Rule {
        name: "script-missing",
        level: Level::Warning,
        advice: "put the script into the source and make it executable (chmod +x), or take the directive away",
        find: script_missing,
    },
    Rule {
        name: "running-kernel",
        level: Level::Warning,
        advice: "use $kernelver or $kernel_source_dir: builds are for other kernels than the running one as well",
        find: running_kernel,
    },
    Rule {
        name: "kernel-minimum",
        level: Level::Warning,
        advice: "set BUILD_EXCLUSIVE_KERNEL_MIN, so that older kernels are passed over instead of failing",
        find: kernel_minimum,
    },
    Rule {
        name: "first-dialect",
        level: Level::Warning,
        advice: "`dkms mkconf --modernize` writes it in today's directives, which every DKMS since 2.0 reads",
        find: first_dialect,
    },
    Rule {
        name: "deprecated",
        level: Level::Warning,
        advice: "`dkms mkconf --modernize` takes it away or writes what stands for it today",
        find: |subject| {
            notices(subject, |text| {
                (text.contains("is obsolete") || text.contains("is deprecated")) && !text.contains("dialect")
            })
        },
    },
    Rule {
        name: "misspelt",
        level: Level::Warning,
        advice: "write the directive that is meant",
        find: |subject| notices(subject, |text| text.contains("is not a directive")),
    },
    Rule {
        name: "line-ends",
        level: Level::Warning,
        advice: "convert the file (dos2unix): the shell DKMS takes the carriage returns into the values",
        find: |subject| {
            let line = subject.text.split('\n').position(|line| line.ends_with('\r'));
            line.map(|at| Found::at(at + 1, "lines end with a carriage return")).into_iter().collect()
        },
    },
    Rule {
        name: "clean",
        level: Level::Note,
        advice: "take it away, unless DKMS before 3.0 is to use the file",
        find: |subject| {
            let line = assignments(subject.text).find(|(_, name, _)| *name == "CLEAN");
            line.map(|(line, ..)| Found::at(line, "CLEAN is not run any more")).into_iter().collect()
        },
    },
    Rule {
        name: "not-automatic",
        level: Level::Note,
        advice: "set AUTOINSTALL=\"yes\", unless the module is to be installed by hand for each kernel",
        find: not_automatic,
    },
    Rule {
        name: "whole-package",
        level: Level::Note,
        advice: "use an index from 1 on for a condition of one module only",
        find: whole_package,
    },
    Rule {
        name: "placeholder",
        level: Level::Note,
        advice: "fill it in before `dkms add`; the commands that make packages fill it in themselves",
        find: placeholders,
    },
    Rule {
        name: "computed",
        level: Level::Note,
        advice: "nothing, if it must be so; a plain value can be checked, and read without bash",
        find: computed,
    },
    Rule {
        name: "unused-name",
        level: Level::Note,
        advice: "take it away, or see whether it is a directive misspelt",
        find: unused_names,
    },
];

fn not_readable(subject: &Subject<'_>) -> Vec<Found> {
    match subject.conf {
        Err(ConfError::Syntax { line, reason, .. }) => {
            vec![Found { file: None, line: *line, text: reason.lines().next().unwrap_or_default().to_owned() }]
        }
        // Only what a value is, is not known.
        Err(ConfError::NeedsCommands { .. }) | Ok(_) => Vec::new(),
        Err(error) => vec![Found { file: None, line: None, text: error.to_string() }],
    }
}

fn problems(subject: &Subject<'_>, is_wanted: fn(&str) -> bool) -> Vec<Found> {
    let known = subject.known().into_iter();
    known.flat_map(|known| &known.problems).filter(|text| is_wanted(text)).map(|text| subject.located(text)).collect()
}

fn notices(subject: &Subject<'_>, is_wanted: fn(&str) -> bool) -> Vec<Found> {
    let known = subject.known().into_iter();
    known.flat_map(|known| &known.notices).filter(|text| is_wanted(text)).map(|text| subject.located(text)).collect()
}

/// The values of an array that are known, with their indices.
fn values<'a>(subject: &Subject<'a>, name: &str) -> impl Iterator<Item = (usize, &'a str)> + use<'a> {
    let known = match subject.conf {
        Ok(partial) => partial.raw.get(name),
        Err(_) => None,
    };
    known.into_iter().flatten().filter(|(_, value)| !value.is_empty()).map(|(index, value)| (*index, value.as_str()))
}

fn has_file(subject: &Subject<'_>, path: &str) -> bool {
    subject.source.is_none_or(|(payload, _)| payload.entries.iter().any(|entry| entry.path == path))
}

fn patch_missing(subject: &Subject<'_>) -> Vec<Found> {
    let missing = values(subject, "PATCH").filter(|(_, patch)| !has_file(subject, &format!("patches/{patch}")));
    missing
        .map(|(index, patch)| subject.located(&format!("PATCH[{index}] names {patch}, which is not below patches/")))
        .collect()
}

fn script_missing(subject: &Subject<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for name in ["PRE_BUILD", "POST_BUILD", "POST_ADD", "PRE_INSTALL", "POST_INSTALL", "POST_REMOVE"] {
        let Some((_, value)) = values(subject, name).next() else { continue };
        let Some(script) = value.split_whitespace().next() else { continue };
        let path = script.trim_start_matches("./");
        // What it makes itself, or has elsewhere, cannot be told.
        if script.starts_with('/') || script.contains(['$', '`', '*']) {
            continue;
        }
        match subject.source.map(|(payload, _)| payload.find(path)) {
            Some(None) if !has_file(subject, path) => {
                found.push(subject.located(&format!("{name} runs {script}, which the source does not hold")));
            }
            Some(Some(file)) if !file.executable => {
                found.push(subject.located(&format!("{name} runs {script}, which is not executable")));
            }
            _ => {}
        }
    }
    found
}

/// Modules of the dkms.conf: their index and path in the source.
fn listed(subject: &Subject<'_>) -> Option<Vec<(usize, String)>> {
    let known = subject.known().filter(|known| known.unknown.is_empty())?;
    let modules = &known.conf.as_ref()?.modules;
    let path =
        |module: &conf::BuiltModule| module.built_location.join(&module.built_name).to_string_lossy().into_owned();
    Some(modules.iter().map(path).enumerate().collect())
}

/// Modules that makefiles build, by their paths.
fn built(subject: &Subject<'_>) -> Vec<(String, crate::package::kbuild::Place)> {
    let modules = subject.source.map(|(_, facts)| facts.reading.modules.as_slice()).unwrap_or_default();
    let path = |module: &crate::package::kbuild::Module| {
        if module.folder.is_empty() { module.name.clone() } else { format!("{}/{}", module.folder, module.name) }
    };
    modules.iter().map(|module| (path(module), module.place.clone())).collect()
}

fn not_built(subject: &Subject<'_>) -> Vec<Found> {
    let built = built(subject);
    // A makefile that says nothing of modules makes them in a way of its own.
    let Some(listed) = listed(subject).filter(|_| !built.is_empty()) else { return Vec::new() };
    let missing = listed.into_iter().filter(|(_, path)| !built.iter().any(|(known, _)| known == path));
    missing
        .map(|(index, path)| {
            subject.located(&format!("BUILT_MODULE_NAME[{index}] is {path}, which no makefile of the source builds"))
        })
        .collect()
}

fn not_listed(subject: &Subject<'_>) -> Vec<Found> {
    let Some(listed) = listed(subject).filter(|listed| !listed.is_empty()) else { return Vec::new() };
    let missing = built(subject).into_iter().filter(|(path, _)| !listed.iter().any(|(_, known)| known == path));
    missing
        .map(|(path, place)| Found {
            file: Some(place.file),
            line: Some(place.line),
            text: format!("{path} is built, but dkms.conf does not install it"),
        })
        .collect()
}

fn kernel_minimum(subject: &Subject<'_>) -> Vec<Found> {
    let is_set =
        ["BUILD_EXCLUSIVE_KERNEL_MIN", "BUILD_EXCLUSIVE_KERNEL"].iter().any(|name| subject.text.contains(name));
    let bounds = subject.source.map(|(_, facts)| facts.bounds.as_slice()).unwrap_or_default();
    let minimum = bounds.iter().filter(|bound| bound.is_minimum && !is_set).max_by(|a, b| a.version.cmp(&b.version));
    minimum
        .map(|bound| Found {
            file: Some(bound.place.file.clone()),
            line: Some(bound.place.line),
            text: format!("the source has an error for kernels before {}", bound.shown()),
        })
        .into_iter()
        .collect()
}

fn running_kernel(subject: &Subject<'_>) -> Vec<Found> {
    let is_it = |line: &str| line.contains("uname -r") && !line.trim_start().starts_with('#');
    let lines = subject.text.lines().enumerate().filter(|(_, line)| is_it(line));
    lines.map(|(at, _)| Found::at(at + 1, "`uname -r` is the running kernel, not the one to build for")).collect()
}

fn first_dialect(subject: &Subject<'_>) -> Vec<Found> {
    let line = assignments(subject.text).find(|(_, name, _)| ["MODULE_NAME", "LOCATION", "PATCH0"].contains(name));
    let is_first = conf::modernize::is_first_dialect(subject.text);
    line.filter(|_| is_first)
        .map(|(line, ..)| Found::at(line, "it is written in the dialect of 2003"))
        .into_iter()
        .collect()
}

fn not_automatic(subject: &Subject<'_>) -> Vec<Found> {
    let Some(known) = subject.known() else { return Vec::new() };
    let is_known = !known.unknown.iter().any(|unknown| unknown.name == "AUTOINSTALL");
    let value = values(subject, "AUTOINSTALL").next().map_or("no", |(_, value)| value).to_ascii_lowercase();
    let is_off = is_known && ["n", "no"].contains(&value.as_str());
    is_off
        .then(|| subject.located("AUTOINSTALL is not set to yes: new kernels come without the module"))
        .into_iter()
        .collect()
}

fn whole_package(subject: &Subject<'_>) -> Vec<Found> {
    let several = subject.known().and_then(|known| known.conf.as_ref()).is_some_and(|conf| conf.modules.len() > 1);
    let names = [
        "BUILD_EXCLUSIVE_CONFIG",
        "BUILD_EXCLUSIVE_KERNEL",
        "BUILD_EXCLUSIVE_KERNEL_MIN",
        "BUILD_EXCLUSIVE_KERNEL_MAX",
        "BUILD_EXCLUSIVE_ARCH",
    ];
    let first = names.into_iter().filter(|name| several && subject.text.contains(&format!("{name}[0]")));
    first
        .map(|name| subject.located(&format!("{name}[0] is a condition of the whole package, not of its first module")))
        .collect()
}

fn placeholders(subject: &Subject<'_>) -> Vec<Found> {
    let names = ["PACKAGE_NAME", "PACKAGE_VERSION"].into_iter();
    let found = names.filter_map(|name| {
        let (_, value) = values(subject, name).next()?;
        placeholder::find(value).map(|token| subject.located(&format!("{name} holds the placeholder {token}")))
    });
    found.collect()
}

fn computed(subject: &Subject<'_>) -> Vec<Found> {
    match subject.conf {
        Ok(partial) => {
            let text =
                |unknown: &conf::Unknown| format!("{} is known only when it is built: {}", unknown.name, unknown.what);
            partial.unknown.iter().map(|unknown| Found::at(unknown.line, text(unknown))).collect()
        }
        Err(ConfError::NeedsCommands { line, what, .. }) => {
            vec![Found::at(*line, format!("known only when it is built: {what}"))]
        }
        Err(_) => Vec::new(),
    }
}

/// Names in capitals that are no directives and that nothing in the file reads.
fn unused_names(subject: &Subject<'_>) -> Vec<Found> {
    if conf::modernize::is_first_dialect(subject.text) {
        return Vec::new();
    }
    let mut seen = BTreeSet::new();
    let is_read = |name: &str| {
        subject.text.match_indices(name).any(|(at, _)| {
            let before = subject.text[..at].trim_end_matches(['{', '#', '!']);
            let after = subject.text[at + name.len()..].chars().next();
            before.ends_with('$') && after.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '_')
        })
    };
    assignments(subject.text)
        .filter(|(_, name, _)| {
            name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_' || byte.is_ascii_digit())
        })
        .filter(|(_, name, _)| {
            !conf::modernize::is_directive(name) && !is_read(name) && seen.insert((*name).to_owned())
        })
        .map(|(line, name, _)| Found::at(line, format!("{name} is not a directive, and nothing reads it")))
        .collect()
}

/// Lines that begin with `NAME=` or `NAME[…]=`: the line, the name, the rest.
fn assignments(text: &str) -> impl Iterator<Item = (usize, &str, &str)> {
    text.lines().enumerate().filter_map(|(at, line)| {
        let line = line.trim_start();
        let end = line.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
        let rest = &line[end..];
        let is_set = rest.starts_with('=') || (rest.starts_with('[') && rest.contains("]="));
        (is_set && end > 0).then_some((at + 1, &line[..end], rest))
    })
}
