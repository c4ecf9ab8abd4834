//! A sign of life where nothing is drawn: how long a step has been going on, now and then.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// How often it is looked whether something is to be said.
const TICK: Duration = Duration::from_millis(500);
/// When something is said first.
const FIRST: Duration = Duration::from_secs(15);
/// No longer than this passes between two lines; before, the time doubles.
const LONGEST: Duration = Duration::from_secs(120);

/// What runs, since when, and when it is told of next.
type Running = BTreeMap<String, Since>;

struct Since {
    begin: Instant,
    next: Duration,
}

/// What runs now.
#[derive(Default)]
pub(super) struct Beat {
    running: Arc<Mutex<Running>>,
    is_beating: Mutex<bool>,
}

impl Beat {
    /// A step begins.
    pub(super) fn begin(&self, title: &str) {
        lock(&self.running).insert(title.to_owned(), Since { begin: Instant::now(), next: FIRST });
    }

    /// It is over; how long it took, unless its end was told before.
    pub(super) fn end(&self, title: &str) -> Option<Duration> {
        lock(&self.running).remove(title).map(|since| since.begin.elapsed())
    }

    /// From now on what takes long is told by `say`, until this is dropped.
    pub(super) fn tell(&self, say: impl Fn(&str) + Send + 'static) {
        let mut is_beating = self.is_beating.lock().unwrap_or_else(PoisonError::into_inner);
        if !*is_beating {
            *is_beating = true;
            let running = Arc::downgrade(&self.running);
            // Without it the lines of begin and end are all there is.
            drop(thread::Builder::new().name("beat".to_owned()).spawn(move || beat(&running, &say)));
        }
    }
}

fn beat(running: &Weak<Mutex<Running>>, say: &dyn Fn(&str)) {
    loop {
        thread::sleep(TICK);
        let Some(running) = running.upgrade() else { return };
        let lines = due(&mut lock(&running));
        lines.iter().for_each(|line| say(line));
    }
}

/// The lines for what has been going on for long enough.
fn due(running: &mut Running) -> Vec<String> {
    let mut lines = Vec::new();
    for (title, since) in running {
        let elapsed = since.begin.elapsed();
        if elapsed >= since.next {
            lines.push(format!("{title}: {} so far", shown(elapsed)));
            since.next = elapsed + since.next.min(LONGEST);
        }
    }
    lines
}

/// `15 s`, `2 min 5 s`.
fn shown(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 { format!("{seconds} s") } else { format!("{} min {} s", seconds / 60, seconds % 60) }
}

fn lock(running: &Mutex<Running>) -> MutexGuard<'_, Running> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_long_is_told_ever_more_rarely() {
        let ago = |seconds| Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap();
        let mut running = Running::new();
        running.insert("new".to_owned(), Since { begin: ago(5), next: FIRST });
        running.insert("old".to_owned(), Since { begin: ago(16), next: FIRST });
        running.insert("very old".to_owned(), Since { begin: ago(125), next: LONGEST });
        assert_eq!(due(&mut running), ["old: 16 s so far", "very old: 2 min 5 s so far"]);
        assert!(due(&mut running).is_empty(), "once each");
        assert!(running["old"].next >= Duration::from_secs(31));
    }
}
