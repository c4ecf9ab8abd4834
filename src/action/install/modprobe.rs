//! Loads the modules for the hardware of this machine (`modprobe_on_install`).

use std::collections::BTreeSet;
use std::path::Path;

use crate::action::Context;
use crate::ids::KernelRelease;
use crate::sys::chroot;

/// So many aliases fit on one command line with room to spare.
const AT_ONCE: usize = 500;

/// When this kernel is the running one, and that of the root that this process works on, asks modprobe(8) for every device that the kernel knows, blacklists honoured.
/// Aliases that no module serves are no failure.
pub(crate) fn load_matching(context: &Context<'_>, kernel: &KernelRelease) {
    if context.system.running_kernel() != Some(kernel) || chroot::certain(context.system).is_some() {
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
