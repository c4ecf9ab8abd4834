//! Which failure of a log ended the build: the first that nothing went on after.

use super::heard::Heard;
use super::line::{self, Teller, Told};

/// Lines of the compiler below its diagnostic that are kept: excerpts and notes.
const CONTEXT: usize = 24;

/// What ended a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fatal {
    /// The line of the log, from 1.
    pub(super) number: usize,
    pub(super) line: String,
    pub(super) told: Option<Told>,
    /// What the compiler shows and notes about it.
    pub(super) context: Vec<String>,
    /// Where the make ran that tells it.
    pub(super) folder: Option<String>,
}

impl Fatal {
    fn new(number: usize, line: &str, told: Option<Told>) -> Self {
        Self { number, line: line.to_owned(), told, context: Vec::new(), folder: None }
    }

    fn code(&self) -> Option<u8> {
        self.told.as_ref()?.code
    }

    fn is_of(&self, teller: Teller) -> bool {
        self.told.as_ref().is_some_and(|told| told.teller == teller)
    }
}

/// What was found so far in a log that is read line by line.
#[derive(Default)]
pub(super) struct Search {
    number: usize,
    /// The first failure that no tool goes on after.
    sure: Option<Fatal>,
    /// Failures of programs since the last failed command: one of them may have ended it.
    perhaps: Vec<Fatal>,
    /// What was said last, by whomever.
    last: Option<Fatal>,
    /// The first failed command that make tells of, and what it said before.
    recipe: Option<(Fatal, Option<Fatal>)>,
    /// How the last command ended, as the log says.
    exit: Option<u8>,
    /// A configure script gave up, and says why in the lines that follow.
    configure: Option<usize>,
    /// What the log tells besides.
    pub(super) heard: Heard,
}

/// Failures of programs that are remembered: later ones are nearer to the end of a command.
const REMEMBERED: usize = 40;

impl Search {
    pub(super) fn line(&mut self, line: &str) {
        self.number += 1;
        self.heard.line(line);
        if let Some(code) = line.strip_prefix("# exit code: ") {
            self.exit = code.parse().ok();
        }
        // Our own lines between the commands.
        if line.starts_with("# ") || line.starts_with("-----") || line.starts_with("DKMS (dkms-rs-") || line.is_empty()
        {
            return;
        }
        if self.goes_on(line) {
            return;
        }
        self.keep_context(line);
        if line::is_ignored(line) {
            self.forget_ignored();
            return;
        }
        let told = line::tells(line);
        let folder = self.heard.folder_of(line).map(str::to_owned);
        let fatal = Fatal { folder, ..Fatal::new(self.number, line, told) };
        match fatal.told.as_ref().map(|told| told.teller) {
            Some(Teller::Recipe) => self.failed(fatal),
            Some(Teller::Start | Teller::Program) => {
                self.last = Some(fatal.clone());
                self.perhaps.push(fatal);
                if self.perhaps.len() > REMEMBERED {
                    self.perhaps.remove(0);
                }
            }
            Some(_) if self.sure.is_none() && self.recipe.is_none() && !is_of_cleaning(line) => self.sure = Some(fatal),
            Some(_) => {}
            None if is_chatter(line) => {}
            None => self.last = Some(fatal),
        }
    }

    /// Joins the lines in which a configure script says why it gives up (`AC_MSG_ERROR` of several lines).
    fn goes_on(&mut self, line: &str) -> bool {
        let rest = line.trim();
        // "in 'folder':" says where, and the next line what.
        if rest == "configure: error:" || (rest.starts_with("configure: error: in '") && rest.ends_with(':')) {
            self.configure = Some(self.number);
            return true;
        }
        let Some(number) = self.configure else { return false };
        if let Some(sure) = self.sure.as_mut().filter(|sure| sure.number == number)
            && let Some(more) = rest.strip_prefix("*** ")
        {
            sure.line = format!("{} {more}", sure.line);
            return true;
        }
        if self.sure.is_none() {
            let said = rest.strip_prefix("configure: error: ").unwrap_or(rest);
            let line = format!("configure: error: {}", said.trim_start_matches("*** "));
            let told = line::tells(&line);
            self.sure = Some(Fatal::new(number, &line, told));
            return true;
        }
        self.configure = None;
        false
    }

    fn failed(&mut self, fatal: Fatal) {
        if self.recipe.is_none() {
            let code = fatal.code();
            let before = self.ended_by(code).filter(|before| !is_of_another(before, &fatal));
            self.recipe = Some((fatal, before));
        }
        self.perhaps.clear();
    }

    /// Of a command that ended with this code, the line that says why.
    fn ended_by(&self, code: Option<u8>) -> Option<Fatal> {
        let starts = || self.perhaps.iter().rev().filter(|fatal| fatal.is_of(Teller::Start));
        match code {
            // What the shell gives when it cannot start a program (POSIX, Shell Command Language, 2.8.2).
            Some(126 | 127) => starts().next().cloned(),
            // The last words before it ended.
            _ => self.last.clone(),
        }
    }

