//! What runs, at the bottom of a terminal: a spinner for each step with its time, a bar for the file that is being written.
//! Without the feature `progress` nothing is drawn, and the lines that tell of begin and end are all there is.

#[cfg(feature = "progress")]
pub(super) use drawn::Progress;
#[cfg(not(feature = "progress"))]
pub(super) use none::Progress;

#[cfg(feature = "progress")]
mod drawn {
    use std::collections::BTreeMap;
    use std::sync::{Mutex, MutexGuard, PoisonError};
    use std::time::Duration;

    use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

    const TICK: Duration = Duration::from_millis(200);

    /// Draws on standard error.
    pub(in crate::report) struct Progress {
        all: MultiProgress,
        running: Mutex<BTreeMap<String, ProgressBar>>,
        file: Mutex<Option<ProgressBar>>,
        /// The pictures of a spinner, the last one for its end.
        ticks: &'static str,
    }

    impl Progress {
        pub(in crate::report) fn on_terminal(is_utf8: bool) -> Option<Self> {
            let ticks = if is_utf8 { "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ " } else { "-\\|/ " };
            Some(Self { all: MultiProgress::new(), running: Mutex::default(), file: Mutex::default(), ticks })
        }

        pub(in crate::report) fn begin(&self, title: &str) {
            let spinner =
                self.all.add(styled(ProgressBar::new_spinner(), "{spinner} {elapsed} {wide_msg}", self.ticks));
            spinner.set_message(title.to_owned());
            spinner.enable_steady_tick(TICK);
            lock(&self.running).insert(title.to_owned(), spinner);
        }

        pub(in crate::report) fn end(&self, title: &str) {
            if let Some(spinner) = lock(&self.running).remove(title) {
                spinner.finish_and_clear();
            }
        }

        /// One file at a time; its bar goes when all is done.
        pub(in crate::report) fn set(&self, title: String, done: u64, total: u64) {
            let mut file = lock(&self.file);
            let new = || {
                let bar = self.all.add(ProgressBar::new(total));
                styled(bar, "{msg} {wide_bar} {bytes}/{total_bytes} {eta}", self.ticks).with_message(title)
            };
            file.get_or_insert_with(new).set_position(done);
            if done >= total
                && let Some(bar) = file.take()
            {
                bar.finish_and_clear();
            }
        }

        /// Lets something else write to the terminal, above what is drawn.
        pub(in crate::report) fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
            self.all.suspend(write)
        }
    }

    fn styled(bar: ProgressBar, template: &str, ticks: &str) -> ProgressBar {
        match ProgressStyle::with_template(template) {
            Ok(style) => bar.with_style(style.tick_chars(ticks).progress_chars("#>-")),
            Err(_) => bar,
        }
    }

    /// A panic elsewhere is no reason to stop drawing.
    fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
        what.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(not(feature = "progress"))]
mod none {
    /// There is none of these.
    pub(in crate::report) enum Progress {}

    impl Progress {
        pub(in crate::report) fn on_terminal(_: bool) -> Option<Self> {
            None
        }

        pub(in crate::report) fn begin(&self, _: &str) {
            match *self {}
        }

        pub(in crate::report) fn end(&self, _: &str) {
            match *self {}
        }

        pub(in crate::report) fn set(&self, _: String, _: u64, _: u64) {
            match *self {}
        }

        pub(in crate::report) fn suspend<T>(&self, _: impl FnOnce() -> T) -> T {
            match *self {}
        }
    }
}
