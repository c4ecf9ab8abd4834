//! What a line of a build log is, by who wrote it. A word alone says nothing: the compiler quotes the source, and shells
//! echo what they are told.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Who tells of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Teller {
    /// The compiler, of a place in the source: `x.c:3:5: error: …`.
    Compiler,
    /// The compiler's driver, the assembler or the linker, of itself: `gcc-12: error: …`, `ld: cannot find …`.
    Tool,
    /// The kernel's last check of modules.
    Modpost,
    /// make, which knows no way on: `*** … Stop.`
    Make,
    /// The kernel's own makefiles: `ERROR: Kernel configuration is invalid.`
    Kbuild,
    /// A configure script or CMake.
    Configure,
    /// Cargo or rustc.
    Rust,
    /// A shell, env or make that could not start a program.
    Start,
    /// A program, of its own work: `cp: cannot stat …`. Its failure may have been meant.
    Program,
    /// make, of a command that failed before: `*** [x.o] Error 1`.
    Recipe,
}

/// A line that tells of a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) teller: Teller,
    /// What it says, without who says it.
    pub(super) text: String,
    /// The exit code of a failed command.
    pub(super) code: Option<u8>,
}

/// A failure that a line tells of, if it is such a line.
pub(super) fn tells(line: &str) -> Option<Told> {
    if is_excerpt(line) || line.contains("warning: ") {
        return None;
    }
    SHAPES.iter().find_map(|shape| shape.tells(line))
}

/// What the compiler shows of the source, below a diagnostic: `   12 | …` and `      |   ^~~`.
pub(crate) fn is_excerpt(line: &str) -> bool {
    let rest = line.trim_start();
    rest.len() < line.len() && rest.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start().starts_with('|')
}

/// Whether make goes on in spite of this failure.
pub(super) fn is_ignored(line: &str) -> bool {
    line.ends_with("(ignored)") && line.contains("Error ")
}

/// A shape of lines: the first group is what is said, the second an exit code.
struct Shape {
    teller: Teller,
    pattern: LazyLock<Regex>,
    is_it: fn(&str) -> bool,
}

impl Shape {
    fn tells(&self, line: &str) -> Option<Told> {
        let found = self.pattern.captures(line)?;
        let text = found.get(1).map_or(line, |text| text.as_str());
        if !(self.is_it)(text) {
            return None;
        }
        Some(Told { teller: self.teller, text: text.to_owned(), code: code(&found) })
    }
}

fn code(found: &Captures<'_>) -> Option<u8> {
    found.get(2)?.as_str().parse().ok()
}

macro_rules! shape {
    ($teller:ident, $pattern:literal) => {
        shape!($teller, $pattern, |_| true)
    };
    ($teller:ident, $pattern:literal, $is_it:expr) => {
        Shape { teller: Teller::$teller, pattern: LazyLock::new(|| super::compiled($pattern)), is_it: $is_it }
    };
}

