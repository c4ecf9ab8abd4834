//! Command lines of dkms.conf, run by bash in the build folder. What we know goes in as data, never as script text.

use std::ffi::OsStr;
use std::path::PathBuf;

use crate::sys::environment::Environment;
use crate::sys::leash::Leash;
use crate::sys::room::Room;
use crate::sys::shell_words::quoted;
use crate::sys::{Command, System};

/// Reads `NAME VALUE` pairs up to `--`, makes them shell variables, and evaluates the last argument with no positional
/// parameters left.
const PROLOGUE: &str = r#"while [ "$1" != -- ]; do printf -v "$1" %s "$2"; shift 2; done
DKMS_COMMAND_LINE=$2
set --
eval "$DKMS_COMMAND_LINE""#;

/// What would make bash read code before ours, or run under other options.
const FOREIGN_TO_BASH: [&str; 5] = ["BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS", "POSIXLY_CORRECT"];

/// A bash in one folder, with one environment and one set of variables.
#[derive(Debug, Clone)]
pub(crate) struct Shell {
    /// The working folder (an opened path).
    pub(crate) folder: PathBuf,
    pub(crate) environment: Environment,
    /// Shell variables that are not exported.
    pub(crate) variables: Vec<(&'static str, String)>,
    /// Ends what it runs.
    pub(crate) leash: Leash,
    /// Where it runs; none where it is to run as we do.
    pub(crate) room: Option<Room>,
}

impl Shell {
    /// A bash that evaluates this line.
    pub(crate) fn evaluating(&self, system: &System, line: &str) -> Command {
        let mut command = self.program(system, "bash").args(["--noprofile", "--norc", "-c", PROLOGUE, "dkms"]);
        for (name, value) in &self.variables {
            command = command.arg(name).arg(value);
        }
        command.arg("--").arg(line)
    }

    /// A program in the same folder and environment, without a shell.
    pub(crate) fn program(&self, system: &System, program: impl AsRef<OsStr>) -> Command {
        let bare = system.command_in_room(self.room.as_ref(), &Environment::new(), &self.folder, program);
        let own = |name: &OsStr| self.variables.iter().any(|(variable, _)| name == *variable);
        self.environment
            .iter()
            .filter(|(name, _)| !own(name) && !is_foreign(name))
            .fold(bare, |command, (name, value)| command.env(name, value))
            .leashed(self.leash.clone())
    }
}

fn is_foreign(name: &OsStr) -> bool {
    FOREIGN_TO_BASH.iter().any(|foreign| name == *foreign) || name.as_encoded_bytes().starts_with(b"BASH_FUNC_")
}

/// The word as a shell has to see it to take it literally; words without special characters stay as they are.
pub(crate) fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./+:@%=,~".contains(c);
    if !word.is_empty() && !word.starts_with('~') && word.chars().all(plain) {
        return word.to_owned();
    }
    quoted(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(variables: Vec<(&'static str, String)>) -> Shell {
        let environment = [("PATH", "/usr/bin:/bin"), ("BASH_ENV", "/nonexistent/evil"), ("kernel_config", "outer")];
        Shell {
            folder: PathBuf::from("/"),
            environment: environment.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
            variables,
            leash: Leash::default(),
            room: None,
        }
    }

    fn output(shell: &Shell, line: &str) -> String {
        let finished = System::host();
        let finished = finished.run(&shell.evaluating(&finished, line)).unwrap();
        assert_eq!(finished.error_text(), "", "{line}");
        finished.text()
    }

    #[test]
    fn values_are_data_whatever_they_look_like() {
        let hostile = "a'; echo \"$(id)\" `id`\n--";
        let shell = shell(vec![("kernelver", hostile.to_owned()), ("dkms_tree", "--".to_owned())]);
        assert_eq!(output(&shell, r#"printf %s "$kernelver$dkms_tree$#""#), format!("{hostile}--0"));
    }

    #[test]
    fn variables_are_not_exported_and_outer_ones_do_not_show_through() {
        let shell = shell(vec![("kernel_config", "inner".to_owned())]);
        assert_eq!(output(&shell, "echo $kernel_config; env | grep -c ^kernel_config="), "inner\n0\n");
    }

    #[test]
    fn the_line_is_evaluated_as_a_command_with_its_own_code() {
        let shell = shell(Vec::new());
        assert_eq!(output(&shell, "cd /usr && pwd; 'printf' '%s' x"), "/usr\nx");
        let system = System::host();
        assert_eq!(system.run(&shell.evaluating(&system, "false || exit 7")).unwrap().code, Some(7));
    }

    #[test]
    fn words_are_quoted_only_where_a_shell_would_touch_them() {
        let cases = [
            ("6.1.0-50-amd64", "6.1.0-50-amd64"),
            ("/var/lib/dkms", "/var/lib/dkms"),
            ("", "''"),
            ("a b", "'a b'"),
            ("it's", r"'it'\''s'"),
            ("$x;", "'$x;'"),
            ("~root", "'~root'"),
        ];
        for (word, quoted) in cases {
            assert_eq!(quote(word), quoted);
        }
    }
}
