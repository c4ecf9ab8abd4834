//! weak-modules: links that let compatible kernels of RHEL and SUSE use a module built for one of them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::ids::KernelRelease;
use crate::sys::os_release::OsRelease;
use crate::sys::{System, fs};

use crate::action::Context;

const SUSE_TOOL: &str = "/usr/lib/module-init-tools/weak-modules2";
const RHEL_TOOLS: [&str; 2] = ["/usr/sbin/weak-modules", "/sbin/weak-modules"];

/// What happened to the modules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// They were put under their kernel.
    Added,
    Removed,
}

/// Tells the distribution's tool, if it has one, about these module files (without the root). Its failure is a warning:
/// the kernel that the modules were built for has them anyway.
pub(crate) fn tell(context: &Context<'_>, kernel: &KernelRelease, change: Change, files: &[PathBuf]) {
    let Some(tool) = tool(context.system).filter(|_| !files.is_empty()) else { return };
    let list: String = files.iter().map(|file| format!("{}\n", file.display())).collect();
    let command = context.system.command(context.system.root(), tool.program());
    let command = command.args(tool.arguments(kernel, change)).input(list.into_bytes());
    match context.system.run(&command) {
        Ok(finished) if finished.success() => {}
        Ok(finished) => context.reporter.warn(format!(
            "{} ended with {}: {}",
            tool.program(),
            finished.how(),
            finished.error_text()
        )),
        Err(error) => context.reporter.warn(format!("{error}: {}", error.source)),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    Rhel(&'static str),
    Suse,
}

impl Tool {
    fn program(self) -> &'static str {
        match self {
            Tool::Rhel(program) => program,
            Tool::Suse => SUSE_TOOL,
        }
    }

    fn arguments(self, kernel: &KernelRelease, change: Change) -> Vec<OsString> {
        let words: Vec<&str> = match (self, change) {
            (Tool::Rhel(_), Change::Added) => vec!["--no-initramfs", "--add-modules"],
            (Tool::Rhel(_), Change::Removed) => vec!["--no-initramfs", "--remove-modules"],
            (Tool::Suse, Change::Added) => vec!["--add-kernel-modules", kernel.as_str()],
            (Tool::Suse, Change::Removed) => vec!["--remove-kernel-modules", kernel.as_str()],
        };
        words.into_iter().map(OsString::from).collect()
    }
}

/// The tool of this root. Fedora itself changes its kernel interface with every kernel, so weak links make no sense there.
fn tool(system: &System) -> Option<Tool> {
    let release = system.os_release()?;
    let is_there = |program: &&'static str| fs::is_executable(&system.path(Path::new(program)));
    if is_suse(release) {
        return is_there(&SUSE_TOOL).then_some(Tool::Suse);
    }
    is_rhel(release).then(|| RHEL_TOOLS.into_iter().find(is_there).map(Tool::Rhel)).flatten()
}

fn is_suse(release: &OsRelease) -> bool {
    ["suse", "opensuse", "sles", "sled", "sle"].iter().any(|name| release.family().starts_with(name))
}

fn is_rhel(release: &OsRelease) -> bool {
    let kin = ["rhel", "centos", "ovm", "rocky", "almalinux", "ol"];
    kin.contains(&release.id.as_str()) || kin[..3].iter().any(|name| release.family().starts_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_distributions_with_a_stable_kernel_interface_take_part() {
        for (id, id_like, rhel, suse) in [
            ("rhel", "fedora", true, false),
            ("centos", "rhel fedora", true, false),
            ("rocky", "rhel centos fedora", true, false),
            ("ol", "fedora", true, false),
            ("fedora", "", false, false),
            ("debian", "", false, false),
            ("sles", "suse", false, true),
            ("opensuse-leap", "suse opensuse", false, true),
        ] {
            let release = OsRelease { id: id.into(), id_like: id_like.into(), version_id: String::new() };
            assert_eq!((is_rhel(&release), is_suse(&release)), (rhel, suse), "{id}");
        }
    }
}
