//! The value of a variable: text in segments, each with the condition under which it is there.

use super::guard::Guard;

/// Ways in which one word may read; beyond that its conditions are given up.
const MAX_READINGS: usize = 16;

/// A piece of text, and when it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) guard: Guard,
    pub(super) text: String,
}

/// Text that may depend on conditions: the segments that are there, one after the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Value(pub(super) Vec<Segment>);

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        let mut value = Self::default();
        value.push(&Guard::default(), &text);
        value
    }
}

impl Value {
    /// Appends text that is there under a condition.
    pub(super) fn push(&mut self, guard: &Guard, text: &str) {
        match self.0.last_mut() {
            _ if text.is_empty() || guard.is_never() => {}
            Some(last) if last.guard == *guard => last.text.push_str(text),
            _ => self.0.push(Segment { guard: guard.clone(), text: text.to_owned() }),
        }
    }

    /// Appends another value under a condition.
    pub(super) fn append(&mut self, guard: &Guard, other: &Self) {
        for segment in &other.0 {
            self.push(&guard.and(&segment.guard), &segment.text);
        }
    }

    /// Words with a blank between them.
    pub(super) fn of_words(words: &[(Guard, String)]) -> Self {
        let mut value = Self::default();
        for (guard, word) in words {
            value.push(guard, &format!("{word} "));
        }
        // What is written beside the call joins the last word.
        if let Some(last) = value.0.last_mut() {
            last.text.pop();
        }
        value
    }

    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|segment| segment.text.len()).sum()
    }

    /// The text, if it depends on nothing.
    pub(super) fn plain(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [only] if only.guard.is_always() => Some(&only.text),
            _ => None,
        }
    }

    /// The text with every segment in it, whatever its condition: for messages.
    pub(super) fn shown(&self) -> String {
        self.0.iter().map(|segment| segment.text.as_str()).collect()
    }

    /// The words, each with its condition. A word of which parts depend on conditions is there once for each way to read
    /// it. A blank parts words even where it depends on a condition itself.
    pub(super) fn words(&self) -> Vec<(Guard, String)> {
        let mut words = Vec::new();
        let mut pieces: Vec<Segment> = Vec::new();
        for segment in &self.0 {
            let mut parts = segment.text.split([' ', '\t', '\n', '\r']);
            let mut part = parts.next();
            while let Some(text) = part {
                if !text.is_empty() {
                    pieces.push(Segment { guard: segment.guard.clone(), text: text.to_owned() });
                }
                part = parts.next();
                if part.is_some() {
                    words.extend(readings(&pieces).into_iter().filter(|(_, word)| !word.is_empty()));
                    pieces.clear();
                }
            }
        }
        words.extend(readings(&pieces).into_iter().filter(|(_, word)| !word.is_empty()));
        words
    }

    /// Every way to read the whole text, each with its condition; None when there are too many.
    pub(super) fn readings(&self) -> Option<Vec<(Guard, String)>> {
        let readings = readings(&self.0);
        (readings.len() < MAX_READINGS).then_some(readings)
    }
}

fn readings(pieces: &[Segment]) -> Vec<(Guard, String)> {
    let mut readings = vec![(Guard::default(), String::new())];
    for piece in pieces {
        let mut next = Vec::with_capacity(readings.len());
        for (guard, text) in readings {
            let with = guard.and(&piece.guard);
            let without = piece.guard.not().map(|not| guard.and(&not)).filter(|guard| !guard.is_never());
            if !with.is_never() && next.len() < MAX_READINGS {
                next.push((with, format!("{text}{}", piece.text)));
            }
            if let Some(without) = without.filter(|_| next.len() < MAX_READINGS) {
                next.push((without, text));
            }
        }
        readings = next;
    }
    readings
}

#[cfg(test)]
mod tests {
    use super::super::guard::Atoms;
    use super::*;

    #[test]
    fn words_are_read_once_for_each_condition_that_parts_of_them_have() {
        let mut atoms = Atoms::default();
        let a = atoms.unknown("A");
        let not_a = a.not().unwrap();
        let mut value = Value::from("x.o ");
        value.push(&a, "one");
        value.push(&not_a, "two");
        value.push(&Guard::default(), ".o");
        value.push(&a, " last.o");
        let words: Vec<(bool, bool, String)> = value
            .words()
            .into_iter()
            .map(|(guard, word)| (guard.and(&a).is_never(), guard.and(&not_a).is_never(), word))
            .collect();
        let expected = [(false, false, "x.o"), (false, true, "one.o"), (true, false, "two.o"), (false, true, "last.o")];
        assert_eq!(words, expected.map(|(not_a, a, word)| (not_a, a, word.to_owned())));
        assert_eq!(value.readings().unwrap().len(), 2);
    }
}
