//! Control flow: `if`, `case`, and the loops.

use brush_parser::ast::{
    ArithmeticForClauseCommand, CaseClauseCommand, CaseItemPostAction, CompoundList, ForClauseCommand, IfClauseCommand,
    WhileOrUntilClauseCommand,
};

use super::dynamic::Dynamic;
use super::eval::{Evaluator, Flow};
use super::pattern::Pattern;

impl Evaluator<'_> {
    pub(super) fn if_clause(&mut self, clause: &IfClauseCommand) -> Result<Flow, Dynamic> {
        let flow = self.condition(&clause.condition)?;
        if flow != Flow::Next {
            return Ok(flow);
        }
        if self.status == 0 {
            return self.list(&clause.then);
        }
        for other in clause.elses.iter().flatten() {
            if let Some(condition) = &other.condition {
                let flow = self.condition(condition)?;
                if flow != Flow::Next {
                    return Ok(flow);
                }
                if self.status != 0 {
                    continue;
                }
            }
            return self.list(&other.body);
        }
        self.status = 0;
        Ok(Flow::Next)
    }

    /// A list whose status decides something.
    fn condition(&mut self, list: &CompoundList) -> Result<Flow, Dynamic> {
        self.strictly(|evaluator| evaluator.list(list))
    }

    pub(super) fn case(&mut self, clause: &CaseClauseCommand) -> Result<Flow, Dynamic> {
        let value: Vec<char> = self.text(&clause.value.value)?.chars().collect();
        self.status = 0;
        let mut falls_through = false;
        for item in &clause.cases {
            let mut found = falls_through;
            for pattern in &item.patterns {
                if !found {
                    let pattern = Pattern::new(&self.pattern(&pattern.value)?);
                    self.spend(pattern.cost(value.len()))?;
                    found = pattern.matches(&value);
                }
            }
            if !found {
                continue;
            }
            if let Some(list) = &item.cmd {
                match self.list(list)? {
                    Flow::Next => {}
                    flow => return Ok(flow),
                }
            }
            match item.post_action {
                CaseItemPostAction::ExitCase => return Ok(Flow::Next),
                CaseItemPostAction::UnconditionallyExecuteNextCaseItem => falls_through = true,
                CaseItemPostAction::ContinueEvaluatingCases => falls_through = false,
            }
        }
        Ok(Flow::Next)
    }

    pub(super) fn for_clause(&mut self, clause: &ForClauseCommand) -> Result<Flow, Dynamic> {
        let values = match &clause.values {
            Some(words) => self.fields(words.iter().map(|word| word.value.as_str()))?,
            None if self.is_in_function() => self.variables.arguments().to_vec(),
            None => return Err(self.dynamic("`for` over the caller's parameters")),
        };
        self.status = 0;
        for value in values {
            self.set(&clause.variable_name, 0, Ok(value))?;
            if let Some(flow) = self.turn(&clause.body.list)? {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    pub(super) fn arithmetic_for(&mut self, clause: &ArithmeticForClauseCommand) -> Result<Flow, Dynamic> {
        if let Some(start) = &clause.initializer {
            self.arithmetic(&start.value)?;
        }
        self.status = 0;
        loop {
            self.step()?;
            let condition = clause.condition.as_ref().filter(|condition| !condition.value.trim().is_empty());
            if let Some(condition) = condition
                && self.arithmetic(&condition.value)? == 0
            {
                return Ok(Flow::Next);
            }
            if let Some(flow) = self.turn(&clause.body.list)? {
                return Ok(flow);
            }
            if let Some(update) = &clause.updater {
                self.arithmetic(&update.value)?;
            }
        }
    }

    pub(super) fn while_clause(&mut self, clause: &WhileOrUntilClauseCommand, wanted: bool) -> Result<Flow, Dynamic> {
        let mut last = 0;
        loop {
            self.step()?;
            let flow = self.condition(&clause.0)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
            if (self.status == 0) != wanted {
                self.status = last;
                return Ok(Flow::Next);
            }
            if let Some(flow) = self.turn(&clause.1.list)? {
                return Ok(flow);
            }
            last = self.status;
        }
    }

    /// One turn of a loop; Some when the loop ends with it.
    fn turn(&mut self, body: &CompoundList) -> Result<Option<Flow>, Dynamic> {
        self.step()?;
        Ok(match self.list(body)? {
            Flow::Next | Flow::Continue(1) => None,
            Flow::Break(1) => Some(Flow::Next),
            Flow::Break(count) => Some(Flow::Break(count - 1)),
            Flow::Continue(count) => Some(Flow::Continue(count - 1)),
            Flow::Return => Some(Flow::Return),
        })
    }
}
