//! The settings of framework.conf, and of /etc/dkms/NAME.conf for one module, that say what room builds get. A module's own
//! dkms.conf has no say in them.

use std::path::{Path, PathBuf};

use super::overrides;
use super::truth::truth;
use crate::ids::ModuleId;
use crate::sys::System;
use crate::sys::room::{Level, Limits, Network};

/// `room`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Wish {
    /// The strongest that this machine allows (the default).
    #[default]
    Auto,
    /// This one, or no build at all; without a room, whatever the machine allows.
    Only(Level),
}

/// What room builds get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoomSettings {
    /// `room`
    pub(crate) wish: Wish,
    /// `room_writable`: folders that builds may write besides their own.
    pub(crate) writable: Vec<PathBuf>,
    /// `room_network`
    pub(crate) network: Network,
    /// `room_processes`, `room_file_size`, `room_memory`, `room_disk`
    pub(crate) limits: Limits,
}

/// The names of these settings.
pub(super) const NAMES: [&str; 7] =
    ["room", "room_writable", "room_network", "room_processes", "room_file_size", "room_memory", "room_disk"];

impl Default for RoomSettings {
    fn default() -> Self {
        Self { wish: Wish::Auto, writable: Vec::new(), network: Network::None, limits: Limits::default() }
    }
}

impl RoomSettings {
    /// These settings with what the administrator wrote for one module. What cannot be understood is in the list.
    pub(crate) fn of_module(&self, system: &System, id: &ModuleId) -> (Self, Vec<String>) {
        let (mut settings, mut warnings) = (self.clone(), Vec::new());
        for file in overrides::all(system, &id.name, &id.version) {
            let text = fs_err::read_to_string(&file).unwrap_or_default();
            for (name, value) in text.lines().filter_map(assignment) {
                if let Err(why) = settings.set(name, value) {
                    warnings.push(format!("{}: {why}; ignored", file.display()));
                }
            }
        }
        (settings, warnings)
    }

    /// Takes one of [`NAMES`]; an empty value is the default.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let default = Limits::default();
        match name {
            "room" => self.wish = wish(value)?,
            "room_writable" => self.writable = folders(value)?,
            "room_network" => {
                let on = truth(value);
                let on = on.ok_or_else(|| format!("room_network is `{value}`; it must be yes or no"))?;
                self.network = if on { Network::Host } else { Network::None };
            }
            "room_processes" => self.limits.processes = number(name, value, default.processes)?,
            "room_file_size" => self.limits.file_size = mebibytes(name, value, default.file_size)?,
            "room_memory" => {
                self.limits.memory = mebibytes(name, value, default.memory)?;
                self.limits.together = self.limits.memory;
            }
            "room_disk" => self.limits.disk = mebibytes(name, value, default.disk)?,
            _ => return Err(format!("{name} is no setting of rooms")),
        }
        Ok(())
    }
}

/// `NAME=VALUE` of one of these settings, written literally.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.trim().split_once('=')?;
    let value = value.split(" #").next().unwrap_or_default().trim();
    NAMES.contains(&name).then(|| (name, value.trim_matches(['"', '\''])))
}

fn wish(value: &str) -> Result<Wish, String> {
    Ok(match value.trim() {
        "" | "auto" => Wish::Auto,
        "full" => Wish::Only(Level::Full),
        "user" => Wish::Only(Level::User),
        "none" => Wish::Only(Level::None),
        other => return Err(format!("room is `{other}`; it must be auto, full, user or none")),
    })
}

fn folders(value: &str) -> Result<Vec<PathBuf>, String> {
    let absolute = |word: &str| match Path::new(word).is_absolute() {
        true => Ok(PathBuf::from(word)),
        false => Err(format!("room_writable names `{word}`, no absolute path")),
    };
    value.split_whitespace().map(absolute).collect()
}

fn number(name: &str, value: &str, default: u64) -> Result<u64, String> {
    match value.trim() {
        "" => Ok(default),
        text => text.parse().map_err(|_| format!("{name} is `{text}`, not a number")),
    }
}

fn mebibytes(name: &str, value: &str, default: u64) -> Result<u64, String> {
    Ok(number(name, value, default >> 20)?.saturating_mul(1 << 20))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{ModuleName, ModuleVersion};

    #[test]
    fn words_that_say_nothing_of_rooms_are_refused_by_name() {
        let mut settings = RoomSettings::default();
        for (name, value) in
            [("room", "big"), ("room_writable", "src"), ("room_network", "maybe"), ("room_memory", "1G")]
        {
            assert!(settings.set(name, value).unwrap_err().contains(value), "{name}");
        }
        assert_eq!(settings, RoomSettings::default());
    }

    #[test]
    fn a_module_gets_what_the_administrator_wrote_for_it() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("etc/dkms");
        fs_err::create_dir_all(&folder).unwrap();
        fs_err::write(folder.join("foo.conf"), "# mine\nroom=\"user\"\nroom_network=yes # it fetches\nMAKE=x\n")
            .unwrap();
        fs_err::write(folder.join("bar.conf"), "room=none\n").unwrap();
        let system = System::host().with_root(root.path());
        let id = ModuleId::new(ModuleName::new("foo").unwrap(), ModuleVersion::new("1").unwrap());
        let (settings, warnings) = RoomSettings::default().of_module(&system, &id);
        assert_eq!((settings.wish, settings.network), (Wish::Only(Level::User), Network::Host));
        assert!(warnings.is_empty(), "{warnings:?}");
    }
}
