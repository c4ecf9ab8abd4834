//! What runs, at the bottom of a terminal: a line for each step with its time, one for the file that is being written.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

const TICK: Duration = Duration::from_millis(200);
/// Characters of the bar itself.
const BAR: u64 = 30;
/// Where the width of the terminal is not known.
const WIDTH: u16 = 80;

/// The lines and what of them is drawn.
#[derive(Default)]
struct Lines {
    running: BTreeMap<String, Instant>,
    /// A title, bytes done, bytes in all.
    bar: Option<(String, u64, u64)>,
    /// Lines on the terminal now.
    drawn: usize,
}

/// Draws on standard error, five times a second as long as something runs.
pub(super) struct Progress {
    lines: Arc<Mutex<Lines>>,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { lines: Arc::default() }
    }

    pub(super) fn begin(&self, title: &str) {
        let mut lines = lock(&self.lines);
        let is_first = lines.running.is_empty();
        lines.running.insert(title.to_owned(), Instant::now());
        lines.draw();
        if is_first {
            let lines = Arc::downgrade(&self.lines);
            thread::spawn(move || tick(&lines));
        }
    }

    pub(super) fn end(&self, title: &str) {
        let mut lines = lock(&self.lines);
        lines.running.remove(title);
        lines.draw();
    }

    /// One file at a time; its line goes when all is done.
    pub(super) fn set(&self, title: String, done: u64, total: u64) {
        let mut lines = lock(&self.lines);
        let bar = (done < total).then_some((title, done, total));
        let is_seen =
            |bar: &Option<(String, u64, u64)>| bar.as_ref().map(|(_, done, total)| done * BAR / total.max(&1));
        if is_seen(&bar) != is_seen(&lines.bar) {
            lines.bar = bar;
            lines.draw();
        }
    }

    /// Lets something else write to the terminal, above the lines.
    pub(super) fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        let mut lines = lock(&self.lines);
        lines.erase();
        let result = write();
        lines.draw();
        result
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        lock(&self.lines).erase();
    }
}

/// A panic elsewhere is no reason to stop drawing.
fn lock(lines: &Mutex<Lines>) -> MutexGuard<'_, Lines> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends with the last step, or with the program's interest in it.
fn tick(lines: &Weak<Mutex<Lines>>) {
    loop {
        thread::sleep(TICK);
        let Some(lines) = lines.upgrade() else { return };
        let mut lines = lock(&lines);
        if lines.running.is_empty() {
            return;
        }
        lines.draw();
    }
}

impl Lines {
    fn draw(&mut self) {
        let text = self.text(width());
        let above = self.drawn;
        self.drawn = text.lines().count();
        put(&format!("{}{text}", back(above)));
    }

    fn erase(&mut self) {
        put(&back(std::mem::take(&mut self.drawn)));
    }

    /// A line each, none longer than the terminal is wide: one that breaks could not be taken back.
    fn text(&self, width: usize) -> String {
        let bar = self.bar.iter().map(|(title, done, total)| {
            let full = usize::try_from(done * BAR / total.max(&1)).unwrap_or_default();
            let rest = usize::try_from(BAR).unwrap_or_default().saturating_sub(full);
            format!("[{}{}] {} of {} MiB  {title}", "#".repeat(full), ".".repeat(rest), done >> 20, total >> 20)
        });
        let steps = self.running.iter().map(|(title, begin)| format!("{title}: {} s", begin.elapsed().as_secs()));
        let cut = |line: String| line.chars().take(width.saturating_sub(1)).chain(['\n']).collect::<String>();
        steps.chain(bar).map(cut).collect()
    }
}

/// To the first of so many lines, and all of them gone (ECMA-48: CPL, ED).
fn back(lines: usize) -> String {
    if lines == 0 { String::new() } else { format!("\x1b[{lines}F\x1b[J") }
}

fn width() -> usize {
    usize::from(rustix::termios::tcgetwinsize(io::stderr()).map_or(WIDTH, |size| size.ws_col.max(20)))
}

/// A terminal that is gone shows nothing.
fn put(text: &str) {
    if !text.is_empty() {
        drop(io::stderr().write_all(text.as_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_the_terminal_and_every_line_can_be_taken_back() {
        let mut lines =
            Lines { bar: Some(("a very long name of a package".repeat(9), 5 << 20, 10 << 20)), ..Lines::default() };
        lines.running.insert("building foo/1".to_owned(), Instant::now());
        let text = lines.text(40);
        let shown: Vec<&str> = text.lines().collect();
        assert_eq!(shown[0], "building foo/1: 0 s");
        assert!(
            shown[1].starts_with(&format!("[{}{}]", "#".repeat(15), ".".repeat(15))) && shown[1].chars().count() == 39
        );
        assert_eq!((back(shown.len()).as_str(), back(0).as_str()), ("\x1b[2F\x1b[J", ""));
    }
}
