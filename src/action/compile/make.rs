//! The make command line of a build.

use std::path::Path;

use crate::action::compile::shell::quote;
use crate::conf::MakeCommand;
use crate::ids::KernelRelease;

/// The command that is used when dkms.conf names none. `sources` and `build` as a process of that root names them.
pub(crate) fn default_line(kernel_source_dir: &Path, build: &Path) -> String {
    let word = |path: &Path| path.to_string_lossy().into_owned();
    format!("make -C {} {}", quote(&word(kernel_source_dir)), quote(&format!("M={}", word(build))))
}

/// The line as bash gets it.
///
/// A line that starts with the word `make` gets `jobs` (`-jN`, if any) and KERNELRELEASE put after that word; the quoted
/// form `'make'` means that the module wants neither. For a kernel built by clang, every make gets `LLVM=1`.
pub(crate) fn line(
    make: &MakeCommand,
    default: &str,
    kernel: &KernelRelease,
    jobs: Option<String>,
    is_llvm: bool,
) -> String {
    let line = match make {
        MakeCommand::Default => default,
        MakeCommand::Given(line) => line.trim(),
    };
    let line = match starting_with_make(line) {
        Some(rest) => {
            let release = quote(&format!("KERNELRELEASE={kernel}"));
            let words: Vec<String> = jobs.into_iter().chain([release]).collect();
            format!("make {}{rest}", words.join(" "))
        }
        None => line.to_owned(),
    };
    if is_llvm { with_llvm(&line) } else { line }
}

