//! SELinux labels of installed files. A file made in its folder inherits the folder's label, which serves; the policy's
//! own label for its path is set where the root has a policy and the tool for it.

use std::path::{Path, PathBuf};

use crate::action::Context;
use crate::sys::{Command, System};

/// Gives these files and folders (opened paths) the labels that the root's policy names for them. Does nothing without a
/// policy; what goes wrong is a warning.
pub fn label(context: &Context<'_>, places: &[PathBuf]) {
    let Some(policy) = policy(context.system).filter(|_| !places.is_empty()) else { return };
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
pub fn has_policy(system: &System) -> bool {
    policy(system).is_some()
}

#[derive(Debug, PartialEq, Eq)]
enum Policy {
    /// The running system's.
    Running,
    /// That of a root that is not running: its file_contexts.
    Stored(PathBuf),
}

fn policy(system: &System) -> Option<Policy> {
    if system.root() == Path::new("/") {
        return Path::new("/sys/fs/selinux/enforce").exists().then_some(Policy::Running);
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
        Policy::Running => Command::new(super::program(system, "restorecon")).arg("-F"),
        Policy::Stored(contexts) => {
            Command::new(super::program(system, "setfiles")).arg("-F").arg("-r").arg(system.root()).arg(contexts)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
