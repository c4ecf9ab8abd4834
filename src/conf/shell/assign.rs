//! Assignments: scalars, elements, whole arrays, `+=`.

use brush_parser::ast::{Assignment, AssignmentName, AssignmentValue};

use super::dynamic::Dynamic;
use super::eval::Evaluator;
use super::variables::{Element, Variable};

impl Evaluator<'_> {
    pub(super) fn assignments<'a>(
        &mut self,
        assignments: impl IntoIterator<Item = &'a Assignment>,
    ) -> Result<(), Dynamic> {
        self.substitution = None;
        for assignment in assignments {
            self.assign(assignment)?;
        }
        self.status = self.substitution.unwrap_or(0);
        Ok(())
    }

    /// One assignment; when lenient, an unknown value is kept as such.
    pub(super) fn assign(&mut self, assignment: &Assignment) -> Result<(), Dynamic> {
        self.at_line(assignment.loc.start.line);
        let (name, index) = match &assignment.name {
            AssignmentName::VariableName(name) => (name.as_str(), 0),
            AssignmentName::ArrayElementName(name, index) => (name.as_str(), self.index(name, index)?),
        };
        let value = match &assignment.value {
            AssignmentValue::Scalar(word) => self.text(&word.value),
            AssignmentValue::Array(_) => return self.assign_array(name, assignment),
        };
        let value = match value {
            Ok(value) if assignment.append => {
                self.variables.element(name, index).and_then(|before| self.bounded(before.unwrap_or_default() + &value))
            }
            value => value,
        };
        match value {
            Err(dynamic) if !self.is_lenient() => Err(dynamic),
            value => self.set(name, index, value),
        }
    }

    fn assign_array(&mut self, name: &str, assignment: &Assignment) -> Result<(), Dynamic> {
        let AssignmentValue::Array(elements) = &assignment.value else { return Ok(()) };
        if matches!(assignment.name, AssignmentName::ArrayElementName(..)) {
            return Err(self.dynamic("a list as one element"));
        }
        let mut variable = match assignment.append {
            true => self.variables.get(name)?.cloned().unwrap_or_default(),
            false => Variable::default(),
        };
        let mut next = variable.elements.keys().next_back().map_or(0, |last| last + 1);
        for (key, word) in elements {
            match key {
                Some(key) => {
                    next = self.index(name, &key.value)?;
                    let value = self.text(&word.value)?;
                    variable.elements.insert(next, Ok(value));
                    next += 1;
                }
                None => {
                    for value in self.fields([word.value.as_str()])? {
                        variable.elements.insert(next, Ok(value));
                        next += 1;
                    }
                }
            }
        }
        self.refuse_special(name)?;
        self.variables.replace(name, variable);
        Ok(())
    }

    pub(super) fn set(&mut self, name: &str, index: usize, value: Element) -> Result<(), Dynamic> {
        self.refuse_special(name)?;
        self.variables.set(name, index, value);
        Ok(())
    }
}
