//! Where a module and the kernel's own interface do not fit: since when, where that is known, and what to do.

use super::about::Series;
use super::changes::{ADDED, CHANGES, Change, What};
use super::place::{file_of, is_header_of_kernel};
use super::rule::OTHER;
use super::subject::{Subject, filled_member, in_words_of_gcc, subject};
use super::{Case, compiled};

/// What to do where a newer release of the module is wanted.
const NEWER: &str = "look for a release of {module} that supports Linux {series}; kernels for which it is built keep it (`dkms status {module}`)";
/// What to do where the kernel is too old.
const OLDER: &str = "use a newer kernel, or an older release of {module} that supports Linux {series}";
/// What to do where the line says what is wrong, and not why.
const LIKELY: &str = "as a rule the source was written for other kernels, or for another compiler: look for a release of \
                      {module} that supports Linux {series}";

/// Cause, if it is known, and advice, in the words of the kernel's interface.
pub(super) fn meaning(case: &Case<'_>) -> Option<(Option<String>, String)> {
    let subject = subject(case)?;
    Some(match known(case, &subject).or_else(|| unknown(case, &subject)) {
        Some((cause, advice)) => (Some(super::fill::filled(&cause, case, "")), advice),
        None => (None, LIKELY.to_owned()),
    })
}

/// A row of the tables that says it.
fn known(case: &Case<'_>, subject: &Subject) -> Option<(String, String)> {
    let kernel = Series::of(case.about.kernel)?;
    let is_of = |what: What, name: &str| {
        // Of several changes the last that this kernel has.
        let rows = CHANGES.iter().filter(|change| change.what == what && change.name == name && change.since <= kernel);
        rows.max_by_key(|change| change.since)
    };
    let came = |what: What, name: &str| {
        let row = ADDED.iter().find(|(kind, added, _)| *kind == what && *added == name)?;
        let since = Series(row.2.0, row.2.1);
        (since > kernel).then(|| too_old(name, since))
    };
    match subject {
        Subject::Name(name) => {
            let structure = format!("struct {name}");
            let change = is_of(What::Name, name).or_else(|| is_of(What::Name, &structure));
            change.map(told).or_else(|| came(What::Name, name)).or_else(|| came(What::Name, &structure))
        }
        Subject::Header(name) => is_of(What::Header, name).map(told).or_else(|| came(What::Header, name)),
        Subject::Member(of, name) => {
            let both = format!("{of}.{name}");
            is_of(What::Member, &both).map(told).or_else(|| came(What::Member, &both))
        }
        Subject::Arguments(name) => is_of(What::Arguments, name).map(told),
        Subject::ReadOnly(name) => {
            let ending = format!(".{name}");
            let is_it = |change: &&Change| {
                change.what == What::Member && change.name.ends_with(&ending) && change.now.starts_with("read-only")
            };
            CHANGES.iter().filter(is_it).find(|change| change.since <= kernel).map(told)
        }
        Subject::Types => callback(case, kernel).map(told),
        Subject::Undefined(name) => is_of(What::Export, name).map(told),
        Subject::Syntax | Subject::Incomplete(_) => in_excerpt(case, kernel).map(told),
        Subject::Constness => read_only(case, kernel).map(told),
        Subject::Twice(name) => twice(case, kernel, name),
        Subject::Warning(_) | Subject::Void | Subject::Keyword(_) | Subject::Other => None,
    }
}

