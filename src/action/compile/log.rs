//! make.log: every command of a build with what it wrote, both streams in the order written, its exit code and time.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use x509_cert::der::DateTime;

use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::{ModuleId, Target};
use crate::sys::fs::remove_tree;
use crate::sys::{Command, Finished, Output, System};

const RULE: &str = "----------------------------------------------------------------";

/// A make.log that is being written.
#[derive(Debug)]
pub(crate) struct BuildLog {
    file: File,
    path: PathBuf,
}

impl BuildLog {
    /// A new log with its head. Nothing may lie in its place.
    pub(crate) fn start(path: &Path, id: &ModuleId, target: &Target) -> Result<Self> {
        let open = OpenOptions::new().read(true).append(true).create_new(true).open(path);
        let mut log = Self { file: open.map_err(|error| write_error(path, error))?, path: path.to_path_buf() };
        log.line(&format!(
            "DKMS (dkms-rs-{}) make.log for {id} for kernel {target}\n{}\n",
            env!("CARGO_PKG_VERSION"),
            time(SystemTime::now())
        ))?;
        Ok(log)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Copies what was written so far, even if a `make clean` removed the file meanwhile.
    pub(crate) fn copy_to(&mut self, place: &Path) -> Result<()> {
        let mut copy = || {
            self.file.seek(SeekFrom::Start(0))?;
            let mut copy = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .custom_flags(libc::O_NOFOLLOW)
                .open(place)?;
            io::copy(&mut self.file, &mut copy)
        };
        copy().map(drop).map_err(|error| write_error(place, error))
    }

    /// Puts the log back where it belongs if the build removed it, or laid something else in its place. That it cannot be is
    /// no further error: whoever asks has one already.
    pub(crate) fn keep_in_place(&mut self) {
        if !self.is_in_place() && remove_tree(&self.path).is_ok() {
            let path = self.path.clone();
            drop(self.copy_to(&path));
        }
    }

    fn is_in_place(&self) -> bool {
        let place = |meta: std::fs::Metadata| (meta.dev(), meta.ino(), meta.nlink());
        let (there, own) = (fs_err::symlink_metadata(&self.path).map(place), self.file.metadata().map(place));
        matches!((there, own), (Ok(there), Ok(own)) if there == own && own.2 == 1)
    }

    /// The last line that the last command wrote.
    pub(crate) fn last_words(&self) -> Option<String> {
        let text = super::walls::end_of(&self.path).ok()?;
        let (_, of_command) = text.rsplit_once("\n# command: ")?;
        let said = of_command.lines().skip(1).filter(|line| !line.trim().is_empty() && !line.starts_with("# "));
        said.filter(|line| *line != RULE).last().map(|line| line.trim().to_owned())
    }

    /// Bytes so far.
    pub(crate) fn length(&self) -> Result<u64> {
        Ok(self.file.metadata().map_err(|error| write_error(&self.path, error))?.len())
    }

    /// Forgets all that came after so many bytes.
    pub(crate) fn shorten(&mut self, length: u64) -> Result<()> {
        self.file.set_len(length).map_err(|error| write_error(&self.path, error))
    }

    /// One line of our own.
    pub(crate) fn line(&mut self, text: &str) -> Result<()> {
        writeln!(self.file, "{text}").map_err(|error| write_error(&self.path, error))
    }

    /// Runs a command with its output going here. `title` says what it is for, `line` how it reads.
    ///
    /// # Errors
    ///
    /// The command could not be started (`kind` says what that means), or the log could not be written.
    pub(crate) fn run(
        &mut self,
        system: &System,
        title: &str,
        line: &str,
        kind: Kind,
        command: Command,
    ) -> Result<Finished> {
        self.line(&format!("{title}\n# command: {line}"))?;
        let begin = Instant::now();
        let output = self.file.try_clone().map_err(|error| write_error(&self.path, error))?;
        match system.run(&command.output(Output::File(output))) {
            Ok(finished) => {
                let took = elapsed(begin.elapsed());
                self.line(&format!("\n# {}\n# elapsed time: {took}\n{RULE}", ending(&finished)))?;
                Ok(finished)
            }
            Err(error) => {
                self.line(&format!("\n# {error}: {}\n{RULE}", error.source))?;
                Err(Error::new(kind, format!("{}: the command could not be started", title.to_lowercase()))
                    .caused_by(error))
            }
        }
    }
}

fn write_error(path: &Path, error: io::Error) -> Error {
    let named = io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    Error::io("the build log cannot be written", named)
}

fn ending(finished: &Finished) -> String {
    match finished.code {
        Some(code) => format!("exit code: {code}"),
        None => finished.how(),
    }
}

fn elapsed(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// RFC 3339 in UTC; a clock before 1970 reads as the epoch.
fn time(now: SystemTime) -> String {
    DateTime::from_system_time(now).map_or_else(|_| "1970-01-01T00:00:00Z".to_owned(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Arch, KernelRelease, ModuleName, ModuleVersion};

    fn log(folder: &Path) -> BuildLog {
        let id = ModuleId::new(ModuleName::new("foo").unwrap(), ModuleVersion::new("1.0").unwrap());
        let target = Target::new(KernelRelease::new("6.1").unwrap(), Arch::new("x86_64").unwrap());
        BuildLog::start(&folder.join("make.log"), &id, &target).unwrap()
    }

    #[test]
    fn a_commands_streams_keep_their_order_and_its_end_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = log(folder.path());
        let command = Command::new("sh").args(["-c", "echo 1; echo 2 >&2; echo 3; exit 4"]);
        let finished = log.run(&System::host(), "Building", "make x", Kind::MakeFailed, command).unwrap();
        assert_eq!(finished.code, Some(4));
        let text = fs_err::read_to_string(log.path()).unwrap();
        assert!(text.starts_with("DKMS (dkms-rs-"), "{text}");
        assert!(text.contains(") make.log for foo/1.0 for kernel 6.1 (x86_64)\n"), "{text}");
        let end = "Building\n# command: make x\n1\n2\n3\n\n# exit code: 4\n# elapsed time: 00:00:00\n";
        assert!(text.contains(end), "{text}");
    }

    #[test]
    fn a_command_that_does_not_exist_is_in_the_log_and_an_error_of_the_kind_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = log(folder.path());
        let command = Command::new("/nonexistent/patch");
        let error = log.run(&System::host(), "Patching", "patch", Kind::PatchFailed, command).unwrap_err();
        assert_eq!(error.kind(), Kind::PatchFailed);
        assert!(fs_err::read_to_string(log.path()).unwrap().contains("cannot run `/nonexistent/patch`"));
    }

    #[test]
    fn times_are_told_in_utc_and_in_hours() {
        assert_eq!(time(SystemTime::UNIX_EPOCH + Duration::from_secs(1_786_000_000)), "2026-08-06T07:06:40Z");
        assert_eq!(elapsed(Duration::from_secs(2 * 3600 + 3 * 60 + 4)), "02:03:04");
    }
}