    fn keep_context(&mut self, line: &str) {
        let number = self.number;
        if let Some(sure) = &mut self.sure
            && sure.is_of(Teller::Compiler)
            && sure.context.len() < CONTEXT
            && number <= sure.number + CONTEXT
        {
            if line.starts_with("In file included from") || line.trim_start().starts_with("from /") {
                return;
            }
            let is_next = line.contains(": error: ") || line.contains(": warning: ") || line.contains("*** ");
            // The next diagnostic is another matter.
            if is_next || sure.context.last().is_some_and(String::is_empty) {
                sure.context.push(String::new());
            } else {
                sure.context.push(line.to_owned());
            }
        }
    }

    /// What make ignores, its command told just before.
    fn forget_ignored(&mut self) {
        const NEAR: usize = 12;
        if self.recipe.is_none() && self.sure.as_ref().is_some_and(|sure| sure.number + NEAR >= self.number) {
            self.sure = None;
        }
        self.perhaps.clear();
        self.last = None;
    }

    /// `code`: how the command ended that wrote the log.
    pub(super) fn ended(self, code: Option<u8>) -> Option<(Fatal, Heard)> {
        let code = code.or(self.exit);
        let without_make = || self.ended_by(code).filter(|fatal| fatal.told.is_some());
        let fatal = match (&self.sure, &self.recipe) {
            (Some(sure), _) => sure.clone(),
            (None, Some((recipe, before))) => before.clone().unwrap_or_else(|| recipe.clone()),
            (None, None) => without_make()?,
        };
        Some((fatal, self.heard))
    }
}

/// What objtool says of one file has nothing to do with a command that makes another.
fn is_of_another(before: &Fatal, recipe: &Fatal) -> bool {
    let object = before.line.split_once(": ").filter(|(_, rest)| rest.contains("objtool: ")).map(|(object, _)| object);
    object.is_some_and(|object| !recipe.line.contains(object.rsplit('/').next().unwrap_or(object)))
}

/// A source that cannot be cleaned can be built.
fn is_of_cleaning(line: &str) -> bool {
    line.contains("No rule to make target 'clean'") || line.contains("No rule to make target 'distclean'")
}

/// What is said of every build.
fn is_chatter(line: &str) -> bool {
    let rest = line.trim_start();
    if is_echo(line) {
        return true;
    }
    !line.contains("objtool: ")
        && (line::is_excerpt(line)
            || line.starts_with("make")
            || line.starts_with("In file included")
            || line.starts_with("                 from ")
            || (rest.len() < line.len()
                && rest.split_whitespace().next().is_some_and(|word| word.chars().all(|c| c.is_ascii_uppercase())))
            || [": warning: ", ": note: ", "treated as errors", "compilation terminated", ": In function "]
                .iter()
                .any(|word| line.contains(word)))
}

/// The line of a script that bash shows below its complaint: `./configure: line 3: 'if ('`.
fn is_echo(line: &str) -> bool {
    let rest = line.split_once(": line ").and_then(|(_, rest)| rest.split_once(": '"));
    rest.is_some_and(|(number, said)| number.chars().all(|c| c.is_ascii_digit()) && said.ends_with('\''))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_of(log: &str, code: u8) -> String {
        let mut search = Search::default();
        log.lines().for_each(|line| search.line(line));
        search.ended(Some(code)).map_or(String::new(), |(fatal, _)| fatal.line)
    }

    #[test]
    fn the_line_that_ended_the_build_is_found_among_noise() {
        for (log, expected) in [
            (
                "cat: /proc/device-tree/model: No such file or directory\nx.c:1:1: fatal error: a.h: No such file or directory\nmake: *** [x.o] Error 1\n",
                "x.c:1:1: fatal error: a.h: No such file or directory",
            ),
            (
                "/bin/sh: 1: lsb_release: not found\n/bin/sh: 1: flex: not found\nmake: *** [Makefile:3: y] Error 127\n",
                "/bin/sh: 1: flex: not found",
            ),
            (
                "make: *** No rule to make target 'clean'.  Stop.\nx.c:1:1: error: one\nmake: *** [x.o] Error 1\n",
                "x.c:1:1: error: one",
            ),
            (
                "rm: cannot remove 'y': No such file or directory\nmake: [Makefile:5: clean] Error 1 (ignored)\nkernel source not found\nmake: *** [Makefile:7: check] Error 1\n",
                "kernel source not found",
            ),
            ("quiet\nx.c:1:1: error: one\nx.c:2:1: error: two\nmake: *** [x.o] Error 1\n", "x.c:1:1: error: one"),
            ("  CC [M]  x.o\nmake: *** [Makefile:2: all] Error 1\n", "make: *** [Makefile:2: all] Error 1"),
            ("bash: line 1: ./build.sh: Permission denied\n", "bash: line 1: ./build.sh: Permission denied"),
            ("all is well\n", ""),
        ] {
            assert_eq!(line_of(log, if log.contains("build.sh") { 126 } else { 2 }), expected, "{log}");
        }
    }
}