/// In the order in which they are tried.
static SHAPES: [Shape; 19] = [
    shape!(
        Compiler,
        r"^[^\s:][^:]*:\d+(?::\d+)?: (?:fatal error|error|internal compiler error|sorry, unimplemented): (.+)$"
    ),
    // The preprocessor of some compilers gives no column.
    shape!(Compiler, r"^[^\s:][^:]*:\d+(?::\d+)?: (internal compiler error: .+)$"),
    shape!(Recipe, r"^\S*make(?:\[\d+\])?: \*\*\* (\[.*\] Error (\d+))"),
    shape!(
        Recipe,
        r"^\S*make(?:\[\d+\])?: \*\*\* (\[.*\] (?:Killed|Terminated|Segmentation fault|Bus error|Aborted).*)$"
    ),
    shape!(Make, r#"^(?:\S*make(?:\[\d+\])?|[^\s:][^:]*:\d+): \*\*\* (.+)$"#, is_final),
    shape!(Modpost, r#"^(?:ERROR|FATAL): modpost: (.+)$"#),
    shape!(Modpost, r#"^(?:ERROR|FATAL): ("[^"]+" .*undefined!|[Mm]odule .*|modpost.*)$"#),
    shape!(Modpost, r"^modpost: (.+)$"),
    shape!(
        Tool,
        r"^(?:\S*/)?[\w+.-]*(?:gcc|g\+\+|cc|cc1|cc1plus|clang|lto1|lto-wrapper|as|rustc|objtool|objcopy|strip|pahole|resolve_btfids|fixdep|genksyms)(?:-[\d.]+)?: (?:fatal )?error: (.+)$"
    ),
    shape!(Tool, r"^\S+\.o: (?:warning: )?objtool: (.*(?:[Ee]rror|can't|failed).*)$"),
    shape!(Tool, r"^(?:\S*/)?[\w+-]*ld(?:\.\w+)?: ((?:error: )?.+)$", is_of_linker),
    shape!(
        Tool,
        r"^(?:(?:cc1|as|cc1plus|[\w./-]*Assembler messages): )?((?:virtual memory exhausted|out of memory allocating).*)$"
    ),
    shape!(Tool, r"^fixdep: (.+)$"),
    shape!(Kbuild, r"^\s*(?:\*\*\* )?ERROR: (Kernel configuration is invalid.*|Kernel .*)$"),
    shape!(Kbuild, r"^(?:error: |Makefile:\d+: )(Cannot generate .*|.*please install .*)$"),
    shape!(Configure, r"^(configure: error: .+|CMake Error.*)$"),
    shape!(Rust, r"^error(?:\[E\d+\])?: (.+)$"),
    shape!(
        Start,
        r"^(?:\S*make(?:\[\d+\])?: (?:execvp: )?|(?:/usr)?(?:/bin/)?env: |\S*sh: (?:line )?(?:\d+: )?|\S+: (?:line )?\d+: )(.*?(?:: (?:command )?not found|: No such file or directory|: Permission denied|: cannot execute.*|: Exec format error|: Argument list too long|: bad interpreter.*|\d+ Killed\b.*|syntax error.*|Syntax error.*)\s*)$"
    ),
    shape!(
        Program,
        r"^((?:\./|/)?[\w./+-]+(?:\[\d+\])?: .*(?:No such file or directory|No space left on device|Read-only file system|Permission denied|Disk quota exceeded|Cannot allocate memory|cannot stat .*|not found|[Ff]ailed.*|[Ee]rror:? .*|Operation not permitted|missing.*)|[\w ./+-]* failed|Killed|\s*(?:ERROR|Error|error|FATAL|Fatal):? .+)$"
    ),
];

/// What make says besides with three stars.
fn is_final(text: &str) -> bool {
    !text.starts_with("Waiting for") && !text.starts_with("Deleting") && !text.starts_with('[')
}

/// The linker warns in the same way, and says last that it has ended.
fn is_of_linker(text: &str) -> bool {
    !text.contains("warning: ")
        && !text.starts_with("NOTE:")
        && !text.contains("in function `")
        && !text.contains("in function '")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_known_by_who_wrote_it() {
        use Teller::{Compiler, Configure, Kbuild, Make, Modpost, Program, Recipe, Rust, Start, Tool};
        for (line, teller) in [
            ("/b/x.c:3:5: error: expected ';'", Some(Compiler)),
            ("/b/x.c:3:5: warning: unused", None),
            ("In file included from /b/x.c:3:", None),
            ("   12 | pr_err(\"error: out of memory\");", None),
            ("      |   ^~~~~ error: no", None),
            ("gcc-12: error: unrecognized command-line option '-fno-such-option'", Some(Tool)),
            (
                "x86_64-linux-gnu-gcc-12: error: @CFLGS@: linker input file not found: No such file or directory",
                Some(Tool),
            ),
            ("gcc: fatal error: Killed signal terminated program cc1", Some(Tool)),
            ("cc1: all warnings being treated as errors", None),
            ("ld: cannot find -lfoo: No such file or directory", Some(Tool)),
            ("ld: warning: x.o: missing .note.GNU-stack section", None),
            ("ERROR: modpost: \"foo\" [/b/x.ko] undefined!", Some(Modpost)),
            ("ERROR: \"foo\" [/b/x.ko] undefined!", Some(Modpost)),
            ("WARNING: modpost: \"foo\" [/b/x.ko] undefined!", None),
            ("make[2]: *** [/h/Makefile.build:255: /b/x.o] Error 1", Some(Recipe)),
            ("make[1]: *** No rule to make target 'x'.  Stop.", Some(Make)),
            ("/b/Makefile:3: *** missing separator.  Stop.", Some(Make)),
            ("make: *** Waiting for unfinished jobs....", None),
            ("make[2]: *** Deleting file '/b/x.o'", None),
            ("  ERROR: Kernel configuration is invalid.", Some(Kbuild)),
            ("configure: error: no kernel", Some(Configure)),
            ("error[E0432]: unresolved import", Some(Rust)),
            ("/bin/sh: 1: flex: not found", Some(Start)),
            ("bash: line 1: ./build.sh: Permission denied", Some(Start)),
            ("env: 'python3': No such file or directory", Some(Start)),
            ("/usr/bin/env: 'python3': No such file or directory", Some(Start)),
            ("make: foo: No such file or directory", Some(Start)),
            ("./gen.sh: line 3: bc: command not found", Some(Start)),
            ("cat: /proc/device-tree/model: No such file or directory", Some(Program)),
            ("  CC [M]  /b/x.o", None),
            ("x.c: In function 'error':", None),
            ("# exit code: 2", None),
        ] {
            assert_eq!(tells(line).map(|told| told.teller), teller, "{line}");
        }
    }

    #[test]
    fn what_make_ignores_is_no_failure() {
        assert!(is_ignored("make: [Makefile:5: clean] Error 1 (ignored)"));
        assert!(!is_ignored("make: *** [Makefile:5: clean] Error 1"));
    }
}
