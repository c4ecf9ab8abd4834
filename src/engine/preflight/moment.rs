//! Whether this is a time to build: somebody waits for a package manager, perhaps on a train.

use std::path::{Path, PathBuf};

use crate::engine::app::App;
use crate::sys::memory;

/// Why this is no time to build: somebody is waiting, and the battery or the memory may not last.
pub(super) fn untried(app: &App) -> Option<String> {
    if is_on_battery(&app.system.path("/sys/class/power_supply")) {
        return Some("this machine runs on battery".to_owned());
    }
    let free = memory::available()?;
    let wanted = app.framework.policies.preflight.memory;
    (free < wanted).then(|| format!("{} MiB of memory are free, fewer than preflight_memory", free >> 20))
}

/// A battery that discharges, and no other supply (kernel, Documentation/ABI/testing/sysfs-class-power).
fn is_on_battery(supplies: &Path) -> bool {
    let read = |folder: &Path, name: &str| fs_err::read_to_string(folder.join(name)).unwrap_or_default();
    let folders: Vec<PathBuf> =
        std::fs::read_dir(supplies).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    let is_plugged = folders.iter().any(|folder| read(folder, "online").trim() == "1");
    let discharges = |folder: &PathBuf| {
        // Those of mice and keyboards have the scope Device.
        read(folder, "type").trim() == "Battery"
            && read(folder, "scope").trim() != "Device"
            && read(folder, "status").trim() == "Discharging"
    };
    !is_plugged && folders.iter().any(discharges)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notebook_off_its_mains_is_on_battery_and_a_mouse_is_none() {
        let supplies = tempfile::tempdir().unwrap();
        let supply = |name: &str, files: &[(&str, &str)]| {
            fs_err::create_dir_all(supplies.path().join(name)).unwrap();
            for (file, text) in files {
                fs_err::write(supplies.path().join(name).join(file), format!("{text}\n")).unwrap();
            }
        };
        assert!(!is_on_battery(supplies.path()), "a machine without any");
        supply("mouse", &[("type", "Battery"), ("scope", "Device"), ("status", "Discharging")]);
        assert!(!is_on_battery(supplies.path()));
        supply("BAT0", &[("type", "Battery"), ("status", "Discharging")]);
        supply("AC", &[("type", "Mains"), ("online", "0")]);
        assert!(is_on_battery(supplies.path()));
        supply("AC", &[("type", "Mains"), ("online", "1")]);
        assert!(!is_on_battery(supplies.path()));
    }
}
