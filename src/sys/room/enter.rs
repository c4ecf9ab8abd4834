//! Entering a room. Three processes: this one stays outside, waits and answers uname; its child is the first inside, where
//! it adopts what its program leaves behind and ends with it; the grandchild is the program.

use std::ffi::{CString, OsStr, OsString};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::calls::{change_root, check, told};
use super::confine;
use super::description::{ENDED, Level, MEMORY_RAN_OUT, NOT_ENTERED, Room, Terminal};
use super::watch::Watch;
use super::{landlock, left, seccomp, uname, view};

/// Enters the room that the first word describes and runs the rest in it; gives the program's exit code. Where a signal
/// ended the program, it ends this process as well.
///
/// Must be called in a process that has no threads yet.
pub(crate) fn main(words: &[OsString]) -> u8 {
    match run(words) {
        Ok(status) => end_like(status),
        Err(error) => {
            complain(&error);
            NOT_ENTERED
        }
    }
}

fn run(words: &[OsString]) -> io::Result<i32> {
    let ([description, program @ ..], [_, _, ..]) = (words, words) else {
        return Err(io::Error::other("a description and a program are needed"));
    };
    let room: Room = serde_json::from_slice(description.as_bytes())?;
    confine::die_with_parent()?;
    if room.level != Level::Full {
        left::adopt()?;
    }
    let (outside, inside) = UnixStream::pair()?;
    let view = match room.level {
        Level::Full => Some(view::prepare(&room)?),
        Level::User | Level::None => {
            change_root(&room.root)?;
            None
        }
    };
    let signals = Signals::held_back()?;
    // SAFETY: this process has one thread, so its child may do as it likes.
    let init = unsafe { libc::fork() };
    check(init)?;
    if init == 0 {
        drop(outside);
        let code = signals.let_through().map_or(NOT_ENTERED.into(), |()| first_inside(&room, view, program, &inside));
        // SAFETY: ends this child without running what the parent has still to do.
        unsafe { libc::_exit(code) }
    }
    drop(inside);
    let status = stay(&room, init, outside, &signals);
    if room.level != Level::Full {
        left::end_descendants(room.user)?;
    }
    if room.terminal == Terminal::Kept {
        take_terminal();
    }
    status
}

/// A shell leaves its terminal to a group of processes that is gone with it: those in front of it want it back.
fn take_terminal() {
    // SAFETY: plain calls of a process with one thread. Without a terminal they fail, and nothing is to be done.
    unsafe {
        libc::signal(libc::SIGTTOU, libc::SIG_IGN);
        libc::tcsetpgrp(0, libc::getpgrp());
        libc::signal(libc::SIGTTOU, libc::SIG_DFL);
    }
}

/// Waits for the first process inside and answers uname meanwhile; gives the program's wait status.
fn stay(room: &Room, init: i32, inside: UnixStream, signals: &Signals) -> io::Result<i32> {
    let listener = receive(&inside)?;
    let pid = Pid::from_raw(init).ok_or_else(|| io::Error::other("no process"))?;
    let ended = pidfd_open(pid, PidfdFlags::empty())?;
    let answers = room.target.as_ref().map(uname::Answers::of);
    let mut watch = Watch::over(room);
    make_first_victim(init);
    loop {
        let mut fds = vec![PollFd::new(&ended, PollFlags::IN), PollFd::new(&signals.arriving, PollFlags::IN)];
        fds.extend(listener.as_ref().map(|listener| PollFd::new(listener, PollFlags::IN)));
        match poll(&mut fds, Some(&pause(&watch)?)) {
            Err(rustix::io::Errno::INTR) => continue,
            other => other?,
        };
        if !fds[1].revents().is_empty() {
            // The namespace goes with its first process; who asked us to stop may rely on nobody being left.
            end(init)?;
            return signals.first();
        }
        if !fds[0].revents().is_empty() {
            break;
        }
        if let Some(why) = watch.look() {
            end(init)?;
            say(&format!("{ENDED}{why}"));
            return Ok(libc::SIGKILL);
        }
        let is_asked = fds.get(2).is_some_and(|asked| !asked.revents().is_empty());
        if let (true, Some(listener), Some(answers)) = (is_asked, &listener, &answers) {
            answers.give(listener)?;
        }
    }
    status_of(init, inside, &watch)
}

