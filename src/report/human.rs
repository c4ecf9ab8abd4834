//! Lines for people: plain ones where output is no terminal, a spinner per running step where it is.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Mutex;
use std::time::Instant;

use crate::error::Error;
use crate::ids::{ModuleId, Target};

use super::escape::text as harmless;
use super::progress::Progress;
use super::{Message, Reporter};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Loudness {
    /// `--quiet`: nothing at all.
    Nothing,
    #[default]
    Normal,
    /// `--verbose`: with details.
    Details,
}

/// Where plain lines about work go. Answers go to standard output always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notes {
    /// Standard output (a command that a person runs).
    Stdout,
    /// Standard error (hooks: standard output may be somebody's command channel).
    Stderr,
}

pub(crate) struct Human {
    loudness: Loudness,
    notes: Notes,
    progress: Option<Progress>,
    running: Mutex<BTreeMap<String, Instant>>,
}

impl Human {
    /// With this loudness; progress is shown only where standard error is a terminal.
    pub(crate) fn new(loudness: Loudness, notes: Notes) -> Self {
        let progress = (loudness > Loudness::Nothing).then(Progress::on_terminal).flatten();
        Self { loudness, notes, progress, running: Mutex::default() }
    }

    /// The same, with details unless nothing is to be told (framework.conf's `verbose`).
    #[must_use]
    pub(crate) fn with_details(mut self) -> Self {
        if self.loudness > Loudness::Nothing {
            self.loudness = Loudness::Details;
        }
        self
    }

    /// The error that a command ends with: what, because of what, what to do.
    pub(crate) fn tell_error(&self, error: &Error) {
        let mut text = format!("dkms: error: {error}\n");
        for cause in error.causes() {
            text.push_str(&format!("  cause: {cause}\n"));
        }
        for hint in error.hints() {
            text.push_str(&format!("  hint: {hint}\n"));
        }
        self.write(io::stderr(), &text);
    }

    /// A failure that does not end the command: a module in an event.
    pub(crate) fn tell_failure(&self, error: &Error) {
        let mut text = format!("dkms: failed: {error}\n");
        for detail in error.causes().iter().chain(error.hints()) {
            text.push_str(&format!("  {detail}\n"));
        }
        self.write(io::stderr(), &text);
    }

    fn line(&self, to_stdout: bool, text: &str) {
        let text = format!("{text}\n");
        if to_stdout { self.write(io::stdout(), &text) } else { self.write(io::stderr(), &text) }
    }

    /// The only way out, where foreign text becomes harmless.
    ///
    /// A closed pipe (`dkms status | head -1`) is the reader's good right: nothing is left to be told then.
    fn write(&self, mut stream: impl Write, text: &str) {
        if self.loudness == Loudness::Nothing {
            return;
        }
        let text = harmless(text);
        let mut write = || stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
        let written = match &self.progress {
            Some(progress) => progress.suspend(write),
            None => write(),
        };
        drop(written);
    }

    /// One bar at a time; it goes when all is done. Work on little is over before anybody has read a bar.
    fn progress(&self, title: String, done: u64, total: u64) {
        const LITTLE: u64 = 8 << 20;
        if let Some(progress) = self.progress.as_ref().filter(|_| total >= LITTLE) {
            progress.set(harmless(&title).into_owned(), done, total);
        }
    }

    fn started(&self, module: &ModuleId, target: Option<&Target>, doing: &'static str) {
        let title = title(module, target, doing);
        if let Some(progress) = &self.progress {
            progress.begin(&harmless(&title));
        }
        if let Ok(mut running) = self.running.lock() {
            running.insert(title, Instant::now());
        }
    }

    fn finished(&self, module: &ModuleId, target: Option<&Target>, doing: &'static str, how: &str) {
        let title = title(module, target, doing);
        let known = self.running.lock().ok().and_then(|mut running| running.remove(&title));
        let elapsed = known.as_ref().map_or(0.0, |begin| begin.elapsed().as_secs_f64());
        if let Some(progress) = &self.progress {
            progress.end(&harmless(&title));
        }
        let time = if elapsed >= 0.05 { format!(" ({elapsed:.1} s)") } else { String::new() };
        self.line(self.notes == Notes::Stdout, &format!("{title}: {how}{time}"));
    }
}

impl Reporter for Human {
    fn tell(&self, message: Message) {
        let to_stdout = self.notes == Notes::Stdout;
        match message {
            Message::Answer(text) => self.line(true, &text),
            Message::Note(text) => self.line(to_stdout, &text),
            Message::Warning(text) => self.line(false, &format!("dkms: warning: {text}")),
            Message::Detail(text) if self.loudness >= Loudness::Details => self.line(to_stdout, &text),
            Message::Detail(_) => {}
            Message::Progress { title, done, total } => self.progress(title, done, total),
            Message::Started { module, target, doing } => self.started(&module, target.as_ref(), doing),
            Message::Finished { module, target, doing, how } => self.finished(&module, target.as_ref(), doing, &how),
        }
    }
}

fn title(module: &ModuleId, target: Option<&Target>, doing: &str) -> String {
    match target {
        Some(target) => format!("{doing} {module} for {target}"),
        None => format!("{doing} {module}"),
    }
}
