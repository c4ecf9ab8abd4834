//! `[ … ]` and `[[ … ]]`.

use brush_parser::ast::{BinaryPredicate, ExtendedTestExpr, UnaryPredicate};
use rustix::fs::Access;

use super::dynamic::Dynamic;
use super::eval::Evaluator;
use super::expand::Part;
use super::glob;
use super::pattern::Pattern;
use crate::conf::ere;

impl Evaluator<'_> {
    /// `[ … ]` without its brackets, `test …`.
    pub(super) fn test(&mut self, words: &[String]) -> Result<bool, Dynamic> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.test_words(&words)
    }

    /// POSIX decides by the number of words; more than four are `-a` and `-o` of shorter ones.
    fn test_words(&mut self, words: &[&str]) -> Result<bool, Dynamic> {
        match words {
            [] => Ok(false),
            [word] => Ok(!word.is_empty()),
            ["!", rest @ ..] if rest.len() < 4 => Ok(!self.test_words(rest)?),
            [operator, word] => self.unary(operator, word),
            [left, operator, right] => self.binary_words(left, operator, right),
            _ if words.iter().any(|word| matches!(*word, "(" | ")")) => Err(self.dynamic("`[` with brackets")),
            _ => self.test_list(words),
        }
    }

    fn test_list(&mut self, words: &[&str]) -> Result<bool, Dynamic> {
        let joint = ["-o", "-a"].iter().find_map(|joint| words.iter().position(|word| word == joint));
        match joint {
            Some(at) if at > 0 && at + 1 < words.len() => {
                let (left, right) = (self.test_words(&words[..at])?, self.test_words(&words[at + 1..])?);
                Ok(if words[at] == "-o" { left || right } else { left && right })
            }
            _ => Err(self.dynamic("`[` with these words")),
        }
    }

    fn unary(&self, operator: &str, word: &str) -> Result<bool, Dynamic> {
        Ok(match operator {
            "-n" => !word.is_empty(),
            "-z" => word.is_empty(),
            "-v" => return self.is_set(word),
            _ => return self.file_test(operator, word),
        })
    }

    fn binary_words(&mut self, left: &str, operator: &str, right: &str) -> Result<bool, Dynamic> {
        if let ("-a", _) | ("-o", _) = (operator, right) {
            let (left, right) = (!left.is_empty(), !right.is_empty());
            return Ok(if operator == "-o" { left || right } else { left && right });
        }
        match operator {
            "=" | "==" => Ok(left == right),
            "!=" => Ok(left != right),
            _ => {
                let compare = comparison(operator).ok_or_else(|| self.dynamic(format!("the test {operator}")))?;
                let number = |word: &str| word.trim().parse::<i64>().ok();
                match (number(left), number(right)) {
                    (Some(left), Some(right)) => Ok(compare(left, right)),
                    _ => Err(self.dynamic(format!("the test {left} {operator} {right}"))),
                }
            }
        }
    }

    fn file_test(&self, operator: &str, word: &str) -> Result<bool, Dynamic> {
        let file = glob::opened(self.system(), word);
        let meta = || if word.is_empty() { None } else { std::fs::metadata(&file).ok() };
        let may = |access| !word.is_empty() && rustix::fs::access(&file, access).is_ok();
        Ok(match operator {
            "-e" | "-a" => meta().is_some(),
            "-f" => meta().is_some_and(|meta| meta.is_file()),
            "-d" => meta().is_some_and(|meta| meta.is_dir()),
            "-s" => meta().is_some_and(|meta| meta.len() > 0),
            "-L" | "-h" => !word.is_empty() && file.is_symlink(),
            "-r" => may(Access::READ_OK),
            "-w" => may(Access::WRITE_OK),
            "-x" => may(Access::EXEC_OK),
            _ => return Err(self.dynamic(format!("the test {operator}"))),
        })
    }

    fn is_set(&self, name: &str) -> Result<bool, Dynamic> {
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(self.dynamic(format!("the test -v {name}")));
        }
        self.refuse_special(name)?;
        Ok(self.variables.element(name, 0)?.is_some())
    }

    /// `[[ … ]]`.
    pub(super) fn extended_test(&mut self, expression: &ExtendedTestExpr) -> Result<bool, Dynamic> {
        self.step()?;
        match expression {
            ExtendedTestExpr::And(left, right) => Ok(self.extended_test(left)? && self.extended_test(right)?),
            ExtendedTestExpr::Or(left, right) => Ok(self.extended_test(left)? || self.extended_test(right)?),
            ExtendedTestExpr::Not(inner) => Ok(!self.extended_test(inner)?),
            ExtendedTestExpr::Parenthesized(inner) => self.extended_test(inner),
            ExtendedTestExpr::UnaryTest(predicate, word) => {
                let word = self.text(&word.value)?;
                let operator = unary_operator(predicate).ok_or_else(|| self.dynamic("this test"))?;
                self.unary(operator, &word)
            }
            ExtendedTestExpr::BinaryTest(predicate, left, right) => {
                let left = self.text(&left.value)?;
                self.extended_binary(predicate, &left, &right.value)
            }
        }
    }

    fn extended_binary(&mut self, predicate: &BinaryPredicate, left: &str, right: &str) -> Result<bool, Dynamic> {
        match predicate {
            BinaryPredicate::StringExactlyMatchesPattern | BinaryPredicate::StringDoesNotExactlyMatchPattern => {
                let pattern = Pattern::new(&self.pattern(right)?);
                self.spend(pattern.cost(left.len()))?;
                let found = pattern.matches(&left.chars().collect::<Vec<_>>());
                Ok(found == matches!(predicate, BinaryPredicate::StringExactlyMatchesPattern))
            }
            BinaryPredicate::StringExactlyMatchesString => Ok(left == self.text(right)?),
            BinaryPredicate::StringDoesNotExactlyMatchString => Ok(left != self.text(right)?),
            BinaryPredicate::StringMatchesRegex | BinaryPredicate::StringContainsSubstring => {
                let expression = self.expression(right)?;
                ere::matches(&expression, left).map_err(|_| self.dynamic(format!("the expression `{expression}`")))
            }
            _ => {
                let operator = arithmetic_operator(predicate).ok_or_else(|| self.dynamic("this test"))?;
                let right = self.text(right)?;
                let (left, right) = (self.arithmetic(left)?, self.arithmetic(&right)?);
                comparison(operator).map(|compare| compare(left, right)).ok_or_else(|| self.dynamic("this test"))
            }
        }
    }

    /// The right side of `=~`: quoted parts match literally.
    fn expression(&mut self, word: &str) -> Result<String, Dynamic> {
        let parts = self.parts(word)?;
        let text = parts.into_iter().map(|part| match part {
            Part::Literal(text) | Part::Expanded(text) => text,
            Part::Quoted(text) => text.chars().flat_map(escaped).collect(),
            Part::Border => " ".to_owned(),
        });
        Ok(text.collect())
    }
}

