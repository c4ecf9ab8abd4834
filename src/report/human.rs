//! Lines for people: plain ones where output is no terminal, a spinner per running step where it is.

use std::io::{self, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, says_failed};
use crate::ids::{ModuleId, Target};

use super::beat::Beat;
use super::escape::text as harmless;
use super::journaled::{self, Weight};
use super::progress::Progress;
use super::scene::{self, IsManaged, Scene};
use super::{Message, Reporter};

/// The step that takes long.
const BUILDING: &str = "building";

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
    /// Options that every `dkms` command in a hint needs, with a blank before each.
    places: String,
    is_managed: IsManaged,
    stage: OnceLock<Stage>,
    beat: Beat,
    has_document: AtomicBool,
}

/// Where lines appear, looked up when the first of them comes.
struct Stage {
    scene: Scene,
    progress: Option<Progress>,
}

impl Human {
    /// With this loudness; progress is drawn only on a terminal that is a person's own.
    pub(crate) fn new(loudness: Loudness, notes: Notes) -> Self {
        let (stage, beat) = (OnceLock::new(), Beat::default());
        let has_document = AtomicBool::new(false);
        Self { loudness, notes, places: String::new(), is_managed: || false, stage, beat, has_document }
    }

    /// The same, for one that may be started by a package manager: this tells.
    #[must_use]
    pub(crate) fn managed(mut self, is_managed: IsManaged) -> Self {
        self.is_managed = is_managed;
        self
    }

    fn stage(&self) -> &Stage {
        self.stage.get_or_init(|| {
            let scene = Scene::now(self.is_managed);
            let draws = scene.is_drawn && self.loudness > Loudness::Nothing;
            Stage { scene, progress: draws.then(|| Progress::on_terminal(scene.is_utf8)).flatten() }
        })
    }

    /// The same; a command of ours that a hint or a warning names needs these options to be about the same places.
    #[must_use]
    pub(crate) fn with_places(mut self, options: &[(&str, Option<&std::path::Path>)]) -> Self {
        let given = options.iter().filter_map(|(option, place)| Some((option, (*place)?)));
        self.places = given.map(|(option, place)| format!(" {option} {}", place.display())).collect();
        self
    }

    /// A text with the commands of ours in it complete.
    fn complete(&self, text: &str) -> String {
        if self.places.is_empty() {
            return text.to_owned();
        }
        let parts = text.split('`').enumerate();
        let complete = parts.map(|(number, part)| match number % 2 == 1 && takes_places(part) {
            true => format!("{part}{}", self.places),
            false => part.to_owned(),
        });
        complete.collect::<Vec<_>>().join("`")
    }

    /// The same, with details unless nothing is to be told (framework.conf's `verbose`).
    #[must_use]
    pub(crate) fn with_details(mut self) -> Self {
        if self.loudness > Loudness::Nothing {
            self.loudness = Loudness::Details;
        }
        self
    }

    /// Whether standard output has the document of `--json`.
    pub(crate) fn has_told_document(&self) -> bool {
        self.has_document.load(Ordering::Relaxed)
    }

    /// The error that a command ends with: what, because of what, what to do.
    pub(crate) fn tell_error(&self, error: &Error) {
        let mut text = format!("dkms: error: {error}\n");
        for cause in error.causes() {
            text.push_str(&format!("  cause: {cause}\n"));
        }
        for hint in error.hints() {
            text.push_str(&format!("  hint: {}\n", self.complete(hint)));
        }
        self.on_stderr(&text, Weight::Error);
    }

    /// A failure that does not end the command: a module in an event.
    pub(crate) fn tell_failure(&self, error: &Error) {
        let mut text = format!("dkms: {}\n", once(error));
        for detail in error.causes().iter().chain(error.hints()) {
            text.push_str(&format!("  {}\n", self.complete(detail)));
        }
        self.on_stderr(&text, Weight::Error);
    }

    fn line(&self, to_stdout: bool, text: &str) {
        let text = format!("{text}\n");
        if to_stdout { self.write(io::stdout(), &text) } else { self.on_stderr(&text, Weight::Plain) }
    }

    fn on_stderr(&self, text: &str, weight: Weight) {
        match journaled::takes_stderr() {
            true => self.write(io::stderr(), &journaled::weighed(text, weight)),
            false => self.write(io::stderr(), text),
        }
    }

    fn write(&self, stream: impl Write, text: &str) {
        if self.loudness == Loudness::Nothing {
            return;
        }
        let text = shown(text, scene::is_utf8(|name| std::env::var(name).unwrap_or_default()));
        let progress = self.stage.get().and_then(|stage| stage.progress.as_ref());
        put(stream, &text, progress);
    }

