//! The rules of `dkms lint`.

use crate::conf::{self, ConfError};
use crate::package::module::lint::finding::{Found, Level, Rule, Subject, values};
use crate::package::module::lint::make::{running_makefile, unread_variables};
use crate::package::module::lint::modules::{depends_on_kernel, not_built, not_listed};
use crate::package::module::lint::release::no_rule_with_release;
use crate::package::module::lint::text::{assignments, running_kernel, unquoted, unused_names};
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
        name: "folder-of-caller",
        level: Level::Warning,
        advice: "write $dkms_tree/$PACKAGE_NAME/$PACKAGE_VERSION/build: the shell DKMS puts in its place where it was started",
        find: |subject| {
            let found = conf::running::commands_that_ask(subject.text);
            found.map(|(line, name)| Found::at(line, format!("{name} asks for the folder that it is in"))).collect()
        },
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
        find: no_module,
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
        name: "running-makefile",
        level: Level::Warning,
        advice: "give MAKE the variable with $kernelver or $kernel_source_dir: builds are for other kernels than the running one",
        find: running_makefile,
    },
    Rule {
        name: "no-rule",
        level: Level::Warning,
        advice: "write 'make' with quotes of its own in MAKE: such a make gets no KERNELRELEASE from DKMS",
        find: no_rule_with_release,
    },
    Rule {
        name: "unread-variable",
        level: Level::Warning,
        advice: "take it away, or see how the makefile spells it",
        find: unread_variables,
    },
    Rule {
        name: "unquoted",
        level: Level::Warning,
        advice: "put quotes around the whole value: bash takes the first word only, and runs the rest",
        find: unquoted,
    },
    Rule {
        name: "version-differs",
        level: Level::Warning,
        advice: "make both the same: DKMS looks for the source in /usr/src/PACKAGE_NAME-PACKAGE_VERSION",
        find: version_differs,
    },
    Rule {
        name: "autoinstall-value",
        level: Level::Warning,
        advice: "write yes or no: the newest shell DKMS refuses a single letter, with exit code 8",
        find: autoinstall_value,
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
        name: "byte-order-mark",
        level: Level::Warning,
        advice: "`sed -i '1s/^\\xEF\\xBB\\xBF//' dkms.conf` takes it away: the shell DKMS loses the first directive by it",
        find: |subject| {
            let is_marked = subject.text.starts_with('\u{feff}');
            is_marked.then(|| Found::at(1, "the file begins with a byte order mark")).into_iter().collect()
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
    let makes = |script: &str| values(subject, script).next().is_some();
    for name in ["PRE_BUILD", "POST_BUILD", "POST_ADD", "PRE_INSTALL", "POST_INSTALL", "POST_REMOVE"] {
        let Some((_, value)) = values(subject, name).next() else { continue };
        let Some(script) = value.split_whitespace().next() else { continue };
        let path = script.trim_start_matches("./");
        // What it makes itself or an earlier script brings, or has elsewhere, cannot be told.
        let is_brought =
            name != "POST_ADD" && makes("POST_ADD") || name.starts_with("POST_BUILD") && makes("PRE_BUILD");
        if is_brought || script.starts_with('/') || script.contains(['$', '`', '*', '=', '(']) || is_shells_own(script)
        {
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

/// Whether a command is the shell's own, or a program of every system.
fn is_shells_own(word: &str) -> bool {
    let words = [
        "true",
        "false",
        ":",
        "[",
        "test",
        "echo",
        "if",
        "for",
        "sh",
        "bash",
        "env",
        "exec",
        "cp",
        "mv",
        "rm",
        "ln",
        "mkdir",
        "sed",
        "touch",
        "install",
        "depmod",
        "modprobe",
        "rmmod",
        "udevadm",
        "systemctl",
        "make",
        "patch",
        "git",
        "cd",
        "update-initramfs",
        "dracut",
        "python3",
        "perl",
    ];
    words.contains(&word)
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

fn first_dialect(subject: &Subject<'_>) -> Vec<Found> {
    let line = assignments(subject.text).find(|(_, name, _)| ["MODULE_NAME", "LOCATION", "PATCH0"].contains(name));
    let is_first = conf::modernize::is_first_dialect(subject.text);
    line.filter(|_| is_first)
        .map(|(line, ..)| Found::at(line, "it is written in the dialect of 2003"))
        .into_iter()
        .collect()
}

/// A package without modules; where commands or the kernel decide on that, nobody knows.
fn no_module(subject: &Subject<'_>) -> Vec<Found> {
    let names = ["BUILT_MODULE_NAME", "DEST_MODULE_LOCATION"];
    let is_unknown = subject
        .known()
        .is_some_and(|known| known.unknown.iter().any(|one| names.iter().any(|name| one.name.starts_with(name))));
    if is_unknown || depends_on_kernel(subject.text) {
        return Vec::new();
    }
    notices(subject, |text| text.contains("it names no module"))
}

/// PACKAGE_VERSION beside the name of the archive or folder, where that is plainly NAME-VERSION.
fn version_differs(subject: &Subject<'_>) -> Vec<Found> {
    let (Some((_, name)), Some((_, version))) =
        (values(subject, "PACKAGE_NAME").next(), values(subject, "PACKAGE_VERSION").next())
    else {
        return Vec::new();
    };
    let bare = |text: &str| text.trim_start_matches(['v', 'V']).replace(['_', '~', '+'], "-");
    let named = subject.stem.strip_prefix(name).and_then(|rest| rest.strip_prefix(['-', '_']));
    let is_version = |text: &str| bare(text).chars().all(|c| c.is_ascii_digit() || c == '.') && text.contains('.');
    let Some(named) = named.filter(|named| is_version(named) && placeholder::find(version).is_none()) else {
        return Vec::new();
    };
    let (one, other) = (bare(named), bare(version));
    if one.starts_with(&other) || other.starts_with(&one) {
        return Vec::new();
    }
    let stem = subject.stem;
    vec![subject.located(&format!("PACKAGE_VERSION is {version}, and the archive or folder is called {stem}"))]
}

fn autoinstall_value(subject: &Subject<'_>) -> Vec<Found> {
    let other = values(subject, "AUTOINSTALL")
        .next()
        .filter(|(_, value)| ["y", "n"].contains(&value.to_ascii_lowercase().as_str()));
    other.map(|(_, value)| subject.located(&format!("AUTOINSTALL is `{value}`"))).into_iter().collect()
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
