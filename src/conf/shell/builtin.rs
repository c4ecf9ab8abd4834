//! Simple commands: assignments, functions of the file, and those builtins and programs whose effect is known.

use brush_parser::ast::{
    Assignment, CommandPrefixOrSuffixItem, IoFileRedirectKind, IoFileRedirectTarget, IoRedirect, SimpleCommand,
};

use super::dynamic::Dynamic;
use super::eval::{Evaluator, Flow, is_name, shorten};
use super::glob;
use super::source::Text;
use crate::ids::{Arch, KernelRelease};
use crate::version;

/// Whether what a command writes to standard output gets there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Yes,
    No,
}

impl Evaluator<'_> {
    pub(super) fn simple(&mut self, command: &SimpleCommand) -> Result<Flow, Dynamic> {
        let prefix = command.prefix.iter().flat_map(|prefix| &prefix.0);
        let suffix = command.suffix.iter().flat_map(|suffix| &suffix.0);
        let shown = self.redirected(prefix.clone().chain(suffix.clone()).filter_map(redirect))?;
        let Some(name) = &command.word_or_name else {
            self.assignments(prefix.filter_map(assignment))?;
            return Ok(Flow::Next);
        };
        if prefix.clone().any(|item| assignment(item).is_some()) {
            return Err(self.dynamic(format!("the command `{}`", shorten(&command.to_string()))));
        }
        let items: Vec<_> = suffix.filter(|item| redirect(item).is_none()).collect();
        if matches!(name.value.as_str(), "export" | "declare" | "typeset" | "local") {
            return self.declare(&name.value, &items);
        }
        let mut words = vec![name.value.as_str()];
        for item in &items {
            match item {
                CommandPrefixOrSuffixItem::Word(word) | CommandPrefixOrSuffixItem::AssignmentWord(_, word) => {
                    words.push(&word.value);
                }
                _ => return Err(self.dynamic("a process substitution")),
            }
        }
        let words = self.fields(words)?;
        let Some((name, arguments)) = words.split_first() else { return Ok(Flow::Next) };
        self.with_output(shown, |evaluator| evaluator.run(name, arguments))
    }

    fn run(&mut self, name: &str, arguments: &[String]) -> Result<Flow, Dynamic> {
        self.step()?;
        if let Some(body) = self.function(name) {
            return self.call(&body, arguments.to_vec());
        }
        let unknown = self.dynamic(format!("the command `{}`", shorten(&format!("{name} {}", arguments.join(" ")))));
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let done = match (name, words.as_slice()) {
            (":" | "true", _) => true,
            ("false", _) => false,
            ("echo", ["-n", words @ ..]) if !is_echo_option(words.first()) => self.print(words, ""),
            ("echo", words) if !is_echo_option(words.first()) => self.print(words, "\n"),
            ("printf", ["%s", word]) => self.print(&[word], ""),
            ("printf", ["%s\\n", word]) => self.print(&[word], "\n"),
            ("test", words) => self.test(&owned(words))?,
            ("[", [words @ .., "]"]) => self.test(&owned(words))?,
            ("unset", names) => self.unset(names)?,
            ("shift", []) => self.variables.shift(1),
            ("break" | "continue" | "return", _) => return self.leave(name, &words, unknown),
            ("source" | ".", [file]) => return self.source(file),
            ("nproc", []) => self.processors(),
            ("uname", [option]) => self.uname(option, unknown)?,
            ("VER", [version]) => self.print(&[&version::padded(version)], "\n"),
            ("override_dest_module_location", [location]) => {
                let location = self.destination().unwrap_or(location);
                self.print(&[location], "\n")
            }
            _ => {
                if matches!(name, "eval" | "source" | "." | "read" | "mapfile" | "readarray" | "set" | "shopt") {
                    self.variables.wild = Some(unknown.clone());
                }
                return Err(unknown);
            }
        };
        self.status = i32::from(!done);
        Ok(Flow::Next)
    }

    fn print(&mut self, words: &[&str], end: &str) -> bool {
        if let Some(output) = &mut self.output {
            output.push_str(&words.join(" "));
            output.push_str(end);
        }
        true
    }

    fn processors(&mut self) -> bool {
        let all = crate::sys::processors();
        let wanted = self.system().variable("OMP_NUM_THREADS").and_then(|count| count.to_str()?.parse().ok());
        let count = wanted.filter(|count| *count > 0).unwrap_or(all);
        self.print(&[&count.to_string()], "\n")
    }

    fn uname(&mut self, option: &str, unknown: Dynamic) -> Result<bool, Dynamic> {
        let system = self.system();
        let word = match option {
            // The one that is asked about, as a build for it sees it; framework.conf is read for none.
            "-r" => match self.variables.element("kernelver", 0)? {
                Some(kernel) if !kernel.is_empty() && !kernel.starts_with('$') => Some(kernel),
                _ => system.running_kernel().filter(|_| system.is_live()).map(KernelRelease::to_string),
            },
            "-m" => system.machine().map(Arch::to_string),
            "-s" => Some("Linux".to_owned()),
            _ => None,
        };
        let word = word.ok_or(unknown)?;
        Ok(self.print(&[&word], "\n"))
    }

    fn leave(&mut self, name: &str, words: &[&str], unknown: Dynamic) -> Result<Flow, Dynamic> {
        let number = match words {
            [] => None,
            [word] => Some(word.parse::<usize>().map_err(|_| unknown.clone())?),
            _ => return Err(unknown),
        };
        match (name, number) {
            ("return", None) => Ok(Flow::Return),
            ("return", Some(status)) => {
                self.status = i32::try_from(status & 0xff).unwrap_or(1);
                Ok(Flow::Return)
            }
            (_, Some(0)) => Err(unknown),
            ("break", count) => {
                self.status = 0;
                Ok(Flow::Break(count.unwrap_or(1)))
            }
            (_, count) => {
                self.status = 0;
                Ok(Flow::Continue(count.unwrap_or(1)))
            }
        }
    }

    fn unset(&mut self, names: &[&str]) -> Result<bool, Dynamic> {
        for name in names.iter().filter(|name| **name != "-v") {
            match name.split_once('[') {
                None if is_name(name) => {
                    self.refuse_special(name)?;
                    self.variables.unset(name);
                }
                Some((array, index)) if is_name(array) && index.ends_with(']') => {
                    let index = self.index(array, index.trim_end_matches(']'))?;
                    self.variables.unset_element(array, index);
                }
                _ => return Err(self.dynamic(format!("unset {name}"))),
            }
        }
        Ok(true)
    }

    /// `export`, `declare`, `local` with names, assignments and harmless options.
    fn declare(&mut self, command: &str, items: &[&CommandPrefixOrSuffixItem]) -> Result<Flow, Dynamic> {
        let local = command == "local" || command != "export" && self.is_in_function();
        for item in items {
            match item {
                CommandPrefixOrSuffixItem::Word(word) if matches!(word.value.as_str(), "-x" | "-a" | "--") => {}
                CommandPrefixOrSuffixItem::Word(word) if is_name(&word.value) => {
                    if local && !self.variables.hide(&word.value) {
                        return Err(self.dynamic("`local` outside of a function"));
                    }
                }
                CommandPrefixOrSuffixItem::AssignmentWord(assignment, _) => self.declare_one(assignment, local)?,
                _ => return Err(self.dynamic(format!("`{command}` with these words"))),
            }
        }
        self.status = 0;
        Ok(Flow::Next)
    }

    fn declare_one(&mut self, assignment: &Assignment, local: bool) -> Result<(), Dynamic> {
        if !local {
            return self.assign(assignment);
        }
        let name = match &assignment.name {
            brush_parser::ast::AssignmentName::VariableName(name) => name,
            brush_parser::ast::AssignmentName::ArrayElementName(name, _) => name,
        };
        // The value may name the variable that the new one hides.
        let hidden = self.variables.get(name)?.cloned();
        self.assign(assignment)?;
        let value = self.variables.get(name)?.cloned();
        match hidden {
            Some(hidden) => self.variables.replace(name, hidden),
            None => self.variables.unset(name),
        }
        if !self.variables.hide(name) {
            return Err(self.dynamic("`local` outside of a function"));
        }
        self.variables.replace(name, value.unwrap_or_default());
        Ok(())
    }

    /// `. FILE`: read and evaluated here.
    fn source(&mut self, name: &str) -> Result<Flow, Dynamic> {
        let unknown = self.dynamic(format!("the file {name}"));
        let file = glob::opened(self.system(), name);
        let read = match name.contains('/') {
            true => Text::read(&file).ok().filter(|text| text.as_on_disk),
            false => None,
        };
        let Some(text) = read else {
            self.variables.wild = Some(unknown.clone());
            return Err(unknown);
        };
        if let Some(settings) = plain_settings(&text.clean) {
            for (name, value) in settings {
                self.step()?;
                self.set(name, 0, Ok(value.to_owned()))?;
            }
            self.status = 0;
            return Ok(Flow::Next);
        }
        let outer = self.file.replace(name.to_owned());
        let done = self.nested(|evaluator| {
            let program = evaluator.parse(&text.clean)?;
            evaluator.program(&program)
        });
        self.file = outer;
        done.map_err(|dynamic| Dynamic { line: unknown.line, ..dynamic })?;
        Ok(Flow::Next)
    }

    /// Where standard output goes. Only redirections that leave no trace are known.
    pub(super) fn redirected<'r>(
        &mut self,
        redirects: impl IntoIterator<Item = &'r IoRedirect>,
    ) -> Result<Shown, Dynamic> {
        let mut shown = Shown::Yes;
        for redirect in redirects {
            match redirect {
                IoRedirect::OutputAndError(word, _) if self.text(&word.value)? == "/dev/null" => shown = Shown::No,
                IoRedirect::File(descriptor, kind, IoFileRedirectTarget::Filename(word))
                    if self.text(&word.value)? == "/dev/null" =>
                {
                    let writes = !matches!(kind, IoFileRedirectKind::Read | IoFileRedirectKind::ReadAndWrite);
                    if writes && matches!(descriptor, None | Some(1)) {
                        shown = Shown::No;
                    }
                }
                IoRedirect::File(
                    None | Some(1),
                    IoFileRedirectKind::DuplicateOutput,
                    IoFileRedirectTarget::Duplicate(word),
                ) if word.value == "2" => shown = Shown::No,
                IoRedirect::File(
                    Some(2),
                    IoFileRedirectKind::DuplicateOutput,
                    IoFileRedirectTarget::Duplicate(word),
                ) if word.value == "1" => {}
                _ => return Err(self.dynamic("a redirection")),
            }
        }
        Ok(shown)
    }

    /// Runs something with its standard output going where it goes.
    pub(super) fn with_output<T>(&mut self, shown: Shown, run: impl FnOnce(&mut Self) -> T) -> T {
        if shown == Shown::Yes {
            return run(self);
        }
        let outer = self.output.take();
        let result = run(self);
        self.output = outer;
        result
    }
}

