//! What the files that a package brings ask of a running system: settings are read again, users and folders made, units
//! enabled as the distribution's presets say, and stopped before they go.

use crate::package::Format;
use crate::package::description::extra::Extra;

/// Lines of a shell for the scripts of a package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Settle {
    /// Once the files are there.
    pub(crate) arrive: Vec<String>,
    /// Before they go.
    pub(crate) leave: Vec<String>,
}

/// Folders, what reads their files again (`#` stands for the file), and whether that needs a running systemd.
/// Sources: sysusers.d(5), tmpfiles.d(5), udev(7), systemd.unit(5).
const READERS: [(&str, &str, bool); 4] = [
    ("/usr/lib/sysusers.d/", "systemd-sysusers #", false),
    ("/usr/lib/tmpfiles.d/", "systemd-tmpfiles --create #", false),
    ("/usr/lib/udev/rules.d/", "udevadm control --reload", true),
    (UNITS, "systemctl daemon-reload", true),
];
const UNITS: &str = "/usr/lib/systemd/system/";

pub(crate) fn settle(format: Format, extras: &[Extra]) -> Settle {
    let (first, last) = match format {
        Format::Deb => ("-n \"${2-}\"", "\"$1\" != remove"),
        Format::Rpm => ("\"${1-}\" != 1", "\"${1-}\" != 0"),
        // pacman's hooks do all that; units are for people to enable there.
        Format::Pac => return Settle::default(),
    };
    let mut settle = Settle::default();
    for (folder, reader, is_running) in READERS {
        for extra in extras.iter().filter(|extra| extra.path.starts_with(folder)) {
            let command = reader.replace('#', &format!("'{}'", extra.path));
            let program = command.split(' ').next().unwrap_or_default();
            let running = if is_running { "[ ! -d /run/systemd/system ] || " } else { "" };
            let line = format!("{running}! command -v {program} >/dev/null 2>&1 || {command} </dev/null >&2 || :");
            if !settle.arrive.contains(&line) {
                settle.arrive.push(line);
            }
        }
    }
    for unit in extras.iter().filter_map(|extra| extra.path.strip_prefix(UNITS)).filter(|unit| !unit.contains('/')) {
        let known = "! command -v systemctl >/dev/null 2>&1";
        settle.arrive.push(format!(
            "[ {first} ] || {known} || systemctl --no-reload preset '{unit}' </dev/null >/dev/null 2>&1 || :"
        ));
        settle.leave.push(format!(
            "[ {last} ] || {known} || systemctl --no-reload disable --now '{unit}' </dev/null >/dev/null 2>&1 || :"
        ));
    }
    settle
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::description::extra::Role;

    #[test]
    fn files_are_read_again_by_who_reads_them_once_for_each_reader() {
        let extra = |path: &str| Extra::file(path, Role::Data, Vec::new());
        let udev = [extra("/usr/lib/udev/rules.d/60-a.rules"), extra("/usr/lib/udev/rules.d/61-a.rules")];
        let settled = settle(Format::Rpm, &udev);
        assert_eq!(settled.arrive.len(), 1);
        assert!(settled.arrive[0].contains("udevadm control --reload <") && settled.leave.is_empty(), "{settled:?}");
        let settled =
            settle(Format::Deb, &[extra("/usr/lib/systemd/system/a.service"), extra("/usr/lib/tmpfiles.d/a.conf")]);
        assert!(settled.arrive[0].contains("--create '/usr/lib/tmpfiles.d/a.conf'"), "{settled:?}");
        assert!(
            settled.arrive[2].contains("preset 'a.service'") && settled.leave[0].contains("disable --now 'a.service'")
        );
        let nothing = [extra("/etc/modprobe.d/a.conf"), extra("/usr/lib/systemd/system/a.service.d/b.conf")];
        assert_eq!(settle(Format::Deb, &nothing).leave, Vec::<String>::new());
    }
}
