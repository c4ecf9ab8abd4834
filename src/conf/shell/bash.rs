//! A real bash in a clean environment: sources one file (or evaluates one text) and hands back named variables as data.
//!
//! Nothing that bash prints is ever evaluated here. The protocol is one stream of NUL-separated fields on a descriptor
//! that the file does not know, closed by an end mark, so that output of the file's commands and an `exit` in it cannot
//! be mistaken for values.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use crate::conf::ConfError;
use crate::conf::module::Directives;
use crate::conf::seen::{Walls, is_readable};
use crate::sys::bounded::{Bounds, Stopped};
use crate::sys::fs::is_executable;
use crate::sys::room::user::User;
use crate::sys::room::{Level, NOT_ENTERED};
use crate::sys::side_by_side::locked;
use crate::sys::{Command, Finished, System};

/// What a bash is to read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source<'a> {
    /// This file, with `source`.
    File(&'a Path),
    /// This text, with `eval`: the second evaluation, and files that need cleaning first.
    Text(&'a str),
}

pub(super) struct Run<'a> {
    /// The system whose environment it gets.
    pub(crate) system: &'a System,
    /// The file to name in errors.
    pub(crate) file: &'a Path,
    /// Variables that it can read, in order.
    pub(crate) variables: &'a [(String, String)],
    pub(crate) known: &'a Directives,
    /// The directives whose values are wanted; `X*` stands for every name that begins with `X`.
    pub(crate) names: &'a [&'a str],
    /// What `override_dest_module_location` prints instead of its argument.
    pub(crate) destination: Option<&'a str>,
    pub(crate) time_limit: Duration,
    /// None: it runs as we do.
    pub(crate) walls: Option<&'a Walls>,
}

#[derive(Debug, Clone)]
pub(super) struct Answer {
    /// The wanted directives that are set afterwards.
    pub(crate) directives: Directives,
    /// The first lines that it wrote to standard error.
    pub(crate) said: Vec<String>,
}

/// Marks the end of a complete answer.
const END: &str = "\u{1}dkms-end";

/// Bytes that a file's commands may write before they count as gone wild.
const OUTPUT_LIMIT: usize = 1 << 20;

/// How much is shown of what bash says: lines, and characters of each.
const SHOWN: (usize, usize) = (3, 200);

/// Files that hung or went wild, by what was read of them: one process asks each of them once, not for every kernel.
static STOPPED: Mutex<BTreeMap<(PathBuf, u64), ConfError>> = Mutex::new(BTreeMap::new());

/// What bash answered, by all that it was asked with: plan, build and install of one process ask the same of a file.
static ANSWERED: Mutex<BTreeMap<(PathBuf, u64), Answer>> = Mutex::new(BTreeMap::new());

/// The number of jobs, and what may name it in other words or read another file that does.
const MAY_ASK_FOR_JOBS: [&str; 6] = ["parallel_jobs", "source", ". ", "${!", "eval", "compgen"];

/// Variables of the caller that would change what bash itself does (or that came from a function).
const FORBIDDEN: [&str; 6] = ["BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS", "POSIXLY_CORRECT", "IFS"];

/// Variables that the original exports while it builds, so that programs called by the file see them.
const EXPORTED: [&str; 4] = ["kernelver", "arch", "module", "module_version"];

/// Sets variables from arguments, defines what the original offers, sources, prints. Its own names begin with `__dkms_`.
/// A gigabyte of memory is more than any of these files needs, and less than makes a machine ill.
const SCRIPT: &str = r#"
ulimit -d 1048576 2>/dev/null
exec {__dkms_out}>&1 1>&2
__dkms_kind=$1 __dkms_source=$2 __dkms_names=$3 __dkms_destination=$4 __dkms_end=$5; shift 5
__dkms_pwd=$PWD
while [ "$1" != -- ]; do printf -v "$1" '%s' "$2"; shift 2; done; shift
while [ "$#" -gt 0 ]; do
  case $1 in export) export "$2" ;; esac
  shift 2
