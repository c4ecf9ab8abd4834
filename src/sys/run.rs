//! Processes: one builder that states each stream, and what became of the program.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::bounded::{self, Bounds, Stopped};
use super::leash::Leash;
use super::pool;
use super::room::Room;
use super::{interrupt, trace};

/// Where the two output streams of a program go. Standard input is /dev/null unless [`Command::input`] gives one.
#[derive(Debug, Default)]
pub(crate) enum Output {
    /// Both are collected (separately) and returned.
    #[default]
    Capture,
    /// Both go to our own, in the order written.
    Inherit,
    /// Both go to this open file, in the order written.
    File(std::fs::File),
}

#[derive(Debug, Default)]
pub(crate) struct Command {
    program: OsString,
    arguments: Vec<OsString>,
    folder: Option<PathBuf>,
    /// Whether it has our standard input.
    asks: bool,
    clear: bool,
    /// In the order in which they were asked for: the last word on a variable counts.
    variables: Vec<(OsString, Option<OsString>)>,
    output: Output,
    input: Option<Vec<u8>>,
    jobserver: Option<jobserver::Client>,
    leash: Option<Leash>,
    bounds: Option<Bounds>,
    room: Option<Room>,
    inside: bool,
    nice: u8,
}

impl Command {
    /// This program, found through PATH, without arguments, in the current folder, output captured.
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        Self { program: program.as_ref().to_owned(), ..Self::default() }
    }

    /// For `chroot` and the like: the next argument is this root, in which the program behind it runs.
    #[must_use]
    pub(crate) fn inside(self, root: &Path) -> Self {
        Self { inside: true, ..self.arg(root) }
    }

    /// Whether it runs a program of another root.
    pub(crate) fn is_inside(&self) -> bool {
        self.inside
    }

    #[must_use]
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    #[must_use]
    pub(crate) fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|a| a.as_ref().to_owned()));
        self
    }

    /// Runs it in this folder.
    #[must_use]
    pub(crate) fn current_dir(mut self, folder: impl AsRef<Path>) -> Self {
        self.folder = Some(folder.as_ref().to_path_buf());
        self
    }

    /// Starts from an empty environment.
    #[must_use]
    pub(crate) fn env_clear(mut self) -> Self {
        self.clear = true;
        self
    }

    #[must_use]
    pub(crate) fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.as_ref().to_owned(), Some(value.as_ref().to_owned())));
        self
    }

    #[must_use]
    pub(crate) fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.as_ref().to_owned(), None));
        self
    }

    /// Says where its output goes.
    #[must_use]
    pub(crate) fn output(mut self, output: Output) -> Self {
        self.output = output;
        self
    }

    /// Lets it ask the person who started us: it gets our standard input.
    #[must_use]
    pub(crate) fn asking(mut self) -> Self {
        self.asks = true;
        self
    }

    /// Gives it these bytes on standard input.
    #[must_use]
    pub(crate) fn input(mut self, bytes: Vec<u8>) -> Self {
        self.input = Some(bytes);
        self
    }

    /// Lets it take part in a GNU make jobserver: MAKEFLAGS and MFLAGS name the two descriptors, which it inherits.
    #[must_use]
    pub(crate) fn jobserver(mut self, jobserver: Option<&jobserver::Client>) -> Self {
        self.jobserver = jobserver.cloned();
        self
    }

    /// Lets it, and all that it starts, end when we do. For builds; what a hook script leaves behind may have its reasons.
    #[must_use]
    pub(crate) fn leashed(self, leash: Leash) -> Self {
        Self { leash: Some(leash), ..self }
    }

    /// Lets others go first, as nice(1) does: 0 not at all, 19 all of them. Schedulers of disks go by that, too.
    #[must_use]
    pub(crate) fn nice(self, nice: u8) -> Self {
        Self { nice, ..self }
    }

    /// Stops it, with all that it has started, when it takes more than this; its output is captured.
    #[must_use]
    pub(crate) fn within(mut self, bounds: Bounds) -> Self {
        self.bounds = Some(bounds);
        self
    }

    /// Runs it in this room, in the room's folder.
    #[must_use]
    pub(crate) fn room(self, room: Room) -> Self {
        Self { inside: room.root != Path::new("/"), room: Some(room), ..self }
    }

    pub(crate) fn program(&self) -> &OsStr {
        &self.program
    }

    #[cfg(test)]
    pub(crate) fn arguments(&self) -> &[OsString] {
        &self.arguments
    }

    /// Program and arguments in one line, for logs and messages.
    pub(crate) fn line(&self) -> String {
        std::iter::once(&self.program)
            .chain(&self.arguments)
            .map(|word| word.to_string_lossy().into_owned())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

impl Command {
    /// The line with the folder and the environment that it runs in.
    fn in_full(&self) -> String {
        let mut text = format!("run {}", self.line());
        if let Some(room) = &self.room {
            text.push_str(&format!(
                "\n  in a room (level {}, user {}), {}",
                room.level.name(),
                room.user,
                room.folder.display()
            ));
        }
        if let Some(folder) = &self.folder {
            text.push_str(&format!("\n  in {}", folder.display()));
        }
        let ours = if self.clear { "only" } else { "ours, with" };
        let variables = self.variables.iter().map(|(name, value)| match value {
            // Of a signing key: nobody's log should have it.
            Some(_) if name.to_string_lossy().ends_with("_PIN") => format!("{}=(hidden)", name.to_string_lossy()),
            Some(value) => format!("{}={}", name.to_string_lossy(), value.to_string_lossy()),
            None => format!("{} unset", name.to_string_lossy()),
        });
        let variables = variables.collect::<Vec<_>>().join(" ");
        if self.clear || !variables.is_empty() {
            text.push_str(&format!("\n  environment: {ours} {variables}"));
        }
        text
    }
}

/// How a program ended, and what it wrote if that was captured.
#[derive(Debug, Clone, Default)]
pub(crate) struct Finished {
    /// Exit code; None when a signal ended it.
    pub(crate) code: Option<i32>,
    /// The signal that ended it.
    pub(crate) signal: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    /// Why it was stopped, if it had bounds and left them.
    pub(crate) stopped: Option<Stopped>,
}

impl From<std::process::Output> for Finished {
    fn from(output: std::process::Output) -> Self {
        let (code, signal) = (output.status.code(), output.status.signal());
        Self { code, signal, stdout: output.stdout, stderr: output.stderr, stopped: None }
    }
}

impl Finished {
    /// Whether it ended with code 0.
    pub(crate) fn success(&self) -> bool {
        self.code == Some(0)
    }

    /// "exit code 2" or "killed by signal 9".
    pub(crate) fn how(&self) -> String {
        match (self.code, self.signal) {
            (Some(code), _) => format!("exit code {code}"),
            (None, Some(signal)) => format!("killed by signal {signal}"),
            (None, None) => "ended in an unknown way".to_owned(),
        }
    }

    /// The code as a shell reports it: 128 + n for a signal.
    pub(crate) fn shell_code(&self) -> u8 {
        let code = self.code.unwrap_or_else(|| 128 + self.signal.unwrap_or(0));
        u8::try_from(code & 0xff).unwrap_or(u8::MAX)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text, without surrounding blanks.
    pub(crate) fn error_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).trim().to_owned()
    }
}

