//! Where a module and the kernel's own interface do not fit: since when, where that is known, and what to do.

use std::sync::LazyLock;

use regex::Regex;

use super::about::Series;
use super::changes::{ADDED, CHANGES, Change, What};
use super::line::Teller;
use super::{Case, compiled};

/// What to do where a newer release of the module is wanted.
const NEWER: &str = "look for a release of {module} that supports Linux {series}; kernels for which it is built keep it (`dkms status {module}`)";
/// What to do where the kernel is too old.
const OLDER: &str = "use a newer kernel, or an older release of {module} that supports Linux {series}";
/// What to do where the direction is not known.
const OTHER: &str =
    "look for a release of {module} that supports Linux {series}; this one was written for other kernels";

/// What the compiler misses, or finds otherwise than the source has it.
#[derive(Debug, PartialEq, Eq)]
enum Subject {
    Name(String),
    Header(String),
    /// Structure and member.
    Member(String, String),
    Arguments(String),
    /// A member that may only be read.
    ReadOnly(String),
    /// Types that do not fit.
    Types,
    /// The module's own, while the kernel has one.
    Twice(String),
    /// A warning that is taken for an error.
    Warning(String),
    /// The source cannot be read here, for which a word of the line may be the cause.
    Syntax,
    Undefined(String),
}

struct Pattern {
    regex: LazyLock<Regex>,
    subject: fn(&[&str]) -> Subject,
}

macro_rules! pattern {
    ($regex:literal, $subject:expr) => {
        Pattern { regex: LazyLock::new(|| compiled($regex)), subject: $subject }
    };
}

fn word(words: &[&str]) -> String {
    words.first().copied().unwrap_or_default().to_owned()
}

static PATTERNS: [Pattern; 14] = [
    pattern!(r"implicit declaration of function '(\w+)'|call to undeclared function '(\w+)'", |w| Subject::Name(word(
        w
    ))),
    pattern!(r"unknown type name '(\w+)'|use of undeclared identifier '(\w+)'|'(\w+)' undeclared", |w| Subject::Name(
        word(w)
    )),
    pattern!(r"fatal error: ([^:]+): No such file|fatal error: '([^']+)' file not found", |w| Subject::Header(word(w))),
    pattern!(r"'(?:const )?(?:struct |union )?(\w+)'(?: \{aka [^}]*\})? has no member named '(\w+)'", |w| {
        Subject::Member(word(w), w.get(1).copied().unwrap_or_default().to_owned())
    }),
    pattern!(r"no member named '(\w+)' in '(?:const )?(?:struct |union )?(\w+)'", |w| {
        Subject::Member(w.get(1).copied().unwrap_or_default().to_owned(), word(w))
    }),
    pattern!(r"request for member '(\w+)' in something not a structure", |w| Subject::Member(
        "ktime_t".into(),
        word(w)
    )),
    pattern!(
        r#"too (?:few|many) arguments to function '(\w+)'|macro "(\w+)" (?:passed|requires)|passing argument \d+ of '(\w+)'"#,
        |w| { Subject::Arguments(word(w)) }
    ),
    pattern!(
        r"assignment of read-only (?:member|location) '[^']*?(\w+)(?:\[[^\]]*\])?'|cannot assign to .*member '(\w+)'",
        |w| { Subject::ReadOnly(word(w)) }
    ),
    pattern!(
        r"(?:storage size of|field) '(\w+)' (?:isn't known|has incomplete type)|variable has incomplete type '(?:struct )?(\w+)'",
        |_| Subject::Syntax
    ),
    pattern!(
        r"(?:invalid use of undefined type|dereferencing pointer to incomplete type|incomplete type) '(?:const )?(struct \w+)'",
        |w| { Subject::Name(word(w)) }
    ),
    pattern!(
        r"(?:conflicting types for|redefinition of|static declaration of|redeclared as) '(?:struct )?(\w+)'",
        |w| { Subject::Twice(word(w)) }
    ),
    pattern!(
        r"[Ii]ncompatible[- ](?:function )?pointer|from incompatible pointer type|incompatible types when",
        |_| Subject::Types
    ),
    pattern!(r"\[-Werror[=,](?:-W)?([\w+-]+)=?(?:\d+)?\]$", |w| Subject::Warning(word(w))),
    pattern!(r"error: expected |error: pasting|does not name a type|type defaults to 'int'", |_| Subject::Syntax),
];