done
[ "$PWD" = "$__dkms_pwd" ] || pwd() { printf '%s\n' "$PWD"; }
override_dest_module_location() {
  if [ -n "$__dkms_destination" ]; then printf '%s\n' "$__dkms_destination"; else printf '%s\n' "$1"; fi
}
VER() {
  local LC_ALL=C __dkms_rest=$1 __dkms_padded=
  while [[ $__dkms_rest =~ ^([^0-9]*)([0-9]+) ]]; do
    __dkms_rest=${__dkms_rest:${#BASH_REMATCH[0]}}
    __dkms_padded+=${BASH_REMATCH[1]}
    case ${#BASH_REMATCH[2]} in 1) __dkms_padded+=00 ;; 2) __dkms_padded+=0 ;; esac
    __dkms_padded+=${BASH_REMATCH[2]}
  done
  printf '%s\n' "$__dkms_padded$__dkms_rest"
}
case $kernelver in
  '' | '$'*) ;;
  *) uname() { case $*, in -r,) printf '%s\n' "$kernelver" ;; *) command uname "$@" ;; esac; } ;;
esac
__dkms_dump() {
  local __dkms_status=$1 __dkms_n __dkms_i
  set +eufx; IFS=$' \t\n'; set -f
  unset -f printf set local unset export compgen 2>/dev/null
  for __dkms_n in $__dkms_names; do
    case $__dkms_n in *'*') __dkms_n=$(compgen -v "${__dkms_n%?}") ;; esac
    for __dkms_n in $__dkms_n; do
      unset -n __dkms_r; declare -n __dkms_r=$__dkms_n
      for __dkms_i in "${!__dkms_r[@]}"; do
        builtin printf '%s\0%s\0%s\0' "$__dkms_n" "$__dkms_i" "${__dkms_r[$__dkms_i]}" >&"$__dkms_out"
      done
    done
  done
  builtin printf '%s\0%s\0%s\0' "$__dkms_end" "$__dkms_status" '' >&"$__dkms_out"
}
case $__dkms_kind in
  file) source "$__dkms_source" ;;
  text) eval "$__dkms_source" ;;
esac
__dkms_dump "$?"
"#;