/// The settings of a file that holds nothing but comments and `NAME=value` lines, such as a kernel's .config with its ten
/// thousand lines, which the parser would take long for. None when there is anything else in it.
fn plain_settings(text: &str) -> Option<Vec<(&str, &str)>> {
    let code = text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with('#'));
    code.map(|line| {
        let (name, value) = line.split_once('=').filter(|(name, _)| is_name(name))?;
        let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        let special: &[char] = if quoted.is_some() { &['"', '$', '`', '\\', '!'] } else { &SPECIAL_UNQUOTED };
        let value = quoted.unwrap_or(value);
        (!value.contains(special)).then_some((name, value))
    })
    .collect()
}

/// What a shell does not take literally outside of quotes.
const SPECIAL_UNQUOTED: [char; 25] = [
    '"', '\'', '$', '`', '\\', '!', ' ', '\t', ';', '&', '|', '<', '>', '(', ')', '{', '}', '[', ']', '*', '?', '~',
    '#', '^', '=',
];

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// `-n`, `-e`, `-E` and their combinations; everything else is text.
fn is_echo_option(word: Option<&&str>) -> bool {
    let letters = word.and_then(|word| word.strip_prefix('-')).unwrap_or_default();
    !letters.is_empty() && letters.chars().all(|letter| matches!(letter, 'n' | 'e' | 'E'))
}

fn assignment(item: &CommandPrefixOrSuffixItem) -> Option<&Assignment> {
    match item {
        CommandPrefixOrSuffixItem::AssignmentWord(assignment, _) => Some(assignment),
        _ => None,
    }
}

fn redirect(item: &CommandPrefixOrSuffixItem) -> Option<&IoRedirect> {
    match item {
        CommandPrefixOrSuffixItem::IoRedirect(redirect) => Some(redirect),
        _ => None,
    }
}