/// A program that could not be started or waited for.
#[derive(Debug, thiserror::Error)]
#[error("cannot run `{program}`")]
pub(crate) struct RunError {
    pub(crate) program: String,
    #[source]
    pub(crate) source: io::Error,
}

impl RunError {}

/// Runs programs; tests put a fake in its place.
pub(crate) trait Runner: Send + Sync {
    /// Runs the program to its end.
    fn run(&self, command: &Command) -> Result<Finished, RunError>;
}

pub(crate) struct HostRunner;

impl Runner for HostRunner {
    fn run(&self, command: &Command) -> Result<Finished, RunError> {
        run(command, Stdio::inherit)
    }
}

/// Runs programs for real, but those that would write to our own streams write nowhere.
pub(crate) struct QuietRunner;

impl Runner for QuietRunner {
    fn run(&self, command: &Command) -> Result<Finished, RunError> {
        run(command, Stdio::null)
    }
}

/// Runs programs for real; those that would write to our own streams write to standard error only.
pub(crate) struct ErrorStreamRunner;

impl Runner for ErrorStreamRunner {
    fn run(&self, command: &Command) -> Result<Finished, RunError> {
        run(command, || Stdio::from(io::stderr()))
    }
}

fn be_nice(child: &mut std::process::Command, nice: i32) {
    // SAFETY: a plain system call, which the child of a process with threads may make before it runs its program.
    unsafe {
        child.pre_exec(move || Ok(rustix::process::setpriority_process(None, nice)?));
    }
}

