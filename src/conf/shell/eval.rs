//! Native evaluation over the syntax tree: statements, assignments, control flow. What it cannot tell ends it with a
//! [`Dynamic`], or, when lenient, leaves the variables concerned unknown.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use brush_parser::ast::{
    AndOr, AndOrList, Command, CompoundCommand, CompoundList, FunctionBody, Pipeline, Program, SeparatorOperator,
    SourceLocation,
};
use brush_parser::{ParseError, Parser, ParserOptions};

use super::dynamic::Dynamic;
use super::variables::Variables;
use super::{Reach, Shell, Unknown, is_named, limits};
use crate::conf::module::Directives;
use crate::sys::System;

/// Loops, and searches in long texts, end here at the latest.
const MAX_STEPS: usize = 400_000;
/// Characters that are looked at in the time of a step.
const PER_STEP: usize = 16;
/// Functions, sourced files and substitutions inside each other.
const MAX_DEPTH: usize = 12;

/// How many texts are remembered.
const MAX_PARSED: usize = 1_000;

thread_local! {
    /// What the parser made of texts; it depends on nothing else.
    static PARSED: RefCell<HashMap<String, Rc<Program>>> = RefCell::default();
}

/// The wanted names after an evaluation.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(crate) directives: Directives,
    pub(crate) unknown: Vec<Unknown>,
    /// Whether anything asked for a variable that tells about the kernel.
    pub(crate) depends_on_kernel: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Next,
    Break(usize),
    /// Go on with this outer loop.
    Continue(usize),
    /// Leave the function or file.
    Return,
}

/// Evaluates a text that may read `known` values.
/// `file` is where it comes from, if from a file.
pub(super) fn evaluate(
    text: &str,
    file: Option<&Path>,
    known: &Directives,
    shell: &Shell<'_>,
) -> Result<Outcome, Dynamic> {
    let mut evaluator = Evaluator::new(shell, known);
    evaluator.file = file.map(|file| {
        let file = shell.system.inside(&std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf()));
        file.to_string_lossy().into_owned()
    });
    let program = evaluator.parse(text)?;
    evaluator.program(&program)?;
    Ok(evaluator.outcome(shell.names))
}

/// The state of an evaluation.
pub(super) struct Evaluator<'s> {
    shell: &'s Shell<'s>,
    pub(super) variables: Variables,
    pub(super) options: ParserOptions,
    /// `$?`
    pub(super) status: i32,
    /// The status of the last substitution in the command at hand.
    pub(super) substitution: Option<i32>,
    functions: BTreeMap<String, Arc<FunctionBody>>,
    in_function: usize,
    /// What `echo` writes, while a substitution collects it.
    pub(super) output: Option<String>,
    line: usize,
    /// Above 0 inside of text that has lines of its own.
    foreign_lines: usize,
    /// The file at hand, as it is called where it is read: `$BASH_SOURCE`.
    pub(super) file: Option<String>,
    depth: usize,
    strict: usize,
    steps: usize,
}

impl<'s> Evaluator<'s> {
    fn new(shell: &'s Shell<'s>, known: &Directives) -> Self {
        let mut variables = Variables::default();
        for (name, value) in shell.system.environment() {
            if let (Some(name), Some(value)) = (name.to_str(), value.to_str())
                && !shell.names.iter().any(|wanted| is_named(wanted, name))
                && is_name(name)
            {
                variables.set(name, 0, Ok(value.to_owned()));
            }
        }
        for (name, value) in &shell.variables {
            variables.set(name, 0, Ok(value.clone()));
        }
        for (name, values) in known {
            for (index, value) in values {
                variables.set(name, *index, Ok(value.clone()));
            }
        }
        // bash reads extended patterns inside `[[ ]]` in any case; where they count, they are left to it.
        let options = ParserOptions { enable_extended_globbing: true, ..ParserOptions::default() };
        Self {
            shell,
            variables,
            options,
            status: 0,
            substitution: None,
            functions: BTreeMap::new(),
            in_function: 0,
            output: None,
            line: 1,
            foreign_lines: 0,
            file: None,
            depth: 0,
            strict: 0,
            steps: 0,
        }
    }

    fn outcome(self, names: &[&str]) -> Outcome {
        let depends_on_kernel = self.variables.asked_about_kernel();
        let mut outcome = Outcome { directives: Directives::new(), unknown: Vec::new(), depends_on_kernel };
        for (name, variable) in self.variables.iter() {
            if !names.iter().any(|wanted| is_named(wanted, name)) {
                continue;
            }
            let unknown = |index, dynamic: &Dynamic| Unknown {
                name: name.clone(),
                index,
                line: dynamic.line,
                what: dynamic.what.clone(),
            };
            if let Some(dynamic) = &variable.blurred {
                outcome.unknown.push(unknown(None, dynamic));
                continue;
            }
            for (index, element) in &variable.elements {
                match element {
                    Ok(value) => {
                        outcome.directives.entry(name.clone()).or_default().insert(*index, value.clone());
                    }
                    Err(dynamic) => outcome.unknown.push(unknown(Some(*index), dynamic)),
                }
            }
        }
        outcome
    }