/// The program's wait status, when the first process inside has ended.
fn status_of(init: i32, mut inside: UnixStream, watch: &Watch) -> io::Result<i32> {
    let mut own = 0;
    // SAFETY: `own` lives through the call.
    check(unsafe { libc::waitpid(init, &mut own, 0) })?;
    let mut told = [0; 4];
    match inside.read_exact(&mut told) {
        Ok(()) => Ok(i32::from_ne_bytes(told)),
        // It did not come so far: it has said why, or something killed it.
        Err(_) => {
            if libc::WIFSIGNALED(own) && libc::WTERMSIG(own) == libc::SIGKILL && watch.has_memory_run_out() {
                say(&format!("{ENDED}{MEMORY_RAN_OUT}: the kernel ended it"));
            }
            Ok(own)
        }
    }
}

fn pause(watch: &Watch) -> io::Result<Timespec> {
    Timespec::try_from(watch.pause()).map_err(io::Error::other)
}

/// Where memory runs out, the kernel takes it from here first (proc_pid_oom_score_adj(5)). Without /proc it may choose.
fn make_first_victim(init: i32) {
    drop(std::fs::write(format!("/proc/{init}/oom_score_adj"), "1000"));
}

/// Ends the first process inside, a child that was not waited for yet.
fn end(init: i32) -> io::Result<()> {
    // SAFETY: plain calls; the number is still its own.
    unsafe {
        check(libc::kill(init, libc::SIGKILL))?;
        check(libc::waitpid(init, std::ptr::null_mut(), 0))
    }
}

/// The signals that ask us to stop. They wait until nobody is left in the room.
struct Signals {
    before: libc::sigset_t,
    arriving: OwnedFd,
}

impl Signals {
    fn held_back() -> io::Result<Self> {
        // SAFETY: sets of signals are plain memory, which sigemptyset fills; the descriptor is new and nobody else's.
        unsafe {
            let (mut stopping, mut before): (libc::sigset_t, libc::sigset_t) = (std::mem::zeroed(), std::mem::zeroed());
            check(libc::sigemptyset(&mut stopping))?;
            for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT] {
                check(libc::sigaddset(&mut stopping, signal))?;
            }
            check(libc::sigprocmask(libc::SIG_BLOCK, &stopping, &mut before))?;
            let arriving = libc::signalfd(-1, &stopping, libc::SFD_CLOEXEC);
            check(arriving)?;
            Ok(Self { before, arriving: OwnedFd::from_raw_fd(arriving) })
        }
    }

    fn let_through(&self) -> io::Result<()> {
        // SAFETY: the set lives through the call.
        check(unsafe { libc::sigprocmask(libc::SIG_SETMASK, &self.before, std::ptr::null_mut()) })
    }

    /// The first that arrived, as a wait status; from now on it ends this process as ever.
    fn first(&self) -> io::Result<i32> {
        let mut told = [0; size_of::<libc::signalfd_siginfo>()];
        rustix::io::read(&self.arriving, &mut told)?;
        self.let_through()?;
        let (number, _) = told.split_at(4);
        Ok(i32::from_ne_bytes(number.try_into().map_err(io::Error::other)?))
    }
}

/// What the first process inside does; gives its exit code, which counts only when nothing else was told.
fn first_inside(room: &Room, view: Option<view::View>, program: &[OsString], outside: &UnixStream) -> i32 {
    let entered = furnish(room, view).and_then(|()| {
        let listener = seccomp::restrict(room)?;
        send(outside, listener.as_ref().map(AsFd::as_fd))
    });
    let status = entered.and_then(|()| start(program)).and_then(adopt);
    match status.and_then(|status| (&*outside).write_all(&status.to_ne_bytes())) {
        Ok(()) => 0,
        Err(error) => {
            complain(&error);
            NOT_ENTERED.into()
        }
    }
}

fn furnish(room: &Room, view: Option<view::View>) -> io::Result<()> {
    match view {
        Some(view) => view.enter(room).map_err(|error| told("the view cannot be made", error))?,
        None => left::adopt()?,
    }
    confine::become_user(room).map_err(|error| told("its user cannot be had", error))?;
    landlock::restrict(room)?;
    let lacking = |error| told(&format!("{} cannot be entered", room.folder.display()), error);
    std::env::set_current_dir(&room.folder).map_err(lacking)
}

