//! The system's log, without a process: a datagram to journald's own socket, else to /dev/log (syslog(3)).

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use super::System;
use crate::report::{Reporter, escape, journaled};

/// How grave a line is, in syslog's numbers (RFC 5424, section 6.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gravity {
    /// The machine may not boot.
    Critical = 2,
    Error = 3,
    Warning = 4,
    Info = 6,
}

/// The name under which the lines appear.
const IDENTIFIER: &str = "dkms";
/// Facility "daemon" (RFC 5424): 3, in the place where it stands in a priority.
const DAEMON: u8 = 3 << 3;

/// Fields of journald besides the line: names of capital letters, and their values.
pub(crate) type Fields<'a> = &'a [(&'static str, String)];

/// Sends one line. A machine without a log is none that can be written to: that is no error.
fn send(gravity: Gravity, line: &str, fields: Fields<'_>) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    // A log that does not read must not hold up a transaction.
    socket.set_nonblocking(true)?;
    for (path, datagram) in [
        ("/run/systemd/journal/socket", native(gravity, line, fields)),
        ("/dev/log", classic(gravity, line, std::process::id())),
    ] {
        if Path::new(path).exists() {
            match socket.send_to(&datagram, path) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// Tells the log of this machine one line that is about it; another root's lines are not for it. That it does not take one is
/// a detail.
pub(crate) fn log(system: &System, reporter: &dyn Reporter, gravity: Gravity, line: &str, fields: Fields<'_>) {
    if system.is_live()
        && let Err(error) = send(gravity, line, fields)
    {
        reporter.detail(format!("the system's log did not take a line: {error}"));
    }
}

/// Tells a person one line, and the log of this machine: once, where the person reads it there. What is wrong with a module is
/// told by its error, and only logged here.
pub(crate) fn tell(system: &System, reporter: &dyn Reporter, gravity: Gravity, line: &str, fields: Fields<'_>) {
    match gravity {
        _ if has_stderr(system) => {}
        Gravity::Error => {}
        Gravity::Critical => reporter.warn(line.to_owned()),
        Gravity::Warning | Gravity::Info => reporter.note(format!("dkms: {line}")),
    }
    log(system, reporter, gravity, line, fields);
}

/// Whether what is said on standard error stands in the log of this machine already.
pub(crate) fn has_stderr(system: &System) -> bool {
    system.is_live() && journaled::takes_stderr()
}

/// journald's own protocol: `NAME=VALUE` lines (systemd's "Native Journal Protocol").
fn native(gravity: Gravity, line: &str, fields: Fields<'_>) -> Vec<u8> {
    let priority = gravity as u8;
    let line = one_line(line);
    let fields: String = fields.iter().map(|(name, value)| format!("{name}={}\n", one_line(value))).collect();
    let head = format!("PRIORITY={priority}\nSYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER={IDENTIFIER}\n");
    format!("{head}{fields}MESSAGE={line}\n").into_bytes()
}

/// RFC 3164 as local daemons take it: they put the time themselves where there is none.
fn classic(gravity: Gravity, line: &str, pid: u32) -> Vec<u8> {
    let priority = DAEMON | gravity as u8;
    format!("<{priority}>{IDENTIFIER}[{pid}]: {}", one_line(line)).into_bytes()
}

/// The log is shown on terminals, and to those who trust each line to be one message.
fn one_line(line: &str) -> String {
    escape::word(&line.replace('\n', " ")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_datagram_in_either_protocol() {
        let native = String::from_utf8(native(Gravity::Error, "a\nb", &[("MODULE", "x\ny".to_owned())])).unwrap();
        assert_eq!(native, "PRIORITY=3\nSYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=dkms\nMODULE=x y\nMESSAGE=a b\n");
        assert_eq!(classic(Gravity::Info, "installed", 7), b"<30>dkms[7]: installed");
        assert_eq!(classic(Gravity::Warning, "a\nb", 7), b"<28>dkms[7]: a b");
        for datagram in [super::native(Gravity::Error, "\u{1b}[2J\r", &[]), classic(Gravity::Error, "\u{1b}[2J\r", 7)] {
            assert!(String::from_utf8(datagram).unwrap().contains(r"\x1b[2J\r"));
        }
    }
}
