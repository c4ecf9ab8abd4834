//! `dkms event --record FILE …` and `dkms event replay FILE`: what a package manager said, kept so that it can be looked
//! at on another machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::event::Call;
use crate::exit::Kind;
use crate::step::Plan;
use crate::sys::System;
use crate::sys::fs::write_atomically;

/// The form of the file. A reader refuses others.
const SCHEMA: &str = "dkms-event-1";

/// A file that is written anew with each thing that becomes known, so that a run that dies leaves what it knew.
#[derive(Debug)]
pub(crate) struct Recording {
    file: PathBuf,
    kept: Recorded,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Recorded {
    schema: String,
    program: String,
    pub(crate) call: Call,
    /// Facts about the machine, for the reader.
    #[serde(default)]
    pub(crate) machine: BTreeMap<String, String>,
    /// What was decided: the lines that `--dry-run` would have shown.
    #[serde(default)]
    pub(crate) decided: Vec<String>,
}

impl Recording {
    /// Begins a file; in a folder, one of its own, since a transaction calls several hooks.
    pub(crate) fn begin(place: &Path, call: &Call, system: &System, program: &str) -> Result<Self> {
        let file = if place.is_dir() { place.join(name_of_its_own(call)) } else { place.to_path_buf() };
        let mut machine = BTreeMap::new();
        machine.extend(system.running_kernel().map(|kernel| ("running".to_owned(), kernel.to_string())));
        machine.extend(system.machine().map(|arch| ("arch".to_owned(), arch.to_string())));
        let kept = Recorded {
            schema: SCHEMA.into(),
            program: program.into(),
            call: call.clone(),
            machine,
            decided: Vec::new(),
        };
        let recording = Self { file, kept };
        recording.write()?;
        Ok(recording)
    }

    pub(crate) fn decided(&mut self, plan: &Plan) -> Result<()> {
        self.kept.decided.extend(plan.to_string().lines().map(str::to_owned));
        self.write()
    }

    fn write(&self) -> Result<()> {
        let text = serde_json::to_vec_pretty(&self.kept)
            .map_err(|error| Error::new(Kind::Internal, "cannot write the event as JSON").caused_by(error))?;
        write_atomically(&self.file, 0o644, &text)
            .map_err(|error| Error::io(format!("cannot record the event in {}", self.file.display()), error))
    }
}

pub(crate) fn read(file: &Path) -> Result<Recorded> {
    let text = fs_err::read(file).map_err(|error| Error::io("cannot read the recorded event", error))?;
    let refused = |why: String| {
        Error::new(Kind::Usage, format!("{} is not a recorded event: {why}", file.display()))
            .hint("such files are written by `dkms event --record FILE …`")
    };
    let recorded: Recorded = serde_json::from_slice(&text).map_err(|error| refused(error.to_string()))?;
    if recorded.schema == SCHEMA { Ok(recorded) } else { Err(refused(format!("its schema is {}", recorded.schema))) }
}

/// Start time and process tell hooks of one transaction apart, and sort them.
fn name_of_its_own(call: &Call) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let source = call.words.first().map_or("event", String::as_str);
    let source: String = source.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    format!("{now}-{}-{source}.json", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Keep, parse};

    #[test]
    fn what_is_recorded_is_understood_again_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let words = ["rpm-trigger", "transfiletriggerin", "0"].map(str::to_owned);
        let environment = [("RPM_INSTALL_PREFIX".into(), "/usr".into()), ("HOME".into(), "/root".into())].into();
        let mut call = Call::new(&words, &environment);
        call.read(&b"/usr/src/blink-1.0\n/usr/src/blink-1.0/dkms.conf\n"[..], Keep::All).unwrap();
        let mut recording = Recording::begin(folder.path(), &call, &System::host(), "dkms-rs 0").unwrap();
        recording.decided(&Plan::nothing("it is so already")).unwrap();
        let files: Vec<_> = fs_err::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.path()).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        let again = read(&files[0]).unwrap();
        assert_eq!((&again.call, again.call.input.len()), (&call, 2));
        assert_eq!(parse(&again.call), parse(&call));
        assert_eq!(again.decided, ["leave     : it is so already"]);
    }

    #[test]
    fn other_files_are_refused_with_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.json");
        for text in ["", "{", "[]", r#"{"schema":"dkms-plan-1","program":"x","call":{"words":[]}}"#] {
            fs_err::write(&file, text).unwrap();
            let error = read(&file).unwrap_err();
            assert!(error.message().contains("is not a recorded event"), "{text}: {error}");
        }
        assert_eq!(read(&folder.path().join("none")).unwrap_err().kind(), Kind::InputOutput);
    }
}