fn escaped(character: char) -> impl Iterator<Item = char> {
    let special = character.is_ascii_punctuation() && !matches!(character, '<' | '>' | '`' | '\'' | '_');
    special.then_some('\\').into_iter().chain([character])
}

fn comparison(operator: &str) -> Option<fn(i64, i64) -> bool> {
    Some(match operator {
        "-eq" => |left, right| left == right,
        "-ne" => |left, right| left != right,
        "-lt" => |left, right| left < right,
        "-le" => |left, right| left <= right,
        "-gt" => |left, right| left > right,
        "-ge" => |left, right| left >= right,
        _ => return None,
    })
}

fn arithmetic_operator(predicate: &BinaryPredicate) -> Option<&'static str> {
    Some(match predicate {
        BinaryPredicate::ArithmeticEqualTo => "-eq",
        BinaryPredicate::ArithmeticNotEqualTo => "-ne",
        BinaryPredicate::ArithmeticLessThan => "-lt",
        BinaryPredicate::ArithmeticLessThanOrEqualTo => "-le",
        BinaryPredicate::ArithmeticGreaterThan => "-gt",
        BinaryPredicate::ArithmeticGreaterThanOrEqualTo => "-ge",
        _ => return None,
    })
}

fn unary_operator(predicate: &UnaryPredicate) -> Option<&'static str> {
    Some(match predicate {
        UnaryPredicate::FileExists => "-e",
        UnaryPredicate::FileExistsAndIsDir => "-d",
        UnaryPredicate::FileExistsAndIsRegularFile => "-f",
        UnaryPredicate::FileExistsAndIsSymlink => "-L",
        UnaryPredicate::FileExistsAndIsReadable => "-r",
        UnaryPredicate::FileExistsAndIsNotZeroLength => "-s",
        UnaryPredicate::FileExistsAndIsWritable => "-w",
        UnaryPredicate::FileExistsAndIsExecutable => "-x",
        UnaryPredicate::ShellVariableIsSetAndAssigned => "-v",
        UnaryPredicate::StringHasZeroLength => "-z",
        UnaryPredicate::StringHasNonZeroLength => "-n",
        _ => return None,
    })
}
