//! SELinux labels of installed files. A file made in its folder inherits the folder's label, which serves; the policy's
//! own label for its path is set where the root has a policy and the tool for it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Job;
use crate::sys::{Command, System};

/// Gives these files (opened paths) of a kernel, and the folders in which they lie, the labels that the root's policy names
/// for them. Does nothing without a policy; what goes wrong is a warning.
pub(super) fn label(job: &Job<'_>, files: &[PathBuf]) {
    let context = job.context;
    let Some(policy) = policy(context.system).filter(|_| !files.is_empty()) else { return };
    let kernel = context.tree.layout().kernel_modules(job.target);
    let folders =
        |file: &PathBuf| file.ancestors().take_while(|folder| **folder != kernel).map(PathBuf::from).collect();
    let places: BTreeSet<PathBuf> = files.iter().flat_map(|file| -> Vec<PathBuf> { folders(file) }).collect();
    let command = command(context.system, &policy).args(places);
    match context.system.run(&command) {
        Ok(finished) if finished.success() => {}
        Ok(finished) => context.reporter.warn(format!(
            "the SELinux labels of the installed modules were not set: `{}` ended with {}: {}",
            command.program().display(),
            finished.how(),
            finished.error_text()
        )),
        Err(error) => {
            context.reporter.warn(format!("the SELinux labels of the installed modules were not set: {error}"));
        }
    }
}

/// Whether this root has a policy, running or not.
pub(crate) fn has_policy(system: &System) -> bool {
    policy(system).is_some()
}

#[derive(Debug, PartialEq, Eq)]
enum Policy {
    Running,
    /// That of a root on which it is not in force, as an image that is being made: its file_contexts.
    Stored(PathBuf),
}

fn policy(system: &System) -> Option<Policy> {
    if system.root() == Path::new("/") && Path::new("/sys/fs/selinux/enforce").exists() {
        return Some(Policy::Running);
    }
    let config = fs_err::read_to_string(system.path("/etc/selinux/config")).ok()?;
    let contexts = system.path("/etc/selinux").join(stored(&config)?).join("contexts/files/file_contexts");
    contexts.is_file().then_some(Policy::Stored(contexts))
}

/// The policy's name in selinux_config(5); None when SELinux is disabled there.
fn stored(config: &str) -> Option<String> {
    let value = |name: &str| {
        let lines = config.lines().map(str::trim).filter(|line| !line.starts_with('#'));
        lines.filter_map(|line| line.strip_prefix(name)?.strip_prefix('=')).next_back().map(|v| v.trim().to_owned())
    };
    let is_off = value("SELINUX").is_some_and(|mode| mode.eq_ignore_ascii_case("disabled"));
    value("SELINUXTYPE").filter(|name| !is_off && !name.is_empty() && !name.contains('/') && name != "..")
}

fn command(system: &System, policy: &Policy) -> Command {
    match policy {
        Policy::Running => system.here(super::program(system, "restorecon")).arg("-F"),
        Policy::Stored(contexts) => {
            let command = system.here(super::program(system, "setfiles")).arg("-F");
            let is_other = system.root() != Path::new("/");
            let command = if is_other { command.arg("-r").arg(system.root()) } else { command };
            command.arg(contexts)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_those_of_the_roots_own_policy() {
        let root = tempfile::tempdir().unwrap();
        let system = System::host().with_root(root.path());
        assert_eq!(policy(&system), None);
        let contexts = root.path().join("etc/selinux/targeted/contexts/files/file_contexts");
        fs_err::create_dir_all(contexts.parent().unwrap()).unwrap();
        fs_err::write(root.path().join("etc/selinux/config"), "SELINUX=enforcing\nSELINUXTYPE=targeted\n").unwrap();
        assert_eq!(policy(&system), None, "the policy itself is missing");
        fs_err::write(&contexts, "").unwrap();
        let stored = policy(&system).unwrap();
        let line = |system: &System, policy| command(system, policy).line().rsplit('/').next().map(str::to_owned);
        let words = command(&system, &stored).line();
        let (_, words) = words.split_once("setfiles ").unwrap();
        assert_eq!(words, format!("-F -r {} {}", root.path().display(), contexts.display()));
        assert_eq!(line(&System::host(), &Policy::Running).as_deref(), Some("restorecon -F"));
    }

    #[test]
    fn the_policy_of_a_root_is_named_by_its_configuration() {
        for (config, name) in [
            ("SELINUX=enforcing\nSELINUXTYPE=targeted\n", Some("targeted")),
            ("# SELINUXTYPE=mls\nSELINUXTYPE=minimum \nSELINUX=permissive\n", Some("minimum")),
            ("SELINUX=disabled\nSELINUXTYPE=targeted\n", None),
            ("SELINUXTYPE=../../x\n", None),
            ("", None),
        ] {
            assert_eq!(stored(config).as_deref(), name, "{config:?}");
        }
    }
}