static UNDEFINED: LazyLock<Regex> = LazyLock::new(|| compiled(r#"^"?([\w.]+)"? \[.*\] undefined!"#));

/// Cause and advice, in the words of the kernel's interface.
pub(super) fn meaning(case: &Case<'_>) -> Option<(String, String)> {
    let subject = subject(case)?;
    let (cause, advice) = match known(case, &subject) {
        Some(known) => known,
        None => unknown(case, &subject)?,
    };
    Some((super::fill::filled(&cause, case, ""), advice))
}

fn subject(case: &Case<'_>) -> Option<Subject> {
    let told = case.fatal.told.as_ref()?;
    if told.teller == Teller::Modpost {
        let found = UNDEFINED.captures(&told.text)?;
        return Some(Subject::Undefined(found.get(1)?.as_str().to_owned()));
    }
    if told.teller != Teller::Compiler {
        return None;
    }
    PATTERNS.iter().find_map(|pattern| {
        let found = pattern.regex.captures(&case.fatal.line)?;
        let words: Vec<&str> = found.iter().skip(1).flatten().map(|word| word.as_str()).collect();
        Some((pattern.subject)(&words))
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
        Subject::Syntax => in_excerpt(case, kernel).map(told),
        Subject::Twice(name) => twice(case, kernel, name),
        Subject::Warning(_) => None,
    }
}

fn callback(case: &Case<'_>, kernel: Series) -> Option<&'static Change> {
    let rows = CHANGES.iter().filter(|change| change.what == What::Callback && change.since <= kernel);
    rows.filter(|change| compiled(change.name).is_match(&case.fatal.line)).max_by_key(|change| change.since)
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
    let of_kernel = |line: &String| {
        let place = line.split(": note: ").next().unwrap_or_default();
        !place.contains("/build/") && (place.contains("/include/") || place.starts_with("./include/"))
    };
    case.fatal.context.iter().find(is_note).filter(|line| of_kernel(line))?;
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
    let other = |cause: String| Some((cause, OTHER.to_owned()));
    match subject {
        Subject::Name(name) => other(format!(
            "nothing that the source includes declares `{name}` on this kernel: as a rule it is gone, or not there yet"
        )),
        Subject::Header(name) => Some(header(case, name)),
        Subject::Member(of, name) => other(format!("{} has no member `{name}` in this kernel", structured(of))),
        Subject::Arguments(name) if of_kernel(case, name) => {
            other(format!("this kernel's `{name}` takes other arguments than the source gives"))
        }
        Subject::Types if is_of_initialization(&case.fatal.line) => {
            other("this kernel wants a function of another type here than the source has".to_owned())
        }
        Subject::ReadOnly(name) => other(format!("`{name}` may only be read in this kernel")),
        Subject::Undefined(name) => Some((
            format!("neither kernel {{kernel}} nor a module that was built with it gives `{name}` to modules"),
            "if another module of dkms brings it, name that one in BUILD_DEPENDS in {source}/dkms.conf and install it first; \
             else look for a release of {module} that supports Linux {series}"
                .to_owned(),
        )),
        Subject::Warning(name) => Some((
            format!("the compiler warns of this (-W{name}), and the build takes warnings for errors"),
            format!("add KCFLAGS=-Wno-error={name} to MAKE in {{source}}/dkms.conf, or look for a newer release of {{module}}"),
        )),
        Subject::Arguments(_) | Subject::Types | Subject::Syntax | Subject::Twice(_) => None,
    }
}

/// Whether the compiler points to the kernel's headers for what it declares.
fn of_kernel(case: &Case<'_>, name: &str) -> bool {
    let is_place = |line: &String| {
        let place = line.split(": note: ").next().unwrap_or_default();
        line.contains(": note: ") && !place.contains("/build/") && place.contains("/include/")
    };
    let is_about = |line: &String| {
        line.contains("declared here")
            || line.contains("expected '")
            || line.contains(&format!("\"{name}\" defined here"))
    };
    case.fatal.context.iter().any(|line| is_place(line) && is_about(line))
}

/// Functions that are put into a structure, whose type is the kernel's: `'void (*)(…)' from incompatible pointer type`.
fn is_of_initialization(line: &str) -> bool {
    (line.contains("initialization of '") || line.contains("assignment to '")) && line.contains("(*)(struct ")
}

/// Folders of the kernel's headers.
const KERNEL_FOLDERS: &[&str] = &[
    "acpi",
    "asm",
    "asm-generic",
    "crypto",
    "drm",
    "generated",
    "linux",
    "media",
    "net",
    "rdma",
    "scsi",
    "soc",
    "sound",
    "trace",
    "uapi",
    "video",
    "xen",
];

fn header(case: &Case<'_>, name: &str) -> (String, String) {
    let source = case.about.source;
    let places = [name.to_owned(), format!("include/{name}"), format!("inc/{name}"), format!("src/{name}")];
    if let Some(place) = places.iter().find(|place| source.has(place)) {
        return (
            format!("{name} is there ({place}), and the -I of the Makefile do not lead to it"),
            "let the Makefile in {source} say -I$(src)/FOLDER: $(PWD), $(CURDIR) and relative paths lead elsewhere in a \
             kernel build"
                .to_owned(),
        );
    }
    let folder = name.split('/').next().unwrap_or_default();
    if name.contains('/') && KERNEL_FOLDERS.contains(&folder) {
        return (
            format!("kernel {{kernel}} has no header {name}: it is one of older, newer or a vendor's own kernels"),
            OTHER.to_owned(),
        );
    }
    (
        format!("the header {name} is not there: it is a part of the module's source, is made before, or belongs to something that it builds on"),
        "look whether {source} is complete (generated files, git submodules), and which packages the module's documentation names".to_owned(),
    )
}