fn run(command: &Command, ours: fn() -> Stdio) -> Result<Finished, RunError> {
    trace::tell(|| command.in_full());
    let fail = |source| RunError { program: command.program.to_string_lossy().into_owned(), source };
    let mut child = match &command.room {
        Some(room) => room.entering(&command.program, &command.arguments).map_err(fail)?,
        None => std::process::Command::new(&command.program),
    };
    if command.room.is_none() {
        child.args(&command.arguments);
    }
    child.stdin(if command.asks { Stdio::inherit() } else { Stdio::null() });
    if command.clear {
        child.env_clear();
    }
    for (name, value) in &command.variables {
        match value {
            Some(value) => child.env(name, value),
            None => child.env_remove(name),
        };
    }
    if let Some(folder) = &command.folder {
        child.current_dir(folder);
    }
    if let Some(jobserver) = &command.jobserver {
        pool::share(jobserver, &mut child).map_err(fail)?;
    }
    if command.nice > 0 {
        be_nice(&mut child, command.nice.into());
    }
    if let Some(bounds) = command.bounds {
        let (output, stopped) = bounded::run(&mut child, bounds).map_err(fail)?;
        return Ok(Finished { stopped, ..Finished::from(output) });
    }
    match &command.output {
        Output::Capture => {
            child.stdout(Stdio::piped()).stderr(Stdio::piped());
        }
        Output::Inherit => {
            child.stdout(ours()).stderr(ours());
        }
        Output::File(file) => {
            child.stdout(file.try_clone().map_err(fail)?).stderr(file.try_clone().map_err(fail)?);
        }
    }
    apart(command, &mut child).map_err(fail)?;
    if command.input.is_some() {
        child.stdin(Stdio::piped());
    }
    let child = child.spawn().map_err(fail)?;
    command.leash.iter().for_each(Leash::catch_up);
    let output = match &command.input {
        None => child.wait_with_output(),
        Some(bytes) => feed(child, bytes),
    };
    output.map(Finished::from).map_err(fail)
}

/// A terminal's Ctrl-C is for us to judge: a tool that moves a kernel's files must not be ended half-way. Scripts that share
/// our terminal get it as ever.
fn apart(command: &Command, child: &mut std::process::Command) -> io::Result<()> {
    match &command.leash {
        Some(_) if interrupt::received().is_some() => return Err(io::Error::other("we were asked to stop")),
        Some(leash) => leash.hold(child),
        None if interrupt::is_watched() && !matches!(command.output, Output::Inherit) => {
            std::os::unix::process::CommandExt::process_group(child, 0);
        }
        None => {}
    }
    Ok(())
}

/// Waits for a program that gets these bytes on standard input; one that does not read them all is no error.
fn feed(mut child: std::process::Child, bytes: &[u8]) -> io::Result<std::process::Output> {
    let input = child.stdin.take();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if let Some(mut input) = input
                && let Err(error) = io::Write::write_all(&mut input, bytes)
            {
                debug_assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
            }
        });
        child.wait_with_output()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_run_still_gives_what_was_asked_for() {
        let echo = || Command::new("sh").args(["-c", "echo out; echo error >&2; exit 3"]);
        let finished = QuietRunner.run(&echo()).unwrap();
        assert_eq!((finished.code, finished.text().as_str()), (Some(3), "out\n"));
        assert_eq!(QuietRunner.run(&echo().output(Output::Inherit)).unwrap().code, Some(3));
    }

    #[test]
    fn the_last_word_on_a_variable_counts() {
        let show = || Command::new("/bin/sh").args(["-c", "echo ${A-none}"]).env_clear();
        let cases = [
            (show(), "none\n"),
            (show().env("A", "1"), "1\n"),
            (show().env("A", "1").env_remove("A"), "none\n"),
            (show().env_remove("A").env("A", "2"), "2\n"),
        ];
        for (command, said) in cases {
            assert_eq!(QuietRunner.run(&command).unwrap().text(), said);
        }
    }
}