    /// For a program: as it is, however quiet we are to be.
    fn document(&self, text: &str) {
        self.has_document.store(true, Ordering::Relaxed);
        put(io::stdout(), &format!("{text}\n"), None);
    }

    /// One bar at a time; it goes when all is done. Work on little is over before anybody has read a bar.
    fn progress(&self, title: String, done: u64, total: u64) {
        const LITTLE: u64 = 8 << 20;
        if total >= LITTLE
            && let Some(progress) = &self.stage().progress
        {
            progress.set(harmless(&title).into_owned(), done, total);
        }
    }

    fn started(&self, module: &ModuleId, target: Option<&Target>, doing: &'static str) {
        let title = title(module, target, doing);
        self.beat.begin(&title);
        // Everything else is over in a moment.
        let is_long = doing == BUILDING && self.loudness > Loudness::Nothing;
        match &self.stage().progress {
            Some(progress) => progress.begin(&harmless(&title)),
            None if is_long => self.tell_of_life(&title),
            None => {}
        }
    }

    /// Where nothing is drawn: a line for the beginning where others wait for us, and one now and then.
    fn tell_of_life(&self, title: &str) {
        let (to_stdout, is_utf8) = (self.notes == Notes::Stdout, self.stage().scene.is_utf8);
        if self.stage().scene.is_managed {
            self.line(to_stdout, title);
        }
        self.beat.tell(move |line| {
            let line = shown(&format!("{line}\n"), is_utf8);
            if to_stdout { put(io::stdout(), &line, None) } else { put(io::stderr(), &line, None) }
        });
    }

    fn finished(&self, module: &ModuleId, target: Option<&Target>, doing: &'static str, how: &str) {
        let title = title(module, target, doing);
        // None: its end was told already.
        let Some(elapsed) = self.beat.end(&title) else { return };
        if let Some(progress) = &self.stage().progress {
            progress.end(&harmless(&title));
        }
        let elapsed = elapsed.as_secs_f64();
        let time = if elapsed >= 0.05 { format!(" ({elapsed:.1} s)") } else { String::new() };
        self.line(self.notes == Notes::Stdout, &format!("{title}: {how}{time}"));
    }
}

/// The text as this locale shows it, without what would steer a terminal.
fn shown(text: &str, is_utf8: bool) -> String {
    let text = harmless(text);
    if is_utf8 { text.into_owned() } else { scene::in_ascii(&text) }
}

/// The only way out.
///
/// A closed pipe (`dkms status | head -1`) is the reader's good right: nothing is left to be told then.
fn put(mut stream: impl Write, text: &str, progress: Option<&Progress>) {
    let mut write = || stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
    let written = match progress {
        Some(progress) => progress.suspend(write),
        None => write(),
    };
    drop(written);
}

impl Reporter for Human {
    fn tell(&self, message: Message) {
        let to_stdout = self.notes == Notes::Stdout;
        match message {
            Message::Answer(text) => self.line(true, &text),
            Message::Document(text) => self.document(&text),
            Message::Note(text) => self.line(to_stdout, &text),
            Message::Warning(text) => {
                self.on_stderr(&format!("dkms: warning: {}\n", self.complete(&text)), Weight::Warning);
            }
            Message::Detail(text) if self.loudness >= Loudness::Details => self.line(to_stdout, &text),
            Message::Detail(_) => {}
            Message::Progress { title, done, total } => self.progress(title, done, total),
            Message::Started { module, target, doing } => self.started(&module, target.as_ref(), doing),
            Message::Finished { module, target, doing, how } => self.finished(&module, target.as_ref(), doing, &how),
        }
    }
}

/// Whether this is a command of ours that is about trees.
fn takes_places(command: &str) -> bool {
    const VERBS: [&str; 13] = [
        "add",
        "build",
        "install",
        "uninstall",
        "unbuild",
        "remove",
        "match",
        "status",
        "check",
        "why",
        "reconcile",
        "fsck",
        "generate_mok",
    ];
    let mut words = command.split(' ');
    words.next() == Some("dkms") && words.next().is_some_and(|verb| VERBS.contains(&verb))
}

/// A failure that says so, once.
fn once(error: &Error) -> String {
    if says_failed(error.message()) { error.to_string() } else { format!("failed: {error}") }
}

fn title(module: &ModuleId, target: Option<&Target>, doing: &str) -> String {
    match target {
        Some(target) => format!("{doing} {module} for {target}"),
        None => format!("{doing} {module}"),
    }
}
