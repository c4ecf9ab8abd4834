//! Maintainer scripts of Debian packages (Debian Policy, chapter 6: how they are called; deb-triggers(5)).

use std::path::PathBuf;

use super::{Event, EventError, PackageManager, module, nothing, word};

/// `SCRIPT NAME VERSION ACTION …`: what a generated package's maintainer script was called with.
pub(crate) fn maintainer_script(words: &[String]) -> Result<Event, EventError> {
    let script = word(words, 0, "dpkg", "the maintainer script's name")?;
    let event = format!("dpkg {script}");
    let id = module(words, 1, &event)?;
    let action = word(words, 3, &event, "the script's first argument")?;
    let manager = PackageManager::Dpkg;
    match (script, action) {
        ("postinst", "configure" | "abort-upgrade" | "abort-remove" | "abort-deconfigure") => {
            Ok(Event::ModuleArrived { id, manager, archives: None })
        }
        ("prerm", "upgrade" | "failed-upgrade") => Ok(Event::ModuleIsReplaced { id, manager }),
        ("prerm", "remove" | "deconfigure") => Ok(Event::ModuleLeaves { id, manager }),
        ("preinst" | "postinst" | "prerm" | "postrm", other) => {
            Ok(nothing(format!("{script} {other} needs nothing from dkms")))
        }
        _ => Err(EventError::Unknown(event)),
    }
}

/// `NAME VERSION [TARBALL_ROOT [ARCH [UPGRADE]]]`: what Debian's module packages call /usr/lib/dkms/common.postinst with.
pub(crate) fn common_postinst(words: &[String]) -> Result<Event, EventError> {
    let id = module(words, 0, "common-postinst")?;
    let archives = words.get(2).filter(|word| !word.is_empty()).map(PathBuf::from);
    Ok(Event::ModuleArrived { id, manager: PackageManager::DpkgCommon, archives })
}

/// `SCRIPT ACTION …`: what a maintainer script of our own package was called with.
pub(crate) fn own_maintainer_script(words: &[String]) -> Result<Event, EventError> {
    let script = word(words, 0, "dpkg-self", "the maintainer script's name")?;
    let action = word(words, 1, &format!("dpkg-self {script}"), "the script's first argument")?;
    match (script, action) {
        // The names of triggers, never of files; one call for all that happened since the last one.
        ("postinst", "triggered") => {
            let names = words.get(2).map_or("", String::as_str);
            Ok(Event::DiskChanged { why: format!("packages changed {names}") })
        }
        // While our package is not configured its triggers are lost, and those of the same run are not called at all.
        ("postinst", "configure" | "abort-upgrade" | "abort-remove" | "abort-deconfigure") => {
            Ok(Event::DiskChanged { why: "dkms itself was installed".into() })
        }
        ("prerm", "remove" | "deconfigure") => Ok(Event::OursLeaves { manager: PackageManager::Dpkg }),
        ("preinst" | "postinst" | "prerm" | "postrm", other) => {
            Ok(nothing(format!("{script} {other} of our own package needs nothing")))
        }
        _ => Err(EventError::Unknown(format!("dpkg-self {script}"))),
    }
}