/// What follows a leading word `make`.
fn starting_with_make(line: &str) -> Option<&str> {
    line.strip_prefix("make").filter(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\n']))
}

/// Appends ` LLVM=1` to every make of the line; to the whole line when no make can be seen in it.
fn with_llvm(line: &str) -> String {
    let makes: Vec<usize> = simple_commands(line)
        .into_iter()
        .filter(|(start, end)| is_make(&line[*start..*end]))
        .map(|(start, end)| start + line[start..end].trim_end().len())
        .collect();
    if makes.is_empty() {
        return format!("{line} LLVM=1");
    }
    let mut result = line.to_owned();
    for end in makes.into_iter().rev() {
        result.insert_str(end, " LLVM=1");
    }
    result
}

/// Where the simple commands of a line lie: what stands between `&&`, `||`, `;`, `|`, `&`, line ends and parentheses
/// outside quotes and substitutions.
fn simple_commands(line: &str) -> Vec<(usize, usize)> {
    let bytes = line.as_bytes();
    let mut commands = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < bytes.len() {
        let next = skip_quoted(bytes, at);
        if next > at {
            at = next;
            continue;
        }
        let redirection = bytes[at] == b'&'
            && (at > 0 && matches!(bytes[at - 1], b'>' | b'<') || bytes.get(at + 1).is_some_and(|next| *next == b'>'));
        if matches!(bytes[at], b'&' | b'|' | b';' | b'\n' | b'(' | b')') && !redirection {
            commands.push((start, at));
            start = at + 1;
        }
        at += 1;
    }
    commands.push((start, bytes.len()));
    commands
}

/// The place after a quoted string, an escaped character or a substitution that begins here; `at` itself for others.
fn skip_quoted(bytes: &[u8], at: usize) -> usize {
    let until = |close: u8, escapes: bool| {
        let mut end = at + 1;
        while end < bytes.len() && bytes[end] != close {
            end += if escapes && bytes[end] == b'\\' { 2 } else { 1 };
        }
        (end + 1).min(bytes.len())
    };
    match (bytes[at], bytes.get(at + 1)) {
        (b'\\', _) => (at + 2).min(bytes.len()),
        (b'\'', _) => until(b'\'', false),
        (b'"', _) => until(b'"', true),
        (b'`', _) => until(b'`', true),
        (b'$', Some(b'(')) => closing_parenthesis(bytes, at + 1),
        _ => at,
    }
}

/// The place after the parenthesis that closes the one at `open`.
fn closing_parenthesis(bytes: &[u8], open: usize) -> usize {
    let (mut depth, mut at) = (0, open);
    while at < bytes.len() {
        let next = if bytes[at] == b'(' { at } else { skip_quoted(bytes, at) };
        if next > at {
            at = next;
            continue;
        }
        match bytes[at] {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            break;
        }
    }
    at
}

/// Whether a simple command runs make, in front of which assignments and the usual prefix words may stand.
fn is_make(command: &str) -> bool {
    const PREFIXES: [&str; 11] = ["env", "nice", "exec", "time", "command", "sudo", "if", "then", "do", "!", "{"];
    let word = command
        .split_whitespace()
        .map(|word| word.trim_matches(['\'', '"', '\\']))
        .find(|word| !PREFIXES.contains(word) && !is_assignment(word));
    word.is_some_and(|word| word.rsplit('/').next() == Some("make"))
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(text: &str, jobs: Option<&str>, is_llvm: bool) -> String {
        let kernel = KernelRelease::new("6.1.0-1-amd64").unwrap();
        line(&MakeCommand::Given(text.to_owned()), "", &kernel, jobs.map(str::to_owned), is_llvm)
    }

    #[test]
    fn only_a_plain_leading_make_gets_jobs_and_release() {
        let cases = [
            ("make", "make -j4 KERNELRELEASE=6.1.0-1-amd64"),
            ("make all", "make -j4 KERNELRELEASE=6.1.0-1-amd64 all"),
            ("  make\tall ", "make -j4 KERNELRELEASE=6.1.0-1-amd64\tall"),
            ("make -C x && make y", "make -j4 KERNELRELEASE=6.1.0-1-amd64 -C x && make y"),
            ("'make' -j2 all", "'make' -j2 all"),
            ("\"make\" all", "\"make\" all"),
            ("makefile.sh", "makefile.sh"),
            ("cd src && make", "cd src && make"),
            ("V=1 make", "V=1 make"),
            ("env make", "env make"),
        ];
        for (text, expected) in cases {
            assert_eq!(given(text, Some("-j4"), false), expected);
        }
    }

    #[test]
    fn a_make_that_takes_its_jobs_from_a_pool_gets_the_release_only() {
        assert_eq!(given("make x", None, false), "make KERNELRELEASE=6.1.0-1-amd64 x");
    }

    #[test]
    fn the_default_command_builds_in_the_kernels_folder() {
        let kernel = KernelRelease::new("6.1").unwrap();
        let default = default_line(Path::new("/lib/modules/6.1/build"), Path::new("/var/lib/dkms/foo/1/build"));
        assert_eq!(default, "make -C /lib/modules/6.1/build M=/var/lib/dkms/foo/1/build");
        assert_eq!(
            line(&MakeCommand::Default, &default, &kernel, Some("-j2".to_owned()), true),
            "make -j2 KERNELRELEASE=6.1 -C /lib/modules/6.1/build M=/var/lib/dkms/foo/1/build LLVM=1"
        );
        assert_eq!(default_line(Path::new("/k s"), Path::new("/b $x")), "make -C '/k s' 'M=/b $x'");
    }

    #[test]
    fn a_release_with_odd_characters_reaches_make_as_it_is() {
        let kernel = KernelRelease::new("6.1;id").unwrap();
        let text = line(&MakeCommand::Given("make".into()), "", &kernel, Some("-j1".to_owned()), false);
        assert_eq!(text, "make -j1 'KERNELRELEASE=6.1;id'");
    }

    #[test]
    fn every_make_of_a_clang_kernel_is_told() {
        let cases = [
            ("'make' all", "'make' all LLVM=1"),
            ("cd a && 'make' && cd b && /usr/bin/make c", "cd a && 'make' LLVM=1 && cd b && /usr/bin/make c LLVM=1"),
            ("'make'; find . -name '*.ko;make'", "'make' LLVM=1; find . -name '*.ko;make'"),
            ("V=1 make a | tee log", "V=1 make a LLVM=1 | tee log"),
            ("env A=b make >log 2>&1", "env A=b make >log 2>&1 LLVM=1"),
            ("(cd x; make)", "(cd x; make LLVM=1)"),
            ("sh -c 'x && make'", "sh -c 'x && make' LLVM=1"),
            ("'make' M=$(a && make) b", "'make' M=$(a && make) b LLVM=1"),
            ("./build.sh", "./build.sh LLVM=1"),
        ];
        for (text, expected) in cases {
            assert_eq!(given(text, Some("-j4"), true), expected);
        }
    }

    #[test]
    fn unfinished_quotes_do_not_break_the_search() {
        for text in ["'make", "\"make", "a `b", "$(make", "$(make '", "make \\", "é && make \"é"] {
            assert!(with_llvm(text).contains("LLVM=1"), "{text}");
        }
    }
}