    /// The system that the file belongs to.
    pub(super) fn system(&self) -> &'s System {
        self.shell.system
    }

    /// What `override_dest_module_location` prints instead of its argument.
    pub(super) fn destination(&self) -> Option<&'s str> {
        self.shell.destination.as_deref()
    }

    /// Whether unknown things leave holes instead of ending the evaluation.
    pub(super) fn is_lenient(&self) -> bool {
        self.shell.reach == Reach::Lenient && self.strict == 0
    }

    /// Runs something whose outcome decides or is a value: here even the lenient must know everything.
    pub(super) fn strictly<T>(&mut self, run: impl FnOnce(&mut Self) -> T) -> T {
        self.strict += 1;
        let result = run(self);
        self.strict -= 1;
        result
    }

    pub(super) fn is_in_function(&self) -> bool {
        self.in_function > 0
    }

    /// A construct at the line at hand that cannot be told.
    pub(super) fn dynamic(&self, what: impl Into<String>) -> Dynamic {
        Dynamic::new(self.line, what)
    }

    /// Notes the line at hand, from 1, unless the text has lines of its own.
    pub(super) fn at_line(&mut self, line: usize) {
        if self.foreign_lines == 0 && line > 0 {
            self.line = line;
        }
    }

    /// Counts a step, against loops without end.
    pub(super) fn step(&mut self) -> Result<(), Dynamic> {
        self.take(1)
    }

    /// Counts work on text, in characters looked at or made.
    pub(super) fn spend(&mut self, characters: usize) -> Result<(), Dynamic> {
        self.take(characters / PER_STEP)
    }

    fn take(&mut self, steps: usize) -> Result<(), Dynamic> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > MAX_STEPS { Err(self.dynamic("more work than a configuration takes")) } else { Ok(()) }
    }

    /// Parses a text if it is within the parser's limits. One dkms.conf is evaluated for many kernels: it is parsed once.
    pub(super) fn parse(&self, text: &str) -> Result<Rc<Program>, Dynamic> {
        if let Some(program) = PARSED.with_borrow(|parsed| parsed.get(text).cloned()) {
            return Ok(program);
        }
        let program = Rc::new(self.parse_anew(text)?);
        PARSED.with_borrow_mut(|parsed| {
            if parsed.len() < MAX_PARSED {
                parsed.insert(text.to_owned(), Rc::clone(&program));
            }
        });
        Ok(program)
    }

    fn parse_anew(&self, text: &str) -> Result<Program, Dynamic> {
        if let Some((line, what)) = limits::refuse(text) {
            let line = if self.foreign_lines > 0 { self.line } else { line };
            return Err(Dynamic::new(line, what));
        }
        let parsed = Parser::new(text.as_bytes(), &self.options).parse_program();
        parsed.map_err(|error| match (self.foreign_lines, position(&error, text)) {
            (0, (line, column)) => Dynamic::syntax(line, column, complaint(&error)),
            _ => self.dynamic("code that the parser refuses"),
        })
    }

    /// Runs something whose lines are not those of the file.
    pub(super) fn nested<T>(&mut self, run: impl FnOnce(&mut Self) -> Result<T, Dynamic>) -> Result<T, Dynamic> {
        if self.depth >= MAX_DEPTH {
            return Err(self.dynamic("code nested very deep"));
        }
        self.depth += 1;
        self.foreign_lines += 1;
        let result = run(self);
        self.foreign_lines -= 1;
        self.depth -= 1;
        result
    }

    pub(super) fn program(&mut self, program: &Program) -> Result<Flow, Dynamic> {
        for list in &program.complete_commands {
            match self.list(list)? {
                Flow::Next => {}
                flow => return Ok(flow),
            }
        }
        Ok(Flow::Next)
    }

    /// A list of commands, to its end or to what leaves it.
    pub(super) fn list(&mut self, list: &CompoundList) -> Result<Flow, Dynamic> {
        for item in &list.0 {
            let result = match item.1 {
                SeparatorOperator::Async => Err(self.dynamic("a command in the background")),
                SeparatorOperator::Sequence => self.and_or(&item.0),
            };
            match result {
                Ok(Flow::Next) => {}
                Ok(flow) => return Ok(flow),
                Err(dynamic) if self.is_lenient() => self.blur(&item.0, &dynamic),
                Err(dynamic) => return Err(dynamic),
            }
        }
        Ok(Flow::Next)
    }

    fn and_or(&mut self, list: &AndOrList) -> Result<Flow, Dynamic> {
        let mut flow = self.pipeline(&list.first)?;
        for next in &list.additional {
            if flow != Flow::Next {
                return Ok(flow);
            }
            let (wanted, pipeline) = match next {
                AndOr::And(pipeline) => (true, pipeline),
                AndOr::Or(pipeline) => (false, pipeline),
            };
            if (self.status == 0) == wanted {
                flow = self.pipeline(pipeline)?;
            }
        }
        Ok(flow)
    }

    fn pipeline(&mut self, pipeline: &Pipeline) -> Result<Flow, Dynamic> {
        self.step()?;
        if let Some(location) = pipeline.location() {
            self.at_line(location.start.line);
        }
        let ([command], None) = (pipeline.seq.as_slice(), &pipeline.timed) else {
            return Err(self.dynamic(format!("the pipeline `{}`", shorten(&pipeline.to_string()))));
        };
        let flow = self.command(command)?;
        if pipeline.bang {
            self.status = i32::from(self.status == 0);
        }
        Ok(flow)
    }

    fn command(&mut self, command: &Command) -> Result<Flow, Dynamic> {
        match command {
            Command::Simple(simple) => self.simple(simple),
            Command::Function(function) => {
                self.functions.insert(function.fname.value.clone(), Arc::new(function.body.clone()));
                self.status = 0;
                Ok(Flow::Next)
            }
            Command::ExtendedTest(test, None) => {
                let found = self.extended_test(&test.expr)?;
                self.status = i32::from(!found);
                Ok(Flow::Next)
            }
            Command::Compound(compound, None) => self.compound(compound),
            Command::Compound(compound, Some(redirects)) => {
                let shown = self.redirected(redirects.0.iter())?;
                self.with_output(shown, |evaluator| evaluator.compound(compound))
            }
            Command::ExtendedTest(..) => Err(self.dynamic("a redirection")),
        }
    }

    fn compound(&mut self, compound: &CompoundCommand) -> Result<Flow, Dynamic> {
        match compound {
            CompoundCommand::BraceGroup(group) => self.list(&group.list),
            CompoundCommand::IfClause(clause) => self.if_clause(clause),
            CompoundCommand::CaseClause(clause) => self.case(clause),
            CompoundCommand::ForClause(clause) => self.for_clause(clause),
            CompoundCommand::ArithmeticForClause(clause) => self.arithmetic_for(clause),
            CompoundCommand::WhileClause(clause) => self.while_clause(clause, true),
            CompoundCommand::UntilClause(clause) => self.while_clause(clause, false),
            CompoundCommand::Arithmetic(command) => {
                let value = self.arithmetic(&command.expr.value)?;
                self.status = i32::from(value == 0);
                Ok(Flow::Next)
            }
            CompoundCommand::Subshell(subshell) => {
                let saved = (self.variables.clone(), self.functions.clone());
                let result = self.list(&subshell.list);
                (self.variables, self.functions) = saved;
                result.map(|_| Flow::Next)
            }
            CompoundCommand::Coprocess(_) => Err(self.dynamic("a coprocess")),
        }
    }

    /// The output of a command substitution.
    pub(super) fn substitute(&mut self, code: &str) -> Result<String, Dynamic> {
        let result = self.nested(|evaluator| {
            let program = evaluator.parse(code)?;
            let saved = (evaluator.variables.clone(), evaluator.functions.clone());
            let outer = evaluator.output.replace(String::new());
            let result = evaluator.strictly(|evaluator| evaluator.program(&program));
            let output = std::mem::replace(&mut evaluator.output, outer).unwrap_or_default();
            (evaluator.variables, evaluator.functions) = saved;
            result.map(|_| output)
        });
        let output = result.map_err(|dynamic| Dynamic { what: format!("$({})", shorten(code)), ..dynamic })?;
        self.substitution = Some(self.status);
        Ok(output.trim_end_matches('\n').to_owned())
    }

    /// A function if it is defined.
    pub(super) fn function(&self, name: &str) -> Option<Arc<FunctionBody>> {
        self.functions.get(name).cloned()
    }

    pub(super) fn call(&mut self, body: &FunctionBody, arguments: Vec<String>) -> Result<Flow, Dynamic> {
        if body.1.is_some() {
            return Err(self.dynamic("a redirection"));
        }
        if self.depth >= MAX_DEPTH {
            return Err(self.dynamic("calls nested very deep"));
        }
        self.depth += 1;
        self.in_function += 1;
        self.variables.enter(arguments);
        let result = self.compound(&body.0);
        self.variables.leave();
        self.in_function -= 1;
        self.depth -= 1;
        result.map(|_| Flow::Next)
    }
}

/// Whether a word is the name of a variable.
pub(super) fn is_name(word: &str) -> bool {
    !word.is_empty()
        && !word.starts_with(|c: char| c.is_ascii_digit())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A piece of code in one short line.
pub(super) fn shorten(code: &str) -> String {
    let line = code.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

fn position(error: &ParseError, text: &str) -> (usize, usize) {
    match error {
        ParseError::ParsingNear(position) | ParseError::Tokenizing { position: Some(position), .. } => {
            (position.line, position.column)
        }
        _ => (text.lines().count().max(1), text.lines().last().map_or(1, |line| line.chars().count() + 1)),
    }
}

fn complaint(error: &ParseError) -> String {
    match error {
        ParseError::ParsingNear(_) => "syntax error near here".to_owned(),
        ParseError::ParsingAtEndOfInput => "syntax error: the file ends where more is expected".to_owned(),
        ParseError::Tokenizing { inner, .. } => inner.to_string(),
    }
}
