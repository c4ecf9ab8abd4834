//! The only place that prints. The layers below hand over what happened; how it reads is decided here.

mod beat;
pub(crate) mod escape;
pub(crate) mod human;
pub(crate) mod journaled;
mod progress;
mod scene;

use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{ModuleId, Target};

/// What may be told while work goes on.
#[derive(Debug, Clone)]
pub(crate) enum Message {
    /// An answer that the user asked for: standard output.
    Answer(String),
    /// The document of `--json`: standard output, also with `--quiet`.
    Document(String),
    /// Work that happened, one plain line: standard output.
    Note(String),
    /// Something that the user should know although the work goes on: standard error.
    Warning(String),
    /// Detail for `--verbose`: standard output.
    Detail(String),
    /// A step begins that takes time: "building", "signing" …
    Started {
        module: ModuleId,
        /// The kernel, if the step has one.
        target: Option<Target>,
        /// The verb in its -ing form.
        doing: &'static str,
    },
    /// How far the work on a file has come, in bytes; shown on a terminal only.
    Progress {
        title: String,
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// The step that began is over.
    Finished {
        module: ModuleId,
        /// The kernel, if the step has one.
        target: Option<Target>,
        /// The verb as in `Started`.
        doing: &'static str,
        /// How it ended, a few words ("done", "failed").
        how: String,
    },
}

/// A document for [`Message::Document`].
pub(crate) fn document(document: &impl serde::Serialize) -> Result<String> {
    let text = serde_json::to_string_pretty(document)
        .map_err(|error| Error::new(Kind::Internal, "cannot write the answer as JSON").caused_by(error))?;
    Ok(escape::json(&text).into_owned())
}

/// Takes messages from any thread.
pub(crate) trait Reporter: Send + Sync {
    fn tell(&self, message: Message);

    /// An answer line on standard output.
    fn answer(&self, line: impl Into<String>)
    where
        Self: Sized,
    {
        self.tell(Message::Answer(line.into()));
    }

    /// The document that `--json` asks for.
    fn document(&self, text: String) {
        self.tell(Message::Document(text));
    }

    /// One plain line about work that happened.
    fn note(&self, line: String) {
        self.tell(Message::Note(line));
    }

    /// Something the user should know.
    fn warn(&self, line: String) {
        self.tell(Message::Warning(line));
    }

    /// Detail for `--verbose`.
    fn detail(&self, line: String) {
        self.tell(Message::Detail(line));
    }
}

#[cfg(test)]
#[derive(Default)]
pub(crate) struct Recorded(std::sync::Mutex<Vec<Message>>);

#[cfg(test)]
impl Recorded {
    /// What was told so far.
    pub(crate) fn messages(&self) -> Vec<Message> {
        self.0.lock().map(|messages| messages.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
impl Reporter for Recorded {
    fn tell(&self, message: Message) {
        if let Ok(mut messages) = self.0.lock() {
            messages.push(message);
        }
    }
}