impl Run<'_> {
    /// Sources the file and returns the wanted directives that are set afterwards.
    pub(super) fn source(&self, source: Source<'_>) -> Result<Answer, ConfError> {
        let key = (self.file.to_path_buf(), fingerprint(source));
        if let Some(error) = locked(&STOPPED).get(&key) {
            return Err(error.clone());
        }
        let question = (self.file.to_path_buf(), self.question(source));
        if let Some(answer) = locked(&ANSWERED).get(&question) {
            return Ok(answer.clone());
        }
        let finished = self.finished(source)?;
        if let Some(stopped) = finished.stopped {
            let error = self.stopped(stopped, &finished);
            locked(&STOPPED).insert(key, error.clone());
            return Err(error);
        }
        let (directives, status) = parse(&finished.stdout).ok_or_else(|| self.broken_off(&finished))?;
        if status != "0"
            && let Source::File(file) = source
            && let Some(error) = self.syntax_error(file)
        {
            return Err(error);
        }
        let answer = Answer { directives, said: said(&finished) };
        locked(&ANSWERED).insert(question, answer.clone());
        Ok(answer)
    }

    /// All that an answer depends on, as far as it is known here. A plan has other jobs than the builds of it, for which few
    /// files ask.
    fn question(&self, source: Source<'_>) -> u64 {
        let mut hasher = DefaultHasher::new();
        let text = match source {
            Source::File(file) => String::from_utf8_lossy(&fs_err::read(file).unwrap_or_default()).into_owned(),
            Source::Text(text) => text.to_owned(),
        };
        let may_ask = MAY_ASK_FOR_JOBS.iter().any(|words| text.contains(words));
        let variables = self.variables.iter().filter(|(name, _)| may_ask || name != "parallel_jobs");
        variables.for_each(|variable| variable.hash(&mut hasher));
        (text, self.known, self.names, self.destination).hash(&mut hasher);
        (self.system.root(), self.system.environment()).hash(&mut hasher);
        hasher.finish()
    }

    /// Runs it in the strongest room that can be had.
    fn finished(&self, source: Source<'_>) -> Result<Finished, ConfError> {
        let bounds = Bounds { time: self.time_limit, output: OUTPUT_LIMIT };
        let run = |command: Command| self.system.run(&command.within(bounds)).map_err(|error| self.unreadable(&error));
        let Some(walls) = self.walls else { return run(self.command(source)) };
        let user = User::claim();
        for level in walls.levels() {
            let finished = run(self.command_in_room(source, walls, level, &user))?;
            if finished.code != Some(NOT_ENTERED.into()) {
                return Ok(finished);
            }
        }
        if walls.may_be_lacking() {
            return run(self.command(source));
        }
        let reason =
            "its shell code may run in a room only (room in framework.conf(5)), and none of that level can be had \
                      here"
                .to_owned();
        Err(ConfError::Unreadable { file: self.file.to_path_buf(), reason })
    }

    fn command_in_room(&self, source: Source<'_>, walls: &Walls, level: Level, user: &User) -> Command {
        let root = if self.enters(source) { self.system.root() } else { Path::new("/") };
        let inside = |path: &Path| if self.enters(source) { self.system.inside(path) } else { path.to_path_buf() };
        let own;
        let source = match source {
            // What only root may read is told.
            Source::File(file) if !is_readable(file, level) => {
                own = String::from_utf8_lossy(&fs_err::read(file).unwrap_or_default()).into_owned();
                Source::Text(&own)
            }
            other => other,
        };
        let command = self.given(Command::new("bash"), source);
        let command = command.env_remove("TMPDIR").env("HOME", "/tmp");
        command.room(walls.room(level, root, &inside(self.file), user))
    }

    fn command(&self, source: Source<'_>) -> Command {
        self.given(self.bash(self.enters(source)), source)
    }

    fn given(&self, bash: Command, source: Source<'_>) -> Command {
        let (kind, text) = match source {
            Source::File(file) if self.enters(source) => ("file", text_of(&self.system.inside(file))),
            Source::File(file) => ("file", text_of(file)),
            Source::Text(text) => ("text", text.to_owned()),
        };
        let names = self.names.join(" ");
        let destination = self.destination.unwrap_or_default();
        let mut command =
            bash.args(["--noprofile", "--norc", "-c", SCRIPT, "dkms"]).args([kind, &text, &names, destination, END]);
        for (name, value) in self.variables {
            command = command.arg(name).arg(value);
        }
        for (name, values) in self.known {
            for (index, value) in values {
                command = command.arg(format!("{name}[{index}]")).arg(value);
            }
        }
        command = command.arg("--");
        for name in EXPORTED {
            command = command.args(["export", name]);
        }
        self.clean_environment(command)
    }

    /// bash, that of a foreign root if it has one.
    fn bash(&self, enters: bool) -> Command {
        if enters { Command::new("chroot").inside(self.system.root()).arg("bash") } else { Command::new("bash") }
    }

    /// Whether bash runs inside another root. A root without bash (or without leave to enter it), and a file that lies
    /// outside, are read from outside.
    fn enters(&self, source: Source<'_>) -> bool {
        let is_inside = match source {
            Source::File(file) => file.starts_with(self.system.root()),
            Source::Text(_) => true,
        };
        is_inside
            && !self.system.is_live()
            && self.system.is_superuser()
            && is_executable(&self.system.path("/bin/bash"))
    }

    fn clean_environment(&self, command: Command) -> Command {
        let mut command = command.env_clear();
        for (name, value) in self.system.environment() {
            let text = name.to_string_lossy();
            let directive = self.names.iter().any(|known| is_named(known, &text));
            if !directive && !FORBIDDEN.contains(&text.as_ref()) && !text.starts_with("BASH_FUNC_") {
                command = command.env(name, value);
            }
        }
        command
    }

    /// Asks bash whether the file's syntax is at fault; a file may end with a failing command and be fine.
    fn syntax_error(&self, file: &Path) -> Option<ConfError> {
        let check = Command::new("bash").args(["--norc", "-O", "extglob", "-n"]).arg(file);
        let check = self.clean_environment(check);
        let bounds = Bounds { time: self.time_limit, output: OUTPUT_LIMIT };
        let finished = self.system.run(&check.env("LC_ALL", "C").within(bounds)).ok()?;
        if finished.success() {
            None
        } else {
            Some(super::source::bash_syntax_error(self.file, &finished.error_text()))
        }
    }

    fn broken_off(&self, finished: &Finished) -> ConfError {
        let reason = format!("the file ends the shell before its values can be read ({})", finished.how());
        self.with_last_words(reason, finished)
    }

    fn stopped(&self, stopped: Stopped, finished: &Finished) -> ConfError {
        match stopped {
            Stopped::TooLong => {
                let seconds = self.time_limit.as_secs();
                let reason = format!(
                    "its shell code took longer than {seconds} seconds and was stopped; conf_timeout in \
                     framework.conf(5) allows more"
                );
                self.with_last_words(reason, finished)
            }
            // Its words are what was too much.
            Stopped::TooMuch => {
                let reason = format!("its commands wrote more than {OUTPUT_LIMIT} bytes and were stopped");
                ConfError::Syntax { file: self.file.to_path_buf(), line: None, reason }
            }
        }
    }

    fn with_last_words(&self, reason: String, finished: &Finished) -> ConfError {
        let said = finished.error_text();
        let reason = match said.lines().last() {
            Some(last) => format!("{reason}; bash said last: {}", shortened(last)),
            None => reason,
        };
        ConfError::Syntax { file: self.file.to_path_buf(), line: None, reason }
    }

    fn unreadable(&self, error: &crate::sys::RunError) -> ConfError {
        let reason = format!("its shell code needs bash, and {error}: {}", error.source);
        ConfError::Unreadable { file: self.file.to_path_buf(), reason }
    }
}

