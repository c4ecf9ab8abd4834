//! What a part of a file that cannot be evaluated may have changed: every variable that is set anywhere in it.

use brush_parser::ast::{
    AndOr, AndOrList, Assignment, AssignmentName, Command, CommandPrefixOrSuffixItem, CompoundCommand, CompoundList,
    SimpleCommand,
};

use super::dynamic::Dynamic;
use super::eval::{Evaluator, is_name};

impl Evaluator<'_> {
    /// Makes every variable that the list may set unknown, for this reason.
    pub(super) fn blur(&mut self, list: &AndOrList, dynamic: &Dynamic) {
        let mut names = Vec::new();
        and_or(list, &mut names);
        for name in names {
            self.variables.blur(&name, dynamic);
        }
        self.status = 0;
    }
}

fn and_or(list: &AndOrList, names: &mut Vec<String>) {
    let rest = list.additional.iter().map(|next| match next {
        AndOr::And(pipeline) | AndOr::Or(pipeline) => pipeline,
    });
    for command in std::iter::once(&list.first).chain(rest).flat_map(|pipeline| &pipeline.seq) {
        of_command(command, names);
    }
}

fn of_list(list: &CompoundList, names: &mut Vec<String>) {
    list.0.iter().for_each(|item| and_or(&item.0, names));
}

fn of_command(command: &Command, names: &mut Vec<String>) {
    match command {
        Command::Simple(simple) => of_simple(simple, names),
        Command::Compound(compound, _) => of_compound(compound, names),
        Command::Function(_) | Command::ExtendedTest(..) => {}
    }
}

fn of_compound(compound: &CompoundCommand, names: &mut Vec<String>) {
    match compound {
        CompoundCommand::BraceGroup(group) => of_list(&group.list, names),
        CompoundCommand::IfClause(clause) => {
            of_list(&clause.condition, names);
            of_list(&clause.then, names);
            for other in clause.elses.iter().flatten() {
                other.condition.iter().for_each(|condition| of_list(condition, names));
                of_list(&other.body, names);
            }
        }
        CompoundCommand::CaseClause(clause) => {
            clause.cases.iter().filter_map(|item| item.cmd.as_ref()).for_each(|list| of_list(list, names));
        }
        CompoundCommand::ForClause(clause) => {
            names.push(clause.variable_name.clone());
            of_list(&clause.body.list, names);
        }
        CompoundCommand::ArithmeticForClause(clause) => of_list(&clause.body.list, names),
        CompoundCommand::WhileClause(clause) | CompoundCommand::UntilClause(clause) => {
            of_list(&clause.0, names);
            of_list(&clause.1.list, names);
        }
        CompoundCommand::Arithmetic(_) | CompoundCommand::Subshell(_) | CompoundCommand::Coprocess(_) => {}
    }
}

fn of_simple(simple: &SimpleCommand, names: &mut Vec<String>) {
    let prefix = simple.prefix.iter().flat_map(|prefix| &prefix.0);
    let suffix = simple.suffix.iter().flat_map(|suffix| &suffix.0);
    let word = simple.word_or_name.as_ref().map(|word| word.value.as_str());
    if word.is_none() {
        names.extend(prefix.filter_map(assigned));
        return;
    }
    let sets = matches!(word, Some("export" | "declare" | "typeset" | "readonly" | "let"));
    let reads = matches!(word, Some("read" | "mapfile" | "readarray" | "printf" | "unset"));
    if sets {
        names.extend(suffix.clone().filter_map(assigned));
    }
    if reads {
        names.extend(suffix.filter_map(|item| match item {
            CommandPrefixOrSuffixItem::Word(word) if is_name(&word.value) => Some(word.value.clone()),
            _ => None,
        }));
    }
}

fn assigned(item: &CommandPrefixOrSuffixItem) -> Option<String> {
    let CommandPrefixOrSuffixItem::AssignmentWord(Assignment { name, .. }, _) = item else { return None };
    match name {
        AssignmentName::VariableName(name) | AssignmentName::ArrayElementName(name, _) => Some(name.clone()),
    }
}
