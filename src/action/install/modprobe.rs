//! Loads modules into the running kernel: those for the hardware of this machine (`modprobe_on_install`, and at boot), those that
//! modules-load.d(5) names (at boot).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::action::Context;
use crate::ids::KernelRelease;
use crate::kernel::builtin;
use crate::sys::{System, chroot};

/// So many aliases fit on one command line with room to spare.
const AT_ONCE: usize = 500;

/// Where modules-load.d(5) looks, the first first.
const LOAD_FOLDERS: [&str; 4] =
    ["/etc/modules-load.d", "/run/modules-load.d", "/usr/local/lib/modules-load.d", "/usr/lib/modules-load.d"];

/// When this kernel is the running one, and that of the root that this process works on, asks modprobe(8) for every device that
/// the kernel knows, blacklists honoured. Aliases that no module serves are no failure.
pub(crate) fn load_matching(context: &Context<'_>, kernel: &KernelRelease) {
    if !runs_here(context, kernel) {
        return;
    }
    let mut aliases = BTreeSet::new();
    collect(Path::new("/sys/devices"), &mut aliases);
    let aliases: Vec<_> = aliases.into_iter().collect();
    for part in aliases.chunks(AT_ONCE) {
        let modprobe = context.system.here(super::program(context.system, "modprobe"));
        let command = modprobe.args(["-a", "-b", "-q", "--"]).args(part);
        if let Err(error) = context.system.run(&command) {
            context.reporter.warn(format!("the modules were not loaded: {error}: {}", error.source));
            return;
        }
    }
}

/// The same for those of these installed files that modules-load.d(5) names; one that cannot be loaded is told.
pub(super) fn load_listed(context: &Context<'_>, kernel: &KernelRelease, places: &[PathBuf]) {
    if !runs_here(context, kernel) {
        return;
    }
    let listed = listed(context.system);
    let names = places.iter().map(|place| builtin::plain_name(&place.to_string_lossy()));
    for name in names.filter(|name| listed.contains(name)) {
        let modprobe = context.system.here(super::program(context.system, "modprobe"));
        let why = match context.system.run(&modprobe.args(["-b", "--", &name])) {
            Ok(finished) if finished.success() => continue,
            Ok(finished) => finished.error_text().lines().last().unwrap_or_default().to_owned(),
            Err(error) => format!("{error}: {}", error.source),
        };
        context.reporter.warn(format!("{name}, which modules-load.d names, could not be loaded: {why}"));
    }
}

fn runs_here(context: &Context<'_>, kernel: &KernelRelease) -> bool {
    context.system.running_kernel() == Some(kernel) && chroot::certain(context.system).is_none()
}

/// The modules that are to be loaded at boot, by the kernel's own names. A file in one folder takes the place of those of its
/// name in later ones.
fn listed(system: &System) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut names = BTreeSet::new();
    for folder in LOAD_FOLDERS {
        for entry in fs_err::read_dir(system.path(folder)).into_iter().flatten().flatten() {
            if entry.path().extension().is_none_or(|extension| extension != "conf") || !seen.insert(entry.file_name()) {
                continue;
            }
            // Debian's modules.conf is a link to /etc/modules.
            let text = fs_err::read_to_string(entry.path()).unwrap_or_default();
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', ';']));
            names.extend(lines.filter_map(|line| line.split_whitespace().next()).map(builtin::name));
        }
    }
    names
}

fn collect(folder: &Path, aliases: &mut BTreeSet<String>) {
    let Ok(entries) = fs_err::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            collect(&entry.path(), aliases);
        } else if entry.file_name() == "modalias"
            && let Ok(alias) = fs_err::read_to_string(entry.path())
        {
            aliases.extend(Some(alias.trim().to_owned()).filter(|alias| !alias.is_empty()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::sample::tree;

    #[test]
    fn modules_that_are_to_be_loaded_at_boot_are_those_of_the_first_file_of_a_name() {
        let root = tree(&[
            ("etc/modules", "# of old\n\nloop-back  max=1\n"),
            ("etc/modules-load.d/a.conf", "; none\n"),
            ("usr/lib/modules-load.d/a.conf", "hidden\n"),
            ("usr/lib/modules-load.d/b.conf", "here\n  there # and why\n"),
            ("usr/lib/modules-load.d/c.txt", "other\n"),
        ]);
        std::os::unix::fs::symlink("../modules", root.path().join("etc/modules-load.d/modules.conf")).unwrap();
        let names: Vec<_> = listed(&System::host().with_root(root.path())).into_iter().collect();
        assert_eq!(names, ["here", "loop_back", "there"]);
    }
}