fn callback(case: &Case<'_>, kernel: Series) -> Option<&'static Change> {
    let rows = CHANGES.iter().filter(|change| change.what == What::Callback && change.since <= kernel);
    let member = filled_member(case).map(|member| format!(" for .{member}")).unwrap_or_default();
    let line = in_words_of_gcc(&case.fatal.line) + &member;
    rows.filter(|change| compiled(change.name).is_match(&line)).max_by_key(|change| change.since)
}

/// A member that became read-only, among those that the line of the source uses.
fn read_only(case: &Case<'_>, kernel: Series) -> Option<&'static Change> {
    let source = case.fatal.context.iter().find(|line| super::line::is_excerpt(line))?;
    let is_used = |member: &str| compiled(&format!(r"(?:->|\.){member}\b")).is_match(source);
    let rows = CHANGES.iter().filter(|change| change.what == What::Member && change.since <= kernel);
    rows.filter(|change| change.now.starts_with("read-only"))
        .find(|change| change.name.split('.').next_back().is_some_and(is_used))
}

/// A macro that is gone makes of its use something that the compiler cannot read; the line of the source tells which.
fn in_excerpt(case: &Case<'_>, kernel: Series) -> Option<&'static Change> {
    let source = case.fatal.context.iter().find(|line| super::line::is_excerpt(line))?;
    let source = source.split_once('|')?.1;
    let words: Vec<&str> = source.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let structures: Vec<String> = words.windows(2).map(|pair| pair.join(" ")).collect();
    CHANGES.iter().find(|change| {
        change.what == What::Name
            && change.since <= kernel
            && (words.contains(&change.name) || structures.iter().any(|pair| pair == change.name))
    })
}

/// The module's own function of a name that the kernel has by now.
fn twice(case: &Case<'_>, kernel: Series, name: &str) -> Option<(String, String)> {
    let is_note = |line: &&String| line.contains(": note: previous ") || line.contains("previously d");
    case.fatal.context.iter().find(is_note).filter(|line| is_header_of_kernel(case, file_of(line)))?;
    let row = ADDED.iter().find(|(_, added, _)| *added == name).map(|row| Series(row.2.0, row.2.1));
    let since = row.filter(|since| *since <= kernel).map(|since| format!(" (since Linux {since})")).unwrap_or_default();
    let cause = format!("this kernel has a `{name}` of its own{since}, and the module brings another");
    Some((cause, NEWER.to_owned()))
}

fn told(change: &Change) -> (String, String) {
    let Change { what, name, since, now, .. } = change;
    let is_gone = now.starts_with("nothing");
    let instead = if is_gone { String::new() } else { format!(" (now: {now})") };
    let cause = match what {
        What::Name | What::Header => format!("`{name}` is gone since Linux {since}{instead}"),
        What::Member if now.starts_with("read-only") => {
            format!("`{}` is {now}, since Linux {since}", name.split('.').next_back().unwrap_or(name))
        }
        What::Member => {
            let (structure, member) = name.split_once('.').unwrap_or(("", name));
            format!("{} has no `{member}` since Linux {since}{instead}", structured(structure))
        }
        What::Arguments => format!("`{name}` takes other arguments since Linux {since} ({now})"),
        What::Callback => format!("{now} since Linux {since}"),
        What::Export => format!("`{name}` is not given to modules since Linux {since}{instead}"),
    };
    let cause = if *name == "MODULE_IMPORT_NS" { format!("`{name}` takes {now} since Linux {since}") } else { cause };
    // What went with a 2.6 says so itself.
    let cause = cause.replace(" since Linux 2.6 ", " ");
    (format!("{cause}; this source predates it"), NEWER.to_owned())
}

fn structured(name: &str) -> String {
    if name.ends_with("_t") { format!("`{name}`") } else { format!("`struct {name}`") }
}

fn too_old(name: &str, since: Series) -> (String, String) {
    let cause = format!("`{name}` came with Linux {since}: kernel {{kernel}} is too old for this source");
    (cause, OLDER.to_owned())
}

/// What can be said without a row: what the line itself shows, and no more.
fn unknown(case: &Case<'_>, subject: &Subject) -> Option<(String, String)> {
    let other = |cause: String| (cause, OTHER.to_owned());
    if super::header::lost_its_flags(case) && !matches!(subject, Subject::Header(_) | Subject::Undefined(_)) {
        return Some(super::header::without_flags());
    }
    Some(match subject {
        Subject::Name(name) => other(format!(
            "nothing that the source includes declares `{name}` on this kernel: as a rule it is gone, moved, or not there yet"
        )),
        Subject::Header(name) => super::header::header(case, name),
        Subject::Member(of, name) if of.is_empty() => {
            other(format!("the structure that the source fills here has no member `{name}` in this kernel"))
        }
        Subject::Member(of, name) => other(format!("{} has no member `{name}` in this kernel", structured(of))),
        Subject::Arguments(name) if of_kernel(case, name) => {
            other(format!("this kernel's `{name}` takes other arguments than the source gives"))
        }
        Subject::Types => other(types(case)),
        Subject::Incomplete(name) => other(incomplete(case, name)),
        Subject::Void => other("a function that the source asks for a value here gives none in this kernel".to_owned()),
        Subject::Constness => {
            other("this kernel hands out for reading only what the source takes for writing here".to_owned())
        }
        Subject::Keyword(name) => keyword(case, name),
        Subject::ReadOnly(name) => other(format!("`{name}` may only be read in this kernel")),
        Subject::Undefined(name) => (
            format!("neither kernel {{kernel}} nor a module that was built with it gives `{name}` to modules"),
            "if another module of dkms brings it, name that one in BUILD_DEPENDS in {source}/dkms.conf and install it first; \
             else look for a release of {module} that supports Linux {series}"
                .to_owned(),
        ),
        Subject::Warning(name) => (
            format!("the compiler warns of this (-W{name}), and the build takes warnings for errors"),
            format!("add KCFLAGS=-Wno-error={name} to MAKE in {{source}}/dkms.conf, or look for a newer release of {{module}}"),
        ),
        // The line says what is wrong; why, it does not say.
        Subject::Arguments(_) | Subject::Syntax | Subject::Twice(_) | Subject::Other => return None,
    })
}

/// The type that is not known stands before the variable in the line of the source.
fn incomplete(case: &Case<'_>, variable: &str) -> String {
    let source = case.fatal.context.iter().find(|line| super::line::is_excerpt(line));
    let before = compiled(&format!(r"\b((?:struct|enum|union) \w+)\s+{variable}\b"));
    let named = source.and_then(|source| before.captures(source));
    match named.as_ref().and_then(|found| found.get(1)) {
        Some(name) => format!("this kernel does not show `{}` to modules, which the source uses here", name.as_str()),
        None => "this kernel does not show a type to modules that the source uses here".to_owned(),
    }
}

/// Words that became the language's own with C23, which compilers take where nobody says otherwise: GCC since 15 (its
/// release notes, "C").
fn keyword(case: &Case<'_>, name: &str) -> (String, String) {
    let cause = format!("`{name}` is a word of the language itself since C23, which newer compilers (GCC 15) take");
    if is_header_of_kernel(case, file_of(&case.fatal.line)) {
        let advice = "the compiler is too new for this kernel: install the one that built it \
                      (`grep CONFIG_CC_VERSION_TEXT /boot/config-{kernel}` names it), or a newer kernel";
        return (cause, advice.to_owned());
    }
    (cause, "add KCFLAGS=-std=gnu11 to MAKE in {source}/dkms.conf, or look for a newer release of {module}".to_owned())
}

/// Of types that do not fit, what is known without a row.
fn types(case: &Case<'_>) -> String {
    let line = in_words_of_gcc(&case.fatal.line);
    if !is_of_initialization(&line) {
        return "this kernel has another type here than the source takes it for".to_owned();
    }
    match filled_member(case) {
        Some(member) => format!("this kernel wants a function of another type for `{member}` than the source has"),
        None => "this kernel wants a function of another type here than the source has".to_owned(),
    }
}

/// Whether the compiler points to the kernel's headers for what it declares.
fn of_kernel(case: &Case<'_>, name: &str) -> bool {
    let is_place = |line: &String| line.contains(": note: ") && is_header_of_kernel(case, file_of(line));
    let is_about = |line: &String| {
        line.contains("declared here")
            || line.contains("expected '")
            || line.contains(&format!("\"{name}\" defined here"))
    };
    case.fatal.context.iter().any(|line| is_place(line) && is_about(line))
}

/// Functions that are put into a structure, whose type is the kernel's: `'void (*)(…)' from incompatible pointer type`.
fn is_of_initialization(line: &str) -> bool {
    (line.contains("initialization of '") || line.contains("assignment to '")) && line.contains("(*)(")
}
