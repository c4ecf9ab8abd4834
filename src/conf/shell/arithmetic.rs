//! Arithmetic: 64 bits, wrapping, as bash does it.

use brush_parser::ast::{ArithmeticExpr, ArithmeticTarget, BinaryOperator, UnaryAssignmentOperator, UnaryOperator};

use super::dynamic::Dynamic;
use super::eval::Evaluator;
use super::limits;

/// Variables may hold expressions that name variables; bash stops at a depth, too.
const MAX_DEPTH: usize = 16;

impl Evaluator<'_> {
    /// The value of an expression, after expansion as inside double quotes.
    pub(super) fn arithmetic(&mut self, expression: &str) -> Result<i64, Dynamic> {
        let expanded = self.inside_quotes(expression)?;
        self.expanded_arithmetic(&expanded, 0)
    }

    fn expanded_arithmetic(&mut self, text: &str, depth: usize) -> Result<i64, Dynamic> {
        self.step()?;
        if let Ok(number) = text.trim().parse::<i64>()
            && !text.trim().trim_start_matches(['-', '+']).starts_with('0')
        {
            return Ok(number);
        }
        let parsed = Some(text)
            .filter(|text| depth < MAX_DEPTH && limits::is_simple_arithmetic(text))
            .and_then(|text| brush_parser::arithmetic::parse(text).ok());
        let parsed = parsed.ok_or_else(|| self.dynamic(format!("the arithmetic `{text}`")))?;
        self.compute(&parsed, depth)
    }

    fn compute(&mut self, expression: &ArithmeticExpr, depth: usize) -> Result<i64, Dynamic> {
        self.step()?;
        match expression {
            ArithmeticExpr::Literal(number) => Ok(*number),
            ArithmeticExpr::Reference(target) => self.read(target, depth),
            ArithmeticExpr::UnaryOp(operator, operand) => {
                let operand = self.compute(operand, depth)?;
                Ok(match operator {
                    UnaryOperator::UnaryPlus => operand,
                    UnaryOperator::UnaryMinus => operand.wrapping_neg(),
                    UnaryOperator::BitwiseNot => !operand,
                    UnaryOperator::LogicalNot => i64::from(operand == 0),
                })
            }
            ArithmeticExpr::BinaryOp(BinaryOperator::LogicalAnd, left, right) => {
                Ok(i64::from(self.compute(left, depth)? != 0 && self.compute(right, depth)? != 0))
            }
            ArithmeticExpr::BinaryOp(BinaryOperator::LogicalOr, left, right) => {
                Ok(i64::from(self.compute(left, depth)? != 0 || self.compute(right, depth)? != 0))
            }
            ArithmeticExpr::BinaryOp(operator, left, right) => {
                let (left, right) = (self.compute(left, depth)?, self.compute(right, depth)?);
                self.binary(operator, left, right)
            }
            ArithmeticExpr::Conditional(condition, yes, no) => match self.compute(condition, depth)? {
                0 => self.compute(no, depth),
                _ => self.compute(yes, depth),
            },
            ArithmeticExpr::Assignment(target, value) => {
                let value = self.compute(value, depth)?;
                self.write(target, value, depth)
            }
            ArithmeticExpr::BinaryAssignment(operator, target, value) => {
                let value = self.compute(value, depth)?;
                let before = self.read(target, depth)?;
                let after = self.binary(operator, before, value)?;
                self.write(target, after, depth)
            }
            ArithmeticExpr::UnaryAssignment(operator, target) => self.step_by_one(operator, target, depth),
        }
    }

    fn step_by_one(
        &mut self,
        operator: &UnaryAssignmentOperator,
        target: &ArithmeticTarget,
        depth: usize,
    ) -> Result<i64, Dynamic> {
        let before = self.read(target, depth)?;
        match operator {
            UnaryAssignmentOperator::PrefixIncrement => self.write(target, before.wrapping_add(1), depth),
            UnaryAssignmentOperator::PrefixDecrement => self.write(target, before.wrapping_sub(1), depth),
            UnaryAssignmentOperator::PostfixIncrement => {
                self.write(target, before.wrapping_add(1), depth).map(|_| before)
            }
            UnaryAssignmentOperator::PostfixDecrement => {
                self.write(target, before.wrapping_sub(1), depth).map(|_| before)
            }
        }
    }

    fn binary(&self, operator: &BinaryOperator, left: i64, right: i64) -> Result<i64, Dynamic> {
        let shift = || u32::try_from(right & 63).unwrap_or(0);
        Ok(match operator {
            BinaryOperator::Power => {
                let exponent = u32::try_from(right).map_err(|_| self.dynamic("such a power"))?;
                left.wrapping_pow(exponent)
            }
            BinaryOperator::Multiply => left.wrapping_mul(right),
            BinaryOperator::Divide | BinaryOperator::Modulo if right == 0 => {
                return Err(self.dynamic("a division by zero"));
            }
            BinaryOperator::Divide => left.wrapping_div(right),
            BinaryOperator::Modulo => left.wrapping_rem(right),
            BinaryOperator::Comma => right,
            BinaryOperator::Add => left.wrapping_add(right),
            BinaryOperator::Subtract => left.wrapping_sub(right),
            BinaryOperator::ShiftLeft => left.wrapping_shl(shift()),
            BinaryOperator::ShiftRight => left.wrapping_shr(shift()),
            BinaryOperator::LessThan => i64::from(left < right),
            BinaryOperator::LessThanOrEqualTo => i64::from(left <= right),
            BinaryOperator::GreaterThan => i64::from(left > right),
            BinaryOperator::GreaterThanOrEqualTo => i64::from(left >= right),
            BinaryOperator::Equals => i64::from(left == right),
            BinaryOperator::NotEquals => i64::from(left != right),
            BinaryOperator::BitwiseAnd => left & right,
            BinaryOperator::BitwiseXor => left ^ right,
            BinaryOperator::BitwiseOr => left | right,
            BinaryOperator::LogicalAnd => i64::from(left != 0 && right != 0),
            BinaryOperator::LogicalOr => i64::from(left != 0 || right != 0),
        })
    }

    fn place_of(&mut self, target: &ArithmeticTarget, depth: usize) -> Result<(String, usize), Dynamic> {
        match target {
            ArithmeticTarget::Variable(name) => Ok((name.clone(), 0)),
            ArithmeticTarget::ArrayElement(name, index) => {
                let index = self.compute(index, depth)?;
                let index = usize::try_from(index).map_err(|_| self.dynamic("a negative index"))?;
                Ok((name.clone(), index))
            }
        }
    }

    fn read(&mut self, target: &ArithmeticTarget, depth: usize) -> Result<i64, Dynamic> {
        let (name, index) = self.place_of(target, depth)?;
        self.refuse_special(&name)?;
        match self.variables.element(&name, index)? {
            None => Ok(0),
            Some(text) if text.trim().is_empty() => Ok(0),
            Some(text) => self.expanded_arithmetic(&text, depth + 1),
        }
    }

    fn write(&mut self, target: &ArithmeticTarget, value: i64, depth: usize) -> Result<i64, Dynamic> {
        let (name, index) = self.place_of(target, depth)?;
        self.set(&name, index, Ok(value.to_string()))?;
        Ok(value)
    }
}