/// Starts the program; gives its process number.
fn start(program: &[OsString]) -> io::Result<i32> {
    let words: Vec<CString> =
        program.iter().map(|word| CString::new(word.as_bytes())).collect::<Result<_, _>>().map_err(io::Error::other)?;
    let mut pointers: Vec<*const libc::c_char> = words.iter().map(|word| word.as_ptr()).collect();
    pointers.push(std::ptr::null());
    // SAFETY: this process has one thread.
    let child = unsafe { libc::fork() };
    check(child)?;
    if child != 0 {
        return Ok(child);
    }
    let ready = prepare_descriptors().and_then(|()| confine::die_with_parent());
    let failed = ready.err().unwrap_or_else(|| {
        // SAFETY: the list ends with a null pointer, and the words live as long as it.
        unsafe { libc::execvp(pointers[0], pointers.as_ptr()) };
        io::Error::last_os_error()
    });
    let name = OsStr::from_bytes(words[0].as_bytes()).to_string_lossy();
    complain(&told(&format!("cannot run {name}"), failed));
    // As shells have it: 127, no such program.
    // SAFETY: ends this child only.
    unsafe { libc::_exit(127) }
}

/// All descriptors but the three streams close at exec, but for those of a jobserver.
fn prepare_descriptors() -> io::Result<()> {
    // SAFETY: plain calls on numbers; descriptors that are not open are no error here.
    unsafe {
        let closing = libc::syscall(libc::SYS_close_range, 3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC);
        check(closing as libc::c_int)?;
        for fd in jobserver(&std::env::var("MAKEFLAGS").unwrap_or_default()) {
            let flags = libc::fcntl(fd, libc::F_GETFD);
            if flags >= 0 {
                check(libc::fcntl(fd, libc::F_SETFD, flags & !libc::FD_CLOEXEC))?;
            }
        }
    }
    Ok(())
}

/// The descriptors that make's flags name (GNU make manual, "POSIX Jobserver Interaction").
fn jobserver(flags: &str) -> Vec<i32> {
    let pairs = flags.split_whitespace().filter_map(|flag| flag.strip_prefix("--jobserver-auth="));
    let numbers = pairs.flat_map(|pair| pair.split(',')).filter_map(|number| number.parse().ok());
    numbers.filter(|fd| *fd > 2).collect()
}

/// Waits for everything that ends in the room until the program does; gives its wait status.
fn adopt(program: i32) -> io::Result<i32> {
    loop {
        let mut status = 0;
        // SAFETY: `status` lives through the call.
        let ended = unsafe { libc::waitpid(-1, &mut status, 0) };
        if ended == program {
            return Ok(status);
        }
        if ended < 0 && io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            return Err(io::Error::last_os_error());
        }
    }
}

fn end_like(status: i32) -> u8 {
    if libc::WIFSIGNALED(status) {
        let signal = libc::WTERMSIG(status);
        // SAFETY: plain calls.
        unsafe {
            libc::setrlimit(libc::RLIMIT_CORE, &libc::rlimit { rlim_cur: 0, rlim_max: 0 });
            libc::signal(signal, libc::SIG_DFL);
            libc::raise(signal);
        }
        return u8::try_from(128 + signal).unwrap_or(u8::MAX);
    }
    u8::try_from(libc::WEXITSTATUS(status)).unwrap_or(u8::MAX)
}

fn send(outside: &UnixStream, descriptor: Option<BorrowedFd<'_>>) -> io::Result<()> {
    use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let descriptors: Vec<BorrowedFd<'_>> = descriptor.into_iter().collect();
    if !descriptors.is_empty() {
        ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
    }
    sendmsg(outside, &[io::IoSlice::new(b"r")], &mut ancillary, SendFlags::empty())?;
    Ok(())
}

/// The descriptor that the first process inside sends once it has entered. None: it has none, or it did not come so far.
fn receive(inside: &UnixStream) -> io::Result<Option<OwnedFd>> {
    use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    recvmsg(inside, &mut [io::IoSliceMut::new(&mut byte)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    Ok(ancillary.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    }))
}

/// To standard error, which is the log of the build: a reporter is none of this process' business.
fn complain(error: &io::Error) {
    say(&format!("dkms: the room cannot be entered: {error}"));
}

fn say(line: &str) {
    // Nobody is left to tell when that fails.
    drop(io::stderr().write_all(format!("{line}\n").as_bytes()));
}
