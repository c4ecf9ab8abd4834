//! Foreign code that is only asked for an answer: it may not take long, say much or leave anything behind. It runs in a
//! process group of its own, which ends with it.

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use super::groups;

/// What a program may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// From its start, by the clock on the wall.
    pub(crate) time: Duration,
    /// Bytes on both streams together.
    pub(crate) output: usize,
}

/// Why a program was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    TooLong,
    TooMuch,
}

/// How long a program that left its streams to another one is taken for running.
const TICK: Duration = Duration::from_millis(20);

/// Runs it to its end, or to that of its bounds. What it has started in its group ends at the same moment: a program in the
/// background that holds its streams open is not waited for.
pub(super) fn run(command: &mut Command, bounds: Bounds) -> io::Result<(Output, Option<Stopped>)> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = Group::of(command.spawn()?);
    let mut streams = Streams::of(&mut child.0)?;
    let deadline = Instant::now() + bounds.time;
    let stopped = loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break Some(Stopped::TooLong);
        }
        streams.wait(left.min(TICK))?;
        // Asked before the streams are read: what it wrote before its end is in them.
        let has_ended = child.has_ended()?;
        streams.read(bounds.output)?;
        if streams.is_over(bounds.output) {
            break Some(Stopped::TooMuch);
        }
        if has_ended {
            break None;
        }
    };
    child.end();
    let status = child.0.wait()?;
    let Streams { out: (_, stdout), error: (_, stderr), .. } = streams;
    Ok((Output { status, stdout, stderr }, stopped))
}

/// A program with all that it has started; gone when this is.
struct Group(Child);

impl Group {
    fn of(child: Child) -> Self {
        groups::add(Pid::from_child(&child));
        Self(child)
    }

    /// Without taking its number from it: the group has the same.
    fn has_ended(&self) -> io::Result<bool> {
        let how = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(Pid::from_child(&self.0)), how)?.is_some())
    }

    fn end(&self) {
        groups::end(Pid::from_child(&self.0));
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}

/// Both streams, and what came from them.
struct Streams {
    out: (Option<ChildStdout>, Vec<u8>),
    error: (Option<ChildStderr>, Vec<u8>),
}

impl Streams {
    fn of(child: &mut Child) -> io::Result<Self> {
        let streams = Self { out: (child.stdout.take(), Vec::new()), error: (child.stderr.take(), Vec::new()) };
        streams.out.0.as_ref().map(|stream| rustix::io::ioctl_fionbio(stream, true)).transpose()?;
        streams.error.0.as_ref().map(|stream| rustix::io::ioctl_fionbio(stream, true)).transpose()?;
        Ok(streams)
    }

    /// Until something is there to be read, a stream ends, or this time is over.
    fn wait(&self, time: Duration) -> io::Result<()> {
        let mut open: Vec<PollFd<'_>> = Vec::with_capacity(2);
        open.extend(self.out.0.as_ref().map(|stream| PollFd::new(stream, PollFlags::IN)));
        open.extend(self.error.0.as_ref().map(|stream| PollFd::new(stream, PollFlags::IN)));
        let none_is_left = open.is_empty();
        // Both are closed and it runs still: its end comes with the next moments, or with the deadline.
        let time = if none_is_left { time.min(Duration::from_millis(1)) } else { time };
        let time = Timespec { tv_sec: 0, tv_nsec: i64::from(time.subsec_nanos()) };
        match poll(&mut open, Some(&time)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn read(&mut self, most: usize) -> io::Result<()> {
        let room = |taken: usize| (most + 1).saturating_sub(taken);
        let taken = self.error.1.len();
        if !drain(self.out.0.as_mut(), &mut self.out.1, room(taken))? {
            self.out.0 = None;
        }
        let taken = self.out.1.len();
        if !drain(self.error.0.as_mut(), &mut self.error.1, room(taken))? {
            self.error.0 = None;
        }
        Ok(())
    }

    fn is_over(&self, most: usize) -> bool {
        self.out.1.len() + self.error.1.len() > most
    }
}

/// Takes what is there, to `most` bytes in all. False when the stream has ended.
fn drain(stream: Option<&mut impl Read>, into: &mut Vec<u8>, most: usize) -> io::Result<bool> {
    let Some(stream) = stream else { return Ok(false) };
    let mut piece = [0; 16 << 10];
    while into.len() < most {
        let room = piece.len().min(most - into.len());
        match stream.read(&mut piece[..room]) {
            Ok(0) => return Ok(false),
            Ok(count) => into.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { time: Duration::from_secs(20), output: 1 << 16 };

    fn ran(script: &str, bounds: Bounds) -> (Output, Option<Stopped>, Duration) {
        let begin = Instant::now();
        let (output, stopped) = run(Command::new("bash").args(["-c", script]).stdin(Stdio::null()), bounds).unwrap();
        (output, stopped, begin.elapsed())
    }

    #[test]
    fn an_answer_within_bounds_is_whole() {
        let (output, stopped, _) = ran("printf %060000d 1; echo well >&2; exit 3", BOUNDS);
        assert_eq!((output.status.code(), output.stdout.len(), stopped), (Some(3), 60_000, None));
        assert_eq!(output.stderr, b"well\n");
        let (output, ..) = ran("exec >&- 2>&-; sleep 0.1; exit 4", BOUNDS);
        assert_eq!(output.status.code(), Some(4), "one that closes its streams is waited for");
    }

    #[test]
    fn what_is_left_in_the_background_is_not_waited_for_and_ends() {
        let (output, _, time) = ran("sleep 100 & echo $!", BOUNDS);
        assert!(time < Duration::from_secs(10), "{time:?}");
        let gone = |pid: &str| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            stat.is_empty() || stat.contains(") Z ")
        };
        let begin = Instant::now();
        while !gone(String::from_utf8_lossy(&output.stdout).trim()) {
            assert!(begin.elapsed() < Duration::from_secs(5), "it goes on");
            std::thread::sleep(TICK);
        }
    }

    #[test]
    fn one_that_takes_too_long_is_stopped_with_its_children() {
        let short = Bounds { time: Duration::from_millis(300), ..BOUNDS };
        for script in ["sleep 100", "sleep 100; true", "trap '' TERM; while :; do :; done", "(sleep 100) & wait"] {
            let (_, stopped, time) = ran(script, short);
            assert_eq!(stopped, Some(Stopped::TooLong), "{script}");
            assert!(time < Duration::from_secs(10), "{script}: {time:?}");
        }
    }

    #[test]
    fn one_that_says_too_much_is_stopped() {
        for script in ["cat /dev/zero", "cat /dev/zero >&2", "yes & yes >&2"] {
            let (output, stopped, time) = ran(script, BOUNDS);
            assert_eq!(stopped, Some(Stopped::TooMuch), "{script}");
            assert!(output.stdout.len() + output.stderr.len() <= BOUNDS.output + 2, "{script}");
            assert!(time < Duration::from_secs(10), "{script}: {time:?}");
        }
    }
}
