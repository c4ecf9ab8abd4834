//! What stands after `%if` in a spec: numbers and texts, compared and joined.

/// Whether a condition holds; None if it is no condition that rpm has always understood. Macros are expanded already.
pub(crate) fn holds(text: &str) -> Option<bool> {
    let mut reader = Reader { rest: text.trim() };
    let value = reader.or()?;
    reader.rest.trim_start().is_empty().then(|| value.is_true())
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Number(i64),
    Text(String),
}

impl Value {
    fn is_true(&self) -> bool {
        match self {
            Value::Number(number) => *number != 0,
            Value::Text(text) => !text.is_empty(),
        }
    }
}

struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    fn take(&mut self, sign: &str) -> bool {
        let rest = self.rest.trim_start();
        match rest.strip_prefix(sign) {
            Some(after) => {
                self.rest = after;
                true
            }
            None => false,
        }
    }

    fn or(&mut self) -> Option<Value> {
        let mut value = self.and()?;
        while self.take("||") {
            let other = self.and()?;
            value = Value::Number(i64::from(value.is_true() || other.is_true()));
        }
        Some(value)
    }

    fn and(&mut self) -> Option<Value> {
        let mut value = self.comparison()?;
        while self.take("&&") {
            let other = self.comparison()?;
            value = Value::Number(i64::from(value.is_true() && other.is_true()));
        }
        Some(value)
    }

    fn comparison(&mut self) -> Option<Value> {
        let left = self.single()?;
        let Some(sign) = ["==", "!=", "<=", ">=", "<", ">"].into_iter().find(|sign| self.take(sign)) else {
            return Some(left);
        };
        let order = match (&left, &self.single()?) {
            (Value::Number(left), Value::Number(right)) => left.cmp(right),
            (Value::Text(left), Value::Text(right)) => left.cmp(right),
            _ => return None,
        };
        let holds = match sign {
            "==" => order.is_eq(),
            "!=" => order.is_ne(),
            "<=" => order.is_le(),
            ">=" => order.is_ge(),
            "<" => order.is_lt(),
            _ => order.is_gt(),
        };
        Some(Value::Number(i64::from(holds)))
    }

    fn single(&mut self) -> Option<Value> {
        // `!=` never begins a value.
        if self.take("!") {
            return Some(Value::Number(i64::from(!self.single()?.is_true())));
        }
        if self.take("(") {
            let value = self.or()?;
            return self.take(")").then_some(value);
        }
        if self.take("\"") {
            let (text, after) = self.rest.split_once('"')?;
            self.rest = after;
            return Some(Value::Text(text.to_owned()));
        }
        let rest = self.rest.trim_start();
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        self.rest = &rest[end..];
        rest[..end].parse().ok().map(Value::Number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_hold_as_for_rpm() {
        let cases = [
            ("1", Some(true)),
            ("0", Some(false)),
            ("08 >= 8", Some(true)),
            ("!0 && 1", Some(true)),
            ("(0 || 1) && 0", Some(false)),
            ("\"none\" != \"none\"", Some(false)),
            ("\"a\" == \"a\" || 0", Some(true)),
            ("\"\"", Some(false)),
            ("1 == \"1\"", None),
            ("word", None),
            ("1 +", None),
            ("(1", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(holds(text), expected, "{text}");
        }
    }
}