/// What is known of a source before it is run.
fn fingerprint(source: Source<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    match source {
        Source::File(file) => fs_err::metadata(file).ok().and_then(|meta| meta.modified().ok()).hash(&mut hasher),
        Source::Text(text) => text.hash(&mut hasher),
    }
    hasher.finish()
}

/// The first lines of standard error.
fn said(finished: &Finished) -> Vec<String> {
    let text = finished.error_text();
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.take(SHOWN.0).map(|line| format!("bash said while it read the file: {}", shortened(line))).collect()
}

fn shortened(line: &str) -> String {
    match line.char_indices().nth(SHOWN.1) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

fn text_of(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Whether a wanted name (`X` or `X*`) covers this one.
pub(in crate::conf) fn is_named(wanted: &str, name: &str) -> bool {
    match wanted.as_bytes().split_last() {
        Some((b'*', prefix)) => name.as_bytes().starts_with(prefix),
        _ => wanted == name,
    }
}

/// The fields of a complete answer, and the status of its last command.
fn parse(stdout: &[u8]) -> Option<(Directives, String)> {
    let text = String::from_utf8_lossy(stdout);
    let mut fields = text.split('\0');
    let mut directives = Directives::new();
    while let (Some(name), Some(index), Some(value)) = (fields.next(), fields.next(), fields.next()) {
        if name == END {
            return Some((directives, index.to_owned()));
        }
        // Keys of associative arrays are no indices; the original's loops never reach them either.
        if let Ok(index) = index.parse() {
            directives.entry(name.to_owned()).or_default().insert(index, value.to_owned());
        }
    }
    None
}
