//! A shutdown that comes while we work waits for us, as long as logind lets it: a lock of mode "delay"
//! (systemd-inhibit(1)), held by a child that ends when we do, however that is.

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{System, chroot};

const PROGRAM: &str = "systemd-inhibit";
/// What it shows to whoever asks what a shutdown waits for.
const WHY: &str = "Kernel modules are being built and installed";
/// Where logind can be asked: systemd runs this machine, and the system's bus is there.
const ASKED: [&str; 2] = ["/run/systemd/system", "/run/dbus/system_bus_socket"];

/// While it lives, a shutdown waits.
#[derive(Debug)]
pub(crate) struct Delay {
    /// The end of its input is the end of the lock.
    holder: Child,
}

/// Asks for the delay. Where nobody can be asked there is none, which is no error: what a shutdown breaks off is done
/// by the next run. Nothing waits until it is granted.
pub(crate) fn delay(system: &System) -> io::Result<Option<Delay>> {
    let is_asked = system.is_superuser() && ASKED.iter().all(|place| Path::new(place).exists());
    if !is_asked || chroot::certain(system).is_some() {
        return Ok(None);
    }
    if !system.has_program(PROGRAM) {
        return Ok(None);
    }
    hold(PROGRAM.as_ref()).map(Some)
}

fn hold(program: &OsStr) -> io::Result<Delay> {
    let mut command = Command::new(program);
    command.args(["--what=shutdown", "--mode=delay", "--who=dkms", &format!("--why={WHY}"), "cat"]);
    // A terminal's Ctrl-C is for us to judge.
    command.process_group(0).current_dir("/");
    let holder = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    Ok(Delay { holder })
}

impl Drop for Delay {
    /// Does not wait for the holder: it may be asking a logind that does not answer.
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn what_holds_the_lock_ends_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("inhibit");
        fs_err::write(&program, "#!/bin/sh\necho \"$*\" >\"$0.words\"\nexec cat\n").unwrap();
        fs_err::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let mut delay = hold(program.as_os_str()).unwrap();
        let words = folder.path().join("inhibit.words");
        let begin = Instant::now();
        while fs_err::read_to_string(&words).unwrap_or_default().is_empty() {
            assert!(begin.elapsed() < Duration::from_secs(10), "it was not started");
            std::thread::sleep(Duration::from_millis(10));
        }
        let said = fs_err::read_to_string(&words).unwrap();
        assert_eq!(said, format!("--what=shutdown --mode=delay --who=dkms --why={WHY} cat\n"));
        assert!(delay.holder.try_wait().unwrap().is_none(), "it ends before its time");
        drop(delay.holder.stdin.take());
        assert!(delay.holder.wait().unwrap().success());
    }
}
