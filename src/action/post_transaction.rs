//! framework.conf's post_transaction: one command after the work is done, with a log of its own.

use std::io::Write;

use crate::action::hook::with_made_environment;
use crate::conf::Framework;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::KernelRelease;
use crate::report::Reporter;
use crate::sys::{Output, System};
use crate::tree::{Layout, TreeLock, logs};

/// Runs the command, if one is set, with bash in the root; `$kernelver` is the kernel that was worked on, if it was one.
/// Its output goes to TREE/post_transaction.log. To be called without the lock: the command may call us.
///
/// A failure is told as a warning and no more, because the work itself is done.
pub(crate) fn run(system: &System, framework: &Framework, kernel: Option<&KernelRelease>, reporter: &dyn Reporter) {
    let command = framework.post_transaction.as_deref().map(str::trim).filter(|command| !command.is_empty());
    if let Some(command) = command
        && let Err(error) = run_logged(system, framework, kernel, reporter, command)
    {
        reporter.warn(format!("{error}: {}", error.causes().join(": ")));
    }
}

fn run_logged(
    system: &System,
    framework: &Framework,
    kernel: Option<&KernelRelease>,
    reporter: &dyn Reporter,
    command: &str,
) -> Result<()> {
    let layout = Layout::new(system.root(), &framework.dkms_tree, &framework.source_tree, &framework.install_tree);
    let (place, mut log) = logs::begin_post_transaction(&layout, command)
        .map_err(|error| Error::io("cannot write the log of post_transaction", error))?;
    let stream = log.try_clone().map_err(|error| Error::io("cannot write the log of post_transaction", error))?;
    reporter.detail(format!("running post_transaction: {command}"));
    let made = with_made_environment(system, framework);
    let child = made.command(system.root(), "bash").args(["-c", command]).env_remove(TreeLock::TOKEN);
    let child = child.env("kernelver", kernel.map(KernelRelease::as_str).unwrap_or_default());
    let finished = system
        .run(&child.output(Output::File(stream)))
        .map_err(|error| Error::new(Kind::InputOutput, "post_transaction could not be started").caused_by(error))?;
    writeln!(log, "# {}", finished.how())
        .map_err(|error| Error::io("cannot write the log of post_transaction", error))?;
    if !finished.success() {
        reporter.warn(format!("post_transaction ended with {}; see {}", finished.how(), place.display()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Message, Recorded};

    fn ran(command: &str) -> (bool, String) {
        let root = tempfile::tempdir().unwrap();
        let system = System::host();
        let (mut framework, _) = Framework::read(&System::host().with_root(root.path()));
        framework.dkms_tree = root.path().join("tree");
        framework.post_transaction = Some(command.to_owned());
        let kernel = KernelRelease::new("6.1.0-1").unwrap();
        let reporter = Recorded::default();
        run(&system, &framework, Some(&kernel), &reporter);
        let is_warning = |message: &Message| matches!(message, Message::Warning(_));
        (
            !reporter.messages().iter().any(is_warning),
            fs_err::read_to_string(root.path().join("tree/post_transaction.log")).unwrap_or_default(),
        )
    }

    #[test]
    fn its_output_stands_at_line_starts_in_the_log() {
        let (well, log) = ran("echo made for $kernelver; echo err >&2");
        assert!(well);
        assert_eq!(log, "# command: echo made for $kernelver; echo err >&2\nmade for 6.1.0-1\nerr\n# exit code 0\n");
    }

    #[test]
    fn its_failure_is_told_and_logged() {
        let (well, log) = ran("exit 3");
        assert!(!well && log.ends_with("# exit code 3\n"), "{log}");
    }

    #[test]
    fn without_a_command_nothing_is_written() {
        assert_eq!(ran("  "), (true, String::new()));
    }
}
