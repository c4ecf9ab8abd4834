//! `--debug`: what is done to the system, told while it is done. Off unless somebody listens.

use std::sync::OnceLock;

type Listener = Box<dyn Fn(String) + Send + Sync>;

static LISTENER: OnceLock<Listener> = OnceLock::new();

/// From now on every decision, command and written file of this process is told to this one. The first who asks is heard.
pub(crate) fn listen(listener: impl Fn(String) + Send + Sync + 'static) {
    LISTENER.get_or_init(|| Box::new(listener));
}

/// Tells a line, which is made only where somebody listens.
pub(crate) fn tell(line: impl FnOnce() -> String) {
    if let Some(listener) = LISTENER.get() {
        listener(line());
    }
}
